"""Attention with weights that are known, and models of it in plain NumPy."""

from __future__ import annotations

import numpy as np

from lmwidget.derived import DerivedAttention
from lmwidget.tokens import Tokens
from lmwidget.widgets.array_attention import ArrayAttention

PIECES = ["The", " old", " king", ",", " he", " said", " so", " there", " was", " old", " he", "."]


def random_weights(layers, heads, tokens, *, causal, seed=0, sharp=2.0):
    """Softmax rows, far from uniform."""
    scores = np.random.default_rng(seed).normal(size=(layers, heads, tokens, tokens)) * sharp
    if causal:
        scores = np.where(np.tri(tokens) > 0, scores, -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def random_attention(layers=3, heads=2, tokens=8, *, causal=True, seed=0, held=1.0):
    """Attention of random weights; rows sum to ``held``."""
    weights = held * random_weights(layers, heads, tokens, causal=causal, seed=seed)
    pieces = [PIECES[at % len(PIECES)] for at in range(tokens)]
    return ArrayAttention.from_arrays(weights, pieces)


def hand_made():
    """Two layers of one head over three tokens, causal, simple fractions."""
    weights = [
        [[[1, 0, 0], [0.5, 0.5, 0], [0.2, 0.2, 0.6]]],
        [[[1, 0, 0], [0.8, 0.2, 0], [0, 0.5, 0.5]]],
    ]
    return ArrayAttention.from_arrays(weights, ["a", " b", " c"])


def rolled(weights, residual=0.5):
    """Rollout as the paper writes it, float64: one matrix a layer."""
    found, product = [], np.eye(weights.shape[-1])
    for layer in weights.astype(np.float64):
        step = residual * np.eye(len(product)) + (1 - residual) * layer.mean(0)
        step = step / step.sum(-1, keepdims=True)
        product = step @ product
        found.append((step, product))
    return found


class OfUnequalLayers(DerivedAttention):
    """Layers of 2, 5 and 3 heads; ``given[layer, head]``."""

    def __init__(self, model="", layer_numbers=None, layers=(0, 1, 2)):
        self.given = random_weights(3, 5, 6, causal=True)[list(layers)]
        tokens = Tokens.from_pieces(PIECES[:6])
        counts = [(2, 5, 3)[layer] for layer in layers]
        super().__init__(tokens, tokens, counts, model=model, layer_numbers=layer_numbers)

    def _weights(self, layer, heads, queries):
        return self.given[layer, heads][:, queries].astype(np.float32)
