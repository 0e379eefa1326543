"""An attribution as Markdown that GitHub renders: bars under the text, and a table."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lmwidget.errors import InputError
from lmwidget.figures.bidi import visual_order
from lmwidget.figures.ink import Ink, ink_lines
from lmwidget.figures.layout import directions, wrapped
from lmwidget.figures.metrics import script_of
from lmwidget.figures.picture import Picture, picture_of
from lmwidget.figures.words import number, token_name, with_sign

if TYPE_CHECKING:
    from lmwidget.results import Attribution

_FOR = " ▁▂▃▄▅▆▇█"
_AGAINST = " ░▒▓"
_PUNCTUATION = re.compile(r"([\\`*_\[\]<>|~&#$@])")


def markdown_figure(why: Attribution, *, width: int = 80, rows: int = 50) -> str:
    """Return an attribution as Markdown.

    Parameters
    ----------
    why : Attribution
        Scores of one text.
    width : int, default 80
        Characters in a line of the text; a wide one (Chinese, emoji) counts as two.
    rows : int, default 50
        Length of the table: of more tokens the strongest are listed, in the order of the text.

    Returns
    -------
    str
        The question, the text with bars under it in a code block, what the bars mean, a table of
        tokens and scores, the caption.

    Raises
    ------
    InputError
        For a width under 20 or a negative number of rows.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> why = lmw.SaliencyText.from_arrays([0.5, -1.0], ["so", " bad"]).result
    >>> print(markdown_figure(why).split("```")[1])
    text
    so bad
    ▄▄ ▓▓▓
    <BLANKLINE>
    """
    if width < 20 or rows < 0:
        raise InputError(
            f"A width of {width} characters and {rows} rows cannot be written.",
            "Give a width of 20 or more and at least 0 rows.",
        )
    picture = picture_of(why)
    block = "\n".join(
        text.rstrip()
        for line in ink_lines(picture.tokens, picture.hidden)
        for row in wrapped(line, width, cells)
        for text in _two_lines(row, picture)
    )
    fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", block)), default=0))
    parts = [f"**{plain(picture.question)}**", f"{fence}text\n{block}\n{fence}", _key(picture)]
    parts += [_table(why, rows)] if rows else []
    return "\n\n".join([*parts, plain(" ".join(picture.caption))]) + "\n"


def plain(text: str) -> str:
    r"""Return text that Markdown shows as it is.

    Parameters
    ----------
    text : str
        Any text on one line.

    Returns
    -------
    str
        Its punctuation escaped.

    Examples
    --------
    >>> print(plain("<b> | *a*"))
    \<b\> \| \*a\*
    """
    return _PUNCTUATION.sub(r"\\\1", text)


def cells(ink: Ink) -> float:
    """Return how many columns of a fixed font something takes.

    Parameters
    ----------
    ink : Ink
        A character, space, sign or special token.

    Returns
    -------
    float
        Two for wide characters (Unicode Standard Annex #11).

    Examples
    --------
    >>> cells(Ink(0, "漢", "text")), cells(Ink(0, "[CLS]", "special"))
    (2, 5)
    """
    if ink.kind in {"sign", "special"}:
        return len(ink.text)
    return 2 if script_of(ink.text) in {"wide", "emoji"} else 1


def _two_lines(row: Sequence[Ink], picture: Picture) -> tuple[str, str]:
    """Return a line of the text, and the bars under it where a reader sees their tokens."""
    order = visual_order(directions(row, 0))  # code is laid out from left to right
    bars = "".join(_bar(row[i], picture) * int(cells(row[i])) for i in order)
    return "".join(ink.text for ink in row), bars


def _bar(ink: Ink, picture: Picture) -> str:
    place = float(picture.places[ink.unit])
    if not ink.shaded:
        return " "
    if math.isnan(place):
        return "?"
    marks = _AGAINST if place < 0 and picture.signed else _FOR
    size = abs(place) if picture.signed or place > 0 else 0.0
    return marks[math.ceil(size * (len(marks) - 1) - 0.05)] if size >= 0.005 else " "


def _key(picture: Picture) -> str:
    low, high = picture.range_words
    against, towards = picture.ends
    known = f"{plain(picture.unit)}; NaN and infinities: `?`." if np.isnan(picture.places).any() else f"{plain(picture.unit)}."  # fmt: skip
    if picture.signed:
        return (
            f"`▁` to `█`: {plain(towards)}, up to {plain(high)}; "
            f"`░` to `▓`: {plain(against)}, down to {plain(low)} {known}"
        )
    return f"`▁` to `█`: {low} to {plain(high)} {known}"


def _table(why: Attribution, rows: int) -> str:
    sizes = np.nan_to_num(np.abs(why.scores.astype(np.float64)), nan=-1.0, posinf=np.inf)
    strongest = np.sort(np.argsort(-sizes, kind="stable")[:rows])
    lines = [f"| # | {why.level} | {plain(why.unit)} |", "|--:|:--|--:|"]
    lines += [
        f"| {i + 1} | {_code(token_name(why.tokens, i))} | {_score(float(why.scores[i]), why)} |"
        for i in strongest.tolist()
    ]
    if len(strongest) < len(why.tokens):
        lines.append(f"\nThe {len(strongest)} strongest of {len(why.tokens)} {why.level}s.")
    return "\n".join(lines)


def _score(score: float, why: Attribution) -> str:
    return with_sign(score, 4) if why.signed else number(score, 4)


def _code(text: str) -> str:
    """Return text as code in a cell of a table, in which a bar must be escaped even so."""
    fence = "`" * (1 + max(map(len, re.findall(r"`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}".replace("|", "\\|")
