"""Where in the graph of a pass the gradient of attention weights is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import get_gradient_edge


@dataclass(frozen=True, eq=False)
class Source:
    """One tensor of the graph that attention goes through.

    Attributes
    ----------
    edge : GradientEdge
        Its place in the graph, which stays when the model writes into the tensor later.
    arrange : callable
        From the layout of its gradient to (batch, head, query, channel), or (…, key) of weights.
    shape : tuple of int
        Shape of the tensor.
    like : Tensor
        Empty, of its type and on its device.
    """

    edge: Any
    arrange: Callable[[Tensor], Tensor]
    shape: tuple[int, ...]
    like: Tensor


@dataclass(eq=False)
class Trace:
    """What the gradient of one attention call is read from.

    The output of a head is its weights times its values, so the gradient with respect to the
    weights is the gradient with respect to the output times the values: nothing of the size
    query × key is ever held. Where the weights are kept whole, it is their own gradient.

    Attributes
    ----------
    sources : list of Source
        Heads one after the other, mostly all in one; empty when the backward pass is over.
    of : str
        ``"output"`` of heads, ``"projection"`` behind them, or ``"weights"``.
    gradient : Tensor or None, shape (batch, head, query, channel or key)
        Filled in by the backward pass.
    """

    sources: list[Source]
    of: str
    gradient: Tensor | None = None

    def finish(self, gradients: list[Tensor | None]) -> None:
        """Take what the backward pass found.

        Parameters
        ----------
        gradients : list of (Tensor or None)
            One a source; None where the target does not depend on it.
        """
        found = []
        for source, gradient in zip(self.sources, gradients, strict=True):
            known = source.like.new_zeros(source.shape) if gradient is None else gradient
            found.append(source.arrange(known.detach()))
        self.gradient = found[0] if len(found) == 1 else torch.cat(found, 1)
        self.sources = []


def traced(tensor: Tensor, arrange: Callable[[Tensor], Tensor], of: str) -> Trace | None:
    """Return the trace of a tensor.

    Parameters
    ----------
    tensor : Tensor
        As the model goes on with it.
    arrange : callable
        From its layout to (batch, head, query, channel or key).
    of : str
        ``"output"`` of heads, ``"projection"`` behind them, or ``"weights"``.

    Returns
    -------
    Trace or None
        None when nothing can pass back through it.

    Examples
    --------
    >>> traced(torch.zeros(1), lambda x: x, "output") is None
    True
    """
    if not tensor.requires_grad:
        return None
    like = tensor.detach().new_empty(0)
    return Trace([Source(get_gradient_edge(tensor), arrange, tuple(tensor.shape), like)], of)


def join(traces: list[Trace | None]) -> Trace | None:
    """Return the trace of several calls whose heads stand one after the other.

    Parameters
    ----------
    traces : list of (Trace or None)
        One a call.

    Returns
    -------
    Trace or None
        None when there is not one of the same sort for each.

    Examples
    --------
    >>> join([None]) is None
    True
    """
    known = [trace for trace in traces if trace is not None]
    if len(known) < len(traces) or len({trace.of for trace in known}) != 1:
        return None
    return Trace([source for trace in known for source in trace.sources], known[0].of)
