"""Which weights say something about the structure of a text, and which are always there."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from lmwidget.tokens import Tokens

_SAMPLED_ROWS = 64
_SAMPLED_WEIGHTS = 1 << 17  # of a head; a very long text is judged by fewer rows


def informative(tokens: Tokens, key_tokens: Tokens) -> tuple[NDArray[np.float32], list[int]]:
    """Return how much each weight says about structure, and the queries to look at.

    In self-attention the first token, special tokens and the token itself say nothing, since many
    heads rest there; neighbours say half as much as others. In cross-attention only special tokens
    say nothing.

    Parameters
    ----------
    tokens, key_tokens : Tokens
        What looks, and what is looked at.

    Returns
    -------
    tuple of (ndarray of float32, shape (chosen query, key), list of int)
        Factors from 0 to 1, and at most 64 queries.

    Examples
    --------
    >>> tokens = Tokens.from_pieces(["a", "b", "c"])
    >>> informative(tokens, tokens)[0].tolist()
    [[0.0, 0.5, 1.0], [0.0, 0.0, 0.5], [0.0, 0.5, 0.0]]
    """
    ordinary = np.flatnonzero(np.asarray(tokens.kinds) != "special")
    if len(ordinary) == 0:
        ordinary = np.arange(len(tokens))
    most = min(_SAMPLED_ROWS, max(16, _SAMPLED_WEIGHTS // max(1, len(key_tokens))))
    sample = np.linspace(0, len(ordinary) - 1, min(most, len(ordinary)))
    rows = ordinary[sample.astype(int)]
    factor = np.ones((len(rows), len(key_tokens)), np.float32)
    factor[:, np.asarray(key_tokens.kinds) == "special"] = 0.0
    if key_tokens is tokens:
        factor[:, 0] = 0.0
        distance = np.abs(rows[:, None] - np.arange(len(key_tokens)))
        factor[distance == 0] = 0.0
        factor[distance == 1] *= 0.5
    return factor, rows.tolist()


def structure_scores(
    tokens: Tokens,
    key_tokens: Tokens,
    layers: Iterable[Callable[[list[int]], NDArray[np.float32]] | None],
    heads: int,
) -> NDArray[np.float32]:
    """Return how plainly each head looks back at something in particular.

    The strongest absolute weight of a query, as :func:`informative` counts them, less what its key
    gets from all queries on average, since a head that rests on one token says little; the mean over
    the better half of the queries, since many heads have work to do only in a part of the text.

    Parameters
    ----------
    tokens, key_tokens : Tokens
        What looks, and what is looked at.
    layers : iterable of callable or None
        Of each layer what gives the weights of some queries, shape (head, chosen query, key);
        None for a layer that cannot be read.
    heads : int
        Most heads of a layer.

    Returns
    -------
    ndarray of float32, shape (layer, head)
        NaN where a layer cannot be read or has fewer heads.

    Examples
    --------
    >>> tokens = Tokens.from_pieces(["a", "b", "c"])
    >>> weights = np.array([[[1, 0, 0], [0.5, 0.5, 0], [0.2, 0.6, 0.2]]], np.float32)
    >>> structure_scores(tokens, tokens, [lambda rows: weights[:, rows], None], 1).tolist()
    [[0.10000000894069672], [nan]]
    """
    factor, rows = informative(tokens, key_tokens)
    scores = []
    for read in layers:
        row = np.full(heads, np.nan, np.float32)
        if read is not None:
            weights = np.abs(np.nan_to_num(read(rows))) * factor
            weights -= weights.mean(1, keepdims=True)
            strongest = np.sort(weights.max(-1), axis=-1)
            row[: len(weights)] = strongest[:, len(rows) // 2 :].mean(-1)
        scores.append(row)
    return np.array(scores, np.float32).reshape(-1, heads)
