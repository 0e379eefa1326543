"""Random scores: what a map must beat before it is believed."""

from __future__ import annotations

import numpy as np

from lmwidget.attribution.game import Game
from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.sampling import whole_number


def random(game: Game, watch: Watch, *, seed: int = 0) -> Scores:
    """Return scores drawn from a normal distribution, which know nothing of the model.

    The control of every comparison: a method whose checks are no better than this says nothing
    (Hooker, Erhan, Kindermans and Kim 2019 compare with a random ranking in the same way).

    Parameters
    ----------
    game : Game
        The text.
    watch : Watch
        Progress and the wish to stop.
    seed : int, default 0
        Another seed gives other scores.

    Returns
    -------
    Scores
        Signed, without a unit, one a player.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lmw.load("tiny").attribute("the king said", "random", seed=1).unit
    'random number'
    """
    seed = whole_number("seed", seed, 0)
    watch.check()
    scores = np.random.default_rng(seed).standard_normal(len(game)).astype(np.float32)
    watch.report(1, 1)
    return Scores(scores, {"seed": seed})


METHOD = Method(
    name="random",
    label="Random (control)",
    signed=True,
    slow=False,
    summary="Scores drawn by chance: a map that is no better than this says nothing.",
    paper="Hooker et al. 2019",
    function=random,
    needs="values",
    order=90,
    unit="random number",
)
