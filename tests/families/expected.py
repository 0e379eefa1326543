"""Attention weights to compare with, from sources that share no code with lmwidget."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, NamedTuple

import torch
from building import OUTPUT_LENGTH, Built
from probes import has_probe, probed
from torch import Tensor, nn

Kinds = dict[str, list[Tensor]]

_OUTPUTS = {
    "encoder": "encoder_attentions",
    "decoder": "decoder_attentions",
    "cross": "cross_attentions",
}


class Reference(NamedTuple):
    """Weights (batch, head, query, key) of every layer of every kind, and where they are from."""

    kinds: Kinds
    source: str


class NoReferenceError(Exception):
    """What the model returns as its attention is none."""


def reference(built: Built, inputs: dict[str, Any]) -> Reference:
    """Return what the attention of a model should be, told by the model's own eager code."""
    special = None if built.pair.task == "E" else _SPECIAL.get(built.pair.type)
    found = (special or _SPECIAL_ENCODERS.get(built.pair.type, _by_eager))(built, inputs)
    for kind, layers in found.kinds.items():
        for weights in layers:
            _check(kind, weights)
    return found


def _by_eager(built: Built, inputs: dict[str, Any]) -> Reference:
    return Reference(_attentions(built, inputs), "eager")


def _attentions(built: Built, inputs: dict[str, Any]) -> Kinds:
    torch.manual_seed(0)
    with torch.no_grad():
        output = built.eager(**inputs, output_attentions=True)
    kinds = {kind: _given(output.get(name)) for kind, name in _OUTPUTS.items()}
    if not any(kinds.values()):
        kinds = {"self": _given(output.get("attentions"))}
    return {kind: layers for kind, layers in kinds.items() if layers}


def _given(layers: Any) -> list[Any]:
    return [weights for weights in layers or () if weights is not None]


def _by_probe(built: Built, inputs: dict[str, Any]) -> Reference:
    """Eager, but for the modules whose layout or output is another: those by their values."""
    if not any(map(has_probe, built.eager.modules())):
        return _by_eager(built, inputs)
    kinds = _attentions(built, inputs)
    kinds["encoder" if built.config.is_encoder_decoder else "self"] = probed(built, inputs)
    return Reference(kinds, "probe")


def _by_scores(built: Built, inputs: dict[str, Any]) -> Reference:
    """SqueezeBERT and ProphetNet return scores before the softmax as their attention."""
    kinds = _attentions(built, inputs)
    for kind, layers in kinds.items():
        if kind != "decoder" and built.pair.task != "C":
            kinds[kind] = [scores.softmax(-1) for scores in layers]
    if "cross" in kinds:  # one row a token, the streams that look ahead left out
        kinds["cross"] = [weights[:, :, :OUTPUT_LENGTH] for weights in kinds["cross"]]
    return Reference(kinds, "softmax of eager scores")


def _without_linear(built: Built, inputs: dict[str, Any]) -> Reference:
    """MiniMax returns states of its linear layers among its attentions."""
    kinds = built.config.layer_types
    layers = _attentions(built, inputs)["self"]
    softmax = [w for w, kind in zip(layers, kinds, strict=True) if kind == "full_attention"]
    return Reference({"self": softmax}, "eager, softmax layers")


def _tokens_only(built: Built, inputs: dict[str, Any]) -> Reference:
    """DeepSeek V4 appends summaries of the text to its keys."""
    length = inputs["input_ids"].shape[1]
    layers = _attentions(built, inputs)["self"]
    return Reference({"self": [weights[..., :length] for weights in layers]}, "eager, tokens")


def _by_hooks(kind_of: Callable[[str], str]) -> Any:
    """What attention modules return beside their output, in the order of the calls."""

    def by_hooks(built: Built, inputs: dict[str, Any]) -> Reference:
        kinds: Kinds = {}
        with ExitStack() as hooks:
            for name, module in built.eager.named_modules():
                if "attention" in type(module).__name__.lower():
                    hook = _keep_weights(name, kinds, kind_of)
                    hooks.callback(module.register_forward_hook(hook).remove)
            with torch.no_grad():
                built.eager(**inputs)
        return Reference(kinds, "attention modules of the eager model")

    return by_hooks


def _keep_weights(name: str, kinds: Kinds, kind_of: Callable[[str], str]) -> Any:
    def hook(_module: nn.Module, _args: Any, output: Any) -> None:
        found = output[1:] if isinstance(output, tuple) else ()
        found = [x for x in found if isinstance(x, Tensor) and x.dim() == 4]
        if found:
            kinds.setdefault(kind_of(name), []).append(found[0])
        if len(found) > 1:  # T5Gemma 2 cuts one softmax in two
            kinds.setdefault("cross", []).append(found[1])

    return hook


def _side(name: str) -> str:
    if "cross" in name:
        return "cross"
    return "encoder" if "encoder." in name else "decoder"


def _check(kind: str, weights: Tensor) -> None:
    """Some models return something else under this name: then it is no reference."""
    if weights.dim() != 4:
        raise NoReferenceError(f"{kind}: {weights.dim()} axes")
    if bool((weights < 0).any()):
        raise NoReferenceError(f"{kind}: negative weights")
    if bool((weights.sum(-1) > 1 + 1e-4).any()):
        raise NoReferenceError(f"{kind}: rows that sum to more than 1")


_SPECIAL: dict[str, Callable[[Built, dict[str, Any]], Reference]] = {
    **dict.fromkeys(("led", "longt5", "pegasus_x", "bigbird_pegasus"), _by_probe),
    **dict.fromkeys(("granite_swa", "granitemoe_swa"), _by_probe),
    "prophetnet": _by_scores,
    **dict.fromkeys(("t5gemma", "t5gemma2"), _by_hooks(_side)),
    "blt": _by_hooks(lambda _name: "self"),
    "minimax": _without_linear,
    "deepseek_v4": _tokens_only,
}
_SPECIAL_ENCODERS: dict[str, Callable[[Built, dict[str, Any]], Reference]] = {
    **dict.fromkeys(("longformer", "big_bird"), _by_probe),
    "squeezebert": _by_scores,
}


def layer_numbers(config: Any, kind: str, count: int) -> list[int]:
    """Return the model's own numbers of the layers that have softmax attention."""
    if kind == "encoder":
        return list(range(count))
    config = config.get_text_config(decoder=True)
    for name in ("layers_block_type", "layer_types", "block_types"):
        kinds = getattr(config, name, None)
        if isinstance(kinds, (list, tuple)):
            numbers = [number for number, layer in enumerate(kinds) if _has_softmax(layer)]
            # A short pattern is repeated over all layers.
            return numbers if len(numbers) == count else list(range(count))
    return list(range(count))


def _has_softmax(layer: str) -> bool:
    return "linear" not in layer and ("attention" in layer or layer == "hybrid")
