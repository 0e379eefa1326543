"""What a vocabulary string stands for: the bytes behind ``Ġ``, ``▁`` and ``<0xE2>``."""

from __future__ import annotations

import re
from functools import cache


def byte_level(raw: str) -> bytes | None:
    """Return the bytes of a byte-level token (GPT-2, Llama 3, Qwen), None if it is not one.

    Parameters
    ----------
    raw : str
        Vocabulary string.

    Returns
    -------
    bytes or None
        What the token stands for.

    Examples
    --------
    >>> byte_level("Ġcat")
    b' cat'
    """
    alphabet = _byte_alphabet()
    if all(char in alphabet for char in raw):
        return bytes(alphabet[char] for char in raw)
    return None


def sentencepiece(raw: str) -> bytes | None:
    """Return the bytes of a SentencePiece token, single bytes such as ``<0xE2>`` included.

    Parameters
    ----------
    raw : str
        Vocabulary string.

    Returns
    -------
    bytes or None
        What the token stands for.

    Examples
    --------
    >>> sentencepiece("▁cat"), sentencepiece("<0xE2>")
    (b' cat', b'\\xe2')
    """
    if re.fullmatch(r"<0x[0-9A-Fa-f]{2}>", raw):
        return bytes([int(raw[3:5], 16)])
    return raw.replace("▁", " ").encode("utf-8", "replace")


def one_byte(raw: str) -> bytes | None:
    """Return the byte of a token of ByT5, whose tokens are the 256 byte values as characters.

    Parameters
    ----------
    raw : str
        Vocabulary string.

    Returns
    -------
    bytes or None
        One byte.

    Examples
    --------
    >>> one_byte("Ã")
    b'\\xc3'
    """
    return raw.encode("latin-1") if len(raw) == 1 and raw <= "\xff" else None


def show_bytes(content: bytes) -> str:
    r"""Return ``content`` as text, with bytes that are no whole character in hexadecimal.

    Parameters
    ----------
    content : bytes
        UTF-8, possibly cut inside a character.

    Returns
    -------
    str
        Readable text.

    Examples
    --------
    >>> show_bytes(b" \xf0\x9f")
    ' F0 9F'
    """
    shown = ""
    while content:
        whole = content.decode("utf-8", "ignore")
        if whole.encode() == content:
            return shown + whole
        bad = _first_bad(content)
        shown += content[: bad.start].decode()
        part = content[bad].hex(" ").upper()
        shown += part if not shown or shown.endswith(" ") else " " + part
        content = content[bad.stop :]
    return shown


def _first_bad(content: bytes) -> slice:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return slice(error.start, error.end)
    return slice(len(content), len(content))


@cache
def _byte_alphabet() -> dict[str, int]:
    """Map the printable stand-ins of byte-level BPE to byte values (GPT-2, 2019)."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = (byte for byte in range(256) if byte not in printable)
    stand_ins = {chr(0x100 + i): byte for i, byte in enumerate(others)}
    return {**{chr(byte): byte for byte in printable}, **stand_ins}
