"""What all peers' results have in common on their way to ours."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.answers import AnswerAttribution
from lmwidget.errors import InputError, UnknownNameError, nearest, refuse_unknown
from lmwidget.results import Attribution, Prediction
from lmwidget.tokens import Tokens
from lmwidget.widgets.array_attention import plain_array


def wrong_object(given: Any, wanted: str) -> InputError:
    """Return the error for an object of another kind.

    Parameters
    ----------
    given : object
        What the user gave.
    wanted : str
        What is taken.

    Returns
    -------
    InputError
        To be raised.

    Examples
    --------
    >>> wrong_object(3, "a shap.Explanation").message
    'A int is not a shap.Explanation.'
    """
    return InputError(f"A {type(given).__name__} is not {wanted}.", f"Give {wanted}.")


def refuse_others(function: Callable[..., Any], unknown: Iterable[str]) -> None:
    """Raise for an argument that a function does not take.

    Parameters
    ----------
    function : callable
        Who was called.
    unknown : iterable of str
        Names of arguments that it has no use for.

    Raises
    ------
    UnknownNameError
        Names the nearest that it takes.

    Examples
    --------
    >>> refuse_others(chosen, [])
    """
    known = [one.name for one in signature(function).parameters.values() if one.kind is not one.VAR_KEYWORD]  # fmt: skip
    refuse_unknown(unknown, known, function.__name__)


def one_map(
    tokens: Tokens,
    scores: Any,
    *,
    method: str,
    target: str = "",
    unit: str = "score",
    signed: bool | None = None,
    value: float = math.nan,
    model: str = "",
    probability: float = math.nan,
) -> Attribution:
    """Return scores of a text as an attribution.

    Parameters
    ----------
    tokens : Tokens
        The text.
    scores : array_like, shape (token,)
        One score a token.
    method, target, unit, model : str
        For the figure.
    signed : bool, optional
        Whether scores below zero mean "against"; without it, whether any is.
    value : float
        The number that was explained.
    probability : float
        Of the target.

    Returns
    -------
    Attribution
        As if it had been computed here, but that it cannot be computed again.

    Raises
    ------
    InputError
        When there is not one score a token, or a name is no text.

    Examples
    --------
    >>> one_map(Tokens.from_pieces(["a", " b"]), [1, -1], method="demo").signed
    True
    """
    _check_words(signed, method=method, target=target, unit=unit, model=model)
    values = plain_array(scores)
    if not len(tokens):
        raise InputError("There are no tokens.", "Give at least one, with its score.")
    if values.shape != (len(tokens),):
        raise InputError(
            f"There are {len(tokens)} tokens but scores of shape {values.shape}.",
            "Give one score for each token.",
        )
    return Attribution(
        tokens=tokens,
        scores=values,
        method=method,
        signed=bool((values < 0).any()) if signed is None else signed,
        target=Prediction(-1, target, probability, math.nan),
        readout="given",
        unit=unit,
        value=value,
        model=model,
    )


def _check_words(signed: Any, **names: Any) -> None:
    for name, value in names.items():
        if not isinstance(value, str):
            raise InputError(f"{name} is {value!r}.", "Give text, which the figure will show.")
    if signed is not None and not isinstance(signed, bool | np.bool_):
        raise InputError(f"signed is {signed!r}.", "Give True, False, or leave it out.")


def answer_map(
    tokens: Tokens,
    start: int,
    scores: NDArray[np.floating[Any]],
    *,
    probabilities: Sequence[float] | None = None,
    input_length: int = -1,
    signed: bool | None = None,
    **named: Any,
) -> AnswerAttribution:
    """Return scores of an answer, token by token.

    Parameters
    ----------
    tokens : Tokens
        Input, then answer.
    start : int
        First token of the answer.
    scores : ndarray, shape (generated, column)
        One row a written token; fewer columns than tokens, or NaN, stand for "not written yet".
    probabilities : sequence of float, optional
        Of what was written, one a row.
    input_length : int
        As of :class:`~lmwidget.answers.AnswerAttribution`.
    signed : bool, optional
        As of :func:`one_map`.
    **named
        ``method``, ``unit``, ``model``.

    Returns
    -------
    AnswerAttribution
        Zero where a column was not written yet.

    Examples
    --------
    >>> tokens = Tokens.from_pieces(["a", " b"])
    >>> answer_map(tokens, 1, np.array([[2.0]]), method="demo").scores.tolist()
    [[2.0, 0.0]]
    """
    _check_words(signed, **named)
    rows = len(scores)
    full = np.zeros((rows, len(tokens)), np.float32)
    full[:, : scores.shape[1]] = scores
    written = start + np.arange(rows)
    full[np.arange(len(tokens))[None] >= written[:, None]] = 0
    chances = [math.nan] * rows if probabilities is None else [float(p) for p in probabilities]
    labels = [tokens.pieces[place] for place in written]
    return AnswerAttribution(
        tokens=tokens,
        start=start,
        scores=full,
        predictions=tuple(
            Prediction(-1, label, chance, math.nan)
            for label, chance in zip(labels, chances, strict=True)
        ),
        signed=bool((full < 0).any()) if signed is None else signed,
        input_length=input_length,
        **named,
    )


def embedding_sum(scores: NDArray[np.floating[Any]], over_width: str) -> NDArray[np.float64]:
    """Return scores of whole embeddings from those of their dimensions.

    Parameters
    ----------
    scores : ndarray, shape (..., width)
        One a dimension.
    over_width : "sum" or "norm"
        Which makes them one.

    Returns
    -------
    ndarray of float64, shape (...)
        Scores.

    Raises
    ------
    UnknownNameError
        For another way.

    Examples
    --------
    >>> embedding_sum(np.array([[3.0, 4.0]]), "norm").tolist()
    [5.0]
    """
    exact = scores.astype(np.float64)
    if over_width == "sum":
        return np.asarray(exact.sum(-1))
    if over_width == "norm":
        return np.asarray(np.linalg.norm(exact, axis=-1))
    raise UnknownNameError(
        f"There is no over_width={over_width!r}.", nearest(over_width, ("sum", "norm"))
    )


def chosen(wanted: Any, names: Sequence[str], what: str, argument: str) -> int:
    """Return which of several was asked for, by name or number; the only one if there is one.

    Parameters
    ----------
    wanted : str, int or None
        What the user gave.
    names : sequence of str
        Names of what there is.
    what : str
        What there is several of, in the plural.
    argument : str
        The argument that chooses.

    Returns
    -------
    int
        Its number.

    Raises
    ------
    InputError
        When there are several and none was named, or there is no such one.

    Examples
    --------
    >>> chosen("b", ["a", "b"], "classes", "output")
    1
    """
    if not names:
        raise InputError(f"There are no {what}.", "Give a result that holds at least one.")
    if wanted is None and len(names) == 1:
        return 0
    shown = ", ".join(repr(name) for name in names[:8]) + (", …" if len(names) > 8 else "")
    if wanted is None:
        raise InputError(
            f"There are {len(names)} {what}: {shown}.", f"Say which one: {argument}={names[0]!r}."
        )
    if isinstance(wanted, str) and wanted in names:
        return list(names).index(wanted)
    if isinstance(wanted, int | np.integer) and -len(names) <= wanted < len(names):
        return int(wanted) % len(names)
    raise InputError(f"There is no {argument} {wanted!r}.", nearest(wanted, names))
