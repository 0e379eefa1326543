"""SaliencyText: the text a model read, shaded by what each part contributed to an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from lmwidget.answers import AnswerAttribution
from lmwidget.errors import InputError, UnknownNameError
from lmwidget.results import Attribution
from lmwidget.widgets.base import bundle
from lmwidget.widgets.saliency_levels import offered_levels
from lmwidget.widgets.saliency_sources import SaliencySources
from lmwidget.widgets.saliency_state import answer_steps, asked_place, candidate, check_row, masks
from lmwidget.widgets.saliency_static import static_text
from lmwidget.widgets.saliency_widget import by_unit
from lmwidget.wire import envelope

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel


class SaliencyText(SaliencySources):
    """Text shaded by the contribution of each token, word, sentence or turn to an answer.

    Parameters
    ----------
    lm : LanguageModel, optional
        The model; without one, use :meth:`from_result`, :meth:`from_arrays`, :meth:`from_captum`,
        :meth:`from_shap`, :meth:`from_inseq` or :meth:`from_lime`.
    text : str, list of messages, or pair of str
        What the model reads.
    answer : bool or str, optional
        Explain a whole answer, token by token: True for what the model writes itself, or the
        answer as text.
    max_new_tokens : int, default 32
        Most tokens of an answer that the model writes itself.
    **settings
        ``method``: name of an attribution method, see ``lmw.attribution.METHODS``. ``target``,
        ``foil``: what is explained, and rather than what: a token, phrase, class or part of the
        text, as text or index. ``of``, ``position``, ``level``, ``settings``, ``token``,
        ``theme``: see the traits. ``output``: what the decoder of an encoder-decoder has written
        so far. ``truncate``: cut a text that is too long for the model.

    Raises
    ------
    InputError
        When the text or the target cannot be used.
    UnknownNameError
        For a method, class, level or keyword that does not exist.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> why = lmw.SaliencyText(lmw.load("tiny"), "The king said unto the")
    >>> why.method = "gradient"
    >>> why.result.unit
    'gradient norm'
    >>> why.level = "word"
    >>> why.result.tokens.pieces[:2]
    ('The', ' king')
    """

    _esm = bundle("saliency_text.js")
    _css = bundle("saliency_text.css")
    _bundle = "saliency_text"

    step = t.Int(None, allow_none=True).tag(sync=True)
    "Token of the answer that is explained, from 0; ``None`` for the whole answer."

    def __init__(
        self,
        lm: LanguageModel | None = None,
        text: Any = "",
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
        super().__init__(lm, text, **settings)

    @property
    def result(self) -> Attribution:
        """The attribution that is drawn, at the level and step that are shown.

        Returns
        -------
        Attribution
            Scores, target, checks and settings.

        Raises
        ------
        InputError
            When there is no text yet.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.SaliencyText(lmw.load("tiny"), "the king").result.scores.shape
        (3,)
        """
        if self._result is None:
            raise InputError("There is no attribution yet.", "Set the text first.")
        return self._with_checks(self._to_check())

    @property
    def answer(self) -> AnswerAttribution | None:
        """The explained answer, token by token.

        Returns
        -------
        AnswerAttribution or None
            None when one prediction is explained.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.SaliencyText(lmw.load("tiny"), "the king", answer=" said").answer.answer
        ' said'
        """
        return self._result if isinstance(self._result, AnswerAttribution) else None

    # State -----------------------------------------------------------------------------------

    @classmethod
    def _shows(cls, result: Any) -> bool:
        return isinstance(result, Attribution | AnswerAttribution)

    def _attributed(self, asked: dict[str, Any], **how: Any) -> Any:
        if self._answer is False:
            return super()._attributed(asked, **how)
        assert self._lm is not None
        if asked["target"] is not None or asked["foil"] is not None:
            raise InputError(
                "Every token of an answer is its own target.", "Leave target and foil out."
            )
        result = self._lm.attribute_answer(
            self._read_tokens(),
            None if self._answer is True else self._answer,
            asked["method"],
            of=asked["of"],
            level=asked["level"] if by_unit(asked["method"]) else "token",
            max_new_tokens=self._max_new_tokens,
            **how,
        )
        if self._answer is True and not result.partial:  # other methods explain the same answer
            fine = result.tokens if result.source is None else result.source
            self._answer = fine.ids[answer_steps(result)["start"] :].tolist()
        return result

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
        by = answer.by(self._level_asked(), rows=answer.row_level)
        return by.whole() if self.step is None else by.step(self.step)

    def _where(self) -> Any:
        return self.step

    def _input_text(self) -> str:
        answer = self.answer
        if answer is None:
            return super()._input_text()
        text, start = answer.tokens.text, answer.input_length
        end = int(answer.tokens.spans[start, 0]) if start < len(answer.tokens) else len(text)
        return text[:end]

    def _picture(self, result: Any) -> dict[str, Any]:
        answer = isinstance(result, AnswerAttribution)
        tokens = result.tokens if result.source is None else result.source
        steps = answer_steps(result) if answer else None
        levels = offered_levels(
            tokens,
            shown=self._level_asked(),
            passages=self._passages,
            computed=(result.level, result.parts),
            live=self._lm is not None,
            start=steps["start"] if steps else None,
        )
        axes = ["generated", "unit"] if answer else ["unit"]
        return {
            "_tokens": tokens.to_dict(),
            "_levels": levels,
            "_scores": envelope(result.scores.astype(np.float32), axes),
            "_predictions": [] if answer else [candidate(one) for one in result.predictions],
            "_figure": {"answer": steps} if answer else _figure(result),
        }

    def _static_html(self) -> str:
        if self._result is None:
            return "<p>SaliencyText: no text yet.</p>"
        return static_text(self.result, self._result, [level["name"] for level in self._levels])

    @t.validate("step")
    def _valid_step(self, proposal: Any) -> int | None:
        step: int | None = proposal["value"]
        if step is None or self._result is None:
            return step
        answer = self.answer
        if answer is None:
            raise UnknownNameError(
                "No answer is explained here, so it has no steps.",
                "Explain one: SaliencyText(lm, text, answer=True).",
            )
        if not 0 <= step < len(answer):
            raise UnknownNameError(
                f"There is no step {step}.", f"Choose a step from 0 to {len(answer) - 1}."
            )
        return step


def _figure(result: Attribution) -> dict[str, Any]:
    """Return what the figure says of one attribution."""
    return {
        "answer": None,
        "readout": result.readout,
        "target": candidate(result.target),
        "foil": candidate(result.foil),
        "check": None if result.check is None else check_row(result.check),
        "position": asked_place(result),
        "ends": result.position if result.readout == "span" else None,
        "masks": masks(result),
    }
