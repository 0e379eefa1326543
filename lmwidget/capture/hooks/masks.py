"""Masks of attention calls, in the forms in which models give them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lmwidget.capture.kept.query_key import QueryKeyRecord


def is_causal(given: dict[str, Any], implementation: str) -> bool:
    """Return whether an attention function masks the future by itself.

    Parameters
    ----------
    given : dict
        Its arguments by name.
    implementation : str
        ``"sdpa"``, ``"eager"``, ``"flash_attention_2"``, …

    Returns
    -------
    bool
        As the attention functions of transformers decide.

    Examples
    --------
    >>> is_causal({"is_causal": True}, "eager")
    False
    """
    if implementation == "eager" or "flex" in implementation:
        return False
    causal = given.get("is_causal")
    causal = getattr(given["module"], "is_causal", True) if causal is None else causal
    if "flash" in implementation:
        return bool(causal)
    return bool(causal) and given["attention_mask"] is None and given["query"].shape[2] > 1


def additive_mask(record: QueryKeyRecord) -> Tensor | None:
    """Return all that a record hides as one mask that is added to scores.

    Parameters
    ----------
    record : QueryKeyRecord
        An attention call.

    Returns
    -------
    Tensor or None, shape (batch or 1, head or 1, query, key)
        None when nothing is hidden.
    """
    allowed = record.allowed()
    if allowed is None:
        return record.mask
    query = record.query
    mask = torch.zeros(allowed.shape, dtype=query.dtype, device=query.device)
    mask = four_axes(mask.masked_fill_(~allowed, torch.finfo(query.dtype).min))
    if record.mask is not None and record.mask.is_floating_point():
        return mask + record.mask
    return mask


def evaluated(mask: Any, query: Tensor, keys: int) -> Tensor:
    """Return a mask of flex attention, which is a function, as a tensor.

    Parameters
    ----------
    mask : BlockMask
        Holds the function.
    query : Tensor, shape (batch, head, query, channel)
        Queries.
    keys : int
        Number of keys.

    Returns
    -------
    Tensor of bool, shape (batch, head, query, key)
        True: may be seen.
    """
    batch, heads, queries, _ = query.shape
    places = (
        torch.arange(size, device=query.device).reshape(shape)
        for size, shape in (
            (batch, (-1, 1, 1, 1)),
            (heads, (-1, 1, 1)),
            (queries, (-1, 1)),
            (keys, (-1,)),
        )
    )
    return four_axes(mask.mask_mod(*places))


def four_axes(tensor: Tensor) -> Tensor:
    """Return a tensor with axes of size 1 in front, so that it has four.

    Parameters
    ----------
    tensor : Tensor
        At most four axes.

    Returns
    -------
    Tensor
        A view.

    Examples
    --------
    >>> four_axes(torch.zeros(2, 3)).shape
    torch.Size([1, 1, 2, 3])
    """
    return tensor.reshape((1,) * (4 - tensor.dim()) + tuple(tensor.shape))
