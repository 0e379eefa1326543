"""Attention as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lmwidget.frames import dataframe

if TYPE_CHECKING:
    import pandas as pd

    from lmwidget.capture.weights import AttentionWeights

_COLUMNS = ("layer", "head", "query", "key", "query_token", "key_token", "weight")


def weights_table(
    attention: AttentionWeights, layer: int | None, head: int | None, minimum: float
) -> pd.DataFrame:
    """Return one row a weight; see :meth:`AttentionWeights.to_dataframe`.

    Parameters
    ----------
    attention : AttentionWeights
        What to list.
    layer, head : int or None
        Only this layer, only this head.
    minimum : float
        Leave out weights whose absolute value is smaller.

    Returns
    -------
    pandas.DataFrame
        Layer, head, query, key, their tokens, weight.

    Raises
    ------
    MissingDependencyError
        When pandas is not installed.
    """
    query_pieces, key_pieces = (
        np.asarray(tokens.pieces, dtype=object)
        for tokens in (attention.tokens, attention.key_tokens)
    )
    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    for at in range(len(attention)) if layer is None else [layer]:
        heads = list(range(attention.heads(at))) if head is None else [head]
        weights = attention.rows(at, heads, slice(None))
        index, queries, keys = np.nonzero(~(np.abs(weights) < minimum))
        columns["layer"].append(np.full(len(index), at % len(attention)))
        columns["head"].append(np.asarray(heads)[index] % attention.heads(at))
        columns["query"].append(queries)
        columns["key"].append(keys)
        columns["query_token"].append(query_pieces[queries])
        columns["key_token"].append(key_pieces[keys])
        columns["weight"].append(weights[index, queries, keys])
    return dataframe({name: np.concatenate(parts) for name, parts in columns.items()})
