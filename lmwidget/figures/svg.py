"""An attribution as an SVG figure that looks the same in browsers, in papers and in editors."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from lmwidget.errors import InputError
from lmwidget.figures.colours import (
    AGAINST,
    FOR,
    INK,
    LINE,
    MUTED,
    PAPER,
    PLAIN,
    THEMES,
    Theme,
    shade,
)
from lmwidget.figures.ink import ink_lines
from lmwidget.figures.layout import PAD, SMALL, Box, Row, Run, rows_of
from lmwidget.figures.picture import Picture, picture_of
from lmwidget.figures.words import token_name
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    from lmwidget.results import Attribution

_SIZE, _LINE, _MARGIN = 15, 32, 16
_NOTE = 12
_BAR = 4.0
_STOPS = 24
_LEGEND = 280
_LATIN = "Helvetica, Arial, 'Liberation Sans', 'Nimbus Sans', 'DejaVu Sans', sans-serif"
_FONTS = {
    "latin": _LATIN,
    "wide": "'Noto Sans CJK SC', 'Source Han Sans SC', 'PingFang SC', 'Hiragino Sans', "
    "'Microsoft YaHei', 'Malgun Gothic', sans-serif",
    "symbol": "'DejaVu Sans', 'Segoe UI Symbol', 'Apple Symbols', 'Noto Sans Symbols', sans-serif",
    "emoji": "'Apple Color Emoji', 'Segoe UI Emoji', 'Noto Color Emoji', sans-serif",
}

_STRETCHED = {"latin", "symbol", "wide", "Arabic", "Hebrew"}


def svg_figure(why: Attribution, *, width: int = 640, theme: Theme = "light") -> str:
    """Return an attribution as SVG.

    Parameters
    ----------
    why : Attribution
        Scores of one text.
    width : int, default 640
        In pixels; at least 240.
    theme : "light" or "dark"
        Of the paper.

    Returns
    -------
    str
        A document: the question, the shaded text, the scale, the caption. Every word is as wide as
        its shade in any font.

    Raises
    ------
    InputError
        For another theme, or a width that is too small.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> svg_figure(lmw.load("tiny").attribute("The king"))[:4]
    '<svg'
    """
    if theme not in THEMES:
        raise InputError(f"There is no theme {theme!r}.", "Choose 'light' or 'dark'.")
    if not isinstance(width, int | float) or not 240 <= width < math.inf:
        raise InputError(f"A figure of {width} pixels cannot be drawn.", "Give 240 or more.")
    picture = picture_of(why)
    room = width - 2 * _MARGIN
    look = _Look(theme, picture.signed)
    y = _MARGIN + 18.0
    parts, y = _words(picture.question, y, room, look, size=18, fill=INK[theme])
    y += 12
    for row in rows_of(ink_lines(picture.tokens, picture.hidden), room / _SIZE):
        parts += _row(row, picture, y, look)
        y += _LINE
    y -= 0 if picture.signed else 16  # nothing is said above the scale
    parts += _legend(picture, y, min(room, _LEGEND), look)
    caption, y = _words(" ".join(picture.caption), y + 70, room, look, size=_NOTE)
    height = math.ceil(y - _NOTE * 1.5 + _MARGIN - 4)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" font-family={quoteattr(_LATIN)}>'
        f"<title>{_valid(picture.question)}</title>"
        f"<desc>{_valid(' '.join(picture.caption))}</desc>{_defs(look)}"
        f'<rect width="{width}" height="{height}" fill="{PAPER[theme]}"/>'
        f"{''.join(parts)}{''.join(caption)}</svg>\n"
    )


@dataclass(frozen=True)
class _Look:
    """Theme and scale of a figure, and the names of what is drawn with them in one page."""

    theme: Theme
    signed: bool

    @property
    def scale(self) -> str:
        return f"lmw-scale-{'signed' if self.signed else 'unsigned'}-{self.theme}"

    @property
    def hatch(self) -> str:
        return f"lmw-hatch-{self.theme}"

    def shade(self, place: float) -> str:
        return shade(place, signed=self.signed, theme=self.theme)

    def bar(self, place: float) -> str:
        side = PLAIN if not self.signed else FOR if place > 0 else AGAINST
        return side[self.theme]


def _words(
    text: str, y: float, room: float, look: _Look, *, size: float, fill: str = ""
) -> tuple[list[str], float]:
    """Return plain words in lines, and where the next line goes."""
    parts = []
    for row in rows_of(ink_lines(Tokens.from_pieces([text])), room / size):
        for run in row.runs:
            colour = fill or MUTED[look.theme]
            parts.append(_run(run, y, colour, size=size))
        y += size * 1.5
    return parts, y


def _row(row: Row, picture: Picture, y: float, look: _Look) -> Iterator[str]:
    for box in row.boxes:
        yield from _shade(box, picture, y, look)
    for run in row.runs:
        yield _run(run, y, MUTED[look.theme] if run.kind == "sign" else INK[look.theme])


def _shade(box: Box, picture: Picture, y: float, look: _Look) -> Iterator[str]:
    """Yield the shade of a unit and the bar under it, which says the same without colour."""
    place = float(picture.places[box.unit])
    x, width = _MARGIN + box.x * _SIZE + 0.4, max(box.width * _SIZE - 0.8, 0.8)
    name = token_name(picture.tokens, box.unit)
    score = f"{picture.score_words(box.unit, 4)} {picture.unit}"
    broken = math.isnan(place)
    fill = f"url(#{look.hatch})" if broken else look.shade(place)
    unknown = picture.tokens.kinds[box.unit] == "unknown"
    edge = f' stroke="{LINE[look.theme]}" stroke-dasharray="2 2"' if unknown else ""
    yield (
        f'<rect x="{x:.2f}" y="{y - 15.5:.2f}" width="{width:.2f}" height="20.5" rx="2.5" '
        f'fill="{fill}"{edge}><title>{_valid(f"{name}: {score}")}</title></rect>'
    )
    if broken or abs(place) < 0.005:
        return
    dash = ' stroke-dasharray="4 3"' if place < 0 and picture.signed else ""
    thick = max(_BAR * abs(place), 0.3)
    double = box.unit in picture.beyond
    for middle, height in (
        [(y + 7, 2.0), (y + 10.5, 2.0)] if double else [(y + 6 + thick / 2, thick)]
    ):
        yield (
            f'<path d="M{x:.2f} {middle:.2f}h{width:.2f}" stroke="{look.bar(place)}" '
            f'stroke-width="{height:.2f}"{dash}/>'
        )


def _run(run: Run, y: float, fill: str, *, size: float = _SIZE) -> str:
    """Return a word that is as wide as it was reckoned, whatever the font.

    A word from right to left is held in its middle: renderers do not agree which end is its start.
    """
    x, width = _MARGIN + run.x * size, run.width * size
    if run.kind == "special":
        x, width = x + PAD * size, width - 2 * PAD * size
    small = run.kind != "text"
    # An emoji stretched would be another one, and not all renderers can stretch what is stacked.
    fixed = run.script in _STRETCHED
    middle = run.leftwards or not fixed
    place = f'x="{x + width / 2:.2f}" text-anchor="middle"' if middle else f'x="{x:.2f}"'
    length = f' textLength="{width:.2f}" lengthAdjust="spacingAndGlyphs"' if fixed else ""
    family = f" font-family={quoteattr(_fonts(run.script))}"
    return (
        f'<text {place} y="{y - small:.2f}" font-size="{size * (SMALL if small else 1):g}"'
        f'{"" if run.script == "latin" else family}{length} fill="{fill}">'
        f"{_valid(run.text)}</text>"
    )


def _fonts(script: str) -> str:
    """Return the fonts of a script; not all renderers look further than the first that they have."""
    own = f"'Noto Sans {script}', 'Noto Naskh {script}', 'Noto Serif {script}'"
    return _FONTS.get(script, f"{own}, 'Segoe UI', 'Geeza Pro', 'DejaVu Sans', sans-serif")


def _legend(picture: Picture, y: float, width: float, look: _Look) -> Iterator[str]:
    """Yield the scale with its unit and range; wedges repeat the size without colour."""
    low, high = picture.range_words
    left, right, base = _MARGIN, _MARGIN + width, y + 33
    centre = (left + right) / 2 if picture.signed else left
    if picture.signed:
        against, towards = (_short(end) for end in picture.ends)
        yield from _note(f"← {against}", left, y + 12, "start", AGAINST[look.theme])
        yield from _note(f"{towards} →", right, y + 12, "end", FOR[look.theme])
        yield f'<path d="{_dashed_wedge(left, centre, base)}" fill="{look.bar(-1)}"/>'
    yield f'<rect x="{left}" y="{y + 18}" width="{width}" height="9" fill="url(#{look.scale})"/>'
    yield f'<path d="M{centre} {base}H{right}v-5Z" fill="{look.bar(1)}"/>'
    for text, x, anchor in (
        (low, left, "start"),
        (picture.unit, (left + right) / 2, "middle"),
        (high, right, "end"),
    ):
        yield from _note(text, x, y + 47, anchor, MUTED[look.theme])


def _dashed_wedge(left: float, end: float, base: float) -> str:
    """Return a wedge in dashes, as the bars of that side are."""
    edge = lambda x: base - 5 * (end - x) / (end - left)  # noqa: E731
    dashes = ((x, min(x + 4, end)) for x in np.arange(left, end, 7).tolist())
    return "".join(
        f"M{x:g} {base:g}V{edge(x):.2f}L{to:g} {edge(to):.2f}V{base:g}Z" for x, to in dashes
    )


def _short(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:18]}…”"


def _note(text: str, x: float, y: float, anchor: str, fill: str) -> Iterator[str]:
    """Yield a short text at, left of, or around a place."""
    row = rows_of(ink_lines(Tokens.from_pieces([text])), math.inf)[0]
    width = max((run.x + run.width for run in row.runs), default=0.0) * _NOTE
    start = x - _MARGIN - width * {"start": 0, "middle": 0.5, "end": 1}[anchor]
    for run in row.runs:
        yield _run(replace(run, x=run.x + start / _NOTE), y, fill, size=_NOTE)


def _defs(look: _Look) -> str:
    """Return the ramp of the scale, and the hatching of what has no finite score."""
    first = -1 if look.signed else 0
    stops = "".join(
        f'<stop offset="{step / _STOPS:.4f}" '
        f'stop-color="{look.shade(first + (1 - first) * step / _STOPS)}"/>'
        for step in range(_STOPS + 1)
    )
    return (
        f'<defs><linearGradient id="{look.scale}">{stops}</linearGradient>'
        f'<pattern id="{look.hatch}" width="6" height="6" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><path d="M1 0V6" stroke="{LINE[look.theme]}" '
        f'stroke-width="2" stroke-opacity="0.5"/></pattern></defs>'
    )


def _valid(text: str) -> str:
    """Return text as XML may hold it: escaped, without characters that XML 1.0 knows not."""
    return escape(_NO_XML.sub("�", text))


_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
