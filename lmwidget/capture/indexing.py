"""Which layers, heads and rows are meant by an index."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from lmwidget.errors import UnknownNameError


def choose(value: Any, count: int, what: str) -> tuple[list[int], bool]:
    """Return the indices that are meant, and whether it was a single number.

    Parameters
    ----------
    value : int, slice or sequence of int
        What the user gave; negative numbers count from the end.
    count : int
        How many there are.
    what : str
        What is counted, for the message.

    Returns
    -------
    tuple of (list of int, bool)
        Indices from 0.

    Raises
    ------
    UnknownNameError
        When there is none of that number; says which there are.

    Examples
    --------
    >>> choose(-1, 4, "head"), choose(slice(2), 4, "head")
    (([3], True), ([0, 1], False))
    """
    if isinstance(value, slice):
        return list(range(count))[value], False
    single = not hasattr(value, "__len__") or isinstance(value, str)
    found = [whole(item, what) for item in ([value] if single else value)]
    for index in found:
        if not -count <= index < count:
            raise UnknownNameError(f"There is no {what} {index}.", f"Choose 0 to {count - 1}.")
    return [index % count for index in found], single


def whole(value: Any, what: str) -> int:
    """Return a number of any integer type as int.

    Parameters
    ----------
    value : object
        What the user gave.
    what : str
        What is counted, for the message.

    Returns
    -------
    int
        The same number.

    Raises
    ------
    UnknownNameError
        When it is no whole number.

    Examples
    --------
    >>> whole(3, "layer")
    3
    """
    try:
        return operator.index(value)
    except TypeError:
        raise UnknownNameError(f"There is no {what} {value!r}.", f"Give a {what} number.") from None


def as_slice(indices: Sequence[int]) -> slice | list[int]:
    """Return indices as a slice where possible, which copies nothing.

    Parameters
    ----------
    indices : sequence of int
        Indices from 0.

    Returns
    -------
    slice or list of int
        Selects the same.

    Examples
    --------
    >>> as_slice([2, 3, 4]), as_slice([0, 2])
    (slice(2, 5, None), [0, 2])
    """
    first, count = (indices[0], len(indices)) if len(indices) else (0, 0)
    if list(indices) == list(range(first, first + count)):
        return slice(first, first + count)
    return list(indices)
