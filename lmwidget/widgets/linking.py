"""Widgets that show the same: what is chosen or hovered in one is chosen or lit in the others."""

from __future__ import annotations

import itertools
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from lmwidget.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from lmwidget.widgets.base import ModelWidget

SHARED = ("text", "kind", "layer", "heads", "token", "key", "side")
"""Traits that linked widgets have in common, as far as they have them; in this order."""

_numbers = itertools.count(1)


def link(*widgets: ModelWidget) -> None:
    """Let widgets of the same text follow one another: text, kind, layer, heads, pinned tokens.

    Hovering a token in one lights it in all of them, inside the browser. In a page without a
    kernel (``lmw.to_html(path, *widgets)``) layer, heads and tokens go on following one
    another. A widget that does not have a layer or head stays at its own.

    Parameters
    ----------
    *widgets : widget
        Two or more widgets of lmwidget. The others take over what the first one shows.

    Raises
    ------
    InputError
        When something else is given, or fewer than two.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> graph, text = lmw.AttentionGraph(lm, "the king"), lmw.SaliencyText(lm, "the king")
    >>> lmw.link(graph, text)
    >>> graph.token = 1
    >>> text.token
    1
    """
    for widget in widgets:
        if not hasattr(widget, "_group"):
            raise InputError(
                f"A {type(widget).__name__} is no widget of lmwidget.",
                "Give the widgets themselves: lmw.link(grid, graph).",
            )
    if len(widgets) < 2:
        raise InputError("One widget has nothing to be linked to.", "Give two or more.")
    first, *others = widgets
    group = first._group or f"group {next(_numbers)}"  # noqa: SLF001
    first._group = group  # noqa: SLF001
    for other in others:
        other._group = group  # noqa: SLF001
        names = [name for name in SHARED if _has(first, name) and _has(other, name)]
        pair = _Pair()
        for name in names:
            pair.follow(first, other, name)
            _give(other, name, _translated(first, other, name, getattr(first, name)))
            pair.follow(other, first, name)


class _Pair:
    """Two widgets that follow one another; what one takes over it does not give back."""

    def __init__(self) -> None:
        self._giving = False

    def follow(self, source: ModelWidget, target: ModelWidget, name: str) -> None:
        """Give every change of a trait to the other widget."""

        def copy(change: Any) -> None:
            if self._giving:
                return
            self._giving = True
            try:
                # What comes from the browser is computed in the background by every widget.
                with target.as_from_browser(source.from_browser):
                    if name == "token":
                        _give_token(source, target, change.new)
                    else:
                        value = _translated(source, target, name, change.new)
                        _give(target, name, value)
            finally:
                self._giving = False

        source.observe(copy, name)


def _give_token(source: ModelWidget, target: ModelWidget, token: int | None) -> None:
    """Give a pinned token: a query, unless its widget says that it is looked at."""
    side = getattr(source, "side", "query") if _has(source, "side") else "query"
    if side == "key" and _has(target, "key") and not _has(target, "side"):
        _give(target, "key", token)
        return
    if _has(target, "side"):
        _give(target, "side", side)
    _give(target, "token", token)
    if _has(source, "key") and _has(target, "key"):
        _give(target, "key", source.key)  # another query had reset it


def _has(widget: ModelWidget, name: str) -> bool:
    return widget.has_trait(name) and name not in widget.unlinked


def _translated(source: ModelWidget, target: ModelWidget, name: str, value: Any) -> Any:
    """Return a layer as the other widget counts it: both may have read only some of them."""
    numbers = [widget._figure.get("layer_numbers") or [] for widget in (source, target)]  # noqa: SLF001
    if name != "layer" or not all(numbers) or value >= len(numbers[0]):
        return value
    number = numbers[0][value]
    return numbers[1].index(number) if number in numbers[1] else target.layer


def _give(target: ModelWidget, name: str, value: Any) -> None:
    """Set a trait; what the widget does not have leaves it as it is."""
    if name == "text" and target._lm is None:  # noqa: SLF001
        return  # a picture of a result: there is nothing to read another text with
    with suppress(UnknownNameError):
        setattr(target, name, value)
