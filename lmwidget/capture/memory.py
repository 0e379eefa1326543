"""What a forward pass keeps in memory, measured instead of guessed."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from lmwidget.errors import UnavailableError


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


_SMALL = 1 << 24  # bytes; not worth asking about
_CGROUP = Path("/sys/fs/cgroup")


def check_room(tensor: Tensor, what: str) -> None:
    """Refuse to go on when another tensor of this size would not fit: no process is to be killed.

    Parameters
    ----------
    tensor : Tensor
        Like the next one to be kept.
    what : str
        What is kept, for the message.

    Raises
    ------
    UnavailableError
        Says how large it is and what to do.

    Examples
    --------
    >>> import torch
    >>> check_room(torch.zeros(4), "This")
    """
    size = tensor.numel() * tensor.element_size()
    free = free_bytes(tensor.device) if size > _SMALL else None
    if free is not None and free < 2 * size:
        raise UnavailableError(
            f"{what}, {size / 1e9:.1f} GB a layer, and {free / 1e9:.1f} GB are free.",
            "Keep some layers only (layers=[0]), pass precision='half', or shorten the text.",
        )


def free_bytes(device: torch.device) -> int | None:
    """Return how much memory a device can still give.

    Parameters
    ----------
    device : torch.device
        CPU (Linux, the limits of a container included) or CUDA.

    Returns
    -------
    int or None
        Bytes; ``None`` where it is not known.

    Examples
    --------
    >>> import torch
    >>> free_bytes(torch.device("meta")) is None
    True
    """
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type != "cpu":
        return None
    found = []
    with contextlib.suppress(OSError, KeyError):
        found.append(_table(Path("/proc/meminfo"))["MemAvailable:"] * 1024)
    with contextlib.suppress(OSError, KeyError, ValueError):
        limit, used = ((_CGROUP / f"memory.{n}").read_text() for n in ("max", "current"))
        cached = _table(_CGROUP / "memory.stat")["inactive_file"]
        found.append(int(limit) - int(used) + cached)  # "max" is no number: no limit
    return min(found, default=None)


def _table(path: Path) -> dict[str, int]:
    lines = (line.split() for line in path.read_text().splitlines())
    return {line[0]: int(line[1]) for line in lines}


class Alive:
    """Bytes of tensors alive, and the most there were at once.

    Attributes
    ----------
    now, peak : int
        Bytes.
    """

    def __init__(self) -> None:
        self.now = self.peak = 0
        self._known: set[int] = set()

    def add(self, tensor: Tensor) -> None:
        """Count a tensor's memory until it is freed.

        Parameters
        ----------
        tensor : Tensor
            What an operation returned; views count nothing.
        """
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()  # noqa: SLF001
        if key in self._known:
            return
        self._known.add(key)
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._freed, key, size).atexit = False

    def _freed(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.now -= size


@contextmanager
def counting_alive() -> Iterator[Alive]:
    """Count the memory that operations allocate, at its peak.

    Yields
    ------
    Alive
        What is counted; memory inside a kernel is not seen.

    Examples
    --------
    >>> import torch
    >>> with counting_alive() as alive:
    ...     _ = torch.ones(10) + 1
    >>> alive.peak  # the ones and their sum
    80
    """
    alive = Alive()

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            del types
            inputs = {
                tensor.untyped_storage()._cdata  # noqa: SLF001
                for tensor in tree_leaves((args, kwargs))
                if isinstance(tensor, Tensor)
            }
            found = func(*args, **(kwargs or {}))
            for tensor in tree_leaves(found):
                if isinstance(tensor, Tensor) and tensor.untyped_storage()._cdata not in inputs:  # noqa: SLF001
                    alive.add(tensor)
            return found

    with Watch():
        yield alive
