"""Rows of an answer's attribution, asked for one after the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.attribution import run_method
from lmwidget.attribution.answer_text import Written
from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.question import Question
from lmwidget.errors import CancelledError


@dataclass(frozen=True)
class Row:
    """Why one token was written.

    Attributes
    ----------
    question : Question
        What was asked, resolved.
    found : Scores
        One score a column; its settings, check and passes.
    """

    question: Question
    found: Scores


class _RowWatch(Watch):
    """Progress of one of several rows; the wish to stop is that of all."""

    def __init__(self, watch: Watch, number: int, count: int) -> None:
        super().__init__()
        self._all, self._number, self._count = watch, number, count

    def report(self, done: int, total: int) -> None:
        self._all.report(self._number * total + done, self._count * total)

    @property
    def stopped(self) -> bool:
        return self._all.stopped


def row_by_row(
    method: Method,
    written: Written,
    units: NDArray[np.int32],
    watch: Watch,
    max_memory: int,
    settings: dict[str, Any],
) -> list[Row]:
    """Return rows of any method, each computed by itself.

    Parameters
    ----------
    method : Method
        Any.
    written : Written
        Input and answer.
    units : ndarray of int32, shape (token,)
        Column of each token; other than 0, 1, 2, … for methods that take units away.
    watch : Watch
        When stopped, finished rows are returned.
    max_memory : int
        Bytes for one batch.
    settings : dict
        Of the method.

    Returns
    -------
    list of Row
        Columns that the method does not look at, such as those of a decoder, are NaN.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> from lmwidget.attribution import METHODS
    >>> from lmwidget.attribution.answer_text import read_answer
    >>> written = read_answer(lmw.load("tiny"), "The king", " said And")
    >>> units = np.arange(4, dtype=np.int32)
    >>> rows = row_by_row(METHODS["gradient"], written, units, Watch(), 1 << 20, {})
    >>> [(row.found.scores > 0).tolist() for row in rows]
    [[True, True, False, False], [True, True, True, False]]
    """
    rows: list[Row] = []
    for number in range(len(written)):
        question = written.question(number)
        own = units[: len(question.tokens)]
        try:
            found = run_method(
                method, question, own, _RowWatch(watch, number, len(written)), max_memory, settings
            )
        except CancelledError:
            break
        if found.partial:
            break
        scores = np.zeros(int(units.max()) + 1, np.float32)
        scores[: int(units[written.seen(number) - 1]) + 1] = np.nan
        scores[: len(found.scores)] = found.scores
        rows.append(Row(question, replace(found, scores=scores)))
        if watch.stopped:
            break
    return rows
