"""Is the map true: checks of an attribution by the model itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from lmwidget.answers import AnswerAttribution
from lmwidget.attribution.budget import memory_bytes
from lmwidget.attribution.method import Watch
from lmwidget.attribution.model_game import ModelGame
from lmwidget.attribution.progress import showing
from lmwidget.attribution.question import Question
from lmwidget.errors import CancelledError, InputError, refuse_unknown
from lmwidget.evaluation.compare import compare
from lmwidget.evaluation.faithfulness import faithfulness
from lmwidget.evaluation.stability import stability
from lmwidget.results import Attribution

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel

Checked = TypeVar("Checked", Attribution, AnswerAttribution)

__all__ = ["check", "compare", "faithfulness", "stability"]


def check(
    lm: LanguageModel,
    attribution: Checked,
    *,
    of: Callable[..., Any] | None = None,
    removal: str | None = None,
    random_maps: int = 10,
    seeds: int = 3,
    seed: int = 0,
    max_memory: int | str | None = None,
    progress: Callable[[int, int, float], None] | bool | None = None,
    cancelled: Callable[[], bool] | None = None,
    **unknown: Any,
) -> Checked:
    """Return the attribution with its checks: is the map better than a random one, is it stable.

    Comprehensiveness and sufficiency (DeYoung et al. 2020) take the strongest units away, or keep
    nothing else, and ask the model again; random maps of the same text are asked in the same
    passes. Stability repeats methods that draw random numbers with other seeds.

    Parameters
    ----------
    lm : LanguageModel
        The model that the attribution is of.
    attribution : Attribution or AnswerAttribution
        Map to check, at any level. Of an answer the sum over all that was written is checked.
    of : callable, optional
        The function of the logits again, if the attribution explains one of your own.
    removal : str, optional
        How units are taken away, see :class:`lmwidget.attribution.model_game.ModelGame`.
    random_maps : int, default 10
        Random maps to compare with.
    seeds : int, default 3
        Runs with other seeds, for methods that have one; 0 for none.
    seed : int, default 0
        For the random maps.
    max_memory, progress, cancelled
        As in :func:`lmwidget.attribution.attribute`.

    Returns
    -------
    Attribution or AnswerAttribution
        With ``checks`` filled in: ``"comprehensiveness"``, ``"sufficiency"``, ``"stability"``.

    Raises
    ------
    CancelledError
        When it was stopped.
    InputError
        When the attribution is not of this model, or cannot be asked again.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> why = lm.check(lm.attribute("The king of the king of the"))
    >>> [found.name for found in why.checks]
    ['comprehensiveness', 'sufficiency', 'stability']
    """
    refuse_unknown(
        unknown, ["of", "removal", "random_maps", "seeds", "seed", "max_memory"], "check"
    )
    whole = attribution.whole() if isinstance(attribution, AnswerAttribution) else attribution
    question = _asked_again(lm, whole, of)
    tokens = question.tokens
    units = np.arange(len(tokens), dtype=np.int32)
    if whole.parts is not None:
        units = np.asarray(whole.parts)
    with showing(progress, "Checking") as report:
        watch = Watch(report, cancelled)
        with watch.interruptible():
            game = ModelGame(question, units, removal=removal, max_memory=memory_bytes(max_memory))
            _same_number(game.full, whole)
            found = faithfulness(
                game, whole.scores[game.players], watch, random_maps=random_maps, seed=seed
            )
            found += stability(lm, whole, of=of, seeds=seeds, cancelled=lambda: watch.stopped)
    if watch.stopped:
        raise CancelledError("The checks were stopped.", "Run them again.")
    return replace(attribution, checks=tuple(found))


def _same_number(value: float, attribution: Attribution) -> None:
    """Refuse to check another number than the map explains, such as a part of an answer."""
    own = attribution.value
    if not math.isfinite(own):
        return
    if not abs(value - own) <= 1e-2 * max(1.0, abs(own)):
        raise InputError(
            f"This map explains a number that is {own:.4g}, and asked again it is {value:.4g}.",
            "Check the map of one question: lm.attribute(text, target=…), or a whole answer by "
            "log-probability.",
        )


def _asked_again(
    lm: LanguageModel, attribution: Attribution, of: Callable[..., Any] | None
) -> Question:
    if not isinstance(attribution, Attribution):
        raise InputError(
            f"A {type(attribution).__name__} cannot be checked.",
            "Give what lm.attribute() returned.",
        )
    if attribution.model != lm.name or attribution.readout == "given":
        raise InputError(
            f"This map is of {attribution.model or 'no model'}, not of {lm.name}.",
            "Check it with the model that it was computed with.",
        )
    if attribution.of == "own function" and of is None:
        raise InputError(
            "This map explains a function of your own, which is not saved with it.",
            "Pass it again: lm.check(attribution, of=function).",
        )
    tokens = attribution.tokens if attribution.source is None else attribution.source
    whole = attribution.of in {"entropy", "own function"}
    return Question(
        lm,
        tokens,
        attribution.output,
        None if whole else attribution.target,
        attribution.foil,
        of=of or attribution.of,
        position=attribution.position,
    )
