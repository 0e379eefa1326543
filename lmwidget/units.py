"""Levels of a text: which tokens make a word, a sentence, a paragraph, a turn, a passage."""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.errors import InputError, UnknownNameError, nearest
from lmwidget.tokens import Tokens

LEVELS = ("token", "word", "sentence", "paragraph", "turn")
"Levels by name, finest first; own passages are given as spans."

Spans = Sequence[tuple[int, int] | str]

# The end of a sentence: marks, closing quotes or brackets, then space; CJK needs no space.
_SENTENCE_END = re.compile(r"(?:[.!?…]+[\"'”’)\]»]*(?=\s)|[。\uff01\uff1f]+[」』”’)]*|\n)\s*")
_PARAGRAPH_END = re.compile(r"\n\s*\n\s*")
_TITLES = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|vs|etc|e\.g|i\.e|cf|No|Fig|approx)|\b[A-Z])\.$"
)


def level_name(level: str | Spans) -> str:
    """Return the name of a level: that of own passages is ``"passage"``.

    Parameters
    ----------
    level : str or sequence of spans
        As for :func:`unit_of_tokens`.

    Returns
    -------
    str
        Name.

    Examples
    --------
    >>> level_name([(0, 3)])
    'passage'
    """
    return level if isinstance(level, str) else "passage"


def unit_of_tokens(tokens: Tokens, level: str | Spans) -> NDArray[np.int32]:
    """Return the unit that each token belongs to.

    Parameters
    ----------
    tokens : Tokens
        Any text.
    level : str or sequence of (tuple of (int, int), or str)
        One of ``LEVELS``; or own passages: character spans ``(start, end)`` of ``tokens.text``, or
        the passages' text. What is in no passage is one unit a stretch. A turn is a message of a
        chat, or one text of a pair.

    Returns
    -------
    ndarray of int32, shape (token,)
        0, 1, 2, … in the order of the text, without gaps. A special token is a unit of its own.

    Raises
    ------
    InputError
        When a passage is not in the text, or passages overlap.
    UnknownNameError
        When there is no such level.

    Examples
    --------
    >>> unit_of_tokens(Tokens.from_pieces(["So", " it", " is", ".", " Go", "!"]), "sentence")
    array([0, 0, 0, 0, 1, 1], dtype=int32)
    """
    if isinstance(level, str):
        if level not in LEVELS:
            raise UnknownNameError(f"There is no level {level!r}.", nearest(level, LEVELS))
        keys = _keys(tokens, level)
    elif not isinstance(level, list | tuple) or not level:
        names = ", ".join(map(repr, LEVELS))
        raise InputError(
            f"{level!r} is no level.", f"Give one of {names}, or passages: level=[(0, 12), …]."
        )
    else:
        keys = passage_of_tokens(tokens, level).tolist()
    alone = [kind == "special" for kind in tokens.kinds]
    units, count = np.zeros(len(tokens), np.int32), -1
    before: Any = None
    for i, key in enumerate(keys):
        here = ("token", i) if alone[i] else key
        if before is None or here != before:
            count += 1
        before = here
        units[i] = count
    return units


def check_passages(passages: object) -> None:
    """Refuse what is no list of passages, such as a single one.

    Parameters
    ----------
    passages : object
        What the user gave.

    Raises
    ------
    InputError
        Says how to give them.

    Examples
    --------
    >>> check_passages(["a text", (0, 12)])
    """
    if not isinstance(passages, list | tuple):
        raise InputError(
            f"{passages!r} is no list of passages.",
            "Give their texts, or where they begin and end: ['a text', (0, 12)].",
        )


def passage_of_tokens(tokens: Tokens, passages: Spans) -> NDArray[np.int32]:
    """Return the number of the passage that each token belongs to.

    Parameters
    ----------
    tokens : Tokens
        Any text.
    passages : sequence of (tuple of (int, int), or str)
        Character spans, or text; a text that occurs twice is looked for behind the last passage.

    Returns
    -------
    ndarray of int32, shape (token,)
        -1 outside of all passages; a token that begins in a passage belongs to it.

    Raises
    ------
    InputError
        When a passage is not in the text, or passages overlap.

    Examples
    --------
    >>> passage_of_tokens(Tokens.from_pieces(["a", " b", " c"]), ["b"]).tolist()
    [-1, 0, -1]
    """
    check_passages(passages)
    found = np.full(len(tokens), -1, np.int32)
    taken = np.full(len(tokens.text) + 1, -1)
    place = 0
    for number, passage in enumerate(passages):
        start, end = _span(tokens.text, passage, place)
        if (taken[start:end] >= 0).any():
            other = int(taken[start:end].max())
            raise InputError(f"Passages {other} and {number} overlap.", "Make them apart.")
        taken[start:end] = number
        place = end
    for i, (start, end) in enumerate(tokens.spans.tolist()):
        inside = taken[start:end]
        if len(inside):
            # The space before a passage's first word is in its first token.
            visible = [n for c, n in enumerate(inside, start) if not tokens.text[c].isspace()]
            found[i] = visible[0] if visible else inside[0]
    return found


