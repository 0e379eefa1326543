"""Every head in a few numbers: how wide, how far, and on which tokens it looks."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.errors import UnavailableError
from lmwidget.frames import dataframe
from lmwidget.inspection.attention.reading import (
    ReadableAttention,
    blocks,
    check_shares,
    sampled_queries,
)

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float32]

_SAMPLED = 1 << 19  # weights of a head that are read


@dataclass(frozen=True, eq=False)
class HeadStatistics:
    """What the heads of a model do with one text, as means over the rows that were read.

    All arrays have the shape (layer, head) and the type float32; NaN stands for a head that does
    not exist, a layer that cannot be read, and for what cross-attention does not have. Rows that
    can look at one token only (the first one of a causal model) are left out, as are rows without
    weight.

    Attributes
    ----------
    entropy : ndarray
        ``−Σ p ln p`` of a row, in nats, with ``p`` the weights divided by their sum (Clark et al.
        2019; Vig and Belinkov 2019).
    evenness : ndarray
        Entropy divided by its largest value, the logarithm of the number of tokens that can be
        seen: 0 looks at one token, 1 at all alike. A token can be seen when some head of the layer
        gives it weight, so that sliding windows count rightly.
    distance : ndarray
        Mean distance ``Σ p |query − key|``, in tokens (Vig and Belinkov 2019).
    first, special, itself, previous, following : ndarray
        Share of the weight on the first token, special tokens, the token itself, the token before
        and the token after (Clark et al. 2019); 0 to 1. They may overlap.
    confidence : ndarray
        Mean of the largest weight of a row, special tokens left out, as Voita et al. (2019) leave
        out the end of the sentence; 0 to 1.
    outside : ndarray
        Share of the attention that lies on no token: what a row lacks to the sum 1, as with the
        attention sinks of GPT-OSS.
    rows : tuple of int
        The queries that were read: all, or some at equal distances in a long text.
    layer_numbers : tuple of int
        The model's own numbers of the layers.
    model : str
        Name of the model.
    kind : str
        Kind of attention.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> found = head_statistics(lmw.load("tiny").attention("the king said"))
    >>> found
    <HeadStatistics tiny: 2 layers × 4 heads, 4 rows>
    >>> found.entropy.shape
    (2, 4)
    """

    entropy: Numbers
    evenness: Numbers
    distance: Numbers
    first: Numbers
    special: Numbers
    itself: Numbers
    previous: Numbers
    following: Numbers
    confidence: Numbers
    outside: Numbers
    rows: tuple[int, ...]
    layer_numbers: tuple[int, ...]
    model: str = ""
    kind: str = "self"

    def __repr__(self) -> str:
        layers, heads = self.entropy.shape
        size = f"{layers} layers × {heads} heads, {len(self.rows)} rows"
        return f"<HeadStatistics {self.model}: {size}>"

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a head.

        Returns
        -------
        pandas.DataFrame
            Columns ``layer`` (the model's own number), ``head``, and one for each statistic.

        Raises
        ------
        MissingDependencyError
            When pandas is not installed.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> found = head_statistics(lmw.load("tiny").attention("the king said"))
        >>> len(found.to_dataframe())
        8
        """
        return heads_table({name: getattr(self, name) for name in STATISTICS}, self.layer_numbers)


STATISTICS = tuple(item.name for item in fields(HeadStatistics))[:10]


def heads_table(columns: dict[str, Any], layer_numbers: tuple[int, ...]) -> pd.DataFrame:
    """Return arrays of heads as a table with one row a head.

    Parameters
    ----------
    columns : dict of str to ndarray, shape (layer, head)
        Numbers by name; a head whose numbers are all NaN does not exist or cannot be read.
    layer_numbers : tuple of int
        The model's own numbers of the layers.

    Returns
    -------
    pandas.DataFrame
        ``layer``, ``head``, and the columns.

    Raises
    ------
    MissingDependencyError
        When pandas is not installed.
    """
    layers, heads = np.indices(next(iter(columns.values())).shape)
    table = {"layer": np.asarray(layer_numbers)[layers.ravel()], "head": heads.ravel()}
    frame = dataframe(table | {name: values.ravel() for name, values in columns.items()})
    return frame.dropna(how="all", subset=list(columns)).reset_index(drop=True)


