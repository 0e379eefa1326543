"""What widgets that explain a whole answer share: its text, the row that is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import traitlets as t

from lmwidget.answers import AnswerAttribution
from lmwidget.errors import InputError, UnknownNameError
from lmwidget.results import Attribution
from lmwidget.widgets.saliency_state import answer_steps, own_tokens
from lmwidget.widgets.saliency_widget import SaliencyWidget, by_unit

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel


class AnswerWidget(SaliencyWidget):
    """A picture of what an answer came from, token by token.

    Parameters
    ----------
    lm : LanguageModel, optional
        The model; without one, use :meth:`from_result`.
    text : str, list of messages, or pair of str
        What the model reads.
    method : str, optional
        Name of an attribution method.
    answer : bool or str, optional
        True for what the model writes itself, or the answer as text; False where one prediction is
        explained instead.
    max_new_tokens : int, default 32
        Most tokens of an answer that the model writes itself.
    **settings
        As for :class:`~lmwidget.widgets.saliency_widget.SaliencyWidget`.

    Raises
    ------
    InputError
        When the answer is neither.
    """

    step = t.Int(None, allow_none=True).tag(sync=True)
    "Token of the answer that is explained, from 0; ``None`` for the whole answer."

    def __init__(
        self,
        lm: LanguageModel | None = None,
        text: Any = "",
        method: str | None = None,
        *,
        answer: bool | str | None = None,
        max_new_tokens: int = 32,
        **settings: Any,
    ) -> None:
        if answer is not None and not isinstance(answer, bool | str):
            raise InputError(
                f"answer is a {type(answer).__name__}.", "Give True, or the answer as text."
            )
        # What to explain: nothing, True for what the model will write, text, or ids it has written.
        self._answer: bool | str | list[int] = False if answer is None else answer
        self._max_new_tokens = max_new_tokens
        super().__init__(lm, text, method, **settings)

    @property
    def answer(self) -> AnswerAttribution | None:
        """The explained answer, token by token.

        Returns
        -------
        AnswerAttribution or None
            As it was computed; None when one prediction is explained.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.SaliencyMatrix(lmw.load("tiny"), "the king", " said").answer.answer
        ' said'
        """
        return self._result if isinstance(self._result, AnswerAttribution) else None

    def _attributed(self, asked: dict[str, Any], **how: Any) -> Any:
        if self._answer is False:
            return super()._attributed(asked, **how)
        assert self._lm is not None
        if asked["target"] is not None:
            raise InputError("Every token of an answer is its own target.", "Leave target out.")
        if asked["position"] is not None:
            raise InputError("Every token of an answer has its own place.", "Leave position out.")
        if self._output is not None:
            raise InputError("output is the start of an answer.", "Give answer alone.")
        result = self._lm.attribute_answer(
            self._read_tokens(),
            None if self._answer is True else self._answer,
            asked["method"],
            foils=asked["foil"],
            of=asked["of"],
            level=asked["level"] if by_unit(asked["method"]) else "token",
            max_new_tokens=self._max_new_tokens,
            **how,
        )
        if self._answer is True and not result.partial:  # other methods explain the same answer
            self._answer = own_tokens(result).ids[answer_steps(result)["start"] :].tolist()
        return result

    def _drawn(self) -> dict[str, Any]:
        state, answer = super()._drawn(), self.answer
        step = self.step if hasattr(self, "_good") else None
        if step is not None and (answer is None or step >= len(answer)):
            state["step"] = None  # another answer may be shorter
        return state

    def _forgotten(self) -> dict[str, Any]:
        changes = super()._forgotten()
        if "token" in changes:
            changes["step"] = None
            self._answer = self._answer is not False  # another text has another answer
        return changes

    def _to_check(self) -> Attribution:
        answer = self.answer
        if answer is None:
            return super()._to_check()
        by: AnswerAttribution = self._by(self._level_asked())
        return by.whole() if self.step is None else by.step(self.step)

    def _by(self, level: Any) -> Any:
        answer = self.answer
        return super()._by(level) if answer is None else answer.by(level, rows=answer.row_level)

    def _where(self) -> Any:
        return self.step

    def _input_text(self) -> str:
        answer = self.answer
        if answer is None:
            return super()._input_text()
        text, start = answer.tokens.text, answer.input_length
        end = int(answer.tokens.spans[start, 0]) if start < len(answer.tokens) else len(text)
        return text[:end]

    @t.validate("step")
    def _valid_step(self, proposal: Any) -> int | None:
        step: int | None = proposal["value"]
        if step is None or self._result is None:
            return step
        answer = self.answer
        if answer is None:
            raise UnknownNameError(
                "No answer is explained here, so it has no steps.",
                f"Explain one: {type(self).__name__}(lm, text, answer=True).",
            )
        if not 0 <= step < len(answer):
            raise UnknownNameError(
                f"There is no step {step}.", f"Choose a step from 0 to {len(answer) - 1}."
            )
        return step
