"""One call of an attention module, when it is over."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

Place = tuple[str, int]


@dataclass(frozen=True)
class Visit:
    """One call of a known module, when it is over.

    Attributes
    ----------
    place : tuple of (str, int)
        Module name and number of the call.
    module : torch.nn.Module
        The module.
    model : torch.nn.Module
        The model it is a part of.
    args, kwargs : tuple, dict
        What it was called with.
    output : Any
        What it returned.
    softmaxes : list of Tensor
        What softmax returned inside of it, in the order of the calls.
    tokens : int or None
        Number of ids the model reads, without padding of its own.
    """

    place: Place
    module: Any
    model: nn.Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    output: Any
    softmaxes: list[Tensor]
    tokens: int | None

    @property
    def inputs(self) -> dict[str, Any]:
        """Arguments of the call by name."""
        bound = inspect.signature(self.module.forward).bind(*self.args, **self.kwargs)
        return dict(bound.arguments)

    @property
    def parent(self) -> Any:
        """The module that this one is a part of."""
        return next(m for m in self.model.modules() if self.module in m.children())
