"""Attention tensors and their gradients from the models' own eager code: nothing of lmwidget.capture."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from models import fresh_model

_KINDS = {
    "encoder": "encoder_attentions",
    "decoder": "decoder_attentions",
    "cross": "cross_attentions",
    "self": "attentions",
}


class Pass(NamedTuple):
    """By kind: weights and gradients, one a layer, shape (head, query, key); and the logits."""

    weights: dict[str, list[Any]]
    gradients: dict[str, list[Any]]
    logits: Any


def eager_pass(lm, family, text, target, foil=None, output=None, position=-1, dtype=torch.float64):
    """Autograd through output_attentions=True, in double precision."""
    model = fresh_model(family, "eager", dtype)
    tokens = lm.tokenize(text)
    written = lm.tokenize_output(output) if lm.task == "seq2seq" else None
    result = model(**lm.inputs(tokens, written), output_attentions=True)
    logits = result.logits[0] if result.logits.dim() == 2 else result.logits[0, position]
    found = {kind: result[name] for kind, name in _KINDS.items() if result.get(name)}
    every = [weights for layers in found.values() for weights in layers]
    score = logits[target] if foil is None else logits[target] - logits[foil]
    gradients = iter(torch.autograd.grad(score, every, allow_unused=True))
    return Pass(
        {kind: [w[0].detach().numpy() for w in layers] for kind, layers in found.items()},
        {kind: [_array(next(gradients), w) for w in layers] for kind, layers in found.items()},
        logits.detach(),
    )


def _array(gradient, weights):
    return (torch.zeros_like(weights) if gradient is None else gradient)[0].numpy()
