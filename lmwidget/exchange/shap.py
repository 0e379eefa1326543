"""From and to SHAP's ``Explanation``."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.errors import InputError, MissingDependencyError
from lmwidget.exchange.given_tokens import given_tokens
from lmwidget.exchange.results import chosen, one_map, refuse_others, wrong_object
from lmwidget.results import Attribution
from lmwidget.tokens import Tokens


def from_shap(
    explanation: Any,
    tokens: Tokens | Sequence[str] | None = None,
    *,
    output: str | int | None = None,
    row: int | None = None,
    unit: str = "score",
    method: str = "shap",
    signed: bool | None = None,
    tokenizer: Any = None,
    **unknown: Any,
) -> Attribution:
    """Return a SHAP explanation of one text.

    Parameters
    ----------
    explanation : shap.Explanation
        Values of shape (token,) or (token, class) for one text, or of several texts with ``row``.
    tokens : Tokens or sequence of str, optional
        The text, where ``explanation.data`` does not hold it.
    output : str or int, optional
        Class that is explained, by name or number; needed when there are several.
    row : int, optional
        Which text, when there are several.
    unit, method : str
        For the figure; SHAP does not say what its values are measured in.
    signed : bool, optional
        Whether scores below zero mean "against"; without it, whether any is.
    tokenizer : transformers tokenizer or LanguageModel, optional
        Whose tokens ``tokens`` are; they may then be its ids, or the text.

    Returns
    -------
    Attribution
        Without SHAP's empty pieces, which stand for special tokens, where their score is 0. Its ``value`` is the base value and all scores together: the model's output.

    Raises
    ------
    InputError
        For other objects, or when a class or a text must be named.
    UnknownNameError
        For an argument that there is not.

    References
    ----------
    Lundberg and Lee (2017), A unified approach to interpreting model predictions.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> explanation = SimpleNamespace(values=np.array([0.5, -1.0]), data=["so ", "bad"],
    ...     base_values=0.25, output_names="good")
    >>> found = from_shap(explanation)
    >>> found.target.label, found.value
    ('good', -0.25)
    """
    refuse_others(from_shap, unknown)
    if not hasattr(explanation, "values") or not hasattr(explanation, "base_values"):
        raise wrong_object(explanation, "a shap.Explanation")
    values, base, data = _row(explanation, row)
    if tokens is None and data is not None:
        values, data = _without_empty(values, data)
        pieces = given_tokens(data, verbatim=True)
    else:
        pieces = given_tokens(tokens, tokenizer)
    if values.ndim not in {1, 2}:
        raise InputError(
            f"Values of shape {values.shape} are not one score for each token.",
            "Give an explanation of shape (token,) or (token, class).",
        )
    names = _names(explanation, 1 if values.ndim == 1 else values.shape[1], row)
    if values.ndim == 2:
        column = chosen(output, names, "outputs", "output")
        values, label = values[:, column], names[column]
        base = base[column] if base.size == len(names) else base
    else:
        label = names[0]
    total = float(base.ravel()[0]) + float(values.sum()) if base.size == 1 else math.nan
    return one_map(
        pieces, values, method=method, target=label, unit=unit, signed=signed, value=total
    )


def _without_empty(
    values: NDArray[np.float64], data: list[str]
) -> tuple[NDArray[np.float64], list[str]]:
    """Leave out pieces that hold nothing and add nothing: special tokens, which SHAP never hides."""
    if len(values) != len(data):
        return values, data
    kept = [i for i, piece in enumerate(data) if piece != "" or np.any(values[i])]
    return (values[kept], [data[i] for i in kept]) if kept else (values, data)


def _row(
    explanation: Any, row: int | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str] | None]:
    """Return values, base values and pieces of one text."""
    values, data = explanation.values, getattr(explanation, "data", None)
    base = explanation.base_values
    bases = _numbers(math.nan if base is None else base)
    texts = None if data is None else list(data)
    if not _several(values, texts):
        return _numbers(values), bases, texts
    count = len(values)
    if row is None and count != 1:
        raise InputError(f"The explanation is of {count} texts.", "Say which one: row=0.")
    number = chosen(row, [str(i) for i in range(count)], "texts", "row")
    own = bases[number] if bases.ndim and len(bases) == count else bases
    pieces = None if texts is None else [str(piece) for piece in texts[number]]
    return _numbers(values[number]), np.asarray(own), pieces


def _numbers(values: Any) -> NDArray[np.float64]:
    try:
        return np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            "The explanation holds values that are no numbers.",
            "Give what a shap.Explainer returned for texts.",
        ) from error


def _several(values: Any, texts: list[Any] | None) -> bool:
    """Return whether the explanation is of a batch, even of one text."""
    ragged = isinstance(values, tuple | list) or np.asarray(values).dtype == np.dtype(object)
    return ragged or (bool(texts) and not isinstance((texts or [""])[0], str))


def _names(explanation: Any, count: int, row: int | None) -> list[str]:
    names = getattr(explanation, "output_names", None)
    if names is None:
        return [""] if count == 1 else [f"output {i}" for i in range(count)]
    if isinstance(names, str):
        return [names]
    listed = list(names)
    if listed and not isinstance(listed[0], str) and hasattr(listed[0], "__len__"):
        listed = list(listed[row or 0])
    return [str(name) for name in listed] if len(listed) == count else [""] * count


def to_shap(attribution: Attribution) -> Any:
    """Return an attribution as a ``shap.Explanation``, for SHAP's own plots.

    Parameters
    ----------
    attribution : Attribution
        Scores of one text.

    Returns
    -------
    shap.Explanation
        ``values`` are the scores, ``data`` the pieces of the text, ``output_names`` the target,
        ``base_values`` the explained number less all scores: what is left without any token. NaN
        scores stay NaN. Where the number is not known, the base value is 0, so that the plots
        begin there.

    Raises
    ------
    MissingDependencyError
        When shap is not installed.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> why = lmw.load("tiny").attribute("The king")
    >>> why.to_shap().shape
    (2,)
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what shap's own imports complain of
            import shap
    except ImportError as error:
        raise MissingDependencyError(
            "to_shap() needs shap.", "Run: pip install 'lmwidget[shap]'"
        ) from error
    scores = attribution.scores.astype(np.float64)
    total = float(np.nansum(scores))
    value = attribution.value
    explanation = shap.Explanation(
        values=scores,
        base_values=value - total if _adds_up(attribution) else 0.0,
        data=np.array(attribution.tokens.pieces, dtype=object),
        feature_names=list(attribution.tokens.labels),
    )
    # shap's constructor refuses a single name, which its own slices have: it is set afterwards.
    explanation.output_names = attribution.target.label or None
    return explanation


def _adds_up(attribution: Attribution) -> bool:
    """Return whether scores are shares of the number that is explained, in its unit."""
    units = {
        "logit": "logit",
        "log_probability": "log-probability",
        "probability": "probability",
        "entropy": "entropy",
    }
    unit = units.get(attribution.of, attribution.unit)
    same = attribution.unit in {unit, f"{unit} difference"}
    return attribution.signed and same and math.isfinite(attribution.value)
