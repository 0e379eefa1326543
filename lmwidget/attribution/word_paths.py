"""Paths from a baseline to a text that stay near the embeddings of words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from lmwidget.attribution.target_function import TargetFunction

_LARGEST = 1 << 25  # bytes for looking at some tokens at once


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

    @cached_property
    def count(self) -> int:
        """How many words there are besides the one at a place."""
        return max(1, int(self.allowed.sum()) - 1)

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
        module: Any = f.call.module
        if type(module) is nn.Embedding and module.weight.dtype is torch.float32:
            table = module.weight.detach()
        else:  # Gemma scales what it looks up
            parts = torch.arange(count, device=f.lm.device).split(4096)
            table = torch.cat([f.call.embed(part[None])[0].float() for part in parts])
        allowed = torch.ones(count, dtype=torch.bool)
        special = [i for i in tokenizer.all_special_ids if i < count]
        allowed[special] = False
        return cls(table[:count].to(f.embeddings.device), allowed.to(f.embeddings.device))

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
        distances = self.squares - 2 * places @ self.table.T
        distances[:, ~self.allowed] = torch.inf
        rows = torch.nonzero(without >= 0)[:, 0]
        distances[rows, without[rows]] = torch.inf
        return distances.topk(min(neighbours, self.count), largest=False).indices


def word_path(
    words: Words,
    ids: Tensor,
    start: Tensor,
    end: Tensor,
    steps: int,
    neighbours: int,
    most: int = _LARGEST,
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
    most : int, optional
        Bytes for looking at some tokens at once.

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
    path = torch.empty(steps + 1, *end.shape, dtype=end.dtype, device=end.device)
    path[0], path[steps] = start, end
    size = 4 * (3 * len(words.table) + 6 * neighbours * end.shape[-1])  # of looking at one token
    for part in torch.arange(len(end)).split(max(1, min(most, _LARGEST) // size)):
        at, place, last = ids[part], end[part], end[part]
        for left in range(steps, 1, -1):
            near = words.nearest(place, neighbours, at)
            candidates = words.table[near]  # token, neighbour, width
            moved = _between(candidates, last[:, None], start[part][:, None], left)
            chosen = (candidates - moved).norm(dim=-1).argmin(-1)
            rows = torch.arange(len(near), device=near.device)
            at, last = near[rows, chosen], moved[rows, chosen]
            place = words.table[at]
            path[left - 1, part] = last
    return path


def _between(words: Tensor, last: Tensor, start: Tensor, left: int) -> Tensor:
    """Words, moved to lie between the last point and the baseline in every dimension."""
    inside = (words - last) * (words - start) <= 0
    return torch.where(inside, words, last - (last - start) / left)
