"""Attention without some of the tokens that are looked at."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.capture.indexing import choose
from lmwidget.derived import DerivedAttention
from lmwidget.errors import InputError, UnavailableError
from lmwidget.inspection.attention.reading import (
    ReadableAttention,
    blocks,
    check_shares,
    percent,
    sampled_queries,
    unit_of,
)

Weights = NDArray[np.float32]

_SAMPLED = 1 << 17  # weights of a head that are looked at for the note
_ALL_OF = 64  # first queries, which have few keys and are not like the others


class ReducedAttention(DerivedAttention):
    """Attention in which some tokens are not looked at; see :func:`without`.

    Attributes
    ----------
    hidden : tuple of int
        The tokens that are not looked at.
    renormalised : bool
        Whether the weights left in a row sum to 1.
    """

    def __init__(
        self, attention: ReadableAttention, hidden: Sequence[int], what: str, *, renormalise: bool
    ) -> None:
        super().__init__(
            attention.tokens,
            attention.key_tokens,
            [attention.heads(layer) for layer in range(attention.shape[0])],
            kind=attention.kind,
            model=attention.model,
            layer_numbers=attention.layer_numbers,
        )
        self._source = attention
        self.hidden, self.renormalised = tuple(hidden), renormalise
        self.signed = bool(getattr(attention, "signed", False))
        self.title, self.unit = getattr(attention, "title", self.title), unit_of(attention)
        self._asked, self._stands_for = _sample(len(self.tokens), _SAMPLED // len(self.key_tokens))
        said = f"{getattr(attention, 'note', '')} {self._said(what)}"
        self.note = said.strip()

    def hidden_mass(self, layer: int, heads: Any = slice(None)) -> NDArray[np.float32]:
        """Return which share of the attention is hidden.

        Parameters
        ----------
        layer : int
            Layer, from 0.
        heads : int, slice or sequence of int, default all
            Heads.

        Returns
        -------
        ndarray of float32, shape (head,)
            Hidden weight of all queries, divided by their whole weight; 0 to 1, and NaN where there
            is none. Of a long text it is estimated from the first queries and a few hundred others.

        Raises
        ------
        UnknownNameError
            When there is no such layer or head.
        UnavailableError
            When the layer cannot be read.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> attention = lmw.load("tiny").attention("the king said")
        >>> less = without(attention, first=True)
        >>> bool(abs(less.hidden_mass(0, 2) - attention[0, 2][:, 0].mean()) < 1e-6)
        True
        """
        chosen, one = choose(heads, self.heads(layer), "head")
        found, _ = self._read(self._layer(layer), chosen)
        return found[0] if one else found

    def _read(self, layer: int, heads: list[int]) -> tuple[NDArray[np.float32], set[int]]:
        """Return the hidden share of each head, and rows in which a head has nothing left."""
        hidden, whole = np.zeros(len(heads)), np.zeros(len(heads))
        emptied: set[int] = set()
        stands_for = dict(zip(self._asked, self._stands_for, strict=True))
        for queries, weights in blocks(self._source, layer, heads, self._asked):
            sizes = np.abs(np.nan_to_num(weights)).astype(np.float64)
            before = sizes.sum(-1)
            sizes[:, :, list(self.hidden)] = 0
            left = sizes.sum(-1)
            counts = np.array([stands_for[query] for query in queries])
            hidden += (before - left) @ counts
            whole += before @ counts
            gone = ((before > 0) & (left == 0)).any(0)
            emptied.update(np.asarray(queries)[gone].tolist())
        share = np.where(whole > 0, hidden / np.where(whole > 0, whole, 1), np.nan)
        return share.astype(np.float32), emptied

    def _weights(self, layer: int, heads: list[int], queries: list[int]) -> Weights:
        weights = np.array(self._source.rows(layer, heads, queries), dtype=np.float32)
        before = weights.sum(-1, keepdims=True, dtype=np.float64)
        weights[:, :, list(self.hidden)] = 0
        if self.renormalised:
            left = weights.sum(-1, keepdims=True, dtype=np.float64)
            weights /= np.where(left > 0, left, 1).astype(np.float32)
        return np.where(np.isnan(before), np.float32(np.nan), weights)

    def _said(self, what: str) -> str:
        if not self.hidden:
            return "No token is hidden."
        shares: list[float] = []
        emptied: set[int] = set()
        for layer in range(len(self)):
            with contextlib.suppress(UnavailableError):
                found, rows = self._read(layer, list(range(self.heads(layer))))
                shares += found[np.isfinite(found)].tolist()
                emptied |= rows
        held = ""
        if shares and not self.signed:
            about = "about " if len(self._asked) < len(self.tokens) else ""
            held = f": {_held(what)} {about}{percent(float(np.mean(shares)))} of the weight"
        rest = "the rest is renormalised to 1" if self.renormalised else "the rest is as it was"
        empty = self._empty(emptied)
        ending = f" {empty}" if empty else ""
        return f"{what} hidden{held}; {rest}.{ending}"

    def _empty(self, emptied: set[int]) -> str:
        """Say which rows cannot look at anything that is left."""
        if len(self.hidden) == len(self.key_tokens):
            return "Nothing is left to look at: all rows are empty."
        gone, first, said = set(self.hidden), 0, []
        if self._source.causal:
            first = next(i for i in range(len(self.key_tokens)) if i not in gone)
        if first:
            which = "The first row has" if first == 1 else f"The first {first} rows have"
            said.append(f"{which} nothing left and {'stays' if first == 1 else 'stay'} empty.")
        others = sum(row >= first for row in emptied)  # as behind a sliding window
        if others:
            least = "At least " if len(self._asked) < len(self.tokens) else ""
            rows = f"{others} {'other ' if first else ''}{'row' if others == 1 else 'rows'}"
            verbs = ("has", "stays") if others == 1 else ("have", "stay")
            said.append(
                f"{least}{rows} {verbs[0]} nothing left in some heads and {verbs[1]} empty there."
            )
        return " ".join(said)


def without(
    attention: ReadableAttention,
    *,
    first: bool = False,
    special: bool = False,
    tokens: int | str | Sequence[int | str] = (),
    renormalise: bool = True,
) -> ReducedAttention:
    """Return attention in which some tokens are not looked at, and say how much that hides.

    Many heads rest on the first token or on special tokens ("attention sinks"), and the rest of
    what they do is too pale to see. Hidden tokens keep their rows: they still look.

    Parameters
    ----------
    attention : Attention or DerivedAttention
        What is reduced.
    first : bool, default False
        Hide the first token.
    special : bool, default False
        Hide special tokens.
    tokens : int, str, or sequence of them, optional
        Hide these: places, or text as for ``Tokens.find``.
    renormalise : bool, default True
        Divide what is left in a row by its sum. A row with nothing left stays zero.

    Returns
    -------
    ReducedAttention
        ``hidden_mass(layer, heads)`` is the share that is hidden; ``note`` says it in words, as a
        mean over all heads.

    Raises
    ------
    InputError
        When signed weights, or others that are no shares, are to be renormalised; or a text does not occur.
    UnknownNameError
        When there is no such token.

    References
    ----------
    Xiao et al. (2024), Efficient Streaming Language Models with Attention Sinks;
    Clark et al. (2019), What Does BERT Look At?

    Examples
    --------
    >>> import lmwidget as lmw
    >>> less = without(lmw.load("tiny").attention("the king said"), first=True)
    >>> less.note
    'First token hidden: it held 70 % of the weight; the rest is renormalised to 1. The first row has nothing left and stays empty.'
    >>> round(float(less[1, 0][3].sum()), 6), float(less[1, 0][3, 0])
    (1.0, 0.0)
    """
    if renormalise:
        check_shares(attention, "Renormalising", "Leave them as they are: renormalise=False.")
    keys = attention.key_tokens
    named = _named(attention, tokens)
    specials = [i for i, kind in enumerate(keys.kinds) if special and kind == "special"]
    hidden = sorted({*([0] if first else []), *specials, *named})
    what = _what(first=first, special=bool(specials), named=[keys.labels[i] for i in named])
    return ReducedAttention(attention, hidden, what, renormalise=renormalise)


def _sample(count: int, most: int) -> tuple[list[int], list[float]]:
    """Return queries that are looked at, and how many each of them stands for."""
    first, others = min(_ALL_OF, count), max(0, count - _ALL_OF)
    if not others:
        return list(range(first)), [1.0] * first
    later = sampled_queries(others, most - first)
    asked = [*range(first), *(first + query for query in later)]
    return asked, [1.0] * first + [others / len(later)] * len(later)


def _named(attention: ReadableAttention, tokens: Any) -> list[int]:
    listed = [tokens] if isinstance(tokens, str) or not hasattr(tokens, "__len__") else tokens
    found: list[int] = []
    for item in listed:
        if not isinstance(item, str):
            found += choose([item], len(attention.key_tokens), "key token")[0]
            continue
        places = attention.key_tokens.find(item)
        if not places:
            raise InputError(f"The text does not hold {item!r}.", "Give a part of the text.")
        found += places
    return list(dict.fromkeys(found))


def _what(*, first: bool, special: bool, named: list[str]) -> str:
    parts = ["first token"] if first else []
    parts += ["special tokens"] if special else []
    quoted = [f"“{label.strip()}”" for label in named[:3]]
    if len(named) > 3:
        quoted = [f"{len(named)} tokens"]
    parts += quoted
    text = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    return text[:1].upper() + text[1:]


def _held(what: str) -> str:
    one = what == "First token" or (what.startswith("“") and " and " not in what)
    return "it held" if one else "they held"
