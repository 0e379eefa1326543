"""Arrays on their way to the browser: the only file that knows dtypes on the wire.

One envelope for every array::

    {"data": bytes, "dtype": "uint16", "shape": [2, 3], "axes": ["query", "key"], "scale": None}

Little-endian, C order. ``scale`` is ``None``, or an envelope of float32 with one number for each
row (all axes but the last): ``value = data * scale[row]``. Attention weights travel as 16-bit
integers of their row's largest weight, so that what the browser shows to four digits is what the
model computed; differences, which have a sign, as signed ones. ``js/src/core/wire.js`` is the other half; both are held to the fixtures in
``tests/fixtures/wire``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Envelope = dict[str, Any]
Rows = Callable[[int, int, slice], NDArray[np.float32]]
Strongest = Callable[
    [int, list[int], int], tuple[NDArray[Any], NDArray[np.float32], NDArray[np.float32]]
]

FULL = 65535
"""Largest 16-bit integer: the row's maximum."""

SIGNED_FULL = 32767
"""The same of weights that may be negative."""

DTYPES = ("uint8", "uint16", "uint32", "int16", "int32", "float32")


def envelope(
    array: NDArray[Any], axes: Sequence[str], scale: NDArray[np.float32] | None = None
) -> Envelope:
    """Return an array ready for the wire.

    Parameters
    ----------
    array : ndarray
        Of one of the dtypes on the wire: uint8, uint16, uint32, int16, int32, float32.
    axes : sequence of str
        Name of each axis.
    scale : ndarray of float32, shape of ``array`` without its last axis, optional
        Factor of each row.

    Returns
    -------
    dict
        The envelope.

    Raises
    ------
    TypeError
        For another dtype.

    Examples
    --------
    >>> import numpy as np
    >>> envelope(np.zeros((2, 3), np.uint8), ["query", "key"])["shape"]
    [2, 3]
    """
    if array.dtype.name not in DTYPES:
        raise TypeError(f"{array.dtype} does not travel; convert to one of {', '.join(DTYPES)}")
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return {
        "data": little.tobytes(),
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        "axes": list(axes),
        "scale": None if scale is None else envelope(scale.astype(np.float32), axes[:-1]),
    }


def decode(packed: Envelope) -> NDArray[Any]:
    """Return the array in an envelope, its row scale applied.

    Parameters
    ----------
    packed : dict
        An envelope.

    Returns
    -------
    ndarray
        float32 when the envelope has a scale, else the dtype on the wire.

    Examples
    --------
    >>> import numpy as np
    >>> decode(envelope(np.arange(3, dtype=np.int32), ["token"])).tolist()
    [0, 1, 2]
    """
    array = np.frombuffer(packed["data"], dtype=np.dtype(packed["dtype"]).newbyteorder("<"))
    array = array.reshape(packed["shape"])
    if packed["scale"] is None:
        return array.astype(array.dtype.newbyteorder("="))
    scaled: NDArray[np.float32] = array.astype(np.float32) * decode(packed["scale"])[..., None]
    return scaled


def quantise(
    weights: NDArray[np.float32], *, signed: bool = False
) -> tuple[NDArray[np.integer[Any]], NDArray[np.float32]]:
    """Return rows as 16-bit integers and the factor of each row.

    Parameters
    ----------
    weights : ndarray of float32, shape (..., row, column)
        Weights, 0 or more unless ``signed``.
    signed : bool, default False
        Whether weights may be negative.

    Returns
    -------
    integers : ndarray of uint16, or of int16 when signed, shape (..., row, column)
        Rounded to 1/65535 of the row's largest weight, or 1/32767 of the largest absolute one.
    scale : ndarray of float32, shape (..., row)
        ``weights = integers * scale``; NaN for a row that holds something that is no number.

    Examples
    --------
    >>> import numpy as np
    >>> quantise(np.array([[0.25, 0.5]], np.float32))[0].tolist()
    [[32768, 65535]]
    >>> quantise(np.array([[-0.5, 0.25]], np.float32), signed=True)[0].tolist()
    [[-32767, 16384]]
    """
    full, dtype = (SIGNED_FULL, np.int16) if signed else (FULL, np.uint16)
    finite = np.isfinite(weights).all(axis=-1, keepdims=True)
    safe = np.where(finite, weights, 0)
    largest = np.abs(safe).max(axis=-1, keepdims=True, initial=0)
    factor = np.where(largest > 0, largest, 1)
    integers: NDArray[np.integer[Any]] = np.rint(safe / factor * full).astype(dtype)
    scale = np.where(finite, largest / full, np.nan).astype(np.float32)
    return integers, scale[..., 0]


