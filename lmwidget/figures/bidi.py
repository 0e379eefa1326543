"""The order in which text of both directions is read: the Unicode Bidirectional Algorithm.

Without explicit embeddings, whose characters figures show as signs, and without paired brackets
(UAX #9, rules P2, P3, W1-W7, N1, N2, I1, I2, L1, L2).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_NEUTRAL = {"B", "S", "WS", "ON", "BN", "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}  # fmt: skip
_STRONG = {"L", "R", "AL"}
_INSIDE = {("EN", "ES", "EN"), ("EN", "CS", "EN"), ("AN", "CS", "AN")}
_MIRRORED = dict(zip("()[]{}<>«»‹›", ")(][}{><»«›‹", strict=True))


def levels(texts: Sequence[str], base: int | None = None) -> list[int]:
    """Return the embedding level of each character: even is left to right, odd right to left.

    Parameters
    ----------
    texts : sequence of str
        The characters of one line in the order they were written, marks with their letters.
    base : int, optional
        Direction of the paragraph; default that of the line itself.

    Returns
    -------
    list of int
        0, 1 or 2.

    Examples
    --------
    >>> levels(list("a שלום 12"))
    [0, 0, 1, 1, 1, 1, 1, 2, 2]
    """
    kinds = [unicodedata.bidirectional(text[0]) or "L" for text in texts]
    base = base_level(texts) if base is None else base
    _weak(kinds, "R" if base else "L")
    _neutral(kinds, "R" if base else "L")
    if base:
        found = [1 if kind == "R" else 2 for kind in kinds]
    else:
        found = [{"L": 0, "R": 1}.get(kind, 2) for kind in kinds]
    for i in range(len(texts) - 1, -1, -1):  # L1: space at the end of a line
        if not texts[i].isspace():
            break
        found[i] = base
    return found


def base_level(texts: Sequence[str]) -> int:
    """Return the direction of a line, which its first letter decides.

    Parameters
    ----------
    texts : sequence of str
        Characters.

    Returns
    -------
    int
        1 for right to left, else 0.

    Examples
    --------
    >>> base_level("12 שלום a"), base_level("")
    (1, 0)
    """
    for text in texts:
        kind = unicodedata.bidirectional(text[0])
        if kind in {"L", "R", "AL"}:
            return int(kind != "L")
    return 0


def visual_order(found: Sequence[int]) -> list[int]:
    """Return the characters of a line from left to right (rule L2).

    Parameters
    ----------
    found : sequence of int
        Level of each.

    Returns
    -------
    list of int
        Their numbers.

    Examples
    --------
    >>> visual_order([0, 1, 1, 2, 2])
    [0, 3, 4, 2, 1]
    """
    order = list(range(len(found)))
    for level in range(max(found, default=0), 0, -1):
        i = 0
        while i < len(order):
            j = i
            while j < len(order) and found[order[j]] >= level:
                j += 1
            order[i:j] = order[i:j][::-1]
            i = max(j, i + 1)
    return order


def leftward(text: str) -> bool:
    """Return whether a character is a letter that is written from right to left.

    Parameters
    ----------
    text : str
        A character with its marks.

    Returns
    -------
    bool
        False for digits and punctuation too.

    Examples
    --------
    >>> leftward("ש"), leftward("a"), leftward("(")
    (True, False, False)
    """
    return unicodedata.bidirectional(text[0]) in {"R", "AL"}


def mirrored(text: str) -> str:
    """Return a bracket as it is drawn from right to left.

    Parameters
    ----------
    text : str
        A character.

    Returns
    -------
    str
        Its mirror image, or itself.

    Examples
    --------
    >>> mirrored("("), mirrored("a")
    (')', 'a')
    """
    return _MIRRORED.get(text, text)


def _weak(kinds: list[str], base: str) -> None:
    """Resolve marks, numbers and their separators (W1 to W7)."""
    strong, before = base, base
    for i, kind in enumerate(kinds):
        if kind == "NSM":
            kinds[i] = before
        elif kind == "EN" and strong == "AL":
            kinds[i] = "AN"
        elif kind in _STRONG:
            strong = kind
        before = kinds[i]
    kinds[:] = ["R" if kind == "AL" else kind for kind in kinds]
    _around_numbers(kinds)
    strong = base
    for i, kind in enumerate(kinds):
        if kind in _STRONG:
            strong = kind
        elif kind == "EN" and strong == "L":
            kinds[i] = "L"
        elif kind in {"ES", "ET", "CS"}:
            kinds[i] = "ON"


def _around_numbers(kinds: list[str]) -> None:
    """Let separators inside a number, and signs of money or per cent beside it, go with it."""
    for i in range(1, len(kinds) - 1):
        if (kinds[i - 1], kinds[i], kinds[i + 1]) in _INSIDE:
            kinds[i] = kinds[i - 1]
    for step in (1, -1):
        for i in range(len(kinds))[::step]:
            if kinds[i] == "ET" and 0 <= i - step < len(kinds) and kinds[i - step] == "EN":
                kinds[i] = "EN"


def _neutral(kinds: list[str], base: str) -> None:
    """Give neutral characters the direction of both neighbours, or of the line (N1, N2)."""
    i = 0
    while i < len(kinds):
        if kinds[i] not in _NEUTRAL:
            i += 1
            continue
        j = i
        while j < len(kinds) and kinds[j] in _NEUTRAL:
            j += 1
        left = base if i == 0 else "L" if kinds[i - 1] == "L" else "R"
        right = base if j == len(kinds) else "L" if kinds[j] == "L" else "R"
        kinds[i:j] = [left if left == right else base] * (j - i)
        i = j
