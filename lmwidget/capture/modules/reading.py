"""From the softmaxes and kernels called inside a module to its attention, once it is known how."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from lmwidget.capture.hooks.applied import as_applied
from lmwidget.capture.hooks.calls import CallReader
from lmwidget.capture.hooks.visit import Place, Visit
from lmwidget.capture.kept.query_key import QueryKeyRecord
from lmwidget.capture.kept.records import DenseRecord, Record, UnavailableRecord
from lmwidget.capture.kept.trace import join

Reader = Callable[[Any, tuple[Any, ...], Any], Any]
_FIELDS = ("query", "key", "scale", "softcap", "bias", "mask", "causal")


@dataclass(eq=False)
class InnerCall:
    """One softmax, or one attention kernel, inside a module.

    Attributes
    ----------
    output : Tensor
        What it returned.
    axis : int
        Over which axis the softmax went; -1 for kernels.
    read : callable or None
        Makes the record of a kernel; None for a softmax, which is its weights.
    applied : Tensor or None, shape (..., key)
        The weights as they were applied to values, when that was seen.
    changed : bool
        Whether they were changed after the softmax and not seen applied.
    """

    output: Tensor
    axis: int = -1
    read: Callable[[Place], Record] | None = None
    applied: Tensor | None = None
    changed: bool = False

    def weights(self) -> Tensor:
        """Return the weights of a softmax as they were applied, in its own layout.

        Returns
        -------
        Tensor
            Detached.

        Raises
        ------
        ValueError
            When they were changed after the softmax, nobody knows how.

        Examples
        --------
        >>> InnerCall(torch.ones(1, 1, 1)).weights().tolist()
        [[[1.0]]]
        """
        output = self.output.detach()
        if self.applied is None and not self.changed:
            return output
        found = None
        if self.applied is not None:
            found = as_applied(output.movedim(self.axis, -1), self.applied)
        if found is None:
            raise ValueError("weights are changed after the softmax: register it with weights=")
        return found.movedim(-1, self.axis)


@dataclass(frozen=True)
class Reading:
    """How the attention of a module is read.

    Attributes
    ----------
    layouts : tuple of (tuple of int or None)
        For each call inside: its axes in the order batch, heads, query, key; None where they stand
        so already. Empty: nothing is known, keys are the last axis.
    joined : bool
        Whether several calls are heads of one layer; else each is a layer of its own.
    nothing : bool
        Whether no call inside is attention.
    weights, query_key : callable, optional
        The user's own ways; see :func:`lmwidget.capture.register`.
    """

    layouts: tuple[tuple[int, ...] | None, ...] = ()
    joined: bool = True
    nothing: bool = False
    weights: Reader | None = None
    query_key: Reader | None = None

    def reads(
        self, visit: Visit, calls: Sequence[InnerCall], reader: CallReader
    ) -> list[Callable[[Place], Record]]:
        """Return one function a layer, which makes the record of a place.

        Parameters
        ----------
        visit : Visit
            One call of the module.
        calls : sequence of InnerCall
            What ran inside of it.
        reader : CallReader
            Knows the batch.

        Returns
        -------
        list of callable
            Each raises when there is nothing to read, or when it is no attention.
        """
        if self.nothing:
            return []
        if self.weights is not None:
            return [lambda place: _given_weights(place, visit, self.weights, reader)]
        if self.query_key is not None:
            return [lambda place: _given_query_key(place, visit, self.query_key)]
        if not calls:
            reason = (
                f"{type(visit.module).__name__} is registered as attention, but no softmax ran "
                "inside it: register it with weights=lambda module, args, output: …"
            )
            return [partial(_refused, reason=reason)]
        known = self.layouts if len(self.layouts) == len(calls) else (None,) * len(calls)
        reads = [
            partial(_record, call=call, layout=layout, reader=reader)
            for call, layout in zip(calls, known, strict=True)
        ]
        if self.joined:
            return [lambda place: _join([read(place) for read in reads])]
        return list(reads)


def _record(
    place: Place, call: InnerCall, layout: tuple[int, ...] | None, reader: CallReader
) -> Record:
    if call.read is not None:
        return call.read(place)
    if layout is not None:

        def arrange(weights: Tensor) -> Tensor:
            return weights.permute(layout).flatten(0, -3)

        return reader.softmax(place, call.weights(), output=call.output, arrange=arrange)
    if call.axis not in (-1, call.output.dim() - 1):
        raise ValueError("the softmax is not over its last axis: give weights= to register")
    return reader.softmax(place, call.weights(), output=call.output)


def _join(records: list[Record]) -> Record:
    """Return several records of a layer as the heads of one."""
    first = records[0]
    if len(records) == 1:
        return first
    trace = join([record.trace for record in records])
    if all(map(_is_plain, records)):
        kept = [
            name for name in ("query", "key", "value", "output") if getattr(first, name) is not None
        ]
        rest = {
            k: [getattr(record, k) for record in records] for k in ("scale", "causal", "offset")
        }
        if all(len(set(values)) == 1 for values in rest.values()):
            joined: dict[str, Any] = {
                n: torch.cat([getattr(r, n) for r in records], 1) for n in kept
            }
            return replace(first, **joined, trace=trace)
    weights = torch.cat([record.weights() for record in records], 1)
    return DenseRecord(first.name, first.call, weights, trace=trace)


def _is_plain(record: Record) -> bool:
    if not isinstance(record, QueryKeyRecord):
        return False
    unusual = (record.softcap, record.bias, record.mask, record.window, record.sinks)
    return all(value is None for value in unusual)


def _refused(place: Place, reason: str) -> UnavailableRecord:
    return UnavailableRecord(*place, (0, 0, 0, 0), reason)


def _given_weights(place: Place, visit: Visit, read: Reader | None, reader: CallReader) -> Record:
    assert read is not None
    found = read(visit.module, _arguments(visit), visit.output)
    weights = torch.as_tensor(found).detach()
    if weights.dim() not in (3, 4):
        raise ValueError(f"weights over {weights.dim()} axes, not (batch, head, query, key)")
    record = reader.softmax(place, weights)
    sums = record.weights().sum(-1)
    if bool((record.weights() < 0).any()) or bool((sums > 1.01).any()):
        kind = type(visit.module).__name__
        return _refused(
            place,
            f"What is registered for {kind} returns no attention: rows have to be ≥ 0 and sum to 1.",
        )
    return record


def _given_query_key(place: Place, visit: Visit, read: Reader | None) -> QueryKeyRecord:
    assert read is not None
    found = read(visit.module, _arguments(visit), visit.output)
    given = dict(found) if isinstance(found, Mapping) else dict(zip(_FIELDS, found, strict=False))
    if unknown := set(given) - set(_FIELDS):
        raise ValueError(f"query_key= returned {min(unknown)!r}; it takes {', '.join(_FIELDS)}")
    query, key = given["query"].detach(), given["key"].detach()
    if query.dim() != 4 or key.dim() != 4:
        raise ValueError("queries and keys have to be (batch, head, token, channel)")
    given |= {"query": query, "key": key}
    shape = (*query.shape[:3], key.shape[2])
    for name in ("mask", "bias"):
        if given.get(name) is not None:
            given[name] = _over_heads(name, given[name].detach(), shape)
    given.setdefault("scale", query.shape[-1] ** -0.5)
    return QueryKeyRecord(*place, **given)


def _over_heads(name: str, tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Give (query, key) and (batch, query, key) the axes that they lack."""
    full = {2: tensor[None, None], 3: tensor[:, None]}.get(tensor.dim(), tensor)
    fits = full.dim() == 4 and all(
        size in (1, whole) for size, whole in zip(full.shape, shape, strict=True)
    )
    if not fits or (full.shape[3] != shape[3]):
        raise ValueError(
            f"{name} of shape {tuple(tensor.shape)} does not fit (batch, head, query, key) {shape}"
        )
    return full


def _arguments(visit: Visit) -> tuple[Any, ...]:
    """All arguments of the call in the order of the module's forward, however they were given."""
    bound = inspect.signature(visit.module.forward).bind(*visit.args, **visit.kwargs)
    bound.apply_defaults()
    return (*bound.args, *bound.kwargs.values())
