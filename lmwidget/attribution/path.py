"""A straight path from a baseline to a text, and what is known of a number along it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lmwidget.attribution.method import Watch

Array = NDArray[np.float64]
_GOLDEN = (5**0.5 - 1) / 2


def spread(count: int) -> NDArray[np.intp]:
    """Return an order of places in which any beginning is spread over all of them.

    Parameters
    ----------
    count : int
        How many places.

    Returns
    -------
    ndarray of intp, shape (place,)
        Indices from 0.

    Examples
    --------
    >>> spread(8).tolist()
    [0, 5, 2, 7, 4, 1, 6, 3]
    """
    return np.argsort(np.arange(count) * _GOLDEN % 1)


class Differentiable(Protocol):
    """A number as a function of embeddings, such as a ``TargetFunction``.

    Attributes
    ----------
    embeddings : Tensor, shape (token, width)
        Of the text itself.
    """

    embeddings: Tensor

    def at(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Return values and gradients at several points, shape (point, token, width)."""
        ...


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
    f : Differentiable
        What is evaluated.
    start : Tensor of float32, shape (token, width)
        Baseline.
    watch : Watch
        Told after every batch, asked before every batch.
    total : int
        Largest number of places that will be evaluated.
    batch_size : int
        Places in one pass.
    values : dict of float to float
        What is known of the target, by place on the path.
    slopes : dict of float to ndarray of float64, shape (token,)
        What each token adds per unit of the path, by place.
    stopped : bool
        Whether the caller wanted no more.
    """

    f: Differentiable
    start: Tensor
    watch: Watch
    total: int
    batch_size: int
    values: dict[float, float] = field(default_factory=dict)
    slopes: dict[float, Array] = field(default_factory=dict)
    stopped: bool = False

    def add(self, places: Array, values: Tensor, gradients: Tensor) -> None:
        """Take in what is known at some places.

        Parameters
        ----------
        places : ndarray of float64, shape (place,)
            Between 0 and 1.
        values : Tensor, shape (place,)
            Of the target.
        gradients : Tensor of float32, shape (place, token, width)
            Of the target.
        """
        difference = (self.f.embeddings - self.start).to(gradients.device, gradients.dtype)
        slopes = torch.einsum("ptw,tw->pt", gradients, difference).double().cpu().numpy()
        self.values.update(zip(places.tolist(), values.tolist(), strict=True))
        self.slopes.update(zip(places.tolist(), slopes, strict=True))

    def evaluate(self, places: Array) -> bool:
        """Evaluate the places that are not known yet, those of any batch spread over all of them.

        Parameters
        ----------
        places : ndarray of float64, shape (place,)
            Between 0 and 1.

        Returns
        -------
        bool
            False when it was stopped before all were known.

        Examples
        --------
        >>> import lmwidget as lmw, numpy as np
        >>> from lmwidget.attribution.question import Question
        >>> from lmwidget.attribution.target_function import TargetFunction
        >>> lm = lmw.load("tiny")
        >>> with TargetFunction(Question(lm, lm.tokenize("the king"))) as f:
        ...     path = Path(f, f.embeddings * 0, Watch(), 2, 2)
        ...     path.evaluate(np.array([0.5, 1.0])), sorted(path.slopes)
        (True, [0.5, 1.0])
        """
        new = np.array([place for place in places.tolist() if place not in self.slopes])
        new = new[spread(len(new))]
        start = self.start.to(self.f.embeddings.device)
        difference = self.f.embeddings.float() - start
        for first in range(0, len(new), self.batch_size):
            if self.stopped or self.watch.stopped:
                self.stopped = True
                return False
            batch = new[first : first + self.batch_size]
            weights = torch.tensor(batch, dtype=torch.float32, device=start.device)
            self.add(batch, *self.f.at(start + weights[:, None, None] * difference))
            self.watch.report(len(self.slopes), max(self.total, len(self.slopes)))
        return True

    def known(self, places: Array) -> tuple[Array, Array]:
        """Return values (place,) and slopes (place, token) that were evaluated before."""
        at = places.tolist()
        return np.array([self.values[t] for t in at]), np.array([self.slopes[t] for t in at])

    def covered(self) -> Integral:
        """Return the average of what was evaluated so far, each place for its surroundings.

        Raises
        ------
        CancelledError
            When it was stopped before the first batch.
        """
        inside = np.array(sorted(t for t in self.slopes if 0 < t < 1))
        if len(inside) == 0:
            self.watch.give_up()
        borders = np.concatenate([[0.0], (inside[1:] + inside[:-1]) / 2, [1.0]])
        return Integral(np.diff(borders) @ self.known(inside)[1], partial=True)
