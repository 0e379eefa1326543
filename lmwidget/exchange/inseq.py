"""From Inseq: the scores of a generated text, token by token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lmwidget.answers import AnswerAttribution
from lmwidget.errors import InputError
from lmwidget.exchange.given_tokens import given_tokens
from lmwidget.exchange.results import answer_map, chosen, embedding_sum, refuse_others, wrong_object
from lmwidget.tokens import Tokens
from lmwidget.widgets.array_attention import plain_array

_WANTED = "an inseq.FeatureAttributionOutput, or one of its sequence_attributions"
_NORMED = {"saliency"}  # a gradient alone: its signs along the width are no contributions


def from_inseq(
    output: Any,
    tokens: Tokens | Sequence[str] | None = None,
    *,
    row: int | None = None,
    over_width: Literal["sum", "norm"] | None = None,
    method: str | None = None,
    unit: str | None = None,
    signed: bool | None = None,
    tokenizer: Any = None,
    **unknown: Any,
) -> AnswerAttribution:
    """Return what Inseq computed: contributions to each token that was written.

    Parameters
    ----------
    output : inseq.FeatureAttributionOutput or one of its sequences
        Of a decoder (scores of the prefix) or an encoder-decoder (scores of source and prefix).
    tokens : Tokens or sequence of str, optional
        Source and target, where Inseq's own are not wanted; one for each of its tokens.
    row : int, optional
        Which sequence, when there are several.
    over_width : "sum" or "norm", optional
        How the scores of one embedding become one; default the sum, which keeps completeness, and
        of Inseq's ``saliency`` the Euclidean norm. (``output.show()`` takes the norm of both.)
    method, unit : str, optional
        For the figure; default what the output says.
    signed : bool, optional
        Whether scores below zero mean "against"; without it, whether any is.
    tokenizer : transformers tokenizer or LanguageModel, optional
        Whose tokens they are, where the marks of Inseq's strings should not be guessed at.

    Returns
    -------
    AnswerAttribution
        One row a token that was written.

    Raises
    ------
    InputError
        For other objects, scores of several layers or heads, or when a sequence must be named.
    UnknownNameError
        For an argument that there is not.

    References
    ----------
    Sarti et al. (2023), Inseq: an interpretability toolkit for sequence generation models.

    Examples
    --------
    >>> from types import SimpleNamespace as Box
    >>> found = from_inseq(Box(source=[Box(token="a")], target=[Box(token="a"), Box(token="Ġb")],
    ...     source_attributions=None, target_attributions=np.array([[2.0], [np.nan]]),
    ...     attr_pos_start=1, attr_pos_end=2, step_scores={}))
    >>> found.answer, found.scores.tolist()
    (' b', [[2.0, 0.0]])
    """
    refuse_others(from_inseq, unknown)
    info = getattr(output, "info", None) or {}
    method = method or str(info.get("attribution_method") or "inseq")
    sequence = _sequence(output, row)
    over = over_width or ("norm" if method in _NORMED else "sum")
    source = _flat(sequence.source_attributions, over)
    prefix = _flat(sequence.target_attributions, over)
    if source is None and prefix is None:
        raise InputError("This output of Inseq holds no scores.", "Attribute a text first.")
    target = [str(token.token) for token in sequence.target]
    first = int(sequence.attr_pos_start)
    read = [str(token.token) for token in sequence.source] if source is not None else []
    parts = [part for part in (source, prefix) if part is not None]
    last = first + parts[0].shape[1]
    names = [*read, *target[:last]]
    columns = _named(tokens, names, tokenizer)
    if not read and not first:
        raise InputError(
            "The first token of this output was written from nothing.",
            "Attribute with a prompt, or with attr_pos_start=1.",
        )
    chances = (sequence.step_scores or {}).get("probability")
    return answer_map(
        columns,
        len(read) + first,
        np.concatenate([part.T for part in parts], axis=1)[:, : len(names)],
        probabilities=None if chances is None else plain_array(chances).tolist(),
        input_length=len(read) if read else -1,
        signed=signed,
        method=method,
        unit=unit or _unit(info),
        model=str(info.get("model_name") or ""),
    )


def _sequence(output: Any, row: int | None) -> Any:
    sequences = getattr(output, "sequence_attributions", None)
    if sequences is not None:
        output = sequences[chosen(row, [str(i) for i in range(len(sequences))], "sequences", "row")]
    if not hasattr(output, "source_attributions") or not hasattr(output, "target"):
        raise wrong_object(output, _WANTED)
    return output


def _flat(scores: Any, over: str) -> NDArray[np.float64] | None:
    """Return scores of shape (column, generated); None where there are none."""
    if scores is None:
        return None
    array = plain_array(scores).astype(np.float64)
    if array.ndim > 3:
        raise InputError(
            f"Scores of shape {array.shape} are of several layers or heads.",
            "Aggregate them first: output.aggregate().",
        )
    if array.ndim == 3:
        array = embedding_sum(array, over)
    return array


def _unit(info: dict[str, Any]) -> str:
    """Return what Inseq's name of its explained function says: ``"probability_fn"``."""
    return str(info.get("attributed_fn") or "score").removesuffix("_fn").replace("_", " ")


def _named(tokens: Tokens | Sequence[str] | None, names: list[str], tokenizer: Any) -> Tokens:
    found = given_tokens(names if tokens is None else tokens, tokenizer)
    if len(found) != len(names):
        raise InputError(
            f"There are {len(found)} tokens but {len(names)} of source and target.",
            "Give one for each.",
        )
    return found
