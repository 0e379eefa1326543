"""How much of a graph fits in memory: what is computed again, and how many points go together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lmwidget.attribution.budget import DEFAULT_MEMORY
from lmwidget.capture.blocks import compute_again, kept_bytes, stacks
from lmwidget.capture.memory import counting_saved, free_bytes
from lmwidget.errors import UnavailableError

# A graph of this size is kept whole. Of larger ones blocks are computed again, which takes at most
# a third more time, and a small part of the memory.
_COMFORTABLE = 80 << 20
_SMALL = 1 << 26  # bytes; smaller graphs are not measured beforehand
_KEPT = 40  # bytes a token, block and dimension: typical of a graph without weights
_PROBES = (12, 24, 48)  # tokens
_WORKING = 1.25  # what a backward pass needs of the graph's size, the graph included
_TOKENS = 128  # in one pass on a processor: larger batches are no faster, and cost memory
_MOST = 64  # texts in one pass


def economise(
    model: nn.Module, inputs: dict[str, Any], forward: Callable[[dict[str, Any]], Any], most: int
) -> int:
    """Prepare a model for a graph within a budget, before the first pass over a long text.

    Three short passes tell how the graph grows with the text. Where it is large, enough blocks are
    computed again on the way back that the rest is small. Call it under
    :func:`lmwidget.capture.guard.as_found`.

    Parameters
    ----------
    model : torch.nn.Module
        The model.
    inputs : dict
        Arguments of the pass that is planned.
    forward : callable
        Makes a pass, given such arguments.
    most : int
        Bytes that one pass with its backward pass may take.

    Returns
    -------
    int
        Bytes that the graph is expected to keep; 0 when it is small.

    Raises
    ------
    UnavailableError
        When not even one pass fits in what is free, or in ``most`` if the user named it.
    """
    width = _width(model)
    count = inputs["input_ids"].shape[1]
    blocks = [block for stack in stacks(model) for block in stack]
    if _KEPT * width * count * max(len(blocks), 1) < _SMALL or count <= _PROBES[-1]:
        return 0
    whole = _expected(model, inputs, forward, count)
    if whole is None:
        return 0
    border = 4 * width * count
    target = min(_COMFORTABLE, int(most / _WORKING))
    kept = [kept_bytes(whole, len(blocks), border, again) for again in range(len(blocks) + 1)]
    again = next((i for i, size in enumerate(kept) if size <= target), int(np.argmin(kept)))
    _check_room(inputs["input_ids"].device, kept[again], most)
    # Every so many, so that the memory falls evenly on the way back.
    chosen = {i * len(blocks) // again for i in range(again)} if again else set()
    compute_again([blocks[i] for i in sorted(chosen)])
    return kept[again]


def points_together(count: int, kept: int, most: int, device: torch.device) -> int:
    """Return how many points go in one pass.

    Parameters
    ----------
    count : int
        Tokens of one.
    kept : int
        Bytes of the graph of one.
    most : int
        Bytes that one pass with its backward pass may take.
    device : torch.device
        Where it runs; on a processor larger batches are no faster.

    Returns
    -------
    int
        At least one.

    Examples
    --------
    >>> points_together(32, 20_000_000, 1 << 30, torch.device("cpu"))
    4
    >>> points_together(32, 20_000_000, 50_000_000, torch.device("cpu"))
    2
    """
    fits = int(most / max(_WORKING * kept, 1))
    fast = _TOKENS // count if device.type == "cpu" else _MOST
    return max(1, min(fits, fast, _MOST))


def _expected(
    model: nn.Module, inputs: dict[str, Any], forward: Callable[[dict[str, Any]], Any], count: int
) -> int | None:
    """Bytes of the graph of a pass, from the parabola through three short ones."""
    sizes = []
    for size in _PROBES:
        short = {
            name: value[:, :size] if _by_token(value, count) else value
            for name, value in inputs.items()
        }
        try:
            with counting_saved(model) as kept:
                forward(short)
        except Exception:  # noqa: BLE001, some modules refuse short texts
            return None
        sizes.append(sum(kept))
    parabola = np.polynomial.Polynomial.fit(_PROBES, sizes, 2)
    return int(max(parabola(count), sizes[-1]))


def _check_room(device: torch.device, kept: int, most: int) -> None:
    needed, free = _WORKING * kept, free_bytes(device)
    if free is not None and needed > free:
        raise UnavailableError(
            f"The gradient of this text needs {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are "
            "free.",
            "Shorten the text, or choose a method without gradients, such as 'leave_one_out'.",
        )
    if needed > most and most != DEFAULT_MEMORY:
        raise UnavailableError(
            f"The gradient of this text needs {needed / 1e6:.0f} MB, and max_memory is "
            f"{most / 1e6:.0f} MB.",
            f"Give max_memory='{needed / 1e6 + 1:.0f} MB', or shorten the text.",
        )


def _by_token(value: Any, count: int) -> bool:
    return isinstance(value, Tensor) and value.dim() == 2 and value.shape[1] == count


def _width(model: nn.Module) -> int:
    """Largest width of an embedding."""
    tables = [m for m in model.modules() if isinstance(m, nn.Embedding)]
    return max((table.embedding_dim for table in tables), default=0)
