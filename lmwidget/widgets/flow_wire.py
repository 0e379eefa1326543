"""What a ContextMixing looks like on its way to the browser."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.html import table
from lmwidget.mixing import ContextMixing
from lmwidget.wire import pack_dense, pack_sparse

STEPS_BYTES = 2_000_000
"""Budget for the steps; above it only the strongest edges of each node are sent."""

_FEWEST_EDGES = 4
_TABLE_ROWS = 12


def is_linear(mixing: ContextMixing) -> bool:
    """Return whether traces are products of steps, which the browser computes by itself.

    Parameters
    ----------
    mixing : ContextMixing
        What is drawn.

    Returns
    -------
    bool
        False for maximum flow.

    Examples
    --------
    >>> from lmwidget.tokens import Tokens
    >>> half = np.full((1, 2, 2), 0.5, np.float32)
    >>> is_linear(ContextMixing(Tokens.from_pieces(["a", "b"]), half, "rollout"))
    True
    """
    return type(mixing).trace is ContextMixing.trace


def starts_at_one(mixing: ContextMixing) -> bool:
    """Return whether each node begins with 1 of itself, which a picture leaves out.

    Parameters
    ----------
    mixing : ContextMixing
        What is drawn.

    Returns
    -------
    bool
        True for relevance, whose steps are ``I + Ā``: what is added to the 1 is to be seen.

    Examples
    --------
    >>> from lmwidget.tokens import Tokens
    >>> half = np.full((1, 2, 2), 0.5, np.float32)
    >>> starts_at_one(ContextMixing(Tokens.from_pieces(["a", "b"]), half, "rollout"))
    False
    """
    return mixing.unit == "relevance"


def edges_kept(mixing: ContextMixing, budget: int) -> int | None:
    """Return how many edges of each node fit in a budget; None for all.

    Parameters
    ----------
    mixing : ContextMixing
        What is sent.
    budget : int
        Bytes.

    Returns
    -------
    int or None
        At least 4.

    Examples
    --------
    >>> from lmwidget.tokens import Tokens
    >>> half = np.full((1, 2, 2), 0.5, np.float32)
    >>> edges_kept(ContextMixing(Tokens.from_pieces(["a", "b"]), half, "rollout"), 100) is None
    True
    """
    layers, count = len(mixing), len(mixing.tokens)
    rows = layers * count
    if rows * (2 * count + 4) <= budget:
        return None
    return min(count, max(_FEWEST_EDGES, int((budget - 12 * rows) // (4 * rows))))


def packed_steps(mixing: ContextMixing, top: int | None) -> dict[str, Any]:
    """Return the trait ``_steps``: the same form as attention of one head a layer.

    Parameters
    ----------
    mixing : ContextMixing
        What is sent.
    top : int or None
        How many edges of each node; None for all. A node's edge to itself is always sent.

    Returns
    -------
    dict
        As :func:`lmwidget.wire.pack_dense` or :func:`lmwidget.wire.pack_sparse` return it.

    Examples
    --------
    >>> from lmwidget.tokens import Tokens
    >>> half = np.full((1, 2, 2), 0.5, np.float32)
    >>> mixing = ContextMixing(Tokens.from_pieces(["a", "b"]), half, "rollout")
    >>> packed_steps(mixing, None)["weights"]["shape"]
    [1, 1, 2, 2]
    """
    steps = mixing.steps
    layers, count, _ = steps.shape
    heads, signed = [1] * layers, bool(steps.min(initial=0) < 0)
    if top is None:
        return pack_dense(
            lambda layer, _head, part: steps[layer, part],
            range(layers),
            heads,
            (count, count),
            signed=signed,
        )
    return pack_sparse(
        lambda layer, _heads, most: strongest(steps[layer], most),
        range(layers),
        heads,
        count,
        count,
        top=top,
        signed=signed,
    )


def strongest(
    step: NDArray[np.float32], top: int
) -> tuple[NDArray[np.intp], NDArray[np.float32], NDArray[np.float32]]:
    """Return the strongest edges into each node of one layer, its edge to itself among them.

    Parameters
    ----------
    step : ndarray of float32, shape (query, key)
        What a layer mixes.
    top : int
        How many edges of each node.

    Returns
    -------
    keys : ndarray of int, shape (1, query, edge)
        Where they come from.
    weights : ndarray of float32, shape (1, query, edge)
        Their weights.
    kept : ndarray of float32, shape (1, query)
        Share of each node's weight that they hold.

    Examples
    --------
    >>> step = np.array([[0.1, 0.6, 0.3], [0, 1, 0], [0.2, 0.3, 0.5]], np.float32)
    >>> strongest(step, 2)[0][0, 0].tolist()
    [0, 1]
    """
    order = np.abs(np.nan_to_num(step))
    np.fill_diagonal(order, np.inf)
    keys = np.argpartition(-order, top - 1, axis=-1)[:, :top]
    keys.sort(axis=-1)
    weights = np.take_along_axis(step, keys, -1)
    total = np.abs(step).sum(-1)
    kept = np.abs(weights).sum(-1) / np.where(total > 0, total, 1)
    kept = np.where(total > 0, kept, 1).astype(np.float32)
    return keys[None], weights[None], kept[None]


def shares(row: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return numbers as shares of their sum.

    Parameters
    ----------
    row : ndarray of float32, shape (key,)
        How much of each source.

    Returns
    -------
    ndarray of float64, shape (key,)
        Their absolute values sum to 1, unless all are 0.

    Examples
    --------
    >>> shares(np.array([1, 3], np.float32)).tolist()
    [0.25, 0.75]
    """
    values = np.nan_to_num(row.astype(np.float64))
    total = np.abs(values).sum()
    return values / total if total > 0 else values


