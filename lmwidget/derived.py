"""Attention that was made from other weights, read with the methods of ``Attention``."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from lmwidget.capture.indexing import choose, whole
from lmwidget.capture.structure import structure_scores
from lmwidget.capture.tables import weights_table
from lmwidget.errors import InputError, UnavailableError, UnknownNameError, nearest
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    import pandas as pd

Weights = NDArray[np.float32]

_CHUNK = 1 << 22  # weights computed at once


class DerivedAttention(ABC):
    """Weights of layers and heads that are no record of a model: combined, compared, renormalised.

    Every widget of attention takes one in place of an :class:`lmwidget.Attention`. A subclass gives
    :meth:`_weights`; the rest follows from it.

    Parameters
    ----------
    tokens : Tokens
        What looks (queries).
    key_tokens : Tokens
        What is looked at; the same object in self-attention.
    heads : sequence of int
        Number of heads of each layer.
    kind : str, default "self"
        Kind of attention.
    model : str, default ""
        Name of the model.
    layer_numbers : sequence of int, optional
        The model's own numbers of the layers; default: 0, 1, 2, …
    note : str, default ""
        One sentence for the figure's caption: what was done to the weights.

    Attributes
    ----------
    signed : bool
        Whether weights may be negative, as in a difference.
    title : str
        What a figure of it is called.
    unit : str
        What a weight is: ``"share"`` of a head's attention (0 to 1, or a difference of such shares),
        else the name of another quantity, as ``"norm"``.
    """

    signed = False
    title = "Attention"
    unit = "share"

    def __init__(
        self,
        tokens: Tokens,
        key_tokens: Tokens,
        heads: Sequence[int],
        *,
        kind: str = "self",
        model: str = "",
        layer_numbers: Sequence[int] | None = None,
        note: str = "",
    ) -> None:
        self.tokens, self.key_tokens = tokens, key_tokens
        self.kind = kind
        self.kinds: tuple[str, ...] = (kind,)
        self.model, self.note = model, note
        self.layer_numbers = tuple(range(len(heads)) if layer_numbers is None else layer_numbers)
        self._heads = tuple(heads)

    @abstractmethod
    def _weights(self, layer: int, heads: list[int], queries: list[int]) -> Weights:
        """Return weights, shape (head, query, key); indices are from 0 and in range."""

    def __repr__(self) -> str:
        layers, heads, queries, keys = self.shape
        size = f"{layers} layers × {heads} heads × {queries} queries × {keys} keys"
        return f"<{type(self).__name__} {self.kind}: {size}, {self.model}>"

    def __len__(self) -> int:
        return len(self._heads)

    def __iter__(self) -> Iterator[Weights]:
        return (self.layer_weights(layer) for layer in range(len(self)))

    def __getitem__(self, index: Any) -> Weights:
        if not isinstance(index, tuple):
            return self.layer_weights(index)
        if len(index) != 2:
            raise InputError(
                "Attention takes [layer] or [layer, head].",
                "For single queries use attention.rows(layer, head, query).",
            )
        return self.rows(*index, slice(None))

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Layers, heads, queries, keys; where layers differ, the most heads of any layer."""
        return len(self), max(self._heads), len(self.tokens), len(self.key_tokens)

    def heads(self, layer: int) -> int:
        """Return the number of heads of a layer.

        Parameters
        ----------
        layer : int
            Layer, from 0.

        Returns
        -------
        int
            Number of heads.
        """
        return self._heads[self._layer(layer)]

    @cached_property
    def causal(self) -> bool:
        """Whether tokens look only at themselves and at earlier tokens."""
        if self.key_tokens is not self.tokens:
            return False
        rows = np.unique(np.linspace(0, len(self.tokens) - 1, 8).astype(int)).tolist()
        future = np.arange(len(self.tokens)) > np.asarray(rows)[:, None]
        for layer in range(len(self)):
            with contextlib.suppress(UnavailableError):
                weights = self.rows(layer, slice(None), rows)
                return not bool((np.nan_to_num(weights)[:, future] != 0).any())
        return False

    def select(self, kind: str) -> DerivedAttention:
        """Return itself: there is one kind.

        Parameters
        ----------
        kind : str
            The kind that it has.

        Returns
        -------
        DerivedAttention
            Itself.

        Raises
        ------
        UnknownNameError
            For another kind.
        """
        if kind != self.kind:
            raise UnknownNameError(
                f"There is no {kind!r} attention here.", nearest(kind, self.kinds)
            )
        return self

    def rows(self, layer: int, head: Any, query: Any) -> Weights:
        """Return some rows of some heads.

        Parameters
        ----------
        layer : int
            Layer, from 0.
        head, query : int, slice or sequence of int
            Heads and query tokens.

        Returns
        -------
        ndarray of float32, shape (head, query, key)
            Axes given as one number are left out.
        """
        layer = self._layer(layer)
        heads, one_head = choose(head, self._heads[layer], "head")
        queries, one_query = choose(query, len(self.tokens), "query token")
        weights = np.empty((len(heads), len(queries), len(self.key_tokens)), np.float32)
        for start, block in self._blocks(layer, heads, queries):
            weights[:, start : start + block.shape[1]] = block
        return weights[0 if one_head else slice(None), 0 if one_query else slice(None)]

    def layer_weights(self, layer: int) -> Weights:
        """Return all heads of a layer.

        Parameters
        ----------
        layer : int
            Layer, from 0.

        Returns
        -------
        ndarray of float32, shape (head, query, key)
            Computed a block of queries at a time.
        """
        return self.rows(layer, slice(None), slice(None))

    def columns(self, layer: int, head: Any, key: int) -> Weights:
        """Return how much every token looks at one token.

        Parameters
        ----------
        layer : int
            Layer, from 0.
        head : int, slice or sequence of int
            Heads.
        key : int
            The token that is looked at.

        Returns
        -------
        ndarray of float32, shape (head, query)
            Without the first axis when one head was given as a number.
        """
        layer = self._layer(layer)
        heads, one_head = choose(head, self._heads[layer], "head")
        (column,), _ = choose(whole(key, "key token"), len(self.key_tokens), "key token")
        blocks = self._blocks(layer, heads, list(range(len(self.tokens))))
        found = np.concatenate([block[:, :, column] for _, block in blocks], axis=1)
        return found[0] if one_head else found

    def strongest(
        self, layer: int, head: Any, top: int
    ) -> tuple[NDArray[np.int64], Weights, Weights]:
        """Return each token's strongest edges, by absolute weight.

        Parameters
        ----------
        layer : int
            Layer, from 0.
        head : int, slice or sequence of int
            Heads.
        top : int
            How many keys of each query.

        Returns
        -------
        keys : ndarray of int64, shape (head, query, edge)
            The tokens looked at, the strongest first.
        weights : ndarray of float32, shape (head, query, edge)
            Their weights.
        share : ndarray of float32, shape (head, query)
            How much of the query's whole absolute weight they hold, 0 to 1.
        """
        layer = self._layer(layer)
        heads, _ = choose(head, self._heads[layer], "head")
        keys, weights, shares = [], [], []
        for _, block in self._blocks(layer, heads, list(range(len(self.tokens)))):
            size = np.abs(block)
            best = np.argsort(-size, axis=-1, kind="stable")[..., :top]
            total = size.sum(-1)
            keys.append(best)
            weights.append(np.take_along_axis(block, best, -1))
            held = np.take_along_axis(size, best, -1).sum(-1)
            shares.append(np.minimum(held / np.where(total != 0, total, 1), 1).astype(np.float32))
        columns, values, share = (np.concatenate(part, 1) for part in (keys, weights, shares))
        return columns, values, share

    def structure_scores(self) -> Weights:
        """Return how plainly each head looks back at something in particular.

        Returns
        -------
        ndarray of float32, shape (layer, head)
            As :meth:`lmwidget.Attention.structure_scores`, of absolute weights.
        """
        readers = [self._reader(layer) for layer in range(len(self))]
        return structure_scores(self.tokens, self.key_tokens, readers, self.shape[1])

    def _reader(self, layer: int) -> Callable[[list[int]], Weights] | None:
        """Return what reads rows of a layer; None where it could not be read exactly."""
        try:
            self.rows(layer, 0, 0)
        except UnavailableError:
            return None
        return partial(self.rows, layer, slice(None))

    def to_dataframe(
        self, layer: int | None = None, head: int | None = None, minimum: float = 0.0
    ) -> pd.DataFrame:
        """Return one row a weight.

        Parameters
        ----------
        layer, head : int, optional
            Only this layer, only this head; default: all.
        minimum : float, default 0.0
            Leave out weights whose absolute value is smaller.

        Returns
        -------
        pandas.DataFrame
            Columns as of :meth:`lmwidget.Attention.to_dataframe`.

        Raises
        ------
        MissingDependencyError
            When pandas is not installed.
        """
        return weights_table(self, layer, head, minimum)

    def _layer(self, layer: Any) -> int:
        (index,), _ = choose(whole(layer, "layer"), len(self), "layer")
        return index

    def _blocks(
        self, layer: int, heads: list[int], queries: list[int]
    ) -> Iterator[tuple[int, Weights]]:
        """Weights of some queries at a time, with the place of the first."""
        step = max(1, _CHUNK // max(1, len(heads) * len(self.key_tokens)))
        for start in range(0, len(queries), step):
            yield start, self._weights(layer, heads, queries[start : start + step])

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        from lmwidget.widgets.attention_graph import AttentionGraph

        return AttentionGraph.from_result(cast("Any", self))._repr_mimebundle_(**kwargs)
