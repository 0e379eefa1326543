"""What is kept of one attention call."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from torch import Tensor

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
    """

    name: str
    call: int

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
        return ((field.name, getattr(self, field.name)) for field in fields(self))


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
        return replace(self, probabilities=kept.half() if half and kept.itemsize > 2 else kept)

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
