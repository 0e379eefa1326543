"""Whether to trust a map: checks computed on demand and shown with it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from lmwidget.errors import InputError
from lmwidget.results import Attribution, Check
from lmwidget.widgets.base import READY
from lmwidget.widgets.saliency_state import check_row
from lmwidget.widgets.saliency_traits import OWN_FUNCTION, SaliencyTraits


class SaliencyChecks(SaliencyTraits):
    """A picture whose map can be checked: by the button in the browser, or from Python.

    Parameters
    ----------
    **traits
        Values of public traits.
    """

    _checks: dict[str, Any] | None = None
    _wants_check = False

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.observe(self._on_check, "_check")

    def _to_check(self) -> Attribution:
        """Return the map that the button "check" is about."""
        raise NotImplementedError

    def _cancelled(self) -> bool:
        """Return whether the reader wants to stop."""
        cancel = getattr(self, "_cancel", None)
        return cancel is not None and cancel.is_set()

    def check(self, **settings: Any) -> tuple[Check, ...]:
        """Return whether the map can be trusted, and show it with the map.

        Parameters
        ----------
        **settings
            As for ``lm.check``.

        Returns
        -------
        tuple of Check
            Comprehensiveness and sufficiency beside random maps, stability over seeds.

        Raises
        ------
        InputError
            When there is no model, or nothing to check yet.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> why = lmw.SaliencyText(lmw.load("tiny"), "The king of the king of the")
        >>> why.check()[0].name
        'comprehensiveness'
        """
        self._show(self._checked(**settings))
        assert self._checks is not None
        found: tuple[Check, ...] = self._checks["checks"]
        return found

    def _on_check(self, change: Any) -> None:
        self._wants_check = True
        self._on_input(change)

    def _checked(self, **settings: Any) -> dict[str, Any]:
        if self._lm is None or self._result is None:
            raise InputError(
                "There is no model to check this map with.",
                f"Make it with {type(self).__name__}(lm, text), or check it: lm.check(attribution).",
            )
        attribution = self._to_check()
        own = {"of": self._function} if attribution.of == OWN_FUNCTION else {}
        start = time.perf_counter()
        with self._progress() as progress:
            found = self._lm.check(
                attribution, progress=progress, cancelled=self._cancelled, **own, **settings
            )
        self._checks = {
            "checks": tuple(found.checks),
            "level": found.level,
            "where": self._where(),
            "seconds": time.perf_counter() - start,
        }
        return {"_figure": {**self._figure, "checks": self._checks_shown()}, "_status": READY}

    def _where(self) -> Any:
        """Return which of several maps was checked, for widgets that show several."""
        return None

    def _checks_shown(self) -> dict[str, Any] | None:
        known = self._checks
        if known is None:
            given = getattr(self._result, "checks", ())
            if not given:
                return None
            known = {"checks": given, "level": self._result.level, "where": None, "seconds": None}
        rows = [check_row(check) for check in known["checks"]]
        return {**{name: known[name] for name in ("level", "where", "seconds")}, "rows": rows}

    def _with_checks(self, found: Attribution) -> Attribution:
        """Return what is shown with its checks, when they are of it."""
        known = self._checks
        if known is None or (known["level"], known["where"]) != (found.level, self._where()):
            return found
        return replace(found, checks=known["checks"])
