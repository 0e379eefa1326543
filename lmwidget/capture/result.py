"""All attention of one pass, as a plain result that computes a head when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lmwidget.capture import saved
from lmwidget.capture.indexing import as_slice, choose
from lmwidget.capture.kept.records import Record
from lmwidget.capture.layers import Layers
from lmwidget.capture.weights import AttentionWeights, Weights
from lmwidget.errors import UnknownNameError, nearest


class Attention(AttentionWeights):
    """Attention weights of every layer and head, computed when they are asked for.

    ``attention[layer, head]`` is one head, ``attention[layer]`` all heads of a layer,
    ``attention[layer, [0, 3]]`` some of them. Row ``i`` holds how token ``i`` spreads its attention
    over the tokens; it sums to 1 unless the model has attention sinks of its own. Layers are
    counted from 0 among those that have attention; ``layer_numbers`` holds the model's own numbers.

    Parameters
    ----------
    parts : mapping of str to Layers
        Layers by kind.
    kind : str, optional
        The kind shown; default: the first.
    model : str, default ""
        Name of the model.
    cost : mapping, optional
        ``seconds``, ``passes`` and ``bytes`` held.

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
    cost : dict
        ``seconds``, ``passes`` and ``bytes`` held.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> attention = lmw.load("tiny").attention("the king said")
    >>> attention[1, 0].shape, attention[1].shape, attention[1, [0, 2]].shape
    ((4, 4), (4, 4, 4), (2, 4, 4))
    """

    def __init__(
        self,
        parts: Mapping[str, Layers],
        kind: str | None = None,
        *,
        model: str = "",
        cost: Mapping[str, float] | None = None,
    ) -> None:
        self._parts = dict(parts)
        self.kinds = tuple(self._parts)
        self.kind = self.kinds[0] if kind is None else kind
        if self.kind not in self._parts:
            raise UnknownNameError(
                f"There is no {kind!r} attention here.", nearest(kind, self.kinds)
            )
        layers = self._parts[self.kind]
        self.tokens, self.key_tokens = layers.tokens, layers.key_tokens
        self.layer_numbers = layers.numbers
        self.model, self.cost = model, dict(cost or {})
        self._records: tuple[Record, ...] = layers.records
        self._heads = tuple(record.shape[1] for record in self._records)

    def select(self, kind: str) -> Attention:
        """Return another kind of attention of the same pass.

        Parameters
        ----------
        kind : str
            One of ``kinds``.

        Returns
        -------
        Attention
            Shares what was captured.

        Raises
        ------
        UnknownNameError
            When there is no such kind; names the nearest.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.load("tiny").attention("the king said").select("self").kind
        'self'
        """
        return Attention(self._parts, kind, model=self.model, cost=self.cost)

    def record(self, layer: int) -> Record:
        """Return what was kept of a layer: queries and keys, or whole weights.

        Parameters
        ----------
        layer : int
            Layer, from 0.

        Returns
        -------
        Record
            Of one attention call.

        Raises
        ------
        UnknownNameError
            When there is no such layer.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.load("tiny").attention("the king said").record(0).query.shape
        torch.Size([1, 4, 4, 24])
        """
        return self._records[self._layer(layer)]

    def strongest(
        self, layer: int, head: Any, top: int
    ) -> tuple[NDArray[np.int64], Weights, Weights]:
        """Return each token's strongest edges, without the matrix of all weights in memory.

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
            How much of the query's whole weight they hold, 0 to 1.

        Raises
        ------
        UnknownNameError
            When there is no such layer or head.
        UnavailableError
            When the attention of this layer could not be read exactly.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> keys, weights, share = lmw.load("tiny").attention("the king said").strongest(0, [0], 2)
        >>> keys.shape, weights.shape, share.shape
        ((1, 4, 2), (1, 4, 2), (1, 4))
        """
        layer = self._layer(layer)
        heads, _ = choose(head, self._heads[layer], "head")
        keys, weights, shares = [], [], []
        for block in self._blocks(layer, heads):
            best, places = block.topk(min(top, block.shape[-1]), dim=-1)
            total = block.sum(-1)
            keys.append(places.cpu())
            weights.append(best.cpu())
            shares.append((best.sum(-1) / total.where(total != 0, 1)).clamp(max=1).cpu())
        columns, values, share = (torch.cat(part, 1).numpy() for part in (keys, weights, shares))
        return columns, values, share

    def save(self, path: str | Path) -> Path:
        """Write everything to one safetensors file and return its path.

        Parameters
        ----------
        path : str or Path
            File to write: queries and keys, so it is as small as what is held in memory.

        Returns
        -------
        Path
            The file.

        Examples
        --------
        >>> import lmwidget as lmw, tempfile, os
        >>> attention = lmw.load("tiny").attention("the king said")
        >>> path = attention.save(os.path.join(tempfile.mkdtemp(), "attention.safetensors"))
        >>> bool((lmw.Attention.load(path)[0, 0] == attention[0, 0]).all())
        True
        """
        header = {"kind": self.kind, "model": self.model, "cost": self.cost}
        return saved.write(path, self._parts, header)

    @classmethod
    def load(cls, path: str | Path) -> Attention:
        """Return the attention written by :meth:`save`.

        Parameters
        ----------
        path : str or Path
            File to read.

        Returns
        -------
        Attention
            Gives the same weights as what was saved; the model is not needed.

        Raises
        ------
        InputError
            When the file holds something else.

        Examples
        --------
        >>> import lmwidget as lmw, tempfile, os
        >>> attention = lmw.load("tiny").attention("the king said")
        >>> path = attention.save(os.path.join(tempfile.mkdtemp(), "attention.safetensors"))
        >>> lmw.Attention.load(path).tokens == attention.tokens
        True
        """
        parts, header = saved.read(path)
        return cls(parts, header["kind"], model=header["model"], cost=header["cost"])

    def _weights(self, layer: int, heads: list[int], queries: list[int]) -> torch.Tensor:
        return self._records[layer].weights(as_slice(heads), as_slice(queries))[0]

    def _in_numpy(self, weights: torch.Tensor) -> Weights:
        found: Weights = weights.cpu().numpy()
        return found
