"""The sources of one output, layer by layer, on their way to the browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.mixing import ContextMixing
from lmwidget.widgets.flow_wire import is_linear, starts_at_one
from lmwidget.wire import envelope

_WORTH_DRAWING = 1e-3  # of what passes a layer
_EDGES_A_LAYER = 600


def packed_trace(mixing: ContextMixing, token: int, layer: int) -> dict[str, Any]:
    """Return the trait ``_trace``: on which ways the sources of the selected node come to it.

    Parameters
    ----------
    mixing : ContextMixing
        What is drawn.
    token, layer : int
        The selected node.

    Returns
    -------
    dict
        ``token``, ``layer``; ``nodes``, an envelope over level and token, how much of the output
        is in each node (level 0: the input); and the edges: ``layers``, ``queries``, ``keys``,
        ``weights``. Edges under a thousandth of their layer are left out.

    Examples
    --------
    >>> from lmwidget.tokens import Tokens
    >>> half = np.full((1, 2, 2), 0.5, np.float32)
    >>> mixing = ContextMixing(Tokens.from_pieces(["a", "b"]), half, "rollout")
    >>> packed_trace(mixing, 1, 0)["nodes"]["shape"]
    [2, 2]
    """
    count = len(mixing.tokens)
    nodes = np.zeros((layer + 2, count), np.float32)
    nodes[layer + 1, token] = 1
    parts: list[tuple[NDArray[Any], ...]] = []
    for at, above, step in _traced(mixing, token, layer):
        below = above @ step
        own = int(starts_at_one(mixing))
        below[token] -= own
        nodes[at] = below
        queries, keys, amounts = _drawn(above, step, token if own else None)
        parts.append((np.full(len(keys), at), queries, keys, amounts))
    layers, queries, keys, weights = (np.concatenate(part) for part in zip(*parts, strict=True))
    return {
        "token": token,
        "layer": layer,
        "nodes": envelope(nodes, ["level", "token"]),
        "layers": envelope(layers.astype(np.uint16), ["edge"]),
        "queries": envelope(queries.astype(np.uint32), ["edge"]),
        "keys": envelope(keys.astype(np.uint32), ["edge"]),
        "weights": envelope(weights.astype(np.float32), ["edge"]),
    }


def _traced(
    mixing: ContextMixing, token: int, layer: int
) -> Iterator[tuple[int, NDArray[np.float64], NDArray[np.float64]]]:
    """Yield layers, the last first, with what is wanted above each and the edges for 1 of it."""
    if not is_linear(mixing):
        ones = np.ones(len(mixing.tokens))
        trace = mixing.trace(token, layer)
        yield from ((at, ones, trace[at].astype(np.float64)) for at in range(layer, -1, -1))
        return
    here = np.zeros(len(mixing.tokens))
    here[token] = 1
    for at in range(layer, -1, -1):
        step = mixing.steps[at].astype(np.float64)
        if not np.isfinite(step.sum()):
            step = np.nan_to_num(step)
        yield at, here, step
        here = here @ step


def _drawn(
    above: NDArray[np.float64], step: NDArray[np.float64], own: int | None
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Return queries, keys and amounts of the edges of a layer that are worth drawing."""
    low, high = float(step.min(initial=0)), float(step.max(initial=0))
    sizes = np.abs(step) if low < 0 else step
    total = float((np.abs(above) @ sizes).sum()) - (own is not None)
    least = _WORTH_DRAWING * total
    rows = np.flatnonzero(np.abs(above) * max(-low, high) >= least)
    edges = above[rows, None] * step[rows]
    if own is not None:
        edges[rows == own, own] -= 1
    places, keys = np.nonzero((np.abs(edges) >= least) & (edges != 0))
    order = np.argsort(-np.abs(edges[places, keys]))[:_EDGES_A_LAYER]
    places, keys = places[order], keys[order]
    return rows[places], keys, edges[places, keys]
