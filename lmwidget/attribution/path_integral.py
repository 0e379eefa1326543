"""The integral of a gradient along a straight path: one polynomial, or panels where it is rough."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from lmwidget.attribution.path import Array, Integral, Path

# Places are (1 − cos(π · i / _FINEST)) / 2, named by i: whoever halves steps uses all places again.
_FINEST = 2**14
_WHOLE = (8, 16, 32)  # steps of the rules over the whole path
_HELPED = 4.0  # where the path is smooth, half the step misses so much less
_BOOLE = np.array([7, 32, 12, 32, 7]) / 90
_TOGETHER = 4  # panels halved at once, whatever the batch size, so that it changes no result
# Where the path is smooth, to be exact costs little more than to be within the tolerance.
_EXACT = 1 / 50
_ROUNDING = 2e-5  # of the target's largest value in float32
_ROUNDING_IN_HALF = 1e-2

FEWEST_STEPS = _WHOLE[0] + 1
"Places of the coarsest rule."


@dataclass(frozen=True, eq=False)
class _Panel:
    """One part of the path: its scores, and by how much they miss the change of the target."""

    first: int
    step: int
    scores: Array
    gap: float

    @property
    def halves(self) -> list[tuple[int, int]]:
        step = self.step // 2
        return [(self.first, step), (self.first + 4 * step, step)]


def integrate(path: Path, steps: int) -> Integral:
    """Return the integral by one Gauss–Legendre rule over the whole path.

    Parameters
    ----------
    path : Path
        Where to evaluate.
    steps : int
        Number of nodes.

    Returns
    -------
    Integral
        When stopped early: an average over the nodes that were reached, which are spread over the
        whole path.

    Raises
    ------
    CancelledError
        When stopped before the first batch.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> from lmwidget.attribution.method import Watch
    >>> from lmwidget.attribution.question import Question
    >>> from lmwidget.attribution.target_function import TargetFunction
    >>> lm = lmw.load("tiny")
    >>> with TargetFunction(Question(lm, lm.tokenize("the king"))) as f:
    ...     integrate(Path(f, f.embeddings * 0, Watch(), 8, 4), 8).partial
    False
    """
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    places = (nodes + 1) / 2
    if not path.evaluate(places):
        return path.covered()
    return Integral(weights / 2 @ path.known(places)[1], partial=False)


def integrate_adaptively(path: Path, tolerance: float) -> Integral:
    """Return the integral, with more places where the path is rough.

    First one polynomial through 9, 17, 33 places (Clenshaw and Curtis 1960): where the path is
    smooth, it is soon exact. Its integral must change from place to place as the target does. If it
    does not, the path is cut into panels (of equal angle, with Boole's rule), in each of which the
    scores must sum to the change of the target. Panels that miss it by most are halved until what
    they miss, added up without sign, is at most ``tolerance`` of the change over the whole path, or
    ``path.total`` places are used up. No evaluation is ever wasted.

    Parameters
    ----------
    path : Path
        Where to evaluate.
    tolerance : float
        Relative.

    Returns
    -------
    Integral
        When stopped early: with the panels finished so far, which cover the whole path.

    Raises
    ------
    CancelledError
        When stopped before the first batch.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> from lmwidget.attribution.method import Watch
    >>> from lmwidget.attribution.question import Question
    >>> from lmwidget.attribution.target_function import TargetFunction
    >>> lm = lmw.load("tiny")
    >>> with TargetFunction(Question(lm, lm.tokenize("the king"))) as f:
    ...     path = Path(f, f.embeddings * 0, Watch(), 64, 16)
    ...     integrate_adaptively(path, 0.05).partial
    False
    """
    before = np.inf
    for steps in _WHOLE:
        places = _places(np.arange(steps + 1) * (_FINEST // steps))
        if len(places) > path.total:
            break
        if not path.evaluate(places):
            return path.covered()
        found, missed = _polynomial(path, places)
        finest = steps
        if missed <= _goal(path, tolerance * _EXACT) or not missed < before / _HELPED:
            break
        before = missed
    if not missed > _goal(path, tolerance):  # also when the model gives NaN
        return Integral(found, partial=False)
    step = _FINEST // finest
    panels = [_panel(path, first, step) for first in range(0, _FINEST, 4 * step)]
    while rough := _roughest(path, panels, _goal(path, tolerance)):
        halves = [half for panel in rough for half in panel.halves]
        if not path.evaluate(_places(np.unique([_indices(*half) for half in halves]))):
            break
        rest = [panel for panel in panels if panel not in rough]
        panels = rest + [_panel(path, *half) for half in halves]
    return Integral(np.sum([panel.scores for panel in panels], axis=0), path.stopped)


def _goal(path: Path, tolerance: float) -> float:
    """By how much the target's change may be missed: at least what is rounding."""
    in_full = path.f.embeddings.dtype in {torch.float32, torch.float64}
    rounding = _ROUNDING if in_full else _ROUNDING_IN_HALF
    largest = max(abs(value) for value in path.values.values())
    return max(tolerance * abs(path.values[1.0] - path.values[0.0]), rounding * largest)


def _polynomial(path: Path, places: Array) -> tuple[Array, float]:
    """Scores by one polynomial, and what it misses from place to place, added up without sign."""
    values, slopes = path.known(places)
    upto = _integrals(len(places) - 1)
    missed = np.diff(upto @ slopes.sum(1) - values)
    return upto[-1] @ slopes, float(np.abs(missed).sum())


@lru_cache
def _integrals(steps: int) -> Array:
    """Weights of the integral from 0 up to each place, of the polynomial through all places."""
    x = -np.cos(np.pi * np.arange(steps + 1) / steps)
    terms = chebyshev.chebint(np.eye(steps + 1), lbnd=-1)
    through = np.linalg.inv(chebyshev.chebvander(x, steps))
    weights: Array = chebyshev.chebvander(x, steps + 1) @ terms @ through / 2
    return weights


def _roughest(path: Path, panels: list[_Panel], goal: float) -> list[_Panel]:
    """Panels to halve next: none when the goal is reached or nothing more can be done."""
    if not sum(panel.gap for panel in panels) > goal:  # also when the model gives NaN
        return []
    room = min(_TOGETHER, (path.total - len(path.slopes)) // 4)
    # Narrower panels are not halved: what they miss is a jump, as where a mixture changes its expert.
    rough = [panel for panel in panels if panel.gap > goal / len(panels) and panel.step > 1]
    return heapq.nlargest(room, rough, key=lambda panel: panel.gap)


def _panel(path: Path, first: int, step: int) -> _Panel:
    """Integrate over the angle, from the slopes at five places: at both ends of the path it is 0."""
    indices = _indices(first, step)
    values, slopes = path.known(_places(indices))
    angle = np.pi * 4 * step / _FINEST
    weights = angle * _BOOLE * np.sin(np.pi * indices / _FINEST) / 2
    inside = (indices > 0) & (indices < _FINEST)  # where the slope need not be finite
    scores = weights[inside] @ slopes[inside]
    return _Panel(first, step, scores, abs(float(scores.sum()) - (values[-1] - values[0])))


def _indices(first: int, step: int) -> NDArray[np.int64]:
    return first + step * np.arange(5)


def _places(indices: NDArray[np.int64]) -> Array:
    places: Array = (1 - np.cos(np.pi * indices / _FINEST)) / 2
    return places
