"""Tokens as other packages name them: plain pieces, or a vocabulary's strings with their marks."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lmwidget.errors import InputError
from lmwidget.models.alignment import Placed, Unit, align
from lmwidget.models.surfaces import byte_level, sentencepiece
from lmwidget.models.tokenizing import tokenize, tokens_from_ids
from lmwidget.tokens import Tokens
from lmwidget.widgets.array_attention import plain_strings
from lmwidget.words import word_groups, word_starts

# Specials by name, and <|…|>; not any <…>, which may be HTML that somebody wrote.
_SPECIAL = re.compile(
    r"\[(?:CLS|SEP|PAD|MASK|UNK|BOS|EOS)\]|</?s>|<(?:pad|unk|mask|bos|eos|cls|sep)>|<\|[^|<>\s]*\|>"
)
_BYTE = re.compile(r"<0x[0-9A-Fa-f]{2}>")
_CLOSING = frozenset(".,!?;:%)]}’'\"”»…-/")
_OPENING = frozenset("([{$#“«-/'’")


def given_tokens(
    tokens: Tokens | Sequence[str] | None, tokenizer: Any = None, *, verbatim: bool = False
) -> Tokens:
    """Return tokens from what a user of another package has at hand.

    Parameters
    ----------
    tokens : Tokens or sequence of str
        Our tokens; or strings: plain pieces with their spaces, or what
        ``tokenizer.convert_ids_to_tokens`` gives, whose marks (``Ġ``, ``▁``, ``##``) are read.
        Where no string has a space or a mark they are words of a plain text, as of BERT, and get
        spaces between them. With a tokenizer also ids, or the text itself.
    tokenizer : transformers tokenizer or LanguageModel, optional
        Whose tokens they are: nothing has to be guessed then.
    verbatim : bool, default False
        Strings without any space or mark are put one after the other.

    Returns
    -------
    Tokens
        One token a string.

    Raises
    ------
    InputError
        When there are no strings.

    Examples
    --------
    >>> given_tokens(["[CLS]", "un", "##real", "!"]).pieces
    ('[CLS]', 'un', 'real', '!')
    >>> given_tokens(["The", "Ġcat"]).text
    'The cat'
    >>> given_tokens(["an", "awful", "plot"]).text
    'an awful plot'
    """
    if isinstance(tokens, Tokens):
        return tokens
    if tokens is None:
        raise InputError(
            "There are scores but no tokens.",
            'Give tokens=: lm.tokenize(text), or a list of str such as ["The", " cat"].',
        )
    if tokenizer is not None:
        return _of_tokenizer(tokens, getattr(tokenizer, "tokenizer", tokenizer))
    raw = plain_strings(tokens)
    written = [token for token in raw if not _SPECIAL.fullmatch(token)]
    if any("Ġ" in token or "Ċ" in token for token in written) and all(map(byte_level, written)):
        return _placed(raw, byte_level)
    if any("▁" in token or _BYTE.fullmatch(token) for token in written):
        return _placed(raw, sentencepiece)
    marked = any(token.startswith("##") for token in written) or {"[CLS]", "[SEP]"} & set(raw)
    words = marked or (not verbatim and _of_words(written))
    return _of_word_pieces(raw) if words else Tokens.from_pieces(raw)


def tokens_of_text(tokens: Sequence[str], text: str) -> Tokens:
    """Return tokens from strings, placed on a text that is known.

    Parameters
    ----------
    tokens : sequence of str
        As for :func:`given_tokens`.
    text : str
        What they are of; they may have lost its capitals and its accents.

    Returns
    -------
    Tokens
        Of that text, where every visible character of it is in one of them; else of their own.

    Examples
    --------
    >>> tokens_of_text(["an", "aw", "##ful", "plot"], "An awful  plot").pieces
    ('An', ' aw', 'ful', '  plot')
    """
    found = given_tokens(tokens)
    if found.text == text:
        return found
    raw = list(found.raw)
    placed = align(text, [Unit(token, inserted=bool(_SPECIAL.fullmatch(token))) for token in raw])
    held = np.zeros(len(text), bool)
    for place in placed:
        held[place.start : place.end] = True
    same = [place.piece.strip().casefold() for place in placed if place.end > place.start]
    wanted = [piece.strip().casefold() for piece, kind in zip(found.pieces, found.kinds, strict=True) if kind == "text"]  # fmt: skip
    seen = all(held[i] or char.isspace() for i, char in enumerate(text))
    return _tokens(text, raw, placed) if seen and same == wanted else found


def _of_tokenizer(tokens: Any, tokenizer: Any) -> Tokens:
    """Return tokens of a tokenizer that is known, from ids, its strings or the text itself."""
    if isinstance(tokens, str):
        return tokenize(tokenizer, tokens)
    listed = tokens.tolist() if hasattr(tokens, "tolist") else list(tokens)
    if len(listed) == 1 and isinstance(listed[0], list):
        listed = listed[0]  # a batch of one text
    if not all(isinstance(token, str) for token in listed):
        if not all(isinstance(token, int) and 0 <= token < len(tokenizer) for token in listed):
            raise InputError(
                "The tokens are neither strings nor ids of this tokenizer.",
                "Give those of one text: tokenizer(text).input_ids, or the text itself.",
            )
        return tokens_from_ids(tokenizer, listed)
    ids = tokenizer.convert_tokens_to_ids(listed)
    if tokenizer.convert_ids_to_tokens(ids) != listed:
        raise InputError(
            "Some of these strings are no tokens of this tokenizer.",
            "Give what tokenizer.convert_ids_to_tokens(ids) returned, or the ids.",
        )
    return tokens_from_ids(tokenizer, ids)


def _of_words(written: list[str]) -> bool:
    """Return whether strings can only be words whose spaces were dropped.

    Letters one by one are none, and no script needs them that is written without spaces.
    """
    if len(written) < 2 or any(token != "".join(token.split()) for token in written):
        return False
    return any(len(token) > 1 for token in written)


def _placed(raw: list[str], content: Callable[[str], bytes | None]) -> Tokens:
    """Return tokens whose strings spell the text byte by byte."""
    units = [Unit(token, inserted=bool(_SPECIAL.fullmatch(token))) for token in raw]
    spelt = b"".join(content(unit.raw) or b"" for unit in units if not unit.inserted)
    text = spelt.decode("utf-8", "replace")
    if content is sentencepiece:
        text = text.removeprefix(" ")  # the first ▁ stands for no space that anybody wrote
    return _tokens(text, raw, align(text, units))


def _of_word_pieces(raw: list[str]) -> Tokens:
    """Return tokens of WordPiece, which says where words go on, but not where spaces were."""
    text, placed, before = "", [], ""
    for token in raw:
        if _SPECIAL.fullmatch(token):
            placed.append(Placed(len(text), len(text), token, partial=False))
            continue
        piece = token.removeprefix("##")
        joined = token.startswith("##") or not text or _unspaced(before, piece)
        closes = piece in _CLOSING or before in _OPENING
        start = len(text) + (0 if joined or closes else 1)
        text = text.ljust(start) + piece
        placed.append(Placed(start, len(text), piece, partial=False))
        before = piece
    return _tokens(text, raw, placed)


def _unspaced(before: str, piece: str) -> bool:
    """Return whether both sides are of a script that is written without spaces."""
    sides = f"{before[-1:]}{piece[:1]}"
    # In these each character is a word of its own.
    return sides.isalpha() and all(sum(word_starts(side * 2)) == 2 for side in sides)


def _tokens(text: str, raw: list[str], placed: Sequence[Placed]) -> Tokens:
    kinds = tuple(
        "special" if _SPECIAL.fullmatch(token) else "bytes" if place.partial else "text"
        for token, place in zip(raw, placed, strict=True)
    )
    spans = np.array([(place.start, place.end) for place in placed], np.int32).reshape(-1, 2)
    return Tokens(
        text=text,
        ids=np.arange(len(raw)),
        pieces=tuple(
            token if kind == "special" else place.piece
            for token, kind, place in zip(raw, kinds, placed, strict=True)
        ),
        raw=tuple(raw),
        spans=spans,
        kinds=kinds,
        words=word_groups(text, spans, kinds),
        roles=(None,) * len(raw),
        segments=np.zeros(len(raw), np.int32),
    )
