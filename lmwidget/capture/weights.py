"""Attention weights of layers and heads, read in one way however they come about."""

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
from lmwidget.errors import InputError, UnavailableError

if TYPE_CHECKING:
    import pandas as pd

    from lmwidget.tokens import Tokens

Weights = NDArray[np.float32]

_CHUNK = 1 << 22  # weights computed at once


class AttentionWeights(ABC):
    """Weights of layers and heads by index, by rows and columns, and as a table.

    A subclass sets the attributes and gives :meth:`_weights`; the rest follows from it, a block of
    queries at a time.

    Attributes
    ----------
    tokens : Tokens
        Tokens that look (queries).
    key_tokens : Tokens
        Tokens that are looked at; the same object in self-attention.
    kind : str
        ``"self"``, or ``"encoder"``, ``"decoder"``, ``"cross"``.
    kinds : tuple of str
        All kinds there are.
    model : str
        Name of the model.
    layer_numbers : tuple of int
        The model's own numbers of the layers.
    """

    tokens: Tokens
    key_tokens: Tokens
    kind: str
    kinds: tuple[str, ...]
    model: str
    layer_numbers: tuple[int, ...]
    _heads: tuple[int, ...]

    @abstractmethod
    def _weights(self, layer: int, heads: list[int], queries: list[int]) -> Any:
        """Return weights, shape (head, query, key), as :meth:`_in_numpy` takes them.

        Indices are from 0 and in range.
        """

    def _in_numpy(self, weights: Any) -> Weights:
        """Return some of what :meth:`_weights` gives as an array."""
        found: Weights = weights
        return found

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

        Raises
        ------
        UnknownNameError
            When there is no such layer.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.load("tiny").attention("the king said").heads(0)
        4
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

    def rows(self, layer: int, head: Any, query: Any) -> Weights:
        """Return some rows of some heads.

        Parameters
        ----------
        layer : int
            Layer, from 0.
        head : int, slice or sequence of int
            Heads.
        query : int, slice or sequence of int
            Query tokens.

        Returns
        -------
        ndarray of float32, shape (head, query, key)
            Axes given as one number are left out.

        Raises
        ------
        UnknownNameError
            When there is no such layer, head or token.
        UnavailableError
            When the attention of this layer could not be read exactly.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> attention = lmw.load("tiny").attention("the king said")
        >>> attention.rows(0, 0, 2).shape, attention.rows(0, 0, [1, 2]).shape
        ((4,), (2, 4))
        """
        layer = self._layer(layer)
        heads, one_head = choose(head, self._heads[layer], "head")
        queries, one_query = choose(query, len(self.tokens), "query token")
        weights = np.empty((len(heads), len(queries), len(self.key_tokens)), np.float32)
        start = 0
        for block in self._blocks(layer, heads, queries):
            weights[:, start : start + block.shape[1]] = self._in_numpy(block)
            start += block.shape[1]
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
            Computed for all heads together, a block of queries at a time.

        Raises
        ------
        UnknownNameError
            When there is no such layer.
        UnavailableError
            When the attention of this layer could not be read exactly.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.load("tiny").attention("the king said").layer_weights(0).shape
        (4, 4, 4)
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
            Without the first axis when one head was given as a number. All weights of the heads
            are computed on the way, a block of queries at a time.

        Raises
        ------
        UnknownNameError
            When there is no such layer, head or token.
        UnavailableError
            When the attention of this layer could not be read exactly.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.load("tiny").attention("the king said").columns(0, [0, 1], 2).shape
        (2, 4)
        """
        layer = self._layer(layer)
        heads, one_head = choose(head, self._heads[layer], "head")
        (column,), _ = choose(whole(key, "key token"), len(self.key_tokens), "key token")
        blocks = [self._in_numpy(block[:, :, column]) for block in self._blocks(layer, heads)]
        found = np.concatenate(blocks, axis=1)
        return found[0] if one_head else found

    def structure_scores(self) -> Weights:
        """Return how plainly each head looks back at something in particular.

        The strongest weight on another token, for up to 64 queries, less what that token gets from
        all of them on average; the mean over the better half, since many heads have work to do only
        in a part of the text. The first token and special tokens do not count, since many heads
        rest there; neighbours count half. So heads that find repetitions come out on top. Weights
        that may be negative count by their absolute value.

        Returns
        -------
        ndarray of float32, shape (layer, head)
            0 to 1 of shares of attention; NaN where a layer could not be read or has fewer heads.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.load("tiny").attention("the king said the king said").structure_scores().shape
        (2, 4)
        """
        readers = [self._reader(layer) for layer in range(len(self))]
        return structure_scores(self.tokens, self.key_tokens, readers, self.shape[1])

    def to_dataframe(
        self, layer: int | None = None, head: int | None = None, minimum: float = 0.0
    ) -> pd.DataFrame:
        """Return one row a weight.

        Parameters
        ----------
        layer, head : int, optional
            Only this layer, only this head; default: all.
        minimum : float, default 0.0
            Leave out weights whose absolute value is smaller. All weights of a long text are very
            many: layers × heads × queries × keys.

        Returns
        -------
        pandas.DataFrame
            Columns ``layer``, ``head``, ``query``, ``key``, ``query_token``, ``key_token``,
            ``weight``.

        Raises
        ------
        MissingDependencyError
            When pandas is not installed.
        UnknownNameError
            When there is no such layer or head.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> attention = lmw.load("tiny").attention("the king said")
        >>> len(attention.to_dataframe(layer=0, head=1))
        16
        """
        return weights_table(self, layer, head, minimum)

    def _layer(self, layer: Any) -> int:
        (index,), _ = choose(whole(layer, "layer"), len(self), "layer")
        return index

    def _blocks(
        self, layer: int, heads: list[int], queries: Sequence[int] | None = None
    ) -> Iterator[Any]:
        """Give weights of some queries at a time, shape (head, query, key); default: of all."""
        chosen = list(range(len(self.tokens)) if queries is None else queries)
        step = max(1, _CHUNK // max(1, len(heads) * len(self.key_tokens)))
        for start in range(0, len(chosen), step):
            yield self._weights(layer, heads, chosen[start : start + step])

    def _reader(self, layer: int) -> Callable[[list[int]], Weights] | None:
        """Return what reads rows of a layer; None where it could not be read exactly."""
        try:
            self.rows(layer, 0, 0)
        except UnavailableError:
            return None
        return partial(self.rows, layer, slice(None))

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        from lmwidget.widgets.attention_graph import AttentionGraph

        return AttentionGraph.from_result(cast("Any", self))._repr_mimebundle_(**kwargs)
