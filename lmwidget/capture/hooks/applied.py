"""Tell attention from other softmaxes: its weights are applied to values as they are."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from operator import mul
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


@dataclass(frozen=True)
class _Watched:
    """Weights, for whom, and the axis of their keys: its stride and size, which views keep."""

    weights: Tensor
    target: Hashable
    stride: int
    size: int

    def axes(self, view: Tensor) -> list[int]:
        """Return where the keys may stand; several only when there are axes of size 1."""
        shape, strides = view.shape, view.stride()
        return [i for i in range(view.dim()) if strides[i] == self.stride and shape[i] <= self.size]


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
        self._watched: dict[int, _Watched] = {}
        self._changed: set[Hashable] = set()

    def __bool__(self) -> bool:
        return bool(self._watched)

    def watch(self, weights: Tensor, target: Hashable, axis: int = -1) -> None:
        """Start to follow weights.

        Parameters
        ----------
        weights : Tensor
            What a softmax returned.
        target : hashable
            Returned by :meth:`follow` and :meth:`left`.
        axis : int, default -1
            Of the keys.
        """
        if weights.layout == torch.strided:
            seen = _Watched(weights, target, weights.stride(axis), weights.shape[axis])
            self._watched[_storage(weights)] = seen

    def follow(self, func: Any, args: Iterable[Any], output: Any) -> list[tuple[Any, Tensor]]:
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
        list of (hashable, Tensor)
            For whom weights were applied, and the weights as they were applied, keys last. A
            product that does not sum over the keys, as that of talking heads, applies nothing.
        """
        found, args = [], list(args)
        for place, tensor in enumerate(_tensors(args)):
            seen = self._watched.get(_storage(tensor))
            if seen is None or not isinstance(output, Tensor):
                continue
            axes = seen.axes(tensor)
            if func in _PRODUCTS:
                summed = _summed(func, args, place, tensor)
                axis = next((i for i in reversed(axes) if summed is None or i in summed), None)
                if axis is not None:
                    found.append((seen.target, tensor.detach().movedim(axis, -1)))
                    self._forget(seen.target)
                else:
                    self._changed.add(seen.target)
            elif _storage(output) == _storage(tensor):
                continue
            elif func in _COPIES and place == 0 and axes:
                last = output.dim() - 1 if axes[-1] == tensor.dim() - 1 else axes[-1]
                if output.shape == tensor.shape or output.shape[-1] == tensor.shape[axes[-1]]:
                    self.watch(output, seen.target, last)
            elif output.shape == tensor.shape and output.is_floating_point():
                self._changed.add(seen.target)
        return found

    def stop(self, target: Hashable) -> bool:
        """Follow some weights no longer.

        Parameters
        ----------
        target : hashable
            As given to :meth:`watch`.

        Returns
        -------
        bool
            Whether they were changed and, until now, not applied.
        """
        changed = target in self._changed
        left = any(seen.target == target for seen in self._watched.values())
        self._forget(target)
        return left and changed

    def left(self) -> Iterator[Any]:
        """Return for whom weights were applied to nothing, and forget them.

        Yields
        ------
        hashable
            Each once.
        """
        targets = dict.fromkeys(seen.target for seen in self._watched.values())
        self._watched.clear()
        yield from targets

    def _forget(self, target: Hashable) -> None:
        self._watched = {k: seen for k, seen in self._watched.items() if seen.target != target}
        self._changed.discard(target)


def _summed(func: Any, args: list[Any], place: int, tensor: Tensor) -> set[int] | None:
    """Over which axes of one of its factors a product sums; None when that is not known."""
    if func is torch.einsum:
        return _summed_by_einsum(args[0], place, tensor.dim())
    if func in (torch.baddbmm, Tensor.baddbmm):
        place -= 1
    return {0: {tensor.dim() - 1}, 1: {max(tensor.dim() - 2, 0)}}.get(place, set())


def _summed_by_einsum(equation: Any, place: int, count: int) -> set[int] | None:
    if not isinstance(equation, str):
        return None
    given, arrow, kept = equation.replace(" ", "").partition("->")
    letters = given.split(",")[place]
    if not arrow:  # what stands there once is kept
        kept = "".join(x for x in given if given.count(x) == 1)
    before, _, after = letters.partition("...")
    axes = [*enumerate(before), *((count - len(after) + i, x) for i, x in enumerate(after))]
    return {i for i, x in axes if x not in kept}


def as_applied(weights: Tensor, applied: Tensor) -> Tensor | None:
    """Return weights as they were applied, with the axes that they had after the softmax.

    Parameters
    ----------
    weights : Tensor, shape (..., query, key)
        What the softmax returned.
    applied : Tensor, shape (..., key)
        What was applied: masked once more, without the column of a sink, axes merged or moved.

    Returns
    -------
    Tensor or None
        None when axes were moved and the weights were changed, so that nothing says which is which.

    Examples
    --------
    >>> as_applied(torch.ones(1, 2, 3, 3), torch.zeros(2, 3, 3)).shape
    torch.Size([1, 2, 3, 3])
    """
    *rows, _ = weights.shape
    ours, theirs = set(accumulate(rows, mul)), set(accumulate(applied.shape[:-1], mul))
    if max(ours) == max(theirs) and (ours <= theirs or theirs <= ours):  # merged, or split
        return applied.reshape(*rows, -1)
    tolerance = 1e-5 if applied.dtype in (torch.float32, torch.float64) else 1e-2
    unchanged = bool(((applied.sum(-1) - 1).abs() <= tolerance).all())
    return weights if unchanged else None


def same_where_applied(output: Tensor, applied: Tensor) -> bool:
    """Return whether a softmax was applied as it is, but for weights that were set to 0.

    Then the gradient with respect to either is the same, wherever there is a weight.

    Parameters
    ----------
    output, applied : Tensor, shape (batch, head, query, key)
        Weights after the softmax, and as they were applied.

    Returns
    -------
    bool
        False when they were scaled, or mixed.

    Examples
    --------
    >>> weights = torch.tensor([0.25, 0.75])
    >>> same_where_applied(weights, weights * torch.tensor([0.0, 1.0]))
    True
    >>> same_where_applied(weights, weights * 2)
    False
    """
    if output.shape != applied.shape:
        return False
    same = output.to(applied.dtype) == applied
    return bool((same | (applied == 0) | applied.isnan()).all())


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
