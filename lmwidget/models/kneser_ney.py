"""Interpolated modified Kneser–Ney smoothing, on arrays.

Chen and Goodman, An Empirical Study of Smoothing Techniques for Language Modeling (1998); the
counts at the beginning of a text as in Heafield et al., Scalable Modified Kneser-Ney Language Model
Estimation (2013). NLTK's ``KneserNeyInterpolated`` gives proper probabilities, too, but takes
seconds for the distribution of a single next word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
_FALLBACK = (0.5, 1.0, 1.5)  # discounts where a text is too short to estimate them


@dataclass(frozen=True)
class Grams:
    """All n-grams of one order that occur, sorted by their context.

    Attributes
    ----------
    keys : ndarray of int64, shape (gram,)
        Index of the context among the grams of the order below, times the number of symbols, plus
        the last word; ascending.
    counts : ndarray of int64, shape (gram,)
        How often each occurs; below the highest order, after how many different words.
    words : ndarray of int64, shape (gram,)
        Last word.
    kept : ndarray of float64, shape (gram,)
        Probability that is left to each after discounting.
    begins : ndarray of int64, shape (context + 1,)
        Where the grams of each context begin.
    backed : ndarray of float64, shape (context,)
        Probability that goes to the order below.
    """

    keys: Integers
    counts: Integers
    words: Integers
    kept: Floats
    begins: Integers
    backed: Floats


class KneserNey:
    """Probabilities of the next word after a context, from counts.

    Parameters
    ----------
    texts : sequence of ndarray of int, shape (token,)
        Token ids of each text; n-grams do not go from one into the next. What stands before a text
        is a symbol of its own, which is never predicted.
    order : int
        Length of the longest n-grams.
    size : int
        Number of tokens.

    Attributes
    ----------
    discounts : tuple of (tuple of float)
        For each order, what is taken from grams that occur once, twice, and more often.

    Examples
    --------
    >>> model = KneserNey([np.array([0, 1, 0, 2])], order=2, size=4)
    >>> bool(abs(model.distribution([0]).sum() - 1) < 1e-12)
    True
    """

    def __init__(self, texts: Sequence[Integers], order: int, size: int) -> None:
        self.order, self.size = order, size
        self.begin = size  # stands before every text
        grams = _occurring(texts, order, size + 1, self.begin)
        self.discounts = tuple(_discounts(counts) for _, counts in grams)
        self.grams = tuple(
            _smoothed(keys, counts, discount, size + 1, len(grams[n - 1][0]) if n else 1)
            for n, ((keys, counts), discount) in enumerate(zip(grams, self.discounts, strict=True))
        )
        self._unigram = self._unigrams()

    def distribution(self, context: Sequence[int]) -> Floats:
        """Return the probability of every token after a context.

        Parameters
        ----------
        context : sequence of int
            Tokens before, from the beginning of the text or fewer; ``begin`` stands for it.

        Returns
        -------
        ndarray of float64, shape (token,)
            Sums to 1; none is 0.

        Examples
        --------
        >>> KneserNey([np.array([0, 0, 1])], 2, 2).distribution([0]).round(3).tolist()
        [0.542, 0.458]
        """
        found = self._unigram.copy()
        for length in range(1, min(self.order, len(context) + 1)):
            place = self._find(context[len(context) - length :])
            grams = self.grams[length]
            if place is None:
                break
            part = slice(grams.begins[place], grams.begins[place + 1])
            if part.start == part.stop:
                break
            found *= grams.backed[place]
            found[grams.words[part]] += grams.kept[part]
        return found

    def _unigrams(self) -> Floats:
        grams, found = self.grams[0], np.zeros(self.size)
        predicted = grams.words < self.size
        found[grams.words[predicted]] = grams.kept[predicted]
        # What is left, by rounding exactly, goes to all tokens alike.
        found += (1.0 - found.sum()) / self.size
        return found

    def _find(self, context: Sequence[int]) -> int | None:
        """Return the index of a context among the grams of its length."""
        place = 0
        for grams, word in zip(self.grams, context, strict=False):
            key = place * (self.size + 1) + int(word)
            place = int(np.searchsorted(grams.keys, key))
            if place == len(grams.keys) or grams.keys[place] != key:
                return None
        return place


def _occurring(
    texts: Sequence[Integers], order: int, symbols: int, begin: int
) -> list[tuple[Integers, Integers]]:
    """Return keys and counts of the n-grams of every order."""
    stream = np.concatenate([np.concatenate([[begin], np.asarray(t, np.int64)]) for t in texts])
    lengths = [len(text) + 1 for text in texts]
    place = np.concatenate([np.arange(length) for length in lengths])
    grams: list[tuple[Integers, Integers]] = []
    before = np.zeros(len(stream), np.int64)  # index of the context that ends before each word
    own: Integers = before
    for n in range(1, order + 1):
        ends = np.flatnonzero(place >= n - 1)
        keys, first, inverse, counts = np.unique(
            before[ends] * symbols + stream[ends],
            return_index=True,
            return_inverse=True,
            return_counts=True,
        )
        if n > 1:
            # Below the highest order a gram counts once for each word it follows; at the beginning
            # of a text, where it follows none, as often as it occurs.
            known, raw = grams[-1]
            followed = np.bincount(own[ends[first]], minlength=len(known))
            grams[-1] = known, np.where(followed > 0, followed, raw)
        grams.append((keys, counts))
        own = np.full(len(stream), -1, np.int64)
        own[ends] = inverse.ravel()
        before = np.concatenate([[-1], own[:-1]])
    return grams


def _discounts(counts: Integers) -> tuple[float, float, float]:
    """Return what to take from grams that occur once, twice, and three times or more."""
    once, twice, thrice, four = (int((counts == k).sum()) for k in (1, 2, 3, 4))
    if min(once, twice, thrice, four) == 0:
        return _FALLBACK
    share = once / (once + 2 * twice)
    found = (
        1 - 2 * share * twice / once,
        2 - 3 * share * thrice / twice,
        3 - 4 * share * four / thrice,
    )
    proper = all(0 < discount < k for k, discount in enumerate(found, 1))
    return found if proper else _FALLBACK


def _smoothed(
    keys: Integers,
    counts: Integers,
    discounts: tuple[float, float, float],
    symbols: int,
    contexts: int,
) -> Grams:
    context, words = keys // symbols, keys % symbols
    if contexts == 1 and bool((words == symbols - 1).any()):
        counts = np.where(words == symbols - 1, 0, counts)  # the beginning is never predicted
    taken = np.array([0.0, *discounts])[np.minimum(counts, 3)]
    total = np.bincount(context, counts, contexts)
    backed = np.bincount(context, taken, contexts) / np.maximum(total, 1)
    return Grams(
        keys=keys,
        counts=counts,
        words=words,
        kept=(counts - taken) / np.maximum(total[context], 1),
        begins=np.searchsorted(context, np.arange(contexts + 1)),
        backed=backed,
    )
