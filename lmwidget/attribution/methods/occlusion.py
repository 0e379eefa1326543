"""Occlusion: what is lost when a window that slides over the text is taken away."""

from __future__ import annotations

import numpy as np

from lmwidget.attribution.game import Coalitions, Game
from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.sampling import reached, whole_number
from lmwidget.errors import InputError


def occlusion(game: Game, watch: Watch, *, window: int = 3, stride: int = 1) -> Scores:
    """Return what the text loses without each window, averaged over the windows on a unit.

    Zeiler and Fergus (2014) for images. A window of several units also sees what its units say
    alike, which leaving out one of them does not show.

    Parameters
    ----------
    game : Game
        The text.
    watch : Watch
        Progress and the wish to stop; when stopped, units that no window reached score NaN.
    window : int, default 3
        Units taken away at once.
    stride : int, default 1
        Units from one window to the next, at most a window; the last one ends with the text.

    Returns
    -------
    Scores
        Signed, in the unit of the game: the loss of a window, not divided among its units.

    Raises
    ------
    CancelledError
        When stopped before any window was taken away.
    InputError
        When window or stride is not positive, or units would lie between windows.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> why = lmw.load("tiny").attribute("The king said", "occlusion", window=2)
    >>> why.settings["window"], why.settings["stride"]
    (2, 1)
    """
    window, stride = whole_number("window", window, 1), whole_number("stride", stride, 1)
    if stride > window:
        raise InputError(
            f"With stride={stride} and window={window}, some units are in no window.",
            f"Give a stride of at most {window}.",
        )
    watch.check()
    inside = windows(len(game), window, stride)
    rows = np.concatenate([np.ones((1, len(game)), bool), ~inside])
    without = game.values(rows, watch)[1:]
    loss = game.full - without
    there = reached(loss, watch, 1)
    covering = inside[there].sum(0)
    total = np.where(inside[there], loss[there, None], 0.0).sum(0)
    scores = np.where(covering > 0, total / np.maximum(covering, 1), np.nan)
    settings = {"window": window, "stride": stride}
    return Scores(scores.astype(np.float32), settings, partial=not bool(there.all()))


def windows(count: int, window: int, stride: int) -> Coalitions:
    """Return which units are in each window.

    Parameters
    ----------
    count : int
        Units.
    window, stride : int
        Length, and from one to the next.

    Returns
    -------
    ndarray of bool, shape (window, unit)
        Every unit is in at least one.

    Examples
    --------
    >>> windows(4, 2, 2).astype(int).tolist()
    [[1, 1, 0, 0], [0, 0, 1, 1]]
    """
    begins = np.arange(0, max(1, count - window + stride), stride)
    place = np.arange(count) - begins[:, None]
    found: Coalitions = (place >= 0) & (place < window)
    return found


METHOD = Method(
    name="occlusion",
    label="Occlusion",
    signed=True,
    slow=True,
    summary="What the target loses when a window over the unit is taken away, on average.",
    paper="Zeiler and Fergus 2014",
    function=occlusion,
    needs="values",
    order=41,
    nested=True,
)
