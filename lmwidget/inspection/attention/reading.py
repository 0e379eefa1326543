"""Attention of any origin, read a block of queries at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from lmwidget.capture.indexing import as_slice
from lmwidget.capture.memory import free_bytes
from lmwidget.errors import InputError, UnavailableError
from lmwidget.tokens import Tokens

Weights = NDArray[np.float32]

_CHUNK = 1 << 22  # weights read at once


class ReadableAttention(Protocol):
    """What is asked of attention here: :class:`lmwidget.Attention`, or anything that reads so."""

    @property
    def tokens(self) -> Tokens:
        """What looks."""

    @property
    def key_tokens(self) -> Tokens:
        """What is looked at; the same object in self-attention."""

    @property
    def kind(self) -> str:
        """Kind of attention."""

    @property
    def model(self) -> str:
        """Name of the model."""

    @property
    def layer_numbers(self) -> tuple[int, ...]:
        """The model's own numbers of the layers."""

    @property
    def causal(self) -> bool:
        """Whether no token looks ahead."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Layers, heads, queries, keys."""

    def heads(self, layer: int) -> int:
        """Return the number of heads of a layer."""

    def rows(self, layer: int, head: Any, query: Any) -> Weights:
        """Return some rows of some heads."""


def blocks(
    attention: ReadableAttention,
    layer: int,
    heads: Sequence[int] | None = None,
    queries: Sequence[int] | None = None,
) -> Iterator[tuple[list[int], Weights]]:
    """Yield the weights of some queries at a time.

    Parameters
    ----------
    attention : Attention or DerivedAttention
        What to read.
    layer : int
        Layer, from 0.
    heads, queries : sequence of int, optional
        Default: all.

    Yields
    ------
    tuple of (list of int, ndarray of float32, shape (head, query, key))
        The queries, and their weights.

    Raises
    ------
    UnavailableError
        When the layer cannot be read.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> attention = lmw.load("tiny").attention("the king said")
    >>> [weights.shape for _, weights in blocks(attention, 0)]
    [(4, 4, 4)]
    """
    chosen = list(range(attention.heads(layer)) if heads is None else heads)
    asked = list(range(len(attention.tokens)) if queries is None else queries)
    step = max(1, _CHUNK // max(1, len(chosen) * len(attention.key_tokens)))
    for start in range(0, len(asked), step):
        here = asked[start : start + step]
        yield here, attention.rows(layer, as_slice(chosen), as_slice(here))


def sampled_queries(count: int, most: int) -> list[int]:
    """Return all queries, or some of them at equal distances when there are too many.

    Parameters
    ----------
    count : int
        How many there are.
    most : int
        How many are looked at; at least 64.

    Returns
    -------
    list of int
        Queries, ascending.

    Examples
    --------
    >>> sampled_queries(4, 100), len(sampled_queries(1000, 1))
    ([0, 1, 2, 3], 64)
    """
    places = np.linspace(0, count - 1, min(count, max(64, most)))
    return [int(place) for place in np.unique(places.round())]


def percent(share: float) -> str:
    """Return a share as it is written in a caption.

    Parameters
    ----------
    share : float
        0 to 1.

    Returns
    -------
    str
        Whole percent; small shares to the first digit.

    Examples
    --------
    >>> percent(0.621), percent(0.004), percent(0.0)
    ('62 %', '0.4 %', '0 %')
    """
    hundredths = 100 * float(share)
    return f"{hundredths:.0f} %" if hundredths >= 1 or hundredths == 0 else f"{hundredths:.1g} %"


def check_self(attention: ReadableAttention, what: str) -> None:
    """Refuse attention in which tokens do not look at one another, or that has a sign.

    Parameters
    ----------
    attention : Attention or DerivedAttention
        What was given.
    what : str
        What was asked for, for the message.

    Raises
    ------
    InputError
        Says why it cannot be.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> check_self(lmw.load("tiny").attention("the king said"), "Rollout")
    """
    if attention.key_tokens is not attention.tokens:
        raise InputError(
            f"{what} follows one text through the layers, and in {attention.kind} attention one "
            "text looks at another.",
            "Select self-attention, as with attention.select('encoder').",
        )
    check_unsigned(attention, what)


def check_unsigned(attention: ReadableAttention, what: str) -> None:
    """Refuse weights that may be negative.

    Parameters
    ----------
    attention : Attention or DerivedAttention
        What was given.
    what : str
        What was asked for, for the message.

    Raises
    ------
    InputError
        When it is signed.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> check_unsigned(lmw.load("tiny").attention("the king said"), "Rollout")
    """
    if getattr(attention, "signed", False):
        raise InputError(
            f"{what} needs weights that are shares of attention, and these may be negative.",
            "Give the attention that the difference or combination was made from.",
        )


def unit_of(attention: ReadableAttention) -> str:
    """Return what a weight is.

    Parameters
    ----------
    attention : Attention or DerivedAttention
        What was given.

    Returns
    -------
    str
        ``"share"`` of a head's attention, or the name of another quantity, as ``"norm"``.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> unit_of(lmw.load("tiny").attention("the king said"))
    'share'
    """
    return str(getattr(attention, "unit", "share"))


def check_shares(attention: ReadableAttention, what: str, remedy: str = "") -> None:
    """Refuse weights that are no shares of attention: negative ones, norms, gradients.

    Parameters
    ----------
    attention : Attention or DerivedAttention
        What was given.
    what : str
        What was asked for, for the message.
    remedy : str, optional
        What to do where they are of another unit.

    Raises
    ------
    InputError
        Says what they are.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> check_shares(lmw.load("tiny").attention("the king said"), "Rollout")
    """
    check_unsigned(attention, what)
    unit = unit_of(attention)
    if unit != "share":
        raise InputError(
            f"{what} needs weights that are shares of attention, and the unit of these is {unit}.",
            remedy or "Give the attention itself, as lm.attention(text).",
        )


def room_for_steps(layers: int, tokens: int, what: str, remedy: str) -> Weights:
    """Return an empty array (layer, token, token), if there is memory for it.

    Parameters
    ----------
    layers, tokens : int
        Its shape.
    what, remedy : str
        What it is for, and what to do when it does not fit.

    Returns
    -------
    ndarray of float32, shape (layer, token, token)
        Zeros.

    Raises
    ------
    UnavailableError
        When it would take more than half of the free memory.

    Examples
    --------
    >>> room_for_steps(2, 3, "Rollout", "Use rollout_row().").shape
    (2, 3, 3)
    """
    check_room_for(layers * tokens * tokens * 4, f"{what} of {tokens} tokens", remedy)
    return np.zeros((layers, tokens, tokens), np.float32)


def check_room_for(size: int, what: str, remedy: str) -> None:
    """Refuse what would take more than half of the free memory.

    Parameters
    ----------
    size : int
        Bytes.
    what, remedy : str
        What it is for, and what to do when it does not fit.

    Raises
    ------
    UnavailableError
        Says how much it takes and how much there is.

    Examples
    --------
    >>> check_room_for(16, "This", "Shorten the text.")
    """
    free = free_bytes(torch.device("cpu"))
    if free is not None and free < 2 * size:
        raise UnavailableError(
            f"{what} takes {size / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free.", remedy
        )
