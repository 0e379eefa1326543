"""What is kept of one attention call."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import torch
from torch import Tensor

from lmwidget.capture.kept.trace import Trace
from lmwidget.errors import UnavailableError

Rows = slice | Sequence[int]
ALL = slice(None)


@dataclass(frozen=True, eq=False, repr=False)
class Record(ABC):
    """One attention call of a model.

    Attributes
    ----------
    name : str
        The attention module, as in ``model.named_modules()``.
    call : int
        How many times that module had been called before in the same pass.
    value : Tensor or None, shape (batch, key head, key, channel)
        Values, kept only when asked for; each key head serves ``head / key head`` heads in a row.
    output : Tensor or None, shape (batch, head, query, channel)
        What the heads put out, weights times values; kept with the values.
    trace : Trace or None
        Where gradients are read, only when asked for.
    """

    name: str
    call: int
    value: Tensor | None = field(default=None, kw_only=True)
    output: Tensor | None = field(default=None, kw_only=True)
    trace: Trace | None = field(default=None, kw_only=True)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} {self.call}: {self.shape}>"

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int, int, int]:
        """Batch, heads, queries, keys."""

    @abstractmethod
    def weights(self, heads: Rows = ALL, rows: Rows = ALL) -> Tensor:
        """Return attention weights.

        Parameters
        ----------
        heads, rows : slice or sequence of int
            Heads and query positions to return, all by default.

        Returns
        -------
        Tensor of float32, shape (batch, head, query, key)
            Weights after softmax; a query that may see no key has a row of zeros.

        Raises
        ------
        UnavailableError
            When the weights could not be read exactly.
        """

    def gradient(self, heads: Rows = ALL, rows: Rows = ALL) -> Tensor:
        """Return the gradient of the target with respect to attention weights.

        Parameters
        ----------
        heads, rows : slice or sequence of int
            Heads and query positions to return, all by default.

        Returns
        -------
        Tensor of float32, shape (batch, head, query, key)
            Change of the target per unit of each weight, with no regard to how weights depend on
            each other.

        Raises
        ------
        UnavailableError
            When there was no backward pass, or when it could not be read.
        """
        found = None if self.trace is None else self.trace.gradient
        of_weights = self.trace is not None and self.trace.of == "weights"
        if found is None or not (of_weights or self.value is not None):
            self.weights(heads, [])  # says why, where there are no weights either
            raise UnavailableError(
                f"The gradient of the attention of {self.name or 'this model'} cannot be read.",
                "Look at another layer, or at saliency instead.",
            )
        exact = found.double() if found.dtype == torch.float64 else found.float()
        chosen = exact[:, heads][:, :, rows]
        if not of_weights:
            assert self.value is not None
            value = grouped(self.value, self.shape[1], heads).to(chosen.dtype)
            chosen = chosen @ value.transpose(-1, -2)
        return chosen.float()

    def compact(self, *, half: bool = False) -> Record:
        """Return the record with as little memory as it needs.

        Parameters
        ----------
        half : bool, default False
            Keep large tensors in 16 bits.

        Returns
        -------
        Record
            Gives the same weights; with ``half``, to about three digits.
        """
        del half
        return self

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The tensors that are kept, by field name."""
        return {k: v for k, v in self._fields() if isinstance(v, Tensor)}

    @property
    def settings(self) -> dict[str, Any]:
        """All other fields, by name."""
        return {k: v for k, v in self._fields() if not isinstance(v, Tensor)}

    def _fields(self) -> Iterator[tuple[str, Any]]:
        kept = (field for field in fields(self) if field.name != "trace")
        return ((field.name, getattr(self, field.name)) for field in kept)