def coarser_units(
    parts: NDArray[np.integer[Any]], units: NDArray[np.int32], computed: str, wanted: str
) -> NDArray[np.int32]:
    """Return the coarser unit of each unit that something was computed for.

    Parameters
    ----------
    parts : ndarray of int, shape (token,)
        Unit of each token, as it was computed.
    units : ndarray of int32, shape (token,)
        Unit of each token, as it is wanted.
    computed, wanted : str
        Their levels, for the message.

    Returns
    -------
    ndarray of int32, shape (unit,)
        A wanted unit for each that was computed.

    Raises
    ------
    InputError
        When a unit that was computed is in several of those that are wanted.

    Examples
    --------
    >>> coarser_units(np.array([0, 0, 1, 2]), np.array([0, 0, 0, 1], np.int32), "word", "sentence")
    array([0, 0, 1], dtype=int32)
    """
    own = units[np.flatnonzero(np.diff(parts, prepend=-1))]
    if not bool((own[parts] == units).all()):
        raise InputError(
            f"This map was computed by {computed}, so there is none by {wanted}.",
            f"Compute it again with level={wanted!r}.",
        )
    return own


def merged(tokens: Tokens, units: NDArray[np.integer[Any]]) -> Tokens:
    """Return the units as tokens of a coarser kind.

    Parameters
    ----------
    tokens : Tokens
        Any text.
    units : ndarray of int, shape (token,)
        From :func:`unit_of_tokens`.

    Returns
    -------
    Tokens
        One a unit; its id is that of its first token.

    Examples
    --------
    >>> merged(Tokens.from_pieces(["un", "real", " world"]), np.array([0, 0, 1])).pieces
    ('unreal', ' world')
    """
    firsts = [int(np.flatnonzero(units == unit)[0]) for unit in range(int(units.max()) + 1)]
    lasts = [int(np.flatnonzero(units == unit)[-1]) for unit in range(int(units.max()) + 1)]
    spans = np.array(
        [(tokens.spans[a, 0], tokens.spans[a : b + 1, 1].max()) for a, b in zip(firsts, lasts, strict=True)],
        np.int32,
    )  # fmt: skip
    single = [a == b for a, b in zip(firsts, lasts, strict=True)]
    return Tokens(
        text=tokens.text,
        ids=tokens.ids[firsts],
        pieces=tuple(
            tokens.pieces[a] if one else tokens.text[start:end]
            for a, one, (start, end) in zip(firsts, single, spans.tolist(), strict=True)
        ),
        raw=tuple(
            "".join(tokens.raw[a : b + 1]) for a, b in zip(firsts, lasts, strict=True)
        ),
        spans=spans,
        kinds=tuple(
            tokens.kinds[a] if one else "text" for a, one in zip(firsts, single, strict=True)
        ),
        words=tokens.words[firsts],
        roles=tuple(tokens.roles[a] for a in firsts),
        segments=tokens.segments[firsts],
        source=tokens.source,
    )  # fmt: skip


def _keys(tokens: Tokens, level: str) -> list[Any]:
    """Return something for each token that changes where a unit ends."""
    if level == "token":
        return list(range(len(tokens)))
    if level == "word":
        return list(tokens.words.tolist())
    turns = list(zip(tokens.roles, tokens.segments.tolist(), strict=True))
    if level == "turn":
        return turns
    borders = _sentences(tokens.text) if level == "sentence" else _paragraphs(tokens.text)
    starts = _first_visible(tokens)
    numbers = np.searchsorted(borders, starts, side="right").tolist()
    return list(zip(turns, numbers, strict=True))


def _first_visible(tokens: Tokens) -> list[int]:
    return [
        next((c for c in range(start, end) if not tokens.text[c].isspace()), start)
        for start, end in tokens.spans.tolist()
    ]


def _sentences(text: str) -> list[int]:
    """Return where sentences begin, the first left out."""
    return [
        match.end()
        for match in _SENTENCE_END.finditer(text)
        if match.end() < len(text)
        and not _TITLES.search(text[max(0, match.start() - 8) : match.start() + 1])
    ]


def _paragraphs(text: str) -> list[int]:
    return [match.end() for match in _PARAGRAPH_END.finditer(text) if match.end() < len(text)]


def _span(text: str, passage: Any, place: int) -> tuple[int, int]:
    if isinstance(passage, str):
        start = text.find(passage, place) if passage else -1
        if start < 0:
            start = text.find(passage) if passage else -1
        if start < 0:
            shown = passage if len(passage) < 40 else passage[:37] + "…"
            raise InputError(f"The text does not hold the passage {shown!r}.", "Copy it exactly.")
        return start, start + len(passage)
    try:
        start, end = (operator.index(number) for number in passage)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{passage!r} is no passage.", "Give (start, end) in characters, or the text itself."
        ) from error
    if not 0 <= start < end <= len(text):
        raise InputError(
            f"The passage ({start}, {end}) is not in a text of {len(text)} characters.",
            "Give 0 <= start < end <= length.",
        )
    return start, end
