"""All attention of one pass, as a plain result that computes a head when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from lmwidget.capture import saved
from lmwidget.capture.indexing import as_slice, choose, whole
from lmwidget.capture.kept.records import Record, UnavailableRecord
from lmwidget.capture.layers import Layers
from lmwidget.capture.structure import structure_scores
from lmwidget.capture.tables import weights_table
from lmwidget.errors import InputError, UnknownNameError, nearest

if TYPE_CHECKING:
    import pandas as pd

Weights = NDArray[np.float32]

_CHUNK = 1 << 22  # weights computed at once


class Attention:
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

    def __repr__(self) -> str:
        layers, heads, queries, keys = self.shape
        size = f"{layers} layers × {heads} heads × {queries} queries × {keys} keys"
        return f"<Attention {self.kind}: {size}, {self.model}>"

    def __len__(self) -> int:
        return len(self._records)

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
        heads = max(record.shape[1] for record in self._records)
        return len(self), heads, len(self.tokens), len(self.key_tokens)

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
        return self.record(layer).shape[1]

    @cached_property
    def causal(self) -> bool:
        """Whether tokens look only at themselves and at earlier tokens."""
        if self.key_tokens is not self.tokens:
            return False
        readable = [r for r in self._records if not isinstance(r, UnavailableRecord)]
        if not readable:
            return False
        rows = np.unique(np.linspace(0, len(self.tokens) - 1, 8).astype(int)).tolist()
        weights = readable[0].weights(rows=rows)[0]
        future = torch.arange(len(self.tokens)) > torch.tensor(rows)[:, None]
        return not bool((weights.cpu()[:, future] > 0).any())

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
        (index,), _ = choose(whole(layer, "layer"), len(self), "layer")
        return self._records[index]

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
        record = self.record(layer)
        heads, one_head = choose(head, record.shape[1], "head")
        queries, one_query = choose(query, len(self.tokens), "query token")
        weights = self._compute(record, heads, queries)
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
        record = self.record(layer)
        return self._compute(record, range(record.shape[1]), range(len(self.tokens)))

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
        record = self.record(layer)
        heads, one_head = choose(head, record.shape[1], "head")
        (column,), _ = choose(whole(key, "key token"), len(self.key_tokens), "key token")
        blocks = [block[:, :, column] for block in self._blocks(record, heads)]
        found = torch.cat(blocks, dim=1).cpu().numpy()
        return found[0] if one_head else found

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
        record = self.record(layer)
        heads, _ = choose(head, record.shape[1], "head")
        keys, weights, shares = [], [], []
        for block in self._blocks(record, heads):
            best, places = block.topk(min(top, block.shape[-1]), dim=-1)
            total = block.sum(-1)
            keys.append(places.cpu())
            weights.append(best.cpu())
            shares.append((best.sum(-1) / total.where(total != 0, 1)).clamp(max=1).cpu())
        columns, values, share = (torch.cat(part, 1).numpy() for part in (keys, weights, shares))
        return columns, values, share

    def structure_scores(self) -> Weights:
        """Return how plainly each head looks back at something in particular.

        The strongest weight on another token, for up to 64 queries, less what that token gets from
        all of them on average; the mean over the better half, since many heads have work to do only
        in a part of the text. The first token and special tokens do not count, since many heads
        rest there; neighbours count half. So heads that find repetitions come out on top.

        Returns
        -------
        ndarray of float32, shape (layer, head)
            0 to 1; NaN where a layer could not be read or has fewer heads.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.load("tiny").attention("the king said the king said").structure_scores().shape
        (2, 4)
        """
        readers = [
            None
            if isinstance(record, UnavailableRecord)
            else partial(self._compute, record, range(record.shape[1]))
            for record in self._records
        ]
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
            Leave out smaller weights. All weights of a long text are very many: layers × heads ×
            queries × keys.

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

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        from lmwidget.widgets.attention_graph import AttentionGraph

        return AttentionGraph.from_result(self)._repr_mimebundle_(**kwargs)

    def _compute(self, record: Record, heads: Sequence[int], queries: Sequence[int]) -> Weights:
        found = np.empty((len(heads), len(queries), len(self.key_tokens)), np.float32)
        start = 0
        for block in self._blocks(record, heads, queries):
            found[:, start : start + block.shape[1]] = block.cpu().numpy()
            start += block.shape[1]
        return found

    def _blocks(
        self, record: Record, heads: Sequence[int], queries: Sequence[int] | None = None
    ) -> Iterator[torch.Tensor]:
        """Weights of some queries at a time, shape (head, query, key)."""
        queries = range(len(self.tokens)) if queries is None else queries
        step = max(1, _CHUNK // max(1, len(heads) * len(self.key_tokens)))
        for start in range(0, len(queries), step):
            yield record.weights(as_slice(heads), as_slice(queries[start : start + step]))[0]
