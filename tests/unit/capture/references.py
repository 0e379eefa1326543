"""Attention weights from sources that share no code with lmwidget.capture."""

from __future__ import annotations

import math

import torch
from models import fresh_model


def eager_attentions(family, inputs):
    """By the model's own eager code: every kind of attention, as {kind: [(batch, head, q, k)]}."""
    if family.startswith("falcon"):
        return {"self": falcon_attentions(family, inputs)}
    model = fresh_model(family, "eager")
    with torch.no_grad():
        output = model(**inputs, output_attentions=True)
    names = {
        "encoder": "encoder_attentions",
        "decoder": "decoder_attentions",
        "cross": "cross_attentions",
    }
    found = {kind: list(output[name]) for kind, name in names.items() if output.get(name)}
    found = found or {"self": [weights for weights in output.attentions if weights is not None]}
    for weights in (weights for layers in found.values() for weights in layers):
        # Some families return something else under this name: then it is no reference.
        assert bool((weights >= 0).all())
        assert bool((weights.sum(-1) <= 1 + 1e-5).all())
    return found


def falcon_attentions(family, inputs):
    """Falcon by hand, from the output of its fused projection.

    output_attentions of transformers 5.23 is no reference here: on the default (SDPA) model it
    returns weights on future tokens, and the eager implementation is refused.
    """
    model = fresh_model(family)
    fused = []
    for layer in model.transformer.h:
        layer.self_attention.query_key_value.register_forward_hook(
            lambda _m, _i, output: fused.append(output)
        )
    with torch.no_grad():
        model(**inputs)
    heads = model.config.num_attention_heads
    return [_falcon_layer(x, heads, inputs, alibi=model.config.alibi) for x in fused]


def _falcon_layer(fused, heads, inputs, *, alibi):
    batch, length, width = fused.shape
    channels = width // (heads + 2)
    split = fused.view(batch, length, heads + 2, channels)
    query, key = split[:, :, :heads].transpose(1, 2), split[:, :, heads : heads + 1].transpose(1, 2)
    mask = inputs.get("attention_mask", torch.ones(batch, length, dtype=torch.long))
    if alibi:
        slopes = torch.tensor([2.0 ** (-8 * (head + 1) / heads) for head in range(heads)])
        places = (mask.cumsum(-1) - 1) * mask
        # Falcon was trained with these numbers in bfloat16.
        bias = (slopes.bfloat16()[:, None] * places[:, None]).float()[:, :, None]
    else:
        query, key, bias = _rotate(query), _rotate(key), torch.zeros(1)
    scores = (query @ key.transpose(-1, -2) + bias) / math.sqrt(channels)
    seen = torch.ones(length, length).tril().bool() & mask[:, None, None].bool()
    return scores.masked_fill(~seen, -torch.inf).softmax(-1)


def _rotate(x):
    """Rotary embedding (Su et al. 2021), pairs (i, i + half)."""
    length, channels = x.shape[-2:]
    half = channels // 2
    speed = 10000.0 ** (-torch.arange(half) / half)
    angle = torch.arange(length)[:, None] * speed
    low, high = x[..., :half], x[..., half:]
    return torch.cat(
        [low * angle.cos() - high * angle.sin(), high * angle.cos() + low * angle.sin()], -1
    )
