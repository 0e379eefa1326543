"""What an attribution method is, and what it is given and gives back."""

from __future__ import annotations

import inspect
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from lmwidget.errors import CancelledError, InputError, InterruptedRunError
from lmwidget.results import Check


@dataclass(frozen=True)
class Scores:
    """What a method computed.

    Attributes
    ----------
    scores : ndarray of float32, shape (token,) or (player,)
        One score a token; of methods that need values, one a player.
    settings : dict
        The method's keyword arguments with every default resolved.
    check : Check or None
        The map's own test.
    partial : bool
        True when the computation was stopped early.
    passes : int
        Passes made, of methods that are given a question.
    value : float
        The number that is explained, of methods that are given a question.
    signed : bool or None
        Where it depends on the settings; None for that of the method.
    unit : str
        Where it depends on the settings; "" for that of the method.
    """

    scores: NDArray[np.float32]
    settings: dict[str, Any] = field(default_factory=dict)
    check: Check | None = None
    partial: bool = False
    passes: int = 1
    value: float = math.nan
    signed: bool | None = None
    unit: str = ""


_ACTIVE: list[Watch] = []  # of the main thread: an interrupt stops all of them
_ENOUGH = 3  # batches, of which the first is often a small one that measures


class Watch:
    """Reports progress to the caller, and passes on the wish to stop.

    Parameters
    ----------
    progress : callable, optional
        Called with ``(done, total, seconds_left)``.
    cancelled : callable, optional
        Returns True when the computation should stop.
    """

    def __init__(
        self,
        progress: Callable[[int, int, float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        if cancelled is not None and not callable(cancelled):
            raise InputError(
                f"cancelled is {cancelled!r}.", "Give a function that returns True to stop."
            )
        self._progress = progress
        self._cancelled = cancelled
        self._first = (0.0, 0)
        self._batches, self._done = 0, 0
        self._interrupted = False

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let an interrupt from the keyboard stop the computation with what is done.

        A second one interrupts at once.

        Yields
        ------
        None
            Only the main thread is told of interrupts.

        Raises
        ------
        InterruptedRunError
            In place of a CancelledError, when it was the keyboard that stopped it.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.getsignal(signal.SIGINT)
        if not callable(before):
            yield
            return
        _ACTIVE.append(self)

        def stop(*_: object) -> None:
            for watch in _ACTIVE:
                watch.interrupt()
            signal.signal(signal.SIGINT, before)

        signal.signal(signal.SIGINT, stop)
        try:
            yield
        except CancelledError as error:
            if not self._interrupted or _ACTIVE[0] is not self:
                raise
            raise InterruptedRunError(error.message, error.remedy) from None
        finally:
            _ACTIVE.remove(self)
            signal.signal(signal.SIGINT, before)

    def interrupt(self) -> None:
        """Stop as soon as there is something to show.

        Examples
        --------
        >>> watch = Watch()
        >>> watch.interrupt()
        >>> watch.stopped
        True
        """
        self._interrupted = True

    def pass_on(self, *, complete: bool) -> None:
        """Interrupt what encloses a computation that was done before it could stop.

        Parameters
        ----------
        complete : bool
            Whether nothing is missing from the result.

        Raises
        ------
        KeyboardInterrupt
            When the keyboard's wish to stop was not used up.

        Examples
        --------
        >>> Watch().pass_on(complete=True)
        """
        if self._interrupted and complete and not _ACTIVE:
            raise KeyboardInterrupt

    def report(self, done: int, total: int) -> None:
        """Tell the caller that ``done`` of at most ``total`` passes are made.

        The time left is NaN until it can be known: until the third batch is done.

        Parameters
        ----------
        done, total : int
            Passes.

        Examples
        --------
        >>> Watch(lambda done, total, seconds_left: print(done, total)).report(0, 8)
        0 8
        """
        now = time.perf_counter()
        if done > self._done:
            self._done, self._batches = done, self._batches + 1
            if self._batches == 1:
                self._first = (now, done)
        start, before = self._first
        left = math.nan
        if done >= total:
            left = 0.0
        elif self._batches >= _ENOUGH and done > before:
            left = (now - start) / (done - before) * (total - done)
        if self._progress is not None:
            self._progress(done, total, left)

    @property
    def stopped(self) -> bool:
        """Whether the caller wants to stop.

        Returns
        -------
        bool
            False when nobody asks.

        Examples
        --------
        >>> Watch(cancelled=lambda: True).stopped
        True
        """
        return self._interrupted or (self._cancelled is not None and self._cancelled())

    def check(self) -> None:
        """Raise when the caller wants to stop and there is nothing to show yet.

        Raises
        ------
        CancelledError
            When stopped.

        Examples
        --------
        >>> Watch().check()
        """
        if self.stopped:
            self.give_up()

    def give_up(self) -> NoReturn:
        """Raise, since it was stopped with nothing to show.

        Raises
        ------
        CancelledError
            Always.

        Examples
        --------
        >>> try:
        ...     Watch().give_up()
        ... except CancelledError as error:
        ...     print(error)
        The computation was stopped before there was anything to show. Run it again.
        """
        raise CancelledError(
            "The computation was stopped before there was anything to show.", "Run it again."
        )


@dataclass(frozen=True)
class Method:
    """One attribution method.

    Attributes
    ----------
    name : str
        Key in the registry.
    label : str
        Name on figures.
    signed : bool
        Whether scores below zero mean "speaks against the target".
    slow : bool
        Whether it needs many passes.
    summary : str
        One sentence for the figure.
    paper : str
        Authors and year.
    function : callable
        ``function(f, watch, **settings) -> Scores``; its keyword-only arguments are the settings.
    needs : str
        What ``f`` is: ``"gradients"`` (a :class:`~lmwidget.attribution.target_function.TargetFunction`),
        ``"values"`` (a :class:`~lmwidget.attribution.game.Game`: any model, any function of text),
        or ``"question"`` (a :class:`~lmwidget.attribution.question.Question`, not yet resolved:
        for methods that run the model in their own way and resolve it on the way).
    order : int
        Place in menus: 10–29 gradients, 30–39 attention, 40–69 perturbation, 90 controls.
    unit : str
        Unit of the scores where it is not that of what is explained; "" for that.
    one_pass : bool
        Whether it looks only at embeddings and gradient of the text itself, so that one forward
        pass gives a whole answer.
    nested : bool
        Whether what it asks of a text holds what it asks of the text's beginning, so that the
        passes over a whole answer give each of its tokens.
    limited : bool
        Whether the function takes ``max_memory``, bytes for one batch, behind the watch: one that
        is given a question and reads many texts.
    """

    name: str
    label: str
    signed: bool
    slow: bool
    summary: str
    paper: str
    function: Callable[..., Scores]
    needs: str = "gradients"
    order: int = 50
    unit: str = ""
    one_pass: bool = False
    nested: bool = False
    limited: bool = False

    @property
    def settings(self) -> tuple[str, ...]:
        """Names of the settings.

        Returns
        -------
        tuple of str
            In the order of the function.

        Examples
        --------
        >>> from lmwidget.attribution import METHODS
        >>> METHODS["gradient"].settings
        ()
        """
        parameters = inspect.signature(self.function).parameters.values()
        return tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)
