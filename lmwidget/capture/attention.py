"""Capture all attention of one pass of a language model."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lmwidget.capture import saved
from lmwidget.capture.absence import no_attention
from lmwidget.capture.hooks.recorder import record_attention
from lmwidget.capture.indexing import whole
from lmwidget.capture.kept.records import Record, SkippedRecord, UnavailableRecord
from lmwidget.capture.layers import Layers, only_layers, sort_layers, wants_layers
from lmwidget.capture.result import Attention
from lmwidget.errors import UnknownNameError, nearest
from lmwidget.models.tasks import takes
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel

__all__ = ["Attention", "capture_attention"]

PRECISIONS = ("full", "half")


def capture_attention(
    lm: LanguageModel,
    tokens: Tokens,
    output_tokens: Tokens | None = None,
    *,
    layers: int | Sequence[int] | None = None,
    precision: str = "full",
) -> Attention:
    """Return all attention of one ordinary forward pass.

    The model keeps its own attention implementation and is left as it was found. What is kept grows
    linearly with the length of the text wherever the model's attention can be recomputed from its
    queries and keys.

    Parameters
    ----------
    lm : LanguageModel
        The model.
    tokens : Tokens
        What it reads.
    output_tokens : Tokens, optional
        What the decoder of an encoder-decoder has written, start token first; default: what it
        writes by itself, greedily.
    layers : int or sequence of int, optional
        Keep only these, by the model's own numbers; default: all.
    precision : str, default "full"
        ``"half"`` keeps queries and keys in 16 bits: half the memory, weights to about three digits.

    Returns
    -------
    Attention
        Kind ``"self"``, or ``"encoder"`` with ``"decoder"`` and ``"cross"`` to select.

    Raises
    ------
    NoAttentionError
        When the model computes no attention.
    UnavailableError
        When none of its layers can be read exactly.
    UnknownNameError
        For a layer without attention or an unknown precision.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> capture_attention(lm, lm.tokenize("the king said"))[0, 0].shape
    (4, 4)
    """
    start = time.perf_counter()
    if lm.task == "seq2seq" and output_tokens is None:
        output_tokens = lm.write_output(tokens)
    inputs, settings = pass_inputs(lm, tokens, output_tokens, layers, precision)
    records = record_attention(lm.model, inputs, **settings)
    parts = parts_of(lm, records, tokens, output_tokens, layers)
    if any(isinstance(record, SkippedRecord) for record in _all(parts)):
        # The numbers in the names of the modules are not those of the layers: Funnel, CANINE.
        records = record_attention(lm.model, inputs, **{**settings, "wants": None})
        parts = parts_of(lm, records, tokens, output_tokens, layers)
    attention = attention_of(lm, parts)
    attention.cost["seconds"] = time.perf_counter() - start
    return attention


def parts_of(
    lm: LanguageModel,
    records: Sequence[Record],
    tokens: Tokens,
    output_tokens: Tokens | None = None,
    layers: int | Sequence[int] | None = None,
) -> dict[str, Layers]:
    """Return the records of a pass as layers.

    Parameters
    ----------
    lm : LanguageModel
        The model.
    records : sequence of Record
        Of one pass.
    tokens, output_tokens, layers
        As for :func:`capture_attention`.

    Returns
    -------
    dict of str to Layers
        By kind.

    Raises
    ------
    NoAttentionError
        When there are no records.
    """
    if not records:
        raise no_attention(lm)
    parts = sort_layers(
        records,
        tokens,
        output_tokens,
        encoder_decoder=bool(getattr(lm.config, "is_encoder_decoder", False)),
    )
    return parts if layers is None else only_layers(parts, _listed(layers))


def attention_of(lm: LanguageModel, parts: Mapping[str, Layers]) -> Attention:
    """Return layers as a result.

    Parameters
    ----------
    lm : LanguageModel
        The model.
    parts : mapping of str to Layers
        By kind.

    Returns
    -------
    Attention
        Without the time that the pass took.

    Raises
    ------
    UnavailableError
        When none of the layers can be read exactly.
    """
    shown = _all(parts)
    if all(isinstance(record, UnavailableRecord) for record in shown):
        shown[0].weights()
    return Attention(parts, model=lm.name, cost={"passes": 1, "bytes": saved.bytes_of(shown)})


def _all(parts: Mapping[str, Layers]) -> list[Record]:
    return [record for layers in parts.values() for record in layers.records]


def pass_inputs(
    lm: LanguageModel,
    tokens: Tokens,
    output_tokens: Tokens | None,
    layers: int | Sequence[int] | None,
    precision: str,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the model is called with, and how its attention is recorded.

    Parameters
    ----------
    lm, tokens, output_tokens, layers, precision
        As for :func:`capture_attention`.

    Returns
    -------
    tuple of (dict, dict)
        Arguments of the model, and of :func:`~lmwidget.capture.hooks.recorder.record_attention`.

    Raises
    ------
    UnknownNameError
        For an unknown precision.
    """
    check_precision(precision)
    inputs = lm.inputs(tokens, output_tokens)
    if takes(lm.model, "logits_to_keep"):  # nobody reads them here
        inputs["logits_to_keep"] = 1
    wants = None if layers is None else wants_layers(_listed(layers))
    return inputs, {"half": precision == "half", "wants": wants}


def check_precision(precision: str) -> None:
    """Refuse a precision that there is not.

    Parameters
    ----------
    precision : str
        ``"full"`` or ``"half"``.

    Raises
    ------
    UnknownNameError
        For another one.

    Examples
    --------
    >>> check_precision("half")
    """
    if precision not in PRECISIONS:
        raise UnknownNameError(
            f"There is no precision {precision!r}.", nearest(precision, PRECISIONS)
        )


def _listed(layers: int | Sequence[int]) -> list[int]:
    numbers = layers if isinstance(layers, Sequence) else [layers]
    return [whole(number, "layer") for number in numbers]