def pack_dense(
    rows: Rows,
    layers: Iterable[int],
    heads: Sequence[int],
    shape: tuple[int, int],
    *,
    only: Sequence[int] | None = None,
    signed: bool = False,
) -> dict[str, Any]:
    """Return every weight of some layers as the value of the trait ``_attention``.

    Parameters
    ----------
    rows : callable
        ``rows(layer, head, slice)`` returns weights of shape (query, key).
    layers : iterable of int
        Layers to send.
    heads : sequence of int
        Number of heads of every layer of the model.
    shape : tuple of int
        Queries and keys.
    only : sequence of int, optional
        Send only these heads; default: all.
    signed : bool, default False
        Whether weights may be negative.

    Returns
    -------
    dict
        ``layers``, ``heads`` (``None``: all), ``format`` ("dense") and ``weights``, an envelope over layer, head, query, key.

    Examples
    --------
    >>> import numpy as np
    >>> pack_dense(lambda layer, head, part: np.eye(2, dtype="f4")[part], [0], [1], (2, 2))["format"]
    'dense'
    """
    layers = list(layers)
    size = max(heads) if only is None else len(only)
    integers = np.zeros((len(layers), size, *shape), np.int16 if signed else np.uint16)
    scale = np.zeros(integers.shape[:-1], np.float32)
    for index, layer in enumerate(layers):
        for place, head in enumerate(range(heads[layer]) if only is None else only):
            integers[index, place], scale[index, place] = quantise(
                rows(layer, head, slice(None)), signed=signed
            )
    weights = envelope(integers, ["layer", "head", "query", "key"], scale)
    return {
        "layers": layers,
        "heads": None if only is None else list(only),
        "format": "dense",
        "weights": weights,
    }


def pack_sparse(
    strongest: Strongest,
    layers: Iterable[int],
    heads: Sequence[int],
    queries: int,
    keys: int,
    *,
    top: int,
    only: Sequence[int] | None = None,
    signed: bool = False,
) -> dict[str, Any]:
    """Return the strongest weights of each query as the value of the trait ``_attention``.

    Parameters
    ----------
    strongest : callable
        ``strongest(layer, heads, top)`` returns keys and weights of the strongest edges, each of
        shape (head, query, edge), and the share of each query's weight in them, (head, query).
    layers : iterable of int
        Layers to send.
    heads : sequence of int
        Number of heads of every layer of the model.
    queries, keys : int
        Size of a head.
    top : int
        How many keys to keep of each query.
    only : sequence of int, optional
        Send only these heads; default: all.
    signed : bool, default False
        Whether weights may be negative.

    Returns
    -------
    dict
        ``layers``, ``heads``, ``format`` ("csr"), ``weights`` (16 bits, one an entry), ``columns``,
        ``offsets``, ``rowscale`` and ``kept`` (share of the row's weight that is sent).

    Examples
    --------
    >>> import numpy as np
    >>> def strongest(layer, heads, top):  # of the identity
    ...     return np.arange(3).reshape(1, 3, 1), np.ones((1, 3, 1), "f4"), np.ones((1, 3), "f4")
    >>> decode(pack_sparse(strongest, [0], [1], 3, 3, top=1)["columns"]).tolist()
    [0, 1, 2]
    """
    layers = list(layers)
    size = max(heads) if only is None else len(only)
    counts = np.zeros((len(layers), size, queries), np.uint32)
    rowscale = np.zeros(counts.shape, np.float32)
    kept = np.zeros(counts.shape, np.float32)
    columns: list[NDArray[Any]] = []
    weights: list[NDArray[Any]] = []
    for index, layer in enumerate(layers):
        sent = list(range(heads[layer]) if only is None else only)
        column, value, share = strongest(layer, sent, top)
        order = np.argsort(column, axis=-1)
        column = np.take_along_axis(column, order, -1)
        integers, scale = quantise(np.take_along_axis(value, order, -1), signed=signed)
        there = integers != 0
        counts[index, : len(sent)] = there.sum(-1)
        rowscale[index, : len(sent)], kept[index, : len(sent)] = scale, share
        columns.append(column[there])
        weights.append(integers[there])
    narrow = np.uint16 if keys <= FULL else np.uint32
    row_axes = ["layer", "head", "query"]
    offsets = np.concatenate([[0], np.cumsum(counts.ravel(), dtype=np.uint32)]).astype(np.uint32)
    return {
        "layers": layers,
        "heads": None if only is None else list(only),
        "format": "csr",
        "weights": envelope(np.concatenate(weights), ["entry"]),
        "columns": envelope(np.concatenate(columns).astype(narrow), ["entry"]),
        "offsets": envelope(offsets, ["row"]),
        "rowscale": envelope(rowscale, row_axes),
        "kept": envelope(kept, row_axes),
    }
