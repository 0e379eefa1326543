"""Leave-one-out: what is lost when a unit is taken away."""

from __future__ import annotations

import numpy as np

from lmwidget.attribution.game import Game
from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.sampling import reached


def leave_one_out(game: Game, watch: Watch) -> Scores:
    """Return what the text has over the text without each unit.

    Li, Monroe and Jurafsky (2016), "erasure". What units only do together, or what several of them
    say alike, is not seen: the others are always there.

    Parameters
    ----------
    game : Game
        The text.
    watch : Watch
        Progress and the wish to stop; when stopped, units that were not reached score NaN.

    Returns
    -------
    Scores
        Signed, in the unit of the game.

    Raises
    ------
    CancelledError
        When stopped before any unit was taken away.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lmw.load("tiny").attribute("The king said", "leave_one_out").scores.shape
    (3,)
    """
    watch.check()
    rows = np.concatenate([np.ones((1, len(game)), bool), ~np.eye(len(game), dtype=bool)])
    without = game.values(rows, watch)[1:]
    scores = game.full - without
    there = reached(scores, watch, 1)
    return Scores(scores.astype(np.float32), partial=not bool(there.all()))


METHOD = Method(
    name="leave_one_out",
    label="Leave-one-out",
    signed=True,
    slow=True,
    summary="What the target loses when the unit is taken away.",
    paper="Li et al. 2016",
    function=leave_one_out,
    needs="values",
    order=40,
    nested=True,
)
