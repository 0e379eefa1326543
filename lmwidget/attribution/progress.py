"""Progress in plain Python: a bar that appears only when it is worth watching."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
        Name of the bar.

    Yields
    ------
    callable or None
        Takes ``(done, total, seconds_left)``.

    Examples
    --------
    >>> with showing(False, "Nothing") as report:
    ...     report is None
    True
    """
    if progress is False:
        yield None
    elif callable(progress):
        yield progress
    else:
        from tqdm.auto import tqdm

        with tqdm(desc=label, unit="pass", delay=0 if progress else _DELAY, leave=False) as bar:

            def report(done: int, total: int, seconds_left: float) -> None:
                del seconds_left  # the bar tells it by itself
                bar.total = total
                bar.update(done - bar.n)

            yield report
