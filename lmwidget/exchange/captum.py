"""From Captum: tensors of scores, and results of its methods for language models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lmwidget.answer_levels import tokens_between
from lmwidget.answers import AnswerAttribution
from lmwidget.errors import InputError
from lmwidget.exchange.given_tokens import given_tokens
from lmwidget.exchange.results import (
    answer_map,
    embedding_sum,
    one_map,
    refuse_others,
    wrong_object,
)
from lmwidget.results import Attribution
from lmwidget.tokens import Tokens
from lmwidget.widgets.array_attention import plain_array

_WANTED = "a tensor of scores or an LLMAttributionResult of Captum"


def from_captum(
    attributions: Any,
    tokens: Tokens | Sequence[str] | None = None,
    *,
    target: str = "",
    method: str = "captum",
    unit: str | None = None,
    signed: bool | None = None,
    over_width: Literal["sum", "norm"] = "sum",
    tokenizer: Any = None,
    **unknown: Any,
) -> Attribution | AnswerAttribution:
    """Return what a method of Captum computed for one text.

    Parameters
    ----------
    attributions : Tensor or LLMAttributionResult
        Scores of shape (token,), (1, token), (token, width) or (1, token, width); or the result
        of ``LLMAttribution`` and ``LLMGradientAttribution``.
    tokens : Tokens or sequence of str
        The text, as ``lm.tokenize(text)`` or ``tokenizer.convert_ids_to_tokens`` gives it. An
        LLMAttributionResult brings its own, whose spaces Captum has dropped: better give those of
        its input, or of input and answer together.
    target : str
        What was explained, for the figure.
    method : str
        Name of the method, for the figure.
    unit : str, optional
        Of the scores; default ``"score"``, of an LLMAttributionResult ``"log-probability"``,
        which is what Captum explains unless told otherwise.
    signed : bool, optional
        Whether scores below zero mean "against"; without it, whether any is.
    over_width : "sum" or "norm"
        How the scores of one embedding become one: their sum, which keeps completeness, or the
        Euclidean norm, which plain gradients need.
    tokenizer : transformers tokenizer or LanguageModel, optional
        Whose tokens they are: ``tokens`` may then be its ids, or the text, and no mark of a string
        has to be guessed at.

    Returns
    -------
    Attribution or AnswerAttribution
        The latter for an LLMAttributionResult that has scores for each written token.

    Raises
    ------
    InputError
        For other objects, several texts, or tokens of another number.
    UnknownNameError
        For an argument that there is not.

    References
    ----------
    Kokhlikyan et al. (2020), Captum: a unified and generic model interpretability library for
    PyTorch.

    Examples
    --------
    >>> import torch
    >>> from_captum(torch.ones(1, 2, 8), ["The", "Ġcat"], target=" sat").scores.tolist()
    [8.0, 8.0]
    """
    refuse_others(from_captum, unknown)
    named: dict[str, Any] = {"method": method, "signed": signed}
    if tokens is not None:
        tokens = given_tokens(tokens, tokenizer)
    if hasattr(attributions, "seq_attr") and hasattr(attributions, "input_tokens"):
        return _of_language_model(attributions, tokens, target, unit or "log-probability", named)
    if isinstance(attributions, tuple | list) and len(attributions) == 1:
        attributions = attributions[0]  # Captum answers a tuple of inputs with a tuple
    try:
        scores = plain_array(attributions)
    except InputError as error:
        raise wrong_object(attributions, _WANTED) from error
    found = given_tokens(tokens)
    return one_map(
        found, _one_each(scores, len(found), over_width), target=target, unit=unit or "score", **named
    )  # fmt: skip


def _one_each(scores: NDArray[np.float32], count: int, over_width: str) -> NDArray[np.float32]:
    """Return one score a token."""
    shape = scores.shape
    if scores.ndim == 3 and shape[0] == 1:
        scores = scores[0]
    elif scores.ndim == 2 and shape == (1, count):
        return scores.reshape(-1)
    if scores.ndim == 2 and scores.shape[0] == count:
        return embedding_sum(scores, over_width).astype(np.float32)
    if scores.ndim == 1:
        return scores
    if scores.ndim in {2, 3} and shape[0] > 1:
        raise InputError(
            f"Scores of shape {shape} are of several texts, or of other tokens than these {count}.",
            "Give one text and its tokens: from_captum(attributions[0], tokens).",
        )
    raise InputError(
        f"Scores of shape {shape} do not fit {count} tokens.",
        "Give shape (1, token) or (1, token, width).",
    )


def _of_language_model(
    result: Any,
    tokens: Tokens | Sequence[str] | None,
    target: str,
    unit: str,
    named: dict[str, Any],
) -> Attribution | AnswerAttribution:
    read, written = len(result.input_tokens), len(result.output_tokens)
    named = {**named, "unit": unit}
    if tokens is None:
        whole = given_tokens([*_apart(result.input_tokens), *_apart(result.output_tokens, " ")])
    else:
        whole = given_tokens(tokens)
        if len(whole) == read:  # of the input alone: the answer as Captum names it
            whole = given_tokens([*whole.pieces, *_apart(result.output_tokens, " ")])
    if len(whole) != read + written:
        raise InputError(
            f"There are {len(whole)} tokens but Captum explained {read} inputs and {written} "
            "written tokens.",
            "Give one for each, of the input alone or of both.",
        )
    if result.token_attr is None:
        answer = target or "".join(whole.pieces[read:])
        return one_map(tokens_between(whole, 0, read), result.seq_attr, target=answer, **named)
    probabilities = getattr(result, "output_probs", None)
    return answer_map(
        whole,
        read,
        plain_array(result.token_attr),
        probabilities=None if probabilities is None else plain_array(probabilities).tolist(),
        **named,
    )


def _apart(names: Sequence[str], before: str = "") -> list[str]:
    """Return names that say nothing of spaces with a space between them.

    Captum strips the names of what was written, and parts of a template have no spaces of their
    own: without spaces nobody could read them.
    """
    pieces = [str(name) for name in names]
    marked = any(piece != piece.strip() for piece in pieces)
    if marked or given_tokens(pieces).pieces != tuple(pieces):
        return pieces
    return [(" " if i else before) + piece for i, piece in enumerate(pieces)]
