"""What a reader asks in a widget of attribution, from Python or in the browser."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import traitlets as t

from lmwidget.errors import InputError, UnknownNameError, nearest
from lmwidget.results import Prediction
from lmwidget.tokens import Tokens
from lmwidget.units import LEVELS, Spans, unit_of_tokens
from lmwidget.widgets.base import ModelWidget

OWN_FUNCTION = "own function"
QUESTION = ("method", "target", "foil", "of", "position", "level", "settings")


class Given(t.Any):
    """A trait whose value is checked in words: also None, which other traits let pass unseen."""

    allow_none = False


class SaliencyTraits(ModelWidget):
    """The public traits of a :class:`SaliencyWidget`, and what may be written to them.

    Parameters
    ----------
    **traits
        Values of public traits.
    """

    _result: Any = None
    _function: Callable[..., Any] | None = None
    _passages: Spans | None = None

    method = Given("input_x_gradient").tag(sync=True)
    "Name of the attribution method."

    target = t.Any(None).tag(sync=True)
    """What is explained: a token, phrase or class, as text, id or ids; of answers to questions a part
    of the text. ``None`` for the model's top prediction. A new text forgets it, unless the model is
    a classifier."""

    foil = t.Any(None).tag(sync=True)
    "The alternative, likewise, or ``None``."

    of = t.Any(None).tag(sync=True)
    """``"logit"``, ``"log_probability"``, ``"probability"``, ``"entropy"``, or a function of the
    logits (text, candidate) that returns (text,); ``None`` for what suits the target."""

    position = t.Any(None).tag(sync=True)
    """Where the answer is read: a token (index, or text for token labels); of answers to questions
    ``"start"`` or ``"end"``; ``None`` for where the model answers by itself."""

    level = Given("token").tag(sync=True)
    """What gets a score: ``"token"``, ``"word"``, ``"sentence"``, ``"paragraph"``, ``"turn"``, or
    own passages, as text or as character spans."""

    settings = t.Dict().tag(sync=True)
    "Settings of the method, such as ``{'steps': 32}``; each method keeps its own."

    _scores = t.Dict().tag(sync=True, echo_update=False)
    _levels: t.List[Any] = t.List().tag(sync=True, echo_update=False)
    _predictions: t.List[Any] = t.List().tag(sync=True, echo_update=False)
    _check = t.Int(0).tag(sync=True)
    _back = t.Int(0).tag(sync=True)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; what a trait cannot hold is refused in words."""
        try:
            super().__setattr__(name, value)
        except t.TraitError as error:
            raise InputError(
                f"{name}={_cut(repr(value))} cannot be used.", self._remedy(name)
            ) from error

    def _remedy(self, name: str) -> str:
        """Return what a trait can hold."""
        trait = self.traits()[name]
        if isinstance(trait, t.Enum):
            return f"Choose one of {', '.join(map(repr, trait.values or ()))}."
        if name == "text":
            return f"Give text; for messages or a pair make another widget: {type(self).__name__}(lm, messages)."
        known = {
            t.Bool: "Give True or False.",
            t.Int: "Give a whole number from 0, or None.",
            t.Dict: "Give names and values: {'steps': 32}.",
        }
        return next((words for kind, words in known.items() if isinstance(trait, kind)), "")

    def _own_tokens(self) -> Tokens:
        """Return the model's own tokens of what is drawn."""
        raise NotImplementedError

    @t.validate(*QUESTION)
    def _valid(self, proposal: Any) -> Any:
        return getattr(self, f"_clean_{proposal['trait'].name}")(proposal["value"])

    def _clean_method(self, value: Any) -> str:
        from lmwidget.attribution import METHODS

        if self._lm is not None and value not in list(METHODS):
            raise UnknownNameError(f"There is no method {value!r}.", nearest(value, METHODS))
        return str(value)

    def _clean_target(self, value: Any) -> Any:
        if isinstance(value, Prediction):
            value = value.span or value.ids or value.id
        if value is None or isinstance(value, str):
            return value
        try:
            if isinstance(value, tuple | list):
                return [operator.index(one) for one in value]
            return operator.index(value)
        except TypeError as error:
            raise InputError(
                f"A {type(value).__name__} is no target.", "Give text, an index, or several."
            ) from error

    _clean_foil = _clean_target

    def _clean_of(self, value: Any) -> Any:
        from lmwidget.attribution.number import OF

        if callable(value):
            self._function = value
            return OWN_FUNCTION
        own = value == OWN_FUNCTION and self._function is not None
        if value is not None and not own and value not in OF:
            raise UnknownNameError(f"There is no of={value!r}.", nearest(value, OF))
        return value

    def _clean_position(self, value: Any) -> Any:
        if value is None or isinstance(value, str):
            return value
        try:
            return operator.index(value)
        except TypeError as error:
            raise InputError(
                f"A {type(value).__name__} is no position.", "Give the index of a token."
            ) from error

    def _clean_level(self, value: Any) -> Any:
        if value == "passage":  # from the browser: those that were given
            known = self._result is not None and self._result.level == "passage"
            if self._passages is None and not known:
                raise InputError("There are no passages yet.", "Give them: level=[(0, 12), …].")
            return value if self._passages is None else list(self._passages)
        if isinstance(value, str):
            if value not in LEVELS:
                raise UnknownNameError(f"There is no level {value!r}.", nearest(value, LEVELS))
            return value
        try:
            spans = [one if isinstance(one, str) else [int(n) for n in one] for one in value]
        except (TypeError, ValueError) as error:
            raise InputError(
                f"level={value!r} is no level.",
                f"Give one of {', '.join(LEVELS)}, or passages: level=[(0, 12), …].",
            ) from error
        if not spans:
            raise InputError(f"level={value!r} holds no passage.", "Give some: level=[(0, 12), …].")
        if self._result is not None:
            unit_of_tokens(self._own_tokens(), spans)  # type: ignore[arg-type]  # or it raises
        self._passages = spans  # type: ignore[assignment]
        return list(spans)

    def _clean_settings(self, value: Any) -> dict[str, Any]:
        try:
            given = dict(value or {})
        except (TypeError, ValueError) as error:
            raise InputError(
                f"settings is a {type(value).__name__}.", "Give names and values: {'steps': 32}."
            ) from error
        return {str(name): one for name, one in given.items() if one is not None}


def _cut(text: str, longest: int = 60) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
