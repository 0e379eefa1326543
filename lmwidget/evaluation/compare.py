"""Several methods asked the same question, with the same coalitions for their checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lmwidget.attribution import attribute, find_method
from lmwidget.attribution.budget import memory_bytes
from lmwidget.attribution.method import Watch
from lmwidget.attribution.model_game import ModelGame
from lmwidget.attribution.progress import Report, showing
from lmwidget.attribution.question import Question
from lmwidget.attribution.sampling import whole_number
from lmwidget.comparison import Comparison
from lmwidget.errors import (
    CancelledError,
    InputError,
    MissingDependencyError,
    ModelMismatchError,
    NoAttentionError,
    UnavailableError,
    refuse_unknown,
)
from lmwidget.evaluation.faithfulness import faithfulness
from lmwidget.results import Attribution

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel
    from lmwidget.tokens import Tokens
    from lmwidget.units import Spans

DEFAULT = ("input_x_gradient", "integrated_gradients", "relevance", "leave_one_out", "random")
"Methods of different kinds that take seconds, and the control."

_UNUSABLE = (MissingDependencyError, ModelMismatchError, NoAttentionError, UnavailableError)
_KNOWN = (
    "methods", "target", "foil", "of", "position", "level", "settings", "checks", "random_maps", "seed",
    "max_memory", "progress", "output", "truncate",
)  # fmt: skip


def compare(  # noqa: PLR0913
    lm: LanguageModel,
    tokens: Tokens,
    methods: Sequence[str] | None = None,
    target: Any = None,
    foil: Any = None,
    *,
    of: Any = None,
    position: int | str | None = None,
    level: str | Spans = "token",
    output_tokens: Tokens | None = None,
    settings: dict[str, dict[str, Any]] | None = None,
    checks: bool = True,
    random_maps: int = 10,
    seed: int = 0,
    max_memory: int | str | None = None,
    progress: Report | bool | None = None,
    cancelled: Callable[[], bool] | None = None,
    **unknown: Any,
) -> Comparison:
    """Return the maps of several methods for one question, with their agreement and checks.

    All of them explain the same target. Comprehensiveness and sufficiency compare them with the
    same random maps, which are asked for once. A method that this model cannot be asked by is left
    out, and ``failures`` says why.

    Parameters
    ----------
    lm : LanguageModel
        The model.
    tokens : Tokens
        What it reads.
    methods : sequence of str, optional
        Names of methods; default: ``DEFAULT``, of different kinds, with random scores as control.
    target, foil, of, position, level, output_tokens, max_memory, progress, cancelled
        As for :func:`lmwidget.attribution.attribute`.
    settings : dict of str to dict, optional
        Settings of each method.
    checks : bool, default True
        False leaves out comprehensiveness and sufficiency.
    random_maps, seed
        As for :func:`lmwidget.evaluation.check`.

    Returns
    -------
    Comparison
        When stopped: of the methods that were done.

    Raises
    ------
    CancelledError
        When stopped before the first map was done.
    InputError
        When a method is named twice, or none of them can be used.
    UnknownNameError
        For an unknown method or setting.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> found = compare(lm, lm.tokenize("The king said"), ["gradient", "random"])
    >>> [one.method for one in found.attributions]
    ['gradient', 'random']
    """
    refuse_unknown(unknown, [*_KNOWN], "compare")
    names = _names(methods)
    labels = [find_method(name).label for name in names]
    settings = _settings(settings)
    whole_number("random_maps", random_maps, 1)
    whole_number("seed", seed, 0)
    watch = Watch(None, cancelled)
    asked = {"target": target, "foil": foil, "of": of, "position": position}
    given = {"level": level, "output_tokens": output_tokens, "max_memory": max_memory}
    with showing(progress, "Comparing") as report, watch.interruptible():
        done, failures = _maps(lm, tokens, dict(zip(names, labels, strict=True)), asked, given, settings, report, watch)  # fmt: skip
        if checks:
            done = _checked(
                lm, tokens, done, of, random_maps, seed, memory_bytes(max_memory), watch
            )
    return Comparison(tuple(done), failures=failures)


def _maps(
    lm: LanguageModel,
    tokens: Tokens,
    methods: dict[str, str],
    asked: dict[str, Any],
    given: dict[str, Any],
    settings: dict[str, dict[str, Any]],
    report: Report | None,
    watch: Watch,
) -> tuple[list[Attribution], dict[str, str]]:
    """Return the maps that could be made, and why the others could not, by label."""
    done: list[Attribution] = []
    failures: dict[str, str] = {}
    for place, (name, label) in enumerate(methods.items()):
        try:
            found = attribute(
                lm,
                tokens,
                name,
                **(_question(done[0], asked["of"]) if done else asked),
                **given,
                progress=_part(report, place, len(methods)),
                cancelled=lambda: watch.stopped,
                **settings.get(name, {}),
            )
        except CancelledError:
            if not done:
                raise
            break
        except (*_UNUSABLE, InputError) as error:
            if isinstance(error, InputError) and not done:  # the question itself may be wrong
                raise
            failures[label] = str(error)
            continue
        if done and found.of != done[0].of:
            failures[label] = f"It explains the {found.of}, the others the {done[0].of}."
            continue
        done.append(found)
        if found.partial or watch.stopped:
            break
    if not done:
        raise InputError(
            f"None of these methods can be used: {next(iter(failures.values()))}",
            "Choose other methods.",
        )
    return done, failures


def _names(methods: Sequence[str] | None) -> list[str]:
    if methods is not None and not isinstance(methods, str | list | tuple):
        raise InputError(
            f"methods is {methods!r}.", "Give names, such as ['gradient', 'leave_one_out']."
        )
    names = [methods] if isinstance(methods, str) else list(DEFAULT if methods is None else methods)
    if not names:
        raise InputError("No method is named.", "Name at least one, or leave methods= out.")
    if any(name in names[:place] for place, name in enumerate(names)):
        raise InputError("A method is named twice.", "Name each once.")
    return names


def _settings(settings: Any) -> dict[str, dict[str, Any]]:
    found = {} if settings is None else settings
    if not isinstance(found, dict) or not all(isinstance(own, dict) for own in found.values()):
        raise InputError(
            f"settings is {settings!r}.",
            "Give those of each method: settings={'integrated_gradients': {'steps': 64}}.",
        )
    for name in found:
        find_method(name)
    return found


def _question(first: Attribution, of: Any) -> dict[str, Any]:
    """Return what the first map explains, to ask the same again."""
    whole = first.of in {"entropy", "own function"}
    return {
        "target": None if whole else first.target,
        "foil": None if whole else first.foil,
        "of": of if callable(of) else first.of,
        "position": first.position,
    }


def _part(report: Report | None, place: int, count: int) -> Report | bool:
    """Return what hears of one method's progress: its share of the whole, in per mille."""
    if report is None:
        return False
    size = 1000 // count

    def heard(done: int, total: int, seconds_left: float) -> None:
        share = int(size * done / max(total, 1))
        report(place * size + share, count * size, seconds_left * (count - place))

    return heard


def _checked(
    lm: LanguageModel,
    tokens: Tokens,
    maps: list[Attribution],
    of: Any,
    random_maps: int,
    seed: int,
    max_memory: int,
    watch: Watch,
) -> list[Attribution]:
    first = maps[0]
    question = Question(lm, tokens, output_tokens=first.output, **_question(first, of))
    units = np.arange(len(tokens), dtype=np.int32) if first.parts is None else first.parts
    found = []
    try:
        game = ModelGame(question, units, max_memory=max_memory)
        for one in maps:
            own = faithfulness(
                game, one.scores[game.players], watch, random_maps=random_maps, seed=seed
            )
            found.append(replace(one, checks=() if watch.stopped else tuple(own)))
    except InputError:
        return maps  # nothing can be taken away from this text
    return found
