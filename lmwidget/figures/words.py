"""What a figure says in words: its question, the ends of its scale, its caption."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lmwidget.tokens import Tokens, readable

if TYPE_CHECKING:
    from lmwidget.results import Attribution, Check

_GOOD_GAP, _ROUGH_GAP = 0.05, 0.2


def number(value: float, digits: int = 2) -> str:
    """Return a number as figures show it: significant digits, no exponent, a real minus.

    Parameters
    ----------
    value : float
        Any number.
    digits : int, default 2
        Significant digits.

    Returns
    -------
    str
        ``"0.063"``, ``"∞"``, ``"not a number"``.

    Examples
    --------
    >>> number(-0.06281), number(float("inf")), number(0)
    ('−0.063', '∞', '0')
    """
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    sign, size = ("−" if value < 0 else ""), abs(value)
    if size < 1e-5:
        return sign + f"{size:.{digits - 1}e}".replace("-", "−")
    rounded = float(f"{size:.{digits - 1}e}")
    return f"{sign}{size:.{max(0, digits - 1 - math.floor(math.log10(rounded)))}f}"


def with_sign(value: float, digits: int = 2) -> str:
    """Return a number with its sign written out.

    Parameters
    ----------
    value : float
        Any number.
    digits : int, default 2
        Significant digits.

    Returns
    -------
    str
        ``"+0.5"``.

    Examples
    --------
    >>> with_sign(0.5), with_sign(-0.5)
    ('+0.50', '−0.50')
    """
    return ("+" if value > 0 else "") + number(value, digits)


def quoted(label: str) -> str:
    r"""Return a label in quotation marks as it reads in a sentence.

    Parameters
    ----------
    label : str
        Text of a token or class.

    Returns
    -------
    str
        Without the space before a word; what is invisible is made visible.

    Examples
    --------
    >>> quoted(" cat"), quoted("\n"), quoted(" ")
    ('“cat”', '“⏎”', '“␣”')
    """
    if not label:
        return "“(nothing)”"
    shown = readable(label)
    return f"“{shown.strip() or '␣' * len(label)}”"


def token_name(tokens: Tokens, index: int) -> str:
    """Return one line of plain words for a token.

    Parameters
    ----------
    tokens : Tokens
        The text.
    index : int
        Which token.

    Returns
    -------
    str
        ``"cat"``, ``"(space)"``, ``"bytes F0 9F of 😀"``.

    Examples
    --------
    >>> [token_name(Tokens.from_pieces([" cat", " "]), i) for i in (0, 1)]
    ['cat', '(space)']
    """
    piece = tokens.pieces[index]
    if tokens.kinds[index] == "bytes":
        start, end = tokens.spans[index].tolist()
        return f"bytes {piece.strip()} of {readable(tokens.text[start:end]).strip()}"
    if not piece:
        return "(empty)"
    if not piece.strip(" "):
        return "(space)" if len(piece) == 1 else f"({len(piece)} spaces)"
    return readable(piece).strip()


def question(why: Attribution) -> str:
    """Return the question that an attribution answers.

    Parameters
    ----------
    why : Attribution
        Scores of one text.

    Returns
    -------
    str
        A heading.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> question(lmw.load("tiny").attribute("The king", target=" said", foil=" of"))
    'Why “said” rather than “of”?'
    """
    if why.of == "entropy":
        return "What makes the model sure or unsure?"
    if not why.target.label:
        return "What each part contributes"
    target = quoted(why.target.label)
    if why.of == "own function":
        return f"What moves {target}?"
    if not why.signed:
        against = f" against {quoted(why.foil.label)}" if why.foil else ""
        return f"What is {target}{against} sensitive to?"
    if why.foil:
        return f"Why {target} rather than {quoted(why.foil.label)}?"
    places = {"next token": " next", "masked token": " here", "span": " as the answer"}
    return f"Why {target}{places.get(why.readout, '')}?"


def scale_ends(why: Attribution) -> tuple[str, str]:
    """Return what the lower and the upper end of the scale stand for.

    Parameters
    ----------
    why : Attribution
        Scores of one text.

    Returns
    -------
    tuple of str
        Empty where there is nothing to say.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> scale_ends(lmw.load("tiny").attribute("The king", target=" said"))
    ('against “said”', 'for “said”')
    """
    if not why.signed:
        return "", ""
    if not why.target.label or why.of in {"entropy", "own function"}:
        return "below zero", "above zero"
    target = quoted(why.target.label)
    other = f"for {quoted(why.foil.label)}" if why.foil else f"against {target}"
    return other, f"for {target}"


def made_by(why: Attribution) -> str:
    """Return how and of which model a map was made.

    Parameters
    ----------
    why : Attribution
        Scores of one text.

    Returns
    -------
    str
        One sentence.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> made_by(lmw.load("tiny").attribute("The king", "input_x_gradient"))
    'Input × gradient by token; model tiny.'
    """
    from lmwidget.attribution import METHODS

    known = METHODS.get(why.method)
    label = (known.label if known else why.method) or "scores"
    model = f"; model {why.model}" if why.model else ""
    return f"{label[0].upper()}{label[1:]} by {why.level}{model}."


def check_sentences(why: Attribution) -> list[str]:
    """Return what the checks of a map say.

    Parameters
    ----------
    why : Attribution
        Scores of one text.

    Returns
    -------
    list of str
        A sentence each.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> why = lmw.load("tiny").attribute("The king", "integrated_gradients", steps=50)
    >>> check_sentences(why)[0].startswith("Check: the scores sum to")
    True
    """
    found = [] if why.check is None else [_completeness(why.check, why.unit)]
    return found + [_measured(check) for check in why.checks if check is not why.check]


def _completeness(check: Check, unit: str) -> str:
    if check.total is None or check.expected is None:
        return _measured(check)
    gap = math.nan if check.relative is None else abs(check.relative)
    verdict = "they add up" if gap <= _GOOD_GAP else "they do not add up"
    if _GOOD_GAP < gap <= _ROUGH_GAP:
        verdict = "they add up roughly"
    units = "logits" if unit.startswith("logit") else unit
    return (
        f"Check: the scores sum to {number(check.total, 3)} of {number(check.expected, 3)} {units} "
        f"(gap {_percent(gap)}): {verdict}."
    )


def _percent(share: float) -> str:
    if math.isnan(share):
        return "not a number"
    return "under 0.1\u00a0%" if share < 0.001 else f"{share * 100:.2g}\u00a0%"


def _measured(check: Check) -> str:
    random = "" if check.random is None else f" (random maps {number(check.random)})"
    verdict = f": {check.verdict}" if check.verdict else ""
    return f"Check: {check.name} {number(check.value)}{random}{verdict}."


def listed(names: Sequence[str], most: int = 3) -> str:
    """Return names one after the other, the first few of many.

    Parameters
    ----------
    names : sequence of str
        What is named.
    most : int, default 3
        How many.

    Returns
    -------
    str
        Empty when there are none.

    Examples
    --------
    >>> listed(["a", "b", "c", "d"])
    'a, b, c and 1 more'
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
