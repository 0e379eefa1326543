"""A text as what is drawn of it: lines of characters, spaces and signs, each of one unit."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from lmwidget.tokens import Tokens, readable

Kind = Literal["text", "space", "sign", "special"]
_BREAKS = {"\n", "\r", "\r\n", "\u2028", "\u2029", "\x85"}
_JOINERS = {"\u200c", "\u200d"}
_BLANK = {"\u115f", "\u1160", "\u3164", "\uffa0"}


@dataclass(frozen=True)
class Ink:
    """The smallest thing that is drawn.

    Attributes
    ----------
    unit : int
        Which unit it belongs to.
    text : str
        One character as a reader sees it, its marks included; one space; a sign; a special token.
    kind : "text", "space", "sign" or "special"
        A sign stands for something invisible.
    shaded : bool
        Whether the shade of the unit lies under it: not under the space before a word.
    """

    unit: int
    text: str
    kind: Kind
    shaded: bool = True


def ink_lines(tokens: Tokens, hidden: Collection[int] = ()) -> list[list[Ink]]:
    r"""Return the lines of a text as they were written.

    Parameters
    ----------
    tokens : Tokens
        Units, none of which is a part of a character.
    hidden : collection of int
        Units that are not drawn.

    Returns
    -------
    list of list of Ink
        A line break belongs to the line that it ends, as the sign ⏎. The texts of a pair stand in
        lines of their own.

    Examples
    --------
    >>> [[ink.text for ink in line] for line in ink_lines(Tokens.from_pieces(["a", " b\n", "c"]))]
    [['a', ' ', 'b', '⏎'], ['c']]
    """
    lines: list[list[Ink]] = [[]]
    for unit in range(len(tokens)):
        other_text = unit and tokens.segments[unit] != tokens.segments[unit - 1]
        if other_text and tokens.source == "pair" and lines[-1]:
            lines.append([])
        for ink, ends in () if unit in hidden else _inks(tokens, unit):
            lines[-1].append(ink)
            if ends:
                lines.append([])
    return lines if lines[-1] or len(lines) == 1 else lines[:-1]


def _inks(tokens: Tokens, unit: int) -> Iterator[tuple[Ink, bool]]:
    """Yield what is drawn of one unit, and whether a line ends there."""
    start, end = tokens.spans[unit].tolist()
    piece = tokens.pieces[unit]
    if tokens.kinds[unit] == "special":
        yield Ink(unit, readable(piece).strip() or "∅", "special"), False
        return
    text = tokens.text[start:end] or piece
    if not text:
        yield Ink(unit, "∅", "sign"), False
        return
    bare = text.lstrip(" ")
    for _ in range(len(text) - len(bare)):
        yield Ink(unit, " ", "space", shaded=not bare), False
    for cluster in clusters(bare):
        if cluster in _BREAKS:
            yield Ink(unit, readable(cluster), "sign"), True
        elif cluster.isspace() and cluster not in "\t\u00a0":
            yield Ink(unit, " ", "space"), False
        elif _inkless(cluster):
            yield Ink(unit, "◌", "sign"), False
        elif unicodedata.category(cluster[0]) in {"Cc", "Cs", "Cn", "Co"}:
            yield Ink(unit, _sign(cluster), "sign"), False
        else:
            yield Ink(unit, cluster, "text"), False


def _sign(cluster: str) -> str:
    shown = readable(cluster)
    return shown if shown != cluster else "�"


def _inkless(cluster: str) -> bool:
    return all(
        unicodedata.category(char) in {"Cf", "Mn", "Me"} or char in _BLANK for char in cluster
    )


def clusters(text: str) -> list[str]:
    r"""Return the characters of a text as readers see them: marks, joined and paired ones together.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    list of str
        Together the text.

    Examples
    --------
    >>> [len(cluster) for cluster in clusters("e\u0301👩\u200d🚀🇩🇪\r\n")]
    [2, 3, 2, 2]
    """
    found: list[str] = []
    for char in text:
        if found and _joins(found[-1], char):
            found[-1] += char
        else:
            found.append(char)
    return found


def _joins(before: str, char: str) -> bool:
    if before + char == "\r\n":
        return True
    last = before[-1]
    if before in _BREAKS or last.isspace() or unicodedata.category(last) == "Cc":
        return False
    if char in _JOINERS or unicodedata.category(char)[0] == "M":
        return True
    if "\U0001f3fb" <= char <= "\U0001f3ff" or "\U000e0020" <= char <= "\U000e007f":
        return True
    if last == "\u200d":
        return ord(char) > 0x2000  # emoji; a letter after a joiner is a letter of its own
    flag = "\U0001f1e6" <= char <= "\U0001f1ff"
    return flag and len(before) == 1 and "\U0001f1e6" <= before <= "\U0001f1ff"
