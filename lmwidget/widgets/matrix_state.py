"""What a matrix looks like on its way to the browser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lmwidget.widgets.matrix_field import TILE, Field, Pyramid
from lmwidget.wire import envelope, quantise

_STRONGEST = 50
_MOST_TILES = 64  # of one answer: 2 MB


def overview_state(
    pyramid: Pyramid, layer: int, heads: Sequence[int], number: int, level: int | None = None
) -> dict[str, Any]:
    """Return the trait ``_overview``: the whole matrix, as fine as the budget allows.

    Parameters
    ----------
    pyramid : Pyramid
        The matrix.
    layer : int
        Layer shown.
    heads : sequence of int
        Heads shown; empty for all.
    number : int
        Tells the tiles of one matrix from those of another.
    level : int, optional
        Level to send; default: the pyramid's own.

    Returns
    -------
    dict
        ``number``, ``layer``, ``heads``, ``pool``, ``level``, ``shape``, ``tile``; ``cells``, an
        envelope over row and column; ``row_largest``; ``strongest`` with ``row``, ``column``,
        ``weight``; ``starts``, the first token of every row and column, when they are no tokens.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> field = Field(lmw.load("tiny").attention("the king said"), 0, [1], "token")
    >>> overview_state(Pyramid(field), 0, [1], 1)["shape"]
    [4, 4]
    """
    field = pyramid.field
    level = pyramid.level if level is None else level
    rows, columns, weights = pyramid.strongest(_STRONGEST)
    integers, scale = quantise(pyramid.cells(level), signed=field.signed)
    return {
        "number": number,
        "layer": layer,
        "heads": list(heads),
        "pool": field.pool,
        "level": level,
        "shape": list(field.shape),
        "tile": TILE,
        "cells": envelope(integers, ["row", "column"], scale),
        "row_largest": envelope(pyramid.row_largest, ["row"]),
        "strongest": {
            "row": envelope(rows.astype(np.int32), ["cell"]),
            "column": envelope(columns.astype(np.int32), ["cell"]),
            "weight": envelope(weights.astype(np.float32), ["cell"]),
        },
        "starts": None
        if field.pool == "token"
        else {
            "query": envelope(field.starts[0], ["row"]),
            "key": envelope(field.starts[1], ["column"]),
        },
    }


def tiles_state(pyramid: Pyramid, view: dict[str, Any]) -> dict[str, Any]:
    """Return the trait ``_tiles``: what the browser asked for in ``_view``.

    Parameters
    ----------
    pyramid : Pyramid
        The matrix.
    view : dict
        ``number`` of the matrix, ``level`` (0 for the weights themselves) and ``tiles``, pairs of
        tile row and tile column. Tiles that do not exist, and those above the diagonal of a
        matrix that is causal, are not asked for.

    Returns
    -------
    dict
        ``number``, ``level``, ``tiles`` and ``cells``, an envelope over tile, row and column; a
        tile that reaches beyond the matrix is filled up with zeros.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> field = Field(lmw.load("tiny").attention("the king said"), 0, [1], "token")
    >>> view = {"number": 1, "level": 0, "tiles": [[0, 0]]}
    >>> tiles_state(Pyramid(field), view)["cells"]["shape"]
    [1, 128, 128]
    """
    level = max(0, int(view["level"]))
    rows, columns = (-(-size // 2**level) for size in pyramid.field.shape)
    there = [
        (int(y), int(x))
        for y, x in view["tiles"]
        if 0 <= y < -(-rows // TILE) and 0 <= x < -(-columns // TILE)
    ][:_MOST_TILES]
    cells = np.zeros((len(there), TILE, TILE), np.float32)
    for band in sorted({y for y, _ in there}):
        part = pyramid.part(level, band * TILE, (band + 1) * TILE)
        for place, (y, x) in enumerate(there):
            if y == band:
                tile = part[:, x * TILE : (x + 1) * TILE]
                cells[place, : tile.shape[0], : tile.shape[1]] = tile
    integers, scale = quantise(cells, signed=pyramid.field.signed)
    return {
        "number": view["number"],
        "level": level,
        "tiles": [list(tile) for tile in there],
        "cells": envelope(integers, ["tile", "row", "column"], scale),
    }


def row_state(field: Field, row: int, number: int) -> dict[str, Any]:
    """Return the trait ``_row``: every weight of the pinned row.

    Parameters
    ----------
    field : Field
        The matrix.
    row : int
        Which row.
    number : int
        Of the matrix, as in ``_overview``.

    Returns
    -------
    dict
        ``number``, ``row`` and ``weights``, an envelope over column.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> field = Field(lmw.load("tiny").attention("the king said"), 0, [1], "token")
    >>> row_state(field, 2, 1)["weights"]["shape"]
    [4]
    """
    weights = field.rows([row])[0]
    return {"number": number, "row": row, "weights": envelope(weights, ["column"])}


def page_level(pyramid: Pyramid, max_bytes: int) -> int:
    """Return the finest level that a page without a kernel may carry.

    Parameters
    ----------
    pyramid : Pyramid
        The matrix.
    max_bytes : int
        Budget.

    Returns
    -------
    int
        0 when every weight fits.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> field = Field(lmw.load("tiny").attention("the king said"), 0, [1], "token")
    >>> page_level(Pyramid(field), 8_000_000)
    0
    """
    from lmwidget.widgets.matrix_field import finest_level

    rows, columns = pyramid.field.shape
    spare = max_bytes - 4 * (rows + columns)
    return finest_level(rows, columns, max(1, spare // 2))
