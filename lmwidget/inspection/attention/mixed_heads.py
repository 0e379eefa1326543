"""Heads of a layer, mixed in some proportion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.capture.indexing import choose
from lmwidget.errors import InputError, UnavailableError
from lmwidget.inspection.attention.reading import ReadableAttention, blocks

Heads = tuple[list[int], NDArray[np.float64]]


def mixed(
    attention: ReadableAttention, layer: int, heads: Heads, queries: Sequence[int] | None = None
) -> Iterator[tuple[list[int], NDArray[np.float64]]]:
    """Yield a weighted sum of heads, some queries at a time.

    Parameters
    ----------
    attention : Attention or DerivedAttention
        What to read.
    layer : int
        Layer, from 0.
    heads : tuple of (list of int, ndarray of float64)
        Heads and their coefficients, from :func:`head_weights`.
    queries : sequence of int, optional
        Default: all.

    Yields
    ------
    tuple of (list of int, ndarray of float64, shape (query, key))
        The queries, and their sums.

    Raises
    ------
    UnavailableError
        When a weight is no number.
    """
    chosen, coefficients = heads
    for here, weights in blocks(attention, layer, chosen, queries):
        found = np.einsum("hqk,h->qk", weights, coefficients)
        if not np.isfinite(found).all():
            raise UnavailableError(
                f"Layer {attention.layer_numbers[layer]} holds weights that are no numbers.",
                "Choose other layers or heads, or run the model in a higher precision.",
            )
        yield here, found


def head_weights(
    attention: ReadableAttention, heads: Any = "mean", layers: Iterable[int] | None = None
) -> dict[int, Heads]:
    """Return which heads of each layer are mixed, and in what proportion.

    Parameters
    ----------
    attention : Attention or DerivedAttention
        Has the heads.
    heads : "mean", sequence of int, slice, or array of float
        All heads alike; these heads alike, in every layer; or weights of the heads, shape (head,)
        or (layer, head), of which only the proportions count.
    layers : iterable of int, optional
        Only these layers, from 0; default: all.

    Returns
    -------
    dict of int to tuple of (list of int, ndarray of float64)
        For each layer heads, and coefficients that sum to 1.

    Raises
    ------
    InputError
        When weights have another shape, are negative, or all zero.
    UnknownNameError
        When one of the layers has no such head.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> attention = lmw.load("tiny").attention("the king said")
    >>> head_weights(attention, [0, 3])[0]
    ([0, 3], array([0.5, 0.5]))
    """
    counts = [attention.heads(layer) for layer in range(attention.shape[0])]
    chosen = range(len(counts)) if layers is None else layers
    if isinstance(heads, str):
        if heads != "mean":
            raise InputError(
                f"Heads cannot be mixed by {heads!r}.",
                "Give 'mean', numbers of heads, or an array of weights.",
            )
        return {at: _alike(slice(None), counts[at]) for at in chosen}
    if isinstance(heads, slice):
        return {at: _alike(heads, counts[at]) for at in chosen}
    given = np.asarray(heads)
    if given.size and given.dtype.kind in "iu" and given.ndim < 2:
        listed = np.atleast_1d(given).tolist()
        return {at: _alike(listed, counts[at]) for at in chosen}
    return {at: _proportions(given, at, counts) for at in chosen}


def _alike(heads: Any, count: int) -> Heads:
    found, _ = choose(heads, count, "head")
    if not found:
        raise InputError(f"{heads} names none of {count} heads.", "Name at least one head.")
    return found, np.full(len(found), 1 / len(found))


def _proportions(given: NDArray[Any], layer: int, counts: list[int]) -> Heads:
    fits = given.dtype.kind in "iuf" and given.shape in {
        (max(counts),),
        (len(counts), max(counts)),
    }
    if not fits:
        raise InputError(
            f"Weights of shape {given.shape} do not fit {len(counts)} layers of {max(counts)} "
            "heads.",
            "Give one weight a head, or an array of shape (layer, head).",
        )
    row = (given if given.ndim == 1 else given[layer])[: counts[layer]].astype(np.float64)
    if not (np.isfinite(row).all() and (row >= 0).all() and row.sum() > 0):
        raise InputError(
            "Weights of heads have to be at least 0, and not all 0.",
            "For negative coefficients use combine(attention, {(layer, head): coefficient}).",
        )
    used = np.flatnonzero(row)
    return used.tolist(), row[used] / row.sum()
