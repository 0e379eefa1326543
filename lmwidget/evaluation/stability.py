"""Stability: does the map come out the same when random numbers are drawn again."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.attribution import METHODS, attribute
from lmwidget.attribution.context_reliance import context_reliance, passages_of
from lmwidget.attribution.sampling import whole_number
from lmwidget.comparison import rank_correlation
from lmwidget.errors import CancelledError
from lmwidget.results import Attribution, Check

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel

STABLE = 0.7
"Rank correlation between runs from which a map counts as stable."


def stability(
    lm: LanguageModel,
    attribution: Attribution,
    *,
    of: Callable[..., Any] | None = None,
    seeds: int = 3,
    max_memory: int | str | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Check]:
    """Return how well the maps of other seeds agree with this one and with each other.

    Parameters
    ----------
    lm : LanguageModel
        The model.
    attribution : Attribution
        The map.
    of : callable, optional
        The function of the logits, if one's own is explained.
    seeds : int, default 3
        Runs with other seeds; 0 for no check.
    max_memory : int or str, optional
        Memory for one batch.
    cancelled : callable, optional
        Asked before every batch.

    Returns
    -------
    list of Check
        One ``"stability"``: the mean rank correlation (Spearman) over all pairs of runs. Of methods
        that draw nothing it is 1 without a verdict, since nothing was tested. Empty when nothing
        was run.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> stability(lm, lm.attribute("The king said"))[0].value
    1.0
    """
    method = METHODS.get(attribution.method)
    if not whole_number("seeds", seeds, 0) or method is None:
        return []
    if "seed" not in method.settings:
        return [
            Check(
                name="stability",
                value=1.0,
                explanation=(
                    "This method is deterministic: it has no seed, so every run gives the same map."
                ),
            )
        ]
    first = int(attribution.settings.get("seed") or 0)
    maps = [attribution.scores]
    for seed in range(first + 1, first + 1 + seeds):
        try:
            again = _again(
                lm, attribution, of, seed=seed, max_memory=max_memory, cancelled=cancelled
            )
        except CancelledError:
            break
        if again.partial:
            break
        maps.append(again.scores)
    return [_agreement(maps)] if len(maps) > 1 else []


def _again(
    lm: LanguageModel, attribution: Attribution, of: Callable[..., Any] | None, **how: Any
) -> Attribution:
    """Return the map of another seed."""
    fine = attribution.tokens if attribution.source is None else attribution.source
    settings = {**attribution.settings, "progress": False, **how}
    level = _spans(attribution) if attribution.level == "passage" else attribution.level
    if "passages" in settings:
        answer = attribution.target.ids or (attribution.target.id,)
        again = context_reliance(
            lm, fine, answer=answer, method=attribution.method, of=attribution.of, **settings
        )
        return again if passages_of(attribution) is not None else again.by(level)
    whole = attribution.of in {"entropy", "own function"}
    return attribute(
        lm,
        fine,
        attribution.method,
        None if whole else attribution.target,
        attribution.foil,
        of=of or attribution.of,
        position=attribution.position,
        level=level,
        output_tokens=attribution.output,
        **settings,
    )


def _agreement(maps: list[NDArray[np.float32]]) -> Check:
    found = [rank_correlation(a, b) for a, b in combinations(maps, 2)]
    value = float(np.mean(found))
    return Check(
        name="stability",
        value=value,
        passed=value >= STABLE,
        explanation=(
            f"Maps of {len(maps)} seeds agree with a rank correlation of {value:.2f} on average, "
            f"{min(found):.2f} at least; from {STABLE} on a map counts as stable."
        ),
    )


def _spans(attribution: Attribution) -> list[tuple[int, int]]:
    return [(int(start), int(end)) for start, end in attribution.tokens.spans if start < end]
