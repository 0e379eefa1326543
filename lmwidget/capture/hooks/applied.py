"""Tell attention from other softmaxes: its weights are applied to values as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

_PRODUCTS = {
    torch.matmul,
    Tensor.matmul,
    Tensor.__matmul__,
    torch.bmm,
    Tensor.bmm,
    torch.baddbmm,
    Tensor.baddbmm,
    torch.einsum,
}
# What copies weights without changing what they mean; views are found by their storage.
_COPIES = {
    F.dropout,
    torch.dropout,
    torch.clone,
    torch.masked_fill,
    torch.nan_to_num,
    torch.reshape,
    Tensor.bfloat16,
    Tensor.clone,
    Tensor.contiguous,
    Tensor.double,
    Tensor.float,
    Tensor.half,
    Tensor.masked_fill,
    Tensor.nan_to_num,
    Tensor.reshape,
    Tensor.to,
    Tensor.type,
    Tensor.type_as,
}


class Applied:
    """Follows weights from the softmax to the product with values.

    Examples
    --------
    >>> applied, weights, value = Applied(), torch.ones(1, 2, 2).softmax(-1), torch.eye(2)
    >>> applied.watch(weights, 7)
    >>> applied.follow(torch.matmul, (weights, value), weights @ value)
    [(7, tensor([[[0.5000, 0.5000],
             [0.5000, 0.5000]]]))]
    >>> list(applied.left())
    []
    """

    def __init__(self) -> None:
        self._watched: dict[int, tuple[Tensor, int]] = {}

    def __bool__(self) -> bool:
        return bool(self._watched)

    def watch(self, weights: Tensor, number: int) -> None:
        """Start to follow weights.

        Parameters
        ----------
        weights : Tensor
            What a softmax returned.
        number : int
            Returned by :meth:`follow` and :meth:`left`.
        """
        self._watched[_storage(weights)] = (weights, number)

    def follow(self, func: Any, args: Iterable[Any], output: Any) -> list[tuple[int, Tensor]]:
        """Look at a function of torch that was called.

        Parameters
        ----------
        func : callable
            The function.
        args : iterable
            Its arguments.
        output : Any
            What it returned.

        Returns
        -------
        list of (int, Tensor)
            Numbers of the weights that were applied, and the weights as they were applied.
        """
        found = []
        if func in _PRODUCTS:
            for tensor in _tensors(args):
                _, number = self._watched.get(_storage(tensor), (None, None))
                if number is not None:
                    found.append((number, tensor.detach()))
                    self._forget(number)
        elif func in _COPIES and isinstance(output, Tensor):
            _, number = self._watched.get(_storage(next(_tensors(args))), (None, None))
            if number is not None:
                self._watched[_storage(output)] = (output, number)
        return found

    def left(self) -> Iterator[int]:
        """Return the numbers of the weights that were applied to nothing, and forget them.

        Yields
        ------
        int
            Each once.
        """
        numbers = {number for _, number in self._watched.values()}
        self._watched.clear()
        yield from sorted(numbers)

    def _forget(self, number: int) -> None:
        self._watched = {k: v for k, v in self._watched.items() if v[1] != number}


def _tensors(args: Iterable[Any]) -> Iterator[Tensor]:
    for arg in args:
        if isinstance(arg, Tensor):
            yield arg
        elif isinstance(arg, (list, tuple)):
            yield from _tensors(arg)


def _storage(tensor: Tensor) -> int:
    try:
        return tensor.untyped_storage().data_ptr()
    except (NotImplementedError, RuntimeError):  # sparse and quantised tensors have none
        return -1
