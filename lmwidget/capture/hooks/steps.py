"""Attention of a text that is written token by token, with a cache of keys and values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from lmwidget.capture.hooks.recorder import Recorder
from lmwidget.capture.kept.query_key import QueryKeyRecord
from lmwidget.capture.kept.records import AsideRecord, Record, UnavailableRecord


class StepRecorder(Recorder):
    """Context in which the steps of ``model.generate`` are recorded as if they were one pass.

    Of each attention module the queries of every step are kept, and the keys of the last, which a
    cache makes from all those before: memory linear in the length of the text.

    Parameters
    ----------
    model : torch.nn.Module
        The model that generates.
    batch : int, default 1
        Size of the batch.
    half : bool, default False
        Keep queries and keys in 16 bits.

    Attributes
    ----------
    whole : bool
        False when some attention does not grow by appending (sliding caches) or was kept whole; it
        is then to be read in one more pass over the finished text.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> ids = lm.inputs(lm.tokenize("the king"))["input_ids"]
    >>> with StepRecorder(lm.model) as steps:
    ...     _ = lm.model.generate(ids, max_new_tokens=2, pad_token_id=0)
    >>> steps.whole, [record.shape for record in steps.joined()]
    (True, [(1, 4, 4, 4), (1, 4, 4, 4)])
    """

    def __init__(self, model: nn.Module, *, batch: int = 1, half: bool = False) -> None:
        super().__init__(model, batch=batch, half=half)
        self.whole = True
        self._threads: dict[str, _Thread] = {}
        self._needs_functions = self._light = False

    def __exit__(self, *exception: object) -> None:
        if self._light:
            TorchFunctionMode.__enter__(self)
        super().__exit__(*exception)

    def relax(self, *_: Any) -> bool:
        """Stop watching every function of torch when the first pass needed only the interface.

        Parameters
        ----------
        *_ : object
            Ignored: it may serve as a stopping criterion of ``model.generate``, which calls it
            between two steps.

        Returns
        -------
        bool
            False: go on.
        """
        if not self._needs_functions and not self._light:
            TorchFunctionMode.__exit__(self, None, None, None)
            self._light = True
        return False

    def joined(self) -> list[Record]:
        """Return one record for each attention module, in the order of the first pass.

        Returns
        -------
        list of Record
            As one pass over the whole text would have given; only when ``whole``.
        """
        stacked = _Stack()
        return [thread.join(stacked) for thread in self._threads.values()]

    def _trusts(self, place: tuple[str, int]) -> bool:
        """Check the first pass of each module, and its steps 1, 2, 4, 8 and so on."""
        _, call = place
        return call & (call - 1) != 0

    def _add(self, record: Record) -> None:
        self._needs_functions |= not self._inside
        if self.whole and isinstance(record, QueryKeyRecord):
            thread = self._threads.get(record.name)
            if thread is None:
                self._threads[record.name] = _Thread(record)
                return
            if thread.append(record):
                return
        if not isinstance(record, AsideRecord):
            self.whole = False
            self._threads.clear()
        reason = "It is one of many steps."
        super()._add(UnavailableRecord(record.name, record.call, record.shape, reason))


class _Thread:
    """The steps of one attention module."""

    def __init__(self, first: QueryKeyRecord) -> None:
        self.first = self.last = first
        self.steps = [(first.query, first.mask, first.bias)]
        self.length = first.shape[2]
        self.grows: bool | None = None  # whether keys are added; otherwise they stay, as in cross

    def append(self, record: QueryKeyRecord) -> bool:
        """Add a step; return whether it continues the ones before."""
        first, last = self.first, self.last
        rows, keys = record.shape[2:]
        grows = keys == self.length + rows and keys > last.shape[3]
        same = all(
            getattr(record, name) == getattr(first, name)
            for name in ("scale", "softcap", "offset", "window")
        ) and all(
            (getattr(record, name) is None) == (getattr(first, name) is None)
            for name in ("mask", "bias", "sinks")
        )
        if not same or (self.grows is not None and self.grows != grows):
            return False
        if record.window is not None or (not grows and keys != last.shape[3]):
            return False
        if grows and record.mask is None and not self._follows(record):
            return False
        self.grows = grows
        self.steps.append((record.query, record.mask, record.bias))
        self.last, self.length = record, self.length + rows
        return True

    def _follows(self, record: QueryKeyRecord) -> bool:
        """Whether each query sees itself and what was before, with no mask that says so."""
        first = self.first
        return record.shape[2] == 1 and (first.causal or first.shape[2] == 1)

    def join(self, stacked: Callable[..., Tensor | None]) -> QueryKeyRecord:
        """Return the record that one pass would have given."""
        if len(self.steps) == 1:
            return self.first
        queries, masks, biases = zip(*self.steps, strict=True)
        counts = [query.shape[2] for query in queries]
        return replace(
            self.first,
            query=torch.cat(queries, dim=2),
            key=self.last.key,
            mask=stacked(masks, counts, self.last.shape[3], hidden=True),
            bias=stacked(biases, counts, self.last.shape[3], hidden=False),
            causal=bool(self.grows) and masks[0] is None,
        )


class _Stack:
    """Puts masks or biases of steps under each other; layers that share them share the result."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, ...], Tensor] = {}

    def __call__(
        self, parts: Sequence[Tensor | None], counts: Sequence[int], keys: int, *, hidden: bool
    ) -> Tensor | None:
        tensors = [part for part in parts if part is not None]
        if not tensors:
            return None
        name = tuple(tensor.data_ptr() for tensor in tensors)
        if name not in self._known:
            later = -torch.inf if hidden and tensors[0].is_floating_point() else 0.0
            rows = [
                F.pad(part.expand(-1, -1, count, -1), (0, keys - part.shape[3]), value=later)
                for part, count in zip(tensors, counts, strict=True)
            ]
            self._known[name] = torch.cat(rows, dim=2)
        return self._known[name]
