"""What a forward pass keeps in memory, measured instead of guessed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


@contextmanager
def counting_saved(model: nn.Module) -> Iterator[list[int]]:
    """Count the bytes that forward passes keep for their backward pass.

    Parameters
    ----------
    model : torch.nn.Module
        Its parameters and buffers are not counted.

    Yields
    ------
    list of int
        Sizes of the storages kept; each counts once.

    Examples
    --------
    >>> import torch
    >>> layer, x = torch.nn.Linear(8, 8), torch.ones(4, 8, requires_grad=True)
    >>> with counting_saved(layer) as sizes:
    ...     y = layer(x).sigmoid()
    >>> sum(sizes)
    256
    """
    tensors = [*model.parameters(), *model.buffers()]
    seen = {tensor.untyped_storage().data_ptr() for tensor in tensors}
    sizes: list[int] = []

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in seen:
            seen.add(storage.data_ptr())
            sizes.append(storage.nbytes())
        return tensor.detach()

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        yield sizes
