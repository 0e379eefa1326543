"""Progress in plain Python: a bar that appears only when it is worth watching, and leaves nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lmwidget.errors import InputError

Report = Callable[[int, int, float], None]
_DELAY = 2.0  # seconds before a bar appears


@contextmanager
def showing(progress: Report | bool | None, label: str) -> Iterator[Report | None]:  # noqa: FBT001
    """Provide what is told of progress.

    Parameters
    ----------
    progress : callable or bool, optional
        A function of ``(done, total, seconds_left)``; True for a bar at once, False for nothing,
        None for a bar after two seconds.
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
    """A bar of tqdm, made when it is first shown: its own delay is only kept by its updates."""

    def __init__(self, label: str, delay: float) -> None:
        self._label, self._delay, self._start = label, delay, time.time()
        self._bar: Any = None
        self._place: Any = None
        if not delay:
            self._open(None)

    def report(self, done: int, total: int, seconds_left: float) -> None:
        del seconds_left  # the bar tells it by itself
        appears = self._bar is None
        if appears:
            if time.time() - self._start < self._delay:
                return
            self._open(total)
        if self._bar.total != total:
            self._bar.reset(total)
        self._bar.start_t = self._start
        self._bar.update(done - self._bar.n)
        if appears:
            self._bar.refresh()

    def _open(self, total: int | None) -> None:
        from tqdm.auto import tqdm

        how: dict[str, Any] = {"desc": self._label, "total": total, "unit": "pass", "leave": False}
        if any(kind.__module__ == "tqdm.notebook" for kind in tqdm.__mro__):
            from IPython.display import display

            self._bar = tqdm(**how, display=False)
            self._place = display(self._bar.container, display_id=True)
        else:
            self._bar = tqdm(**how)

    def close(self) -> None:
        """Take the bar away: also one that stopped short, which tqdm would leave red."""
        if self._bar is None:
            return
        self._bar.total = self._bar.n
        self._bar.close()
        if self._place is not None:  # a saved notebook would keep its text
            self._place.update({"text/plain": ""}, raw=True)
