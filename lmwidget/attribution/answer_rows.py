"""Rows of an answer's attribution, asked for one after the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.attribution import GAME_SETTINGS, play, run_method
from lmwidget.attribution.answer_text import Written
from lmwidget.attribution.answer_values import AnswerValues
from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.model_game import ModelGame
from lmwidget.attribution.question import Question
from lmwidget.errors import CancelledError, InputError

ANSWER_SETTINGS = (*GAME_SETTINGS, "keep_answer")
"Settings of every method that takes units away, for answers."


@dataclass(frozen=True)
class Row:
    """Why one token was written.

    Attributes
    ----------
    number : int
        Which of those that are explained.
    question : Question
        What was asked, resolved.
    found : Scores
        One score a column; its settings, check and passes.
    """

    number: int
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


class _Follows(Watch):
    """Of a row whose values were found by the passes of another: it has something to show."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._all = watch

    @property
    def stopped(self) -> bool:
        return self._all.stopped

    def check(self) -> None:
        """Do nothing: what is known is shown, also when it was stopped."""


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
        Any that does not take units away.
    written : Written
        Input and answer.
    units : ndarray of int32, shape (token,)
        Column of each token.
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
        own, one = units[: len(question.tokens)], _RowWatch(watch, number, len(written))
        try:
            found = run_method(method, question, own, one, max_memory, settings)
        except CancelledError:
            break
        if found.partial:
            break
        rows.append(Row(number, question, _in_columns(found, written, number, units)))
        if watch.stopped:
            break
    return rows


def play_rows(
    method: Method,
    written: Written,
    units: NDArray[np.int32],
    watch: Watch,
    max_memory: int,
    settings: dict[str, Any],
) -> list[Row]:
    """Return rows of a method that takes units away; what one pass says of several is used.

    What a decoder had written always stays, so every row of an encoder-decoder asks about the same
    texts; so does every row with ``keep_answer``. The others ask about texts that begin alike if
    the method is ``nested``. The last row is then played first, and the passes are its own.

    Parameters
    ----------
    method : Method
        That ``needs`` values.
    written, watch, max_memory
        As for :func:`row_by_row`.
    units : ndarray of int32, shape (token,)
        Column of each token.
    settings : dict
        Of the method, and any of ``ANSWER_SETTINGS``.

    Returns
    -------
    list of Row
        Columns that always stay are NaN. When stopped, rows that share their passes are partial.

    Raises
    ------
    InputError
        When ``keep_answer`` is neither True nor False.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> from lmwidget.attribution import METHODS
    >>> from lmwidget.attribution.answer_text import read_answer
    >>> written = read_answer(lmw.load("tiny"), "The king", " said And")
    >>> units = np.arange(4, dtype=np.int32)
    >>> rows = play_rows(METHODS["leave_one_out"], written, units, Watch(), 1 << 20, {})
    >>> [row.found.passes for row in rows]
    [0, 6]
    """
    rest = {name: value for name, value in settings.items() if name not in ANSWER_SETTINGS}
    own = {name: settings[name] for name in GAME_SETTINGS if name in settings}
    asked = settings.get("keep_answer", False)
    if not isinstance(asked, bool):
        raise InputError(f"keep_answer is {asked!r}.", "Give True or False.")
    keep = asked and written.lm.task != "seq2seq"
    values = AnswerValues(written)
    together = values.shared and (keep or method.nested or written.lm.task == "seq2seq")
    order = list(range(len(written)))
    rows: list[Row] = []
    for number in reversed(order) if together else order:
        question = values.questions[number]
        seen = len(question.tokens)
        game = ModelGame(
            question,
            units[:seen],
            always=np.arange(seen) >= written.start if keep else None,
            max_memory=max_memory,
            answer=values.of(number) if together else None,
            **own,
        )
        one = watch if number == order[-1] and together else _RowWatch(watch, number, len(order))
        try:
            found = play(method, game, _Follows(watch) if together and rows else one, rest)
        except CancelledError:
            if together and rows:
                continue
            break
        if found.partial and not together:
            break
        if not rows:
            found = replace(found, passes=found.passes + values.passes)
        if "keep_answer" in settings:
            found = replace(found, settings={**found.settings, "keep_answer": asked})
        measured = written.input_length if keep else None
        rows.append(Row(number, question, _in_columns(found, written, number, units, measured)))
        if watch.stopped and not together:
            break
    return sorted(rows, key=lambda row: row.number)


def _in_columns(
    found: Scores,
    written: Written,
    number: int,
    units: NDArray[np.int32],
    measured: int | None = None,
) -> Scores:
    """Return scores with one for each column: NaN where nothing was measured, 0 what came later."""
    scores = np.zeros(int(units.max()) + 1, np.float32)
    scores[: int(units[written.seen(number) - 1]) + 1] = np.nan
    count = len(found.scores) if measured is None else int(units[measured - 1]) + 1
    scores[:count] = found.scores[:count]
    return replace(found, scores=scores)
