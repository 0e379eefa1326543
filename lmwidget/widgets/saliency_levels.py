"""Levels of a text that make a difference, as they cross to the browser."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.tokens import Tokens
from lmwidget.units import LEVELS, Spans, level_name, unit_of_tokens
from lmwidget.wire import envelope


def refines(fine: NDArray[np.int32] | None, coarse: NDArray[np.int32]) -> bool:
    """Return whether every fine unit lies in one coarse unit, so that scores can be summed.

    Parameters
    ----------
    fine : ndarray of int32, shape (token,), or None
        Unit of each token; None when each token is a unit.
    coarse : ndarray of int32, shape (token,)
        Unit of each token.

    Returns
    -------
    bool
        True when sums of the fine units give the coarse ones.

    Examples
    --------
    >>> refines(np.array([0, 0, 1], np.int32), np.array([0, 1, 1], np.int32))
    False
    """
    if fine is None or not len(fine):
        return True
    firsts = np.flatnonzero(np.diff(fine, prepend=-1))
    return bool((coarse[firsts][fine] == coarse).all())


def offered_levels(
    tokens: Tokens,
    *,
    shown: str | Spans,
    passages: Spans | None = None,
    computed: tuple[str, NDArray[np.int32] | None] = ("token", None),
    live: bool = False,
    start: int | None = None,
) -> list[dict[str, Any]]:
    """Return the levels that make a difference for a text, with the unit of each token.

    Parameters
    ----------
    tokens : Tokens
        The model's own tokens.
    shown : str or sequence of spans
        Level that is drawn; it is offered in any case.
    passages : sequence of spans, optional
        The reader's own passages.
    computed : tuple of (str, ndarray of int32 or None)
        Level of the scores and the unit of each token; None when each token is a unit.
    live : bool
        Whether a model can compute finer levels.
    start : int, optional
        First token of an answer, whose units stay as they were computed.

    Returns
    -------
    list of dict
        ``name`` and ``parts`` (an envelope of int32, or None when each token is a unit), finest
        first.

    Examples
    --------
    >>> made = offered_levels(Tokens.from_pieces(["un", "real", " world"]), shown="token")
    >>> [level["name"] for level in made]
    ['token', 'word']
    """
    name, own = computed
    always = {level_name(shown), name, "token", "passage"}
    found: dict[str, NDArray[np.int32]] = {}
    counts: dict[str, int] = {}
    for level in (*LEVELS, *([] if passages is None else [passages])):
        called = level_name(level)
        if called == name and own is not None:
            parts = own
        else:
            parts = answer_apart(unit_of_tokens(tokens, level), own, start)
        if not live and not refines(own, parts):
            continue
        count = _count(tokens, parts)
        if called == "turn":  # rather than sentences, where the two are the same
            same = [one for one, n in counts.items() if n == count and one not in always]
            for one in same:
                del found[one], counts[one]
        if called in always or 2 <= count < min(counts.values(), default=len(tokens) + 1):
            found[called], counts[called] = parts, count
    if name not in found and own is not None:  # passages whose spans are not known
        found[name] = own
    return [_level(one, None if one == "token" else parts) for one, parts in found.items()]


def _level(name: str, parts: NDArray[np.int32] | None) -> dict[str, Any]:
    return {"name": name, "parts": None if parts is None else envelope(parts, ["token"])}


def _count(tokens: Tokens, parts: NDArray[np.int32]) -> int:
    """Return the number of units of ordinary text."""
    text = np.array([kind != "special" for kind in tokens.kinds])
    return len(np.unique(parts[text]))


def answer_apart(
    units: NDArray[np.int32], computed: NDArray[np.int32] | None, start: int | None
) -> NDArray[np.int32]:
    """Return units that keep those of an answer as they were computed.

    Parameters
    ----------
    units : ndarray of int32, shape (token,)
        Unit of each token at some level.
    computed : ndarray of int32, shape (token,), or None
        Unit of each token that scores were computed for; None when each token is one.
    start : int or None
        First token of the answer; None when there is none.

    Returns
    -------
    ndarray of int32, shape (token,)
        No unit reaches from the input into the answer.

    Examples
    --------
    >>> answer_apart(np.array([0, 0, 0, 0], np.int32), None, 2).tolist()
    [0, 0, 1, 2]
    """
    if start is None:
        return units
    own = np.arange(len(units), dtype=np.int32) if computed is None else computed
    first = int(units[start - 1]) + 1 if start else 0
    return np.concatenate([units[:start], own[start:] - own[start] + first]).astype(np.int32)
