"""Shapley values from the values of all coalitions."""

from __future__ import annotations

from math import comb

import numpy as np
from numpy.typing import NDArray


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


def weight(count: int, others: int) -> float:
    """Return the share of all orders in which a player comes right after certain others.

    Parameters
    ----------
    count : int
        Players.
    others : int
        How many of them come before.

    Returns
    -------
    float
        ``others! (count - others - 1)! / count!``.

    Examples
    --------
    >>> weight(3, 1)
    0.16666666666666666
    """
    return 1 / (count * comb(count - 1, others))


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
    weights = np.array([weight(count, size) for size in range(count)])
    found = np.zeros(count)
    for player in range(count):
        without = np.flatnonzero(~present[:, player])
        gains = values[without + (1 << player)] - values[without]
        found[player] = (weights[sizes[without]] * gains).sum()
    return found
