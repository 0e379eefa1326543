"""Weights of local and sparse attention, kept as compactly as the model computes them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from lmwidget.capture.kept.records import ALL, Record, Rows

NOWHERE = -1


@dataclass(frozen=True, eq=False, repr=False)
class SparseRecord(Record):
    """An attention call whose queries see a few keys each: memory linear in the length of the text.

    Each query has a number of slots, each slot a weight and the position of the key it is about.
    Rows are spread over all keys when they are asked for.

    Attributes
    ----------
    slots : Tensor, shape (batch, head, query, slot)
        Weights after softmax.
    places : Tensor of int, shape (batch or 1, head or 1, query, slot)
        Position of the key; a slot outside of the keys (padding, a summary of a block of text) is
        left out, so that its weight is what the row lacks to 1.
    keys : int
        Number of keys.
    whole_rows : Tensor or None, shape (batch, head, whole, key)
        Rows of the queries that see everything (global attention of Longformer).
    whole_at : Tensor or None of int, shape (batch, whole)
        Positions of these queries, or -1.

    Examples
    --------
    >>> slots, places = torch.tensor([[[[0.25, 0.75]] * 3]]), torch.tensor([[-1, 0], [0, 1], [1, 2]])
    >>> SparseRecord("attn", 0, slots, places[None, None], keys=3).weights()[0, 0].tolist()
    [[0.75, 0.0, 0.0], [0.25, 0.75, 0.0], [0.0, 0.25, 0.75]]
    """

    slots: Tensor
    places: Tensor
    keys: int
    whole_rows: Tensor | None = None
    whole_at: Tensor | None = None

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Batch, heads, queries, keys."""
        batch, heads, queries, _ = self.slots.shape
        return batch, heads, queries, self.keys

    def compact(self, *, half: bool = False) -> SparseRecord:
        """Return the record with as little memory as it needs.

        Parameters
        ----------
        half : bool, default False
            Keep the weights as 16-bit floats.

        Returns
        -------
        SparseRecord
            Gives the same weights; with ``half``, to about three digits.
        """

        def kept(weights: Tensor) -> Tensor:
            return weights.half() if half and weights.itemsize > 2 else weights.clone()

        rows = self.whole_rows
        return replace(
            self,
            slots=kept(self.slots),
            places=self.places.to(torch.int32),
            whole_rows=None if rows is None else kept(rows),
        )

    def to(self, device: torch.device) -> SparseRecord:
        """Return the record on another device.

        Parameters
        ----------
        device : torch.device
            Where its tensors shall be.

        Returns
        -------
        SparseRecord
            The same weights.
        """
        moved: dict[str, Any] = {name: tensor.to(device) for name, tensor in self.tensors.items()}
        return replace(self, **moved)

    def cut(self, length: int) -> SparseRecord:
        """Return the record without the padding behind the text.

        Parameters
        ----------
        length : int
            Number of tokens.

        Returns
        -------
        SparseRecord
            Has this many queries and keys.
        """
        rows = self.whole_rows
        return replace(
            self,
            slots=self.slots[:, :, :length],
            places=self.places[:, :, :length],
            keys=length,
            whole_rows=None if rows is None else rows[..., :length],
        )

    def weights(self, heads: Rows = ALL, rows: Rows = ALL) -> Tensor:
        """Return attention weights, spread over all keys.

        Parameters
        ----------
        heads, rows : slice or sequence of int
            Heads and query positions to return, all by default.

        Returns
        -------
        Tensor of float32, shape (batch, head, query, key)
            Weights after softmax, zero for keys that a query does not see.
        """
        slots = self.slots[:, heads][:, :, rows].float()
        places = self.places[:, heads] if self.places.shape[1] > 1 else self.places
        places = places[:, :, rows].long().expand(slots.shape)
        outside = (places < 0) | (places >= self.keys)
        spread = slots.new_zeros(*slots.shape[:3], self.keys + 1)
        spread.scatter_add_(-1, places.masked_fill(outside, self.keys), slots)
        return self._with_whole_rows(spread[..., :-1], heads, rows)

    def _with_whole_rows(self, weights: Tensor, heads: Rows, rows: Rows) -> Tensor:
        if self.whole_rows is None or self.whole_at is None:
            return weights
        chosen = torch.arange(self.shape[2], device=weights.device)[rows]
        matches = chosen[None, :, None] == self.whole_at[:, None, :]
        which = matches.int().argmax(-1)[:, None, :, None]
        whole = self.whole_rows[:, heads].float()
        whole = whole.gather(2, which.expand(-1, whole.shape[1], -1, whole.shape[3]))
        return torch.where(matches.any(-1)[:, None, :, None], whole, weights)
