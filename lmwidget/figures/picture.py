"""What every figure of an attribution shows: units, their places on the scale, words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lmwidget.figures.scale import scale_end
from lmwidget.figures.words import (
    check_sentences,
    listed,
    made_by,
    number,
    question,
    quoted,
    scale_ends,
    token_name,
    with_sign,
)
from lmwidget.tokens import Tokens
from lmwidget.units import merged

if TYPE_CHECKING:
    from lmwidget.results import Attribution


@dataclass(frozen=True)
class Picture:
    """An attribution as a figure shows it.

    Attributes
    ----------
    tokens : Tokens
        What is shaded: the units, but a character that is cut into several tokens is one.
    scores : ndarray of float64, shape (unit,)
        Score of each.
    limit : float
        End of the scale, as in the widget.
    places : ndarray of float64, shape (unit,)
        -1 to 1, clipped; NaN where the score is not finite.
    beyond : frozenset of int
        Units beyond the scale.
    signed : bool
        Whether the scale has two sides.
    unit, level : str
        Of the scores, and what carries them.
    question : str
        Heading.
    ends : tuple of (str, str)
        What the sides of the scale stand for.
    caption : tuple of str
        Sentences.
    """

    tokens: Tokens
    scores: NDArray[np.float64]
    limit: float
    places: NDArray[np.float64]
    beyond: frozenset[int]
    signed: bool
    unit: str
    level: str
    question: str
    ends: tuple[str, str]
    caption: tuple[str, ...]

    def score_words(self, index: int, digits: int = 2) -> str:
        """Return the score of a unit in figures.

        Parameters
        ----------
        index : int
            Which unit.
        digits : int, default 2
            Significant digits.

        Returns
        -------
        str
            With its sign, when the scale has two sides.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> picture_of(lmw.SaliencyText.from_arrays([0.5, -1], ["a", "b"]).result).score_words(0)
        '+0.50'
        """
        score = float(self.scores[index])
        return with_sign(score, digits) if self.signed else number(score, digits)

    @property
    def hidden(self) -> frozenset[int]:
        """Units that are not drawn: inserted special tokens without a score, beside others."""
        special = np.array([kind == "special" for kind in self.tokens.kinds], bool)
        inserted = special & (self.tokens.spans[:, 0] == self.tokens.spans[:, 1])
        found = np.flatnonzero(inserted & (self.scores == 0))
        return frozenset() if special.all() else frozenset(found.tolist())

    @property
    def range_words(self) -> tuple[str, str]:
        """The two ends of the scale in figures; with ``≥`` where something lies beyond."""
        outside = self.scores[list(self.beyond)]
        below, above = ("≤ " if (outside < 0).any() else ""), ("≥ " if (outside > 0).any() else "")
        if self.signed:
            return below + with_sign(-self.limit), above + with_sign(self.limit)
        return "0", above + number(self.limit)


def picture_of(why: Attribution) -> Picture:
    """Return what figures of an attribution show.

    Parameters
    ----------
    why : Attribution
        Scores of one text.

    Returns
    -------
    Picture
        Plain data.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> picture_of(lmw.SaliencyText.from_arrays([0.5, -1], ["a", "b"]).result).places.tolist()
    [0.5, -1.0]
    """
    limit = _limit(why)
    tokens, scores = whole_characters(why.tokens, why.scores.astype(np.float64))
    finite = np.isfinite(scores)
    sizes = np.where(finite, np.abs(scores), 0.0)
    beyond = frozenset(np.flatnonzero(sizes > limit * (1 + 1e-6)).tolist())
    places = np.clip(np.where(finite, scores, 0.0) / (limit or 1.0), -1, 1)
    places[~finite] = np.nan
    picture = Picture(
        tokens=tokens,
        scores=scores,
        limit=limit,
        places=places,
        beyond=beyond,
        signed=why.signed,
        unit=why.unit,
        level=why.level,
        question=question(why),
        ends=scale_ends(why),
        caption=(),
    )
    named = [
        f"{quoted(token_name(tokens, i))} ({picture.score_words(i)})"
        for i in sorted(beyond, key=lambda i: -sizes[i])
    ]
    broken = [quoted(token_name(tokens, i)) for i in np.flatnonzero(~finite).tolist()]
    sentences = [
        made_by(why),
        "All scores are zero." if finite.any() and not limit else "",
        f"Beyond the scale: {listed(named)}." if beyond else "",
        f"No finite score: {listed(broken)}." if broken else "",
        "A character cut into several tokens carries their sum." if len(tokens) < len(why.tokens) else "",
        "Stopped early: computed from what was done so far." if why.partial else "",
        *check_sentences(why),
    ]  # fmt: skip
    object.__setattr__(picture, "caption", tuple(filter(None, sentences)))
    return picture


def whole_characters(
    tokens: Tokens, scores: NDArray[np.float64]
) -> tuple[Tokens, NDArray[np.float64]]:
    """Return tokens and scores with the parts of each character put together.

    Parameters
    ----------
    tokens : Tokens
        Some may hold a part of a character.
    scores : ndarray, shape (token,)
        Their scores.

    Returns
    -------
    tuple of (Tokens, ndarray)
        Sums where parts were put together.

    Examples
    --------
    >>> whole_characters(Tokens.from_pieces(["a", "b"]), np.array([1.0, 2.0]))[1].tolist()
    [1.0, 2.0]
    """
    units = np.zeros(len(tokens), np.int32)
    for i in range(1, len(tokens)):
        parts = tokens.kinds[i - 1] == tokens.kinds[i] == "bytes"
        shared = parts and tokens.spans[i, 0] < tokens.spans[i - 1, 1]
        units[i] = units[i - 1] + (0 if shared else 1)
    if not len(tokens) or units[-1] == len(tokens) - 1:
        return tokens, scores
    return merged(tokens, units), np.bincount(units, weights=scores).astype(np.float64)


def _limit(why: Attribution) -> float:
    """Return the end of the scale: special tokens count where there is nothing else."""
    sizes = np.abs(why.scores.astype(np.float64))
    written = np.isfinite(sizes) & np.array([kind != "special" for kind in why.tokens.kinds])
    return scale_end(sizes[written] if written.any() else sizes)
