"""A model made ready for the way back: gradients of what it reads, none of its weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import torch
from torch import Tensor, nn

from lmwidget.capture.guard import as_found
from lmwidget.capture.hooks.interface import uncompiled
from lmwidget.capture.states import recurrent_backward
from lmwidget.errors import ModelMismatchError

# Activations that transformers writes out step by step: GELU by its tanh approximation.
_UNFUSED = ("NewGELUActivation", "FastGELUActivation")


@contextmanager
def ready_for_gradients(model: nn.Module) -> Iterator[None]:
    """Put a model into evaluation mode with gradients on, and hand it back as it was found.

    Gradients are on whatever the caller switched off; nothing of the weights' own gradients is
    computed, or kept for them.

    Parameters
    ----------
    model : torch.nn.Module
        Any model.

    Yields
    ------
    None
        The model can be run and walked back through.

    Raises
    ------
    ModelMismatchError
        When the model was made under ``torch.inference_mode()``: nothing can pass back through it.

    Examples
    --------
    >>> model = nn.Linear(2, 1)
    >>> x = torch.ones(2, requires_grad=True)
    >>> with torch.no_grad(), ready_for_gradients(model):
    ...     model(x).backward()
    >>> x.grad is not None, model.weight.grad
    (True, None)
    """
    if any(parameter.is_inference() for parameter in model.parameters()):
        raise ModelMismatchError(
            "The model was made under torch.inference_mode(), so it has no gradients.",
            "Load it outside of inference_mode(), or use a method without gradients, such as "
            "'leave_one_out'.",
        )
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(mode=False))
        stack.enter_context(torch.enable_grad())
        stack.enter_context(uncompiled())
        stack.enter_context(as_found(model))
        stack.enter_context(recurrent_backward(model))
        stack.enter_context(_reversible(model))
        model.requires_grad_(requires_grad=False)  # put back by as_found
        _fuse(model)
        yield


@contextmanager
def _reversible(model: nn.Module) -> Iterator[None]:
    """Let Reformer, which computes its activations again on the way back, do so in evaluation.

    Its layers ask to be trained; they drop nothing out themselves, and set the seed of torch.
    """
    layers = [module for module in model.modules() if type(module).__name__ == "ReformerLayer"]
    if not layers:
        yield
        return
    for layer in layers:
        layer.training = True  # put back by as_found
    with torch.random.fork_rng():
        yield


def _fuse(model: nn.Module) -> None:
    """Compute the activation of GPT-2 in one step: eight take as much time as attention.

    Same function, up to rounding in float32; put back by as_found.
    """
    for module in model.modules():
        if type(module).__name__ in _UNFUSED:
            module.forward = partial(_gelu, module.forward)


def _gelu(written_out: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    if x.dtype is not torch.float32:
        return written_out(x)
    return torch.nn.functional.gelu(x, approximate="tanh")
