"""Widgets that show the same: what is chosen or hovered in one is chosen or lit in the others."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from lmwidget.errors import InputError

if TYPE_CHECKING:
    from lmwidget.widgets.base import ModelWidget

SHARED = ("text", "kind", "layer", "heads", "token", "side")
"""Traits that linked widgets have in common, as far as they have them; in this order."""

_numbers = itertools.count(1)


def link(*widgets: ModelWidget) -> None:
    """Let widgets of the same text follow one another: text, kind, layer, heads, pinned token.

    Hovering a token in one lights it in all of them, inside the browser. In a page without a
    kernel (``lmw.to_html(path, *widgets)``) layer, heads and token go on following one another.

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
        for name in SHARED:
            if first.has_trait(name) and other.has_trait(name):
                _follow(first, other, name)
                setattr(other, name, getattr(first, name))
                _follow(other, first, name)


def _follow(source: ModelWidget, target: ModelWidget, name: str) -> None:
    def copy(change: Any) -> None:
        # What comes from the browser is computed in the background by every widget.
        with target.as_from_browser(source.from_browser):
            setattr(target, name, change.new)

    source.observe(copy, name)
