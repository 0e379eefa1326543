"""The blocks that a model is a stack of, and how to keep less of them for the backward pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint


def stacks(model: nn.Module) -> list[list[nn.Module]]:
    """Return the stacks of a model: lists of blocks of one class, the outermost ones.

    Parameters
    ----------
    model : torch.nn.Module
        Any model.

    Returns
    -------
    list of list of torch.nn.Module
        In the order of the model: of an encoder-decoder the encoder's first. Empty for models that
        are not written as a ``ModuleList`` of blocks.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> [len(stack) for stack in stacks(lmw.load("tiny").model)]
    [2]
    """
    found: list[list[nn.Module]] = []
    inside: set[int] = set()
    for module in model.modules():
        blocks = list(module) if isinstance(module, nn.ModuleList) else []
        if id(module) in inside or not blocks or not any(True for _ in module.parameters()):
            continue
        if len({type(block) for block in blocks}) == 1:
            found.append(blocks)
            inside.update(id(own) for own in module.modules())
    return found


def kept_bytes(whole: int, blocks: int, border: int, again: int) -> int:
    """Return what is kept of a graph when some blocks are computed again.

    Parameters
    ----------
    whole : int
        Bytes of the graph.
    blocks : int
        Number of blocks.
    border : int
        Bytes of what one block hands to the next.
    again : int
        How many blocks are computed again.

    Returns
    -------
    int
        Bytes, those of the one block that is computed again at a time included.

    Examples
    --------
    >>> kept_bytes(1200, 12, 10, 6), kept_bytes(1200, 12, 10, 12)
    (760, 220)
    """
    one = whole // max(blocks, 1)
    return whole - again * (one - border) + one if again else whole


def compute_again(blocks: Sequence[nn.Module]) -> None:
    """Keep only the input of some blocks, and compute them again on the way back.

    Chen, Xu, Zhang and Guestrin (2016). Gradients are the same. Done to the modules themselves:
    call it under :func:`lmwidget.capture.guard.as_found`, which puts them back.

    Parameters
    ----------
    blocks : sequence of torch.nn.Module
        From :func:`stacks`.

    Examples
    --------
    >>> layer = nn.Linear(2, 2)
    >>> compute_again([layer])
    >>> layer(torch.ones(1, 2, requires_grad=True)).sum().backward()
    """
    for block in blocks:
        block.forward = partial(_again, block.forward)


def _again(forward: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    if not torch.is_grad_enabled():
        return forward(*args, **kwargs)
    return checkpoint(forward, *args, use_reentrant=False, preserve_rng_state=False, **kwargs)
