"""Queries and keys of one attention call, and how any part of its weights is recomputed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from lmwidget.capture.kept.records import ALL, Record, Rows, grouped, own


@dataclass(frozen=True, eq=False)
class Stages:
    """How the weights of one query in one head come about.

    Attributes
    ----------
    scores : dict of str to Tensor, shape (key,)
        Scores after each step that the layer takes, in its order: ``"dot"``, ``"scale"``,
        ``"softcap"``, ``"bias"``, ``"mask"``.
    sink : float or None
        Score of the sink, which takes part in the softmax.
    peak, total : float
        The softmax is ``exp(score - peak) / total``.
    weights : Tensor of float32, shape (key,)
        The row of attention.
    """

    scores: dict[str, Tensor]
    sink: float | None
    peak: float
    total: float
    weights: Tensor


@dataclass(frozen=True, eq=False, repr=False)
class QueryKeyRecord(Record):
    """An attention call as its queries and keys: memory linear in the length of the text.

    The weights are ``softmax(cap(query @ keyᵀ · scale) + bias + mask)``, where ``cap`` is the
    soft-cap of Gemma 2 and the softmax may have a sink (an extra column that takes weight and is
    then dropped, GPT-OSS).

    Attributes
    ----------
    query : Tensor, shape (batch, head, query, channel)
        Queries, after rotary embedding.
    key : Tensor, shape (batch, key head, key, channel)
        Keys; each key head serves ``head / key head`` heads in a row (grouped-query attention).
    scale : float
        Factor on the dot products.
    softcap : float or None
        ``x`` becomes ``softcap · tanh(x / softcap)``.
    bias : Tensor or None, shape (batch or 1, head or 1, query, key)
        Position bias, added (T5).
    mask : Tensor or None, shape (batch or 1, head or 1, query or 1, key)
        Boolean (True: may be seen) or a float that is added.
    causal : bool
        Whether query ``i`` sees keys up to ``i + offset`` only.
    offset : int
        Key position of the first query.
    window : int or None
        Query ``i`` sees keys after ``i + offset - window`` only.
    sinks : Tensor or None, shape (batch or 1, head, query or 1, 1)
        Scores of the sinks.
    """

    query: Tensor
    key: Tensor
    scale: float
    softcap: float | None = None
    bias: Tensor | None = None
    mask: Tensor | None = None
    causal: bool = False
    offset: int = 0
    window: int | None = None
    sinks: Tensor | None = None

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Batch, heads, queries, keys."""
        batch, heads, queries, _ = self.query.shape
        return batch, heads, queries, self.key.shape[2]

    def weights(self, heads: Rows = ALL, rows: Rows = ALL) -> Tensor:
        """Return attention weights, recomputed from queries and keys.

        Parameters
        ----------
        heads, rows : slice or sequence of int
            Heads and query positions to return, all by default.

        Returns
        -------
        Tensor of float32, shape (batch, head, query, key)
            Weights after softmax; a query that may see no key has a row of zeros.
        """
        keys = self.shape[3]
        with torch.no_grad():
            seen = self._seen(rows)
            *_, (_, scores) = self._steps(heads, rows, seen)
            weights = self._softmax(scores, heads, rows)
            if self.mask is not None or self.offset < 0:
                # As the attention kernels do: no key to see, nothing seen (a softmax says NaN).
                weights.masked_fill_(scores.amax(-1, keepdim=True) == -torch.inf, 0.0)
            return F.pad(weights.float(), (0, keys - seen)) if seen < keys else weights.float()

    def _seen(self, rows: Rows) -> int:
        """How many keys, from the first, any of these queries may see."""
        keys = self.shape[3]
        chosen = range(self.shape[2])[rows] if isinstance(rows, slice) else rows
        return min(keys, max(1, max(chosen, default=0) + self.offset + 1)) if self.causal else keys

    def _steps(self, heads: Rows, rows: Rows, seen: int) -> Iterator[tuple[str, Tensor]]:
        """Scores after each step; the one tensor is written over by the next."""
        exact = torch.float64 if self.query.dtype == torch.float64 else torch.float32
        query = self.query[:, heads][:, :, rows].to(exact)
        key = grouped(self.key[:, :, :seen], self.shape[1], heads).to(exact)
        scores = query @ key.transpose(-1, -2)
        yield "dot", scores
        yield "scale", scores.mul_(self.scale)
        if self.softcap:
            yield "softcap", scores.div_(self.softcap).tanh_().mul_(self.softcap)
        if self.bias is not None:
            yield "bias", scores.add_(_part(self.bias, heads, rows)[..., :seen])
        if self.mask is not None and self.mask.is_floating_point():
            scores.add_(_part(self.mask, heads, rows)[..., :seen])
        allowed = self.allowed(heads, rows)
        if allowed is not None:
            scores.masked_fill_(~allowed[..., :seen], -torch.inf)
        if allowed is not None or self.mask is not None:
            yield "mask", scores

    def stages(self, head: int, row: int) -> Stages:
        """Return how the weights of one query come about, step by step.

        Parameters
        ----------
        head, row : int
            Head and query position.

        Returns
        -------
        Stages
            Ends with the same weights as :meth:`weights`.
        """
        heads, rows = [head], [row]
        with torch.no_grad():
            steps = self._steps(heads, rows, self.shape[3])
            scores = {name: found[0, 0, 0].clone() for name, found in steps}
            last = scores[next(reversed(scores))].double()
            sink = None
            if self.sinks is not None:
                sink = float(_part(self.sinks, heads, rows).flatten()[0])
                last = torch.cat([last, last.new_tensor([sink])])
            peak = last.max()
            total = float((last - peak).exp().sum()) if peak > -torch.inf else 0.0
        return Stages(scores, sink, float(peak), total, self.weights(heads, rows)[0, 0, 0])

    def vectors(self, head: int) -> tuple[Tensor, Tensor]:
        """Return the queries and the keys of one head.

        Parameters
        ----------
        head : int
            Head; several may share their keys (grouped-query attention).

        Returns
        -------
        tuple of Tensor of float32, shapes (query, channel) and (key, channel)
            As they are multiplied: after rotary embedding.
        """
        key = grouped(self.key, self.query.shape[1], [head])
        return self.query[0, head].float(), key[0, 0].float()

    def allowed(self, heads: Rows = ALL, rows: Rows = ALL) -> Tensor | None:
        """Return which keys may be seen, leaving masks that are added aside.

        Parameters
        ----------
        heads, rows : slice or sequence of int
            Heads and query positions to return, all by default.

        Returns
        -------
        Tensor of bool, broadcastable to (batch, head, query, key), or None
            None when every key may be seen.
        """
        _, _, queries, keys = self.shape
        device = self.query.device
        query = torch.arange(queries, device=device)[rows][:, None] + self.offset
        key = torch.arange(keys, device=device)
        masks = []
        if self.causal:
            masks.append(key <= query)
        if self.window:
            masks.append(key > query - self.window)
        if self.mask is not None and not self.mask.is_floating_point():
            masks.append(_part(self.mask, heads, rows))
        allowed = None
        for mask in masks:
            allowed = mask if allowed is None else allowed & mask
        return allowed

    def _softmax(self, scores: Tensor, heads: Rows, rows: Rows) -> Tensor:
        if self.sinks is None:
            return scores.softmax(-1)
        sinks = _part(self.sinks, heads, rows).to(scores.dtype).expand(*scores.shape[:3], 1)
        return torch.cat([scores, sinks], -1).softmax(-1)[..., :-1]

    def explains(self, value: Tensor, output: Tensor) -> bool:
        """Return whether the recomputed weights give what the attention really put out.

        Two query rows are checked, in all heads. Where the output is not a finite number there is
        nothing to compare.

        Parameters
        ----------
        value : Tensor, shape (batch, key head, key, channel)
            Values of the call.
        output : Tensor, shape (batch, head, query, channel)
            Its output.

        Returns
        -------
        bool
            False when something unknown went into the attention.
        """
        _, heads, queries, _ = self.shape
        if output.shape[1:3] != (heads, queries) or queries == 0:
            return False
        rows = sorted({queries // 2, queries - 1})
        weights = self.weights(rows=rows)
        expected = weights @ grouped(value, heads).to(weights.dtype)
        found = output[:, :, rows].to(weights.dtype)
        coarse = output.dtype in (torch.float16, torch.bfloat16)
        low, high = value.aminmax()
        tolerance = (3e-2 if coarse else 1e-3) * torch.maximum(-low, high).to(weights.dtype)
        agree = (expected - found).abs() <= tolerance
        return bool((agree | ~found.isfinite() | ~tolerance.isfinite()).all())

    def compact(self, *, half: bool = False) -> QueryKeyRecord:
        """Return the record without the memory that its tensors are only a part of.

        Models that compute queries, keys and values in one matrix (GPT-2) hand out views, which
        would keep the values alive.

        Parameters
        ----------
        half : bool, default False
            Keep queries and keys as 16-bit floats, unless they are too large for them.

        Returns
        -------
        QueryKeyRecord
            Owns its tensors.
        """
        kept: dict[str, Any] = {name: own(tensor) for name, tensor in self.tensors.items()}
        if half:
            kept |= {name: _halved(kept[name]) for name in ("query", "key")}
        if self.sinks is not None:  # a parameter, which may be trained on
            kept["sinks"] = self.sinks.detach().clone()
        return replace(self, **kept)


def _part(tensor: Tensor, heads: Rows, rows: Rows) -> Tensor:
    if tensor.shape[1] > 1:
        tensor = tensor[:, heads]
    return tensor[:, :, rows] if tensor.shape[2] > 1 else tensor


def _halved(tensor: Tensor) -> Tensor:
    small = tensor.itemsize <= 2 or tensor.abs().max() > torch.finfo(torch.float16).max
    return tensor if small else tensor.half()
