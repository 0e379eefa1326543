"""Lines of a figure: where every word, sign and shade stands."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lmwidget.figures.bidi import base_level, leftward, levels, mirrored, visual_order
from lmwidget.figures.ink import Ink
from lmwidget.figures.metrics import script_of, width_of, width_of_text

SMALL = 0.75
"Font size of signs and special tokens, of the text's."

PAD = 0.2
"Room on both sides of a special token, of the font size."

# No line begins with these, or ends with those.
_CLOSING = frozenset("。、，．：；！？」』）】〉》”’%‰…ー々)]}.,:;!?")
_OPENING = frozenset("「『（【〈《“‘([{")


Measure = Callable[[Ink], float]


@dataclass(frozen=True)
class Box:
    """The shade of one unit in one line: ``unit``, left edge ``x`` and ``width``, in font sizes."""

    unit: int
    x: float
    width: float


@dataclass(frozen=True)
class Run:
    """Characters that are drawn together.

    Attributes
    ----------
    text : str
        In reading order.
    x, width : float
        Left edge and width, in font sizes.
    kind : str
        ``"text"``, ``"sign"`` or ``"special"``.
    script : str
        Which fonts it needs.
    leftwards : bool
        Whether it is read from right to left.
    """

    text: str
    x: float
    width: float
    kind: str
    script: str
    leftwards: bool


@dataclass(frozen=True)
class Row:
    """One line: its boxes and runs."""

    boxes: tuple[Box, ...]
    runs: tuple[Run, ...]


def rows_of(lines: Sequence[Sequence[Ink]], width: float) -> list[Row]:
    """Return lines broken to a width, with the place of everything in them.

    Parameters
    ----------
    lines : sequence of sequence of Ink
        From :func:`~lmwidget.figures.ink.ink_lines`.
    width : float
        Room, in font sizes.

    Returns
    -------
    list of Row
        Words are whole, but those that are wider than a line.

    Examples
    --------
    >>> from lmwidget.figures.ink import ink_lines
    >>> from lmwidget.tokens import Tokens
    >>> rows = rows_of(ink_lines(Tokens.from_pieces(["un", "real", " world"])), 4)
    >>> [[run.text for run in row.runs] for row in rows]
    [['unreal'], ['world']]
    """
    rows = []
    for line in lines:
        base = direction(line)
        rows += [_placed(row, base, width) for row in wrapped(line, width)]
    return rows


def ink_width(ink: Ink) -> float:
    """Return how wide something is.

    Parameters
    ----------
    ink : Ink
        A character, space, sign or special token.

    Returns
    -------
    float
        In font sizes.

    Examples
    --------
    >>> ink_width(Ink(0, "漢", "text"))
    1.0
    """
    if ink.kind in {"sign", "special"}:
        return SMALL * width_of_text(ink.text) + (2 * PAD if ink.kind == "special" else 0)
    return width_of(ink.text)


def wrapped(line: Sequence[Ink], width: float, measure: Measure = ink_width) -> list[list[Ink]]:
    """Return one line broken to a width.

    Parameters
    ----------
    line : sequence of Ink
        What stands in it.
    width : float
        Room, in font sizes.
    measure : callable
        How wide each is, if not in font sizes.

    Returns
    -------
    list of list of Ink
        Spaces at the ends of lines hang over.

    Examples
    --------
    >>> line = [Ink(0, char, "space" if char == " " else "text") for char in "ab cd"]
    >>> [len(row) for row in wrapped(line, 1.5)]
    [3, 2]
    """
    rows: list[list[Ink]] = [[]]
    used = 0.0
    for chunk in _chunks(line, width, measure):
        solid = _solid_width(chunk, measure)
        if rows[-1] and used + solid > width + 1e-9:
            rows.append([])
            used = 0.0
        rows[-1] += chunk
        used += sum(measure(ink) for ink in chunk)
    return rows


def _solid_width(chunk: Sequence[Ink], measure: Measure) -> float:
    """Return the width without the spaces at the end."""
    last = next((i for i in range(len(chunk), 0, -1) if chunk[i - 1].kind != "space"), 0)
    return sum(measure(ink) for ink in chunk[:last])


def _chunks(line: Sequence[Ink], width: float, measure: Measure) -> Iterator[list[Ink]]:
    """Yield what must not be broken, the spaces behind it included."""
    chunk: list[Ink] = []
    for ink in line:
        if chunk and may_break(chunk[-1], ink):
            yield from _fitting(chunk, width, measure)
            chunk = []
        chunk.append(ink)
    if chunk:
        yield from _fitting(chunk, width, measure)


def may_break(before: Ink, after: Ink) -> bool:
    """Return whether a line may be broken between two neighbours.

    Parameters
    ----------
    before, after : Ink
        As they were written.

    Returns
    -------
    bool
        Behind spaces, around special tokens, and between characters of scripts without spaces.

    Examples
    --------
    >>> may_break(Ink(0, "漢", "text"), Ink(1, "字", "text"))
    True
    """
    if after.kind == "space":
        return False
    if before.kind == "space" or "special" in {before.kind, after.kind}:
        return True
    if before.text in _OPENING or after.text in _CLOSING or "sign" in {before.kind, after.kind}:
        return False
    return _breaks_anywhere(before.text) or _breaks_anywhere(after.text)


def _breaks_anywhere(text: str) -> bool:
    """Return whether lines may be broken beside a character: no spaces in these scripts."""
    if unicodedata.name(text[0], "").startswith("HANGUL"):
        return False
    return script_of(text) in {"wide", "emoji"} or "\u0e00" <= text[0] <= "\u0eff"


def _fitting(chunk: list[Ink], width: float, measure: Measure) -> Iterator[list[Ink]]:
    """Yield a word whole, or in parts when no line can hold it: between units, else anywhere."""
    if _solid_width(chunk, measure) <= width:
        yield chunk
        return
    part: list[Ink] = []
    for i, ink in enumerate(chunk):
        of_unit = [other for other in chunk[i:] if other.unit == ink.unit]
        starts = bool(part) and part[-1].unit != ink.unit
        needed = _solid_width(of_unit, measure) if starts else measure(ink)
        if part and _solid_width(part, measure) + min(needed, width) > width:
            yield part
            part = []
        part.append(ink)
    yield part


def _placed(row: Sequence[Ink], base: int, room: float) -> Row:
    """Return the row with everything in its place, in the order that readers see."""
    last = next((i for i in range(len(row), 0, -1) if row[i - 1].kind != "space"), 0)
    row = row[:last] or row
    found = directions(row, base)
    boxes: list[Box] = []
    runs: list[Run] = []
    x = room - sum(ink_width(ink) for ink in row) if base else 0.0
    before: tuple[Ink, int] | None = None
    for i in visual_order(found):
        ink, width = row[i], ink_width(row[i])
        _add_box(boxes, ink, x, width)
        if ink.kind != "space":
            joined = before is not None and _together(before, (ink, found[i]))
            _add_run(runs, ink, (x, width), leftwards=found[i] % 2 == 1, joined=joined)
        before = (ink, found[i])
        x += width
    return Row(tuple(boxes), tuple(runs))


def direction(line: Sequence[Ink]) -> int:
    """Return in which direction a line as it was written is read.

    Parameters
    ----------
    line : sequence of Ink
        What stands in it.

    Returns
    -------
    int
        1 for right to left, else 0.

    Examples
    --------
    >>> direction([Ink(0, "[CLS]", "special"), Ink(1, "ש", "text")])
    1
    """
    return base_level([ink.text for ink in line if ink.kind == "text"])


def directions(line: Sequence[Ink], base: int) -> list[int]:
    """Return the embedding level of everything in a line; signs go with their neighbours.

    Parameters
    ----------
    line : sequence of Ink
        As it was written, or a part of it.
    base : int
        From :func:`direction`.

    Returns
    -------
    list of int
        As of :func:`~lmwidget.figures.bidi.levels`.

    Examples
    --------
    >>> directions([Ink(0, "a", "text"), Ink(1, "ש", "text")], 0)
    [0, 1]
    """
    neutral = {"text": "", "space": " "}
    return levels([neutral.get(ink.kind, "·") or ink.text for ink in line], base)


def _add_box(boxes: list[Box], ink: Ink, x: float, width: float) -> None:
    if not ink.shaded:
        return
    last = boxes[-1] if boxes else None
    if last and last.unit == ink.unit and abs(last.x + last.width - x) < 1e-9:
        boxes[-1] = Box(ink.unit, last.x, last.width + width)
    else:
        boxes.append(Box(ink.unit, x, width))


def _together(before: tuple[Ink, int], here: tuple[Ink, int]) -> bool:
    """Return whether two neighbours are drawn as one, so that letters join and fonts kern."""
    (one, level), (other, own) = before, here
    if level != own or one.kind != "text" or other.kind != "text":
        return False
    script = script_of(one.text)
    if script != script_of(other.text) or script in {"emoji", "wide"}:
        return False
    return own % 2 == 0 or leftward(one.text) == leftward(other.text) is True


def _add_run(
    runs: list[Run], ink: Ink, place: tuple[float, float], *, leftwards: bool, joined: bool
) -> None:
    x, width = place
    script = script_of(ink.text)
    if joined:
        last = runs[-1]
        text = ink.text + last.text if leftwards else last.text + ink.text
        runs[-1] = Run(text, last.x, last.width + width, ink.kind, last.script, leftwards)
        return
    alone = leftwards and ink.kind == "text" and not leftward(ink.text)
    text = mirrored(ink.text) if alone else ink.text
    runs.append(Run(text, x, width, ink.kind, script, leftwards and not alone))
