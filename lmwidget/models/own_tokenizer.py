"""Tokenizers that are not transformers' tokenizers: whatever encodes and decodes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lmwidget.errors import InputError
from lmwidget.models.alignment import Span, Unit
from lmwidget.models.surfaces import show_bytes
from lmwidget.models.vocabulary import Vocabulary

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

FORMS = (
    "Give a tokenizer of transformers or tokenizers, an object with encode and decode, a pair of "
    "functions (encode, decode), or a dict from pieces to ids."
)
_BLANK = re.compile(r"\s*")
_LONGEST_SPLIT = 16  # tokens that one character may be split over
_SPECIALS = {
    "pad": ("<pad>", "[PAD]", "<|padding|>"),
    "unk": ("<unk>", "[UNK]"),
    "mask": ("<mask>", "[MASK]"),
    "bos": ("<s>", "<bos>", "[BOS]", "[CLS]"),
    "eos": ("</s>", "<eos>", "[EOS]", "[SEP]", "<|endoftext|>"),
}


def as_tokenizer(given: Any) -> PreTrainedTokenizerBase | OwnTokenizer:
    """Return a tokenizer that the rest of lmwidget can use.

    Parameters
    ----------
    given : object
        A transformers tokenizer, returned as it is; a ``tokenizers.Tokenizer``; an object with
        ``encode(text)`` and ``decode(ids)`` (tiktoken, SentencePiece, your own); a pair of such
        functions; or a dict from pieces to ids, such as the characters of a character model.

    Returns
    -------
    transformers tokenizer or OwnTokenizer
        Ready for ``LanguageModel``.

    Raises
    ------
    InputError
        When it is none of these.

    Examples
    --------
    >>> as_tokenizer({"a": 0, "b": 1}).encode("abba")
    [0, 1, 1, 0]
    """
    if callable(given) and hasattr(given, "convert_ids_to_tokens"):
        return given
    if isinstance(given, OwnTokenizer):
        return given
    if hasattr(given, "get_vocab_size") and hasattr(given, "to_str"):
        return _from_tokenizers(given)
    if isinstance(given, Mapping):
        return OwnTokenizer(Vocabulary(given))
    if isinstance(given, tuple | list) and len(given) == 2 and all(map(callable, given)):
        return OwnTokenizer(_Pair(*given))
    both = all(callable(getattr(given, name, None)) for name in ("encode", "decode"))
    if both and not isinstance(given, str | bytes):
        return OwnTokenizer(given)
    raise InputError(
        f"LanguageModel needs the model's tokenizer, not a {type(given).__name__}.", FORMS
    )


class OwnTokenizer:
    """Anything with ``encode(text) -> ids`` and ``decode(ids) -> text``, as lmwidget uses it.

    More is used where the object has it: its size (``n_vocab``, ``vocab_size``,
    ``get_vocab_size()`` or ``len``), the bytes of one token (tiktoken's
    ``decode_single_token_bytes``), the characters of each token
    (``encode_with_offsets(text) -> (ids, [(start, end), …])``), and the ids of special tokens
    (``pad_token_id``, ``unk_token_id``, ``mask_token_id``, ``bos_token_id``, ``eos_token_id``; or
    ``pad_id`` and so on; or tiktoken's ``eot_token``).

    Parameters
    ----------
    given : object
        What encodes and decodes.

    Attributes
    ----------
    given : object
        The same object.
    size : int or None
        Number of tokens, where it is known.
    pad_token_id, unk_token_id, mask_token_id, bos_token_id, eos_token_id : int or None
        Special tokens.

    Examples
    --------
    >>> letters = "abcdefgh "
    >>> tokenizer = OwnTokenizer(Vocabulary({letter: i for i, letter in enumerate(letters)}))
    >>> tokenizer.size, tokenizer.convert_ids_to_tokens([1, 0])
    (9, ['b', 'a'])
    """

    is_fast = False
    chat_template = None

    def __init__(self, given: Any) -> None:
        self.given = given
        self.size = _size(given)
        self._bytes: Callable[[int], bytes] | None = getattr(
            given, "decode_single_token_bytes", None
        )
        found = {kind: _special_id(given, kind) for kind in _SPECIALS}
        self.pad_token_id, self.unk_token_id = found["pad"], found["unk"]
        self.mask_token_id = found["mask"]
        self.bos_token_id, self.eos_token_id = found["bos"], found["eos"]
        self.all_special_ids = [token for token in found.values() if token is not None]

    def __repr__(self) -> str:
        size = "" if self.size is None else f" of {self.size} tokens"
        return f"<OwnTokenizer: {type(self.given).__name__}{size}>"

    @property
    def mask_token(self) -> str | None:
        """How the mask is written.

        Returns
        -------
        str or None
            None without one.

        Examples
        --------
        >>> OwnTokenizer(Vocabulary({"a": 0, "[MASK]": 1})).mask_token
        '[MASK]'
        """
        return None if self.mask_token_id is None else self.text_of(self.mask_token_id)

    @property
    def unk_token(self) -> str | None:
        """How the token for unknown text is written.

        Returns
        -------
        str or None
            None without one.

        Examples
        --------
        >>> OwnTokenizer(Vocabulary({"a": 0, "<unk>": 1})).unk_token
        '<unk>'
        """
        return None if self.unk_token_id is None else self.text_of(self.unk_token_id)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text.

        Parameters
        ----------
        text : str
            Any text.

        Returns
        -------
        list of int
            One id a token.

        Raises
        ------
        InputError
            When the tokenizer refuses the text, or returns something else than ids.

        Examples
        --------
        >>> OwnTokenizer(Vocabulary({"a": 0, "b": 1})).encode("ab")
        [0, 1]
        """
        # tiktoken's encode refuses text that looks like its special tokens.
        encode = getattr(self.given, "encode_ordinary", None) or self.given.encode
        try:
            found = encode(text)
            return [int(token) for token in getattr(found, "ids", found)]
        except InputError:
            raise
        except Exception as error:
            raise InputError(
                f"The tokenizer cannot encode {text[:40]!r}: {error!r}.",
                "Its encode(text) has to return a list of ids.",
            ) from error

    def text_of(self, token: int) -> str:
        """Return what one token stands for.

        Parameters
        ----------
        token : int
            Id.

        Returns
        -------
        str
            Bytes that are no whole character in hexadecimal.

        Examples
        --------
        >>> OwnTokenizer(Vocabulary({"a": 0, "b": 1})).text_of(1)
        'b'
        """
        content = self.content(token)
        return f"id {token}" if content is None else show_bytes(content)

    def content(self, token: int) -> bytes | None:
        """Return the bytes that one token stands for.

        Parameters
        ----------
        token : int
            Id.

        Returns
        -------
        bytes or None
            None where the tokenizer does not say: an id that it does not have, or a part of a
            character that ``decode`` cannot show.

        Examples
        --------
        >>> OwnTokenizer(Vocabulary({"a": 0, "é": 1})).content(1)
        b'\\xc3\\xa9'
        """
        try:
            if self._bytes is not None:
                return bytes(self._bytes(token))
            text = str(self.given.decode([token]))
        except Exception:  # noqa: BLE001, other people's tokenizers raise what they like
            return None
        return None if "\ufffd" in text else text.encode("utf-8", "replace")

    def units(self, parts: Sequence[str]) -> tuple[list[int], list[Unit], list[int]]:
        """Return ids, what is known of each token, and segment numbers.

        Parameters
        ----------
        parts : sequence of str
            One text, or two of a pair.

        Returns
        -------
        tuple of (list of int, list of Unit, list of int)
            One entry a token each.

        Examples
        --------
        >>> ids, units, _ = OwnTokenizer(Vocabulary({"a": 0, "b": 1})).units(["ab"])
        >>> [unit.content for unit in units]
        [b'a', b'b']
        """
        ids: list[int] = []
        units: list[Unit] = []
        segments: list[int] = []
        begin = 0
        for number, part in enumerate(parts):
            own, offsets = self._placed(part)
            contents = _single_bytes([self.content(token) for token in own], offsets, part)
            ids += own
            segments += [number] * len(own)
            for token, offset, content in zip(own, offsets, contents, strict=True):
                units.append(
                    Unit(
                        raw=f"id {token}" if content is None else show_bytes(content),
                        unknown=token == self.unk_token_id,
                        offset=None if offset is None else (offset[0] + begin, offset[1] + begin),
                        content=content,
                    )
                )
            begin += len(part)
        return ids, units, segments

    def convert_ids_to_tokens(self, ids: int | Iterable[int]) -> Any:
        """Return what ids stand for.

        Parameters
        ----------
        ids : int or iterable of int
            One id or several.

        Returns
        -------
        str or list of str
            As :meth:`text_of` gives it.

        Examples
        --------
        >>> OwnTokenizer(Vocabulary({"a": 0, "b": 1})).convert_ids_to_tokens(0)
        'a'
        """
        return self.text_of(ids) if isinstance(ids, int) else [self.text_of(int(i)) for i in ids]

    def convert_tokens_to_ids(self, raw: str) -> int | None:
        """Return the id of the one token that is exactly ``raw``.

        Parameters
        ----------
        raw : str
            Text of a token.

        Returns
        -------
        int or None
            None when there is none.

        Examples
        --------
        >>> OwnTokenizer(Vocabulary({"a": 0, "b": 1})).convert_tokens_to_ids("b")
        1
        """
        try:
            ids = self.encode(raw)
        except InputError:
            return None
        return ids[0] if len(ids) == 1 and self.text_of(ids[0]) == raw else None

    def __len__(self) -> int:
        return self.size or 0

    def __bool__(self) -> bool:
        return True

    def _placed(self, text: str) -> tuple[list[int], Sequence[Span | None]]:
        placed = getattr(self.given, "encode_with_offsets", None)
        if placed is not None:
            ids, offsets = placed(text)
            return [int(token) for token in ids], [(int(a), int(b)) for a, b in offsets]
        ids = self.encode(text)
        return ids, _by_decoding(self.given.decode, ids, text)


def _by_decoding(
    decode: Callable[[list[int]], str], ids: list[int], text: str
) -> Sequence[Span | None]:
    """Place tokens by decoding a few at a time; None for all when that does not give the text."""
    spans: list[Span | None] = []
    place = waiting = 0
    for end in range(1, len(ids) + 1):
        try:
            found = str(decode(ids[waiting:end]))
        except Exception:  # noqa: BLE001, as above
            break
        blank = _BLANK.match(text, place)
        starts = (place, blank.end() if blank else place)
        start = next((at for at in starts if text.startswith(found, at)), None)
        if start is not None and (found or end - waiting == 1):
            spans += [(start, start + len(found))] * (end - waiting)
            place, waiting = start + len(found), end
        elif end - waiting >= _LONGEST_SPLIT:
            break
    return spans if waiting == len(ids) else [None] * len(ids)


def _single_bytes(
    contents: list[bytes | None], offsets: Sequence[Span | None], text: str
) -> list[bytes | None]:
    """Fill in the bytes of characters that are split into as many tokens as they have bytes."""
    filled = list(contents)
    for offset, group in itertools.groupby(range(len(offsets)), lambda i: offsets[i]):
        places = list(group)
        split = text[offset[0] : offset[1]].encode() if offset else b""
        if len(places) == len(split) > 1:
            for place, byte in zip(places, split, strict=True):
                filled[place] = bytes([byte])
    return filled


class _Pair:
    def __init__(self, encode: Callable[[str], Any], decode: Callable[[list[int]], str]) -> None:
        self.encode, self.decode = encode, decode


def _size(given: Any) -> int | None:
    for name in ("n_vocab", "vocab_size", "get_vocab_size", "__len__"):
        value = getattr(given, name, None)
        value = value() if callable(value) else value
        if isinstance(value, int) and value > 0:
            return value
    return None


def _special_id(given: Any, kind: str) -> int | None:
    names = [f"{kind}_token_id", f"{kind}_id", *(["eot_token"] if kind == "eos" else [])]
    for name in names:
        value = getattr(given, name, None)
        value = value() if callable(value) else value
        if isinstance(value, int) and value >= 0:
            return value
    pieces = getattr(given, "pieces", None)
    if isinstance(pieces, Mapping):
        return next((int(pieces[name]) for name in _SPECIALS[kind] if name in pieces), None)
    return None


def _from_tokenizers(given: Any) -> PreTrainedTokenizerBase:
    from transformers import PreTrainedTokenizerFast

    names = {
        f"{kind}_token": next((name for name in known if given.token_to_id(name) is not None), None)
        for kind, known in _SPECIALS.items()
    }
    unknown = getattr(given.model, "unk_token", None)
    if isinstance(unknown, str) and given.token_to_id(unknown) is not None:
        names["unk_token"] = unknown
    known = {name: value for name, value in names.items() if value is not None}
    return PreTrainedTokenizerFast(tokenizer_object=given, **known)
