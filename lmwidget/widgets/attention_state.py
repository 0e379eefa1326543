"""What an attention looks like on its way to the browser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.html import table
from lmwidget.widgets.attention_budget import Part
from lmwidget.widgets.graph_hidden import without
from lmwidget.wire import envelope, pack_dense, pack_sparse, quantise

_TABLE_QUERIES, _TABLE_ROWS = 200, 12


def packed(attention: Any, part: Part) -> dict[str, Any]:
    """Return the trait ``_attention``.

    Parameters
    ----------
    attention : Attention
        What is drawn.
    part : Part
        What to send of it.

    Returns
    -------
    dict
        As :func:`lmwidget.wire.pack_dense` or :func:`lmwidget.wire.pack_sparse` return it.

    Raises
    ------
    UnavailableError
        When a layer could not be read exactly.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> packed(lmw.load("tiny").attention("The king said"), Part((0,), None, None))["layers"]
    [0]
    """
    count, _, queries, keys = attention.shape
    heads = [attention.heads(layer) for layer in range(count)]
    only, signed = part.heads, is_signed(attention)
    if part.top is None:
        return pack_dense(
            attention.rows, part.layers, heads, (queries, keys), only=only, signed=signed
        )
    return pack_sparse(
        attention.strongest,
        part.layers,
        heads,
        queries,
        keys,
        top=part.top,
        only=only,
        signed=signed,
    )


def is_signed(attention: Any) -> bool:
    """Return whether weights may be negative: a difference, or a gradient.

    Parameters
    ----------
    attention : Attention
        What is drawn.

    Returns
    -------
    bool
        False for what a model computed.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> is_signed(lmw.load("tiny").attention("The king said"))
    False
    """
    return bool(getattr(attention, "signed", False))


def unit_of(attention: Any) -> str:
    """Return what a weight is.

    Parameters
    ----------
    attention : Attention
        What is drawn.

    Returns
    -------
    str
        ``"share"`` of a head's attention, or the name of another quantity.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> unit_of(lmw.load("tiny").attention("The king said"))
    'share'
    """
    return str(getattr(attention, "unit", "share"))


def note_of(attention: Any) -> str:
    """Return what was done to the weights as a sentence and a space, or nothing.

    Parameters
    ----------
    attention : Attention
        What is drawn.

    Returns
    -------
    str
        Begins with a capital and ends with a full stop.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> note_of(lmw.load("tiny").attention("The king said"))
    ''
    """
    note = str(getattr(attention, "note", "")).strip()
    if not note:
        return ""
    return f"{note[0].upper()}{note[1:]}{'' if note[-1] in '.!?' else '.'} "


def focus_state(
    attention: Any, layer: int, heads: Sequence[int], side: str, token: int
) -> dict[str, Any]:
    """Return the trait ``_focus``: every weight of one token, where only the strongest were sent.

    Parameters
    ----------
    attention : Attention
        What is drawn.
    layer : int
        Layer on screen.
    heads : sequence of int
        Heads on screen; empty for all.
    side : str
        ``"query"`` or ``"key"``.
    token : int
        The pinned token.

    Returns
    -------
    dict
        ``layer``, ``heads``, ``side``, ``token`` and ``weights``, an envelope over head and token.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> attention = lmw.load("tiny").attention("The king said")
    >>> focus_state(attention, 0, [1], "query", 2)["weights"]["shape"]
    [1, 3]
    """
    shown = list(heads) or list(range(attention.heads(layer)))
    read = attention.rows if side == "query" else attention.columns
    integers, scale = quantise(
        np.stack([read(layer, head, token) for head in shown]), signed=is_signed(attention)
    )
    return {
        "layer": layer,
        "heads": shown,
        "side": side,
        "token": token,
        "weights": envelope(integers, ["head", "token"], scale),
    }


def figure_state(attention: Any, part: Part, *, editable: bool) -> dict[str, Any]:
    """Return the trait ``_figure``: what the picture says of itself.

    Parameters
    ----------
    attention : Attention
        What is drawn.
    part : Part
        What is sent of it.
    editable : bool
        Whether the text can be edited in place.

    Returns
    -------
    dict
        Model, layers, heads and kinds.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> attention = lmw.load("tiny").attention("The king said")
    >>> figure_state(attention, Part((0, 1), None, None), editable=True)["heads"]
    [4, 4]
    """
    layers = attention.shape[0]
    return {
        "model": attention.model,
        "title": getattr(attention, "title", "Attention"),
        "note": note_of(attention).strip(),
        "signed": is_signed(attention),
        "unit": unit_of(attention),
        "layers": layers,
        "layer_numbers": list(attention.layer_numbers),
        "heads": [attention.heads(layer) for layer in range(layers)],
        "kinds": list(attention.kinds),
        "causal": attention.causal,
        "editable": editable,
        "top_per_row": part.top,
    }


def empty_figure(model: str, *, editable: bool) -> dict[str, Any]:
    """Return the trait ``_figure`` of a graph that has no text yet.

    Parameters
    ----------
    model : str
        Name of the model.
    editable : bool
        Whether a text can be written in place.

    Returns
    -------
    dict
        No layers.

    Examples
    --------
    >>> empty_figure("tiny", editable=True)["layers"]
    0
    """
    return {
        "model": model,
        "title": "Attention",
        "note": "",
        "signed": False,
        "unit": "share",
        "layers": 0,
        "layer_numbers": [],
        "heads": [],
        "kinds": ["self"],
        "causal": True,
        "editable": editable,
        "top_per_row": None,
    }


def most_structured(
    attention: Any, layer: int | None = None, heads: list[int] | None = None
) -> tuple[int, list[int]]:
    """Return the layer and the head whose attention has most to show.

    Parameters
    ----------
    attention : Attention
        What is drawn.
    layer : int, optional
        Keep this layer.
    heads : list of int, optional
        Keep these heads.

    Returns
    -------
    layer : int
        Index of a layer.
    heads : list of int
        One head, unless given.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> most_structured(lmw.load("tiny").attention("The king said"), layer=1)[0]
    1
    """
    scores = np.nan_to_num(attention.structure_scores(), nan=-1.0)
    if layer is None:
        among = scores[:, heads] if heads else scores
        layer = int(np.unravel_index(np.argmax(among), among.shape)[0])
    if heads is None:
        known = 0 <= layer < len(scores)
        heads = [int(np.argmax(scores[layer]))] if known else []
    return layer, list(heads)


def strongest_table(
    attention: Any,
    layer: int,
    heads: Sequence[int],
    hidden: NDArray[np.bool_],
    *,
    renormalise: bool = False,
) -> str:
    """Return the strongest weights as an HTML table, for hosts that cannot run the widget.

    Parameters
    ----------
    attention : Attention
        What is drawn.
    layer : int
        Layer shown.
    heads : sequence of int
        Heads shown; empty for all.
    hidden : ndarray of bool, shape (key,)
        Tokens that are not shown as targets.
    renormalise : bool, default False
        Give their weight to the others.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> attention = lmw.load("tiny").attention("the king said")
    >>> "said" in strongest_table(attention, 0, [], np.zeros(4, bool))
    True
    """
    shown = list(heads) or list(range(attention.heads(layer)))
    read = slice(0, _TABLE_QUERIES)
    weights = np.stack([attention.rows(layer, head, read) for head in shown])
    mean = np.mean(without(weights, hidden, renormalise=renormalise), axis=0)
    mean = np.nan_to_num(mean)
    form = "+.3g" if is_signed(attention) else ".3f" if unit_of(attention) == "share" else ".3g"
    rows = []
    for place in np.argsort(-np.abs(mean), axis=None)[:_TABLE_ROWS]:
        query, key = np.unravel_index(place, mean.shape)
        labels = attention.tokens.labels[query], attention.key_tokens.labels[key]
        rows.append([*labels, f"{mean[query, key]:{form}}"])
    which = ("mean of heads " if len(shown) > 1 else "head ") + ", ".join(map(str, shown))
    part = f" of the first {_TABLE_QUERIES} tokens" if len(attention.tokens) > len(mean) else ""
    title = getattr(attention, "title", "Attention")
    caption = (
        f"Strongest {title.lower()}{part} of {attention.model or 'the data'}, "
        f"layer {attention.layer_numbers[layer]}, {which}. "
        f"{note_of(attention)}Run the notebook for the live graph."
    )
    return table(caption, ["from", "to", "weight"], rows)
