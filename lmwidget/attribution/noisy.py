"""A text with its embeddings a little moved: what smoothing methods average over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lmwidget.attribution.method import Method, Watch
from lmwidget.attribution.sampling import whole_number
from lmwidget.attribution.target_function import TargetFunction
from lmwidget.errors import InputError, UnknownNameError, nearest


class Moved:
    """A target function whose text lies elsewhere; everything else is that of the original.

    Parameters
    ----------
    f : TargetFunction
        The original.
    embeddings : Tensor, shape (token, width)
        Where the text is taken to be.
    value : float
        The target there.
    slope : Tensor of float32, shape (token, width)
        The gradient there.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> from lmwidget.attribution.question import Question
    >>> lm = lmw.load("tiny")
    >>> with TargetFunction(Question(lm, lm.tokenize("the king"))) as f:
    ...     Moved(f, f.embeddings * 2, 1.0, f.embeddings * 0).tokens is f.tokens
    True
    """

    def __init__(self, f: TargetFunction, embeddings: Tensor, value: float, slope: Tensor) -> None:
        self._f, self.embeddings, self.value, self._slope = f, embeddings, value, slope

    def __getattr__(self, name: str) -> Any:
        return getattr(self._f, name)

    def gradient(self) -> Tensor:
        """Return the gradient there, float32 (token, width)."""
        return self._slope


@dataclass(frozen=True)
class Maps:
    """Maps of a gradient method around a text.

    Attributes
    ----------
    scores : ndarray of float64, shape (sample, token)
        Of the samples that were finished, at least one.
    base : Method
        What made them.
    settings : dict
        To make them again.
    partial : bool
        True when it was stopped early.
    """

    scores: NDArray[np.float64]
    base: Method
    settings: dict[str, Any]
    partial: bool


def maps_around(
    f: TargetFunction, base: str, watch: Watch, *, samples: int, noise: float, seed: int
) -> Maps:
    """Return the maps of a gradient method at the text with noise on its embeddings.

    Parameters
    ----------
    f : TargetFunction
        What is explained.
    base : str
        Name of a gradient method, with its default settings.
    watch : Watch
        Told after every sample, asked before.
    samples : int
        How many.
    noise : float
        Standard deviation of the noise, relative to that of the text's embeddings.
    seed : int
        Of the noise; how many points go together changes nothing.

    Returns
    -------
    Maps
        Fewer than ``samples`` when stopped.

    Raises
    ------
    CancelledError
        When stopped before the first.
    InputError
        When a setting is out of range.
    UnknownNameError
        When there is no such gradient method.
    """
    method = gradient_method(base)
    settings = {"base": base, "samples": samples, "noise": noise, "seed": seed}
    samples, seed = whole_number("samples", samples, 1), whole_number("seed", seed, 0)
    check_noise(noise)
    watch.report(0, samples)
    maps: list[NDArray[np.float32]] = []
    for moved in _around(f, watch, samples, noise, seed):
        found = method.function(cast("TargetFunction", moved), _Silent(watch))
        if found.partial:
            break
        maps.append(found.scores)
        watch.report(len(maps), samples)
        if watch.stopped:
            break
    if not maps:
        watch.give_up()
    return Maps(np.asarray(maps, np.float64), method, settings, len(maps) < samples)


def check_noise(noise: Any) -> None:
    """Raise unless this is a size of noise.

    Parameters
    ----------
    noise : object
        What was given.

    Raises
    ------
    InputError
        When it is no number from 0.

    Examples
    --------
    >>> check_noise(0.1)
    """
    number = isinstance(noise, int | float) and not isinstance(noise, bool)
    if not number or not 0 <= noise < float("inf"):
        raise InputError(f"noise is {noise!r}.", "Give a number from 0, such as 0.1.")


def gradient_method(name: str) -> Method:
    """Return a method that reads nothing but values and gradients.

    Parameters
    ----------
    name : str
        ``"gradient"``, ``"input_x_gradient"``, ``"integrated_gradients"``, …

    Returns
    -------
    Method
        The method.

    Raises
    ------
    UnknownNameError
        When it is another.

    Examples
    --------
    >>> gradient_method("gradient").signed
    False
    """
    from lmwidget.attribution.methods import METHODS

    known = {
        key: method
        for key, method in METHODS.items()
        if method.needs == "gradients" and "base" not in method.settings
    }
    if name not in known:
        raise UnknownNameError(f"There is no gradient method {name!r} to smooth.", nearest(name, known))  # fmt: skip
    return known[name]


def _around(
    f: TargetFunction, watch: Watch, samples: int, noise: float, seed: int
) -> Iterator[Moved]:
    own = f.embeddings.float()
    spread = noise * float(own.std())
    generator = torch.Generator().manual_seed(seed)
    together = f.points_together()
    for first in range(0, samples, together):
        if watch.stopped:
            return
        count = min(together, samples - first)
        drawn = [torch.randn(own.shape, generator=generator) for _ in range(count)]
        points = own + spread * torch.stack(drawn).to(own.device)
        values, slopes = f.at(points)
        for point, value, slope in zip(points, values.tolist(), slopes, strict=True):
            yield Moved(f, point, value, slope)


class _Silent(Watch):
    """Passes on the wish to stop; progress is told a sample at a time."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    @property
    def stopped(self) -> bool:
        return self._watch.stopped
