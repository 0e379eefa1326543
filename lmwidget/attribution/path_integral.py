"""The integral of a gradient along a straight path, by Gauss–Legendre quadrature in panels."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lmwidget.attribution.method import Watch
from lmwidget.attribution.target_function import TargetFunction
from lmwidget.errors import CancelledError

Array = NDArray[np.float64]
_GOLDEN = (5**0.5 - 1) / 2
_NODES = 3  # in a panel: on a rough path, more panels tell more than better ones
_QUARTERS = np.array([(0.0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1.0)])
_FIRST = len(_QUARTERS) * _NODES + len(_QUARTERS) - 1
_SPLIT = 2 * _NODES + 1
_TOGETHER = 4  # panels halved at once, whatever the batch size, so that it changes no result
# Differences of float32 logits below this are rounding.
_ROUNDING = 1e-3
# Narrower panels are not halved: what they miss is a jump, as where a mixture changes its expert.
_NARROWEST = 2**-12

FEWEST_STEPS = _FIRST


@dataclass(frozen=True)
class Integral:
    """Scores of all tokens.

    Attributes
    ----------
    scores : ndarray of float64, shape (token,)
        Integral of gradient × (text − baseline), summed over the embedding's dimensions.
    partial : bool
        True when it was stopped early.
    """

    scores: Array
    partial: bool


@dataclass
class Path:
    """A straight line from a baseline (0) to the text (1), evaluated in batches.

    Attributes
    ----------
    f : TargetFunction
        What is evaluated.
    start : Tensor of float32, shape (token, width)
        Baseline.
    watch : Watch
        Told after every batch, asked before every batch.
    total : int
        Largest number of points that will be evaluated.
    batch_size : int
        Points in one pass.
    values : dict of float to float
        What is known of the target, by place on the path.
    done : int
        Points evaluated.
    """

    f: TargetFunction
    start: Tensor
    watch: Watch
    total: int
    batch_size: int
    values: dict[float, float] = field(default_factory=dict)
    done: int = 0
    stopped: bool = False

    def slopes(self, places: Array) -> Array:
        """Return what each token adds per unit of the path, at some places of it.

        Parameters
        ----------
        places : ndarray of float64, shape (place,)
            Between 0 and 1. The target's values there are added to ``values``.

        Returns
        -------
        ndarray of float64, shape (place, token)
            Fewer places when it was stopped.

        Examples
        --------
        >>> import lmwidget as lmw, numpy as np
        >>> from lmwidget.attribution.question import Question
        >>> lm = lmw.load("tiny")
        >>> with TargetFunction(Question(lm, lm.tokenize("the king"))) as f:
        ...     len(Path(f, f.embeddings * 0, Watch(), 2, 2).slopes(np.array([0.5, 1.0])))
        2
        """
        difference = self.f.embeddings.float() - self.start
        rows: list[Array] = []
        for first in range(0, len(places), self.batch_size):
            if self.stopped or self.watch.stopped:
                self.stopped = True
                break
            batch = places[first : first + self.batch_size]
            weights = torch.tensor(batch, dtype=torch.float32, device=difference.device)
            values, gradients = self.f.at(self.start + weights[:, None, None] * difference)
            self.values.update(zip(batch.tolist(), values.tolist(), strict=True))
            slopes = torch.einsum("ptw,tw->pt", gradients, difference)
            rows.append(slopes.cpu().numpy().astype(np.float64))
            self.done += len(batch)
            self.watch.report(self.done, max(self.total, self.done))
        return np.concatenate(rows) if rows else np.zeros((0, len(difference)))


@dataclass(frozen=True, eq=False)
class _Panel:
    """One part of the path: its scores, and by how much they miss the change of the target."""

    low: float
    high: float
    scores: Array
    gap: float

    @property
    def halves(self) -> list[tuple[float, float]]:
        middle = (self.low + self.high) / 2
        return [(self.low, middle), (middle, self.high)]


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
        When stopped early: the weighted average over the nodes that were reached, which are spread
        over the whole path.

    Raises
    ------
    CancelledError
        When stopped before the first batch.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> from lmwidget.attribution.question import Question
    >>> lm = lmw.load("tiny")
    >>> with TargetFunction(Question(lm, lm.tokenize("the king"))) as f:
    ...     integrate(Path(f, f.embeddings * 0, Watch(), 8, 4), 8).partial
    False
    """
    nodes, weights = _gauss_legendre(steps)
    order = _spread(steps)
    return _average(path, weights[order], path.slopes(nodes[order]))


