"""Attention as it is, as what every layer mixes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from lmwidget.capture.indexing import choose
from lmwidget.inspection.attention.mixed_heads import head_weights, mixed
from lmwidget.inspection.attention.reading import (
    ReadableAttention,
    check_self,
    check_shares,
    room_for_steps,
)
from lmwidget.mixing import ContextMixing


def mixing_of(
    attention: ReadableAttention,
    *,
    heads: Any = "mean",
    layers: int | Sequence[int] | None = None,
) -> ContextMixing:
    """Return attention weights as what every layer mixes, without the residual stream.

    Rows are as they are: with attention sinks of the model's own they sum to less than 1.

    Parameters
    ----------
    attention : Attention or DerivedAttention
        Self-attention.
    heads : "mean", sequence of int, or array of float, default "mean"
        All heads alike, these heads alike, or weights of the heads, shape (head,) or
        (layer, head), of which only the proportions count.
    layers : int or sequence of int, optional
        Only these layers of ``attention``, from 0; default: all.

    Returns
    -------
    ContextMixing
        Method ``"attention"``; layers × tokens² numbers of 4 bytes.

    Raises
    ------
    InputError
        For cross attention, weights that are signed or no shares of attention, or weights of heads that do not fit.
    UnknownNameError
        When there is no such layer or head.
    UnavailableError
        When a layer cannot be read, or memory is too small.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> attention = lmw.load("tiny").attention("the king said")
    >>> mixing = mixing_of(attention)
    >>> bool(abs(mixing.steps[1] - attention[1].mean(0)).max() < 1e-6)
    True
    """
    start = time.perf_counter()
    check_self(attention, "Mixing")
    check_shares(attention, "Mixing")
    chosen, _ = choose(slice(None) if layers is None else layers, attention.shape[0], "layer")
    mixes = head_weights(attention, heads, chosen)
    remedy = "Choose fewer layers, as layers=[0], or shorten the text."
    steps = room_for_steps(len(chosen), len(attention.tokens), "Attention", remedy)
    for place, layer in enumerate(chosen):
        for queries, weights in mixed(attention, layer, mixes[layer]):
            steps[place, queries] = weights
    return ContextMixing(
        attention.tokens,
        steps,
        "attention",
        label="Attention, without the residual stream",
        layer_numbers=tuple(attention.layer_numbers[layer] for layer in chosen),
        kind=attention.kind,
        model=attention.model,
        settings={"heads": heads, "layers": chosen},
        cost={"seconds": time.perf_counter() - start, "passes": 0},
    )
