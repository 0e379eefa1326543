"""Kernel SHAP: Shapley values, estimated by weighted least squares over sampled coalitions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lmwidget.attribution.game import Game
from lmwidget.attribution.linear import with_sum
from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.sampling import kernel_sample, reached, whole_number
from lmwidget.results import Check

_EACH, _SMALL = 16, 512
_GOOD = 0.1  # of the largest score


def kernel_shap(game: Game, watch: Watch, *, samples: int | None = None, seed: int = 0) -> Scores:
    """Return what each unit adds, averaged over orders in which units come together: an estimate.

    Lundberg and Lee (2017): Shapley values are the weights of the linear model that is exact for
    the whole text and for nothing of it, and best for the coalitions between, weighted by the
    Shapley kernel. Sizes of coalitions are taken whole where there are samples enough; others are
    drawn in pairs with their complements (less error than as many independent draws), and none
    twice. With all coalitions the values are exact.

    The scores sum to value(text) − value(nothing) whatever was drawn, so their sum is no evidence.
    The check is the mean standard error of the scores as a share of the largest absolute score,
    passed up to a tenth: units whose scores differ by less than that are not told apart. It errs
    on the safe side, as what complements say alike cancels in the scores and not in the error.

    Parameters
    ----------
    game : Game
        The text.
    watch : Watch
        Progress and the wish to stop; when stopped, the coalitions reached are used.
    samples : int, optional
        Most coalitions, besides all units and none; default: 16 a unit, at least 512.
    seed : int, default 0
        Of the draws.

    Returns
    -------
    Scores
        Signed, in the unit of the game.

    Raises
    ------
    CancelledError
        When stopped before there was a coalition for each unit.
    InputError
        When there are fewer samples than units.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> why = lmw.load("tiny").attribute("The king said", "kernel_shap")
    >>> exact = lmw.load("tiny").attribute("The king said", "exact_shapley")
    >>> bool(abs(why.scores - exact.scores).max() < 1e-3)
    True
    """
    count, seed = len(game), whole_number("seed", seed, 0)
    asked = max(_EACH * count, _SMALL) if samples is None else samples
    asked = whole_number("samples", asked, min(count, 2**count - 2))
    watch.check()
    present, weights = kernel_sample(count, asked, seed)
    ends = np.array([[True], [False]]).repeat(count, 1)
    values = game.values(np.concatenate([ends, present]), watch)[2:]
    there = reached(values, watch, count - 1)
    scores, errors = with_sum(present[there], values[there], weights[there], game.empty, game.full)
    settings = {"samples": asked, "seed": seed}
    check = _standard_error(scores, errors, int(there.sum()), 2**count - 2)
    return Scores(scores.astype(np.float32), settings, check, partial=not bool(there.all()))


def _standard_error(
    scores: NDArray[np.float64], errors: NDArray[np.float64], drawn: int, of_all: int
) -> Check:
    """Return how uncertain the coalitions that were drawn leave the scores."""
    if drawn == of_all:
        said = f"All {of_all:,} coalitions were asked for: the scores are exact."
        return Check("relative standard error", 0.0, said, relative=0.0, passed=True)
    error, largest = float(errors.mean()), float(np.abs(scores).max())
    share = error / largest if largest else math.inf if error else 0.0
    said = f"{drawn:,} coalitions of {of_all:,} leave each score uncertain by about {error:.2g}"
    if math.isnan(error):
        said = (
            f"{drawn:,} coalitions of {of_all:,} are too few to tell how uncertain the scores are."
        )
    else:
        said += (
            f" (standard error), which is {share:.0%} of the largest. More samples make it less."
        )
    return Check("relative standard error", share, said, relative=share, passed=share <= _GOOD)


METHOD = Method(
    name="kernel_shap",
    label="Kernel SHAP",
    signed=True,
    slow=True,
    summary="What each unit adds, averaged over orders in which units come together, estimated.",
    paper="Lundberg and Lee 2017",
    function=kernel_shap,
    needs="values",
    order=44,
)
