"""Tokens as other packages name them: plain pieces, or a vocabulary's strings with their marks."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from lmwidget.errors import InputError
from lmwidget.models.alignment import Placed, Unit, align
from lmwidget.models.surfaces import byte_level, sentencepiece
from lmwidget.tokens import Tokens
from lmwidget.widgets.array_attention import plain_strings
from lmwidget.words import word_groups

# Specials by name, and <|…|>; not any <…>, which may be HTML that somebody wrote.
_SPECIAL = re.compile(
    r"\[(?:CLS|SEP|PAD|MASK|UNK|BOS|EOS)\]|</?s>|<(?:pad|unk|mask|bos|eos|cls|sep)>|<\|[^|<>\s]*\|>"
)
_BYTE = re.compile(r"<0x[0-9A-Fa-f]{2}>")
_CLOSING = frozenset(".,!?;:%)]}’'\"”»…-/")
_OPENING = frozenset("([{$#“«-/'’")


def given_tokens(tokens: Tokens | Sequence[str] | None) -> Tokens:
    """Return tokens from what a user of another package has at hand.

    Parameters
    ----------
    tokens : Tokens or sequence of str
        Our tokens; or strings: plain pieces with their spaces, or what
        ``tokenizer.convert_ids_to_tokens`` gives, whose marks (``Ġ``, ``▁``, ``##``) are read.

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
    """
    if isinstance(tokens, Tokens):
        return tokens
    if tokens is None:
        raise InputError(
            "There are scores but no tokens.",
            'Give tokens=: lm.tokenize(text), or a list of str such as ["The", " cat"].',
        )
    raw = plain_strings(tokens)
    written = [token for token in raw if not _SPECIAL.fullmatch(token)]
    if any("Ġ" in token or "Ċ" in token for token in written) and all(map(byte_level, written)):
        return _placed(raw, byte_level)
    if any("▁" in token or _BYTE.fullmatch(token) for token in written):
        return _placed(raw, sentencepiece)
    if any(token.startswith("##") for token in written) or {"[CLS]", "[SEP]"} & set(raw):
        return _of_word_pieces(raw)
    return Tokens.from_pieces(raw)


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
        joined = token.startswith("##") or not text
        closes = piece in _CLOSING or before in _OPENING
        start = len(text) + (0 if joined or closes else 1)
        text = text.ljust(start) + piece
        placed.append(Placed(start, len(text), piece, partial=False))
        before = piece
    return _tokens(text, raw, placed)


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
