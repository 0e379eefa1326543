"""Exact Shapley values: every coalition is asked for."""

from __future__ import annotations

from math import comb

import numpy as np
from numpy.typing import NDArray

from lmwidget.attribution.game import Game
from lmwidget.attribution.method import Method, Scores, Watch
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
    >>> why.scores.shape
    (3,)
    """
    count = len(game)
    if count > most:
        raise InputError(
            f"The text has {count} units, so there are {2**count:,} coalitions.",
            "Use level='sentence' or own passages, 'kernel_shap', or a larger most=.",
        )
    watch.check()
    present = coalitions(count)
    values = game.values(present, watch, total=len(present))
    if watch.stopped:
        raise CancelledError("Exact Shapley values need every coalition.", "Run it again.")
    return Scores(shapley_values(values, count).astype(np.float32), {"most": most})


def coalitions(count: int) -> NDArray[np.bool_]:
    """Return all coalitions: bit ``i`` of the row's number says whether player ``i`` is there.

    Parameters
    ----------
    count : int
        Players.

    Returns
    -------
    ndarray of bool, shape (2 ** player, player)
        Rows in the order of their numbers.

    Examples
    --------
    >>> coalitions(2).astype(int).tolist()
    [[0, 0], [1, 0], [0, 1], [1, 1]]
    """
    numbers = np.arange(2**count, dtype=np.int64)
    return (numbers[:, None] >> np.arange(count) & 1).astype(bool)


def shapley_values(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return Shapley values from the values of all coalitions.

    Parameters
    ----------
    values : ndarray of float64, shape (2 ** player,)
        In the order of :func:`coalitions`.
    count : int
        Players.

    Returns
    -------
    ndarray of float64, shape (player,)
        They sum to ``values[-1] - values[0]``.

    Examples
    --------
    >>> shapley_values(np.array([0.0, 1.0, 2.0, 3.0]), 2).tolist()
    [1.0, 2.0]
    """
    present = coalitions(count)
    sizes = present.sum(1)
    found = np.zeros(count)
    for player in range(count):
        without = np.flatnonzero(~present[:, player])
        weights = np.array([1 / (count * comb(count - 1, size)) for size in range(count)])
        gains = values[without + (1 << player)] - values[without]
        found[player] = (weights[sizes[without]] * gains).sum()
    return found


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
)
