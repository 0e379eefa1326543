"""Completeness of scores that are shares of a whole: what they should sum to, and what they do."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lmwidget.attribution.game import Game
from lmwidget.results import Check


def completeness(game: Game, scores: NDArray[np.floating], note: str = "") -> Check:
    """Return whether scores sum to what the text has over a text with nothing in it.

    Parameters
    ----------
    game : Game
        Its values of all and of no players are asked for, if they were not before.
    scores : ndarray, shape (player,)
        Scores.
    note : str
        A sentence that is added to the explanation.

    Returns
    -------
    Check
        The completeness gap; not passed above a tenth.

    Examples
    --------
    >>> from lmwidget.attribution.text_game import TextGame
    >>> game = TextGame(lambda texts: [len(text) for text in texts], "one two")
    >>> completeness(game, np.array([3.0, 4.0])).relative
    0.0
    """
    expected = game.full - game.empty
    beside = f"the {game.unit} is {expected:.3g} higher for the text than with nothing in it"
    return completeness_gap(float(scores.sum()), expected, beside, note)


def completeness_gap(total: float, expected: float, beside: str, note: str = "") -> Check:
    """Return by how much scores miss what they should sum to.

    Parameters
    ----------
    total : float
        Sum of the scores.
    expected : float
        What it should be.
    beside : str
        What is expected, in words that follow "while".
    note : str
        A sentence that is added to the explanation.

    Returns
    -------
    Check
        The completeness gap; not passed above a tenth.

    Examples
    --------
    >>> completeness_gap(3.0, 4.0, "the logit rises by 4").explanation
    'The scores sum to 3, while the logit rises by 4: a gap of 25.0%.'
    """
    gap = total - expected
    relative = 0.0 if gap == 0 else abs(gap) / abs(expected) if expected else math.inf
    explanation = f"The scores sum to {total:.3g}, while {beside}: a gap of {relative:.1%}."
    return Check(
        name="completeness gap",
        value=gap,
        passed=relative <= 0.1,
        relative=relative,
        total=total,
        expected=expected,
        explanation=f"{explanation} {note}".strip(),
    )
