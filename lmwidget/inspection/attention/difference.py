"""What is different between two attentions: of two texts, two models, or two heads."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.capture.indexing import choose, whole
from lmwidget.derived import DerivedAttention
from lmwidget.errors import InputError, UnavailableError
from lmwidget.inspection.attention.reading import (
    ReadableAttention,
    percent,
    sampled_queries,
    unit_of,
)
from lmwidget.tokens import Tokens

Weights = NDArray[np.float32]
Pair = tuple[int, int]

_SAMPLED = 1 << 16  # weights of a head that are looked at for the note


class AttentionDifference(DerivedAttention):
    """Weights of one attention less those of another; see :func:`difference`.

    Attributes
    ----------
    aligned : ndarray of int, shape (token, 2)
        Places of each query token in the first and in the second text.
    aligned_keys : ndarray of int, shape (token, 2)
        The same of the key tokens; the same array in self-attention.
    unpaired : tuple of float
        Share of the weight of the first and of the second that lies on key tokens without partner,
        and is not shown; of the shown rows, as a mean over all heads.
    """

    signed = True
    title = "Difference of attention"

    def __init__(
        self,
        first: ReadableAttention,
        second: ReadableAttention,
        pairs: Sequence[Sequence[tuple[Pair, Pair]]],
        *,
        title: str,
        said: str,
        layer_numbers: Sequence[int],
    ) -> None:
        self.aligned = align(first.tokens, second.tokens)
        own = first.key_tokens is first.tokens
        self.aligned_keys = self.aligned if own else align(first.key_tokens, second.key_tokens)
        tokens = _some(first.tokens, self.aligned[:, 0])
        super().__init__(
            tokens,
            tokens if own else _some(first.key_tokens, self.aligned_keys[:, 0]),
            [len(layer) for layer in pairs],
            kind=first.kind,
            model=first.model if first.model == second.model else f"{first.model}, {second.model}",
            layer_numbers=layer_numbers,
        )
        self._sides, self._pairs = (first, second), pairs
        self.title, self.unit = title, unit_of(first)
        self.unpaired = (self._unpaired(0), self._unpaired(1))
        self.note = f"{_notes(first, second)}{said}{self._lost()}"

    def _weights(self, layer: int, heads: list[int], queries: list[int]) -> Weights:
        left, right = (self._side(side, layer, heads, queries) for side in (0, 1))
        return right[:, :, self.aligned_keys[:, 1]] - left[:, :, self.aligned_keys[:, 0]]

    def structure_scores(self) -> Weights:
        """Return how much attention moved in each head: what a widget shows first.

        Returns
        -------
        ndarray of float32, shape (layer, head)
            Half the sum of the absolute differences of a query, the mean over up to 64 queries: 1
            when all attention lies elsewhere. NaN where a layer could not be read.
        """
        asked = sampled_queries(len(self.tokens), 64)
        scores = np.full(self.shape[:2], np.nan, np.float32)
        for layer in range(len(self)):
            with contextlib.suppress(UnavailableError):
                moved = np.abs(np.nan_to_num(self.rows(layer, slice(None), asked)))
                scores[layer, : self.heads(layer)] = moved.sum(-1).mean(-1) / 2
        return scores

    def _side(self, side: int, layer: int, heads: list[int], queries: list[int]) -> Weights:
        """Return weights on all keys of a side, shape (head, query, key)."""
        rows = self.aligned[queries, side].tolist()
        pairs = [self._pairs[layer][head][side] for head in heads]
        layers = {at for at, _ in pairs}
        if len(layers) == 1:
            return self._sides[side].rows(layers.pop(), [head for _, head in pairs], rows)
        return np.stack([self._sides[side].rows(at, head, rows) for at, head in pairs])

    def _unpaired(self, side: int) -> float:
        keys = self.aligned_keys[:, side]
        alone = np.setdiff1d(np.arange(len(self._sides[side].key_tokens)), keys)
        if not len(alone):
            return 0.0
        asked = sampled_queries(len(self.tokens), _SAMPLED // len(self._sides[side].key_tokens))
        shares = []
        for layer in range(len(self)):
            try:
                weights = self._side(side, layer, list(range(self.heads(layer))), asked)
            except UnavailableError:
                continue
            weights = np.nan_to_num(weights)
            total = weights.sum((1, 2), dtype=np.float64)
            lost = weights[:, :, alone].sum((1, 2), dtype=np.float64)
            shares += (lost[total > 0] / total[total > 0]).tolist()
        return float(np.mean(shares)) if shares else 0.0

    def _lost(self) -> str:
        counts = [len(side.tokens) for side in self._sides]
        if counts == [len(self.tokens)] * 2 and not any(self.unpaired):
            return ""
        lost = [percent(share) for share in self.unpaired]
        return (
            f" {len(self.tokens)} tokens are in both texts, of {counts[0]} and {counts[1]}; "
            f"{lost[0]} and {lost[1]} of their attention lies on the others and is not shown."
        )


def difference(
    a: ReadableAttention, b: ReadableAttention, *, heads: tuple[Pair, Pair] | None = None
) -> AttentionDifference:
    """Return how attention changes from one text, model or head to another: ``b`` minus ``a``.

    Of two texts, only tokens that both have, in the same order, are rows and columns. Layers of one
    model are compared by their numbers, those of two models one after the other. Weights are
    not renormalised; how much of them lies on tokens without partner is said in ``note``.

    Parameters
    ----------
    a, b : Attention or DerivedAttention
        What is compared; the same twice to compare two heads of it.
    heads : tuple of two (layer, head), optional
        Compare this head of ``a`` with this head of ``b``; layers from 0. Default: each head with
        the one of the same place.

    Returns
    -------
    AttentionDifference
        Signed weights: above 0 where ``b`` looks more.

    Raises
    ------
    InputError
        When the two are of different kinds or units, share no tokens or no layers, or have
        different heads.
    UnknownNameError
        When there is no such layer or head.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> first, second = lm.attention("the king said so"), lm.attention("the old king said so")
    >>> change = difference(first, second)
    >>> change.tokens.pieces == first.tokens.pieces, len(second.tokens)
    (True, 6)
    >>> one = difference(first, first, heads=((0, 1), (1, 3)))
    >>> bool((one[0, 0] == first[1, 3] - first[0, 1]).all())
    True
    """
    own = [side.key_tokens is side.tokens for side in (a, b)]
    if own[0] != own[1] or (a.kind != b.kind and not all(own)):
        raise InputError(
            f"{a.kind!r} and {b.kind!r} attention look at different things.",
            "Select the same kind of both, as with attention.select('cross').",
        )
    if unit_of(a) != unit_of(b):
        raise InputError(
            f"Weights in {unit_of(b)} cannot be compared with weights in {unit_of(a)}.",
            "Give two attentions of one unit.",
        )
    if heads is not None:
        return _of_two_heads(a, b, heads)
    if a is b:
        raise InputError(
            "Attention is no different from itself.",
            "Name two heads: heads=((layer, head), (layer, head)).",
        )
    layers = _layers(a, b)
    if any(a.heads(one) != b.heads(other) for one, other in layers):
        raise _unlike(a, b)
    pairs = [
        [((one, head), (other, head)) for head in range(a.heads(one))] for one, other in layers
    ]
    what, said = "two passes", "Second minus first."
    if a.model != b.model:
        what, said = f"{a.model} and {b.model}", f"{b.model} minus {a.model}."
    elif a.tokens != b.tokens or a.key_tokens != b.key_tokens:
        what, said = "two texts", "Second text minus first."
    return AttentionDifference(
        a,
        b,
        pairs,
        title=f"Difference of {what}",
        said=said,
        layer_numbers=[a.layer_numbers[one] for one, _ in layers],
    )


def _layers(a: ReadableAttention, b: ReadableAttention) -> list[Pair]:
    """Return places of the layers that are compared with one another."""
    if not a.model or a.model != b.model:
        if a.shape[0] != b.shape[0]:
            raise _unlike(a, b)
        return [(layer, layer) for layer in range(a.shape[0])]
    places = {number: at for at, number in enumerate(b.layer_numbers)}
    common = [(at, places[number]) for at, number in enumerate(a.layer_numbers) if number in places]
    if not common:
        held = [", ".join(map(str, side.layer_numbers)) for side in (a, b)]
        raise InputError(
            f"The two have no layer in common: one has {held[0]}, the other {held[1]}.",
            "Name one head of each: heads=((layer, head), (layer, head)).",
        )
    return common


def _unlike(a: ReadableAttention, b: ReadableAttention) -> InputError:
    return InputError(
        f"{_size(a)} cannot be compared with {_size(b)}, head by head.",
        "Name one head of each: heads=((layer, head), (layer, head)).",
    )


def _notes(first: ReadableAttention, second: ReadableAttention) -> str:
    """Return what was done to the two before, once if it was the same."""
    one, other = (getattr(side, "note", "") for side in (first, second))
    if one == other:
        return f"{one} " if one else ""
    return "".join(
        f"{which}: {note} " for which, note in (("First", one), ("Second", other)) if note
    )


def align(first: Tokens, second: Tokens) -> NDArray[np.int64]:
    """Return which tokens of two texts are the same, in the same order.

    Parameters
    ----------
    first, second : Tokens
        Texts; tokens are the same when they are spelt alike and of one kind.

    Returns
    -------
    ndarray of int64, shape (token, 2)
        Places in the first and in the second, ascending.

    Raises
    ------
    InputError
        When no token is in both.

    Examples
    --------
    >>> make = Tokens.from_pieces
    >>> align(make(["a", " cat", " sat"]), make(["a", " black", " cat", " sat"])).tolist()
    [[0, 0], [1, 2], [2, 3]]
    """
    names = [list(zip(side.pieces, side.kinds, strict=True)) for side in (first, second)]
    if names[0] == names[1]:
        return np.repeat(np.arange(len(first))[:, None], 2, axis=1)
    same = SequenceMatcher(None, names[0], names[1], autojunk=False).get_matching_blocks()
    pairs = [(left + i, right + i) for left, right, size in same for i in range(size)]
    if not pairs:
        raise InputError(
            "The two texts have no token in common, and nothing can be compared.",
            "Give texts that share words, read by the same tokenizer.",
        )
    return np.array(pairs)


def _of_two_heads(a: ReadableAttention, b: ReadableAttention, heads: Any) -> AttentionDifference:
    if np.shape(heads) != (2, 2):
        raise InputError(
            f"heads={heads!r} does not name two heads.",
            "Give heads=((layer, head), (layer, head)), the first of a, the second of b.",
        )
    found, names = [], []
    for side, (layer, head) in zip((a, b), heads, strict=True):
        (at,), _ = choose(whole(layer, "layer"), side.shape[0], "layer")
        (place,), _ = choose(whole(head, "head"), side.heads(at), "head")
        found.append((at, place))
        names.append(f"L{side.layer_numbers[at]}H{place}")
    return AttentionDifference(
        a,
        b,
        [[(found[0], found[1])]],
        title=f"Difference of {names[0]} and {names[1]}",
        said=f"{names[1]} minus {names[0]}.",
        layer_numbers=[a.layer_numbers[found[0][0]]],
    )


def _size(attention: ReadableAttention) -> str:
    layers, heads, *_ = attention.shape
    return f"{attention.model or 'Attention'} of {layers} layers × {heads} heads"


def _some(tokens: Tokens, places: NDArray[np.int64]) -> Tokens:
    """Return some of the tokens, at their places in the text."""
    if len(places) == len(tokens):
        return tokens
    return replace(
        tokens,
        ids=tokens.ids[places],
        pieces=tuple(tokens.pieces[i] for i in places),
        raw=tuple(tokens.raw[i] for i in places),
        spans=tokens.spans[places],
        kinds=tuple(tokens.kinds[i] for i in places),
        words=tokens.words[places],
        roles=tuple(tokens.roles[i] for i in places),
        segments=tokens.segments[places],
    )
