"""Every head in small, and one head in full, on their way to the browser.

A cell of a long text is the largest of a block of weights, which is said in the figure: a mean
would wash out the one weight that matters. Thumbnails travel as one byte a cell, the square root
of the weight over the head's largest, so that what lies beside a sink stays visible and small
weights keep their digits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil, nan, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.errors import UnavailableError
from lmwidget.widgets.attention_state import is_signed
from lmwidget.wire import envelope, quantise

CELLS = 64
"""Most cells of a side of a thumbnail."""

FEWEST_CELLS = 16

THUMBNAIL_BYTES = 1_200_000
"""Budget for all thumbnails; above it they have fewer cells."""

DETAIL_CELLS = 700
"""Most cells of a side of the head that is shown large."""

DETAIL_BYTES = 1_000_000
"""When every weight of every head fits in this, they are sent at once."""

FULL, HALF, NOT_A_NUMBER = 254, 127, 255

_CHUNK = 1 << 22  # weights read at once

Report = Callable[[int, int, float], None]
Block = tuple[int, int]
Cells = NDArray[np.float32]


@dataclass(frozen=True)
class Thumbnails:
    """Every head that can be read, in small.

    Attributes
    ----------
    cells : ndarray of uint8, shape (head, query cell, key cell)
        Unsigned: 0 to 254, the square root of weight over ``largest``. Signed: 127 is zero, 0 and
        254 are ``-largest`` and ``largest``, with the square root of the size between. 255 is no
        number.
    largest : ndarray of float32, shape (head,)
        Each head's largest absolute weight.
    heads : tuple of (int, int)
        Layer and head of each thumbnail.
    block : tuple of int
        How many queries and keys a cell stands for.
    unreadable : dict of int to str
        Why a layer has no thumbnails.
    """

    cells: NDArray[np.uint8]
    largest: NDArray[np.float32]
    heads: tuple[tuple[int, int], ...]
    block: Block
    unreadable: dict[int, str] = field(default_factory=dict)

    def state(self) -> dict[str, Any]:
        """Return the trait ``_thumbnails``.

        Returns
        -------
        dict
            ``cells``, ``largest``, ``heads``, ``block`` and ``unreadable``.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> thumbnails(lmw.load("tiny").attention("The king said")).state()["block"]
        [1, 1]
        """
        return {
            "cells": envelope(self.cells, ["head", "query", "key"]),
            "largest": envelope(self.largest, ["head"]),
            "heads": [list(pair) for pair in self.heads],
            "block": list(self.block),
            "unreadable": {str(layer): why for layer, why in self.unreadable.items()},
        }


def thumbnails(
    attention: Any, report: Report | None = None, *, max_bytes: int = THUMBNAIL_BYTES
) -> Thumbnails:
    """Return every head in small, a layer at a time.

    Parameters
    ----------
    attention : Attention
        What is drawn.
    report : callable, optional
        Is told layers done, layers in all, and seconds left; may raise to stop.
    max_bytes : int
        Budget for all cells; never under 16 × 16 cells a head.

    Returns
    -------
    Thumbnails
        Exact to a byte a weight when no side is longer than 64 tokens; else each cell is the
        largest of a block of weights (of a difference, the largest in size).

    Examples
    --------
    >>> import lmwidget as lmw
    >>> thumbnails(lmw.load("tiny").attention("The king said")).cells.shape
    (8, 3, 3)
    """
    layers, _, queries, keys = attention.shape
    counts = [attention.heads(layer) for layer in range(layers)]
    side = int(min(CELLS, max(FEWEST_CELLS, sqrt(max_bytes / max(1, sum(counts))))))
    block = ceil(queries / side), ceil(keys / side)
    cells: list[NDArray[np.uint8]] = []
    largest: list[NDArray[np.float32]] = []
    heads: list[tuple[int, int]] = []
    unreadable: dict[int, str] = {}
    start = time.monotonic()
    for layer, count in enumerate(counts):
        try:
            pooled = pooled_heads(attention, layer, range(count), block)
            bytes_, most = _as_bytes(pooled, signed=is_signed(attention))
            cells.append(bytes_)
            largest.append(most)
            heads += [(layer, head) for head in range(count)]
        except UnavailableError as error:
            unreadable[layer] = error.message
        if report is not None:
            spent = time.monotonic() - start
            report(layer + 1, layers, spent / (layer + 1) * (layers - layer - 1) if layer else nan)
    shape = (0, ceil(queries / block[0]), ceil(keys / block[1]))
    return Thumbnails(
        np.concatenate([np.zeros(shape, np.uint8), *cells]),
        np.concatenate([np.zeros(0, np.float32), *largest]),
        tuple(heads),
        block,
        unreadable,
    )


def pooled_heads(attention: Any, layer: int, heads: Sequence[int], block: Block) -> Cells:
    """Return heads of a layer, each block of weights as its largest.

    Parameters
    ----------
    attention : Attention
        What is read, some queries at a time.
    layer : int
        Layer, from 0.
    heads : sequence of int
        Heads.
    block : tuple of int
        Queries and keys that become one cell.

    Returns
    -------
    ndarray of float32, shape (head, query cell, key cell)
        The largest weight, of a signed attention the largest in size; NaN where one is no number.

    Raises
    ------
    UnavailableError
        When the layer could not be read exactly.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> pooled_heads(lmw.load("tiny").attention("The king said"), 0, [1], (2, 3)).shape
    (1, 2, 1)
    """
    _, _, queries, keys = attention.shape
    at_once = max(1, _CHUNK // (block[0] * keys))
    signed = is_signed(attention)
    parts = []
    for start in range(0, len(heads), at_once):
        some = list(heads[start : start + at_once])
        step = block[0] * max(1, _CHUNK // (block[0] * keys * len(some)))
        rows = [
            _pooled(attention.rows(layer, _slice(some), slice(at, at + step)), block, signed=signed)
            for at in range(0, queries, step)
        ]
        parts.append(np.concatenate(rows, axis=1))
    return np.concatenate(parts)


def details(attention: Any, heads: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """Return the trait ``_detail``: heads in full, up to 700 cells a side.

    Parameters
    ----------
    attention : Attention
        What is drawn.
    heads : sequence of (int, int)
        Layers and heads; those that cannot be read are left out.

    Returns
    -------
    dict
        ``heads``, ``block`` and ``weights``, an envelope over head, query cell, key cell.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> details(lmw.load("tiny").attention("The king said"), [(0, 1)])["weights"]["shape"]
    [1, 3, 3]
    """
    block = detail_block(attention)
    found = {pair: _or_none(attention, pair, block) for pair in heads}
    read = {pair: weights for pair, weights in found.items() if weights is not None}
    if not read:
        return {}
    integers, scale = quantise(np.stack(list(read.values())), signed=is_signed(attention))
    return {
        "heads": [list(pair) for pair in read],
        "block": list(block),
        "weights": envelope(integers, ["head", "query", "key"], scale),
    }


def _or_none(attention: Any, pair: tuple[int, int], block: Block) -> Cells | None:
    """Return one head, or None when its layer cannot be read."""
    try:
        weights: Cells = pooled_heads(attention, pair[0], [pair[1]], block)[0]
    except UnavailableError:
        return None
    return weights


def detail_block(attention: Any) -> Block:
    """Return how many queries and keys a cell of a head shown large stands for.

    Parameters
    ----------
    attention : Attention
        What is drawn.

    Returns
    -------
    tuple of int
        1 and 1 up to 700 tokens.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> detail_block(lmw.load("tiny").attention("The king said"))
    (1, 1)
    """
    _, _, queries, keys = attention.shape
    return ceil(queries / DETAIL_CELLS), ceil(keys / DETAIL_CELLS)


def detail_bytes(attention: Any) -> int:
    """Return what one head in full takes on the wire.

    Parameters
    ----------
    attention : Attention
        What is drawn.

    Returns
    -------
    int
        Bytes.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> detail_bytes(lmw.load("tiny").attention("The king said"))
    30
    """
    _, _, queries, keys = attention.shape
    block = detail_block(attention)
    rows, columns = ceil(queries / block[0]), ceil(keys / block[1])
    return int(rows * (2 * columns + 4))


def _slice(heads: list[int]) -> slice:
    return slice(heads[0], heads[-1] + 1)


def _pooled(weights: Cells, block: Block, *, signed: bool) -> Cells:
    """Return the largest of each block; of signed weights the largest in size, with its sign."""
    if block == (1, 1):
        return weights
    high = _reduced(np.maximum, weights, block)
    if not signed:
        return high
    low = _reduced(np.minimum, weights, block)
    return np.where(-low > high, low, high)


def _reduced(larger: np.ufunc, weights: Cells, block: Block) -> Cells:
    for axis, size in zip((1, 2), block, strict=True):
        if size > 1:
            weights = larger.reduceat(weights, np.arange(0, weights.shape[axis], size), axis=axis)
    return weights


def _as_bytes(cells: Cells, *, signed: bool) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return bytes of the square root, and each head's largest absolute weight."""
    finite = np.isfinite(cells)
    safe = np.where(finite, cells, 0)
    largest = np.abs(safe).max(axis=(1, 2), initial=0).astype(np.float32)
    share = np.sqrt(np.abs(safe) / np.where(largest > 0, largest, 1)[:, None, None])
    values = HALF + HALF * np.sign(safe) * share if signed else FULL * share
    return np.where(finite, np.rint(values), NOT_A_NUMBER).astype(np.uint8), largest


def all_heads(attention: Any) -> list[tuple[int, int]]:
    """Return layer and head of every head.

    Parameters
    ----------
    attention : Attention
        What is drawn.

    Returns
    -------
    list of (int, int)
        In order; layers that cannot be read are among them.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> len(all_heads(lmw.load("tiny").attention("The king said")))
    8
    """
    return [
        (layer, head)
        for layer in range(attention.shape[0])
        for head in range(attention.heads(layer))
    ]
