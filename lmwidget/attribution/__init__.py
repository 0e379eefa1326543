"""Attribution: which tokens a prediction came from. One module a method, found by name here."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lmwidget.attribution.budget import memory_bytes
from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.methods import METHODS, REFUSED
from lmwidget.attribution.model_game import ModelGame
from lmwidget.attribution.progress import showing
from lmwidget.attribution.question import Question
from lmwidget.attribution.target_function import TargetFunction
from lmwidget.errors import UnavailableError, UnknownNameError, nearest, refuse_unknown
from lmwidget.results import Attribution
from lmwidget.units import Spans, level_name, merged, unit_of_tokens

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel
    from lmwidget.tokens import Tokens

__all__ = ["METHODS", "Method", "attribute"]

QUICK = 1024
"Tokens that are read in a moment."

GAME_SETTINGS = ("removal", "keep_special")
"Settings of every method that takes units away."
_ASKED = ("target", "foil", "of", "position", "level", "output", "truncate", "max_memory")


def attribute(  # noqa: PLR0913
    lm: LanguageModel,
    tokens: Tokens,
    method: str | None = None,
    target: Any = None,
    foil: Any = None,
    *,
    of: str | Callable[[Tensor], Tensor] | None = None,
    position: int | str | None = None,
    level: str | Spans = "token",
    output_tokens: Tokens | None = None,
    max_memory: int | str | None = None,
    progress: Callable[[int, int, float], None] | bool | None = None,
    cancelled: Callable[[], bool] | None = None,
    **settings: Any,
) -> Attribution:
    """Return how much each unit of a text contributed to one number of a model's answer.

    Parameters
    ----------
    lm : LanguageModel
        The model, left as it is found.
    tokens : Tokens
        What it reads (of an encoder-decoder: what its encoder reads).
    method : str, optional
        Key of ``METHODS``; default: :func:`quick_question`.
    target : str, int, tuple of int, Prediction, optional
        Token, phrase, class, answer or index; default: the model's strongest prediction.
    foil : str, int, tuple of int, Prediction, optional
        What the target is contrasted with: why the target rather than this.
    of : str or callable, optional
        ``"logit"`` (default for one place), ``"log_probability"`` (default for a phrase),
        ``"probability"``, ``"entropy"``, or a function of the logits.
    position : int or str, optional
        Where the answer is read, if not where the model answers by itself.
    level : str or sequence of spans, default "token"
        ``"word"``, ``"sentence"``, ``"paragraph"``, ``"turn"``, or own passages as character spans
        or text. Methods that take units away take whole units away; other scores are summed.
    output_tokens : Tokens, optional
        What an encoder-decoder has written; default: its start token.
    max_memory : int or str, optional
        Memory for one batch in bytes, or as ``"2 GB"``; default 1 GiB.
    progress : callable or bool, optional
        Called with ``(done, total, seconds_left)`` at the start and after every batch; ``total`` is an upper
        bound, the time left NaN until it can be known. Default: a bar when it takes longer than two
        seconds; False for none.
    cancelled : callable, optional
        Asked before every batch; True stops, with a partial result if there is any. So does an
        interrupt from the keyboard.
    **settings
        Settings of the method; of those that take units away also ``removal`` and
        ``keep_special``, see :class:`lmwidget.attribution.model_game.ModelGame`.

    Returns
    -------
    Attribution
        Scores in the unit that it names. ``settings`` can be passed again to repeat it.

    Raises
    ------
    CancelledError
        When stopped before there was anything to return.
    InputError
        When target, foil or a setting cannot be used, or a masked model is given no mask.
    ModelMismatchError
        When the model predicts nothing, or was made under ``torch.inference_mode()``.
    UnavailableError
        When no gradient reaches the embeddings.
    UnknownNameError
        For an unknown method, level, setting, class or index.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> tokens = lm.tokenize("the king said")
    >>> len(attribute(lm, tokens).scores) == len(tokens)
    True
    """
    tokens = lm.tokenize(tokens)
    units = unit_of_tokens(tokens, level)
    if method is None:
        method, of = quick_question(lm, units, foil, of)
    chosen = find_method(method)
    known = [*chosen.settings, *(GAME_SETTINGS if chosen.needs == "values" else ())]
    refuse_unknown(settings, known, f"The method {method!r}", also=_ASKED)
    start = time.perf_counter()
    question = Question(lm, tokens, output_tokens, target, foil, of=of, position=position)
    with showing(progress, chosen.label) as report:
        watch = Watch(report, cancelled)
        with watch.interruptible():
            found = run_method(chosen, question, units, watch, memory_bytes(max_memory), settings)
    watch.pass_on(complete=not found.partial)
    if question.place.note:
        warnings.warn(question.place.note, stacklevel=3)
    by_unit = chosen.needs == "values" and level != "token"
    attribution = Attribution(
        tokens=merged(tokens, units) if by_unit else tokens,
        scores=found.scores,
        method=chosen.name,
        signed=chosen.signed if found.signed is None else found.signed,
        target=question.target,
        foil=question.foil,
        readout=question.place.kind,
        unit=found.unit or chosen.unit or question.unit,
        of=question.of,
        value=found.value,
        predictions=question.predictions,
        check=found.check,
        settings=found.settings,
        model=lm.name,
        cost={"seconds": time.perf_counter() - start, "passes": found.passes},
        partial=found.partial,
        level=level_name(level) if by_unit else "token",
        source=tokens if by_unit else None,
        parts=units if by_unit else None,
        output=question.output_tokens,
        position=question.asked_position,
    )
    return attribution if by_unit else attribution.by(level)


def run_method(
    method: Method,
    question: Question,
    units: NDArray[np.int32],
    watch: Watch,
    max_memory: int,
    settings: dict[str, Any],
) -> Scores:
    """Give a method what it needs, and return its scores.

    Parameters
    ----------
    method : Method
        What is run.
    question : Question
        What is explained; it is resolved on the way.
    units : ndarray of int32, shape (token,)
        Unit of each token, for methods that take units away.
    watch : Watch
        Progress and the wish to stop.
    max_memory : int
        Bytes for one batch.
    settings : dict
        Of the method.

    Returns
    -------
    Scores
        One a unit of methods that take units away, otherwise one a token.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> question = Question(lm, lm.tokenize("The king"))
    >>> units = np.arange(2, dtype=np.int32)
    >>> run_method(METHODS["gradient"], question, units, Watch(), 1 << 20, {}).scores.shape
    (2,)
    """
    if method.needs == "gradients":
        with TargetFunction(question, max_memory=max_memory) as f:
            found = method.function(f, watch, **settings)
            return replace(found, passes=f.passes, value=f.value)
    if method.needs == "values":
        own = {name: settings[name] for name in GAME_SETTINGS if name in settings}
        rest = {name: value for name, value in settings.items() if name not in own}
        game = ModelGame(question, units, max_memory=max_memory, **own)
        found = play(method, game, watch, rest)
        return replace(found, passes=found.passes + 1)
    limits = (max_memory,) if method.limited else ()
    return method.function(question, watch, *limits, **settings)


def play(method: Method, game: ModelGame, watch: Watch, settings: dict[str, Any]) -> Scores:
    """Give a game to a method that takes units away, and return its scores.

    Parameters
    ----------
    method : Method
        What is run.
    game : ModelGame
        Not played before.
    watch : Watch
        Progress and the wish to stop.
    settings : dict
        Of the method.

    Returns
    -------
    Scores
        One a unit.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> game = ModelGame(Question(lm, lm.tokenize("The king")), np.arange(2, dtype=np.int32))
    >>> play(METHODS["leave_one_out"], game, Watch(), {}).passes
    3
    """
    found = method.function(game, watch, **settings)
    return replace(
        found,
        scores=game.scores(found.scores),
        settings={**found.settings, **game.settings},
        passes=game.passes,
        value=game.full,
    )


def quick_question(
    lm: LanguageModel, units: NDArray[np.int32], foil: Any = None, of: Any = None
) -> tuple[str, Any]:
    """Return what is asked where no method is named: by the best that takes but a moment.

    Leave-one-out beats random maps far more often than input × gradient (``docs/saliency.md`` has
    the figures), but reads the text once for each unit. Of tokens it asks for the log-probability:
    a text with a hole moves the logits of all tokens together, which says nothing about one.

    Parameters
    ----------
    lm : LanguageModel
        The model.
    units : ndarray of int32, shape (token,)
        Unit of each token.
    foil : object, optional
        The alternative; between two, what moves all logits cancels.
    of : str or callable, optional
        What was asked for.

    Returns
    -------
    tuple of (str, str or callable or None)
        Method and ``of``: ``"leave_one_out"`` where that reads at most ``QUICK`` tokens, otherwise
        ``"input_x_gradient"``.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> quick_question(lm, np.arange(32, dtype=np.int32))
    ('leave_one_out', 'log_probability')
    >>> quick_question(lm, np.arange(33, dtype=np.int32))
    ('input_x_gradient', None)
    """
    count = int(units.max(initial=0)) + 1
    if count * len(units) > QUICK:
        return "input_x_gradient", of
    token = lm.task in {"causal", "masked", "seq2seq"}
    return "leave_one_out", "log_probability" if of is None and foil is None and token else of


def find_method(name: str) -> Method:
    """Return a method by its name.

    Parameters
    ----------
    name : str
        Key of ``METHODS``.

    Returns
    -------
    Method
        The method.

    Raises
    ------
    UnavailableError
        For a method that is known and not offered; says why.
    UnknownNameError
        Names the nearest.

    Examples
    --------
    >>> find_method("gradient").label
    'Gradient norm'
    """
    if isinstance(name, str) and name in REFUSED:
        raise UnavailableError(*REFUSED[name])
    if not isinstance(name, str) or name not in METHODS:
        raise UnknownNameError(f"There is no method {name!r}.", nearest(name, METHODS))
    return METHODS[name]
