"""Keep what attention calls leave, by what is known of the modules that made them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from lmwidget.capture.hooks.applied import as_applied, same_where_applied
from lmwidget.capture.hooks.calls import CallReader, Place
from lmwidget.capture.kept.records import (
    AsideRecord,
    DenseRecord,
    Record,
    SkippedRecord,
    UnavailableRecord,
)
from lmwidget.capture.memory import check_room
from lmwidget.capture.modules.known import aside, is_beside, parts


class Keeper:
    """The records of one pass, while they are made.

    Parameters
    ----------
    model : torch.nn.Module
        The model whose modules name the records.
    reader : CallReader
        Makes records of calls.
    half : bool, default False
        Keep queries, keys and whole weights in 16 bits.
    wants : callable, optional
        ``wants((module name, number of the call))`` says which calls to keep; default: all.

    Attributes
    ----------
    records : list of Record
        In the order of the calls.
    """

    def __init__(
        self,
        model: nn.Module,
        reader: CallReader,
        *,
        half: bool = False,
        wants: Callable[[Place], bool] | None = None,
    ) -> None:
        super().__init__()
        self.records: list[Record] = []
        self._reader, self._half, self._wants = reader, half, wants
        self._names = {module: _clean(name) for name, module in model.named_modules()}
        self._entered: Counter[nn.Module] = Counter()
        self._given: dict[nn.Module, tuple[Any, Any]] = {}

    def _put(self, number: int, weights: Tensor, args: Any, output: Any) -> None:
        """Keep weights as they were applied: masked once more, or without the column of a sink."""
        record = self.records[number]
        if not isinstance(record, DenseRecord):
            return
        with torch.no_grad(), torch._C.DisableTorchFunction():  # noqa: SLF001
            applied = as_applied(record.probabilities, weights)
            if applied is None:
                reason = (
                    f"What {record.name} makes of its attention after the softmax cannot be read."
                )
                left = UnavailableRecord(record.name, record.call, record.shape, reason)
                self._change(number, left)
                return
            same = same_where_applied(record.probabilities, applied)
            trace = record.trace if same else None
            record = replace(record, probabilities=applied, trace=trace)
            record = self._reader.product(record, args, output)
            self._change(number, record.compact(half=self._half))

    def _keep(self, module: nn.Module | None, read: Callable[[Place], Record]) -> None:
        name = "" if module is None else self._names.get(module, "")
        if module is not None and module in self._entered:
            call = self._entered[module] - 1
        else:
            call = sum(record.name == name for record in self.records)
        if self._wants is not None and not self._wants((name, call)):
            self._add(SkippedRecord(name, call, (0, 0, 0, 0), "This layer was not asked for."))
            return
        try:
            # Our own reading need not pass through this mode, function by function.
            with torch.no_grad(), torch._C.DisableTorchFunction():  # noqa: SLF001
                record = read((name, call)).compact(half=self._half)
        except Exception as error:  # noqa: BLE001, the user's model must run on
            reason = f"The attention of {name or 'this model'} could not be read: {error!r}."
            record = UnavailableRecord(name, call, (0, 0, 0, 0), reason)
        self._sort(module, record)

    def _sort(self, module: nn.Module | None, record: Record) -> None:
        """Add a record, by what is known of the module that it comes from."""
        name, call = record.name, record.call
        if is_beside(module):
            reason = f"{name} mixes something else than tokens."
            self._add(AsideRecord(name, call, record.shape, reason))
            return
        elsewhere = aside(module, name, record.shape)
        if elsewhere is not None:
            self._add(UnavailableRecord(name, call, record.shape, elsewhere))
            return
        args, kwargs = self._given.get(module, ((), {})) if module is not None else ((), {})
        for part in parts(module, record, args, kwargs):
            self._add(part)

    def _trusts(self, place: Place) -> bool:  # noqa: ARG002, see StepRecorder
        """Whether this call need not be checked."""
        return False

    def _add(self, record: Record) -> None:
        if isinstance(record, DenseRecord):
            check_room(record.probabilities, "The attention of this model has to be kept whole")
        self.records.append(record)

    def _change(self, number: int, record: Record) -> None:
        self.records[number] = record


def _clean(name: str) -> str:
    """Without the wrapper that torch.compile adds."""
    return name.replace("_orig_mod.", "").removesuffix("_orig_mod")
