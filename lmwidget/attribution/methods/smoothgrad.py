"""SmoothGrad: the mean of a gradient method's maps around the text."""

from __future__ import annotations

import numpy as np

from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.noisy import maps_around
from lmwidget.attribution.target_function import TargetFunction


def smoothgrad(
    f: TargetFunction,
    watch: Watch,
    *,
    base: str = "input_x_gradient",
    samples: int = 16,
    noise: float = 0.1,
    seed: int = 0,
) -> Scores:
    """Return the mean over samples of a method's map, with noise on the embeddings.

    Smilkov, Thorat, Kim, Viégas and Wattenberg (2017). Gradients of deep models change quickly from
    place to place; their mean around the text shows what they have in common.

    Parameters
    ----------
    f : TargetFunction
        What is explained.
    watch : Watch
        Progress and the wish to stop; stopped early, the samples so far make a partial result.
    base : str, default "input_x_gradient"
        Method that is smoothed: also ``"gradient"``, ``"integrated_gradients"``.
    samples : int, default 16
        Maps that are averaged.
    noise : float, default 0.1
        Standard deviation of the noise, relative to that of the text's embeddings.
    seed : int, default 0
        Of the noise.

    Returns
    -------
    Scores
        In the unit of the base, one a token.

    Raises
    ------
    CancelledError
        When stopped before the first sample.
    InputError
        When a setting is out of range.
    UnknownNameError
        When the base is no gradient method.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lmw.load("tiny").attribute("the king said", "smoothgrad", samples=4).scores.shape
    (4,)
    """
    watch.check()
    maps = maps_around(f, base, watch, samples=samples, noise=noise, seed=seed)
    return Scores(
        maps.scores.mean(0).astype(np.float32),
        maps.settings,
        partial=maps.partial,
        signed=maps.base.signed,
        unit=maps.base.unit,
    )


METHOD = Method(
    name="smoothgrad",
    label="SmoothGrad",
    signed=True,
    slow=True,
    summary="The mean of input × gradient (or another gradient method) around the text.",
    paper="Smilkov et al. 2017",
    function=smoothgrad,
    order=12,
)
