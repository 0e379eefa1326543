"""Sobol indices: the share of the answer's variance that each unit has a hand in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch.quasirandom import SobolEngine

from lmwidget.attribution.game import Coalitions, Game
from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.sampling import whole_number
from lmwidget.errors import CancelledError, InputError

_LARGEST = 1 << 24
"Numbers in the coalitions that are asked for at once."


def sobol(game: Game, watch: Watch, *, masks: int = 32, seed: int = 0) -> Scores:
    """Return the total Sobol index of each unit, when every unit is there half of the time.

    Fel, Cadène, Chalvidal, Cord, Vigouroux and Serre (2021). The index is the share of the variance
    of the value that is lost when all units but this one are held fixed: what it does alone and
    together with others, without sign. The indices of a text whose units do not interact sum to 1;
    interactions count for every unit that has a part in them.

    Masks come from a scrambled Sobol sequence and keep a unit where it is above one half. The
    estimator is that of Jansen (1999), as in the paper; but since a unit has two states only, the
    mean over the second design is taken exactly: each mask is compared with itself, that unit
    changed. So ``masks × (units + 1)`` texts are read at most; equal ones once.

    Parameters
    ----------
    game : Game
        The text.
    watch : Watch
        Progress and the wish to stop; when stopped, the masks that are complete count.
    masks : int, default 32
        Points of the sequence; best a power of two.
    seed : int, default 0
        Scrambles the sequence.

    Returns
    -------
    Scores
        At least 0, as shares of the variance; all 0 where the value never changes.

    Raises
    ------
    CancelledError
        When stopped before the first mask was complete.
    InputError
        When ``masks`` is out of range, or there are more units than the sequence has dimensions.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> why = lmw.load("tiny").attribute("the king said", "sobol")
    >>> why.unit, why.signed
    ('share of the variance', False)
    """
    masks, seed = whole_number("masks", masks, 2), whole_number("seed", seed, 0)
    if len(game) > SobolEngine.MAXDIM:
        raise InputError(
            f"The text has {len(game)} units, but a Sobol sequence has {SobolEngine.MAXDIM}.",
            "Use a coarser level, such as level='sentence'.",
        )
    watch.check()
    values = _values(game, watch, masks, seed)
    complete = ~np.isnan(values).any(1) | (not watch.stopped)
    if not complete.any():
        raise CancelledError("No mask was complete.", "Run it again.")
    scores = total_indices(values[complete]).astype(np.float32)
    return Scores(scores, {"masks": masks, "seed": seed}, partial=not bool(complete.all()))


def _values(game: Game, watch: Watch, masks: int, seed: int) -> NDArray[np.float64]:
    """Return the values of the design, asked for in parts that are small in memory."""
    count = len(game)
    points = design(count, masks, seed)
    at_once = max(1, _LARGEST // (count * (count + 1)))
    found: NDArray[np.float64] = np.full((masks, count + 1), np.nan)
    for first in range(0, masks, at_once):
        rows = changed(points[first : first + at_once]).reshape(-1, count)
        values = game.values(rows, watch, before=first * (count + 1), total=found.size)
        found[first : first + at_once] = values.reshape(-1, count + 1)
    return found


def design(count: int, masks: int, seed: int) -> Coalitions:
    """Return masks in which every unit is there about half of the time.

    Parameters
    ----------
    count : int
        Units.
    masks : int
        Points of the sequence.
    seed : int
        Scrambles it.

    Returns
    -------
    ndarray of bool, shape (mask, unit)
        Points of a scrambled Sobol sequence, above one half or not.

    Examples
    --------
    >>> design(2, 4, 0).sum(0).tolist()
    [2, 2]
    """
    points = SobolEngine(count, scramble=True, seed=seed).draw(masks).numpy()
    found: Coalitions = points > 0.5
    return found


def changed(masks: Coalitions) -> Coalitions:
    """Return masks, and each with one unit changed after the other.

    Parameters
    ----------
    masks : ndarray of bool, shape (mask, unit)
        From :func:`design`.

    Returns
    -------
    ndarray of bool, shape (mask, 1 + unit, unit)
        The mask itself first.

    Examples
    --------
    >>> changed(np.array([[True, False]])).astype(int).tolist()
    [[[1, 0], [0, 0], [1, 1]]]
    """
    count = masks.shape[1]
    flips = np.concatenate([np.zeros((1, count), bool), np.eye(count, dtype=bool)])
    found: Coalitions = masks[:, None] ^ flips
    return found


def total_indices(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return total indices by the estimator of Jansen.

    Parameters
    ----------
    values : ndarray of float64, shape (mask, 1 + unit)
        In the order of :func:`changed`.

    Returns
    -------
    ndarray of float64, shape (unit,)
        Half of the mean squared change, over two equally likely states, by the variance.

    Examples
    --------
    >>> total_indices(np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]])).tolist()
    [1.0, 0.0]
    """
    squares = ((values[:, 1:] - values[:, :1]) ** 2).mean(0)
    variance = values.var()
    return np.zeros(values.shape[1] - 1) if variance == 0 else squares / 4 / variance


METHOD = Method(
    name="sobol",
    label="Sobol indices",
    signed=False,
    slow=True,
    summary="The share of the variance that each unit has a hand in, alone and with others.",
    paper="Fel et al. 2021",
    function=sobol,
    needs="values",
    order=46,
    unit="share of the variance",
)