@dataclass(frozen=True, eq=False, repr=False)
class UnavailableRecord(Record):
    """An attention call that could not be read exactly.

    Attributes
    ----------
    size : tuple of int
        Batch, heads, queries, keys.
    reason : str
        One sentence.
    """

    size: tuple[int, int, int, int]
    reason: str

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Batch, heads, queries, keys."""
        batch, heads, queries, keys = self.size
        return batch, heads, queries, keys

    def weights(self, heads: Rows = ALL, rows: Rows = ALL) -> Tensor:  # noqa: ARG002
        """Refuse: an approximate picture would mislead.

        Parameters
        ----------
        heads, rows : slice or sequence of int
            Ignored.

        Raises
        ------
        UnavailableError
            Always.
        """
        raise UnavailableError(self.reason, "Look at another layer, or at saliency instead.")


@dataclass(frozen=True, eq=False, repr=False)
class AsideRecord(UnavailableRecord):
    """A softmax that is not what tokens look at tokens with; shown only when there is nothing else.

    Weights that are not applied to values as they are: those of routers, or of modules that mix
    streams or layers.
    """


@dataclass(frozen=True, eq=False, repr=False)
class SkippedRecord(UnavailableRecord):
    """An attention call that was not asked for; it stands for its layer in the count of layers."""


@dataclass(frozen=True, eq=False, repr=False)
class DenseRecord(Record):
    """An attention call whose weights had to be kept whole.

    Attributes
    ----------
    probabilities : Tensor, shape (batch, head, query, key)
        Weights after softmax, in the model's own precision.
    """

    probabilities: Tensor

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Batch, heads, queries, keys."""
        batch, heads, queries, keys = self.probabilities.shape
        return batch, heads, queries, keys

    def compact(self, *, half: bool = False) -> DenseRecord:
        """Return the record with as little memory as it needs.

        Parameters
        ----------
        half : bool, default False
            Keep the weights as 16-bit floats.

        Returns
        -------
        DenseRecord
            Gives the same weights; with ``half``, to about three digits.
        """
        kept = self.probabilities
        small = kept.half() if half and kept.itemsize > 2 else kept
        others: dict[str, Any] = {
            k: own(v) for k, v in self.tensors.items() if k != "probabilities"
        }
        return replace(self, probabilities=small, **others)

    def weights(self, heads: Rows = ALL, rows: Rows = ALL) -> Tensor:
        """Return attention weights, float32, shape (batch, head, query, key).

        Parameters
        ----------
        heads, rows : slice or sequence of int
            Heads and query positions to return, all by default.

        Returns
        -------
        Tensor of float32, shape (batch, head, query, key)
            Weights after softmax.
        """
        return self.probabilities[:, heads][:, :, rows].float()


def grouped(tensor: Tensor, heads: int, chosen: Rows = ALL) -> Tensor:
    """Return the keys or values that each of the chosen heads uses.

    Parameters
    ----------
    tensor : Tensor, shape (batch, key head, key, channel)
        Keys or values.
    heads : int
        Number of query heads.
    chosen : slice or sequence of int
        Query heads wanted.

    Returns
    -------
    Tensor, shape (batch, chosen head, key, channel)
        A view where possible.

    Examples
    --------
    >>> grouped(torch.arange(2.0).reshape(1, 2, 1, 1), 4).flatten().tolist()
    [0.0, 0.0, 1.0, 1.0]
    """
    size = max(1, heads // tensor.shape[1])
    if size == 1:
        return tensor[:, chosen]
    return tensor[:, (torch.arange(heads, device=tensor.device) // size)[chosen]]


def own(tensor: Tensor) -> Tensor:
    """Return a tensor out of the graph, and without the memory that it is only a part of.

    Parameters
    ----------
    tensor : Tensor
        Perhaps a view.

    Returns
    -------
    Tensor
        Itself when it is all of its memory.

    Examples
    --------
    >>> own(torch.zeros(8)[:2]).untyped_storage().nbytes()
    8
    """
    whole, part = tensor.untyped_storage().nbytes(), tensor.numel() * tensor.element_size()
    return tensor.detach().clone() if whole > part else tensor.detach()
