"""Text, chat messages or a sentence pair, through the model's tokenizer, to Tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lmwidget.errors import InputError
from lmwidget.models.alignment import Placed, Unit, align
from lmwidget.models.chat import is_chat, render_chat
from lmwidget.models.encoding import read_units
from lmwidget.models.own_tokenizer import OwnTokenizer
from lmwidget.models.surfaces import byte_level, one_byte, sentencepiece, show_bytes
from lmwidget.tokens import Tokens
from lmwidget.words import word_groups

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_FORMS = "a string, a list of chat messages, or a pair of strings"


def tokenize(tokenizer: PreTrainedTokenizerBase, text: Any) -> Tokens:
    """Return the tokens of a text, messages or a pair.

    Parameters
    ----------
    tokenizer : transformers tokenizer
        Fast or slow.
    text : str, list of dict, or tuple of (str, str)
        Plain text, chat messages, or a sentence pair.

    Returns
    -------
    Tokens
        As the model will read them.

    Raises
    ------
    InputError
        When the text is empty, holds no token but special ones, or has another form.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> tokenize(lmw.load("tiny").tokenizer, "The king").kinds
    ('text', 'text')
    """
    if is_chat(text):
        rendered, roles = render_chat(tokenizer, text)
        _check_text(rendered)
        tokens = _encode(tokenizer, (rendered,), add_special_tokens=False)
        return replace(tokens, roles=_roles_of(tokens, roles), source="chat")
    if isinstance(text, tuple | list) and len(text) == 2:
        first, second = (_check_text(part) for part in text)
        return replace(_encode(tokenizer, (first, second)), source="pair")
    return _encode(tokenizer, (_check_text(text),))


def tokenize_plain(
    tokenizer: PreTrainedTokenizerBase, text: str, *, target: bool = False
) -> Tokens:
    """Return the tokens of a text without any special token added.

    Parameters
    ----------
    tokenizer : transformers tokenizer
        Fast or slow.
    text : str
        The text.
    target : bool, default False
        True for the output side of an encoder-decoder whose two sides differ.

    Returns
    -------
    Tokens
        Possibly none.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> len(tokenize_plain(lmw.load("tiny").tokenizer, ""))
    0
    """
    if not text:
        return Tokens.from_pieces([])
    return _encode(
        tokenizer, (_check_text(text),), add_special_tokens=False, target=target, may_be_empty=True
    )


def special_token(tokenizer: PreTrainedTokenizerBase, token: int, place: int = 0) -> Tokens:
    """Return one special token that stands for no text.

    Parameters
    ----------
    tokenizer : transformers tokenizer
        Where its name is looked up.
    token : int
        Id.
    place : int, default 0
        Where in the text it stands.

    Returns
    -------
    Tokens
        A single token.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> special_token(lmw.load("tiny").tokenizer, 0).kinds
    ('special',)
    """
    raw = str(tokenizer.convert_ids_to_tokens(token))
    return Tokens(
        text="",
        ids=np.array([token]),
        pieces=(raw,),
        raw=(raw,),
        spans=np.array([[place, place]], np.int32),
        kinds=("special",),
        words=np.array([-1], np.int32),
        roles=(None,),
        segments=np.zeros(1, np.int32),
    )


def _check_text(text: Any) -> str:
    if not isinstance(text, str):
        raise InputError(f"The text is of type {type(text).__name__}.", f"Give {_FORMS}.")
    if not text:
        raise InputError("The text is empty.", "Give at least one character.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        code = f"U+{ord(text[error.start]):04X}"
        raise InputError(
            f"The text holds half a character (the lone surrogate {code} at {error.start}).",
            "Decode it again, or remove it: text.encode('utf-8', 'ignore').decode().",
        ) from error
    return text


def _encode(
    tokenizer: PreTrainedTokenizerBase,
    parts: tuple[str, ...],
    *,
    add_special_tokens: bool = True,
    target: bool = False,
    may_be_empty: bool = False,
) -> Tokens:
    text = "".join(parts)
    ids, units, segments = read_units(
        tokenizer, parts, add_special_tokens=add_special_tokens, target=target
    )
    tokens = _assemble(text, ids, units, segments, _special_ids(tokenizer))
    mask = tokenizer.mask_token_id
    if not may_be_empty and not any(
        kind != "special" or token == mask for kind, token in zip(tokens.kinds, ids, strict=True)
    ):
        raise InputError(
            f"The tokenizer makes nothing but special tokens of {text[:40]!r}.",
            "Give at least one word.",
        )
    return tokens


def _assemble(
    text: str,
    ids: Sequence[int],
    units: Sequence[Unit],
    segments: Sequence[int],
    specials: frozenset[int],
) -> Tokens:
    placed = align(text, units)
    kinds = tuple(
        _kind(text, token, unit, place, specials)
        for token, unit, place in zip(ids, units, placed, strict=True)
    )
    spans = np.array([(place.start, place.end) for place in placed], np.int32).reshape(-1, 2)
    return Tokens(
        text=text,
        ids=np.array(ids, np.int64),
        pieces=tuple(
            unit.raw if kind == "special" else place.piece
            for kind, unit, place in zip(kinds, units, placed, strict=True)
        ),
        raw=tuple(unit.raw for unit in units),
        spans=spans,
        kinds=kinds,
        words=word_groups(text, spans, kinds),
        roles=(None,) * len(units),
        segments=np.array(segments, np.int32),
    )


def _kind(text: str, token: int, unit: Unit, place: Placed, specials: frozenset[int]) -> str:
    if place.partial:
        return "bytes"
    if unit.unknown and not unit.inserted and text[place.start : place.end].strip() != unit.raw:
        return "unknown"
    return "special" if token in specials else "text"


def _special_ids(tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    added = getattr(tokenizer, "added_tokens_decoder", {})
    return frozenset(tokenizer.all_special_ids) | {
        token for token, content in added.items() if getattr(content, "special", False)
    }


def _roles_of(tokens: Tokens, roles: Sequence[str | None]) -> tuple[str | None, ...]:
    if not roles:
        return (None,) * len(tokens)
    # The role of a token's first visible character: a break before it ends the turn before.
    found: list[str | None] = []
    for start, end in tokens.spans.tolist():
        visible = next((c for c in range(start, end) if not tokens.text[c].isspace()), start)
        found.append(roles[min(visible, len(roles) - 1)])
    return tuple(found)


def token_text(tokenizer: PreTrainedTokenizerBase, token: int) -> str:
    """Return one vocabulary entry as text, its leading space kept.

    Parameters
    ----------
    tokenizer : transformers tokenizer
        Fast or slow.
    token : int
        Id; one that the tokenizer does not know gives ``"id 12345"``.

    Returns
    -------
    str
        Readable; bytes that are no character in hexadecimal.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> tokenizer = lmw.load("tiny").tokenizer
    >>> token_text(tokenizer, tokenizer(" king").input_ids[0])
    ' king'
    """
    raw = tokenizer.convert_ids_to_tokens(token) if token < len(tokenizer) else None
    if raw is None:
        return f"id {token}"
    if token in getattr(tokenizer, "added_tokens_decoder", {}):
        return str(raw)
    return show_bytes(_content_of(tokenizer, token, str(raw)))


def tokens_from_ids(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int]) -> Tokens:
    """Return tokens for ids that a model has written.

    Parameters
    ----------
    tokenizer : transformers tokenizer
        Fast or slow.
    ids : sequence of int
        Token ids; special ones stand for no text.

    Returns
    -------
    Tokens
        With the text that the ids spell.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> tokenizer = lmw.load("tiny").tokenizer
    >>> tokens_from_ids(tokenizer, tokenizer("The king").input_ids).text
    'The king'
    """
    specials = _special_ids(tokenizer)
    raws = [str(raw) for raw in tokenizer.convert_ids_to_tokens(list(ids))]
    literals = getattr(tokenizer, "added_tokens_decoder", {})
    contents = [
        b"" if i in specials else raw.encode() if i in literals else _content_of(tokenizer, i, raw)
        for i, raw in zip(ids, raws, strict=True)
    ]
    if _writes_whole_words(tokenizer):
        contents = [
            b" " + content if content and not raw.startswith("##") else content
            for content, raw in zip(contents, raws, strict=True)
        ]
    text = b"".join(contents).decode(errors="replace")
    text = text.removeprefix(" ") if _writes_whole_words(tokenizer) else text
    units = [
        Unit(raw, inserted=i in specials, literal=i in literals)
        for i, raw in zip(ids, raws, strict=True)
    ]
    return _assemble(text, list(ids), units, [0] * len(raws), specials)


def _writes_whole_words(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether tokens stand for words whose spaces are in no token: WordPiece, plain word lists."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if isinstance(tokenizer, OwnTokenizer) or backend is None:
        return False
    return type(backend.model).__name__ in ("WordPiece", "WordLevel")


def _content_of(tokenizer: PreTrainedTokenizerBase, token: int, raw: str) -> bytes:
    if isinstance(tokenizer, OwnTokenizer):
        return tokenizer.content(token) or raw.encode("utf-8", "replace")
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None and "ByteLevel" in f"{backend.decoder}{backend.pre_tokenizer}":
        return byte_level(raw) or raw.encode("utf-8", "replace")
    if "byt5" in type(tokenizer).__name__.lower():
        return one_byte(raw) or raw.encode("utf-8", "replace")
    bare = raw.removeprefix("##").removesuffix("</w>").removesuffix("@@")
    return sentencepiece(bare) or b""
