"""What crosses to the browser of attribution: candidates, methods, levels, checks, steps of an answer."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np

from lmwidget.attribution.method import Method
from lmwidget.results import Attribution, Check, Prediction
from lmwidget.tokens import Tokens

_GROUPS = ((30, "Gradients"), (40, "Attention"), (90, "Perturbation"))
_KINDS = ("int", "float", "bool", "str")


def finite(value: Any) -> Any:
    """Return a value as JSON has it: None for a number that is not finite.

    Parameters
    ----------
    value : object
        Anything; what is inside lists, tuples and dicts is converted as well.

    Returns
    -------
    object
        Plain data.

    Examples
    --------
    >>> finite({"a": (1.0, float("nan"))})
    {'a': [1.0, None]}
    """
    if isinstance(value, dict):
        return {str(name): finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def candidate(prediction: Prediction | None) -> dict[str, Any] | None:
    """Return a prediction for the wire.

    Parameters
    ----------
    prediction : Prediction or None
        What may be explained.

    Returns
    -------
    dict or None
        Its fields; numbers that are not known are None.

    Examples
    --------
    >>> candidate(Prediction(1, " a", 0.5, 2.0))["label"]
    ' a'
    """
    if prediction is None:
        return None
    found: dict[str, Any] = finite(vars(prediction))
    return found


def check_row(check: Check) -> dict[str, Any]:
    """Return a check for the wire.

    Parameters
    ----------
    check : Check
        Test of a map.

    Returns
    -------
    dict
        Its fields; numbers that are not known are None.

    Examples
    --------
    >>> check_row(Check("stability", 0.9, "…"))["value"]
    0.9
    """
    found: dict[str, Any] = finite(vars(check))
    return found


def method_info(method: Method) -> dict[str, Any]:
    """Return what the menu of methods says about one.

    Parameters
    ----------
    method : Method
        From the registry.

    Returns
    -------
    dict
        Name, label, summary, whether it is slow, the group it stands in, and its settings that
        are plain values.

    Examples
    --------
    >>> from lmwidget.attribution import METHODS
    >>> method_info(METHODS["integrated_gradients"])["settings"][0]
    {'name': 'steps', 'kind': 'int', 'default': None}
    """
    group = next((name for end, name in _GROUPS if method.order < end), "Control")
    return {
        **{name: getattr(method, name) for name in ("name", "label", "summary", "signed", "slow", "needs")},
        "group": group,
        "settings": _settings(method),
    }  # fmt: skip


def _settings(method: Method) -> list[dict[str, Any]]:
    """Return the settings that a plain field can hold."""
    found = []
    for parameter in inspect.signature(method.function).parameters.values():
        kind = str(parameter.annotation).split(" | ", maxsplit=1)[0]
        if parameter.kind is parameter.KEYWORD_ONLY and kind in _KINDS:
            default = finite(parameter.default)
            found.append({"name": parameter.name, "kind": kind, "default": default})
    if method.needs == "values":
        found.append({"name": "removal", "kind": "str", "default": None})
        found.append({"name": "keep_special", "kind": "bool", "default": True})
    return found


def answer_steps(answer: Any) -> dict[str, Any]:
    """Return what the browser needs to step through an answer.

    Parameters
    ----------
    answer : AnswerAttribution
        One row of scores for each written token.

    Returns
    -------
    dict
        ``start``, the first token of the answer; ``input``, the number of tokens that are input;
        for each row ``places``, its first token, ``ends``, the first one behind it, and ``seen``,
        the number of tokens in front of its last; ``predictions``, ``foils``, ``values``, the
        rows' own ``units`` and ``checks``.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> why = lmw.load("tiny").attribute_answer("The king", " said")
    >>> answer_steps(why)["start"]
    2
    """
    fine = own_tokens(answer)
    parts = np.arange(len(fine)) if answer.parts is None else answer.parts
    start = int(np.searchsorted(parts, answer.start))
    return {
        "start": start,
        "input": int(np.searchsorted(parts, answer.input_length)),
        "places": (start + answer.rows[:, 0]).tolist(),
        "ends": (start + answer.rows[:, 1]).tolist(),
        "seen": np.searchsorted(parts, answer.until).tolist(),
        "predictions": [candidate(one) for one in answer.predictions],
        "foils": [candidate(one) for one in answer.foils],
        "values": finite([float(value) for value in answer.values]),
        "units": list(answer.units),
        "checks": [None if check is None else check_row(check) for check in answer.row_checks],
    }


def own_tokens(result: Any) -> Tokens:
    """Return the model's own tokens of a result, whatever its units are.

    Parameters
    ----------
    result : Attribution or AnswerAttribution
        What is drawn.

    Returns
    -------
    Tokens
        Of the whole text.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> why = lmw.load("tiny").attribute("the king")
    >>> own_tokens(why.by("sentence")) == why.tokens
    True
    """
    found: Tokens = result.tokens if result.source is None else result.source
    return found


def asked_place(result: Attribution) -> int | None:
    """Return the token at which the answer was read, where the text holds one.

    Parameters
    ----------
    result : Attribution
        What is drawn.

    Returns
    -------
    int or None
        Index among the model's own tokens.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> asked_place(lmw.load("tiny").attribute("the king")) is None
    True
    """
    if result.readout not in {"token label", "masked token"}:
        return None
    place = result.position
    if isinstance(place, int):
        return place % len(own_tokens(result))
    return next(iter(masks(result)), None)


def masks(result: Attribution) -> list[int]:
    """Return the mask tokens of a text that a masked model read.

    Parameters
    ----------
    result : Attribution
        What is drawn.

    Returns
    -------
    list of int
        Indices among the model's own tokens.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> masks(lmw.load("tiny").attribute("the king"))
    []
    """
    if result.readout != "masked token":
        return []
    fine = own_tokens(result)
    return [
        i
        for i, (raw, kind) in enumerate(zip(fine.raw, fine.kinds, strict=True))
        if kind == "special" and "mask" in raw.lower()
    ]
