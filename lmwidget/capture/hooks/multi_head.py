"""Calls of ``torch.nn.MultiheadAttention``: weights of each head, values, and gradients."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from lmwidget.capture.hooks.visit import Place
from lmwidget.capture.kept.records import DenseRecord
from lmwidget.capture.kept.trace import Trace, traced


@dataclass(frozen=True, eq=False)
class MultiHeadCall:
    """One call of ``torch.nn.functional.multi_head_attention_forward``, when it is over.

    Attributes
    ----------
    function : callable
        The function.
    given : mapping
        Its arguments by name.
    result : tuple
        What it returned.
    """

    function: Callable[..., Any]
    given: Mapping[str, Any]
    result: Any

    @classmethod
    def of(cls, function: Callable[..., Any], args: Any, kwargs: Any) -> MultiHeadCall:
        """Make the call, unchanged.

        Parameters
        ----------
        function : callable
            The function.
        args, kwargs : tuple, dict
            Its arguments.

        Returns
        -------
        MultiHeadCall
            With its result.
        """
        given = inspect.signature(function).bind(*args, **kwargs).arguments
        return cls(function, given, function(*args, **kwargs))

    @cached_property
    def weights(self) -> Tensor:
        """Weights of each head, shape (batch, head, query, key)."""
        # Run again: asking for the weights the first time would change the output's last digits.
        again = dict(self.given) | {"need_weights": True, "average_attn_weights": False}
        with torch.no_grad():
            weights: Tensor = self.function(**again)[1]
        return weights if weights.dim() == 4 else weights[None]

    def record(self, place: Place, *, keep_values: bool, trace: bool) -> DenseRecord:
        """Return the record of the call.

        Parameters
        ----------
        place : tuple of (str, int)
            Module name and number of the call.
        keep_values, trace : bool
            Also keep the values, and where gradients are read.

        Returns
        -------
        DenseRecord
            Weights kept whole.
        """
        return DenseRecord(
            *place,
            self.weights.detach(),
            value=self._value() if keep_values else None,
            trace=self._trace() if trace else None,
        )

    def _value(self) -> Tensor | None:
        """Values, shape (batch, head, key, channel); None where others are put beside them."""
        given, name = self.given, "v_proj_weight"
        if given.get("bias_v") is not None or given.get("add_zero_attn"):
            return None
        size = given["embed_dim_to_check"]
        weight = given.get(name) if given.get("use_separate_proj_weight") else None
        weight = given["in_proj_weight"][2 * size :] if weight is None else weight
        bias = given.get("in_proj_bias")
        return self._heads(
            F.linear(given["value"], weight, None if bias is None else bias[2 * size :])
        )

    def _trace(self) -> Trace | None:
        """Read the gradient behind the projection of the heads, and pass it back through that."""
        projection = self.given["out_proj_weight"].detach()
        return traced(
            self.result[0], lambda gradient: self._heads(gradient @ projection), "projection"
        )

    def _heads(self, states: Tensor) -> Tensor:
        whole = states if states.dim() == 3 else states[:, None]
        split: Tensor = whole.unflatten(-1, (self.given["num_heads"], -1))
        return split.permute(1, 2, 0, 3)
