"""Words, found in the text itself, so that they mean the same for every tokenizer."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def word_groups(
    text: str, spans: NDArray[np.integer[Any]], kinds: Sequence[str]
) -> NDArray[np.int32]:
    """Return the word that each token belongs to, found in the text itself.

    A word is a run of letters, digits and marks (apostrophes inside included); every other visible
    character, and every character of a script written without spaces, is a word of its own. So the
    groups mean the same for every tokenizer.

    Parameters
    ----------
    text : str
        The text.
    spans : ndarray of int, shape (token, 2)
        Start and end of each token.
    kinds : sequence of str
        Kind of each token; ``"special"`` belongs to no word.

    Returns
    -------
    ndarray of int32, shape (token,)
        0, 1, 2, … in the order of the text; -1 for special tokens.

    Examples
    --------
    >>> word_groups("a cat", [[0, 1], [1, 3], [3, 5]], ["text"] * 3).tolist()
    [0, 1, 1]
    """
    starts_word = word_starts(text)
    of_char = np.cumsum(starts_word) if text else np.zeros(0, np.int64)
    words = np.full(len(kinds), -1, np.int32)
    count, last = -1, None
    for i, (start, end) in enumerate(np.asarray(spans).tolist()):
        if kinds[i] == "special":
            last = None
            continue
        visible = next((c for c in range(start, end) if not text[c].isspace()), start)
        # A token without text of its own (a lone "▁") opens the word that follows it.
        here = int(of_char[min(visible, len(text) - 1)]) if text else 0
        if last is None or here != last:
            count, last = count + 1, here
        words[i] = count
    return words


def word_starts(text: str) -> list[bool]:
    """Return where words begin; a run of white space begins one of its own.

    Parameters
    ----------
    text : str
        The text.

    Returns
    -------
    list of bool
        One entry a character.

    Examples
    --------
    >>> word_starts("a cat")
    [True, True, True, False, False]
    """
    starts: list[bool] = []
    before = " "
    for i, char in enumerate(text):
        after = text[i + 1] if i + 1 < len(text) else " "
        starts.append(not _continues(before, char, after, i))
        opens_quote = starts[-1] and char in "'’"
        before = "." if opens_quote else char
    return starts


def _continues(before: str, char: str, after: str, place: int) -> bool:
    if place == 0:
        return False
    category = unicodedata.category(char)
    joined = before == "\u200d" or category[0] == "M" or category == "Cf"
    if joined or "\U0001f3fb" <= char <= "\U0001f3ff":
        return True
    if char.isspace():
        return before.isspace()
    if char in "'’":
        return _lettered(before) and _lettered(after)
    if before in "'’":
        return _lettered(char) and not _spaceless(char)
    return _lettered(char) and _lettered(before) and not _spaceless(char) and not _spaceless(before)


def _lettered(char: str) -> bool:
    category = unicodedata.category(char)
    return category[0] in "LNM" or category in {"Pc", "Cf"}


def _spaceless(char: str) -> bool:
    # Kana, Han, Thai, Lao, Khmer, Burmese: no spaces between words, so no word borders to see.
    code = ord(char)
    return (
        0x3040 <= code <= 0x30FF
        or 0x3400 <= code <= 0x9FFF
        or 0xF900 <= code <= 0xFAFF
        or 0x20000 <= code <= 0x3FFFF
        or 0x0E00 <= code <= 0x0EFF
        or 0x1000 <= code <= 0x109F
        or 0x1780 <= code <= 0x17FF
    )
