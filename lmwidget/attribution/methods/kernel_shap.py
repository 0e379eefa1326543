"""Kernel SHAP: Shapley values, estimated by weighted least squares over sampled coalitions."""

from __future__ import annotations

import numpy as np

from lmwidget.attribution.completeness import completeness
from lmwidget.attribution.game import Game
from lmwidget.attribution.linear import with_sum
from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.sampling import kernel_sample, reached, whole_number

_EACH, _SMALL = 16, 512


def kernel_shap(game: Game, watch: Watch, *, samples: int | None = None, seed: int = 0) -> Scores:
    """Return what each unit adds, averaged over orders in which units come together: an estimate.

    Lundberg and Lee (2017): Shapley values are the weights of the linear model that is exact for
    the whole text and for nothing of it, and best for the coalitions between, weighted by the
    Shapley kernel. Sizes of coalitions are taken whole where there are samples enough; others are
    drawn in pairs with their complements (less error than as many independent draws), and none
    twice. With all coalitions the values are exact. The scores always sum to
    value(text) − value(nothing); how uncertain the sample leaves them is in the check's
    explanation.

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
    of_all = 2**count - 2
    note = (
        f"{int(there.sum())} coalitions of {of_all:,} leave each score uncertain by about "
        f"{float(np.sqrt(np.mean(errors**2))):.2g} (standard error)."
    )
    settings = {"samples": asked, "seed": seed}
    check = completeness(game, scores, note if there.sum() < of_all else "")
    return Scores(scores.astype(np.float32), settings, check, partial=not bool(there.all()))


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
