"""A joint space of queries and keys on its way to the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lmwidget.tokens import Tokens
from lmwidget.wire import envelope, quantise

if TYPE_CHECKING:
    from lmwidget.inspection.attention.joint_space import JointSpace

_EDGE_BYTES = 2_000_000
_FEWEST = 8  # keys of each query


def space_state(space: JointSpace, *, max_bytes: int = _EDGE_BYTES) -> dict[str, Any]:
    """Return the trait ``_space``: points, and the edges within each sentence.

    Parameters
    ----------
    space : JointSpace
        What is drawn.
    max_bytes : int
        Budget for the edges; above it only each query's strongest ones are sent.

    Returns
    -------
    dict
        ``points`` (kind, token, axis), ``sentence`` (token), ``norms`` (kind, token), edges as
        ``weights``, ``columns`` (place of the key in its sentence), ``offsets`` and ``rowscale``,
        ``top`` (keys sent of each query, ``None`` for all), and what is said of the whole.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> from lmwidget.inspection.attention.joint_space import joint_space
    >>> space = joint_space((lmw.load("tiny"), ["the king said"]), 0, 1)
    >>> space_state(space)["points"]["shape"]
    [2, 4, 2]
    """
    lengths = [len(one.tokens) for one in space.attentions]
    every = 4 * sum(length**2 for length in lengths)
    top = None if every <= max_bytes else max(_FEWEST, max_bytes // (4 * sum(lengths)))
    counts, columns, weights, scales = [], [], [], []
    for one, length in zip(space.attentions, lengths, strict=True):
        keys, values, _ = one.strongest(space.layer, [space.head], top or length)
        integers, scale = quantise(values[0])
        there = integers > 0
        counts.append(there.sum(-1))
        columns.append(keys[0][there])
        weights.append(integers[there])
        scales.append(scale)
    offsets = np.concatenate([[0], np.cumsum(np.concatenate(counts))]).astype(np.uint32)
    return {
        "layer": space.layer,
        "head": space.head,
        "method": space.method,
        "explained": list(space.explained),
        "scale": space.scale,
        "agreement": None if np.isnan(space.agreement) else space.agreement,
        "top": top,
        "points": envelope(space.points, ["kind", "token", "axis"]),
        "sentence": envelope(space.sentences, ["token"]),
        "norms": envelope(space.norms, ["kind", "token"]),
        "weights": envelope(np.concatenate(weights).astype(np.uint16), ["entry"]),
        "columns": envelope(np.concatenate(columns).astype(np.uint16), ["entry"]),
        "offsets": envelope(offsets, ["row"]),
        "rowscale": envelope(np.concatenate(scales), ["row"]),
    }


def sentence_tokens(tokens: Tokens) -> dict[str, Any]:
    """Return what the browser needs to write a sentence.

    Parameters
    ----------
    tokens : Tokens
        Of one sentence.

    Returns
    -------
    dict
        ``text``, ``kind``, ``whole``, ``role`` and ``segment`` of :meth:`Tokens.to_dict`.

    Examples
    --------
    >>> sentence_tokens(Tokens.from_pieces(["a", " b"]))["text"]
    ['a', ' b']
    """
    wire = tokens.to_dict()
    return {name: wire[name] for name in ("text", "kind", "whole", "role", "segment")}
