"""What of an attention crosses to the browser: only what is on screen, within a budget."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from lmwidget.errors import UnavailableError
from lmwidget.wire import pack_dense, pack_sparse

ALL_LAYERS_BYTES = 1_000_000
"""Every layer is sent at once when they all fit in this; then the layer changes without a kernel."""

LAYER_BYTES = 1_200_000
"""Budget for the layer on screen; above it only each query's strongest edges are sent."""

_FEWEST_KEYS = 4


def layer_state(attention: Any, layer: int) -> dict[str, Any]:
    """Return the trait ``_attention`` for one layer on screen, or for all when they are small.

    Parameters
    ----------
    attention : Attention
        What is drawn.
    layer : int
        Layer on screen.

    Returns
    -------
    dict
        As :func:`lmwidget.wire.pack_dense` or :func:`lmwidget.wire.pack_sparse` return it.

    Raises
    ------
    UnavailableError
        When this layer could not be read exactly.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> layer_state(lmw.load("tiny").attention("The king said"), 0)["layers"]
    [0, 1]
    """
    if dense_bytes(attention, attention.shape[0]) <= ALL_LAYERS_BYTES:
        return _packed(attention, _readable(attention), ALL_LAYERS_BYTES)
    return _packed(attention, [layer], LAYER_BYTES)


def page_state(attention: Any, max_bytes: int) -> tuple[dict[str, Any], int | None]:
    """Return the trait ``_attention`` for a page without a kernel: every layer, in a budget.

    Parameters
    ----------
    attention : Attention
        What is drawn.
    max_bytes : int
        Budget for all layers together.

    Returns
    -------
    state : dict
        The trait.
    top : int or None
        How many keys of each query are kept; ``None`` when all are.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> page_state(lmw.load("tiny").attention("The king said"), 8_000_000)[1] is None
    True
    """
    layers = _readable(attention)
    return _packed(attention, layers, max_bytes), keys_per_query(attention, len(layers), max_bytes)


def keys_per_query(attention: Any, layers: int, budget: int) -> int | None:
    """Return how many keys of each query fit into a budget; ``None`` when all do.

    Parameters
    ----------
    attention : Attention
        What is drawn.
    layers : int
        How many layers are sent.
    budget : int
        Bytes.

    Returns
    -------
    int or None
        At least 4.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> keys_per_query(lmw.load("tiny").attention("The king said"), 2, 10_000) is None
    True
    """
    if dense_bytes(attention, layers) <= budget:
        return None
    _, heads, queries, _ = attention.shape
    rows = layers * heads * queries
    return max(_FEWEST_KEYS, int((budget - 12 * rows) // (4 * rows)))


def dense_bytes(attention: Any, layers: int) -> int:
    """Return the size of some layers with every weight.

    Parameters
    ----------
    attention : Attention
        What is drawn.
    layers : int
        How many layers.

    Returns
    -------
    int
        Bytes: 2 a weight, 4 a row.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> dense_bytes(lmw.load("tiny").attention("The king said"), 1)
    120
    """
    _, heads, queries, keys = attention.shape
    return int(layers * heads * queries * (2 * keys + 4))


def figure_state(attention: Any, *, editable: bool) -> dict[str, Any]:
    """Return the trait ``_figure``: what the picture says of itself.

    Parameters
    ----------
    attention : Attention
        What is drawn.
    editable : bool
        Whether the text can be edited in place.

    Returns
    -------
    dict
        Model, layers, heads and kinds.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> figure_state(lmw.load("tiny").attention("The king said"), editable=True)["heads"]
    [4, 4]
    """
    layers = attention.shape[0]
    whole = dense_bytes(attention, layers) <= ALL_LAYERS_BYTES
    return {
        "model": attention.model,
        "title": "Attention",
        "layers": layers,
        "layer_numbers": list(attention.layer_numbers),
        "heads": [attention.heads(layer) for layer in range(layers)],
        "kinds": list(attention.kinds),
        "causal": attention.causal,
        "editable": editable,
        "top_per_row": None if whole else keys_per_query(attention, 1, LAYER_BYTES),
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


def _readable(attention: Any) -> list[int]:
    """Return the layers that could be read exactly; the others say so when they are asked for."""
    readable = []
    for layer in range(attention.shape[0]):
        with contextlib.suppress(UnavailableError):
            attention.rows(layer, 0, 0)
            readable.append(layer)
    return readable


def _packed(attention: Any, layers: list[int], budget: int) -> dict[str, Any]:
    count, _, queries, keys = attention.shape
    heads = [attention.heads(layer) for layer in range(count)]
    top = keys_per_query(attention, len(layers), budget)
    if top is None:
        return pack_dense(attention.rows, layers, heads, (queries, keys))
    return pack_sparse(attention.rows, layers, heads, (queries, keys), top)
