"""What the user wrote and what the model read, matched exactly: plain data."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.errors import InputError
from lmwidget.words import word_groups

KINDS = ("text", "special", "bytes", "unknown")
SOURCES = ("text", "chat", "pair")
_SIGNS = {"\n": "⏎", "\t": "⇥", "\r": "␍"}
# Format, combining and control characters leave no ink of their own; so do these blank letters.
_INKLESS = {"Cf", "Mn", "Me", "Cc"}
_BLANK = {"\u115f", "\u1160", "\u3164", "\uffa0"}


@dataclass(frozen=True, eq=False)
class Tokens:
    """One text as a language model reads it.

    Attributes
    ----------
    text : str
        What the model read, as text: the parts of a pair joined, or the filled-in chat template.
    ids : ndarray of int64, shape (token,)
        Ids as given to the model, special tokens included.
    pieces : tuple of str
        Surface text of each token: ``text[start:end]``. Tokens that stand for no text show their
        vocabulary string (``"[CLS]"``); parts of a character show its bytes (``"F0 9F"``).
    raw : tuple of str
        Vocabulary strings as stored (``"Ġcat"``, ``"##ing"``, ``"▁the"``, ``"<0xE2>"``).
    spans : ndarray of int32, shape (token, 2)
        Start and end of each token in ``text``, in characters. Every character is in exactly one
        token, except one that is split over several: its parts all carry the whole character.
        Tokens that stand for no text have an empty span at their place.
    kinds : tuple of str
        ``"text"``, ``"special"``, ``"bytes"`` (holds a part of a character) or ``"unknown"``
        (the vocabulary has no such token; the piece is still what the user wrote).
    words : ndarray of int32, shape (token,)
        Word that the token belongs to, counted from 0; -1 for special tokens.
    roles : tuple of (str or None)
        Chat role of each token, or None.
    segments : ndarray of int32, shape (token,)
        Segment number of each token: 0 and 1 in a sentence pair, otherwise 0 (XLNet gives its
        closing token 2).
    source : str
        ``"text"``, ``"chat"`` or ``"pair"``.

    Raises
    ------
    InputError
        When the fields do not describe the same tokens.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> tokens = lmw.load("tiny").tokenize("The king said")
    >>> "".join(tokens.pieces)
    'The king said'
    """

    text: str
    ids: NDArray[np.int64]
    pieces: tuple[str, ...]
    raw: tuple[str, ...]
    spans: NDArray[np.int32]
    kinds: tuple[str, ...]
    words: NDArray[np.int32]
    roles: tuple[str | None, ...]
    segments: NDArray[np.int32]
    source: str = "text"

    def __post_init__(self) -> None:
        for name in ("pieces", "raw", "kinds", "roles"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "ids", _frozen(self.ids, np.int64))
        object.__setattr__(self, "spans", _frozen(self.spans, np.int32, (-1, 2)))
        object.__setattr__(self, "words", _frozen(self.words, np.int32))
        object.__setattr__(self, "segments", _frozen(self.segments, np.int32))
        self._check()

    def _check(self) -> None:
        for name in ("pieces", "raw", "spans", "kinds", "words", "roles", "segments"):
            if len(getattr(self, name)) != len(self.ids):
                raise InputError(
                    f"Tokens have {len(self.ids)} ids but {len(getattr(self, name))} {name}.",
                    "Give every field one entry a token.",
                )
        if unknown := set(self.kinds) - set(KINDS):
            raise InputError(
                f"{min(unknown)!r} is no kind of token.", f"Use one of {', '.join(KINDS)}."
            )
        if self.source not in SOURCES:
            raise InputError(
                f"{self.source!r} is no source of tokens.", f"Use one of {', '.join(SOURCES)}."
            )
        starts, ends = self.spans[:, 0], self.spans[:, 1]
        if len(self.ids) and (
            starts.min() < 0 or bool((starts > ends).any()) or ends.max() > len(self.text)
        ):
            raise InputError("A token lies outside the text.", "Give 0 <= start <= end <= length.")

    def __len__(self) -> int:
        return len(self.ids)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tokens):
            return NotImplemented
        return (self.text, self.source) == (other.text, other.source) and (
            self.to_dict() == other.to_dict()
        )

    def __hash__(self) -> int:
        return hash((self.text, self.ids.tobytes()))

    def __repr__(self) -> str:
        shown = " ".join(repr(label) for label in self.labels[:8])
        return f"<Tokens {len(self)}: {shown}{' …' if len(self) > 8 else ''}>"

    @property
    def labels(self) -> tuple[str, ...]:
        r"""One readable line for each token: spaces kept, line breaks and tabs as signs.

        Pieces without any ink of their own (zero-width joiners, lone combining marks) are shown as
        code points.

        Returns
        -------
        tuple of str
            One label a token.

        Examples
        --------
        >>> Tokens.from_pieces(["a", "\n", " b", "\u200d"]).labels
        ('a', '⏎', ' b', 'U+200D')
        """
        return tuple(readable(piece) for piece in self.pieces)

    def find(self, substring: str) -> list[int]:
        """Return the tokens that hold a part of ``substring``, at any place it occurs.

        Parameters
        ----------
        substring : str
            Text to look for, exactly as written; or the vocabulary string of a special token.

        Returns
        -------
        list of int
            Token indices, ascending; empty when it does not occur.

        Examples
        --------
        >>> Tokens.from_pieces(["the", " c", "at", " the"]).find("cat")
        [1, 2]
        """
        if not substring:
            return []
        found = {i for i, piece in enumerate(self.pieces) if piece == substring}
        place = self.text.find(substring)
        while place >= 0:
            end = place + len(substring)
            inside = (self.spans[:, 0] < end) & (self.spans[:, 1] > place)
            inside &= self.spans[:, 0] < self.spans[:, 1]
            found.update(np.flatnonzero(inside).tolist())
            place = self.text.find(substring, end)
        return sorted(found)

    def to_dict(self) -> dict[str, Any]:
        """Return the form that goes to the browser and into saved files.

        Returns
        -------
        dict
            Lists with one entry a token: ``text``, ``kind``, ``raw``, ``id``, ``word``, ``start``,
            ``end``, ``whole`` (for parts of a character: the text they are a part of, else None);
            ``role`` and ``segment`` are None when no token has one.

        Examples
        --------
        >>> Tokens.from_pieces(["a", " b"]).to_dict()["start"]
        [0, 1]
        """
        starts, ends = self.spans[:, 0].tolist(), self.spans[:, 1].tolist()
        whole = [
            self.text[start:end] if kind == "bytes" else None
            for kind, start, end in zip(self.kinds, starts, ends, strict=True)
        ]
        return {
            "text": list(self.pieces),
            "kind": list(self.kinds),
            "raw": list(self.raw),
            "id": self.ids.tolist(),
            "word": self.words.tolist(),
            "role": list(self.roles) if any(self.roles) else None,
            "segment": self.segments.tolist() if self.segments.any() else None,
            "start": starts,
            "end": ends,
            "whole": whole,
        }

    @classmethod
    def from_dict(cls, wire: dict[str, Any], text: str, source: str = "text") -> Tokens:
        """Return the tokens that :meth:`to_dict` wrote.

        Parameters
        ----------
        wire : dict
            What :meth:`to_dict` returned.
        text : str
            The whole text.
        source : str, default "text"
            ``"text"``, ``"chat"`` or ``"pair"``.

        Returns
        -------
        Tokens
            Equal to what was written.

        Raises
        ------
        InputError
            When a field is missing or has the wrong length.

        Examples
        --------
        >>> tokens = Tokens.from_pieces(["a", " b"])
        >>> Tokens.from_dict(tokens.to_dict(), tokens.text) == tokens
        True
        """
        missing = {"text", "kind", "raw", "id", "word", "start", "end"} - set(wire)
        if missing:
            raise InputError(
                f"These tokens have no {min(missing)!r}.", "Give what Tokens.to_dict() made."
            )
        count = len(wire["id"])
        if len(wire["start"]) != len(wire["end"]):
            raise InputError("These tokens have unequal starts and ends.", "Give one of each.")
        return cls(
            text=text,
            ids=np.asarray(wire["id"], np.int64),
            pieces=tuple(wire["text"]),
            raw=tuple(wire["raw"]),
            spans=np.asarray([wire["start"], wire["end"]], np.int32).T,
            kinds=tuple(wire["kind"]),
            words=np.asarray(wire["word"], np.int32),
            roles=tuple(wire.get("role") or [None] * count),
            segments=np.asarray(wire.get("segment") or np.zeros(count), np.int32),
            source=source,
        )

    @classmethod
    def from_pieces(cls, pieces: Sequence[str]) -> Tokens:
        """Return tokens for text that is already in pieces, as for numbers from elsewhere.

        Parameters
        ----------
        pieces : sequence of str
            The pieces, spaces included. Their ids are 0, 1, 2, …

        Returns
        -------
        Tokens
            One token a piece.

        Examples
        --------
        >>> Tokens.from_pieces(["Hello", " world"]).text
        'Hello world'
        """
        pieces = tuple(str(piece) for piece in pieces)
        ends = np.cumsum([0, *(len(piece) for piece in pieces)])
        text = "".join(pieces)
        spans = np.stack([ends[:-1], ends[1:]], axis=1)
        kinds = ("text",) * len(pieces)
        return cls(
            text=text,
            ids=np.arange(len(pieces)),
            pieces=pieces,
            raw=pieces,
            spans=spans,
            kinds=kinds,
            words=word_groups(text, spans, kinds),
            roles=(None,) * len(pieces),
            segments=np.zeros(len(pieces), np.int32),
        )


def readable(piece: str) -> str:
    r"""Return ``piece`` on one line with everything invisible made visible, except spaces.

    Parameters
    ----------
    piece : str
        Surface text of a token.

    Returns
    -------
    str
        Line breaks and tabs as signs, control characters as their pictures, and a piece without
        ink as its code points.

    Examples
    --------
    >>> readable(" a\n"), readable("\u0301")
    (' a⏎', 'U+0301')
    """
    bare = piece.strip(" ")
    if bare and all(_inkless(char) for char in bare):
        lead = piece[: len(piece) - len(piece.lstrip(" "))]
        return lead + " ".join(f"U+{ord(char):04X}" for char in bare)
    return "".join(_sign(char) for char in piece)


def _inkless(char: str) -> bool:
    if char in _SIGNS:
        return False
    return unicodedata.category(char) in _INKLESS - {"Cc"} or char in _BLANK


def _sign(char: str) -> str:
    if char in _SIGNS:
        return _SIGNS[char]
    if unicodedata.category(char) == "Cc":
        code = ord(char)
        return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else f"U+{code:04X}"
    if char in "\u2028\u2029":
        return "⏎"
    return char


def _frozen(values: Any, dtype: Any, shape: tuple[int, ...] = (-1,)) -> NDArray[Any]:
    array = np.array(values, dtype=dtype).reshape(shape)
    array.setflags(write=False)
    return array
