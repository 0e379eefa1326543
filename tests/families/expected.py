"""Attention weights to compare with, from sources that share no code with lmwidget."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from building import Built
from torch import Tensor

Kinds = dict[str, list[Tensor]]

_OUTPUTS = {
    "encoder": "encoder_attentions",
    "decoder": "decoder_attentions",
    "cross": "cross_attentions",
}
EAGER = "eager output_attentions"


class Reference(NamedTuple):
    """Weights of shape (batch, head, query, key) for every layer of every kind, and their source."""

    kinds: Kinds
    source: str


class NoReferenceError(Exception):
    """What the model returns as its attention is none."""


def reference(built: Built, inputs: dict[str, Any]) -> Reference:
    """Return what the attention of a model should be, told by the model's own eager code."""
    with torch.no_grad():
        output = built.eager(**inputs, output_attentions=True)
    kinds = {kind: _given(output.get(name)) for kind, name in _OUTPUTS.items()}
    if not any(kinds.values()):
        kinds = {"self": _given(output.get("attentions"))}
    found = {kind: layers for kind, layers in kinds.items() if layers}
    for kind, layers in found.items():
        for weights in layers:
            _check(kind, weights)
    return Reference(found, EAGER)


def _given(layers: Any) -> list[Tensor]:
    return [weights for weights in layers or () if weights is not None]


def _check(kind: str, weights: Tensor) -> None:
    """Some models return something else under this name: then it is no reference."""
    if weights.dim() != 4:
        raise NoReferenceError(f"{kind}: {weights.dim()} axes")
    if bool((weights < 0).any()):
        raise NoReferenceError(f"{kind}: negative weights")
    if bool((weights.sum(-1) > 1 + 1e-4).any()):
        raise NoReferenceError(f"{kind}: rows that sum to more than 1")
