"""Whole answers: how much each token contributed to each token that a model wrote."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.answer_levels import (
    fine_borders,
    fine_tokens,
    joined_predictions,
    tokens_between,
    with_coarser_columns,
    with_coarser_rows,
)
from lmwidget.answer_output import AnswerOutput
from lmwidget.errors import InputError
from lmwidget.results import Attribution, Check, Prediction
from lmwidget.tokens import Tokens
from lmwidget.units import Spans, merged

Units = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class AnswerAttribution(AnswerOutput):
    """How much each token contributed to each token of an answer: token × token.

    One row for each token that was written (or was chosen), one column for each token that could
    contribute: what the model read, then the answer itself.

    Attributes
    ----------
    tokens : Tokens
        The columns: the input, then the answer. Of an encoder-decoder: the input, the start tokens
        of its decoder, then the answer.
    start : int
        First column of the answer.
    scores : ndarray of float32, shape (generated, column)
        Contribution of each column to each written token, in ``unit``; exactly 0 from column
        ``until[row]`` on, since nothing had been written there yet.
    predictions : tuple of Prediction
        What was written in each row, with its probability.
    method : str
        Name of the method in the registry.
    signed : bool
        Whether negative scores mean "speaks against what was written".
    values : ndarray of float32, shape (generated,)
        The number that is explained in each row; empty when it is not known.
    rows : ndarray of int32, shape (generated, 2)
        Tokens of the answer that each row explains: its first, counted from 0, and the one behind
        its last; default: one token a row, all of them.
    input_length : int
        Number of columns that are the model's input; default ``start``. Smaller only where a
        decoder has start tokens.
    foils : tuple of (Prediction or None)
        What each row is contrasted with; empty when none is.
    candidates : tuple of tuple of Prediction
        The model's strongest candidates in each row; may be empty.
    row_checks : tuple of (Check or None)
        The own test of each row, for methods that have one; may be empty.
    unit : str
        As of :class:`~lmwidget.results.Attribution`; where some rows are contrasted, theirs:
        :attr:`units` has that of each.
    of : str
        As of :class:`~lmwidget.results.Attribution`.
    model : str
        Name of the model.
    settings : dict
        Everything needed to repeat the computation.
    cost : dict
        ``seconds`` and ``passes`` (of one text each).
    checks : tuple of Check
        Tests computed on demand.
    partial : bool
        True when the computation was stopped early: rows that were not finished are missing.
    level : str
        Of the columns: ``"token"``, ``"word"``, ``"sentence"``, …
    row_level : str
        Of the rows.
    source : Tokens or None
        The model's own tokens, when the columns are coarser.
    parts : ndarray of int32, shape (token,), or None
        Column that each of the model's own tokens belongs to.

    Raises
    ------
    InputError
        When the fields do not fit together.

    Examples
    --------
    >>> found = AnswerAttribution(
    ...     Tokens.from_pieces(["a", " b", " c"]), 2, np.array([[1.0, 2.0, 0.0]]),
    ...     (Prediction(0, " c", 0.5, 1.0),), "demo", signed=True)
    >>> found.step(0).scores.tolist(), found.whole().tokens.pieces
    ([1.0, 2.0], ('a', ' b'))
    """

    tokens: Tokens
    start: int
    scores: NDArray[np.float32]
    predictions: tuple[Prediction, ...]
    method: str
    signed: bool
    values: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    rows: Units = field(default_factory=lambda: np.zeros((0, 2), np.int32))
    input_length: int = -1
    foils: tuple[Prediction | None, ...] = ()
    candidates: tuple[tuple[Prediction, ...], ...] = ()
    row_checks: tuple[Check | None, ...] = ()
    unit: str = "logit"
    of: str = "logit"
    model: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    cost: dict[str, float] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    partial: bool = False
    level: str = "token"
    row_level: str = "token"
    source: Tokens | None = None
    parts: Units | None = None

    def __post_init__(self) -> None:
        count = len(self.predictions)
        one_each = np.arange(count)[:, None] + [0, 1]
        rows = np.asarray(self.rows if len(self.rows) else one_each, np.int32)
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "scores", np.asarray(self.scores, np.float32))
        object.__setattr__(self, "input_length", self.start if self.input_length < 0 else self.input_length)  # fmt: skip
        if self.scores.shape != (count, len(self.tokens)) or rows.shape != (count, 2) or not count:
            raise InputError(
                f"Scores of shape {self.scores.shape} for {count} written tokens and "
                f"{len(self.tokens)} columns.",
                "Give one row for each written token, one column for each token.",
            )
        if not 0 < self.input_length <= self.start <= len(self.tokens):
            raise InputError(
                f"The answer cannot start at column {self.start} of {len(self.tokens)}.",
                "Give the input first, then the answer.",
            )

    def __repr__(self) -> str:
        return (
            f"<AnswerAttribution {self.method}: {len(self)} {self.row_level}s written × "
            f"{len(self.tokens)} {self.level}s, {self.unit}, {self.model}>"
        )

    def __len__(self) -> int:
        return len(self.predictions)

    @property
    def answer(self) -> str:
        """The answer as text."""
        return tokens_between(self.tokens, self.start, len(self.tokens)).text

    @property
    def until(self) -> Units:
        """First column of each row that was not written yet, int32 (generated,).

        A coarser column that a written token is a part of counts as written.
        """
        last = fine_borders(self)[1] + self.rows[:, 1] - 1
        if self.parts is None:
            return np.asarray(last, np.int32)
        return np.asarray(self.parts[last - 1] + 1, np.int32)

    @property
    def places(self) -> Units:
        """Column of what each row wrote, int32 (generated,)."""
        first = fine_borders(self)[1] + self.rows[:, 0]
        return np.asarray(first if self.parts is None else self.parts[first], np.int32)

    @property
    def units(self) -> tuple[str, ...]:
        """Unit of each row: rows without a foil are no difference.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.load("tiny").attribute_answer("The king", " said And", foils=[3, None]).units
        ('logit difference', 'logit')
        """
        alone = self.unit.removesuffix(" difference") if self.foils else self.unit
        foils = self.foils or (None,) * len(self)
        return tuple(alone if foil is None else self.unit for foil in foils)

    def step(self, row: int, *, inputs_only: bool = False) -> Attribution:
        """Return one row: why this was written.

        Parameters
        ----------
        row : int
            Row, from 0; negative ones count from the end.
        inputs_only : bool, default False
            Leave out what had been written before; of an encoder-decoder this is what
            ``lm.attribute`` gives for its next token.

        Returns
        -------
        Attribution
            Over the columns written so far; its target is what was written.

        Raises
        ------
        InputError
            When there is no such row.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> why = lmw.load("tiny").attribute_answer("The king", " said And")
        >>> why.step(1).tokens.pieces, why.step(1).target.label
        (('The', ' king', ' said'), ' And')
        """
        if row not in range(-len(self), len(self)):
            raise InputError(
                f"There is no row {row!r}: {len(self)} {self.row_level}s were written.",
                f"Choose one from 0 to {len(self) - 1}.",
            )
        row = int(row) % len(self)
        inputs, start = fine_borders(self)
        seen = start + int(self.rows[row, 1]) - 1
        columns = self._columns(inputs if inputs_only else seen)
        return Attribution(
            **columns,
            scores=self.scores[row, : len(columns["tokens"])],
            target=self.predictions[row],
            foil=self.foils[row] if self.foils else None,
            value=float(self.values[row]) if len(self.values) else math.nan,
            predictions=self.candidates[row] if self.candidates else (),
            check=self.row_checks[row] if self.row_checks else None,
            output=self._decoded(seen),
            unit=self.units[row],
            **self._shared(),
        )

    def whole(self, *, inputs_only: bool = True) -> Attribution:
        """Return the sum of all rows: why this answer was written.

        Parameters
        ----------
        inputs_only : bool, default True
            Leave out what the answer's own tokens contributed to one another.

        Returns
        -------
        Attribution
            Over the input; its target is the whole answer, its value the sum of the rows' values
            (of log-probabilities: the log-probability of the answer).

        Examples
        --------
        >>> import lmwidget as lmw
        >>> why = lmw.load("tiny").attribute_answer("The king", " said And", of="log_probability")
        >>> why.whole().target.label, why.whole().unit
        (' said And', 'log-probability')
        """
        inputs, start = fine_borders(self)
        columns = self._columns(inputs if inputs_only else len(fine_tokens(self)))
        scores = self.scores[:, : len(columns["tokens"])].sum(0, dtype=np.float64)
        foils = [foil for foil in self.foils if foil is not None]
        return Attribution(
            **columns,
            scores=scores.astype(np.float32),
            target=joined_predictions(self.predictions),
            foil=joined_predictions(foils) if foils else None,
            value=float(self.values.sum(dtype=np.float64)) if len(self.values) else math.nan,
            output=self._decoded(start),
            unit=self.unit,
            **self._shared(),
        )

    def by(self, level: str | Spans, *, rows: str | Spans | None = None) -> AnswerAttribution:
        """Return coarser columns and rows: their scores are sums, so nothing is lost.

        Parameters
        ----------
        level : str or sequence of (tuple of (int, int), or str)
            Of the columns: ``"word"``, ``"sentence"``, ``"paragraph"``, ``"turn"``, or own passages
            as character spans or as text. No unit reaches from the input into the answer.
        rows : str or sequence of (tuple of (int, int), or str), optional
            Of the rows; default: as the columns.

        Returns
        -------
        AnswerAttribution
            One score for each unit of the answer and unit that was read.

        Raises
        ------
        InputError
            When a level is finer than what was computed, or a passage is not in the text.
        UnknownNameError
            When there is no such level.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> why = lmw.load("tiny").attribute_answer("The king. He", " said. And")
        >>> why.by("sentence").scores.shape, why.by("sentence", rows="token").scores.shape
        ((2, 4), (3, 4))
        """
        return with_coarser_rows(with_coarser_columns(self, level), level if rows is None else rows)

    def _columns(self, count: int) -> dict[str, Any]:
        """Return the columns of the first tokens, as fields of an attribution."""
        fine = tokens_between(fine_tokens(self), 0, count)
        if self.parts is None:
            return {"tokens": fine}
        parts = self.parts[:count]
        return {"tokens": merged(fine, parts), "source": fine, "parts": parts, "level": self.level}

    def _decoded(self, count: int) -> Tokens | None:
        """Return what a decoder had written, of the first tokens; None of other models."""
        first, start = fine_borders(self)
        return tokens_between(fine_tokens(self), first, count) if first < start else None

    def _shared(self) -> dict[str, Any]:
        names = ("method", "signed", "of", "model", "cost", "partial")
        # One token has no answer to keep: its settings are those of lm.attribute.
        settings = {name: value for name, value in self.settings.items() if name != "keep_answer"}
        own = {name: getattr(self, name) for name in names}
        return {"readout": "next token", "settings": settings, **own}
