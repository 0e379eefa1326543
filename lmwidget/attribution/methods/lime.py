"""LIME: the weights of a linear model that behaves like the answer near the text."""

from __future__ import annotations

import math
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from lmwidget.attribution.game import Coalitions, Game
from lmwidget.attribution.linear import ridge
from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.sampling import reached, removal_sample, whole_number
from lmwidget.errors import InputError
from lmwidget.results import Check

_GOOD = 0.5  # of the variance foretold
_FEWEST, _EACH = 200, 8
_ALONE = 1e-9


def lime(
    game: Game,
    watch: Watch,
    *,
    samples: int | None = None,
    kernel_width: float = 25.0,
    penalty: float = 1.0,
    seed: int = 0,
) -> Scores:
    """Return the weights of a linear model fitted to the text with units taken away.

    Ribeiro, Singh and Guestrin (2016), with the sampling, the kernel and the ridge regression of
    their ``LimeTextExplainer`` and its defaults, all units kept: the weight of a sample is
    ``exp(-d² / (2 kernel_width²))`` with ``d`` 100 times the cosine distance to the whole text.
    (Captum's ``Lime`` with cosine distance calls a hundredth of it ``kernel_width``.) The check is
    how much of the samples' variance the linear model foretells, weighted likewise, each sample by
    a model fitted to all others (Allen 1974, PRESS): with few samples a model fits any numbers well
    that it was fitted to. Passed from a half.

    Parameters
    ----------
    game : Game
        The text.
    watch : Watch
        Progress and the wish to stop; when stopped, the model is fitted to the samples reached.
    samples : int, optional
        Texts to fit to, the whole one among them; default: 8 a unit, at least 200. Equal ones are
        read once.
    kernel_width : float, default 25
        How near is near.
    penalty : float, default 1
        Of large weights, which it draws towards 0.
    seed : int, default 0
        Of the samples.

    Returns
    -------
    Scores
        Signed, in the unit of the game.

    Raises
    ------
    CancelledError
        When stopped with fewer than two samples.
    InputError
        When a setting is out of range.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lmw.load("tiny").attribute("The king said", "lime").check.name
    'local fit'
    """
    count, seed = len(game), whole_number("seed", seed, 0)
    samples = (
        max(_FEWEST, _EACH * count) if samples is None else whole_number("samples", samples, 2)
    )
    numbers = all(isinstance(value, Real) for value in (kernel_width, penalty))
    if not numbers or not kernel_width > 0 or not 0 <= penalty < math.inf:
        raise InputError(
            f"kernel_width is {kernel_width!r} and penalty is {penalty!r}.",
            "Give a positive width, and a penalty of at least 0.",
        )
    watch.check()
    present = removal_sample(count, samples, seed)
    values = game.values(present, watch)
    there = reached(values, watch, 2)
    weights = nearness(present, kernel_width)
    model = ridge(present[there], values[there], weights[there], penalty)
    settings = {"samples": samples, "kernel_width": kernel_width, "penalty": penalty, "seed": seed}
    share = foretold(present[there], values[there], weights[there], penalty)
    fit = Check(
        name="local fit",
        value=share,
        passed=share >= _GOOD,
        explanation=(
            f"The linear model foretells {max(share, 0.0):.0%} of what the {game.unit} does near "
            f"the text, each of {int(there.sum())} samples by the others (it explains "
            f"{model.determination:.0%} of those that it was fitted to)."
        ),
    )
    return Scores(model.weights.astype(np.float32), settings, fit, partial=not bool(there.all()))


def foretold(
    present: Coalitions, values: NDArray[np.float64], weights: NDArray[np.float64], penalty: float
) -> float:
    """Return how much of the values linear models foretell that were fitted without them.

    Parameters
    ----------
    present : ndarray of bool, shape (coalition, player)
        Who is there; equal coalitions are left out together.
    values, weights : ndarray of float64, shape (coalition,)
        Of the game, and of the squared errors.
    penalty : float
        Of :func:`lmwidget.attribution.linear.ridge`.

    Returns
    -------
    float
        1 less the weighted squared error, as a share of that of the mean of the others; at most 1,
        below 0 when the mean is better. NaN where a value hangs on its own coalition alone.

    Examples
    --------
    >>> rows = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], bool)
    >>> round(foretold(rows, np.array([0.0, 2.0, 1.0, 3.0]), np.ones(4), 0.0), 9)
    1.0
    """
    rows, first, which = np.unique(present, axis=0, return_index=True, return_inverse=True)
    own = np.bincount(which.ravel(), weights)
    goal = values[first]
    design = np.column_stack([np.ones(len(rows)), rows])
    ridged = np.diag([0.0, *[penalty] * rows.shape[1]])
    inverse = np.linalg.pinv((own[:, None] * design).T @ design + ridged, hermitian=True)
    left = goal - design @ (inverse @ (design.T @ (own * goal)))
    free = 1 - own * np.einsum("ij,jk,ik->i", design, inverse, design)
    spread = float(own @ ((goal - own @ goal / own.sum()) / (1 - own / own.sum())) ** 2) if len(rows) > 1 else 0.0  # fmt: skip
    if not spread > 0:
        return 1.0 if spread == 0 else math.nan
    if bool((free < _ALONE).any()):
        return math.nan
    return 1 - float(own @ (left / free) ** 2) / spread


def nearness(present: Coalitions, kernel_width: float) -> NDArray[np.float64]:
    """Return how much a sample counts.

    Parameters
    ----------
    present : ndarray of bool, shape (coalition, player)
        Who is there.
    kernel_width : float
        In hundredths of cosine distance.

    Returns
    -------
    ndarray of float64, shape (coalition,)
        1 for the whole text; it is 1 away from a text with nothing in it.

    Examples
    --------
    >>> nearness(np.array([[True, True], [False, False]]), 100.0).round(4).tolist()
    [1.0, 0.6065]
    """
    distance = 100 * (1 - np.sqrt(present.mean(1)))
    found: NDArray[np.float64] = np.exp(-(distance**2) / (2 * kernel_width**2))
    return found


METHOD = Method(
    name="lime",
    label="LIME",
    signed=True,
    slow=True,
    summary="What each unit adds in a linear model of the target near the text.",
    paper="Ribeiro et al. 2016",
    function=lime,
    needs="values",
    order=45,
)
