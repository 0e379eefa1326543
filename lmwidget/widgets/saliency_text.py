"""SaliencyText: the text a model read, shaded by what each part contributed to an answer."""

from __future__ import annotations

from typing import Any

import numpy as np

from lmwidget.answers import AnswerAttribution
from lmwidget.errors import InputError, LmwidgetError
from lmwidget.results import Attribution
from lmwidget.units import unit_of_tokens
from lmwidget.widgets.base import bundle
from lmwidget.widgets.saliency_levels import offered_levels
from lmwidget.widgets.saliency_sources import SaliencySources
from lmwidget.widgets.saliency_state import answer_steps, asked_place, candidate, check_row, masks
from lmwidget.widgets.saliency_static import static_text
from lmwidget.wire import envelope


class SaliencyText(SaliencySources):
    """Text shaded by the contribution of each token, word, sentence or turn to an answer.

    Parameters
    ----------
    lm : LanguageModel, optional
        The model; without one, use :meth:`from_result`, :meth:`from_arrays`, :meth:`from_captum`,
        :meth:`from_shap`, :meth:`from_inseq` or :meth:`from_lime`.
    text : str, list of messages, or pair of str
        What the model reads.
    method : str, optional
        Name of an attribution method, see ``lmw.attribution.METHODS``; default: as for
        ``lm.attribute``, by the length of the first text.
    answer : bool or str, optional
        Explain a whole answer, token by token: True for what the model writes itself, or the
        answer as text.
    max_new_tokens : int, default 32
        Most tokens of an answer that the model writes itself.
    **settings
        ``target``, ``foil``: what is explained, and rather than what: a token, phrase, class or part of the
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

    # State -----------------------------------------------------------------------------------

    def _quick(self, **traits: Any) -> dict[str, Any]:
        if "method" in traits or self._lm is None or self._answer is not False:
            return {}
        from lmwidget.attribution import quick_question

        try:
            units = unit_of_tokens(self._read_tokens(), traits.get("level", "token"))
        except LmwidgetError:  # it will be told with the first picture
            return {}
        asked = quick_question(self._lm, units, traits.get("foil"), traits.get("of"))
        return dict(zip(("method", "of"), asked, strict=True))

    @classmethod
    def _shows(cls, result: Any) -> bool:
        return isinstance(result, Attribution | AnswerAttribution)

    def _picture(self, result: Any) -> dict[str, Any]:
        answer = isinstance(result, AnswerAttribution)
        tokens = self._own_tokens()
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
