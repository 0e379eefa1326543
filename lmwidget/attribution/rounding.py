"""When two ways of computing the same are taken to agree."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

_TOLERANCE = 1e-4


def same_numbers(model: Any, found: Tensor, expected: Tensor) -> bool:
    """Return whether two ways of computing something differ by no more than rounding.

    Parameters
    ----------
    model : torch.nn.Module
        The model, whose precision counts.
    found, expected : Tensor
        Logits, or hidden states, of the same shape.

    Returns
    -------
    bool
        False where one is NaN.

    Examples
    --------
    >>> same_numbers(torch.nn.Linear(1, 1), torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.1]))
    False
    """
    kinds = (p.dtype for p in model.parameters() if p.is_floating_point())
    allowed = max(_TOLERANCE, 8 * float(torch.finfo(next(kinds, torch.float32)).eps))
    finite = expected[expected.isfinite()]
    allowed *= max(1.0, float(finite.abs().max())) if len(finite) else 1.0
    return bool((((found - expected).abs() <= allowed) | (found == expected)).all())
