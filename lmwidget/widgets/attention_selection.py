"""Which tokens, layers and heads of an attention are meant, and what is selected."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.errors import UnknownNameError
from lmwidget.tokens import Tokens
from lmwidget.widgets.graph_hidden import divided, left_of, without


@dataclass(frozen=True)
class Selection:
    """The pinned token of an :class:`AttentionGraph`.

    Attributes
    ----------
    index : int
        Index of the token in its column.
    piece : str
        Its text.
    side : str
        ``"query"`` (the token that looks) or ``"key"`` (the token that is looked at).
    layer : int
        Index of the layer shown.
    heads : tuple of int
        Heads shown.
    weights : ndarray of float32, shape (head, token)
        Attention from the pinned query to each key, or from each query to the pinned key; of a
        graph that renormalises, as it is drawn: 0 for hidden keys, the rest sums to 1 a query.
    """

    index: int
    piece: str
    side: str
    layer: int
    heads: tuple[int, ...]
    weights: NDArray[np.float32]


def select(
    attention: Any,
    layer: int,
    heads: Sequence[int],
    side: str,
    token: int,
    *,
    renormalised: NDArray[np.bool_] | None = None,
) -> Selection | None:
    """Return a token with the exact weights of its edges.

    Parameters
    ----------
    attention : Attention
        What is drawn.
    layer : int
        Layer shown.
    heads : sequence of int
        Heads shown; empty for all.
    side : str
        ``"query"`` or ``"key"``.
    token : int
        Index of the token in its column.
    renormalised : ndarray of bool, shape (key,), optional
        Hidden keys whose weight is given to the others.

    Returns
    -------
    Selection or None
        None when there is no such token.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> select(lmw.load("tiny").attention("the king said"), 0, [], "query", 3).piece
    ' said'
    """
    query = side == "query"
    tokens = attention.tokens if query else attention.key_tokens
    if not 0 <= token < len(tokens):
        return None
    shown = tuple(heads) or tuple(range(attention.heads(layer)))
    read = attention.rows if query else attention.columns
    weights = np.stack([read(layer, head, token) for head in shown])
    if renormalised is not None:
        weights = _given_to_others(attention, layer, shown, weights, renormalised, side, token)
    return Selection(token, tokens.pieces[token], side, layer, shown, weights)


def _given_to_others(
    attention: Any,
    layer: int,
    heads: tuple[int, ...],
    weights: NDArray[np.float32],
    hidden: NDArray[np.bool_],
    side: str,
    token: int,
) -> NDArray[np.float32]:
    """Return rows or columns as they are when each query's weight is divided by what is left."""
    if side == "query":
        return without(weights, hidden, renormalise=True)
    if hidden[token]:
        return np.zeros_like(weights)
    return divided(weights, left_of(attention, layer, heads, hidden))


def hidden_keys(tokens: Tokens, *, first: bool, special: bool) -> NDArray[np.bool_]:
    """Return which tokens are not to be shown as targets.

    Parameters
    ----------
    tokens : Tokens
        What is looked at.
    first : bool
        Hide the first token.
    special : bool
        Hide special tokens.

    Returns
    -------
    ndarray of bool, shape (token,)
        True for hidden ones.

    Examples
    --------
    >>> hidden_keys(Tokens.from_pieces(["a", "b"]), first=True, special=False).tolist()
    [True, False]
    """
    hidden: NDArray[np.bool_] = (np.asarray(tokens.kinds) == "special") & special
    hidden[:1] |= first
    return hidden


def head_list(heads: Any) -> list[Any] | None:
    """Return each head once, in the order given; what is no number is refused where it is used.

    Parameters
    ----------
    heads : int, iterable of int, or None
        What the user gave.

    Returns
    -------
    list or None
        None when nothing was given.

    Examples
    --------
    >>> head_list(2), head_list((1, 0, 1))
    ([2], [1, 0])
    """
    if heads is None:
        return None
    single = not isinstance(heads, Iterable) or isinstance(heads, str)
    return list(dict.fromkeys([heads] if single else heads))


def number(value: Any, what: str) -> int:
    """Return a whole number of any type as int.

    Parameters
    ----------
    value : object
        What the user gave.
    what : str
        ``"layer"`` or ``"head"``, for the message.

    Returns
    -------
    int
        The same number.

    Raises
    ------
    UnknownNameError
        When it is none.

    Examples
    --------
    >>> number(3, "layer")
    3
    """
    try:
        return operator.index(value)
    except TypeError:
        raise UnknownNameError(f"There is no {what} {value!r}.", f"Give a {what} number.") from None
