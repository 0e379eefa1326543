"""SaliencyCompare: several methods over one text, each with its checks, and how they agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t
from typing_extensions import Self

from lmwidget.comparison import Comparison
from lmwidget.errors import InputError, UnknownNameError, nearest
from lmwidget.html import table
from lmwidget.results import Attribution, Check
from lmwidget.widgets.base import READY, bundle, has_content
from lmwidget.widgets.saliency_levels import offered_levels
from lmwidget.widgets.saliency_state import (
    candidate,
    check_row,
    finite,
    method_info,
    own_tokens,
)
from lmwidget.widgets.saliency_traits import OWN_FUNCTION, Given
from lmwidget.widgets.saliency_widget import SaliencyWidget
from lmwidget.wire import envelope

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel
    from lmwidget.tokens import Tokens

_MOST_ROWS = 200  # units in the table that stands where no script runs


class SaliencyCompare(SaliencyWidget):
    """Maps of one question by several methods, aligned, with their agreement and checks.

    Parameters
    ----------
    lm : LanguageModel, optional
        The model; without one, use :meth:`from_result` or :meth:`from_results`.
    text : str, list of messages, or pair of str
        What the model reads.
    methods : sequence of str, optional
        Names of methods.
    checks : bool, default True
        Whether every map is compared with random maps.
    **settings
        ``target``, ``foil``, ``of``, ``position``, ``level``,
        ``token``, ``theme``: see the traits. ``settings``: of each method, by its name.
        ``output``: what the decoder of an encoder-decoder has written so far. ``truncate``: cut a
        text that is too long for the model.

    Raises
    ------
    InputError
        When the text or the target cannot be used, or none of the methods can.
    UnknownNameError
        For a method, class, level or keyword that does not exist.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> rows = lmw.SaliencyCompare(lmw.load("tiny"), "The king said", methods=["gradient", "random"])
    >>> rows.result.agreement.shape
    (2, 2)
    """

    _esm = bundle("saliency_compare.js")
    _css = bundle("saliency_compare.css")
    _bundle = "saliency_compare"
    _input_traits = ("text", "methods", "target", "foil", "of", "position", "settings")

    methods = Given().tag(sync=True)
    "Names of the methods, one a row; empty for some of different kinds and the control."

    def __init__(
        self,
        lm: LanguageModel | None = None,
        text: Any = "",
        methods: Sequence[str] | None = None,
        *,
        checks: bool = True,
        **settings: Any,
    ) -> None:
        self._asks_checks = checks
        self._first_methods = _listed(methods, known=lm is not None)
        if methods is not None:
            settings["methods"] = self._first_methods
        super().__init__(lm, text, **settings)

    @classmethod
    def from_results(cls, attributions: Sequence[Attribution], **traits: Any) -> Self:
        """Return the picture of maps computed before, also by other programs.

        Parameters
        ----------
        attributions : sequence of Attribution
            Of the same units.
        **traits
            As for the class.

        Returns
        -------
        SaliencyCompare
            Without a model.

        Raises
        ------
        InputError
            When they are not of the same units.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> maps = [lm.attribute("The king", name) for name in ("gradient", "random")]
        >>> len(lmw.SaliencyCompare.from_results(maps).result)
        2
        """
        return cls.from_result(Comparison(tuple(attributions)), **traits)

    @property
    def result(self) -> Comparison:
        """The comparison that is drawn.

        Returns
        -------
        Comparison
            At the level that is shown.

        Raises
        ------
        InputError
            When there is no text yet.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> lmw.SaliencyCompare(lm, "The king", methods=["gradient"]).result.level
        'token'
        """
        if self._result is None:
            raise InputError("There is no comparison yet.", "Set the text first.")
        found: Comparison = self._result.by(self._level_asked())
        return found

    @classmethod
    def _shows(cls, result: Any) -> bool:
        return isinstance(result, Comparison)

    def _initial_state(self) -> dict[str, Any]:
        if self._result is not None:
            self._first["level"] = self._result.level
            return {"level": self._result.level, **self._drawn()}
        if self._lm is None or not has_content(self._input):
            live = self._lm is not None
            name = self._lm.name if self._lm else ""
            figure = {"model": name, "known": _known(), "live": live, "editable": live}
            return {"_status": self._nothing(), "_figure": figure}
        self._compute_result({**self._first, "methods": self._first_methods})
        return self._drawn()

    @classmethod
    def _public_names(cls) -> list[str]:
        return [name for name in super()._public_names() if name != "method"]

    def _checked(self, **settings: Any) -> dict[str, Any]:  # noqa: ARG002
        raise InputError(
            "Every map of a comparison has checks of its own.",
            "Read them: result.attributions[0].checks; or check one: lm.check(attribution).",
        )

    def _own_tokens(self) -> Tokens:
        return own_tokens(self._result.attributions[0])

    def _own_units(self) -> Any:
        return self._result.attributions[0].parts

    def _attributed(self, asked: dict[str, Any], **how: Any) -> Comparison:
        assert self._lm is not None
        return self._lm.compare(
            self._read_tokens(),
            asked["methods"] or None,
            target=asked["target"],
            foil=asked["foil"],
            of=asked["of"],
            position=self._place(asked["position"]),
            level=asked["level"],
            output=self._output,
            checks=self._asks_checks,
            **how,
        )

    def _clean_settings(self, value: Any) -> dict[str, Any]:
        given = super()._clean_settings(value)
        for name, one in given.items():
            if not isinstance(one, Mapping):
                raise InputError(
                    f"The settings of {name!r} are {one!r}.",
                    "Give those of each method by its name: settings={'random': {'seed': 3}}.",
                )
        _listed(given, known=self._lm is not None)
        return given

    def _left_behind(self) -> dict[str, Any]:
        """Return nothing: settings are of each method, by its name, so none is left behind."""
        return {}

    def _compute_result(self, asked: dict[str, Any]) -> None:
        of = self._function if asked["of"] == OWN_FUNCTION else asked["of"]
        with self._progress() as progress:
            self._result = self._attributed(
                {**asked, "of": of},
                progress=progress,
                cancelled=self._cancelled,
                settings=asked["settings"],
            )

    def _on_level(self, change: Any) -> None:
        """Ask the model again where there is one: methods that take units away do not add up."""
        if self._quiet or self._result is None:
            return
        if self._lm is not None:
            self._on_input(change)
            return
        try:
            self._result.by(self.level)
        except InputError:
            self._show({"level": change.old})
            raise
        self._good = {**self._good, "level": self.level}

    def _input_text(self) -> str:
        text: str = self._result.tokens.text
        return text

    def _drawn(self) -> dict[str, Any]:
        """Return the traits that draw ``self._result``."""
        result: Comparison = self._result
        first = result.attributions[0]
        tokens = self._own_tokens()
        figure = {
            "model": self._named(result.model, tokens),
            "level": result.level,
            "readout": first.readout,
            "of": first.of,
            "target": candidate(first.target),
            "foil": candidate(first.foil),
            "rows": [_row(result, place) for place in range(len(result))],
            "agreement": finite(result.agreement.astype(float).tolist()),
            "failures": result.failures,
            "known": _known() if self._lm else [],
            "live": self._lm is not None,
            "editable": self._lm is not None and result.tokens.source == "text",
            "cost": result.cost,
            "partial": result.partial,
        }
        levels = offered_levels(
            tokens,
            shown=result.level,
            passages=self._passages,
            computed=(result.level, first.parts),
            live=self._lm is not None,
        )
        scores = envelope(np.ascontiguousarray(result.scores, np.float32), ["method", "unit"])
        return {
            "text": self._input_text(),
            "methods": self._asked_methods(),
            "_status": READY,
            "_tokens": tokens.to_dict(),
            "_levels": levels,
            "_scores": scores,
            "_figure": figure,
        }

    def _asked_methods(self) -> list[str]:
        if self._lm is None:
            return [one.method for one in self._result.attributions]
        return list(self.methods) if hasattr(self, "_good") else self._first_methods

    @t.default("methods")
    def _no_methods(self) -> list[str]:
        return []

    @t.validate("methods")
    def _valid_methods(self, proposal: Any) -> list[str]:
        return _listed(proposal["value"], known=self._lm is not None)

    def _static_html(self) -> str:
        if self._result is None:
            return "<p>SaliencyCompare: no text yet.</p>"
        result = self._result
        head = ["", *(one.method for one in result.attributions)]
        rows = [
            [label, *(f"{one.scores[i]:.3g}" for one in result.attributions)]
            for i, label in enumerate(result.tokens.labels[:_MOST_ROWS])
        ]
        for name in ("comprehensiveness", "sufficiency"):
            found = [
                next((c for c in one.checks if c.name == name), None) for one in result.attributions
            ]
            if any(found):
                rows.append([name, *map(_figure_of, found)])
        more = len(result.tokens) - _MOST_ROWS
        note = f" {more} more units are in the live picture." if more > 0 else ""
        caption = (
            f"{len(result)} methods for {result.attributions[0].target.label!r}, {result.model}; "
            f"each in its own unit.{note} Run the notebook for the live picture."
        )
        return f"{table('Scores', head, rows)}<p><small>{escape(caption)}</small></p>"


def _row(result: Comparison, place: int) -> dict[str, Any]:
    one = result.attributions[place]
    known = next((info for info in _known() if info["name"] == one.method), None)
    return {
        "name": one.method,
        "label": known["label"] if known else one.method,
        "summary": known["summary"] if known else "",
        "slow": bool(known and known["slow"]),
        "group": known["group"] if known else "",
        "signed": one.signed,
        "unit": one.unit,
        "check": None if one.check is None else check_row(one.check),
        "checks": [check_row(check) for check in one.checks],
        "cost": finite(one.cost),
        "partial": one.partial,
        "agreement": finite(result.agreement_with_others(place)),
    }


def _figure_of(check: Check | None) -> str:
    if check is None:
        return "–"
    against = "" if check.random is None else f" (random {check.random:.3g})"
    return f"{check.value:.3g}{against}"


def _listed(methods: Any, *, known: bool) -> list[str]:
    """Return names as a list; a bare name means one. Raise for one that has to be known and is not."""
    from lmwidget.attribution import METHODS

    try:
        names = [methods] if isinstance(methods, str) else list(() if methods is None else methods)
    except TypeError as error:
        raise InputError(
            f"methods is a {type(methods).__name__}.", "Give names: methods=['gradient', 'random']."
        ) from error
    for name in names:
        if not isinstance(name, str) or (known and name not in METHODS):
            raise UnknownNameError(f"There is no method {name!r}.", nearest(name, METHODS))
    return names


def _known() -> list[dict[str, Any]]:
    from lmwidget.attribution import METHODS

    return [method_info(method) for method in METHODS.values()]
