"""Find the attention of a user's own module, whatever its parts are called, by trying it.

A softmax is attention when its output grows with the text along two axes, the one it goes over and
another. Two short texts of different lengths tell which axes these are, and whether several are the
heads of one layer (they read the same tensor) or layers.
"""

from __future__ import annotations

import threading
import weakref
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from lmwidget.capture.guard import as_found
from lmwidget.capture.hooks.interface import uncompiled
from lmwidget.capture.modules.reading import Reading
from lmwidget.capture.modules.registration import registered

# Texts and their length in the two runs: which axis follows which number tells what it is.
_BATCH, _LONG = 3, 5
_FEWER, _SHORT = 2, 4
_SOFTMAX = {F.softmax, torch.softmax, Tensor.softmax}
_THROUGH = (nn.Softmax, nn.Dropout, nn.Identity)
_cache: weakref.WeakKeyDictionary[nn.Module, tuple[tuple[int, ...], dict[nn.Module, Any]]]
_cache = weakref.WeakKeyDictionary()


def readings_of(
    model: nn.Module, names: Mapping[nn.Module, str], is_named: Callable[[nn.Module], bool]
) -> dict[nn.Module, Reading | None]:
    """Return the modules whose attention is read in a way of their own.

    Parameters
    ----------
    model : torch.nn.Module
        The model; one of the user's own is tried on two short texts, once.
    names : mapping of torch.nn.Module to str
        Names of its parts.
    is_named : callable
        Whether a part is attention by its name, so that nothing more is to be found out.

    Returns
    -------
    dict of torch.nn.Module to (Reading or None)
        None where a module calls softmax in the ordinary way, under an unusual name.

    Examples
    --------
    >>> readings_of(nn.Identity(), {}, lambda module: False)
    {}
    """
    found = dict(_found(model, is_named)) if hasattr(model, "probe") else {}
    for module, name in names.items():
        reading = registered(module, name)
        if reading is not None:
            own = found.get(module)
            keeps = (
                own is not None
                and not own.nothing
                and reading.weights is None
                and reading.query_key is None
            )
            found[module] = own if keeps else reading
    return found


def _found(model: Any, is_named: Callable[[nn.Module], bool]) -> dict[nn.Module, Reading | None]:
    key = tuple(id(module) for module in model.modules())
    if model not in _cache or _cache[model][0] != key:
        found = _find(model, is_named)
        if found is None:  # nothing was learnt: try again next time
            return {}
        _cache[model] = (key, found)
    return _cache[model][1]


@dataclass(frozen=True)
class _Event:
    """One softmax or kernel: who called it, in which of its calls, and what came out."""

    stack: tuple[nn.Module, ...]
    visits: tuple[int, ...]
    given: Tensor | None
    shape: tuple[int, ...]
    axis: int | None

    @property
    def module(self) -> nn.Module:
        return self.stack[-1]


