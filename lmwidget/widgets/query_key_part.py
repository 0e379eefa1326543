"""Queries, keys and steps of one head on their way to the browser."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.wire import Envelope, envelope

WHOLE_BYTES = 500_000
"""Every query of a head is sent at once when they all fit in this; else the one that is chosen."""

_KEYS = 30  # strongest keys that are sent of a long text, beside the chosen one
_STEPS = 6  # at most
_HIDDEN = -3e4  # what a mask adds, in the narrowest of its formats, is lower


def head_part(
    attention: Any,
    layer: int,
    head: int,
    query: int | None = None,
    key: int | None = None,
    *,
    budget: int = WHOLE_BYTES,
) -> dict[str, Any]:
    """Return what the browser needs of one head: all queries when they fit, else one.

    Parameters
    ----------
    attention : Attention
        Of a model.
    layer, head : int
        Which head.
    query, key : int, optional
        What is chosen; default: the edge with most to show.
    budget : int
        Bytes; above it only one query and its strongest keys are sent.

    Returns
    -------
    dict
        ``layer``, ``head``, ``best`` (the edge with most to show), ``queries`` and ``keys`` (which
        were sent; ``None`` for all), ``vectors`` of both, ``rows`` (what is there after each step:
        step, query, key), ``names``, ``symbols`` and ``notes`` of the steps, ``weights`` over all
        keys, and of each query ``best_keys``, ``hidden`` (keys behind the mask), ``sinks``.

    Raises
    ------
    UnavailableError
        When the layer's queries and keys were not kept.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> part = head_part(lmw.load("tiny").attention("the king said"), 0, 1)
    >>> part["queries"], part["rows"]["shape"]
    (None, [5, 4, 4])
    """
    from lmwidget.inspection.attention.query_key import queries_keys, query_key

    vectors, keys = queries_keys(attention, layer, head)
    best = best_edge(attention, layer, head)
    whole = bytes_of_head(attention, layer) <= budget
    chosen = list(range(len(vectors))) if whole else [best[0] if query is None else query]
    found = [query_key(attention, layer, head, one, 0) for one in chosen]
    rows = np.stack([[step.row for step in one.steps] for one in found], axis=1)
    weights = rows[-1]
    sent = None if whole else _strongest(weights[0], key)
    part = slice(None) if sent is None else sent
    special = np.asarray(attention.key_tokens.kinds) == "special"
    if attention.key_tokens is attention.tokens:
        special[:1] = True
    return {
        "layer": layer,
        "head": head,
        "best": list(best),
        "queries": None if whole else chosen,
        "keys": sent,
        "query": envelope(vectors[chosen], ["query", "channel"]),
        "key": envelope(keys[part], ["key", "channel"]),
        "rows": envelope(rows[..., part], ["step", "query", "key"]),
        "weights": None if whole else _row_envelope(weights),
        "names": [[step.name for step in one.steps] for one in found],
        "symbols": [[step.symbol for step in one.steps] for one in found],
        "notes": {step.name: step.note for one in found for step in one.steps},
        "best_keys": [best_key(row, special) for row in weights],
        "hidden": np.count_nonzero(rows[-3] <= _HIDDEN, axis=-1).tolist(),
        "sinks": [
            None if one.sink is None else [one.sink, float(max(0.0, 1.0 - row.sum()))]
            for one, row in zip(found, weights, strict=True)
        ],
    }


def covers(part: dict[str, Any], layer: int, head: int, query: int, key: int | None) -> bool:
    """Return whether a part holds an edge.

    Parameters
    ----------
    part : dict
        From :func:`head_part`.
    layer, head, query : int
        What is shown.
    key : int or None
        Key; ``None`` when any will do.

    Returns
    -------
    bool
        False when something has to be sent.

    Examples
    --------
    >>> part = {"layer": 0, "head": 1, "queries": [2], "keys": [0, 1]}
    >>> covers(part, 0, 1, 2, None), covers(part, 0, 1, 2, 5)
    (True, False)
    """
    return (
        (part["layer"], part["head"]) == (layer, head)
        and (part["queries"] is None or query in part["queries"])
        and (part["keys"] is None or key is None or key in part["keys"])
    )


def best_edge(attention: Any, layer: int, head: int) -> tuple[int, int]:
    """Return the query and the key of a head with most to show.

    Parameters
    ----------
    attention : Attention
        Of a model.
    layer, head : int
        Which head.

    Returns
    -------
    tuple of int
        The strongest edge that leads neither to the first token, nor to a special token, nor to
        the token itself; neighbours count half.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> best_edge(lmw.load("tiny").attention("the king said"), 1, 0)[1] > 0
    True
    """
    from lmwidget.capture.structure import informative

    factor, rows = informative(attention.tokens, attention.key_tokens)
    weights = np.nan_to_num(attention.rows(layer, head, rows)) * factor
    if not weights.any():
        last = len(attention.tokens) - 1
        return last, int(np.argmax(np.nan_to_num(attention.rows(layer, head, last))))
    place, key = np.unravel_index(np.argmax(weights), weights.shape)
    return rows[int(place)], int(key)


def best_key(row: NDArray[np.float32], dull: NDArray[np.bool_]) -> int:
    """Return the key of a query with most to show.

    Parameters
    ----------
    row : ndarray of float32, shape (key,)
        Weights of the query.
    dull : ndarray of bool, shape (key,)
        Keys on which many heads rest.

    Returns
    -------
    int
        The strongest one that is not dull; the strongest of all when there is no other.

    Examples
    --------
    >>> best_key(np.float32([0.7, 0.1, 0.2]), np.array([True, False, False]))
    2
    """
    weights = np.nan_to_num(row)
    others = np.where(dull, 0, weights)
    return int(np.argmax(others if others.any() else weights))


def bytes_of_head(attention: Any, layer: int) -> int:
    """Return about how many bytes a head with all its queries takes.

    Parameters
    ----------
    attention : Attention
        Of a model.
    layer : int
        Layer.

    Returns
    -------
    int
        Bytes; 0 when the layer has no queries and keys.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> bytes_of_head(lmw.load("tiny").attention("the king said"), 0)
    1152
    """
    _, _, queries, keys = attention.shape
    channels = int(getattr(getattr(attention.record(layer), "query", None), "shape", (0,))[-1])
    return int(4 * (channels * (queries + keys) + _STEPS * queries * keys))


def _strongest(weights: NDArray[np.float32], key: int | None) -> list[int]:
    top = np.argsort(-np.nan_to_num(weights), kind="stable")[:_KEYS].tolist()
    return sorted({*top, *([] if key is None else [key])})


def _row_envelope(weights: NDArray[np.float32]) -> Envelope:
    return envelope(weights, ["query", "key"])
