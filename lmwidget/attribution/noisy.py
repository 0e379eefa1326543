"""A text with its embeddings a little moved: what smoothing methods average over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.target_function import TargetFunction
from lmwidget.errors import CancelledError, InputError, UnknownNameError, nearest


class Moved:
    """A target function whose text lies elsewhere; everything else is that of the original.

    Parameters
    ----------
    f : TargetFunction
        The original.
    embeddings : Tensor, shape (token, width)
        Where the text is taken to be.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> from lmwidget.attribution.question import Question
    >>> lm = lmw.load("tiny")
    >>> with TargetFunction(Question(lm, lm.tokenize("the king"))) as f:
    ...     bool(abs(Moved(f, f.embeddings).value - f.value) < 1e-3)
    True
    """

    def __init__(self, f: TargetFunction, embeddings: Tensor) -> None:
        self._f = f
        self.embeddings = embeddings
        values, gradients = f.at(embeddings[None])
        self.value, self._gradient = float(values[0]), gradients[0]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._f, name)

    def gradient(self) -> Tensor:
        """Return the gradient there, float32 (token, width)."""
        return self._gradient


def maps_around(
    f: TargetFunction, base: str, watch: Watch, *, samples: int, noise: float, seed: int
) -> Iterator[np.ndarray[Any, np.dtype[np.float32]]]:
    """Yield the maps of a gradient method at the text with noise on its embeddings.

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
        Of the noise.

    Yields
    ------
    ndarray of float32, shape (token,)
        Scores; fewer when stopped.

    Raises
    ------
    InputError
        When a setting is out of range.
    UnknownNameError
        When there is no such gradient method.
    """
    method = gradient_method(base)
    if isinstance(samples, bool) or not hasattr(samples, "__index__") or samples < 1:
        raise InputError(f"samples is {samples!r}.", "Give a whole number of at least 1.")
    if not isinstance(noise, int | float) or not 0 <= noise < float("inf"):
        raise InputError(f"noise is {noise!r}.", "Give a number from 0, such as 0.1.")
    own = f.embeddings.float()
    spread = noise * float(own.std())
    generator = torch.Generator().manual_seed(int(seed))
    for done in range(samples):
        if watch.stopped:
            return
        moved = own + spread * torch.randn(own.shape, generator=generator).to(own.device)
        found: Scores = method.function(Moved(f, moved), _Silent(watch))
        if found.partial:
            return
        yield found.scores
        watch.report(done + 1, samples)


def gradient_method(name: str) -> Method:
    """Return a method that reads nothing but values and gradients.

    Parameters
    ----------
    name : str
        ``"gradient"``, ``"input_x_gradient"``, ``"integrated_gradients"``.

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
    from lmwidget.attribution.methods import gradient, input_x_gradient, integrated_gradients

    known = {m.METHOD.name: m.METHOD for m in (input_x_gradient, gradient, integrated_gradients)}
    if name not in known:
        raise UnknownNameError(f"There is no gradient method {name!r} to smooth.", nearest(name, known))  # fmt: skip
    method: Method = known[name]
    return method


class _Silent(Watch):
    """Passes on the wish to stop; progress is told a sample at a time."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    @property
    def stopped(self) -> bool:
        return self._watch.stopped


def stacked(maps: Iterator[Any], watch: Watch) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return all maps, float64 (sample, token), or raise when there is none.

    Parameters
    ----------
    maps : iterator of ndarray
        From :func:`maps_around`.
    watch : Watch
        The wish to stop.

    Returns
    -------
    ndarray of float64, shape (sample, token)
        At least one.

    Raises
    ------
    CancelledError
        When stopped before the first.

    Examples
    --------
    >>> stacked(iter([np.zeros(2)]), Watch()).shape
    (1, 2)
    """
    found = list(maps)
    if not found:
        watch.check()
        raise CancelledError("The computation was stopped.", "Run it again.")
    return np.asarray(found, np.float64)
