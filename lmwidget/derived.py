"""Attention that was made from other weights, read with the methods of ``Attention``."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.capture.indexing import choose
from lmwidget.capture.weights import AttentionWeights, Weights
from lmwidget.errors import UnknownNameError, nearest
from lmwidget.tokens import Tokens

__all__ = ["DerivedAttention", "Weights"]


class DerivedAttention(AttentionWeights):
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
        for block in self._blocks(layer, heads):
            size = np.abs(block)
            best = np.argsort(-size, axis=-1, kind="stable")[..., :top]
            total = size.sum(-1)
            keys.append(best)
            weights.append(np.take_along_axis(block, best, -1))
            held = np.take_along_axis(size, best, -1).sum(-1)
            shares.append(np.minimum(held / np.where(total != 0, total, 1), 1).astype(np.float32))
        columns, values, share = (np.concatenate(part, 1) for part in (keys, weights, shares))
        return columns, values, share
