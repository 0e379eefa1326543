"""Sensitivity analysis: how far a prediction moves under small changes of the text."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from lmwidget.attribution.budget import memory_bytes
from lmwidget.attribution.method import Watch
from lmwidget.attribution.progress import showing
from lmwidget.attribution.question import Question
from lmwidget.attribution.sampling import whole_number
from lmwidget.errors import InputError, UnknownNameError, nearest
from lmwidget.inspection.sensitivity.search import Search
from lmwidget.models.predictions import log_probabilities
from lmwidget.models.tasks import logit_table
from lmwidget.sensitivity import KINDS, Sensitivity

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel
    from lmwidget.tokens import Tokens

__all__ = ["Sensitivity", "sensitivity"]


def sensitivity(  # noqa: PLR0913, as many as attribute() takes
    lm: LanguageModel,
    tokens: Tokens,
    target: Any = None,
    foil: Any = None,
    *,
    kinds: str | Iterable[str] = KINDS,
    of: str | Callable[[Tensor], Tensor] | None = None,
    position: int | str | None = None,
    output_tokens: Tokens | None = None,
    substitutes: int = 8,
    noise: Sequence[float] = (0.1, 0.2, 0.5, 1.0),
    draws: int = 3,
    seed: int = 0,
    max_memory: int | str | None = None,
    progress: Callable[[int, int, float], None] | bool | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Sensitivity:
    """Return what a model makes of a text with one small change after the other.

    Each token is replaced by its nearest neighbours in the model's own table of embeddings, left
    out, and pushed by noise of growing size in fixed random directions; then all tokens are pushed
    at once. Special tokens, and those at which something is read, stay.

    Parameters
    ----------
    lm : LanguageModel
        The model, left as it is found.
    tokens : Tokens
        What it reads.
    target, foil
        As in :func:`lmwidget.attribution.attribute`.
    kinds : str or sequence of str
        Of ``"substitution"``, ``"deletion"``, ``"noise"``; default: all.
    of : str or callable, optional
        As in :func:`lmwidget.attribution.attribute`; default: ``"probability"``, of a regression
        its ``"logit"``.
    position, output_tokens
        As in :func:`lmwidget.attribution.attribute`.
    substitutes : int, default 8
        Most neighbours of each token; see
        :func:`lmwidget.inspection.sensitivity.neighbours.neighbours`.
    noise : sequence of float
        Sizes: length of the noise by the length of the token's embedding.
    draws : int, default 3
        Random directions; each is used with all sizes.
    seed : int, default 0
        Of the directions.
    max_memory, progress, cancelled
        As in :func:`lmwidget.attribution.attribute`.

    Returns
    -------
    Sensitivity
        Changes, curves, a robustness figure; a map of the text by ``.attribution()``.

    Raises
    ------
    CancelledError
        When stopped before the first change.
    InputError
        When a setting is out of range, or nothing can be changed.
    UnavailableError
        When the model has no embeddings, for substitution and noise.
    UnknownNameError
        When there is no such kind.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> found = sensitivity(lm, lm.tokenize("The king said"), kinds="noise")
    >>> found.to_dataframe()["kind"].unique().tolist()
    ['noise']
    """
    start = time.perf_counter()
    settings = {"kinds": _kinds(kinds), "substitutes": substitutes, "noise": noise, "draws": draws, "seed": seed}  # fmt: skip
    _check_settings(settings)
    question, single = _asked(lm, tokens, output_tokens, target, foil, of, position)
    fixed = np.array([kind == "special" for kind in tokens.kinds])
    fixed[question.anchors()] = True
    places = np.flatnonzero(~fixed)
    if not len(places):
        raise InputError("The text has nothing that can be changed.", "Give more than special tokens.")  # fmt: skip
    search = Search(question, places, settings, memory_bytes(max_memory))
    with showing(progress, "Sensitivity") as report:
        watch = Watch(report, cancelled)
        with watch.interruptible():
            watch.check()
            search.run(watch)
    if question.place.note:
        warnings.warn(question.place.note, stacklevel=3)
    if not search.reached:
        watch.check()
    return Sensitivity(
        tokens=tokens,
        **search.arrays(known=not single),
        value=search.value,
        smallest_noise=math.nan if single else search.smallest,
        target=question.target,
        foil=question.foil,
        predictions=question.predictions,
        readout=question.place.kind,
        of=question.of,
        unit=question.unit,
        model=lm.name,
        settings=settings,
        cost={"seconds": time.perf_counter() - start, "passes": search.variants.passes + 1},
        partial=watch.stopped,
        output=question.output_tokens,
        position=question.asked_position,
    )


def _asked(
    lm: LanguageModel,
    tokens: Tokens,
    output_tokens: Tokens | None,
    target: Any,
    foil: Any,
    of: Any,
    position: int | str | None,
) -> tuple[Question, bool]:
    """Return the question, resolved, and whether the model gives a single number."""
    question = Question(lm, tokens, output_tokens, target, foil, of=of or "probability", position=position)  # fmt: skip
    output = lm.run(question.inputs())
    table = logit_table(output, question.place.kind)
    single = bool(log_probabilities(lm, table.float()).isnan().all())
    if single and of is None:
        question = Question(lm, tokens, output_tokens, target, foil, of="logit", position=position)
    question.resolve(output)
    return question, single


def _kinds(kinds: str | Iterable[str]) -> list[str]:
    given = [kinds] if isinstance(kinds, str) or not hasattr(kinds, "__iter__") else list(kinds)
    for kind in given:
        if kind not in KINDS:
            raise UnknownNameError(f"There is no kind {kind!r}.", nearest(kind, KINDS))
    if not given:
        raise InputError("There is nothing to do.", f"Give kinds= of {', '.join(KINDS)}.")
    return [kind for kind in KINDS if kind in given]


def _check_settings(settings: dict[str, Any]) -> None:
    for name, least in (("substitutes", 1), ("draws", 1), ("seed", 0)):
        settings[name] = whole_number(name, settings[name], least)
    sizes = settings["noise"]
    try:
        found = sorted({float(size) for size in sizes})
    except (TypeError, ValueError):
        found = []
    if isinstance(sizes, str) or not found or not all(0 < size < math.inf for size in found):
        raise InputError(f"noise is {sizes!r}.", "Give sizes above 0, such as (0.1, 1.0).")
    settings["noise"] = found
