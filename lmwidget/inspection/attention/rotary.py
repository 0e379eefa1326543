"""Which dimensions of queries and keys turn together under rotary position embedding."""

from __future__ import annotations

import sys
from typing import Any

import torch


def rotary_pairs(lm: Any, channels: int) -> list[int] | None:
    """Return the partner of each dimension, asked of the model's own code.

    Rotary position embedding (Su et al. 2021, arXiv:2104.09864) turns pairs of dimensions by an
    angle that grows with the position. Models pair the first half with the second, or neighbours;
    which one is seen by calling the function with which the model swaps them.

    Parameters
    ----------
    lm : LanguageModel
        The model.
    channels : int
        Dimensions of a query.

    Returns
    -------
    list of int or None
        For each dimension the one it turns with, or -1 for none; an empty list when the model has
        rotary embedding but the pairs are not known; ``None`` when it has none, or not everywhere.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> rotary_pairs(lmw.load("tiny"), 24) is None
    True
    """
    config: Any = getattr(lm.model, "config", None)
    config = config.get_text_config() if hasattr(config, "get_text_config") else config
    rope = getattr(config, "rope_parameters", None)
    if not rope or not all(getattr(config, "no_rope_layers", None) or [1]):
        return None
    code = sys.modules[type(lm.model).__module__]
    swap = getattr(code, "rotate_half", None) or getattr(code, "rotate_every_two", None)
    if swap is None or hasattr(config, "qk_rope_head_dim"):
        return []
    turned = int(channels * rope.get("partial_rotary_factor", 1.0))
    try:
        found = swap(torch.arange(1.0, turned + 1).reshape(1, 1, 1, -1)).abs().long().flatten() - 1
    except (RuntimeError, TypeError, ValueError, IndexError):
        return []
    partners: list[int] = found.tolist()
    if sorted(partners) != list(range(turned)) or any(
        partners[p] != i for i, p in enumerate(partners)
    ):
        return []
    return partners + [-1] * (channels - turned)