def integrate_adaptively(path: Path, tolerance: float) -> Integral:
    """Return the integral, with more nodes where the path is rough.

    In every panel the scores must sum to the change of the target over that panel. Panels that miss
    it by most are halved until what they miss, added up without sign, is at most ``tolerance`` of
    the change over the whole path, or ``path.total`` points are used up.

    Parameters
    ----------
    path : Path
        Where to evaluate; ``path.values`` holds the target at both ends.
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
    >>> from lmwidget.attribution.question import Question
    >>> lm = lmw.load("tiny")
    >>> with TargetFunction(Question(lm, lm.tokenize("the king"))) as f:
    ...     zero = f.embeddings * 0
    ...     ends = {0.0: f.measured(zero)[0], 1.0: f.value}
    ...     path = Path(f, zero, Watch(), 64, 16, ends)
    ...     integrate_adaptively(path, 0.05).partial
    False
    """
    nodes, weights = _nodes(_QUARTERS)
    order = _spread(len(nodes))
    slopes = path.slopes(np.concatenate([nodes[order], _QUARTERS[1:, 0]]))
    if path.stopped:
        return _average(path, weights[order], slopes[: len(order)])
    panels = _panels(path, _QUARTERS, slopes[np.argsort(order)])
    goal = max(tolerance * abs(path.values[1.0] - path.values[0.0]), _ROUNDING)
    while rough := _roughest(path, panels, goal):
        halves = np.array([half for panel in rough for half in panel.halves])
        slopes = path.slopes(np.concatenate([_nodes(halves)[0], halves[::2, 1]]))
        if path.stopped:
            break
        panels = [panel for panel in panels if panel not in rough] + _panels(path, halves, slopes)
    return Integral(np.sum([panel.scores for panel in panels], axis=0), path.stopped)


def _roughest(path: Path, panels: list[_Panel], goal: float) -> list[_Panel]:
    """Panels to halve next: none when the goal is reached or nothing more can be done."""
    if not sum(panel.gap for panel in panels) > goal:  # also when the model gives NaN
        return []
    room = min(_TOGETHER, (path.total - path.done) // _SPLIT)
    rough = [
        panel
        for panel in panels
        if panel.gap > goal / len(panels) and panel.high - panel.low > _NARROWEST
    ]
    return heapq.nlargest(room, rough, key=lambda panel: panel.gap)


def _panels(path: Path, spans: Array, slopes: Array) -> list[_Panel]:
    """Integrate each span from the slopes at its nodes (rows beyond them are left out)."""
    weights = _nodes(spans)[1]
    found = []
    for i, (low, high) in enumerate(spans.tolist()):
        rows = slice(i * _NODES, (i + 1) * _NODES)
        scores = weights[rows] @ slopes[rows]
        gap = float(scores.sum()) - (path.values[high] - path.values[low])
        found.append(_Panel(low, high, scores, abs(gap)))
    return found


def _average(path: Path, weights: Array, slopes: Array) -> Integral:
    """Weighted average over the nodes that were reached, all of them unless stopped."""
    reached = weights[: len(slopes)]
    if len(reached) == 0:
        path.watch.check()
        raise CancelledError("The computation was stopped.", "Run it again.")
    return Integral(reached @ slopes / reached.sum(), path.stopped and len(reached) < len(weights))


def _nodes(spans: Array) -> tuple[Array, Array]:
    """Places and weights of the rule in every span, one span after the other."""
    nodes, weights = _gauss_legendre(_NODES)
    low, width = spans[:, :1], spans[:, 1:] - spans[:, :1]
    return (low + width * nodes).ravel(), (width * weights).ravel()


def _gauss_legendre(steps: int) -> tuple[Array, Array]:
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    return (nodes + 1) / 2, weights / 2


def _spread(count: int) -> NDArray[np.intp]:
    """Give an order in which any beginning covers the whole range."""
    return np.argsort(np.argsort(np.arange(count) * _GOLDEN % 1))