def first_selected(mixing: ContextMixing, *, causal: bool) -> int | None:
    """Return the output that has most to show at first.

    Parameters
    ----------
    mixing : ContextMixing
        What is drawn.
    causal : bool
        Whether tokens look only back.

    Returns
    -------
    int or None
        Where a target is read; the last token of a text that is read forward; else a special token at the start, as
        ``[CLS]``; else the output in which one other token weighs most.

    Examples
    --------
    >>> from lmwidget.tokens import Tokens
    >>> steps = np.array([[[1, 0], [0.5, 0.5]]], np.float32)
    >>> first_selected(ContextMixing(Tokens.from_pieces(["a", "b"]), steps, "rollout"), causal=True)
    1
    """
    count = len(mixing.tokens)
    if count == 0 or len(mixing) == 0:
        return None
    place = getattr(mixing, "place", None)  # where a target is read
    if place is not None:
        return int(place)
    if causal:
        return count - 1
    if mixing.tokens.kinds[0] == "special":
        return 0
    others = np.nan_to_num(mixing.steps[-1]).copy()
    np.fill_diagonal(others, 0)
    return int(np.argmax(others.max(-1)))


def sources_table(mixing: ContextMixing, row: NDArray[np.float32], token: int, layer: int) -> str:
    """Return the strongest sources of one output as an HTML table.

    Parameters
    ----------
    mixing : ContextMixing
        What is drawn.
    row : ndarray of float32, shape (key,)
        How much of each source is in the selected node.
    token, layer : int
        The selected node.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> from lmwidget.tokens import Tokens
    >>> half = np.full((1, 2, 2), 0.5, np.float32)
    >>> mixing = ContextMixing(Tokens.from_pieces(["a", "b"]), half, "rollout")
    >>> "50.0 %" in sources_table(mixing, mixing.row(1), 1, 0)
    True
    """
    if starts_at_one(mixing):
        row = row - np.eye(len(row), dtype=np.float32)[token]
    part = shares(row)
    labels = mixing.tokens.labels
    rows = [
        [labels[key], str(key), f"{part[key]:.1%}".replace("%", " %"), f"{row[key]:.4g}"]
        for key in np.argsort(-np.abs(part), kind="stable")[:_TABLE_ROWS]
        if part[key]
    ]
    explains = f", for {mixing.target}" if mixing.target else ""
    caption = (
        f"What “{labels[token].strip()}” (token {token}) is made of after layer "
        f"{mixing.layer_numbers[layer]} of {mixing.model or 'the data'}: "
        f"{mixing.label or mixing.method}{explains}. Run the notebook for the live graph."
    )
    return table(caption, ["token", "index", "share", mixing.unit], rows)
