"""SaliencyText: the text a model read, shaded by what each token contributed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t
from numpy.typing import ArrayLike

from lmwidget.errors import InputError, UnknownNameError, nearest
from lmwidget.html import shaded
from lmwidget.results import Attribution, Prediction
from lmwidget.tokens import Tokens
from lmwidget.widgets.array_attention import plain_array, plain_tokens
from lmwidget.widgets.base import READY, ModelWidget, as_language_model, bundle, has_content
from lmwidget.wire import envelope

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel


class SaliencyText(ModelWidget):
    """Text shaded by the contribution of each token to one prediction.

    Parameters
    ----------
    lm : LanguageModel, optional
        The model; without one, use :meth:`from_result` or :meth:`from_arrays`.
    text : str, list of messages, or pair of str
        What the model reads.
    method : str
        Name of an attribution method: ``"input_x_gradient"``, ``"gradient"``,
        ``"integrated_gradients"``.
    target : str or int, optional
        What is explained: a token, a class, or its id. Without it, the model's top prediction.
    foil : str or int, optional
        The alternative: why the target rather than this.
    output : str, optional
        What the decoder of an encoder-decoder model has written so far.
    truncate : bool
        Cut a text that is too long for the model, instead of refusing it.
    settings : dict, optional
        Settings of the method, such as ``{"steps": 32}``.
    **traits
        Any other public trait: ``token``, ``theme``.

    Raises
    ------
    InputError
        When the text or the target cannot be used.
    UnknownNameError
        For a method, class or keyword that does not exist.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> why = lmw.SaliencyText(lmw.load("tiny"), "The king said unto the")
    >>> why.method = "gradient"
    >>> why.result.unit
    'gradient norm'
    """

    _esm = bundle("saliency_text.js")
    _css = bundle("saliency_text.css")
    _bundle = "saliency_text"
    _input_traits = ("text", "method", "target", "foil")
    _bulk_traits = ("_tokens", "_scores")

    method = t.Unicode("input_x_gradient").tag(sync=True)
    "Name of the attribution method."

    target = t.Union([t.Int(), t.Unicode()], default_value=None, allow_none=True).tag(sync=True)
    "What is explained: token or class, as text or id; ``None`` for the model's top prediction. A new text forgets it, unless the model is a classifier."

    foil = t.Union([t.Int(), t.Unicode()], default_value=None, allow_none=True).tag(sync=True)
    "The alternative, or ``None``."

    _scores = t.Dict().tag(sync=True, echo_update=False)
    _predictions: t.List[Any] = t.List().tag(sync=True, echo_update=False)

    def __init__(
        self,
        lm: LanguageModel | None = None,
        text: Any = "",
        *,
        output: Any = None,
        truncate: bool = False,
        settings: dict[str, Any] | None = None,
        **traits: Any,
    ) -> None:
        self._lm = None if lm is None else as_language_model(lm)
        self._input, self._output, self._truncate = text, output, truncate
        self._settings = dict(settings or {})
        self._result: Attribution | None = traits.pop("_result", None)
        self._asked = {
            "method": traits.get("method", "input_x_gradient"),
            "target": traits.get("target"),
            "foil": traits.get("foil"),
        }
        super().__init__(**traits)

    @classmethod
    def from_result(cls, attribution: Attribution, **traits: Any) -> SaliencyText:
        """Return the picture of an attribution that has been computed before.

        Parameters
        ----------
        attribution : Attribution
            From ``lm.attribute(...)`` or ``Attribution.load(path)``.
        **traits
            As for the class.

        Returns
        -------
        SaliencyText
            Without a model: text, target and method stay as they are.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.SaliencyText.from_result(lmw.load("tiny").attribute("The king")).method
        'input_x_gradient'
        """
        if not isinstance(attribution, Attribution):
            raise InputError(
                f"A {type(attribution).__name__} is no attribution.",
                "Give what lm.attribute(text) or Attribution.load(path) returned.",
            )
        return cls(_result=attribution, **traits)

    @classmethod
    def from_arrays(
        cls,
        scores: ArrayLike,
        tokens: Tokens | Sequence[str],
        *,
        signed: bool | None = None,
        unit: str = "score",
        method: str = "given scores",
        target: str = "",
        **traits: Any,
    ) -> SaliencyText:
        """Return the picture of scores computed elsewhere.

        Parameters
        ----------
        scores : array_like, shape (token,)
            One score a token.
        tokens : Tokens or sequence of str
            The text; plain strings are put one after the other, so keep their spaces.
        signed : bool, optional
            Whether scores below zero mean "against"; without it, whether any is.
        unit : str
            Unit of the scores.
        method : str
            Name of the method, for the figure.
        target : str
            What was explained, for the figure.
        **traits
            As for the class.

        Returns
        -------
        SaliencyText
            A picture without a model.

        Raises
        ------
        InputError
            When there is not one score for each token.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.SaliencyText.from_arrays([0.5, -1.0], ["so", " bad"]).result.signed
        True
        """
        tokens = plain_tokens(tokens)
        values = plain_array(scores)
        if values.shape != (len(tokens),):
            raise InputError(
                f"There are {len(tokens)} tokens but scores of shape {values.shape}.",
                "Give one score for each token.",
            )
        if signed is None:
            signed = bool((values < 0).any())
        result = Attribution(
            tokens=tokens,
            scores=values,
            method=method,
            signed=signed,
            target=Prediction(-1, target, float("nan"), float("nan")),
            readout="given",
            unit=unit,
        )
        return cls(_result=result, **traits)

    @property
    def result(self) -> Attribution:
        """The attribution that is drawn.

        Returns
        -------
        Attribution
            Scores, target, check and settings.

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
        return self._result

    # State -----------------------------------------------------------------------------------

    def _initial_state(self) -> dict[str, Any]:
        if self._result is not None:
            self._asked = {"method": self._result.method, "target": None, "foil": None}
            return {"method": self._result.method, **self._drawn(self._result)}
        text = self._input
        if self._lm is None or not has_content(text):
            figure = {"model": self._lm.name if self._lm else "", "methods": self._methods(), "live": True,
                      "editable": self._lm is not None}  # fmt: skip
            return {"_status": self._nothing(), "_figure": figure}
        return self._drawn(self._read(**self._asked))

    def _compute(self) -> dict[str, Any]:
        if self._lm is None:
            raise InputError(
                "This text has no model, so it cannot be run again.",
                "Make one with SaliencyText(lm, text).",
            )
        changes: dict[str, Any] = {}
        if self._result is None:
            self._input = self.text
        elif self.text != self._result.tokens.text:
            self._input, self._output = self.text, None
            changes["token"] = None
            if self._lm.task != "sequence-classification":
                changes.update(target=None, foil=None)
        asked = {"method": self.method, "target": self.target, "foil": self.foil, **{
            name: value for name, value in changes.items() if name != "token"
        }}  # fmt: skip
        return {**changes, **self._drawn(self._read(**asked))}

    def _read(self, method: str, target: Any, foil: Any) -> Attribution:
        assert self._lm is not None
        own = self._settings if method == self._asked["method"] else {}
        with self._progress() as progress:
            self._result = self._lm.attribute(
                self._input,
                method,
                target=target,
                foil=foil,
                output=self._output,
                truncate=self._truncate,
                progress=progress,
                cancelled=self._cancelled,
                **own,
            )
        return self._result

    def _cancelled(self) -> bool:
        cancel = getattr(self, "_cancel", None)
        return cancel is not None and cancel.is_set()

    def _drawn(self, result: Attribution) -> dict[str, Any]:
        known = result.check is not None and math.isfinite(result.check.value)
        check = vars(result.check) if known else None
        return {
            "text": result.tokens.text,
            "_tokens": result.tokens.to_dict(),
            "_scores": envelope(result.scores.astype(np.float32), ["token"]),
            "_predictions": [_candidate(prediction) for prediction in result.predictions],
            "_figure": {
                "model": self._named(result.model, result.tokens),
                "method": result.method,
                "signed": result.signed,
                "unit": result.unit,
                "methods": self._methods(),
                "live": self._lm is not None,
                "editable": self._lm is not None and result.tokens.source == "text",
                "readout": result.readout,
                "target": _candidate(result.target),
                "foil": _candidate(result.foil) if result.foil else None,
                "check": {name: _finite(value) for name, value in check.items()} if check else None,
                "cost": result.cost,
                "partial": result.partial,
            },
            "_status": READY,
        }

    def _methods(self) -> list[dict[str, Any]]:
        from lmwidget.attribution import METHODS

        if self._lm is None:
            shown = [METHODS[name] for name in METHODS if name == self._asked["method"]]
        else:
            shown = list(METHODS.values())
        return [
            {name: getattr(method, name) for name in ("name", "label", "summary", "signed", "slow")}
            for method in shown
        ]

    def _published_state(self, max_bytes: int) -> dict[str, Any]:  # noqa: ARG002
        if self._result is None:
            return self._published_nothing()
        return {"_figure": {**self._figure, "editable": False}}

    @t.validate("method")
    def _valid_method(self, proposal: Any) -> str:
        from lmwidget.attribution import METHODS

        name = str(proposal["value"])
        if self._lm is not None and name not in METHODS:
            raise UnknownNameError(f"There is no method {name!r}.", nearest(name, METHODS))
        return name

    def _static_html(self) -> str:
        if self._result is None:
            return "<p>SaliencyText: no text yet.</p>"
        result = self._result
        largest = float(np.nanmax(np.abs(result.scores), initial=0)) or 1.0
        titles = [f"{score:.4g} {result.unit}" for score in result.scores]
        against = f" rather than {result.foil.label!r}" if result.foil else ""
        wanted = f" for {result.target.label!r}" if result.target.label else ""
        model = f", {result.model}" if result.model else ""
        text = shaded(result.tokens.pieces, [float(s) / largest for s in result.scores], titles)
        caption = (
            f"{result.method}{wanted}{against}{model}; full shade is "
            f"{largest:.2g} {result.unit}. Run the notebook for the live picture."
        )
        return f"{text}<p><small>{_escaped(caption)}</small></p>"


def _escaped(text: str) -> str:
    from html import escape

    return escape(text)


def _finite(value: Any) -> Any:
    """JSON has no NaN: the browser gets ``None``."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _candidate(prediction: Prediction) -> dict[str, Any]:
    return {name: _finite(value) for name, value in vars(prediction).items()}
