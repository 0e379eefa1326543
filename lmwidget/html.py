"""Pages that need no kernel and no network, and the static picture for hosts without scripts.

Text of the user reaches a page in two ways only: escaped by :func:`html.escape`, or inside JSON
in which every ``<`` is written as ``\\u003c``; neither can open a tag.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget

from lmwidget.errors import InputError
from lmwidget.storage import writable

if TYPE_CHECKING:
    from lmwidget.widgets.base import ModelWidget

MAX_BYTES = 8_000_000
"""Default budget for the data of one widget in a page."""

_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; "
    "img-src data: blob:"
)
_PAGE_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; background: #fff; color: #1c1c1e; font: 15px/1.5 system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { body { background: #161618; color: #e4e4e7; } }
main { max-width: 1120px; margin: 0 auto; padding: 24px 16px 48px; }
h1 { font-size: 22px; font-weight: 600; line-height: 1.3; margin: 0 0 16px; }
section { margin: 0 0 40px; }
"""


def to_html(
    path: str | Path, *widgets: ModelWidget, title: str = "", max_bytes: int = MAX_BYTES
) -> Path:
    """Write several widgets into one page that needs no kernel and no network.

    Parameters
    ----------
    path : str or Path
        File to write.
    *widgets : widget
        Shown one below the other.
    title : str
        Heading of the page.
    max_bytes : int
        Budget for the data of each widget; what is cut is said in its figure.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        When something else than a widget is given, or none, or the folder does not exist.

    Examples
    --------
    >>> import lmwidget as lmw, tempfile, os
    >>> lm = lmw.load("tiny")
    >>> page = os.path.join(tempfile.mkdtemp(), "page.html")
    >>> lmw.to_html(page, lmw.AttentionGraph(lm, "The king"), lmw.SaliencyText(lm, "The king")).name
    'page.html'
    """
    if not widgets:
        raise InputError(
            "There is no widget to write.", 'Give at least one: lmw.to_html("page.html", graph).'
        )
    for widget in widgets:
        if not hasattr(widget, "_bundle"):
            raise InputError(
                f"{type(widget).__name__} is no widget of lmwidget.",
                'The file comes first, then widgets: lmw.to_html("page.html", graph, text).',
            )
    heading, name = title, title or ", ".join(type(widget).__name__ for widget in widgets)
    return write_page(path, widgets, title=name, heading=heading, max_bytes=max_bytes)


def write_page(
    path: str | Path,
    widgets: Sequence[ModelWidget],
    *,
    title: str,
    heading: str = "",
    max_bytes: int = MAX_BYTES,
) -> Path:
    """Write a page and return its path.

    Parameters
    ----------
    path : str or Path
        File to write.
    widgets : sequence of widget
        What the page shows.
    title : str
        Title of the document.
    heading : str
        Visible heading; none when empty.
    max_bytes : int
        Budget for the data of each widget.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        When the folder does not exist.

    Examples
    --------
    >>> import tempfile, os
    >>> write_page(os.path.join(tempfile.mkdtemp(), "page.html"), [], title="Empty").name
    'page.html'
    """
    from lmwidget.widgets.base import bundle

    path = writable(path)
    kinds = list(dict.fromkeys(widget._bundle for widget in widgets))  # noqa: SLF001
    style = _PAGE_STYLE + "".join(bundle(f"{kind}.css").read_text("utf-8") for kind in kinds)
    sources = {kind: bundle(f"{kind}.js").read_text("utf-8") for kind in kinds}
    data = {"sources": sources, "widgets": [_record(widget, max_bytes) for widget in widgets]}
    sections = "".join(f"<section>{fallback(widget)}</section>" for widget in widgets)
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="lmwidget">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{escape(title)}</title>
<style>{style}</style>
</head>
<body>
<main>{f"<h1>{escape(heading)}</h1>" if heading else ""}{sections}</main>
<script type="application/json" data-lmwidget>{_json(data)}</script>
<script type="module">{bundle("host.js").read_text("utf-8")}</script>
</body>
</html>
"""
    path.write_text(page, encoding="utf-8")
    return path


def _record(widget: ModelWidget, max_bytes: int) -> dict[str, Any]:
    """Return what a page says of a widget: no kernel will end what it was doing, or take an edit."""
    inherited = set(anywidget.AnyWidget.class_trait_names())
    state = {
        name: getattr(widget, name)
        for name in widget.class_trait_names(sync=True)
        if name not in inherited
    }
    state.update(widget._idle_state())  # noqa: SLF001
    state.update(widget._published_state(max_bytes))  # noqa: SLF001
    buffers: list[dict[str, Any]] = []
    plain = {name: _strip(value, [name], buffers) for name, value in state.items()}
    return {"kind": widget._bundle, "state": plain, "buffers": buffers}  # noqa: SLF001


def _strip(value: Any, path: list[str | int], buffers: list[dict[str, Any]]) -> Any:
    """Return ``value`` without its bytes, which go to ``buffers`` with their path."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        buffers.append({"path": path, "data": base64.b64encode(value).decode()})
        return None
    if isinstance(value, dict):
        return {key: _strip(item, [*path, key], buffers) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strip(item, [*path, index], buffers) for index, item in enumerate(value)]
    return value


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=True).replace("<", "\\u003c")


def fallback(widget: ModelWidget) -> str:
    """Return a static picture for hosts that run no scripts: GitHub, mail, untrusted notebooks.

    Parameters
    ----------
    widget : widget
        What to show.

    Returns
    -------
    str
        HTML without scripts; every text escaped.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> "<table>" in fallback(lmw.AttentionGraph(lmw.load("tiny"), "The king said"))
    True
    """
    return f'<div class="lmw-static">{widget._static_html()}</div>'  # noqa: SLF001


def table(caption: str, header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table of escaped text.

    Parameters
    ----------
    caption : str
        What the table shows.
    header : iterable of str
        Column names.
    rows : iterable of iterable of str
        Cells.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> table("Weights", ["token"], [["<b>"]])[-50:]
    '<tbody><tr><td>&lt;b&gt;</td></tr></tbody></table>'
    """
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def shaded(pieces: Sequence[str], shares: Sequence[float], titles: Sequence[str]) -> str:
    """Return text whose background shows a share from -1 to 1.

    Parameters
    ----------
    pieces : sequence of str
        Surface text of each token.
    shares : sequence of float
        -1 (against, violet) to 1 (for, orange); NaN is left unshaded.
    titles : sequence of str
        What hovering a token says.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> shaded(["a"], [0.0], ["0"])
    '<p style="white-space:pre-wrap;line-height:1.9"><span title="0">a</span></p>'
    """
    spans = []
    for piece, share, title in zip(pieces, shares, titles, strict=True):
        style = background(share)
        spans.append(f'<span{style} title="{escape(title)}">{escape(piece)}</span>')
    return f'<p style="white-space:pre-wrap;line-height:1.9">{"".join(spans)}</p>'


def background(share: float) -> str:
    """Return the style attribute of a background that shows a share from -1 to 1.

    Parameters
    ----------
    share : float
        -1 (against, violet) to 1 (for, orange); NaN is left unshaded.

    Returns
    -------
    str
        With a space in front; empty where there is nothing to show.

    Examples
    --------
    >>> background(1.0)
    ' style="background:rgba(230,138,46,0.85)"'
    """
    strength = min(abs(share), 1.0) if share == share else 0.0  # noqa: PLR0124
    colour = "230,138,46" if share > 0 else "124,104,214"
    return f' style="background:rgba({colour},{0.85 * strength:.2f})"' if strength else ""
