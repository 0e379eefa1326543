"""Attention weights read off a module by giving it values that name their own positions.

The output of attention is its weights times the values. When the value of token ``j`` is the
``j``-th unit vector in every head, the output *is* the weights, whatever layout the module computes
them in. Needs nothing but the module's own code, called once for every few tokens, as many as a
head has channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import torch
from building import Built
from sizes import HEAD_WIDTH
from torch import Tensor, nn


class Probe(NamedTuple):
    """Where values come in and weights come out."""

    values: tuple[str, ...]
    output: str | None  # the module whose input is the output of attention; None: the module itself
    token_axis: int = 1


PROBES = {
    "LongformerSelfAttention": Probe(("value", "value_global"), None, token_axis=0),
    "LEDEncoderSelfAttention": Probe(("value", "value_global"), None, token_axis=0),
    "LongT5LocalAttention": Probe(("v",), "o"),
    "LongT5TransientGlobalAttention": Probe(("v",), "o"),
    "PegasusXGlobalLocalAttention": Probe(("v_proj",), "out_proj"),
    "BigBirdBlockSparseAttention": Probe(("value",), None),
    "BigBirdPegasusBlockSparseAttention": Probe(("value",), None),
    "GraniteSWAAttention": Probe(("v_proj",), "o_proj"),
    "GraniteMoeSWAAttention": Probe(("v_proj",), "o_proj"),
}


def probed(built: Built, inputs: dict[str, Any]) -> list[Tensor]:
    """Return the weights, shape (batch, head, query, key), of every module that has a probe."""
    tokens = inputs["input_ids"].shape[1]
    found = []
    for module, args, kwargs in _calls(built, inputs):
        length = _length(module, args, kwargs)
        weights = _read(module, args, kwargs, length)
        shift = _shift(built.eager, module)
        found.append(weights[:, :, shift : shift + tokens, shift : shift + tokens])
    return found


def has_probe(module: nn.Module) -> bool:
    """Whether there is a probe for a module."""
    return type(module).__name__ in PROBES


def _calls(built: Built, inputs: dict[str, Any]) -> Iterator[tuple[nn.Module, Any, Any]]:
    """Run the model once, and return what its modules were called with."""
    calls: list[tuple[nn.Module, Any, Any]] = []
    with ExitStack() as hooks:

        def keep(module: nn.Module, args: Any, kwargs: Any) -> None:
            calls.append((module, args, kwargs))

        for module in filter(has_probe, built.eager.modules()):
            handle = module.register_forward_pre_hook(keep, with_kwargs=True)
            hooks.callback(handle.remove)
        with torch.no_grad():
            built.eager(**inputs)
    return iter(calls)


def _read(module: nn.Module, args: Any, kwargs: Any, length: int) -> Tensor:
    parts: list[Tensor] = []
    while (done := sum(part.shape[-1] for part in parts)) < length:
        parts.append(_columns(module, args, kwargs, length, done))
    return torch.cat(parts, -1)[..., :length]


def _columns(module: nn.Module, args: Any, kwargs: Any, length: int, first: int) -> Tensor:
    """Return the weights on some keys, as many as a head has channels, from the first on."""
    probe, seen = PROBES[type(module).__name__], []
    heads = _heads(module)
    with ExitStack() as hooks:
        for name in probe.values:
            if hasattr(module, name):
                unit = _unit_vectors(probe, length, first)
                handle = getattr(module, name).register_forward_hook(unit)
                hooks.callback(handle.remove)
        if probe.output is not None:
            handle = getattr(module, probe.output).register_forward_pre_hook(
                lambda _, given: seen.append(given[0])
            )
            hooks.callback(handle.remove)
        with torch.no_grad():
            result = module(*args, **kwargs)
    outputs = [result[0]] if probe.output is None else seen
    output = next(x for x in outputs if x.shape[1] == length)
    return output.unflatten(-1, (heads, -1)).transpose(1, 2)


def _unit_vectors(probe: Probe, length: int, first: int) -> Any:
    """Value of token ``first + c``: one in channel ``c`` of every head, else zero."""

    def hook(_module: nn.Module, _args: Any, output: Tensor) -> Tensor:
        if output.shape[probe.token_axis] != length:  # summaries and global tokens are no tokens
            return torch.zeros_like(output)
        own = output.movedim(probe.token_axis, 1)
        unit = torch.eye(length + HEAD_WIDTH, dtype=own.dtype)[:length, first : first + HEAD_WIDTH]
        unit = unit.repeat(1, own.shape[-1] // HEAD_WIDTH)
        return unit.expand(own.shape).movedim(1, probe.token_axis)

    return hook


def _heads(module: Any) -> int:
    for name in ("num_heads", "num_attention_heads", "n_heads"):
        if hasattr(module, name):
            return getattr(module, name)
    return module.config.num_attention_heads


def _length(module: nn.Module, args: Any, kwargs: Any) -> int:
    first = args[0] if args else kwargs.get("hidden_states", kwargs.get("token_hidden_states"))
    return first.shape[1]


def _shift(model: nn.Module, module: nn.Module) -> int:
    """PEGASUS-X puts half a block in front of the text in every other layer."""
    parent = next(m for m in model.modules() if module in m.children())
    return module.block_size // 2 if getattr(parent, "stagger_blocks_this_layer", False) else 0
