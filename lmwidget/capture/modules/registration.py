"""Modules that the user names as attention."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from torch import nn

from lmwidget.capture.modules.reading import Reader, Reading
from lmwidget.errors import InputError, UnknownNameError, nearest, refuse_unknown


class Registration:
    """One entry of the register; as a context manager it is removed at the end of the block.

    Parameters
    ----------
    target : type, torch.nn.Module or str
        What is registered.
    reading : Reading
        How it is read.
    """

    def __init__(self, target: Any, reading: Reading) -> None:
        # A module in the register must not be kept alive by it.
        self._target: Callable[[], Any] = (
            weakref.ref(target) if isinstance(target, nn.Module) else lambda: target
        )
        self.reading = reading

    def __repr__(self) -> str:
        return f"<Registration of {_name(self._target())}>"

    def __enter__(self) -> Registration:  # noqa: PYI034, typing.Self is newer than Python 3.10
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()

    @property
    def gone(self) -> bool:
        """Whether the module that was registered no longer exists.

        Returns
        -------
        bool
            False for classes and names.

        Examples
        --------
        >>> Registration("h.*.mix", Reading()).gone
        False
        """
        return self._target() is None

    def is_for(self, target: Any) -> bool:
        """Return whether this is the entry of a class, module or name.

        Parameters
        ----------
        target : object
            What was registered.

        Returns
        -------
        bool
            By identity for modules.

        Examples
        --------
        >>> Registration("h.*.mix", Reading()).is_for("h.*.mix")
        True
        """
        own = self._target()
        return own is target or (isinstance(own, str) and own == target)

    def covers(self, module: nn.Module, name: str) -> bool:
        """Return whether a module of a model is meant.

        Parameters
        ----------
        module : torch.nn.Module
            The module.
        name : str
            Its name in the model.

        Returns
        -------
        bool
            By class, identity, or name.

        Examples
        --------
        >>> Registration("h.*.mix", Reading()).covers(nn.Identity(), "h.3.mix")
        True
        """
        target = self._target()
        if isinstance(target, str):
            return fnmatchcase(name, target)
        return isinstance(module, target) if isinstance(target, type) else module is target

    def remove(self) -> None:
        """Take the entry out of the register; nothing happens when it is out already.

        Examples
        --------
        >>> register(nn.Identity).remove()
        """
        with _lock:
            if self in _registered:
                _registered.remove(self)


_registered: list[Registration] = []
_lock = threading.RLock()


def register(
    target: type[nn.Module] | nn.Module | str,
    *,
    weights: Reader | None = None,
    query_key: Reader | None = None,
    **unknown: Any,
) -> Registration:
    """Say that a module computes attention, and how it is read.

    Without more, every softmax inside the module, over its last axis, is taken for attention, and
    so is every ``scaled_dot_product_attention``. Several in one call are the heads of one layer.

    Parameters
    ----------
    target : class, module or str
        A class of modules (subclasses included), one module, or the name of modules in
        ``model.named_modules()``, with ``*`` for any part: ``"h.*.mix"``.
    weights : callable, optional
        ``weights(module, args, output)`` returns the weights after a call, as a tensor
        (batch, head, query, key) or (batch, query, key). ``args`` are all arguments of the module's
        ``forward`` in their order.
    query_key : callable, optional
        ``query_key(module, args, output)`` returns queries and keys, (batch, head, token, channel),
        as a tuple or as a dict with ``query``, ``key`` and whatever else there is of ``scale``,
        ``softcap``, ``bias``, ``mask`` (True: may be seen; or added) and ``causal``. ``bias`` and
        ``mask`` are (batch or 1, head or 1, query or 1, key), or (batch, query, key), or
        (query, key). This keeps the memory linear in the length of the text.

    Returns
    -------
    Registration
        ``remove()`` it, use it in a ``with`` statement, or leave it.

    Raises
    ------
    InputError
        When the target is none of these, or both ways are given.
    UnknownNameError
        For an unknown keyword.

    Examples
    --------
    >>> from lmwidget import capture
    >>> class Mix(nn.Module):
    ...     pass
    >>> with capture.register(Mix, weights=lambda module, args, output: output[1]) as entry:
    ...     entry
    <Registration of Mix>
    """
    refuse_unknown(unknown, ["weights", "query_key"], "register")
    is_class = isinstance(target, type) and issubclass(target, nn.Module)
    if not is_class and not isinstance(target, nn.Module | str):
        raise InputError(
            f"{_name(target)} is no class of modules, module, or name of one.",
            'Give for example register(MyAttention), or register("h.*.mix").',
        )
    if weights is not None and query_key is not None:
        raise InputError("Both weights= and query_key= are given.", "Give one of them.")
    for name, way in (("weights", weights), ("query_key", query_key)):
        if way is not None and not callable(way):
            raise InputError(
                f"{name} is a {type(way).__name__}.",
                f"Give a function: {name}=lambda module, args, output: …",
            )
    entry = Registration(target, Reading(weights=weights, query_key=query_key))
    with _lock:
        _registered[:] = [old for old in _registered if not (old.gone or old.is_for(target))]
        _registered.append(entry)
    return entry


def unregister(target: type[nn.Module] | nn.Module | str) -> None:
    """Take back what was registered.

    Parameters
    ----------
    target : class, module or str
        The same as was given to :func:`register`.

    Raises
    ------
    UnknownNameError
        When it is not registered.

    Examples
    --------
    >>> from lmwidget import capture
    >>> _ = capture.register("h.*.mix")
    >>> capture.unregister("h.*.mix")
    """
    with _lock:
        found = [entry for entry in _registered if entry.is_for(target)]
        if not found:
            names = [_name(entry._target()) for entry in _registered]  # noqa: SLF001
            remedy = nearest(_name(target), names) if names else "Nothing is."
            raise UnknownNameError(f"{_name(target)} is not registered.", remedy)
        for entry in found:
            entry.remove()


def registered(module: nn.Module, name: str) -> Reading | None:
    """Return how a module is read, when the user has said it.

    Parameters
    ----------
    module : torch.nn.Module
        The module.
    name : str
        Its name in the model.

    Returns
    -------
    Reading or None
        Of the latest entry that covers it.

    Examples
    --------
    >>> registered(nn.Identity(), "h.3.mix") is None
    True
    """
    entries = reversed(_registered)
    return next((entry.reading for entry in entries if entry.covers(module, name)), None)


def _name(target: Any) -> str:
    if isinstance(target, str):
        return repr(target)
    return target.__name__ if isinstance(target, type) else f"a {type(target).__name__}"
