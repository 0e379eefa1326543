"""Attention weights that were computed elsewhere, read like our own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lmwidget.errors import InputError
from lmwidget.tokens import Tokens

_SLACK = 1e-3  # what 16 bits lose


@dataclass(frozen=True)
class ArrayAttention:
    """Dense weights with the reading methods of :class:`lmwidget.Attention`.

    Attributes
    ----------
    weights : ndarray of float32, shape (layer, head, query, key)
        Attention weights.
    tokens, key_tokens : Tokens
        Queries and keys.
    """

    weights: NDArray[np.float32]
    tokens: Tokens
    key_tokens: Tokens

    kind = "self"
    kinds = ("self",)
    model = ""

    @classmethod
    def from_arrays(
        cls,
        weights: ArrayLike,
        tokens: Tokens | Sequence[str],
        key_tokens: Tokens | Sequence[str] | None = None,
    ) -> ArrayAttention:
        """Return attention from plain arrays.

        Parameters
        ----------
        weights : array_like, shape ([[layer,] head,] query, key)
            Attention weights, 0 to 1; a tensor is taken to the CPU.
        tokens, key_tokens : Tokens or sequence of str
            Queries, and keys when they are others.

        Returns
        -------
        ArrayAttention
            The same weights.

        Raises
        ------
        InputError
            When shapes disagree.

        Examples
        --------
        >>> import numpy as np
        >>> ArrayAttention.from_arrays(np.eye(2), ["a", "b"]).shape
        (1, 1, 2, 2)
        """
        array = plain_array(weights)
        if not 2 <= array.ndim <= 4:
            raise InputError(
                f"Weights of shape {array.shape} are no attention.",
                "Give an array of shape (layer, head, query, key).",
            )
        array = array.reshape((1,) * (4 - array.ndim) + array.shape)
        queries = plain_tokens(tokens)
        keys = queries if key_tokens is None else plain_tokens(key_tokens)
        if array.shape[2:] != (len(queries), len(keys)):
            raise InputError(
                f"Weights of shape {array.shape} do not fit {len(queries)} queries and "
                f"{len(keys)} keys.",
                "The last two axes are (query, key).",
            )
        low, high = (float(pick(array, initial=0.0)) for pick in (np.nanmin, np.nanmax))
        if low < -_SLACK or high > 1 + _SLACK:
            raise InputError(
                f"Weights from {low:.3g} to {high:.3g} are no attention, which goes from 0 to 1.",
                "Give the weights after the softmax over the keys.",
            )
        return cls(array, queries, keys)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Layers, heads, queries and keys.

        Returns
        -------
        tuple of int
            Four numbers.

        Examples
        --------
        >>> ArrayAttention.from_arrays([[1.0]], ["a"]).shape
        (1, 1, 1, 1)
        """
        layers, heads, queries, keys = self.weights.shape
        return layers, heads, queries, keys

    @property
    def layer_numbers(self) -> tuple[int, ...]:
        """Number of each layer.

        Returns
        -------
        tuple of int
            0, 1, 2, …

        Examples
        --------
        >>> ArrayAttention.from_arrays([[1.0]], ["a"]).layer_numbers
        (0,)
        """
        return tuple(range(len(self.weights)))

    @property
    def causal(self) -> bool:
        """Whether no query looks ahead.

        Returns
        -------
        bool
            True when every weight above the diagonal is zero.

        Examples
        --------
        >>> ArrayAttention.from_arrays([[1.0]], ["a"]).causal
        True
        """
        return not np.triu(np.nan_to_num(self.weights), 1).any()

    def heads(self, layer: int) -> int:  # noqa: ARG002
        """Return the number of heads of a layer.

        Parameters
        ----------
        layer : int
            Index of the layer.

        Returns
        -------
        int
            The same for every layer.

        Examples
        --------
        >>> ArrayAttention.from_arrays([[1.0]], ["a"]).heads(0)
        1
        """
        return int(self.weights.shape[1])

    def __getitem__(self, index: Any) -> NDArray[np.float32]:
        chosen: NDArray[np.float32] = self.weights[index]
        return chosen

    def rows(self, layer: int, head: int, query: Any) -> NDArray[np.float32]:
        """Return some rows of one head.

        Parameters
        ----------
        layer, head : int
            Which head.
        query : int or slice
            Which queries.

        Returns
        -------
        ndarray of float32, shape ([query,] key)
            Attention weights.

        Examples
        --------
        >>> ArrayAttention.from_arrays([[1.0]], ["a"]).rows(0, 0, 0)
        array([1.], dtype=float32)
        """
        chosen: NDArray[np.float32] = self.weights[layer, head, query]
        return chosen

    def columns(self, layer: int, head: Any, key: int) -> NDArray[np.float32]:
        """Return how much every token looks at one token.

        Parameters
        ----------
        layer : int
            Index of the layer.
        head : int or list of int
            Which heads.
        key : int
            The token that is looked at.

        Returns
        -------
        ndarray of float32, shape ([head,] query)
            Attention weights.

        Examples
        --------
        >>> ArrayAttention.from_arrays([[1.0]], ["a"]).columns(0, 0, 0)
        array([1.], dtype=float32)
        """
        chosen: NDArray[np.float32] = self.weights[layer, head][..., key]
        return chosen

    def strongest(
        self, layer: int, head: list[int], top: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
        """Return each token's strongest edges.

        Parameters
        ----------
        layer : int
            Index of the layer.
        head : list of int
            Which heads.
        top : int
            How many keys of each query.

        Returns
        -------
        keys : ndarray of int64, shape (head, query, edge)
            The tokens looked at.
        weights : ndarray of float32, shape (head, query, edge)
            Their weights.
        share : ndarray of float32, shape (head, query)
            How much of the query's whole weight they hold.

        Examples
        --------
        >>> ArrayAttention.from_arrays([[0.2, 0.8], [1, 0]], ["a", "b"]).strongest(0, [0], 1)[0]
        array([[[1],
                [0]]])
        """
        weights = self.weights[layer, head]
        keys = np.argsort(-weights, axis=-1, kind="stable")[..., :top]
        values = np.take_along_axis(weights, keys, -1)
        total = weights.sum(-1)
        return keys, values, values.sum(-1) / np.where(total != 0, total, 1)

    def structure_scores(self) -> NDArray[np.float32]:
        """Return how much each head has to show.

        Returns
        -------
        ndarray of float32, shape (layer, head)
            Mean over queries of the largest weight off the diagonal and the first key.

        Examples
        --------
        >>> ArrayAttention.from_arrays([[1.0]], ["a"]).structure_scores().shape
        (1, 1)
        """
        weights = self.weights.copy()
        diagonal = np.arange(min(weights.shape[2:]))
        weights[:, :, diagonal, diagonal] = 0
        weights[..., 0] = 0
        scores: NDArray[np.float32] = weights.max(axis=-1).mean(axis=-1)
        return scores

    def select(self, kind: str) -> ArrayAttention:  # noqa: ARG002
        """Return itself: there is one kind.

        Parameters
        ----------
        kind : str
            ``"self"``.

        Returns
        -------
        ArrayAttention
            Itself.

        Examples
        --------
        >>> ArrayAttention.from_arrays([[1.0]], ["a"]).select("self").kind
        'self'
        """
        return self


def plain_array(values: Any) -> NDArray[np.float32]:
    """Return numbers as float32, a tensor taken from its device and graph.

    Parameters
    ----------
    values : array_like or Tensor
        Numbers.

    Returns
    -------
    ndarray of float32
        The same shape.

    Examples
    --------
    >>> plain_array([1, 2]).dtype
    dtype('float32')
    """
    if hasattr(values, "detach"):
        values = values.detach().float().cpu().numpy()
    return np.asarray(values, dtype=np.float32)


def plain_tokens(tokens: Tokens | Sequence[str]) -> Tokens:
    """Return tokens from plain strings, or tokens as they are.

    Parameters
    ----------
    tokens : Tokens or sequence of str
        Strings are put one after the other; ``Ġ``, ``▁`` and ``##`` marks are not interpreted.

    Returns
    -------
    Tokens
        One token a string.

    Examples
    --------
    >>> plain_tokens(["so", " bad"]).text
    'so bad'
    """
    if isinstance(tokens, Tokens):
        return tokens
    return Tokens.from_pieces([str(piece) for piece in tokens])
