"""Attribution of whole answers: each token that was written, to each token before it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from lmwidget.answer_levels import Units, unit_of_answer
from lmwidget.answers import AnswerAttribution
from lmwidget.attribution import find_method
from lmwidget.attribution.answer_gradients import one_pass
from lmwidget.attribution.answer_rows import ANSWER_SETTINGS, Row, play_rows, row_by_row
from lmwidget.attribution.answer_text import Written, read_answer
from lmwidget.attribution.budget import memory_bytes
from lmwidget.attribution.method import Method, Watch
from lmwidget.attribution.progress import showing
from lmwidget.attribution.question import Question
from lmwidget.errors import refuse_unknown
from lmwidget.models.predictions import candidate_label
from lmwidget.results import Prediction
from lmwidget.units import Spans, level_name, merged

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel
    from lmwidget.tokens import Tokens

_ASKED = ("foils", "of", "level", "rows", "max_new_tokens", "truncate", "max_memory", "progress")


def attribute_answer(  # noqa: PLR0913
    lm: LanguageModel,
    text: Any,
    answer: str | Tokens | Sequence[int] | None = None,
    method: str = "input_x_gradient",
    *,
    foils: Any = None,
    of: str | Callable[[Tensor], Tensor] | None = None,
    level: str | Spans = "token",
    rows: int | str | Sequence[int] | None = None,
    max_new_tokens: int = 32,
    truncate: bool = False,
    max_memory: int | str | None = None,
    progress: Callable[[int, int, float], None] | bool | None = None,
    cancelled: Callable[[], bool] | None = None,
    **settings: Any,
) -> AnswerAttribution:
    """Return how much each token contributed to each token of an answer.

    Gradient norm and input × gradient take one forward pass for the whole answer, and as many
    backward passes as it has tokens, several of them at once. Methods that take units away read a
    changed text once for all tokens behind it, where every token asks about the same texts:
    leave-one-out, exact Shapley values, any with ``keep_answer=True``, any of an encoder-decoder.
    Otherwise one token is asked about after the other.

    Parameters
    ----------
    lm : LanguageModel
        A causal model or an encoder-decoder, left as it is found.
    text : str, list of dict, tuple of (str, str), or Tokens
        What it reads.
    answer : str, Tokens, or sequence of int, optional
        What is explained: text that stands exactly behind the input (``" Paris"``), or ids;
        default: what the model writes by itself, always the strongest token, without its end token.
    method : str, default "input_x_gradient"
        Key of ``lmwidget.attribution.METHODS``.
    foils : str, int, Prediction, or a list of them, optional
        What every token is contrasted with: one for all, or one for each (None for none).
    of : str or callable, optional
        As for :func:`lmwidget.attribution.attribute`; default ``"logit"``. Of
        ``"log_probability"`` the sum of the rows is that of the whole answer.
    level : str or sequence of spans, default "token"
        Of the columns: ``"word"``, ``"sentence"``, ``"paragraph"``, ``"turn"``, or own passages.
        Methods that take units away take whole units away; other scores are summed.
    rows : int, str, or sequence of int, optional
        Tokens of the answer that are explained, by place or as the text that they write; default:
        all.
    max_new_tokens : int, default 32
        Most tokens that the model writes by itself.
    truncate : bool, default False
        Cut text that is longer than the model's context, leaving room for the answer.
    max_memory : int or str, optional
        Memory for one batch in bytes, or as ``"2 GB"``; default 1 GiB.
    progress : callable or bool, optional
        Called with ``(done, total, seconds_left)``; default: a bar when it takes longer than two
        seconds; False for none.
    cancelled : callable, optional
        Asked again and again; True stops, with the rows that are finished. So does an interrupt
        from the keyboard.
    **settings
        Settings of the method; of those that take units away also ``removal``, ``keep_special``,
        and ``keep_answer``: True to take only the input's units away.

    Returns
    -------
    AnswerAttribution
        One row for each written token. Methods that look at the encoder's side alone leave the
        columns of a decoder NaN: not measured.

    Raises
    ------
    CancelledError
        When stopped before a row was finished.
    InputError
        When the answer is empty or too long, or there is no such row.
    ModelMismatchError
        When the model cannot write.
    UnknownNameError
        For an unknown method, level or setting.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> attribute_answer(lmw.load("tiny"), "The king", " said And").scores.shape
    (2, 4)
    """
    chosen = find_method(method)
    known = [*chosen.settings, *(ANSWER_SETTINGS if chosen.needs == "values" else ())]
    refuse_unknown(settings, known, f"The method {method!r}", also=_ASKED)
    begin = time.perf_counter()
    written = read_answer(
        lm, text, answer, max_new_tokens=max_new_tokens, truncate=truncate, rows=rows, foils=foils, of=of
    )  # fmt: skip
    by_unit = chosen.needs == "values" and level != "token"
    borders = (written.input_length, written.start)
    units = unit_of_answer(written.tokens, level if by_unit else "token", borders)
    with showing(progress, chosen.label) as report:
        watch = Watch(report, cancelled)
        with watch.interruptible():
            watch.check()
            budget, found = memory_bytes(max_memory), None
            if chosen.one_pass:
                found = one_pass(chosen, written, watch, budget, settings)
            if found is None:
                rows_of = play_rows if chosen.needs == "values" else row_by_row
                found = rows_of(chosen, written, units, watch, budget, settings)
    if not found:
        watch.check()
    watch.pass_on(complete=_complete(found, written))
    attribution = _result(chosen, written, found, units if by_unit else None, level)
    attribution.cost["seconds"] = time.perf_counter() - begin
    return attribution if by_unit else attribution.by(level, rows="token")


def _result(
    method: Method, written: Written, rows: list[Row], units: Units | None, level: str | Spans
) -> AnswerAttribution:
    questions, first = [row.question for row in rows], rows[0].found
    places = [written.rows[row.number] for row in rows]
    borders = [written.input_length, written.start]
    columns: dict[str, Any] = {"tokens": written.tokens}
    if units is not None:
        borders = [int(units[:border].max()) + 1 for border in borders]
        columns = {
            "tokens": merged(written.tokens, units),
            "level": level_name(level),
            "source": written.tokens,
            "parts": units,
        }
    foils = tuple(question.foil for question in questions)
    contrasted = next((one for one in questions if one.foil is not None), questions[0])
    return AnswerAttribution(
        **columns,
        start=borders[1],
        input_length=borders[0],
        scores=np.stack([row.found.scores for row in rows]),
        predictions=tuple(
            _wrote(written, written.start + place, question)
            for place, question in zip(places, questions, strict=True)
        ),
        method=method.name,
        signed=method.signed if first.signed is None else first.signed,
        values=np.array([row.found.value for row in rows], np.float32),
        rows=np.array([(place, place + 1) for place in places], np.int32),
        foils=foils if any(foil is not None for foil in foils) else (),
        candidates=tuple(question.predictions for question in questions),
        row_checks=tuple(row.found.check for row in rows),
        unit=first.unit or method.unit or contrasted.unit,
        of=questions[0].of,
        model=written.lm.name,
        settings=first.settings,
        cost={"passes": sum(row.found.passes for row in rows)},
        partial=not _complete(rows, written),
    )


def _complete(rows: list[Row], written: Written) -> bool:
    return len(rows) == len(written) and not any(row.found.partial for row in rows)


def _wrote(written: Written, place: int, question: Question) -> Prediction:
    """Return what was written, also where another number than its own is explained."""
    if question.target.id >= 0:
        return question.target
    token = int(written.tokens.ids[place])
    unlikely = Prediction(token, candidate_label(written.lm, token), math.nan, math.nan)
    return next((one for one in question.predictions if one.id == token), unlikely)
