"""Paths from a baseline to a text that stay near the embeddings of words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from lmwidget.attribution.target_function import TargetFunction

_CHUNK = 1 << 22  # distances computed at once


@dataclass(frozen=True)
class Words:
    """The vocabulary as points among which a path is found.

    Attributes
    ----------
    table : Tensor of float32, shape (word, width)
        Embeddings, as the model looks them up.
    allowed : Tensor of bool, shape (word,)
        False for special tokens, which no path goes through.
    """

    table: Tensor
    allowed: Tensor

    @cached_property
    def squares(self) -> Tensor:
        """Squared lengths, float32 (word,)."""
        return (self.table**2).sum(-1)

    @classmethod
    def of(cls, f: TargetFunction) -> Words:
        """Return the vocabulary of a model.

        Parameters
        ----------
        f : TargetFunction
            Entered.

        Returns
        -------
        Words
            All of it.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> from lmwidget.attribution.question import Question
        >>> lm = lmw.load("tiny")
        >>> with TargetFunction(Question(lm, lm.tokenize("the king"))) as f:
        ...     Words.of(f).table.shape
        torch.Size([1792, 96])
        """
        tokenizer: Any = f.lm.tokenizer
        count = f.lm.rows or len(tokenizer)
        ids = torch.arange(count, device=f.lm.device)
        table = torch.cat([f.call.embed(part[None])[0].float() for part in ids.split(4096)])
        allowed = torch.ones(count, dtype=torch.bool)
        special = [i for i in tokenizer.all_special_ids if i < count]
        allowed[special] = False
        return cls(table.to(f.embeddings.device), allowed.to(f.embeddings.device))

    def nearest(self, places: Tensor, neighbours: int, without: Tensor) -> Tensor:
        """Return the words nearest to some places.

        Parameters
        ----------
        places : Tensor, shape (place, width)
            Embeddings.
        neighbours : int
            How many words.
        without : Tensor of int64, shape (place,)
            A word that does not count at each place, or -1.

        Returns
        -------
        Tensor of int64, shape (place, neighbour)
            Nearest first.
        """
        found = []
        for first in range(0, len(places), max(1, _CHUNK // len(self.table))):
            part = slice(first, first + max(1, _CHUNK // len(self.table)))
            distances = self.squares - 2 * places[part] @ self.table.T
            distances[:, ~self.allowed] = torch.inf
            own = without[part]
            rows = torch.nonzero(own >= 0)[:, 0]
            distances[rows, own[rows]] = torch.inf
            most = min(neighbours, int(self.allowed.sum()) - 1)
            found.append(distances.topk(most, largest=False).indices)
        return torch.cat(found)


def word_path(
    words: Words, ids: Tensor, start: Tensor, end: Tensor, steps: int, neighbours: int
) -> Tensor:
    """Return points on monotonic paths through places near words, one path a token.

    Sanyal and Ren (2021), greedy. From the text towards the baseline: of the nearest words of the
    last word, the one is taken that has to be moved least to lie, in every dimension, between the
    last point and the baseline. Dimensions in which it does not are put an even part of what is left
    of the way on (the paper: of the whole way, which ends in a leap).

    Parameters
    ----------
    words : Words
        The vocabulary.
    ids : Tensor of int64, shape (token,)
        The text; -1 for what is no word.
    start, end : Tensor of float32, shape (token, width)
        Baseline, and the text's own embeddings.
    steps : int
        Number of points from the baseline up to the text, which is not one of them.
    neighbours : int
        Words that are looked at.

    Returns
    -------
    Tensor of float32, shape (steps + 1, token, width)
        The first is the baseline, the last the text.

    Examples
    --------
    >>> line = torch.arange(5.0)[:, None]
    >>> words = Words(line, torch.ones(5, dtype=torch.bool))
    >>> path = word_path(words, torch.tensor([4]), line[:1], line[4:], 4, 1)
    >>> path.flatten().tolist()
    [0.0, 1.0, 2.0, 3.0, 4.0]
    """
    points, last, at = [end], end, ids.clone()
    place = end
    for left in range(steps, 1, -1):
        near = words.nearest(place, neighbours, at)
        candidates = words.table[near]  # token, neighbour, width
        moved = _between(candidates, last[:, None], start[:, None], left)
        chosen = (candidates - moved).norm(dim=-1).argmin(-1)
        rows = torch.arange(len(near), device=near.device)
        at, last = near[rows, chosen], moved[rows, chosen]
        place = words.table[at]
        points.append(last)
    return torch.stack([*points, start]).flip(0)


def _between(words: Tensor, last: Tensor, start: Tensor, left: int) -> Tensor:
    """Words, moved to lie between the last point and the baseline in every dimension."""
    inside = (words - last) * (words - start) <= 0
    return torch.where(inside, words, last - (last - start) / left)
