"""SaliencyMatrix: what each token of an answer came from, as a matrix of written × read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t
from numpy.typing import ArrayLike
from typing_extensions import Self

from lmwidget.answer_levels import (
    fine_borders,
    fine_tokens,
    unit_of_answer,
    with_coarser_rows,
)
from lmwidget.answers import AnswerAttribution
from lmwidget.errors import InputError, UnknownNameError, nearest
from lmwidget.results import Prediction
from lmwidget.tokens import Tokens
from lmwidget.units import LEVELS
from lmwidget.widgets.array_attention import plain_array, plain_tokens
from lmwidget.widgets.base import bundle
from lmwidget.widgets.saliency_answer import AnswerWidget
from lmwidget.widgets.saliency_levels import offered_levels
from lmwidget.widgets.saliency_matrix_static import static_matrix
from lmwidget.widgets.saliency_state import answer_steps, candidate
from lmwidget.wire import envelope

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel


class SaliencyMatrix(AnswerWidget):
    """A whole answer × all that it came from: a row for what was written, a column for what was read.

    Parameters
    ----------
    lm : LanguageModel, optional
        The model; without one, use :meth:`from_result` or :meth:`from_arrays`.
    text : str, list of messages, or pair of str
        What the model reads.
    answer : str, optional
        What is explained; default: what the model writes itself.
    max_new_tokens : int, default 32
        Most tokens of an answer that the model writes itself.
    **settings
        ``method``: name of an attribution method, see ``lmw.attribution.METHODS``. ``foil``: what
        every token of the answer is contrasted with. ``of``, ``level``, ``row_level``,
        ``settings``, ``step``, ``token``, ``strongest``, ``row_scale``, ``theme``: see the traits.
        ``truncate``: cut a text that is too long for the model.

    Raises
    ------
    InputError
        When the text or the answer cannot be used.
    ModelMismatchError
        When the model cannot write.
    UnknownNameError
        For a method, class, level or keyword that does not exist.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> matrix = lmw.SaliencyMatrix(lmw.load("tiny"), "The king of the", " king of")
    >>> matrix.result.scores.shape
    (2, 6)
    >>> matrix.level = "sentence"
    >>> matrix.result.scores.shape
    (1, 2)
    >>> matrix.row_level = "token"
    >>> matrix.result.scores.shape
    (2, 2)
    """

    _esm = bundle("saliency_matrix.js")
    _css = bundle("saliency_matrix.css")
    _bundle = "saliency_matrix"

    row_level = t.Any(None).tag(sync=True)
    """What a row is: ``"token"``, ``"word"``, ``"sentence"``, …; ``None`` for the same as the columns,
    whose level is ``level``, but tokens beside turns, since an answer is one turn. Rows by sentence, columns by token: which word of the text each sentence
    of the answer came from."""

    strongest = t.Bool(False).tag(sync=True)
    "Whether the strongest input of each row is outlined, and a line drawn through them."

    row_scale = t.Bool(False).tag(sync=True)
    "Whether each row has a scale of its own, so that weak rows can be read as well."

    def __init__(
        self,
        lm: LanguageModel | None = None,
        text: Any = "",
        answer: str | None = None,
        *,
        max_new_tokens: int = 32,
        **settings: Any,
    ) -> None:
        self._first_rows = _row_level(settings.get("row_level"))
        super().__init__(
            lm,
            text,
            answer=True if answer is None else answer,
            max_new_tokens=max_new_tokens,
            **settings,
        )
        self.observe(self._on_row_level, "row_level")

    @classmethod
    def from_arrays(
        cls,
        scores: ArrayLike,
        input_tokens: Tokens | Sequence[str],
        answer_tokens: Sequence[str],
        *,
        signed: bool | None = None,
        unit: str = "score",
        method: str = "given scores",
        **traits: Any,
    ) -> Self:
        """Return the picture of scores computed elsewhere.

        Parameters
        ----------
        scores : array_like, shape (answer token, input token), or with the answer's columns behind
            One row for each token of the answer. Columns of the answer are read up to the token in
            front of the row's own.
        input_tokens : Tokens or sequence of str
            What was read; plain strings are put one after the other, so keep their spaces.
        answer_tokens : sequence of str
            What was written.
        signed : bool, optional
            Whether scores below zero mean "against"; without it, whether any is.
        unit : str
            Unit of the scores.
        method : str
            Name of the method, for the figure.
        **traits
            As for the class.

        Returns
        -------
        SaliencyMatrix
            A picture without a model.

        Raises
        ------
        InputError
            When there is not one row for each token of the answer.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> given = lmw.SaliencyMatrix.from_arrays([[0.9, 0.1], [0.2, 0.7]], ["a", " b"], [" x", " y"])
        >>> given.result.scores.shape
        (2, 4)
        """
        read, wrote = plain_tokens(input_tokens), list(answer_tokens)
        values = plain_array(scores)
        rows, columns, start = len(wrote), len(read) + len(wrote), len(read)
        if values.ndim != 2 or not rows or values.shape not in {(rows, start), (rows, columns)}:
            raise InputError(
                f"There are {start} tokens of input and {rows} of answer but scores of shape "
                f"{values.shape}.",
                "Give one row for each token of the answer, one column for each token of the input.",
            )
        full = np.zeros((rows, columns), np.float32)
        full[:, : values.shape[1]] = values
        places = np.arange(columns)[None]
        full[places >= start + np.arange(rows)[:, None]] = 0
        result = AnswerAttribution(
            tokens=Tokens.from_pieces([*read.pieces, *wrote]),
            start=start,
            scores=full,
            predictions=tuple(Prediction(-1, label, float("nan"), float("nan")) for label in wrote),
            method=method,
            signed=bool((full < 0).any()) if signed is None else signed,
            unit=unit,
            of="given",
        )
        return cls(_result=result, **traits)

    @property
    def result(self) -> AnswerAttribution:
        """The attribution that is drawn, at the level that is shown.

        Returns
        -------
        AnswerAttribution
            One row for each unit of the answer; with its checks, when they were computed.

        Raises
        ------
        InputError
            When there is no text yet.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.SaliencyMatrix(lmw.load("tiny"), "the king", " said unto").result.answer
        ' said unto'
        """
        found = self.answer
        if found is None:
            raise InputError("There is no attribution yet.", "Set the text first.")
        shown, known = self._by(self._level_asked()), self._checks
        if known is None or known["level"] != shown.level or known["where"] is not None:
            return shown
        return replace(shown, checks=known["checks"])

    @classmethod
    def _shows(cls, result: Any) -> bool:
        return isinstance(result, AnswerAttribution)

    def _to_check(self) -> Any:
        return _at_level(self._result, self._level_asked())  # whatever row is pinned

    def _where(self) -> Any:
        return None

    def _by(self, level: Any) -> AnswerAttribution:
        return _at_level(self._result, level, self._rows_asked())

    def _rows_asked(self) -> str | None:
        """Return the level of the rows, also before the widget is made."""
        asked: str | None = self.row_level if hasattr(self, "_good") else self._first_rows
        return asked

    @t.validate("row_level")
    def _valid_row_level(self, proposal: Any) -> str | None:
        name = _row_level(proposal["value"])
        if name is not None and self._result is not None:
            with_coarser_rows(self._result, name)  # or it raises
        return name

    def _on_row_level(self, _: Any) -> None:
        """Send the level of the rows, which the browser sums, where it does not know it yet."""
        known = {level["name"] for level in self._levels}
        if not self._quiet and self._result is not None and self.row_level not in {None, *known}:
            self._show({"_levels": self._drawn()["_levels"]})

    def _picture(self, result: Any) -> dict[str, Any]:
        tokens = fine_tokens(result)
        own = result.parts
        offered = offered_levels(
            tokens,
            shown=self._level_asked(),
            passages=self._passages,
            computed=(result.level, own),
            live=self._lm is not None,
        )
        names = [level["name"] for level in offered]
        rows = self._rows_asked()
        if rows is not None and rows not in names:
            names.append(rows)
        return {
            "_tokens": tokens.to_dict(),
            "_levels": [self._bordered(name, result) for name in names],
            "_scores": envelope(result.scores.astype(np.float32), ["generated", "unit"]),
            "_predictions": [],
            "_figure": {
                "answer": {**answer_steps(result), "level": result.row_level},
                "foils": [candidate(foil) for foil in result.foils],
            },
        }

    def _summed_levels(self) -> list[dict[str, Any]]:
        """Return also the level of the rows, which were computed token by token."""
        found = super()._summed_levels()
        rows = [level for level in self._levels if level["name"] == self._rows_asked()]
        return [*found, *(level for level in rows if level not in found)]

    def _bordered(self, name: str, result: AnswerAttribution) -> dict[str, Any]:
        """Return a level for the browser: no unit reaches from the input into the answer."""
        if name == result.level:
            parts = result.parts
        elif name == "token":
            parts = None
        else:
            level = self._passages if name == "passage" and self._passages is not None else name
            parts = unit_of_answer(fine_tokens(result), level, fine_borders(result))
        return {"name": name, "parts": None if parts is None else envelope(parts, ["token"])}

    def _static_html(self) -> str:
        if self._result is None:
            return "<p>SaliencyMatrix: no text yet.</p>"
        return static_matrix(self.result)


def _row_level(name: Any) -> str | None:
    """Return the level of the rows, or raise when there is no such level."""
    if name is None or name in LEVELS:
        return name  # type: ignore[no-any-return]
    raise UnknownNameError(f"There is no row_level {name!r}.", nearest(name, LEVELS))


def _at_level(answer: AnswerAttribution, level: Any, rows: str | None = None) -> AnswerAttribution:
    """Return coarser columns, and rows as asked, else as coarse where they are not coarser already."""
    if rows is None and level == "turn":  # the whole answer is one turn
        rows = answer.row_level
    if rows is not None:
        return answer.by(level, rows=rows)
    if level == answer.level == "passage":  # the reader's passages, of which only units are known
        return answer
    try:
        return answer.by(level)
    except InputError:
        return answer.by(level, rows=answer.row_level)