def head_statistics(attention: ReadableAttention, *, rows: int | None = None) -> HeadStatistics:
    """Return how wide, how far, and on which tokens every head looks.

    Parameters
    ----------
    attention : Attention or DerivedAttention
        What is measured.
    rows : int, optional
        How many queries are read, at equal distances and at least 64; default: all, or as many as
        make half a million weights a head.

    Returns
    -------
    HeadStatistics
        Arrays of shape (layer, head).

    Raises
    ------
    InputError
        When weights may be negative, or are no shares of attention.

    References
    ----------
    Clark et al. (2019), What Does BERT Look At?, https://aclanthology.org/W19-4828;
    Voita et al. (2019), Analyzing Multi-Head Self-Attention, https://aclanthology.org/P19-1580;
    Vig and Belinkov (2019), Analyzing the Structure of Attention, https://aclanthology.org/W19-4808

    Examples
    --------
    >>> import lmwidget as lmw
    >>> attention = lmw.load("tiny").attention("the king said")
    >>> found = head_statistics(attention)
    >>> bool(abs(found.previous[1, 0] - attention[1, 0].diagonal(-1).mean()) < 1e-6)
    True
    """
    check_shares(attention, "Statistics of heads")
    count = len(attention.tokens)
    most = _SAMPLED // len(attention.key_tokens) if rows is None else rows
    asked = sampled_queries(count, most)
    layers, heads = attention.shape[:2]
    found = {name: np.full((layers, heads), np.nan, np.float32) for name in STATISTICS}
    for layer in range(layers):
        here = attention.heads(layer)
        try:
            means = _layer_means(attention, layer, asked)
        except UnavailableError:
            continue
        for name, values in means.items():
            found[name][layer, :here] = values
    return HeadStatistics(
        **found,
        rows=tuple(asked),
        layer_numbers=attention.layer_numbers,
        model=attention.model,
        kind=attention.kind,
    )


def _layer_means(
    attention: ReadableAttention, layer: int, asked: list[int]
) -> dict[str, NDArray[np.float64]]:
    """Means over rows, each a sum divided by how many rows have the number."""
    sums: dict[str, NDArray[np.float64]] = {}
    counts: dict[str, NDArray[np.float64]] = {}
    for queries, weights in blocks(attention, layer, None, asked):
        for name, values in _row_numbers(attention, queries, weights).items():
            known = np.isfinite(values)
            sums[name] = sums.get(name, 0) + np.where(known, values, 0).sum(-1)
            counts[name] = counts.get(name, 0) + known.sum(-1)
    return {
        name: np.where(counts[name] > 0, sums[name] / np.maximum(counts[name], 1), np.nan)
        for name in sums
    }


def _row_numbers(
    attention: ReadableAttention, queries: list[int], weights: NDArray[np.float32]
) -> dict[str, NDArray[np.float64]]:
    """Numbers of each head and row; NaN where a row has none."""
    places, keys = np.asarray(queries), np.arange(len(attention.key_tokens))
    positive = weights > 0
    whole = weights.sum(-1, dtype=np.float64)
    seen = positive.any(0).sum(-1)
    use = np.isfinite(whole) & (whole > 0) & (seen > 1)
    total = np.where(use, whole, 1)
    # −Σ p ln p of p = w / Σ w, without an array of p.
    logs = np.log(weights, where=positive, out=np.zeros_like(weights))
    entropy = np.log(total) - (weights * logs).sum(-1, dtype=np.float64) / total
    special = np.asarray(attention.key_tokens.kinds) == "special"
    numbers = {
        "entropy": entropy,
        "evenness": entropy / np.log(np.maximum(seen, 2)),
        "first": weights[:, :, 0],
        "special": weights[:, :, special].sum(-1),
        "confidence": weights[:, :, ~special].max(-1, initial=0),
        "outside": np.maximum(1 - whole, 0),
    }
    if attention.key_tokens is attention.tokens:
        far = np.abs(places[:, None] - keys).astype(np.float32)
        numbers["distance"] = (weights * far).sum(-1, dtype=np.float64) / total
        for name, step in {"previous": -1, "itself": 0, "following": 1}.items():
            numbers[name] = weight_at(weights, places, places + step)
    return {name: np.where(use, values, np.nan) for name, values in numbers.items()}


def weight_at(
    weights: NDArray[np.float32], queries: NDArray[np.int64], keys: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the weight of one key of each row.

    Parameters
    ----------
    weights : ndarray of float32, shape (head, query, key)
        Weights of some queries.
    queries, keys : ndarray of int, shape (query,)
        The queries, and a key for each.

    Returns
    -------
    ndarray of float64, shape (head, query)
        NaN where there is no such key.

    Examples
    --------
    >>> weight_at(np.eye(2, dtype=np.float32)[None], np.arange(2), np.arange(2) - 1)
    array([[nan,  0.]])
    """
    there = (keys >= 0) & (keys < weights.shape[-1])
    found = weights[:, np.arange(len(queries)), np.where(there, keys, 0)].astype(np.float64)
    return np.where(there, found, np.nan)
