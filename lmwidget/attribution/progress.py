"""Progress in plain Python: a bar that appears only when it is worth watching, and leaves nothing."""

from __future__ import annotations

import contextvars
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from lmwidget.errors import InputError

Report = Callable[[int, int, float], None]
_DELAY = 2.0  # seconds before a bar appears
_BEAT = 1.0  # seconds between signs of life
# The time left is ours: tqdm gives one after the first batch, which says little of the others.
_FORMAT = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}{postfix}]"


@contextmanager
def showing(progress: Report | bool | None, label: str) -> Iterator[Report | None]:  # noqa: FBT001
    """Provide what is told of progress.

    Parameters
    ----------
    progress : callable or bool, optional
        A function of ``(done, total, seconds_left)``; True for a bar at once, False for nothing,
        None for a bar after two seconds, whether anything is done by then or not.
    label : str
        Name of the bar; it is gone when the computation has ended, in whatever way.

    Yields
    ------
    callable or None
        Takes ``(done, total, seconds_left)``.

    Raises
    ------
    InputError
        When progress is something else.

    Examples
    --------
    >>> with showing(False, "Nothing") as report:
    ...     report is None
    True
    """
    if progress is None or progress is True:
        bar = _Bar(label, 0.0 if progress else _DELAY)
        try:
            yield bar.report
        finally:
            bar.close()
    elif progress is False:
        yield None
    elif callable(progress):
        yield progress
    else:
        raise InputError(
            f"progress is {progress!r}.",
            "Give True, False, or a function of (done, total, seconds_left).",
        )


class _Bar:
    """A bar of tqdm, made when it is first shown, and kept alive by a thread of its own.

    What it tells of may not report for long: one pass of a long text takes seconds.
    """

    def __init__(self, label: str, delay: float) -> None:
        self._label, self._delay, self._start = label, delay, time.time()
        self._bar: Any = None
        self._place: Any = None
        self._known: tuple[int, int | None, float] = (0, None, math.nan)
        self._lock, self._closed = threading.RLock(), threading.Event()
        if not delay:
            self._open()
        # In a copy of the context: what is shown belongs to the cell that runs.
        run = contextvars.copy_context().run
        self._thread = threading.Thread(target=run, args=(self._tick,), daemon=True)
        self._thread.start()

    def report(self, done: int, total: int, seconds_left: float) -> None:
        with self._lock:
            self._known = done, total, seconds_left
            if self._bar is None:
                if time.time() - self._start >= self._delay:
                    self._open()
                return
            self._tell()

    def _tick(self) -> None:
        pause = self._delay
        while not self._closed.wait(pause or _BEAT):
            pause = 0.0
            with self._lock, suppress(Exception):  # a sign of life that fails stops nothing
                if self._closed.is_set():
                    return
                if self._bar is None:
                    self._open()
                self._bar.refresh()

    def _tell(self) -> None:
        done, total, left = self._known
        if total is not None and self._bar.total != total:
            self._bar.reset(total)
        self._bar.start_t = self._start
        words = f"about {duration(left)} left" if left > 0 and math.isfinite(left) else ""
        self._bar.set_postfix_str(words, refresh=False)
        self._bar.update(done - self._bar.n)

    def _open(self) -> None:
        from tqdm.auto import tqdm

        total = self._known[1]
        how: dict[str, Any] = {"desc": self._label, "total": total, "unit": "pass", "leave": False}
        how["bar_format"] = _FORMAT
        if any(kind.__module__ == "tqdm.notebook" for kind in tqdm.__mro__):
            from IPython.display import display

            self._bar = tqdm(**how, display=False)
            self._place = display(self._bar.container, display_id=True)
        else:
            self._bar = tqdm(**how)
        self._tell()
        self._bar.refresh()

    def close(self) -> None:
        """Take the bar away: also one that stopped short, which tqdm would leave red."""
        self._closed.set()
        with self._lock:
            if self._bar is None:
                return
            self._bar.total = self._bar.n
            self._bar.close()
            if self._place is not None:  # a saved notebook would keep its text
                self._place.update({"text/plain": ""}, raw=True)


def duration(seconds: float) -> str:
    """Return a length of time as somebody would say it who waits.

    Parameters
    ----------
    seconds : float
        At least 0.

    Returns
    -------
    str
        In seconds up to a minute and a half, then in minutes, then in hours.

    Examples
    --------
    >>> duration(12.3), duration(5030), duration(36000)
    ('12 s', '84 min', '10 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"
