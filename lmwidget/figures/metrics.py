"""How wide characters are, without a font at hand: Helvetica's widths, and rules for the rest.

Figures tell the renderer how wide each word has to be, so that shades and words fit together in any
font; Helvetica, Arial and Liberation Sans need no stretching, since their widths are these.
"""

from __future__ import annotations

import unicodedata

# Adobe's metrics of Helvetica, from the space to the tilde, in thousandths of the font size.
_WIDTHS = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
]  # fmt: skip
_OTHERS = {
    "‘": 0.222, "’": 0.222, "“": 0.333, "”": 0.333, "–": 0.556, "—": 1.0, "…": 1.0, "•": 0.35,
    "␣": 0.6, "⏎": 0.9, "⇥": 0.9, "◌": 0.6, "→": 1.0, "←": 1.0, "ß": 0.611, "Ł": 0.556, "ł": 0.222, "×": 0.584, "−": 0.584, "�": 1.0,
}  # fmt: skip
_FIXED: dict[str, float] = {"emoji": 1.3, "wide": 1.0}
_BROAD = frozenset("æœÆŒжшщюыфмЖШЩЮЫФМωϖΩ")
# Scripts whose letters all have the widths of Latin ones, more or less.
_LATIN = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "DIGIT", "MODIFIER")


def script_of(cluster: str) -> str:
    """Return which fonts a character needs.

    Parameters
    ----------
    cluster : str
        One character with its marks.

    Returns
    -------
    str
        ``"latin"``, ``"wide"`` (Chinese, Japanese, Korean), ``"emoji"``, ``"symbol"``, or the
        name of another script: ``"Arabic"``, ``"Devanagari"``.

    Examples
    --------
    >>> script_of("a"), script_of("漢"), script_of("🚀"), script_of("ש")
    ('latin', 'wide', 'emoji', 'Hebrew')
    """
    first = cluster[0]
    if _emoji(cluster):
        return "emoji"
    if unicodedata.east_asian_width(first) in "WF":
        return "wide"
    if first > "\u0250" and unicodedata.category(first) == "So":
        return "symbol"
    name = unicodedata.name(first, "").split(" ")[0]
    if first < "\u0250" or name in _LATIN or unicodedata.category(first)[0] in "PSZ":
        return "latin"
    return name.title()


def _emoji(cluster: str) -> bool:
    first = ord(cluster[0])
    pictured = 0x1F000 <= first <= 0x1FAFF and unicodedata.category(cluster[0]) in {
        "So",
        "Cn",
        "Sk",
    }
    return pictured or "\ufe0f" in cluster or "\u20e3" in cluster


def width_of(cluster: str) -> float:
    """Return the width of a character.

    Parameters
    ----------
    cluster : str
        One character with its marks.

    Returns
    -------
    float
        In units of the font size.

    Examples
    --------
    >>> width_of("i"), width_of("e\u0301"), width_of("漢")
    (0.222, 0.556, 1.0)
    """
    first, script = cluster[0], script_of(cluster)
    if script in _FIXED:
        return _FIXED[script]
    if first in _OTHERS:
        return _OTHERS[first]
    plain = unicodedata.normalize("NFD", first)[0]
    if " " <= plain <= "~":
        return _WIDTHS[ord(plain) - 32] / 1000
    if script == "latin":
        if first in _BROAD:
            return 0.8 if first.islower() else 0.95
        return 0.68 if unicodedata.category(first) == "Lu" else 0.56
    return 0.5 if unicodedata.bidirectional(first) in {"R", "AL"} else 0.65


def width_of_text(text: str) -> float:
    """Return the width of plain words.

    Parameters
    ----------
    text : str
        Text.

    Returns
    -------
    float
        In units of the font size.

    Examples
    --------
    >>> round(width_of_text("hi"), 3)
    0.778
    """
    from lmwidget.figures.ink import clusters

    return sum(width_of(cluster) for cluster in clusters(text))
