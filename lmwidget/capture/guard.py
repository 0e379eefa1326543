"""A model is handed back exactly as it was found, whatever happens in between."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch import nn

# Buffers that a forward pass may write to in place are small; the large ones are packed weights.
_COPIED_BUFFER = 1 << 20


class _Snapshot(Protocol):
    def restore(self) -> None: ...


@contextmanager
def as_found(model: nn.Module) -> Iterator[None]:
    """Put a model in evaluation mode, and everything back as it was on the way out.

    Put back are, for every module: training flag, attributes, hooks, buffers, sub-modules,
    ``requires_grad`` and ``.grad`` of the parameters; and the configurations. This also holds after
    an exception or ``KeyboardInterrupt``, for nested use, and for several threads on one model: the
    first one in takes the snapshot, the last one out restores it. Values of buffers larger than a
    million elements are not copied.

    Parameters
    ----------
    model : torch.nn.Module
        Any PyTorch model.

    Yields
    ------
    None
        The model is in evaluation mode inside the ``with`` block.

    Examples
    --------
    >>> from torch import nn
    >>> model = nn.Linear(2, 2)
    >>> with as_found(model):
    ...     model.training
    False
    >>> model.training
    True
    """
    held: list[int] = []
    try:
        with _lock:
            for module in model.modules():
                _hold(held, module, _ModuleState)
                # Not model.eval(): some libraries merge or split weights in train().
                module.training = False
            for config in _configs(model):
                _hold(held, config, _ConfigState)
        yield
    finally:
        with _lock:
            for key in reversed(held):
                _release(key)


_lock = threading.RLock()
_open: dict[int, tuple[_Snapshot, int]] = {}


def _hold(held: list[int], thing: Any, state: type[Any]) -> None:
    key = id(thing)
    snapshot, count = _open[key] if key in _open else (state(thing), 0)
    _open[key] = (snapshot, count + 1)
    held.append(key)


def _release(key: int) -> None:
    snapshot, count = _open[key]
    if count > 1:
        _open[key] = (snapshot, count - 1)
    else:
        del _open[key]
        snapshot.restore()


class _ModuleState:
    """Attributes of one module, by identity; its tables (hooks, buffers …), by content."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self.attributes = dict(vars(module))
        self.tables = [(v, dict(v)) for v in self.attributes.values() if isinstance(v, dict)]
        self.parameters = [(p, p.requires_grad, p.grad) for p in module.parameters(recurse=False)]
        self.buffers = [
            (buffer, _version(buffer), buffer.clone())
            for buffer in module.buffers(recurse=False)
            if buffer.dtype is not torch.bool and buffer.numel() <= _COPIED_BUFFER
        ]

    def restore(self) -> None:
        for table, found in self.tables:
            _put_back(table, found)
        _put_back(vars(self.module), self.attributes)
        for parameter, requires_grad, grad in self.parameters:
            if parameter.requires_grad != requires_grad:
                parameter.requires_grad_(requires_grad)
            if parameter.grad is not grad:
                parameter.grad = grad
        for buffer, version, value in self.buffers:
            if _version(buffer) != version:
                with torch.no_grad():
                    buffer.copy_(value)


class _ConfigState:
    """Settings of one configuration, by value; nested configurations are held on their own."""

    def __init__(self, config: Any) -> None:
        self.config = config
        self.settings = {
            name: value if _is_config(value) else copy.deepcopy(value)
            for name, value in vars(config).items()
        }

    def restore(self) -> None:
        settings = vars(self.config)
        for name in settings.keys() - self.settings.keys():
            del settings[name]
        for name, value in self.settings.items():
            if name not in settings or not (settings[name] is value or settings[name] == value):
                settings[name] = value


def _version(tensor: torch.Tensor) -> int:
    """Count of writes; tensors made under inference_mode cannot be written to outside of it."""
    return 0 if tensor.is_inference() else tensor._version  # noqa: SLF001


def _put_back(table: dict[Any, Any], found: dict[Any, Any]) -> None:
    for name in table.keys() - found.keys():
        del table[name]
    for name, value in found.items():
        if name not in table or table[name] is not value:
            table[name] = value
    if list(table) != list(found):  # hooks run in the order of their table
        table.clear()
        table.update(found)


def _configs(model: nn.Module) -> list[Any]:
    found: dict[int, Any] = {}
    waiting = [
        vars(module).get(name)
        for module in model.modules()
        for name in ("config", "generation_config")
    ]
    while waiting:
        config = waiting.pop()
        if _is_config(config) and id(config) not in found:
            found[id(config)] = config
            waiting.extend(vars(config).values())
    return list(found.values())


def _is_config(value: Any) -> bool:
    return hasattr(value, "to_dict") and hasattr(value, "__dict__") and not isinstance(value, type)
