"""Attention rollout: what an output is made of, when every layer mixes by its attention."""

from __future__ import annotations

import time
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.capture.indexing import choose, whole
from lmwidget.errors import InputError
from lmwidget.inspection.attention.mixed_heads import head_weights, mixed
from lmwidget.inspection.attention.reading import (
    ReadableAttention,
    check_self,
    check_shares,
    percent,
    room_for_steps,
)
from lmwidget.mixing import ContextMixing

PAPER = "Abnar and Zuidema 2020"
_NOTICED = 1e-3  # a share that is said; less is rounding in half precision


def rollout(
    attention: ReadableAttention, *, heads: Any = "mean", residual: float = 0.5
) -> ContextMixing:
    """Return what every output is made of, by multiplying attention through the layers.

    The residual stream carries a share ``residual`` past each layer: a step is ``residual · I +
    (1 − residual) · attention``, with the attention of all heads averaged. Rows are divided by
    their sums, which are below 1 where a model has attention sinks of its own.

    Parameters
    ----------
    attention : Attention or DerivedAttention
        Self-attention.
    heads : "mean", sequence of int, or array of float, default "mean"
        All heads alike, these heads alike, or weights of the heads, shape (head,) or
        (layer, head), of which only the proportions count.
    residual : float, default 0.5
        Share of the residual stream, 0 to 1.

    Returns
    -------
    ContextMixing
        Method ``"rollout"``; ``row(token, layer)`` sums to 1. It holds layers × tokens² numbers of
        4 bytes; for one row of a long text see :func:`rollout_row`.

    Raises
    ------
    InputError
        For cross attention, weights that are signed or no shares of attention, weights of heads
        that do not fit, or a residual outside 0 to 1.
    UnknownNameError
        When there is no such head.
    UnavailableError
        When a layer cannot be read, or memory is too small.

    References
    ----------
    Abnar and Zuidema (2020), Quantifying Attention Flow in Transformers,
    https://aclanthology.org/2020.acl-main.385

    Examples
    --------
    >>> import lmwidget as lmw
    >>> mixing = rollout(lmw.load("tiny").attention("the king said"))
    >>> round(float(mixing.row(2).sum()), 6), float(mixing.row(2)[3])
    (1.0, 0.0)
    """
    start = time.perf_counter()
    check_self(attention, "Rollout")
    check_shares(attention, "Rollout")
    _check_residual(residual)
    mixes = head_weights(attention, heads)
    remedy = "Use rollout_row(attention, token), which needs a few rows only, or shorten the text."
    layers, _, count, _ = attention.shape
    steps = room_for_steps(layers, count, "Rollout", remedy)
    held, rows = 0.0, 0
    for layer, mix in mixes.items():
        for queries, weights in mixed(attention, layer, mix):
            sums = weights.sum(-1)
            held, rows = held + float(sums.sum()), rows + int(np.count_nonzero(sums))
            steps[layer, queries] = _step(weights, queries, residual)
    missing = 1 - held / max(rows, 1)
    return ContextMixing(
        attention.tokens,
        steps,
        "rollout",
        label=f"Rollout ({PAPER})",
        layer_numbers=attention.layer_numbers,
        kind=attention.kind,
        model=attention.model,
        note=_note(missing),
        settings={"heads": heads, "residual": residual},
        cost={"seconds": time.perf_counter() - start, "passes": 0},
    )


def rollout_row(
    attention: ReadableAttention,
    token: int,
    *,
    layer: int = -1,
    heads: Any = "mean",
    residual: float = 0.5,
) -> NDArray[np.float32]:
    """Return what one output is made of, in memory that grows linearly with the text.

    Parameters
    ----------
    attention : Attention or DerivedAttention
        Self-attention.
    token : int
        Position of the output.
    layer : int, default -1
        Layer after which it is read, from 0; default: the last.
    heads, residual
        As for :func:`rollout`.

    Returns
    -------
    ndarray of float32, shape (key,)
        As ``rollout(attention).row(token, layer)``.

    Raises
    ------
    InputError
        As for :func:`rollout`.
    UnknownNameError
        When there is no such token, layer or head.
    UnavailableError
        When a layer cannot be read.

    References
    ----------
    Abnar and Zuidema (2020), https://aclanthology.org/2020.acl-main.385

    Examples
    --------
    >>> import lmwidget as lmw
    >>> attention = lmw.load("tiny").attention("the king said")
    >>> bool(abs(rollout_row(attention, 2) - rollout(attention).row(2)).max() < 1e-6)
    True
    """
    check_self(attention, "Rollout")
    check_shares(attention, "Rollout")
    _check_residual(residual)
    (place,), _ = choose(whole(token, "token"), len(attention.tokens), "token")
    (last,), _ = choose(whole(layer, "layer"), attention.shape[0], "layer")
    mixes = head_weights(attention, heads, range(last + 1))
    row = np.zeros(len(attention.tokens))
    row[place] = 1
    for at in range(last, -1, -1):
        below = np.zeros_like(row)
        for queries, weights in mixed(attention, at, mixes[at], np.flatnonzero(row).tolist()):
            below += row[queries] @ _step(weights, queries, residual)
        row = below
    return row.astype(np.float32)


def _step(weights: NDArray[np.float64], queries: list[int], residual: float) -> NDArray[np.float64]:
    """Return rows of a step, each with the sum 1 (or 0, where there is nothing)."""
    rows = (1 - residual) * weights
    rows[np.arange(len(queries)), queries] += residual
    total = rows.sum(-1, keepdims=True)
    return rows / np.where(total > 0, total, 1)


def _check_residual(residual: float) -> None:
    if not isinstance(residual, Real) or not 0 <= residual <= 1:
        raise InputError(
            f"The residual stream cannot carry a share of {residual!r}.", "Give a number 0 to 1."
        )


def _note(missing: float) -> str:
    if missing < _NOTICED:
        return ""
    return f"{percent(missing)} of the attention lies on no token; the rest is renormalised to 1."
