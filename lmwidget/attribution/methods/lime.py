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

_GOOD = 0.5  # of the variance explained
_FEWEST, _EACH = 200, 8


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
    how much of the samples' variance the linear model explains, weighted likewise.

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
    fit = Check(
        name="local fit",
        value=model.determination,
        passed=model.determination >= _GOOD,
        explanation=(
            f"The linear model explains {model.determination:.0%} of what the {game.unit} does "
            f"near the text, over {int(there.sum())} samples."
        ),
    )
    return Scores(model.weights.astype(np.float32), settings, fit, partial=not bool(there.all()))


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
