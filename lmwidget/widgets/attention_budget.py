"""How much of an attention is sent to the browser: what is on screen, within a budget."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lmwidget.errors import UnavailableError

ALL_LAYERS_BYTES = 1_000_000
"""Every layer is sent at once when they all fit in this; then the layer changes without a kernel."""

LAYER_BYTES = 1_200_000
"""Budget for what is on screen; above it only each query's strongest edges are sent."""

WHOLE_BYTES = 8_000_000
"""Budget where every weight of what is shown is needed: to sum over a chat turn."""

_FEWEST_KEYS = 4
_MOST_KEYS = 32  # of a long text; the pinned token's other weights are sent when it is pinned
_ENOUGH_KEYS = 24  # that many of every head, rather than more of the heads shown


@dataclass(frozen=True)
class Part:
    """What is sent of an attention.

    Attributes
    ----------
    layers : tuple of int
        Layers.
    heads : tuple of int or None
        Heads; ``None`` for all.
    top : int or None
        How many keys of each query; ``None`` for all.
    """

    layers: tuple[int, ...]
    heads: tuple[int, ...] | None
    top: int | None


def part_on_screen(
    attention: Any, layer: int, heads: Sequence[int], *, whole: bool = False
) -> Part:
    """Return what to send while a kernel can send more: the layer shown, or all when small.

    Parameters
    ----------
    attention : Attention
        What is drawn.
    layer : int
        Layer on screen.
    heads : sequence of int
        Heads on screen; empty for all.
    whole : bool, default False
        Send every weight of the heads on screen, within ``WHOLE_BYTES``.

    Returns
    -------
    Part
        Every layer; or all heads of the layer; or, of a long text, the heads on screen.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> part_on_screen(lmw.load("tiny").attention("The king said"), 0, [1])
    Part(layers=(0, 1), heads=None, top=None)
    """
    everything = range(attention.shape[0])
    if _dense_bytes(attention, everything) <= ALL_LAYERS_BYTES:
        return Part(_readable(attention), None, None)
    if whole:
        return _fitted(attention, [layer], heads or None, WHOLE_BYTES)
    every = _fitted(attention, [layer], None, LAYER_BYTES)
    if not heads or every.top is None or every.top >= _ENOUGH_KEYS:
        return every
    return _fitted(attention, [layer], heads, LAYER_BYTES, most=_MOST_KEYS)


def part_for_page(attention: Any, layer: int, heads: Sequence[int], max_bytes: int) -> Part:
    """Return what to write into a page without a kernel: as much as fits in a budget.

    Parameters
    ----------
    attention : Attention
        What is drawn.
    layer : int
        Layer on screen.
    heads : sequence of int
        Heads on screen; empty for all.
    max_bytes : int
        Budget.

    Returns
    -------
    Part
        Every layer; or all heads of the layer; or, of a very long text, the heads on screen.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> attention = lmw.load("tiny").attention("The king said")
    >>> part_for_page(attention, 0, [], 8_000_000)
    Part(layers=(0, 1), heads=None, top=None)
    """
    every = _fitted(attention, _readable(attention), None, max_bytes)
    for part in (every, _fitted(attention, [layer], None, max_bytes)):
        if part.top is None or _sparse_bytes(attention, part) <= max_bytes:
            return part
    return _fitted(attention, [layer], heads or None, max_bytes)


def holds(sent: dict[str, Any], layer: int, heads: Sequence[int]) -> bool:
    """Return whether a trait ``_attention`` has what is shown.

    Parameters
    ----------
    sent : dict
        The trait.
    layer : int
        Layer on screen.
    heads : sequence of int
        Heads on screen; empty for all.

    Returns
    -------
    bool
        False when something has to be sent.

    Examples
    --------
    >>> holds({"layers": [2], "heads": [0, 1]}, 2, [1]), holds({"layers": [2], "heads": [0]}, 2, [])
    (True, False)
    """
    there = sent.get("heads")
    if layer not in sent.get("layers", []):
        return False
    return there is None or bool(heads and set(heads) <= set(there))


def _readable(attention: Any) -> tuple[int, ...]:
    """Return the layers that could be read exactly; the others say so when they are asked for."""
    readable = []
    for layer in range(attention.shape[0]):
        with contextlib.suppress(UnavailableError):
            attention.rows(layer, 0, 0)
            readable.append(layer)
    return tuple(readable)


def _fitted(
    attention: Any,
    layers: Sequence[int],
    heads: Sequence[int] | None,
    budget: int,
    *,
    most: int | None = None,
) -> Part:
    """Return these layers and heads with as many keys of each query as fit."""
    layers, heads = tuple(layers), None if heads is None else tuple(heads)
    if _dense_bytes(attention, layers, heads) <= budget:
        return Part(layers, heads, None)
    rows = _rows(attention, layers, heads)
    fitting = int((budget - 12 * rows) // (4 * rows))
    top = max(_FEWEST_KEYS, fitting)
    return Part(layers, heads, top if most is None else min(top, most))


def _rows(attention: Any, layers: Sequence[int], heads: Sequence[int] | None) -> int:
    each = attention.shape[1] if heads is None else len(heads)
    return len(layers) * each * int(attention.shape[2])


def _dense_bytes(attention: Any, layers: Sequence[int], heads: Sequence[int] | None = None) -> int:
    """Every weight takes 2 bytes, every row 4 more."""
    return _rows(attention, layers, heads) * (2 * int(attention.shape[3]) + 4)


def _sparse_bytes(attention: Any, part: Part) -> int:
    """Every weight takes 4 bytes with its place, every row 12 more."""
    return _rows(attention, part.layers, part.heads) * (12 + 4 * (part.top or 0))
