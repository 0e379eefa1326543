"""Linear models of a game: weighted least squares, with and without a sum that must come out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ridge:
    """A linear model of a value.

    Attributes
    ----------
    weights : ndarray of float64, shape (player,)
        What each player adds.
    intercept : float
        The value with no player.
    determination : float
        Weighted share of the variance that the model explains (R²); 1 where there is none.
    """

    weights: Array
    intercept: float
    determination: float


def ridge(present: NDArray[np.bool_], values: Array, weights: Array, penalty: float) -> Ridge:
    """Return the linear model with the smallest weighted squared error.

    Parameters
    ----------
    present : ndarray of bool, shape (coalition, player)
        Who is there.
    values : ndarray of float64, shape (coalition,)
        Values.
    weights : ndarray of float64, shape (coalition,)
        Of the squared errors, at least 0.
    penalty : float
        Times the sum of the squares of the model's weights, added to the error; not of the
        intercept. At 0 the smallest weights of those that are equally good.

    Returns
    -------
    Ridge
        The model.

    Examples
    --------
    >>> found = ridge(np.array([[True], [False]]), np.array([5.0, 2.0]), np.ones(2), 0.0)
    >>> found.weights.round(9).tolist(), round(found.intercept, 9)
    ([3.0], 2.0)
    """
    design, share = present.astype(float), weights / weights.sum()
    middle, mean = share @ design, float(share @ values)
    root = np.sqrt(weights)[:, None]
    rows = np.concatenate([root * (design - middle), np.sqrt(penalty) * np.eye(design.shape[1])])
    goal = np.concatenate([root[:, 0] * (values - mean), np.zeros(design.shape[1])])
    found = np.linalg.lstsq(rows, goal, rcond=None)[0]
    left = values - mean - (design - middle) @ found
    total = float(share @ (values - mean) ** 2)
    determination = 1.0 - float(share @ left**2) / total if total > 0 else 1.0
    return Ridge(found, mean - float(middle @ found), determination)


def with_sum(
    present: NDArray[np.bool_], values: Array, weights: Array, empty: float, full: float
) -> tuple[Array, Array]:
    """Return the linear model that is exact where nobody and where everybody is there.

    Parameters
    ----------
    present : ndarray of bool, shape (coalition, player)
        Who is there; some but not all.
    values : ndarray of float64, shape (coalition,)
        Values.
    weights : ndarray of float64, shape (coalition,)
        Of the squared errors.
    empty, full : float
        Value of nobody, and of everybody.

    Returns
    -------
    tuple of ndarray of float64, shape (player,)
        What each player adds, with sum ``full - empty``; and its standard error, as it comes from
        coalitions that were drawn and are not exactly linear (White 1980), NaN where there are no
        more coalitions than players.

    Examples
    --------
    >>> present = np.array([[True, False], [False, True]])
    >>> with_sum(present, np.array([1.0, 4.0]), np.ones(2), 0.0, 7.0)[0].round(9).tolist()
    [2.0, 5.0]
    """
    if present.shape[1] == 1:
        return np.array([full - empty]), np.zeros(1)
    # Lundberg and Lee 2017: the last weight is what the others leave of the sum.
    last = present[:, -1].astype(float)
    design = present[:, :-1] - last[:, None]
    goal = values - empty - last * (full - empty)
    root = np.sqrt(weights)
    free = np.linalg.lstsq(root[:, None] * design, root * goal, rcond=None)[0]
    scores = np.append(free, full - empty - free.sum())
    count = len(scores)
    if len(values) <= count:
        return scores, np.full(count, np.nan)
    inverse = np.linalg.pinv((weights[:, None] * design).T @ design)
    left = weights * (goal - design @ free)
    spread = inverse @ ((left[:, None] * design).T @ (left[:, None] * design)) @ inverse
    spread *= len(values) / (len(values) - count + 1)
    ones = np.ones(count - 1)
    return scores, np.sqrt(np.append(np.diag(spread), ones @ spread @ ones).clip(min=0))
