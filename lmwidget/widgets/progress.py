"""Progress of a slow method before its widget is on screen."""

from __future__ import annotations

import contextvars
import math
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_PATIENCE = 1.0
_PAUSE = 0.2


@contextmanager
def cell_progress() -> Iterator[Callable[[int, int, float], None]]:
    """Give a function that says in the cell, or on the terminal, how far a computation is.

    Nothing is shown in the first second, something is shown from then on, and nothing is left when
    it has ended.

    Yields
    ------
    callable
        Takes steps done, steps in all, and seconds left (NaN when unknown).

    Examples
    --------
    >>> with cell_progress() as report:
    ...     report(1, 2, 0.5)
    """
    start = time.monotonic()
    shown: list[float] = []
    show = _notebook_line() if _in_notebook() else _terminal_line()
    lock, ended = threading.Lock(), threading.Event()

    def say(text: str) -> None:
        with lock:
            if not ended.is_set():
                shown[:] = [time.monotonic()]
                show(text)

    def report(done: int, total: int, seconds_left: float) -> None:
        now = time.monotonic()
        if now - start > _PATIENCE and (not shown or now - shown[-1] > _PAUSE):
            left = f", {_duration(seconds_left)} left" if math.isfinite(seconds_left) else ""
            say(f"{done} of {total} passes{left}")

    def sign() -> None:
        if not shown:  # the first passes may take long
            say("the model is reading …")

    # In a copy of the context: the line belongs to this cell.
    timer = threading.Timer(_PATIENCE, contextvars.copy_context().run, (sign,))
    timer.daemon = True
    timer.start()
    try:
        yield report
    finally:
        timer.cancel()
        with lock:
            ended.set()
        if shown:
            show("")


@contextmanager
def cell_note(text: str) -> Iterator[None]:
    """Show a line in the cell, or on the terminal, while a computation runs.

    Parameters
    ----------
    text : str
        The line; nothing is left of it when the computation has ended.

    Yields
    ------
    None
        The line stands.

    Examples
    --------
    >>> with cell_note("about 20 s"):
    ...     pass
    """
    show = _notebook_line() if _in_notebook() else _terminal_line()
    show(text)
    try:
        yield
    finally:
        show("")


def _duration(seconds: float) -> str:
    """Return a duration as people say it, as ``duration`` in js/src/core/format.js."""
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 0.95 else "under 1 s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _in_notebook() -> bool:
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")


def _notebook_line() -> Callable[[str], None]:
    from IPython.display import HTML, display

    handle: list[Any] = []

    def show(text: str) -> None:
        line = HTML(f"<small>{text}</small>" if text else "")
        if handle:
            handle[0].update(line)
        else:
            handle.append(display(line, display_id=True))

    return show


def _terminal_line() -> Callable[[str], None]:
    def show(text: str) -> None:
        if sys.stderr.isatty():
            print(f"\r{text:<60}", end="" if text else "\r", file=sys.stderr, flush=True)

    return show
