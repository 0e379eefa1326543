"""Which characters each token stands for: exact where tokens spell the text, else by offsets.

Every function here works on plain Python data, for any tokenizer.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lmwidget.models.surfaces import byte_level, one_byte, sentencepiece, show_bytes

Span = tuple[int, int]


@dataclass(frozen=True)
class Unit:
    """One token before its place in the text is known.

    Attributes
    ----------
    raw : str
        Vocabulary string.
    inserted : bool
        True when the tokenizer added it and the text holds nothing of it.
    literal : bool
        True when ``raw`` stands for itself, as added tokens do.
    unknown : bool
        True for the tokenizer's "unknown" token.
    offset : tuple of int, optional
        Start and end as the tokenizer itself reports them.
    content : bytes, optional
        What the token stands for, where the tokenizer itself says it; else told from ``raw``.
    """

    raw: str
    inserted: bool = False
    literal: bool = False
    unknown: bool = False
    offset: Span | None = None
    content: bytes | None = None


@dataclass(frozen=True)
class Placed:
    """One token with its place in the text.

    Attributes
    ----------
    start, end : int
        Characters that the token stands for; equal when it stands for none.
    piece : str
        Text of the token; bytes in hexadecimal where it holds a part of a character.
    partial : bool
        True when a character is shared with another token.
    """

    start: int
    end: int
    piece: str
    partial: bool


def align(text: str, units: Sequence[Unit]) -> list[Placed]:
    r"""Return the place of every token in the text.

    Tokens that together spell the text byte for byte are placed exactly. Tokenizers that change
    the text first (lower case, accents, NFKC) are placed by their own offsets, others by searching
    for their letters; what no token claims goes to the token after it.

    Parameters
    ----------
    text : str
        The text, without lone surrogates.
    units : sequence of Unit
        The tokens in order.

    Returns
    -------
    list of Placed
        One entry a token. Every character is in one token, or shared by several partial ones.

    Examples
    --------
    >>> [placed.piece for placed in align("é!", [Unit("Ã"), Unit("©"), Unit("!")])]
    ['C3', 'A9', '!']
    """
    for scheme in (byte_level, sentencepiece, one_byte):
        contents = [_content(unit, scheme) for unit in units]
        spans = _walk(text.encode(), units, contents)
        if spans is not None:
            return _from_bytes(text, units, spans)
    return _from_offsets(text, units)


def _content(unit: Unit, scheme: Callable[[str], bytes | None]) -> bytes | None:
    if unit.content is not None:
        return unit.content
    return unit.raw.encode("utf-8", "replace") if unit.literal else scheme(unit.raw)


def _walk(
    data: bytes, units: Sequence[Unit], contents: Sequence[bytes | None]
) -> list[Span] | None:
    """Spell ``data`` with the tokens in order; None when they do not spell it exactly."""
    spans: list[Span] = []
    place, after_literal = 0, False
    for unit, content in zip(units, contents, strict=True):
        if unit.inserted:
            spans.append((place, place))
            continue
        if content is None or unit.unknown:
            return None
        blank = place + _leading_space(data, place)
        if data.startswith(content, place):
            start, end = place, place + len(content)
        elif unit.literal and data.startswith(content, blank):
            start, end = place, blank + len(content)
        elif after_literal and data.startswith(content.lstrip(), blank) and blank > place:
            # Added tokens may swallow the white space that follows them.
            spans[-1] = (spans[-1][0], blank)
            start, end = blank, blank + len(content.lstrip())
        elif content[:1] == b" " and data.startswith(content[1:], place):
            start, end = place, place + len(content) - 1
        else:
            return None
        spans.append((start, end))
        place, after_literal = end, unit.literal
    if after_literal and not data[place:].strip() and not units[-1].inserted:
        spans[-1] = (spans[-1][0], len(data))
        place = len(data)
    return spans if place == len(data) else None


def _leading_space(data: bytes, place: int) -> int:
    count = 0
    while data[place + count : place + count + 1] in {b" ", b"\n", b"\t", b"\r"}:
        count += 1
    return count


def _from_bytes(text: str, units: Sequence[Unit], spans: Sequence[Span]) -> list[Placed]:
    char_of_byte = [i for i, char in enumerate(text) for _ in range(len(char.encode()))]
    starts_char = [i == 0 or char_of_byte[i - 1] != c for i, c in enumerate(char_of_byte)]
    char_of_byte.append(len(text))
    starts_char.append(True)
    data = text.encode()
    placed = []
    for unit, (start, end) in zip(units, spans, strict=True):
        first = char_of_byte[start]
        if start == end:
            placed.append(Placed(first, first, unit.raw, partial=False))
            continue
        partial = not (starts_char[start] and starts_char[end])
        piece = show_bytes(data[start:end])
        placed.append(Placed(first, char_of_byte[end - 1] + 1, piece, partial))
    return placed


def _from_offsets(text: str, units: Sequence[Unit]) -> list[Placed]:
    if any(unit.offset is None for unit in units if not unit.inserted):
        offsets = _search(text, units)
    else:
        offsets = [unit.offset or (0, 0) for unit in units]
    spans = _fill_gaps(text, units, offsets)
    solid = [i for i, (start, end) in enumerate(spans) if start < end]
    shared = set()
    for left, right in itertools.pairwise(solid):
        if spans[right][0] < spans[left][1]:
            shared |= {left, right}
    placed = []
    for i, (unit, (start, end)) in enumerate(zip(units, spans, strict=True)):
        piece = text[start:end] or unit.raw
        if i in shared:
            content = unit.content or byte_level(unit.raw) or sentencepiece(unit.raw) or b""
            piece = show_bytes(content)
        placed.append(Placed(start, end, piece, partial=i in shared))
    return placed


def _fill_gaps(text: str, units: Sequence[Unit], offsets: Sequence[Span]) -> list[Span]:
    """Give every character that no token claims to the token after it, marks to the one before."""
    spans: list[Span] = []
    covered, last = 0, -1
    for i, (unit, offset) in enumerate(zip(units, offsets, strict=True)):
        start, end = (min(place, len(text)) for place in offset)
        if unit.inserted or end <= start or _is_prefix(i, units, offsets):
            spans.append((covered, covered))
            continue
        if start > covered and last >= 0:
            marks = covered + _leading_marks(text[covered:start])
            spans[last] = (spans[last][0], marks)
            spans[last + 1 :] = [(marks, marks)] * (i - last - 1)
            covered = marks
        begin = covered if start > covered else max(start, spans[last][0] if last >= 0 else 0)
        spans.append((begin, max(end, covered)))
        covered, last = max(end, covered), i
    last = last if last >= 0 else next((i for i, u in enumerate(units) if not u.inserted), -1)
    if last >= 0 and covered < len(text):
        spans[last] = (spans[last][0], len(text))
        spans[last + 1 :] = [(len(text), len(text))] * (len(spans) - last - 1)
    return _inside_characters(spans)


def _inside_characters(spans: list[Span]) -> list[Span]:
    """Let tokens without text between two parts of a character be parts of it, too."""
    following = spans[-1][0] if spans else 0
    for i in range(len(spans) - 1, -1, -1):
        start, end = spans[i]
        if start == end > following:
            spans[i] = (following, end)
        following = min(following, start)
    return spans


def _is_prefix(i: int, units: Sequence[Unit], offsets: Sequence[Span]) -> bool:
    # SentencePiece puts a "▁" before the first word and reports the word's first letter for it.
    follower = next((j for j in range(i + 1, len(units)) if not units[j].inserted), None)
    return units[i].raw == "▁" and follower is not None and offsets[follower][0] < offsets[i][1]


def _leading_marks(gap: str) -> int:
    joined = itertools.takewhile(
        lambda char: unicodedata.category(char) in {"Mn", "Me", "Mc", "Cf"}, gap
    )
    return sum(1 for _ in joined)


def _search(text: str, units: Sequence[Unit]) -> list[Span]:
    """Find every token's letters in the text, from left to right, as its tokenizer folds them."""
    letters, places = _folded(text)
    spans: list[Span | None] = []
    cursor, loose = 0, False
    for unit in units:
        if unit.inserted:
            spans.append((0, 0))
            continue
        wanted = "" if unit.unknown else _folded(_letters(unit))[0]
        found = letters.find(wanted, cursor) if wanted else -1
        if wanted and found >= 0 and (loose or not letters[cursor:found].strip()):
            cursor = found + len(wanted)
            spans.append((places[found], places[cursor - 1] + 1))
            loose = False
        elif not unit.unknown and not wanted:
            spans.append((0, 0))
        else:
            spans.append(None)
            loose = True
    return list(_place_unknown(text, spans))


def _place_unknown(text: str, spans: Sequence[Span | None]) -> Iterator[Span]:
    """Share the text between found neighbours among the tokens that were not found, by words."""
    covered = 0
    for i, span in enumerate(spans):
        if span is not None:
            covered = max(covered, span[1])
            yield span
            continue
        following = spans[i + 1 :]
        stop = next((s[0] for s in following if s is not None and s[1] > s[0]), len(text))
        word = re.compile(r"\s*\S+").match(text, covered, stop)
        alone = not (following and following[0] is None)
        end = stop if alone or word is None else word.end()
        end = covered + len(text[covered:end].rstrip()) if end > covered else covered
        yield (covered, end)
        covered = max(covered, end)


def _letters(unit: Unit) -> str:
    if unit.literal:
        return unit.raw
    bare = unit.raw.removeprefix("##").removesuffix("</w>").removesuffix("@@")
    return bare.replace("▁", " ").strip()


def _folded(text: str) -> tuple[str, list[int]]:
    letters: list[str] = []
    places: list[int] = []
    for i, char in enumerate(text):
        for part in unicodedata.normalize("NFKD", char).casefold():
            if unicodedata.category(part) != "Mn":
                letters.append(part)
                places.append(i)
    return "".join(letters), places
