"""Numbers and names of every head, as an AttentionGrid sends them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lmwidget.errors import InputError
from lmwidget.widgets.attention_state import is_signed
from lmwidget.wire import envelope

STATISTICS = (
    "entropy",
    "evenness",
    "distance",
    "first",
    "special",
    "itself",
    "previous",
    "following",
    "confidence",
    "outside",
)
"""Names of the numbers, as :class:`lmwidget.inspection.HeadStatistics` has them."""


_NONE = 1e-4  # a number that is 0 in every head says nothing


def statistics_state(attention: Any, heads: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """Return the trait ``_statistics``.

    Parameters
    ----------
    attention : Attention
        What is drawn.
    heads : sequence of (int, int)
        Layer and head of each thumbnail.

    Returns
    -------
    dict
        ``names`` and ``values``, an envelope over statistic and head, of the statistics that there
        are; none of differences and norms, whose weights are no shares.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> attention = lmw.load("tiny").attention("The king said")
    >>> statistics_state(attention, [(0, 1), (1, 3)])["names"][:2]
    ['entropy', 'evenness']
    """
    if is_signed(attention) or getattr(attention, "unit", "share") != "share" or not heads:
        return {"names": [], "values": None}
    from lmwidget.inspection import head_statistics

    found = head_statistics(attention)
    layer, head = np.asarray(heads).T
    known = {name: getattr(found, name)[layer, head] for name in STATISTICS}
    known = {name: values for name, values in known.items() if np.nanmax(values, initial=0) > _NONE}
    if not known:
        return {"names": [], "values": None}
    values = np.stack(list(known.values())).astype(np.float32)
    return {"names": list(known), "values": envelope(values, ["statistic", "head"])}


def types_state(types: Any, attention: Any, heads: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """Return the trait ``_types``.

    Parameters
    ----------
    types : HeadTypes
        From :func:`lmwidget.inspection.head_types`.
    attention : Attention
        What is drawn.
    heads : sequence of (int, int)
        Layer and head of each thumbnail.

    Returns
    -------
    dict
        ``labels`` and ``scores``, for each thumbnail the names of its types and how plainly it is
        of each; ``meanings``, what each type looks at; ``error``.

    Raises
    ------
    InputError
        When the types are those of other heads.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> attention = lm.attention("The king said")
    >>> types = lmw.inspection.head_types(lm)
    >>> types_state(types, attention, [(0, 1), (1, 3)])["labels"][1][0]
    'induction'
    """
    from lmwidget.inspection.attention.head_types import DEFINITIONS

    counts = [attention.heads(layer) for layer in range(attention.shape[0])]
    if attention.kind not in {"self", "encoder"} or counts != [len(row) for row in types.labels]:
        raise InputError(
            f"The labels are of other heads than those of this {attention.kind} attention.",
            "Heads are labelled where tokens look at tokens of their own text.",
        )
    labels = [list(types.labels[layer][head]) for layer, head in heads]
    scores = [
        [round(float(types.scores[name][at]), 4) for name in names if name in types.scores]
        for at, names in zip(heads, labels, strict=True)
    ]
    meanings = {name: words for name, (words, _) in DEFINITIONS.items()}
    return {"labels": labels, "scores": scores, "meanings": meanings, "error": ""}
