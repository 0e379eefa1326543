"""Noise on embeddings: fixed directions, growing sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lmwidget.attribution.method import Watch
from lmwidget.attribution.variants import Answer, Asked, Variants
from lmwidget.capture.gradients import EmbeddingLeaves
from lmwidget.capture.memory import counting_alive
from lmwidget.sensitivity import ALL

_HALVINGS = 8
_MOST = 64  # texts in one pass


@dataclass(frozen=True)
class Push:
    """One noise.

    Attributes
    ----------
    token : int
        Where; -1 for everywhere.
    size : float
        Its length by that of the embedding.
    draw : int
        Number of its direction.
    """

    token: int
    size: float
    draw: int


class Noise:
    """Pushes embeddings of a text in fixed random directions.

    Parameters
    ----------
    variants : Variants
        Asks the model.
    run : EmbeddingLeaves
        Entered, after a pass over the text.
    places : ndarray of int, shape (place,)
        Tokens that may be pushed.
    draws : int
        Directions of each token.
    seed : int
        Of the directions.
    max_memory : int
        Bytes for one batch.
    """

    def __init__(
        self,
        variants: Variants,
        run: EmbeddingLeaves,
        places: NDArray[np.intp],
        *,
        draws: int,
        seed: int,
        max_memory: int,
    ) -> None:
        self.variants, self.run, self.places = variants, run, places
        self.embeddings = run.leaves["input_ids"][0].detach().clone()
        generator = torch.Generator().manual_seed(seed)
        shape = (draws, *self.embeddings.shape)
        found = torch.randn(shape, generator=generator)
        self.directions = (found / found.norm(dim=-1, keepdim=True)).to(self.embeddings.device)
        self.lengths = self.embeddings.float().norm(dim=-1, keepdim=True)
        self._max_memory, self._batch = max_memory, 0

    def ask(self, pushes: Sequence[Push], watch: Watch, *, before: int, total: int) -> Asked:
        """Return what the model makes of each noise.

        Parameters
        ----------
        pushes : sequence of Push
            Noises.
        watch : Watch
            Told after every batch, asked before every batch.
        before, total : int
            Texts asked before and in all, for the progress.

        Returns
        -------
        Asked
            In the order of the noises.
        """
        values: NDArray[np.float64] = np.full(len(pushes), np.nan)
        ranks: NDArray[np.intp] = np.full(len(pushes), -1)
        answers: list[Answer | None] = []
        done = 0
        while done < len(pushes) and not watch.stopped:
            count = self._batch or 1
            asked = self._measured(
                torch.stack([self._point(push) for push in pushes[done : done + count]])
            )
            values[done : done + count], ranks[done : done + count] = asked.values, asked.ranks
            answers += asked.answers
            done = len(answers)
            watch.report(before + done, max(total, before + len(pushes)))
        return Asked(values, (*answers, *[None] * (len(pushes) - done)), ranks)

    def smallest(
        self, pushes: Sequence[Push], flipped: Sequence[bool], own: Answer, watch: Watch
    ) -> float:
        """Return the smallest noise on all tokens that is found to change the prediction.

        Parameters
        ----------
        pushes : sequence of Push
            Noises on all tokens that were tried.
        flipped : sequence of bool
            Which of them changed it.
        own : tuple of int
            What is predicted without noise.
        watch : Watch
            Asked before every batch.

        Returns
        -------
        float
            Found by halving, along the directions that changed it first; infinite for none.
        """
        sizes = [push.size for push, flips in zip(pushes, flipped, strict=True) if flips]
        if not sizes:
            return math.inf
        high = min(sizes)
        low = max((push.size for push in pushes if push.size < high), default=0.0)
        draws = [
            push.draw
            for push, flips in zip(pushes, flipped, strict=True)
            if flips and push.size == high
        ]
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            trial = [Push(ALL, middle, draw) for draw in draws]
            asked = self.ask(trial, watch, before=0, total=0)
            if watch.stopped:
                break
            still = [d for d, a in zip(draws, asked.answers, strict=True) if a != own]
            if still:
                high, draws = middle, still
            else:
                low = middle
        return high

    def _point(self, push: Push) -> Tensor:
        places = torch.as_tensor(self.places if push.token == ALL else [push.token])
        point = self.embeddings.float().clone()
        point[places] += push.size * self.lengths[places] * self.directions[push.draw][places]
        return point.to(self.embeddings.dtype)

    def _measured(self, points: Tensor) -> Asked:
        """Ask, and learn from the first text how many fit in memory."""
        if self._batch:
            return self.variants.at(self.run, points)
        with counting_alive() as alive:
            asked = self.variants.at(self.run, points)
        self._batch = int(np.clip(self._max_memory // max(alive.peak, 1), 1, _MOST))
        return asked
