"""What a row or a column of a matrix stands for: a token, a word, a sentence, a turn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmwidget.tokens import Tokens

POOLS = ("token", "word", "sentence", "turn")
_ENDS = ".!?…。！？｡"
_CLOSERS = "\"'”’»)]}」』）】"
_SPACED = ".!?…"  # these end a sentence only before white space: not in 3.5 or example.com


def unit_starts(tokens: Tokens, pool: str) -> NDArray[np.int32]:
    """Return the first token of every unit; units are runs of neighbouring tokens.

    Parameters
    ----------
    tokens : Tokens
        The text.
    pool : str
        ``"token"``; ``"word"`` (special tokens are units of their own); ``"sentence"`` (see
        :func:`sentence_numbers`); ``"turn"``: a turn of a chat, or a segment of a pair, else the
        whole text.

    Returns
    -------
    ndarray of int32, shape (unit,)
        Ascending; the first is 0.

    Examples
    --------
    >>> unit_starts(Tokens.from_pieces(["a", "b", " c", ".", " d"]), "word").tolist()
    [0, 2, 3, 4]
    """
    count = len(tokens)
    if pool == "token" or count == 0:
        return np.arange(count, dtype=np.int32)
    names: NDArray[np.int64]
    if pool == "word":
        alone = -1 - np.arange(count)
        names = np.where(tokens.words >= 0, tokens.words, alone)
    elif pool == "sentence":
        names = sentence_numbers(tokens)
    else:
        names = turn_numbers(tokens) * (int(tokens.segments.max(initial=0)) + 1) + tokens.segments
    changes = np.flatnonzero(np.diff(names)) + 1
    return np.concatenate([[0], changes]).astype(np.int32)


def turn_numbers(tokens: Tokens) -> NDArray[np.int64]:
    """Return the chat turn that each token belongs to.

    Tokens without a role, as those of a template, open the turn that follows them; a special token
    that opens a turn opens another one where it comes again, so that two turns of one role in a row
    are two.

    Parameters
    ----------
    tokens : Tokens
        The text.

    Returns
    -------
    ndarray of int64, shape (token,)
        0, 1, 2, …

    Examples
    --------
    >>> turn_numbers(Tokens.from_pieces(["a", " b"])).tolist()
    [0, 0]
    """
    starts, opener, before = [0], None, None
    open_at: int | None = None  # where tokens without a role began
    for i, role in enumerate(tokens.roles):
        special = tokens.pieces[i] if tokens.kinds[i] == "special" else None
        if role is None:
            open_at = i if open_at is None else open_at
            continue
        if role != before or open_at is not None:
            starts.append(i if open_at is None else open_at)
            opener = special
        elif special is not None and special == opener:
            starts.append(i)
        before, open_at = role, None
    numbers = np.zeros(len(tokens), np.int64)
    numbers[sorted({start for start in starts if start > 0})] = 1
    return np.cumsum(numbers)


def sentence_numbers(tokens: Tokens) -> NDArray[np.int64]:
    """Return the sentence that each token belongs to, by a plain rule on the text.

    A sentence ends after ``. ! ? …`` before white space or the end, after ``。！？``, and at a line
    break; quotes and brackets that close right after it belong to it. Abbreviations are not known:
    "Dr. Who" is cut. A new turn or segment begins a new sentence.

    Parameters
    ----------
    tokens : Tokens
        The text.

    Returns
    -------
    ndarray of int64, shape (token,)
        0, 1, 2, …

    Examples
    --------
    >>> sentence_numbers(Tokens.from_pieces(["A", " cat", ".", " It", " ran", "!"])).tolist()
    [0, 0, 0, 1, 1, 1]
    """
    of_char = np.cumsum([0, *_breaks(tokens.text)])
    numbers = np.zeros(len(tokens), np.int64)
    turns = turn_numbers(tokens)
    number, last = -1, None
    for i, (start, end) in enumerate(tokens.spans.tolist()):
        ink = next((c for c in range(start, end) if not tokens.text[c].isspace()), None)
        place = start if ink is None else ink
        # White space alone, and tokens that stand for no text, stay with what is before them.
        sentence = last[0] if last is not None and ink is None else int(of_char[place])
        here = (sentence, int(turns[i]), int(tokens.segments[i]))
        if here != last:
            number, last = number + 1, here
        numbers[i] = number
    return numbers


def _breaks(text: str) -> list[bool]:
    """Return for every character whether a sentence ends with it."""
    found = [False] * len(text)
    ended = sure = False  # whether a sentence may end here, and without white space after it
    for i, char in enumerate(text):
        after = text[i + 1] if i + 1 < len(text) else " "
        if char in _ENDS:
            ended, sure = True, char not in _SPACED
        elif not (ended and char in _CLOSERS):
            ended = sure = False
        goes_on = after in _ENDS or after in _CLOSERS
        found[i] = char == "\n" or (ended and not goes_on and (sure or after.isspace()))
        ended = ended and goes_on
    return found


def unit_text(tokens: Tokens, starts: NDArray[np.int32], unit: int) -> str:
    """Return the text of a unit.

    Parameters
    ----------
    tokens : Tokens
        The text.
    starts : ndarray of int32, shape (unit,)
        From :func:`unit_starts`.
    unit : int
        Which unit.

    Returns
    -------
    str
        Its tokens' pieces, joined.

    Examples
    --------
    >>> tokens = Tokens.from_pieces(["a", "b", " c"])
    >>> unit_text(tokens, unit_starts(tokens, "word"), 0)
    'ab'
    """
    end = starts[unit + 1] if unit + 1 < len(starts) else len(tokens)
    return "".join(tokens.pieces[starts[unit] : end])


def unit_of(starts: NDArray[np.int32], token: int) -> int:
    """Return the unit that a token belongs to.

    Parameters
    ----------
    starts : ndarray of int32, shape (unit,)
        From :func:`unit_starts`.
    token : int
        Index of a token.

    Returns
    -------
    int
        Index of the unit.

    Examples
    --------
    >>> unit_of(np.array([0, 2, 3]), 2)
    1
    """
    return int(np.searchsorted(starts, token, side="right")) - 1
