"""Rules of layer-wise relevance propagation, put into one model for the length of one pass.

The rules are those of the package ``lxt``. Its own way is to replace classes and functions inside
the modules of transformers, for every model of the process and for good, and its release 2.1 cannot
be imported as a whole beside transformers 5. So its file of rules is loaded alone, and the rules
are put on the modules of one model by hooks, and on its attention by listening to it.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from lmwidget.capture.hooks.interface import AttentionCall, listening
from lmwidget.errors import MissingDependencyError, UnavailableError

ARCHITECTURES = ("llama", "qwen2", "qwen3", "gemma3_text", "bert", "gpt2")
"Model types in which every operation has its rule, as in lxt."

VARIANTS = ("attnlrp", "cp")
"AttnLRP (Achtibat et al. 2024), and CP-LRP (Ali et al. 2022), which stops at queries and keys."

_GATED = ("gate_proj", "up_proj", "down_proj")


@cache
def load_rules() -> Any:
    """Return the rules of lxt.

    Returns
    -------
    module
        With ``identity_rule_implicit``, ``divide_gradient`` and ``stop_gradient``.

    Raises
    ------
    MissingDependencyError
        When lxt is not installed.
    UnavailableError
        When the installed release keeps its rules elsewhere.

    Examples
    --------
    >>> load_rules().divide_gradient.__name__
    'divide_gradient'
    """
    package = importlib.util.find_spec("lxt")
    if package is None or not package.submodule_search_locations:
        raise MissingDependencyError(
            "LRP needs the package lxt. Its licence, Clear BSD, grants no patent rights.",
            "Run: pip install --no-deps lxt",
        )
    path = Path(next(iter(package.submodule_search_locations))) / "efficient" / "rules.py"
    spec = importlib.util.spec_from_file_location("lmwidget_lxt_rules", path)
    names = ("identity_rule_implicit", "divide_gradient", "stop_gradient")
    if path.is_file() and spec is not None and spec.loader is not None:
        rules = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(rules)
        if all(hasattr(rules, name) for name in names):
            return rules
    raise UnavailableError(
        "This release of lxt keeps its rules elsewhere.", "Run: pip install --no-deps lxt==2.1"
    )


@contextmanager
def propagating(model: nn.Module, variant: str) -> Iterator[None]:
    """Let gradient × input of a model be the relevance of LRP, in this thread.

    What the model computes stays the same to the last bit; only its gradients are those of the
    rules. Other models, and other threads, notice nothing.

    Parameters
    ----------
    model : torch.nn.Module
        Of one of ``ARCHITECTURES``.
    variant : str
        One of ``VARIANTS``.

    Yields
    ------
    None
        Passes inside the block have the rules in their graphs.

    Raises
    ------
    MissingDependencyError
        When lxt is not installed.
    UnavailableError
        When attention was computed where it could not be listened to.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> model = lmw.load("tiny").model
    >>> with propagating(model, "attnlrp"):
    ...     _ = model(torch.tensor([[5, 6]]))
    """
    rules = _Rules(load_rules(), variant)
    with ExitStack() as stack:
        for module in model.modules():
            for hook in rules.hooks_of(module):
                stack.callback(hook.remove)
        stack.enter_context(listening(rules))
        yield
    if not rules.attended:
        raise UnavailableError(
            "The model computes its attention where no rule can be put.",
            "Load it with attn_implementation='sdpa'.",
        )


class _Rules:
    """Hooks and a listener that change gradients, and no values."""

    def __init__(self, rules: Any, variant: str) -> None:
        self._rules, self._cp = rules, variant == "cp"
        self._thread = threading.get_ident()
        self.attended = False

    def hooks_of(self, module: nn.Module) -> list[Any]:
        """Put the rules of one module, and return what takes them off."""
        if isinstance(module, nn.LayerNorm) or type(module).__name__.endswith("RMSNorm"):
            return [module.register_forward_hook(self._normalised)]
        if _activates(module):
            return [module.register_forward_hook(self._activated)]
        gate, up, down = (getattr(module, name, None) for name in _GATED)
        if not all(isinstance(part, nn.Module) for part in (gate, up, down)):
            return []
        if self._cp:
            return [cast("nn.Module", gate).register_forward_hook(self._stopped)]
        return [cast("nn.Module", down).register_forward_pre_hook(self._multiplied)]

    def on_attention(self, call: AttentionCall) -> Any:
        """Uniform rule of the two products: half to the values, a quarter to queries and keys."""
        self.attended = True
        given = call.arguments
        if self._cp:
            for name in ("query", "key"):
                given[name] = self._rules.stop_gradient(given[name])
        else:
            for name, share in (("query", 4), ("key", 4), ("value", 2)):
                given[name] = self._rules.divide_gradient(given[name], share)
        names = list(given)
        first, rest = names[: len(call.args)], names[len(call.args) :]
        args = tuple(given[name] for name in first)
        return replace(call, args=args, kwargs={name: given[name] for name in rest}).run()

    def _normalised(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> Any:
        """Identity rule: what a norm divides by is a constant."""
        if self._elsewhere(output):
            return None
        x = args[0].float()
        epsilon = next(
            getattr(module, n) for n in ("eps", "variance_epsilon") if hasattr(module, n)
        )
        if isinstance(module, nn.LayerNorm):
            x = x - x.mean(-1, keepdim=True)
            weight = 1.0 if module.weight is None else module.weight.detach().float()
        else:
            weight = _rms_weight(module, args[0], epsilon)
        scale = (x.pow(2).mean(-1, keepdim=True) + epsilon).rsqrt().detach()
        return _Graph.apply(output.detach(), (x * scale * weight).to(output.dtype))

    def _activated(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> Any:
        """Identity rule: relevance goes through a function of each number as it is."""
        del module
        if self._elsewhere(output):
            return None
        return self._rules.identity_rule_implicit(lambda _: output.detach(), args[0])

    def _multiplied(self, module: nn.Module, args: tuple[Any, ...]) -> Any:
        """Uniform rule: each factor of a product gets half."""
        del module
        if self._elsewhere(args[0]):
            return None
        return (self._rules.divide_gradient(args[0], 2), *args[1:])

    def _stopped(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> Any:
        del module, args
        return None if self._elsewhere(output) else self._rules.stop_gradient(output)

    def _elsewhere(self, output: Any) -> bool:
        differentiable = isinstance(output, Tensor) and output.requires_grad
        return not differentiable or threading.get_ident() != self._thread


def _activates(module: nn.Module) -> bool:
    known = (nn.SiLU, nn.GELU, nn.ReLU, nn.Tanh)
    return isinstance(module, known) or type(module).__module__ == "transformers.activations"


def _rms_weight(module: nn.Module, like: Tensor, epsilon: float) -> Tensor:
    """Return what an RMS norm multiplies by; some families store it without its 1."""
    ones = torch.ones(like.shape[-1], dtype=torch.float32, device=like.device)
    with torch.no_grad():
        found: Tensor = type(module).forward(module, ones)
        weight: Tensor = found.float() * (1 + epsilon) ** 0.5
    return weight


class _Graph(torch.autograd.Function):
    """A value with the graph of another way to compute it."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, graph: Tensor) -> Tensor:
        """Return the value, to the last bit."""
        del ctx, graph
        return value.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor]:
        """Return the gradient for the other way."""
        del ctx
        return None, gradient
