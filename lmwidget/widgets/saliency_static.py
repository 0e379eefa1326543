"""SaliencyText where no script runs: shaded text, its other levels, steps and checks folded away."""

from __future__ import annotations

import math
from html import escape
from typing import Any

import numpy as np

from lmwidget.answers import AnswerAttribution
from lmwidget.errors import LmwidgetError
from lmwidget.figures.scale import scale_end
from lmwidget.html import shaded, table
from lmwidget.results import Attribution, Check

_MOST_STEPS = 40
_MOST_TOKENS = 1500


def static_text(
    shown: Attribution, whole: Attribution | AnswerAttribution, levels: list[str]
) -> str:
    """Return the picture of an attribution as HTML without scripts.

    Parameters
    ----------
    shown : Attribution
        What is drawn.
    whole : Attribution or AnswerAttribution
        What it is a view of.
    levels : list of str
        Names of the levels that make a difference.

    Returns
    -------
    str
        Shaded text, a caption, and folded away: the other levels, the steps of an answer, the
        checks. Every text is escaped.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> why = lmw.load("tiny").attribute("The king")
    >>> static_text(why, why, ["token"])[:2]
    '<p'
    """
    parts = [
        _text(shown),
        f"<p><small>{escape(_caption(shown))}</small></p>",
        checks_table(shown.checks),
    ]
    if len(shown.tokens) <= _MOST_TOKENS:
        parts += [_folded(f"By {name}", at) for name, at in _other_levels(shown, whole, levels)]
    if isinstance(whole, AnswerAttribution):
        steps = [whole.step(row) for row in range(min(len(whole), _MOST_STEPS))]
        parts += [
            _folded(f"Token {row + 1} of the answer: {step.target.label!r}", step)
            for row, step in enumerate(steps)
        ]
    return "".join(parts)


def _other_levels(
    shown: Attribution, whole: Attribution | AnswerAttribution, levels: list[str]
) -> list[tuple[str, Attribution]]:
    if isinstance(whole, AnswerAttribution):
        return []
    found = []
    for name in levels:
        if name == shown.level:
            continue
        try:
            found.append((name, whole.by(name)))
        except LmwidgetError:  # finer than what was computed
            continue
    return found


def _folded(summary: str, attribution: Attribution) -> str:
    return f"<details><summary>{escape(summary)}</summary>{_text(attribution)}</details>"


def _text(result: Attribution) -> str:
    largest = scale_end(np.abs(result.scores)) or 1.0
    titles = [f"{score:.4g} {result.unit}" for score in result.scores]
    return shaded(result.tokens.pieces, [float(s) / largest for s in result.scores], titles)


def _caption(result: Attribution) -> str:
    largest = scale_end(np.abs(result.scores))
    against = f" rather than {result.foil.label!r}" if result.foil else ""
    wanted = f" for {result.target.label!r}" if result.target.label else ""
    model = f", {result.model}" if result.model else ""
    level = "" if result.level == "token" else f" by {result.level}"
    partial = " Stopped early: computed from what was done so far." if result.partial else ""
    return (
        f"{result.method}{level}{wanted}{against}{model}; full shade is {largest:.2g} "
        f"{result.unit}.{partial} Run the notebook for the live picture."
    )


def checks_table(checks: tuple[Check, ...]) -> str:
    """Return the checks of a map as a table.

    Parameters
    ----------
    checks : tuple of Check
        As ``lm.check`` filled them in.

    Returns
    -------
    str
        HTML; empty when there are none.

    Examples
    --------
    >>> checks_table(())
    ''
    """
    if not checks:
        return ""
    rows = [
        (check.name, _number(check.value), _number(check.random), check.verdict) for check in checks
    ]
    return table("Checks of this map", ["check", "this map", "random map", "verdict"], rows)


def _number(value: Any) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.3g}"
