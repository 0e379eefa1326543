"""Attention over more than the tokens of one text: the part that is about them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from torch import Tensor

from lmwidget.capture.kept.query_key import QueryKeyRecord, Stages
from lmwidget.capture.kept.records import ALL, Rows


@dataclass(frozen=True, eq=False, repr=False)
class PartRecord(QueryKeyRecord):
    """Some neighbouring keys of an attention call; the softmax is over all of them.

    What a row lacks to 1 went to the other keys: to the other text in a decoder that attends to
    both at once (T5Gemma 2), to summaries of the text (DeepSeek V4).

    Attributes
    ----------
    first, last : int
        The keys, the last one excluded.
    """

    first: int = 0
    last: int = 0

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Batch, heads, queries, keys of this part."""
        batch, heads, queries, _ = self.query.shape
        return batch, heads, queries, self.last - self.first

    def weights(self, heads: Rows = ALL, rows: Rows = ALL) -> Tensor:
        """Return attention weights of these keys.

        Parameters
        ----------
        heads, rows : slice or sequence of int
            Heads and query positions to return, all by default.

        Returns
        -------
        Tensor of float32, shape (batch, head, query, key)
            Rows sum to at most 1.
        """
        return self.whole.weights(heads, rows)[..., self.first : self.last]

    @property
    def whole(self) -> QueryKeyRecord:
        """The call with all its keys."""
        given = {field.name: getattr(self, field.name) for field in fields(QueryKeyRecord)}
        return QueryKeyRecord(**given)

    def stages(self, head: int, row: int) -> Stages:
        """Return how the weights of one query come about; the softmax is over all keys.

        Parameters
        ----------
        head, row : int
            Head and query position.

        Returns
        -------
        Stages
            Of these keys.
        """
        found, mine = self.whole.stages(head, row), slice(self.first, self.last)
        scores = {name: score[mine] for name, score in found.scores.items()}
        return replace(found, scores=scores, weights=found.weights[mine])

    def gradient(self, heads: Rows = ALL, rows: Rows = ALL) -> Tensor:
        """Return the gradient of the target with respect to the weights of these keys.

        Parameters
        ----------
        heads, rows : slice or sequence of int
            Heads and query positions to return, all by default.

        Returns
        -------
        Tensor of float32, shape (batch, head, query, key)
            Change of the target per unit of each weight.
        """
        return self.whole.gradient(heads, rows)[..., self.first : self.last]

    def vectors(self, head: int) -> tuple[Tensor, Tensor]:
        """Return the queries and these keys of one head.

        Parameters
        ----------
        head : int
            Head.

        Returns
        -------
        tuple of Tensor of float32, shapes (query, channel) and (key, channel)
            As they are multiplied.
        """
        query, key = self.whole.vectors(head)
        return query, key[self.first : self.last]


def part_of(record: QueryKeyRecord, first: int, last: int, suffix: str = "") -> PartRecord:
    """Return the part of a record that is about some neighbouring keys.

    Parameters
    ----------
    record : QueryKeyRecord
        A whole attention call.
    first, last : int
        The keys, the last one excluded.
    suffix : str, default ""
        Added to the name.

    Returns
    -------
    PartRecord
        Shares the tensors of the whole.

    Examples
    --------
    >>> import torch
    >>> record = QueryKeyRecord("attn", 0, torch.zeros(1, 1, 2, 4), torch.zeros(1, 1, 4, 4), 1.0)
    >>> part_of(record, 1, 4).weights()[0, 0, 0].tolist()
    [0.25, 0.25, 0.25]
    """
    whole = replace(record, name=record.name + suffix)
    given = {field.name: getattr(whole, field.name) for field in fields(QueryKeyRecord)}
    return PartRecord(**given, first=first, last=last)
