"""Attribution of any function of text."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from lmwidget.attribution import METHODS, find_method
from lmwidget.attribution.method import Watch
from lmwidget.attribution.progress import showing
from lmwidget.attribution.text_answers import Function, TextFunction
from lmwidget.attribution.text_game import TextGame
from lmwidget.errors import InputError, refuse_unknown
from lmwidget.results import Attribution
from lmwidget.units import Spans, level_name, merged

_OWN = ("removal", "names", "batch_size")


def attribute_function(
    function: Function | Any,
    text: str,
    method: str = "kernel_shap",
    *,
    target: int | str | None = None,
    foil: int | str | None = None,
    level: str | Spans = "word",
    name: str | None = None,
    unit: str | None = None,
    progress: Callable[[int, int, float], None] | bool | None = None,
    cancelled: Callable[[], bool] | None = None,
    **settings: Any,
) -> Attribution:
    """Return how much each unit of a text contributed to what a function makes of it.

    The function may be anything that reads texts: a pipeline of scikit-learn or transformers, a
    remote endpoint, an n-gram model. It is asked about the text with units taken away.

    Parameters
    ----------
    function : callable, or an estimator with ``predict_proba``
        ``function(texts)`` returns one finite number a text, an array (text, class), or what
        pipelines of transformers return. Names of classes are taken from pipelines and from
        ``classes_`` of scikit-learn. What it raises goes through as it is.
    text : str
        The text.
    method : str, default "kernel_shap"
        A method that takes units away.
    target, foil : int or str, optional
        Class that is explained, and the one it is contrasted with; default: the strongest.
    level : str or sequence of spans, default "word"
        ``"word"``, ``"sentence"``, ``"paragraph"``, or own passages.
    name : str, optional
        Shown on figures; default: the function's own name.
    unit : str, optional
        Of what the function returns; default: ``"probability"`` of ``predict_proba``, otherwise
        ``"score"``.
    progress, cancelled
        As in :func:`lmwidget.attribution.attribute`.
    **settings
        Settings of the method; also ``removal`` (``"delete"``, or a text that stands in the place
        of each unit), ``names`` of the classes, ``batch_size``: most texts in one call, 64.
        Equal texts are asked for once.

    Returns
    -------
    Attribution
        One score a unit.

    Raises
    ------
    InputError
        When the method needs a model, or the function returns something else.
    UnknownNameError
        For an unknown method, level, setting or class.

    Examples
    --------
    >>> def praise(texts):
    ...     return [text.count("good") - text.count("bad") for text in texts]
    >>> why = attribute_function(praise, "a good day", "leave_one_out")
    >>> why.scores.tolist()
    [0.0, 1.0, 0.0]
    """
    chosen = find_method(method)
    if chosen.needs != "values":
        usable = [other.name for other in METHODS.values() if other.needs == "values"]
        raise InputError(
            f"The method {method!r} looks inside a model, which a function does not show.",
            f"Use one of {', '.join(usable)}.",
        )
    refuse_unknown(settings, [*chosen.settings, *_OWN], f"The method {method!r}")
    start = time.perf_counter()
    own = {key: settings.pop(key) for key in _OWN if key in settings}
    asked = TextFunction(function)
    game = TextGame(asked, text, target=target, foil=foil, level=level, **own)
    unit = unit or asked.unit
    game.unit = unit if foil is None else f"{unit} difference"
    with showing(progress, chosen.label) as report:
        watch = Watch(report, cancelled)
        with watch.interruptible():
            found = chosen.function(game, watch, **settings)
    return Attribution(
        tokens=merged(game.tokens, game.units),
        scores=game.scores(found.scores),
        method=method,
        signed=chosen.signed,
        target=game.target,
        foil=game.foil,
        readout="function",
        unit=chosen.unit or game.unit,
        of="own function",
        value=game.full,
        predictions=game.predictions,
        check=found.check,
        settings={**found.settings, **game.settings},
        model=name or asked.name,
        cost={"seconds": time.perf_counter() - start, "passes": game.passes},
        partial=found.partial,
        level=level_name(level),
        source=game.tokens,
        parts=game.units,
    )
