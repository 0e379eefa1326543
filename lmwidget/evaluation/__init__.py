"""Is the map true: checks of an attribution by the model itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from lmwidget.answers import AnswerAttribution
from lmwidget.attribution.budget import memory_bytes
from lmwidget.attribution.context_reliance import PassageGame, passages_of
from lmwidget.attribution.game import Game
from lmwidget.attribution.method import Watch
from lmwidget.attribution.model_game import ModelGame
from lmwidget.attribution.progress import showing
from lmwidget.attribution.question import Question
from lmwidget.attribution.sampling import whole_number
from lmwidget.errors import CancelledError, InputError, refuse_unknown
from lmwidget.evaluation.compare import compare
from lmwidget.evaluation.faithfulness import faithfulness
from lmwidget.evaluation.stability import stability
from lmwidget.results import Attribution

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel

Checked = TypeVar("Checked", Attribution, AnswerAttribution)

_NAMES = ("comprehensiveness", "sufficiency", "stability")

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
        How units are taken away, see :class:`lmwidget.attribution.model_game.ModelGame`; of context
        reliance by default as for the map.
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
        With ``checks`` filled in: ``"comprehensiveness"``, ``"sufficiency"``, ``"stability"``. Of
        context reliance only the passages are taken away, as for the map itself.

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
    whole_number("seeds", seeds, 0)
    whole = attribution.whole() if isinstance(attribution, AnswerAttribution) else attribution
    question = _asked_again(lm, whole, of)
    with showing(progress, "Checking") as report:
        watch = Watch(report, cancelled)
        with watch.interruptible():
            game = _game(question, whole, removal, memory_bytes(max_memory))
            _same_number(game.full, whole)
            found = faithfulness(
                game, whole.scores[game.players], watch, random_maps=random_maps, seed=seed
            )
            found += stability(
                lm,
                whole,
                of=of,
                seeds=seeds,
                max_memory=max_memory,
                cancelled=lambda: watch.stopped,
            )
    if watch.stopped:
        raise CancelledError("The checks were stopped.", "Run them again.")
    others = tuple(one for one in attribution.checks if one.name not in _NAMES)
    return replace(attribution, checks=others + tuple(found))


def _game(
    question: Question, attribution: Attribution, removal: str | None, max_memory: int
) -> Game:
    """Return the game of the units that a map is about: of context reliance, the passages."""
    parts, passages = attribution.parts, passages_of(attribution)
    units = np.arange(len(question.tokens)) if parts is None else np.asarray(parts)
    units = units.astype(np.int32)
    if passages is None:
        return ModelGame(question, units, removal=removal, max_memory=max_memory)
    removal = removal or attribution.settings["removal"]
    whole = ModelGame(question, units, removal=removal, keep_special=False, max_memory=max_memory)
    return PassageGame(whole, passages)


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
            f"What is to be checked is of type {type(attribution).__name__}.",
            "Give a map: what lm.attribute(text) or lm.attribute_answer(text) returned.",
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
