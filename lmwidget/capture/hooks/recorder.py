"""Record every attention call of one ordinary forward pass, whatever the model is made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from lmwidget.capture.guard import as_found
from lmwidget.capture.hooks.applied import Applied
from lmwidget.capture.hooks.calls import CallReader, Place
from lmwidget.capture.hooks.interface import AttentionCall, current_listener, listening
from lmwidget.capture.hooks.keeper import Keeper
from lmwidget.capture.hooks.multi_head import MultiHeadCall
from lmwidget.capture.hooks.visit import Visit
from lmwidget.capture.kept.records import (
    AsideRecord,
    DenseRecord,
    Record,
)
from lmwidget.capture.modules.finding import readings_of
from lmwidget.capture.modules.known import reader_of
from lmwidget.capture.modules.reading import InnerCall

_LOOKS_LIKE_ATTENTION = re.compile("att", re.IGNORECASE)
_SDPA_ARGUMENTS = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal", "scale")


def record_attention(
    model: nn.Module,
    inputs: Mapping[str, Any],
    *,
    keep_values: bool = False,
    half: bool = False,
    wants: Callable[[Place], bool] | None = None,
) -> list[Record]:
    """Run a model once and return its attention calls, in the order they were made.

    The model stays on its own attention implementation and is left as it was found.

    Parameters
    ----------
    model : torch.nn.Module
        Any PyTorch model.
    inputs : mapping of str to Tensor
        Keyword arguments of its forward; every tensor starts with the batch axis.
    keep_values : bool, default False
        Also keep the values, which gradients of the weights need.
    half : bool, default False
        Keep queries, keys and whole weights in 16 bits.
    wants : callable, optional
        ``wants((module name, number of the call))`` says which calls to keep; default: all.

    Returns
    -------
    list of Record
        Empty for a model without attention.

    Examples
    --------
    >>> from transformers import GPT2Config, GPT2Model
    >>> model = GPT2Model(GPT2Config(n_layer=2, n_head=2, n_embd=8, vocab_size=9))
    >>> records = record_attention(model, {"input_ids": torch.tensor([[1, 2, 3]])})
    >>> [record.shape for record in records]
    [(1, 2, 3, 3), (1, 2, 3, 3)]
    """
    batch = next((len(x) for x in inputs.values() if isinstance(x, Tensor) and x.dim()), 1)
    recorder = Recorder(
        model,
        batch=batch,
        tokens=_length(inputs.get("input_ids")),
        keep_values=keep_values,
        half=half,
        wants=wants,
    )
    with as_found(model), torch.no_grad(), recorder:
        model(**inputs)
    return recorder.records


class Recorder(Keeper, TorchFunctionMode):
    """Context in which the attention calls of one model are recorded.

    Three sources: attention functions of transformers; direct calls of
    ``scaled_dot_product_attention``; and, kept whole, softmax inside modules that are attention by
    their name, and ``nn.MultiheadAttention``.

    Parameters
    ----------
    model : torch.nn.Module
        The model whose modules name the records.
    batch : int, default 1
        Size of the batch; tells batch and heads apart where a model folds them into one axis.
    tokens : int, optional
        Number of ids that the model (its encoder) reads, since some models pad them on the way.
    keep_values : bool, default False
        Also keep the values, and what the heads put out.
    half : bool, default False
        Keep queries, keys and whole weights in 16 bits.
    wants : callable, optional
        ``wants((module name, number of the call))`` says which calls to keep; default: all.
    trace : bool, default False
        Also keep where gradients of the weights are read.

    Attributes
    ----------
    records : list of Record
        In the order of the calls.

    Examples
    --------
    >>> query = torch.ones(1, 1, 2, 4)
    >>> with Recorder(nn.Identity()) as recorder:
    ...     _ = F.scaled_dot_product_attention(query, query, query)
    >>> recorder.records[0].weights()[0, 0].tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        batch: int = 1,
        tokens: int | None = None,
        keep_values: bool = False,
        half: bool = False,
        wants: Callable[[Place], bool] | None = None,
        trace: bool = False,
    ) -> None:
        reader = CallReader(batch=batch, keep_values=keep_values, trace=trace)
        super().__init__(model, reader, half=half, wants=wants)
        self._model, self._tokens = model, tokens
        self._applied = Applied()
        self._softmaxes: dict[nn.Module, list[Tensor]] = {}
        named = {m for m, name in self._names.items() if _is_attention(m, name)}
        # Modules that the user has registered, or of which it was found out.
        self._readings = readings_of(model, self._names, named.__contains__)
        self._modules = [m for m in self._names if m in named or m in self._readings]
        self._inner: dict[nn.Module, list[InnerCall]] = {}
        self._running: list[nn.Module] = []
        self._inside = False
        self._undo = ExitStack()
        self._sources: dict[Any, Callable[..., Any]] = {
            F.scaled_dot_product_attention: self._on_sdpa,
            F.multi_head_attention_forward: self._on_multi_head,
            F.softmax: self._on_softmax,
            torch.softmax: self._on_softmax,
            Tensor.softmax: self._on_softmax,
        }

    def __enter__(self) -> Recorder:  # noqa: PYI034, typing.Self is newer than Python 3.10
        with ExitStack() as undo:
            for module in self._modules:
                enter = module.register_forward_pre_hook(self._on_enter, with_kwargs=True)
                undo.callback(enter.remove)
                leave = module.register_forward_hook(
                    self._on_leave, with_kwargs=True, always_call=True
                )
                undo.callback(leave.remove)
            undo.enter_context(listening(self))
            super().__enter__()
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        with self._undo:
            super().__exit__(*exception)
        for number in self._applied.left():
            left = self.records[number]
            reason = f"A softmax in {left.name} is not applied to values as it is."
            self.records[number] = AsideRecord(left.name, left.call, left.shape, reason)

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run a function of torch; record it when it is attention."""
        del types
        kwargs = kwargs or {}
        source = self._sources.get(func)
        if source is None and not self._applied:
            return func(*args, **kwargs)
        if self._inside or current_listener() is not self:
            return func(*args, **kwargs)
        if source is not None:
            return source(func, args, kwargs)
        output = func(*args, **kwargs)
        given = (*args, *kwargs.values())
        for target, weights in self._applied.follow(func, given, output):
            if isinstance(target, InnerCall):
                target.applied = weights
            else:
                self._put(target, weights, given, output)
        return output

    def on_attention(self, call: AttentionCall) -> Any:
        """Make a call of a transformers attention function, and record it.

        Parameters
        ----------
        call : AttentionCall
            What the model is about to call.

        Returns
        -------
        tuple
            What the function returned.
        """
        if self._inside or current_listener() is not self:
            return call.run()
        self._inside = True
        try:
            result = call.run()

            def read(place: Place) -> Record:
                return self._reader.interface(place, call, result, trusted=self._trusts(place))

            if not self._belongs(InnerCall(result[0], read=read)):
                self._keep(call.arguments["module"], read)
        finally:
            self._inside = False
        return result

    def _on_sdpa(self, func: Any, args: Any, kwargs: Any) -> Any:
        output = func(*args, **kwargs)
        given = dict(zip(_SDPA_ARGUMENTS, args, strict=False)) | kwargs

        def read(place: Place) -> Record:
            return self._reader.sdpa(place, given, output)

        if not self._belongs(InnerCall(output, read=read)):
            self._keep(self._module(), read)
        return output

    def _on_multi_head(self, func: Any, args: Any, kwargs: Any) -> Any:
        call = MultiHeadCall.of(func, args, kwargs)

        def read(place: Place) -> Record:
            return self._reader.multi_head(place, call)

        if not self._belongs(InnerCall(call.weights, read=read)):
            self._keep(self._module(), read)
        return call.result

    def _on_softmax(self, func: Any, args: Any, kwargs: Any) -> Any:
        output = func(*args, **kwargs)
        axis = kwargs.get("dim", args[1] if len(args) > 1 else None)
        if isinstance(axis, int) and output.dim() >= 3:
            inner = InnerCall(output, axis)
            if self._belongs(inner):
                self._applied.watch(output, inner, axis)
                return output
        if self._running and output.dim() >= 3 and axis in (-1, output.dim() - 1):
            module = self._running[-1]
            if module in self._softmaxes:
                self._softmaxes[module].append(output.detach())
            else:
                self._keep(module, lambda place: self._reader.softmax(place, output))
                if isinstance(self.records[-1], DenseRecord):
                    self._applied.watch(output, len(self.records) - 1)
        return output

    def _belongs(self, call: InnerCall) -> bool:
        """Leave a call to the module around it whose reading is known, if there is one."""
        owner = next((m for m in reversed(self._running) if m in self._inner), None)
        reading = None if owner is None else self._readings[owner]
        if reading is not None and reading.nothing and owner is not self._running[-1]:
            return False
        if owner is not None:
            self._inner[owner].append(call)
        return owner is not None

    def _module(self) -> nn.Module | None:
        return self._running[-1] if self._running else None

    def _on_enter(self, module: nn.Module, args: Any, *rest: Any) -> None:
        # Without keyword arguments torch calls for another thread, once this pass is over.
        if current_listener() is self:
            (kwargs,) = rest
            self._running.append(module)
            self._entered[module] += 1
            self._given[module] = (args, kwargs)
            if reader_of(module) is not None:
                self._softmaxes[module] = []
            if self._readings.get(module) is not None:
                self._inner[module] = []

    def _on_leave(self, module: nn.Module, args: Any, *rest: Any) -> None:
        if current_listener() is not self or module not in self._running:
            return
        kwargs, output = rest
        read, softmaxes = reader_of(module), self._softmaxes.pop(module, [])
        if read is not None and output is not None:
            seen = (args, kwargs, output, softmaxes, self._tokens)
            self._keep(module, lambda place: read(Visit(place, module, self._model, *seen)))
        reading, calls = self._readings.get(module), self._inner.pop(module, [])
        for call in calls:
            call.changed = self._applied.stop(call)
        if reading is not None and output is not None:
            seen = (args, kwargs, output, [], self._tokens)
            visit = Visit(("", 0), module, self._model, *seen)
            layers = reading.reads(visit, calls, self._reader)
            for layer in layers:
                self._keep(module if len(layers) == 1 else None, layer)
        self._given.pop(module, None)
        while self._running.pop() is not module:
            pass


def _is_attention(module: nn.Module, name: str) -> bool:
    kind, own_name = type(module).__name__, name.rpartition(".")[2]
    has_parts = next(module.children(), None) is not None
    return bool(
        _LOOKS_LIKE_ATTENTION.search(kind) or (has_parts and _LOOKS_LIKE_ATTENTION.search(own_name))
    )


def _length(ids: Any) -> int | None:
    return ids.shape[1] if isinstance(ids, Tensor) and ids.dim() == 2 else None
