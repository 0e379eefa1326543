"""VarGrad: how much a gradient method's maps vary around the text."""

from __future__ import annotations

import numpy as np

from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.noisy import maps_around
from lmwidget.attribution.target_function import TargetFunction
from lmwidget.errors import InputError


def vargrad(
    f: TargetFunction,
    watch: Watch,
    *,
    base: str = "input_x_gradient",
    samples: int = 16,
    noise: float = 0.1,
    seed: int = 0,
) -> Scores:
    """Return the standard deviation over samples of a method's map, with noise on the embeddings.

    Adebayo, Gilmer, Goodfellow and Kim (2018) take the variance; its square root has the same order
    and the unit of the base. Large where the model's slope is not the same from place to place.

    Parameters
    ----------
    f : TargetFunction
        What is explained.
    watch : Watch
        Progress and the wish to stop; stopped early, the samples so far make a partial result.
    base : str, default "input_x_gradient"
        Method whose maps are compared: also ``"gradient"``, ``"integrated_gradients"``.
    samples : int, default 16
        Maps, at least 2.
    noise : float, default 0.1
        Standard deviation of the noise, relative to that of the text's embeddings.
    seed : int, default 0
        Of the noise.

    Returns
    -------
    Scores
        At least 0, one a token.

    Raises
    ------
    CancelledError
        When stopped before the second sample.
    InputError
        When a setting is out of range.
    UnknownNameError
        When the base is no gradient method.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lmw.load("tiny").attribute("the king said", "vargrad", samples=4).signed
    False
    """
    if samples == 1:
        raise InputError("samples is 1.", "Give at least 2, which can differ.")
    watch.check()
    maps = maps_around(f, base, watch, samples=samples, noise=noise, seed=seed)
    if len(maps.scores) < 2:
        watch.check()
    return Scores(
        maps.scores.std(0, ddof=1).astype(np.float32),
        maps.settings,
        partial=maps.partial,
        unit=maps.base.unit,
    )


METHOD = Method(
    name="vargrad",
    label="VarGrad",
    signed=False,
    slow=True,
    summary="How much input × gradient (or another gradient method) varies around the text.",
    paper="Adebayo et al. 2018",
    function=vargrad,
    order=13,
)
