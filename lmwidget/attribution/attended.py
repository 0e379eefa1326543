"""Attention of the pass that answers a question, and the positions that the answer is read from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from lmwidget.attribution.question import Question
from lmwidget.models import editing, tokenizing

if TYPE_CHECKING:
    from lmwidget.capture.result import Attention

Row = NDArray[np.float64]


@dataclass(frozen=True)
class Attended:
    """What a model looked at when it answered.

    Attributes
    ----------
    attention : Attention
        Of the pass that the target is read from: of a phrase, with all but its last token written.
    places : list of int
        Positions that the answer is read from: tokens of the text, or of a decoder; empty for all.
    passes : int
        Passes made.
    value : float
        The number that is explained.
    """

    attention: Attention
    places: list[int]
    passes: int
    value: float

    def mean(self, rows: Callable[[int], NDArray[Any]]) -> Row:
        """Return the mean over the positions that the answer is read from.

        Parameters
        ----------
        rows : callable
            From a position to an array.

        Returns
        -------
        ndarray of float64
            Of the shape of one array.
        """
        places = self.places or range(len(self.attention.tokens))
        found: Row = np.mean([rows(place) for place in places], axis=0, dtype=np.float64)
        return found


def attended(question: Question) -> Attended:
    """Return the attention of the pass that answers a question, and resolve it.

    Parameters
    ----------
    question : Question
        Not yet resolved.

    Returns
    -------
    Attended
        Attention and positions.

    Raises
    ------
    NoAttentionError
        When the model has no attention.
    UnavailableError
        When none of its layers can be read.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> attended(Question(lm, lm.tokenize("The king said"))).places
    [2]
    """
    from lmwidget.capture.attention import attention_of, parts_of

    lm = question.lm
    if question.place.kind == "class":
        return _of_a_class(question)
    records, output = _recorded(question, ())
    question.resolve(output)
    written, terms = question.reads[0]
    passes = 1
    if written:
        records, output = _recorded(question, written)
        passes += 1
    value = float(question.score_output(terms, output)) if len(question.reads) == 1 else np.nan
    tokens, decoded = question.tokens, question.output_tokens
    if written:
        behind = tokenizing.tokens_from_ids(lm.tokenizer, written)
        if decoded is None:
            tokens = editing.join(tokens, behind)
        else:
            decoded = editing.join(decoded, behind)
    attention = attention_of(lm, parts_of(lm, records, tokens, decoded))
    places = _places(question, len(tokens if decoded is None else decoded))
    return Attended(attention, places, passes, value)


def looked_at(found: Attended, layer: int | None = None, heads: Any = "mean") -> Row:
    """Return the attention that the positions pay that an answer is read from.

    Parameters
    ----------
    found : Attended
        Of an encoder-decoder, its cross-attention is read.
    layer : int, optional
        One layer with attention, from 0; default: the mean of all.
    heads : "mean", sequence of int, or array of float, default "mean"
        As for :func:`lmwidget.inspection.attention.mixed_heads.head_weights`.

    Returns
    -------
    ndarray of float64, shape (token,)
        The mean over the positions.

    Raises
    ------
    UnknownNameError
        When there is no such layer or head.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> looked_at(attended(Question(lm, lm.tokenize("The king said")))).shape
    (3,)
    """
    from lmwidget.capture.indexing import choose
    from lmwidget.inspection.attention.mixed_heads import head_weights, mixed

    weights = found.attention
    weights = weights.select("cross") if "cross" in weights.kinds else weights
    layers, _ = choose(slice(None) if layer is None else layer, len(weights), "layer")
    mixes = head_weights(weights, heads, layers)

    def row(place: int) -> Row:
        rows = [next(mixed(weights, at, mixes[at], [place]))[1][0] for at in layers]
        found_row: Row = np.mean(rows, axis=0, dtype=np.float64)
        return found_row

    return found.mean(row)


def plain(heads: Any) -> Any:
    """Return a choice of heads as it can be saved.

    Parameters
    ----------
    heads : "mean", sequence of int, or array of float
        A setting.

    Returns
    -------
    str or list
        The same in plain Python.

    Examples
    --------
    >>> plain("mean"), plain(np.array([0, 3]))
    ('mean', [0, 3])
    """
    return heads if isinstance(heads, str) else np.asarray(heads).tolist()


def _recorded(question: Question, written: tuple[int, ...]) -> tuple[Any, Any]:
    """Return attention records and output of one pass."""
    from lmwidget.capture.guard import as_found
    from lmwidget.capture.hooks.recorder import Recorder

    lm = question.lm
    inputs = question.inputs(written)
    recorder = Recorder(lm.model, tokens=inputs["input_ids"].shape[1])
    with torch.no_grad(), as_found(lm.model), recorder:
        output = lm.model(**inputs)
    return recorder.records, output


def _of_a_class(question: Question) -> Attended:
    """Where a class is read, the gradient tells: each family pools in its own way."""
    from lmwidget.inspection.attention.explained import explain_question, read_places

    found = explain_question(question)
    return Attended(found.attention, read_places(found), 1, found.value)


def _places(question: Question, count: int) -> list[int]:
    term = question.terms[0]
    if question.place.kind == "span":
        return sorted(set(term.candidates or ()))
    return sorted({place % count for place in term.positions})
