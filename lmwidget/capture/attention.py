"""Capture all attention of one pass of a language model."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from lmwidget.capture import saved
from lmwidget.capture.layers import sort_layers
from lmwidget.capture.recorder import record_attention
from lmwidget.capture.records import UnavailableRecord
from lmwidget.capture.result import Attention
from lmwidget.errors import NoAttentionError
from lmwidget.models.tasks import takes
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel

__all__ = ["Attention", "capture_attention"]


def capture_attention(
    lm: LanguageModel, tokens: Tokens, output_tokens: Tokens | None = None
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
    inputs = lm.inputs(tokens, output_tokens)
    if takes(lm.model, "logits_to_keep"):  # nobody reads them here
        inputs["logits_to_keep"] = 1
    records = record_attention(lm.model, inputs)
    if not records:
        raise NoAttentionError(
            f"{lm.name} ({lm.architecture}) has no attention to show: its forward pass computes "
            "none, as in recurrent models such as Mamba.",
            "Saliency works for it: lm.attribute(text) or SaliencyText(lm, text).",
        )
    parts = sort_layers(
        records,
        tokens,
        output_tokens,
        encoder_decoder=bool(getattr(lm.config, "is_encoder_decoder", False)),
    )
    shown = [record for layers in parts.values() for record in layers.records]
    if all(isinstance(record, UnavailableRecord) for record in shown):
        shown[0].weights()
    cost = {
        "seconds": time.perf_counter() - start,
        "passes": 1,
        "bytes": saved.bytes_of(shown),
    }
    return Attention(parts, model=lm.name, cost=cost)
