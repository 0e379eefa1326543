"""What the widgets of attribution share: a model and a text, a method, a question, a level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from typing_extensions import Self

from lmwidget.errors import InputError, LmwidgetError, refuse_unknown
from lmwidget.results import Attribution
from lmwidget.units import level_name
from lmwidget.widgets.base import READY, as_language_model, has_content
from lmwidget.widgets.saliency_checks import SaliencyChecks
from lmwidget.widgets.saliency_levels import refines
from lmwidget.widgets.saliency_state import method_info, own_tokens
from lmwidget.widgets.saliency_traits import OWN_FUNCTION, QUESTION
from lmwidget.wire import decode

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel
    from lmwidget.tokens import Tokens


class SaliencyWidget(SaliencyChecks):
    """A picture of what a number of a model's answer came from.

    A subclass says in :meth:`_picture` what it sends of a result, and may say in
    :meth:`_attributed` how the result is computed.

    Parameters
    ----------
    lm : LanguageModel, optional
        The model; without one, use :meth:`from_result`.
    text : str, list of messages, or pair of str
        What the model reads.
    method : str, optional
        Name of an attribution method.
    output : str, optional
        What the decoder of an encoder-decoder model has written so far.
    truncate : bool
        Cut a text that is too long for the model, instead of refusing it.
    **traits
        Any public trait.

    Raises
    ------
    InputError
        When the text or the target cannot be used.
    UnknownNameError
        For a method, class, level or keyword that does not exist.
    """

    _input_traits = ("text", "method", "target", "foil", "of", "position", "settings")
    _typed_traits = ("text", "kind", "method")
    _bulk_traits = ("_tokens", "_scores", "_levels")

    def __init__(
        self,
        lm: LanguageModel | None = None,
        text: Any = "",
        method: str | None = None,
        *,
        output: Any = None,
        truncate: bool = False,
        **traits: Any,
    ) -> None:
        self._lm = None if lm is None else as_language_model(lm)
        self._input, self._output, self._truncate = text, output, truncate
        self._result: Any = traits.pop("_result", None)
        if method is not None:
            traits["method"] = method
        traits |= self._quick(**traits)
        refuse_unknown(traits, self._public_names(), type(self).__name__)
        for name in QUESTION:
            if name in traits:
                traits[name] = getattr(self, f"_clean_{name}")(traits[name])
        defaults = {name: self.traits()[name].default_value for name in QUESTION}
        defaults["settings"] = {}
        if self._result is not None:
            drawn = getattr(self._result, "method", defaults["method"])
            defaults |= {"method": drawn, "level": self._result.level}
        self._first: dict[str, Any] = {
            **defaults,
            **{n: traits[n] for n in QUESTION if n in traits},
        }
        self._remembered = {self._first["method"]: dict(self._first["settings"])}
        self._computed_with = (self._first["method"], dict(self._first["settings"]))
        super().__init__(**traits)
        self.observe(self._on_level, "level")
        self.observe(lambda _: self._go_back(), "_back")

    @classmethod
    def from_result(cls, attribution: Any, **traits: Any) -> Self:
        """Return the picture of an attribution that has been computed before.

        Parameters
        ----------
        attribution : Attribution
            From ``lm.attribute(...)`` or ``Attribution.load(path)``.
        **traits
            As for the class.

        Returns
        -------
        SaliencyWidget
            Without a model: text, target and method stay as they are.

        Raises
        ------
        InputError
            When something else is given.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.SaliencyText.from_result(lmw.load("tiny").attribute("The king")).method
        'leave_one_out'
        """
        if not cls._shows(attribution):
            raise InputError(
                f"A {type(attribution).__name__} is no attribution.",
                "Give what lm.attribute(text) or Attribution.load(path) returned.",
            )
        return cls(_result=attribution, **traits)

    # To be written by each widget ------------------------------------------------------------

    def _quick(self, **traits: Any) -> dict[str, Any]:
        """Return what the first picture asks where no method is named, as traits."""
        del traits
        return {}

    @classmethod
    def _shows(cls, result: Any) -> bool:
        """Return whether this widget can draw a result."""
        return isinstance(result, Attribution)

    def _picture(self, result: Any) -> dict[str, Any]:
        """Return the traits that draw a result: its data, and ``_figure`` over that of the base."""
        raise NotImplementedError

    def _attributed(self, asked: dict[str, Any], **how: Any) -> Any:
        """Return the result of a question; ``how`` holds progress, cancelled and settings."""
        assert self._lm is not None
        level = asked["level"] if by_unit(asked["method"]) else "token"
        return self._lm.attribute(
            self._read_tokens(),
            asked["method"],
            target=asked["target"],
            foil=asked["foil"],
            of=asked["of"],
            position=self._place(asked["position"]),
            level=level,
            output=self._output,
            **how,
        )

    def _to_check(self) -> Attribution:
        """Return the map that the button "check" is about."""
        found: Attribution = self._by(self._level_asked())
        return found

    def _by(self, level: Any) -> Any:
        """Return the result at a level, or raise."""
        return self._result.by(level)

    def _input_text(self) -> str:
        """Return what the user wrote, as text."""
        text: str = self._result.tokens.text
        return text

    # State -----------------------------------------------------------------------------------

    def _initial_state(self) -> dict[str, Any]:
        if self._result is not None:
            if self._first["level"] != self._result.level:
                self._by(self._first["level"])  # or it raises
            return {"method": self._first["method"], "level": self._first["level"], **self._drawn()}
        if self._lm is None or not has_content(self._input):
            figure = {
                "model": self._lm.name if self._lm else "",
                "methods": self._methods(self._first["method"]),
                "live": self._lm is not None,
                "editable": self._lm is not None,
            }
            return {"_status": self._nothing(), "_figure": figure}
        self._compute_result(self._first)
        return self._drawn()

    def _compute(self) -> dict[str, Any]:
        checks, self._wants_check = self._wants_check, False
        if checks and self._inputs() == self._good:
            return self._checked()
        if self._lm is None:
            raise InputError(
                "This text has no model, so it cannot be run again.",
                f"Make one with {type(self).__name__}(lm, text).",
            )
        changes = self._forgotten()
        before = self._input, self._output, self._passages
        try:
            if self._result is None or "token" in changes:
                self._input, self._output = self.text, None
            if "token" in changes:
                self._passages = None
            asked = {**self._inputs(), **changes}
            self._compute_result(asked)
            self._remembered[asked.get("method", self.method)] = dict(asked["settings"])
        except BaseException:
            self._input, self._output, self._passages = before
            raise
        return {**changes, **self._drawn()}

    def _forgotten(self) -> dict[str, Any]:
        """Return the traits that a new text or a new method leaves behind."""
        assert self._lm is not None
        changes: dict[str, Any] = {}
        if self._result is not None and self.text != self._good["text"]:
            changes |= {"token": None, "position": None}
            if level_name(self.level) == "passage":
                changes["level"] = "token"
            if self._lm.task != "sequence-classification":
                changes |= {"target": None, "foil": None}
        return changes | self._left_behind()

    def _left_behind(self) -> dict[str, Any]:
        """Return the settings that a method had before, when they are still those of another."""
        method, settings = self._computed_with
        left = self.method != method and self.settings == settings
        now = self._remembered.get(self.method, {}) if left else dict(self.settings)
        self._computed_with = (self.method, now)
        return {"settings": now} if left else {}

    def _show(self, state: dict[str, Any]) -> None:
        super()._show(state)
        if {"method", "settings"} <= state.keys():  # an earlier picture stands again
            self._computed_with = (state["method"], dict(state["settings"]))

    def _compute_result(self, asked: dict[str, Any]) -> None:
        of = self._function if asked["of"] == OWN_FUNCTION else asked["of"]
        with self._progress() as progress:
            found = self._attributed(
                {**asked, "of": of},
                progress=progress,
                cancelled=self._cancelled,
                **asked["settings"],
            )
        self._result, self._checks = found, None

    def _read_tokens(self) -> Any:
        assert self._lm is not None
        return self._lm.tokenize(self._input, truncate=self._truncate)

    def _place(self, position: Any) -> Any:
        """Return where the answer is read; of several masks the first, so that it is known."""
        assert self._lm is not None
        if position is not None or self._lm.task != "masked":
            return position
        ids = self._read_tokens().ids.tolist()
        mask = self._lm.tokenizer.mask_token_id
        return ids.index(mask) if mask in ids else None

    def _inputs(self) -> dict[str, Any]:
        return {**super()._inputs(), "level": self.level}

    def _drawn(self) -> dict[str, Any]:
        """Return the traits that draw ``self._result``."""
        result, tokens = self._result, self._own_tokens()
        model = self._named(result.model, tokens)
        picture = self._picture(result)
        figure = {
            "model": model,
            "method": result.method,
            "signed": result.signed,
            "unit": result.unit,
            "of": result.of,
            "level": result.level,
            "methods": self._methods(result.method),
            "live": self._lm is not None,
            "editable": self._lm is not None and result.tokens.source == "text",
            "task": self._lm.task if self._lm else "",
            "multi_label": bool(getattr(self._lm, "multi_label", False)),
            "settings": {
                name: value for name, value in result.settings.items() if _is_plain(value)
            },
            "cost": result.cost,
            "partial": result.partial,
            "checks": self._checks_shown(),
            **picture.pop("_figure"),
        }
        return {"text": self._input_text(), "_status": READY, **picture, "_figure": figure}

    def _methods(self, drawn: str) -> list[dict[str, Any]]:
        """Return the methods of the menu, in its order; of a picture without a model its own."""
        from lmwidget.attribution import METHODS

        known = sorted(METHODS.values(), key=lambda method: (method.order, method.label))
        return [
            method_info(method) for method in known if self._lm is not None or method.name == drawn
        ]

    def _published_state(self, max_bytes: int) -> dict[str, Any]:  # noqa: ARG002
        if self._result is None:
            return self._published_nothing()
        figure = {**self._figure, "editable": False}
        return {**self._good, "_status": READY, "_figure": figure, "_levels": self._summed_levels()}

    def _summed_levels(self) -> list[dict[str, Any]]:
        """Return the levels that are sums of what was computed: others need a model."""
        own = self._own_units()
        count = len(self._tokens["text"])
        found = []
        for level in self._levels:
            packed = level["parts"]
            parts = np.arange(count, dtype=np.int32) if packed is None else decode(packed)
            if refines(own, parts):
                found.append(level)
        return found

    def _own_tokens(self) -> Tokens:
        return own_tokens(self._result)

    def _own_units(self) -> Any:
        """Return the unit of each token that scores were computed for; None for the tokens."""
        return self._result.parts

    def _failure(self, error: BaseException) -> dict[str, Any]:
        good = getattr(self, "_good", {})
        changed = [name for name, value in self._inputs().items() if good.get(name) != value]
        back = self._result is not None
        return {**super()._failure(error), "about": changed, "back": back}

    def _go_back(self) -> None:
        """Take back what could not be computed; the last picture stands again."""
        if self._result is not None:
            self._show({**self._good, "_status": READY})

    # Levels ----------------------------------------------------------------------------------

    def _level_asked(self) -> Any:
        """Return the level that is shown, also before the widget is made."""
        return self.level if hasattr(self, "_good") else self._first["level"]

    def _on_level(self, change: Any) -> None:
        """Sum where that is the level's own score; ask the model where it is not."""
        if self._quiet or self._result is None:
            return
        if self._lm is not None and by_unit(self._result.method):
            self._on_input(change)
            return
        try:
            self._by(self.level)
        except LmwidgetError:
            if self._lm is not None:
                self._on_input(change)
                return
            self._show({"level": change.old})
            raise
        self._good = {**self._good, "level": self.level}
        if level_name(self.level) not in {level["name"] for level in self._levels} or isinstance(
            self.level, list
        ):
            self._show({"_levels": self._drawn()["_levels"]})


def by_unit(method: str) -> bool:
    """Return whether a method takes whole units away, so that coarser scores are no sums.

    Parameters
    ----------
    method : str
        Name in the registry.

    Returns
    -------
    bool
        True for perturbation methods.

    Examples
    --------
    >>> by_unit("gradient")
    False
    """
    from lmwidget.attribution import METHODS

    return method in METHODS and METHODS[method].needs == "values"


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str)
