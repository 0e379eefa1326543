"""Listen to the attention functions that transformers hands out, for this context only."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from transformers.modeling_utils import AttentionInterface

AttentionFunction = Callable[..., Any]
# Positional in every attention function, under whatever name.
_FIRST = ("module", "query", "key", "value", "attention_mask")


@dataclass(frozen=True)
class AttentionCall:
    """One call of an attention function, before it is made.

    Attributes
    ----------
    function : callable
        What the model would call: ``(module, query, key, value, attention_mask, ...)``.
    implementation : str
        ``"sdpa"``, ``"eager"``, ``"flash_attention_2"``, …
    default : callable or None
        The model's own eager function, which knows every peculiarity of the model.
    args, kwargs : tuple, dict
        The arguments.
    """

    function: AttentionFunction
    implementation: str
    default: AttentionFunction | None
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    @property
    def arguments(self) -> dict[str, Any]:
        """All arguments by name."""
        return dict(zip(_names_of(self.function), self.args, strict=False)) | self.kwargs

    def run(self) -> Any:
        """Make the call, unchanged.

        Returns
        -------
        tuple
            What the function returned: ``(output, weights or None)``.

        Examples
        --------
        >>> AttentionCall(max, "eager", None, (1, 2), {}).run()
        2
        """
        return self.function(*self.args, **self.kwargs)


@functools.lru_cache(maxsize=256)
def _names_of(function: AttentionFunction) -> tuple[str, ...]:
    return (*_FIRST, *list(inspect.signature(function).parameters)[len(_FIRST) :])


class Listener(Protocol):
    """What is told of every attention call made in its context."""

    def on_attention(self, call: AttentionCall) -> Any:
        """Make the call, and return what it returned."""


_listener: ContextVar[Listener | None] = ContextVar("lmwidget_listener", default=None)


def current_listener() -> Listener | None:
    """Return who listens in this thread or task.

    Returns
    -------
    Listener or None
        The innermost one.

    Examples
    --------
    >>> current_listener() is None
    True
    """
    return _listener.get()


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send the attention calls of this thread or task through ``listener``.

    Other threads do not notice. Compiled models run their Python code, since a compiled graph calls
    nothing that could be listened to.

    Parameters
    ----------
    listener : Listener
        Receives every call instead of the function, and makes it.

    Yields
    ------
    None
        While the block runs, calls go through ``listener``.

    Examples
    --------
    >>> class Count:
    ...     calls = 0
    ...     def on_attention(self, call):
    ...         self.calls += 1
    ...         return call.run()
    >>> with listening(Count()) as _:
    ...     current_listener().calls
    0
    """
    with uncompiled(), _handed_out:
        token = _listener.set(listener)
        try:
            yield
        finally:
            _listener.reset(token)


def uncompiled() -> AbstractContextManager[None]:
    """Return a context in which models compiled by ``torch.compile`` run their Python code.

    Graphs compiled before stay cached. The switch is process-wide, so compiled models in other
    threads run uncompiled for that moment, too: slower, same result.

    Returns
    -------
    context manager
        Reentrant, and safe with several threads.

    Examples
    --------
    >>> with uncompiled():
    ...     pass
    """
    return _stance


class _Shared(AbstractContextManager[None]):
    """Something process-wide: made by the first one in, undone by the last one out."""

    def __init__(self, make: Callable[[], Callable[[], None]]) -> None:
        self._make, self._lock, self._count = make, threading.RLock(), 0
        self._undo: Callable[[], None] = lambda: None

    def __enter__(self) -> None:
        with self._lock:
            if self._count == 0:
                self._undo = self._make()
            self._count += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._count -= 1
            if self._count == 0:
                self._undo()


def _force_eager() -> Callable[[], None]:
    stance = torch.compiler.set_stance("force_eager")
    return lambda: stance.__exit__(None, None, None)


def _patch_interface() -> Callable[[], None]:
    """Wrap both ways by which models fetch an attention function."""
    get_item = AttentionInterface.__getitem__
    get_interface = AttentionInterface.get_interface

    def __getitem__(self: AttentionInterface, name: str) -> AttentionFunction:  # noqa: N807
        return _wrap(get_item(self, name), name, None)

    def wrapped_get_interface(
        self: AttentionInterface, attn_implementation: str, default: AttentionFunction
    ) -> AttentionFunction:
        function = get_interface(self, attn_implementation, default)
        # get_interface looks the name up in the mapping, which has wrapped it already.
        function = getattr(function, "lmwidget_function", function)
        return _wrap(function, attn_implementation or "eager", default)

    patches = {"__getitem__": __getitem__, "get_interface": wrapped_get_interface}
    originals = {name: vars(AttentionInterface).get(name) for name in patches}
    for name, patch in patches.items():
        setattr(AttentionInterface, name, patch)

    def undo() -> None:
        for name, original in originals.items():
            if original is None:
                delattr(AttentionInterface, name)
            else:
                setattr(AttentionInterface, name, original)

    return undo


def _wrap(
    function: AttentionFunction, implementation: str, default: AttentionFunction | None
) -> AttentionFunction:
    listener = _listener.get()
    if listener is None:
        return function

    @functools.wraps(function)
    def attention(*args: Any, **kwargs: Any) -> Any:
        return listener.on_attention(AttentionCall(function, implementation, default, args, kwargs))

    attention.lmwidget_function = function  # type: ignore[attr-defined]
    return attention


_stance = _Shared(_force_eager)
_handed_out = _Shared(_patch_interface)
