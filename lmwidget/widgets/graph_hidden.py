"""Weight that hidden tokens hold: exact sums where only the strongest edges are sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.tokens import Tokens
from lmwidget.wire import envelope, quantise

NOTHING = 5e-4
"""A row with less than this left has nothing that could be made 1 of. The same in the browser."""

_BLOCK = 1 << 22  # weights read at once


def without(
    weights: NDArray[np.float32], hidden: NDArray[np.bool_], *, renormalise: bool = False
) -> NDArray[np.float32]:
    """Return weights without those of hidden keys.

    Parameters
    ----------
    weights : ndarray of float32, shape (..., key)
        Whole rows.
    hidden : ndarray of bool, shape (key,)
        True for the keys that are hidden.
    renormalise : bool, default False
        Divide each row by what is left, so that it sums to 1; a row with nothing left is 0.

    Returns
    -------
    ndarray of float32, shape (..., key)
        0 at hidden keys.

    Examples
    --------
    >>> rows = np.array([[0.6, 0.3, 0.1], [1, 0, 0]], np.float32)
    >>> without(rows, np.array([True, False, False]), renormalise=True).round(2).tolist()
    [[0.0, 0.75, 0.25], [0.0, 0.0, 0.0]]
    """
    shown = np.where(hidden, np.float32(0), weights)
    if not renormalise:
        return shown
    return divided(shown, shown.sum(-1, keepdims=True))


def divided(weights: NDArray[np.float32], left: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return weights divided by what their query has left; 0 where that is nothing.

    Parameters
    ----------
    weights : ndarray of float32
        Weights.
    left : ndarray of float32
        Of the same shape, or one that spreads over it.

    Returns
    -------
    ndarray of float32
        The shape of ``weights``.

    Examples
    --------
    >>> divided(np.float32([0.2, 0]), np.float32([0.4, 0])).tolist()
    [0.5, 0.0]
    """
    enough = left >= NOTHING
    scaled = np.where(enough, weights, 0) / np.where(enough, left, 1)
    return scaled.astype(np.float32)


def left_of(
    attention: Any, layer: int, heads: Sequence[int], hidden: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return how much weight each query has left for the keys that are not hidden.

    Parameters
    ----------
    attention : Attention
        What is drawn.
    layer : int
        Layer to read.
    heads : sequence of int
        Heads to read.
    hidden : ndarray of bool, shape (key,)
        True for the keys that are hidden.

    Returns
    -------
    ndarray of float32, shape (head, query)
        Sums of the weights, read a block of queries at a time.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> attention = lmw.load("tiny").attention("The king said")
    >>> left_of(attention, 0, [1], np.zeros(3, bool)).round(3).tolist()
    [[1.0, 1.0, 1.0]]
    """
    member = (~hidden).astype(np.float32)[:, None]
    return _sums(attention, layer, heads, member)[..., 0]


def _sums(
    attention: Any, layer: int, heads: Sequence[int], member: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return ``weights @ member``, shape (head, query, group); member is (key, group)."""
    queries = len(attention.tokens)
    sums = np.empty((len(heads), queries, member.shape[1]), np.float32)
    step = max(1, _BLOCK // max(1, len(member) * len(heads)))
    for start in range(0, queries, step):
        part = slice(start, min(start + step, queries))
        rows = np.stack([attention.rows(layer, head, part) for head in heads])
        sums[:, part] = rows @ member
    return sums


def key_groups(tokens: Tokens) -> NDArray[np.uint8]:
    """Return groups of tokens that are hidden or filtered together, whatever the reader chooses.

    Parameters
    ----------
    tokens : Tokens
        What is looked at.

    Returns
    -------
    ndarray of uint8, shape (token,)
        Group of each token: the first token is one, special tokens of each segment, and the rest.

    Examples
    --------
    >>> key_groups(Tokens.from_pieces(["a", "b", "c"])).tolist()
    [1, 0, 0]
    """
    special = np.asarray([kind == "special" for kind in tokens.kinds], bool)
    first = np.arange(len(tokens)) == 0
    kinds = np.stack([first, special, np.minimum(tokens.segments, 60)], axis=1)
    groups = np.unique(kinds, axis=0, return_inverse=True)[1]
    return groups.reshape(-1).astype(np.uint8)


def sums_state(
    attention: Any, layers: Sequence[int], heads: Sequence[int] | None
) -> dict[str, Any]:
    """Return the trait ``_sums``: the exact weight that each query gives to each group of keys.

    Parameters
    ----------
    attention : Attention
        What is drawn.
    layers : sequence of int
        Layers to read.
    heads : sequence of int or None
        Heads to read; ``None`` for all.

    Returns
    -------
    dict
        ``layers``, ``heads``, ``groups`` (envelope, key) and ``sums`` (envelope over layer, head,
        query, group).

    Examples
    --------
    >>> import lmwidget as lmw
    >>> sums_state(lmw.load("tiny").attention("The king said"), [0], [1])["sums"]["shape"]
    [1, 1, 3, 2]
    """
    groups = key_groups(attention.key_tokens)
    member = np.eye(int(groups.max(initial=0)) + 1, dtype=np.float32)[groups]
    size = attention.shape[1] if heads is None else len(heads)
    sums = np.zeros((len(layers), size, len(attention.tokens), member.shape[1]), np.float32)
    for place, layer in enumerate(layers):
        chosen = list(range(attention.heads(layer)) if heads is None else heads)
        sums[place, : len(chosen)] = _sums(attention, layer, chosen, member)
    integers, scale = quantise(sums)
    return {
        "layers": list(layers),
        "heads": None if heads is None else list(heads),
        "groups": envelope(groups, ["key"]),
        "sums": envelope(integers, ["layer", "head", "query", "group"], scale),
    }
