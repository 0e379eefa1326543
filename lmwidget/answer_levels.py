"""Levels of an answer: its tokens, and those it came from, summed by word, sentence, passage."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lmwidget.errors import InputError
from lmwidget.results import Prediction
from lmwidget.tokens import Tokens
from lmwidget.units import Spans, coarser_units, level_name, merged, unit_of_tokens

if TYPE_CHECKING:
    from lmwidget.answers import AnswerAttribution

Units = NDArray[np.int32]


def unit_of_answer(tokens: Tokens, level: str | Spans, borders: tuple[int, ...]) -> Units:
    """Return the unit of each token, where no unit reaches over the border of an answer.

    Parameters
    ----------
    tokens : Tokens
        Input and answer.
    level : str or sequence of spans
        As for :func:`lmwidget.units.unit_of_tokens`.
    borders : tuple of int
        Tokens that begin something new.

    Returns
    -------
    ndarray of int32, shape (token,)
        0, 1, 2, … without gaps.

    Examples
    --------
    >>> unit_of_answer(Tokens.from_pieces(["a", " b", " c"]), "sentence", (2,)).tolist()
    [0, 0, 1]
    """
    steps = np.diff(unit_of_tokens(tokens, level), prepend=0)
    for border in borders:
        if 0 < border < len(steps):
            steps[border] = 1
    return np.cumsum(steps).astype(np.int32)


def joined_predictions(predictions: Sequence[Prediction]) -> Prediction:
    """Return what was written token by token as one phrase.

    Parameters
    ----------
    predictions : sequence of Prediction
        At least one, in the order they were written.

    Returns
    -------
    Prediction
        Its probability is the product of theirs.

    Examples
    --------
    >>> joined_predictions([Prediction(3, " a", 0.5, 1.0), Prediction(4, "b", 0.5, 1.0)]).label
    ' ab'
    """
    if len(predictions) == 1:
        return predictions[0]
    ids = [token for one in predictions for token in (one.ids or (one.id,))]
    return Prediction(
        id=ids[0],
        label="".join(one.label for one in predictions),
        probability=math.prod(one.probability for one in predictions),
        logit=math.nan,
        ids=tuple(ids),
    )


def fine_tokens(answer: AnswerAttribution) -> Tokens:
    """Return the model's own tokens of all columns.

    Parameters
    ----------
    answer : AnswerAttribution
        At any level.

    Returns
    -------
    Tokens
        Input, then answer.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> why = lmw.load("tiny").attribute_answer("The king", " said")
    >>> fine_tokens(why.by("sentence")) == why.tokens
    True
    """
    return answer.tokens if answer.source is None else answer.source


def fine_borders(answer: AnswerAttribution) -> tuple[int, int]:
    """Return where the input ends and where the answer starts, in the model's own tokens.

    Parameters
    ----------
    answer : AnswerAttribution
        At any level.

    Returns
    -------
    tuple of (int, int)
        The same number, unless a decoder has start tokens.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> fine_borders(lmw.load("tiny").attribute_answer("The king", " said").by("sentence"))
    (2, 2)
    """
    borders = (answer.input_length, answer.start)
    if answer.parts is None:
        return borders
    first, second = np.searchsorted(answer.parts, borders).tolist()
    return first, second


def with_coarser_columns(answer: AnswerAttribution, level: str | Spans) -> AnswerAttribution:
    """Return the sums over coarser columns.

    Parameters
    ----------
    answer : AnswerAttribution
        What is summed.
    level : str or sequence of spans
        As for :func:`lmwidget.units.unit_of_tokens`.

    Returns
    -------
    AnswerAttribution
        With the same rows.

    Raises
    ------
    InputError
        When a column is in several units.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> why = lmw.load("tiny").attribute_answer("The king. He", " said And")
    >>> with_coarser_columns(why, "sentence").scores.shape
    (2, 3)
    """
    if level == answer.level:
        return answer
    tokens, borders = fine_tokens(answer), fine_borders(answer)
    units = unit_of_answer(tokens, level, borders)
    name = level_name(level)
    own = units if answer.parts is None else coarser_units(answer.parts, units, answer.level, name)
    scores = np.zeros((int(units.max()) + 1, len(answer)))
    np.add.at(scores, own, answer.scores.T.astype(np.float64))
    first, start = (int(units[:border].max()) + 1 for border in borders)
    return replace(
        answer,
        tokens=merged(tokens, units),
        scores=scores.T.astype(np.float32),
        start=start,
        input_length=first,
        level=name,
        source=tokens,
        parts=units,
    )


def with_coarser_rows(answer: AnswerAttribution, level: str | Spans) -> AnswerAttribution:
    """Return the sums over rows that explain parts of one unit.

    Parameters
    ----------
    answer : AnswerAttribution
        What is summed.
    level : str or sequence of spans
        As for :func:`lmwidget.units.unit_of_tokens`.

    Returns
    -------
    AnswerAttribution
        With the same columns.

    Raises
    ------
    InputError
        When a row explains parts of several units.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> why = lmw.load("tiny").attribute_answer("The king. He", " said And")
    >>> [one.label for one in with_coarser_rows(why, "sentence").predictions]
    [' said And']
    """
    if level == answer.row_level:
        return answer
    name = level_name(level)
    _, start = fine_borders(answer)
    units = unit_of_answer(fine_tokens(answer), level, fine_borders(answer))
    firsts, lasts = units[start + answer.rows[:, 0]], units[start + answer.rows[:, 1] - 1]
    if bool((firsts != lasts).any()):
        raise InputError(
            f"The rows of this map are {answer.row_level}s, so there are none by {name}.",
            "Go back to the map by token.",
        )
    apart = answer.rows[1:, 0] != answer.rows[:-1, 1]  # rows that were left out stand between
    borders = np.flatnonzero((np.diff(firsts) != 0) | apart) + 1
    groups = [group.tolist() for group in np.split(np.arange(len(answer)), borders)]
    sums = [answer.scores[group].sum(0, dtype=np.float64) for group in groups]
    return replace(
        answer,
        scores=np.array(sums, np.float32),
        values=np.array([answer.values[g].sum() for g in groups if len(answer.values)], np.float32),
        predictions=tuple(joined_predictions([answer.predictions[i] for i in g]) for g in groups),
        foils=tuple(_joined_foils([answer.foils[i] for i in g]) for g in groups if answer.foils),
        candidates=(),
        row_checks=(),
        rows=np.array([(answer.rows[g[0], 0], answer.rows[g[-1], 1]) for g in groups], np.int32),
        row_level=name,
    )


def _joined_foils(foils: Sequence[Prediction | None]) -> Prediction | None:
    found = [foil for foil in foils if foil is not None]
    return joined_predictions(found) if found else None


def tokens_between(tokens: Tokens, first: int, last: int) -> Tokens:
    """Return some tokens in a row as a text of their own.

    Parameters
    ----------
    tokens : Tokens
        The whole text.
    first, last : int
        The first of them, and the one behind the last.

    Returns
    -------
    Tokens
        Their text begins where the first begins.

    Examples
    --------
    >>> tokens_between(Tokens.from_pieces(["a", " b", " c"]), 1, 3).text
    ' b c'
    """
    begin = int(tokens.spans[first, 0]) if first < len(tokens) else len(tokens.text)
    spans = tokens.spans[first:last]
    end = int(spans[:, 1].max()) if len(spans) else begin
    return Tokens(
        text=tokens.text[begin : max(begin, end)],
        ids=tokens.ids[first:last],
        pieces=tokens.pieces[first:last],
        raw=tokens.raw[first:last],
        spans=np.clip(spans, begin, None) - begin,
        kinds=tokens.kinds[first:last],
        words=tokens.words[first:last],
        roles=tokens.roles[first:last],
        segments=tokens.segments[first:last],
        source=tokens.source,
    )
