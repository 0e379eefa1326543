"""Stability: does the map come out the same when random numbers are drawn again."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.attribution import METHODS, attribute
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
    if seeds < 1 or method is None:
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
    fine = attribution.tokens if attribution.source is None else attribution.source
    first = int(attribution.settings.get("seed") or 0)
    settings = {n: v for n, v in attribution.settings.items() if n != "seed"}
    whole = attribution.of in {"entropy", "own function"}
    level = attribution.level
    maps = [attribution.scores]
    for seed in range(first + 1, first + 1 + seeds):
        try:
            again = attribute(
                lm,
                fine,
                attribution.method,
                None if whole else attribution.target,
                attribution.foil,
                of=of or attribution.of,
                position=attribution.position,
                level=_spans(attribution) if level == "passage" else level,
                output_tokens=attribution.output,
                progress=False,
                cancelled=cancelled,
                **settings,
                seed=seed,
            )
        except CancelledError:
            break
        if again.partial:
            break
        maps.append(again.scores)
    return [_agreement(maps)] if len(maps) > 1 else []


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
