"""Exact Shapley values: every coalition is asked for."""

from __future__ import annotations

import numpy as np

from lmwidget.attribution.completeness import completeness
from lmwidget.attribution.game import Game
from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.sampling import whole_number
from lmwidget.attribution.shapley import coalitions, shapley_values
from lmwidget.errors import CancelledError, InputError

LARGEST = 16
"Most units: twice as many coalitions for each more."


def exact_shapley(game: Game, watch: Watch, *, most: int = LARGEST) -> Scores:
    """Return the Shapley value of each unit, without sampling.

    Shapley (1953): a unit's value is what it adds to a coalition, averaged over all orders in which
    the units could come together. All ``2^n`` coalitions are asked for, so it is meant for short
    texts, or for sentences, turns and passages.

    Parameters
    ----------
    game : Game
        The text.
    watch : Watch
        Progress and the wish to stop.
    most : int, default 16
        Refuse more units than this.

    Returns
    -------
    Scores
        Signed, in the unit of the game; they sum to value(text) − value(nothing).

    Raises
    ------
    CancelledError
        When stopped: there is nothing to show before the last coalition.
    InputError
        When there are too many units.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> why = lmw.load("tiny").attribute("the king said", "exact_shapley")
    >>> why.check.relative < 1e-4
    True
    """
    count, most = len(game), whole_number("most", most, 1)
    if count > most:
        raise InputError(
            f"The text has {count} units, so there are {2**count:,} coalitions.",
            "Use level='sentence' or own passages, 'kernel_shap', or a larger most=.",
        )
    watch.check()
    present = coalitions(count)
    values = game.values(present, watch, total=len(present))
    if watch.stopped and np.isnan(values).any():  # NaN is also what a broken model gives
        raise CancelledError("Exact Shapley values need every coalition.", "Run it again.")
    scores = shapley_values(values, count).astype(np.float32)
    return Scores(scores, {"most": most}, completeness(game, scores))


METHOD = Method(
    name="exact_shapley",
    label="Shapley values, exact",
    signed=True,
    slow=True,
    summary="What each unit adds, averaged over all orders in which units could come together.",
    paper="Shapley 1953",
    function=exact_shapley,
    needs="values",
    order=42,
    nested=True,
)
