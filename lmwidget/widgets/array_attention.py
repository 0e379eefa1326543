"""Attention weights that were computed elsewhere, read like our own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lmwidget.derived import DerivedAttention, Weights
from lmwidget.errors import InputError
from lmwidget.tokens import Tokens

_SLACK = 1e-3  # what 16 bits lose


class ArrayAttention(DerivedAttention):
    """Dense weights with the reading methods of :class:`lmwidget.Attention`.

    Parameters
    ----------
    weights : ndarray of float32, shape (layer, head, query, key)
        Attention weights.
    tokens, key_tokens : Tokens
        Queries and keys.

    Attributes
    ----------
    weights : ndarray of float32, shape (layer, head, query, key)
        As given.
    """

    def __init__(self, weights: NDArray[np.float32], tokens: Tokens, key_tokens: Tokens) -> None:
        layers, heads = weights.shape[:2]
        super().__init__(tokens, key_tokens, [heads] * layers)
        self.weights = weights

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

    @cached_property
    def causal(self) -> bool:
        """Whether no query looks ahead: every weight above the diagonal is zero."""
        return not np.triu(np.nan_to_num(self.weights), 1).any()

    def _weights(self, layer: int, heads: list[int], queries: list[int]) -> Weights:
        chosen: Weights = self.weights[layer][np.ix_(heads, queries)]
        return chosen


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

    Raises
    ------
    InputError
        When they are no numbers.

    Examples
    --------
    >>> plain_array([1, 2]).dtype
    dtype('float32')
    """
    if hasattr(values, "detach"):
        values = values.detach().float().cpu().numpy()
    try:
        return np.asarray(values, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"A {type(values).__name__} was given that holds no numbers.",
            "Give an array, a tensor, or a list of numbers.",
        ) from error


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

    Raises
    ------
    InputError
        When they are no strings.

    Examples
    --------
    >>> plain_tokens(["so", " bad"]).text
    'so bad'
    """
    return tokens if isinstance(tokens, Tokens) else Tokens.from_pieces(plain_strings(tokens))


def plain_strings(tokens: Any) -> list[str]:
    """Return tokens that are given as strings.

    Parameters
    ----------
    tokens : sequence of str
        One a token.

    Returns
    -------
    list of str
        The same.

    Raises
    ------
    InputError
        For anything else, such as ids, or one string for all.

    Examples
    --------
    >>> plain_strings(("so", " bad"))
    ['so', ' bad']
    """
    several = hasattr(tokens, "__iter__") and not isinstance(tokens, str | bytes)
    found: list[str] = list(tokens) if several else []
    if not several or not all(isinstance(piece, str) for piece in found):
        raise InputError(
            f"Tokens of type {type(tokens).__name__} are no list of strings.",
            'Give tokens=: lm.tokenize(text), or a list of str such as ["The", " cat"].',
        )
    return found
