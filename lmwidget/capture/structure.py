"""Which weights say something about the structure of a text, and which are always there."""

from __future__ import annotations

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