class _Watcher(TorchFunctionMode):
    """Notes every softmax and attention kernel, and the modules that are running meanwhile."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.events: list[_Event] = []
        self._running: list[tuple[nn.Module, int, Any]] = []
        self._entered: Counter[nn.Module] = Counter()
        self._modules = [m for m in model.modules() if not isinstance(m, _THROUGH)]
        self._hooks = ExitStack()
        self._thread = 0

    def __enter__(self) -> _Watcher:  # noqa: PYI034, typing.Self is newer than Python 3.10
        self._thread = threading.get_ident()
        for module in self._modules:
            enter = module.register_forward_pre_hook(self._on_enter, with_kwargs=True)
            leave = module.register_forward_hook(self._on_leave, always_call=True)
            self._hooks.callback(enter.remove)
            self._hooks.callback(leave.remove)
        super().__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        with self._hooks:
            super().__exit__(*exception)

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        del types
        kwargs = kwargs or {}
        output = func(*args, **kwargs)
        if func in _SOFTMAX:
            axis = kwargs.get("dim", args[1] if len(args) > 1 else None)
            if isinstance(axis, int) and output.dim() >= 3:
                self._note(tuple(output.shape), axis % output.dim())
        elif func is F.scaled_dot_product_attention:
            query = args[0] if args else kwargs["query"]
            self._note(tuple(query.shape), None)
        return output

    def _note(self, shape: tuple[int, ...], axis: int | None) -> None:
        if self._running:
            stack, visits, given = zip(*self._running, strict=True)
            self.events.append(_Event(stack, visits, given[-1], shape, axis))

    def _on_enter(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        if threading.get_ident() != self._thread:  # hooks hear every thread, functions only ours
            return
        self._entered[module] += 1
        given = next((x for x in (*args, *kwargs.values()) if isinstance(x, Tensor)), None)
        self._running.append((module, self._entered[module], given))

    def _on_leave(self, module: nn.Module, *_: Any) -> None:
        if threading.get_ident() != self._thread:
            return
        while self._running and self._running.pop()[0] is not module:
            pass


def _find(
    model: Any, is_named: Callable[[nn.Module], bool]
) -> dict[nn.Module, Reading | None] | None:
    try:
        long, short = (_events(model, *size) for size in ((_BATCH, _LONG), (_FEWER, _SHORT)))
    except Exception:  # noqa: BLE001, a module that needs longer texts is read by names alone
        return None
    if [event.module for event in long] != [event.module for event in short]:
        return None
    layouts = [_layout(*pair) for pair in zip(long, short, strict=True)]
    events = [
        (event, layout) for event, layout in zip(long, layouts, strict=True) if layout is not None
    ]
    # Queries and features, say: not to be mistaken for attention when there are as many of both.
    seen = {module for event, _ in events for module in event.stack}
    nothing = {
        event.module: Reading(nothing=True)
        for event, other, layout in zip(long, short, layouts, strict=True)
        if layout is None and event.module not in seen and _is_nothing(event, other)
    }
    return nothing | _grouped(events, is_named)


def _events(model: Any, batch: int, length: int) -> list[_Event]:
    device = next((parameter.device for parameter in model.parameters()), model.probe.device)
    count = batch * length
    ids = model.probe.to(device).flatten().repeat(count)[:count].reshape(batch, -1)
    watcher = _Watcher(model.module)
    with uncompiled(), as_found(model), torch.no_grad(), watcher:
        model(input_ids=ids)
    return watcher.events


def _layout(long: _Event, short: _Event) -> tuple[int, ...] | None:
    """Return the axes in the order batch, heads, query, key; None when it is no attention."""
    axes = range(len(long.shape))
    if long.axis is None:
        return tuple(axes)
    grow = [i for i in axes if (long.shape[i], short.shape[i]) == (_LONG, _SHORT)]
    if len(short.shape) != len(long.shape) or long.axis not in grow or len(grow) != 2:
        return None
    query = next(i for i in grow if i != long.axis)
    rest = [i for i in axes if i not in grow]
    batch = next((i for i in rest if _is_batch(long.shape[i], short.shape[i])), rest[0])
    return (batch, *(i for i in rest if i != batch), query, long.axis)


def _is_batch(long: int, short: int) -> bool:
    """Whether an axis follows the number of texts; it may hold the heads as well."""
    return long * _FEWER == short * _BATCH


def _is_nothing(long: _Event, short: _Event) -> bool:
    """Whether a softmax goes over tokens or between tokens and features, not between tokens."""
    sizes = list(zip(long.shape, short.shape, strict=False))
    return sum(a != b and not _is_batch(a, b) for a, b in sizes) == 1


def _heads(event: _Event) -> int:
    if event.axis is None:
        shape = event.shape
        return shape[1] if len(shape) == 4 else shape[0] // _BATCH
    size = 1
    for count in event.shape:
        size *= count
    return size // (_BATCH * _LONG * _LONG)


def _grouped(
    events: list[tuple[_Event, tuple[int, ...]]], is_named: Callable[[nn.Module], bool]
) -> dict[nn.Module, Reading | None]:
    found: dict[nn.Module, Reading | None] = {}
    groups = _head_modules([event for event, _ in events])
    owners: dict[nn.Module, list[tuple[_Event, tuple[int, ...]]]] = {}
    for event, layout in events:
        parent = event.stack[-2] if len(event.stack) > 1 else None
        owner = parent if parent is not None and parent in groups else event.module
        if event.visits[event.stack.index(owner)] == 1:
            owners.setdefault(owner, []).append((event, layout))
    for module, calls in owners.items():
        layouts = tuple(None if _is_natural(event, layout) else layout for event, layout in calls)
        if len(calls) == 1 and layouts == (None,):
            if not any(map(is_named, calls[0][0].stack)):
                found[module] = None
        else:
            one_head = all(_heads(event) == 1 for event, _ in calls)
            whole = len(calls[0][0].stack) == 1
            joined = len(calls) == 1 or (one_head and not whole)
            found[module] = Reading(layouts, joined=joined)
    return found


def _head_modules(events: list[_Event]) -> set[nn.Module]:
    """Return modules with parts that are one head each: all read the same tensor."""
    readers: dict[tuple[nn.Module, int], list[_Event]] = {}
    for event in events:
        if len(event.stack) > 1 and _heads(event) == 1:
            readers.setdefault((event.stack[-2], event.visits[-2]), []).append(event)
    return {
        parent
        for (parent, _), parts in readers.items()
        if len({part.module for part in parts}) == len(parts) > 1
        and all(part.given is parts[0].given and part.given is not None for part in parts)
    }


def _is_natural(event: _Event, layout: tuple[int, ...]) -> bool:
    return event.axis is None or (len(layout) <= 4 and list(layout) == sorted(layout))
