"""Which rows are read together, so that little is filled up and little is read twice."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

PASS = 28  # what one more pass costs, in tokens: every weight is fetched once


Groups = list[NDArray[np.intp]]


def pack(
    starts: ArrayLike, ends: ArrayLike, most: int, *, equal: bool = False
) -> tuple[Groups, float]:
    """Return a good way to read rows together.

    A pass reads the same places of all of its rows: from the first start to the last end.

    Parameters
    ----------
    starts, ends : array-like of int, shape (row,)
        From where, and up to where, each has to be read.
    most : int
        Most tokens in one pass, when it has several rows.
    equal : bool, default False
        Only rows that end at the same place may be read together.

    Returns
    -------
    tuple of (list of ndarray of int, float)
        The rows of each pass, the largest first; and their cost in tokens. It is the cheapest cut
        of the rows sorted by start, by end, or by what is between.

    Examples
    --------
    >>> [group.tolist() for group in pack([0, 0, 0, 90], [100, 9, 10, 100], 1000)[0]]
    [[0], [1, 2], [3]]
    """
    first, last = np.asarray(starts, np.intp), np.asarray(ends, np.intp)
    orders = [np.lexsort((first, last))]
    if first.any() and not equal:
        orders += [np.lexsort((last, first)), np.lexsort((first, last - first))]
    groups, cost = min((_cut(order, first, last, most, equal=equal) for order in orders), key=lambda found: found[1])  # fmt: skip
    groups.sort(key=lambda group: -len(group) * int(last[group].max() - first[group].min()))
    return groups, cost


def _cut(
    order: NDArray[np.intp],
    first: NDArray[np.intp],
    last: NDArray[np.intp],
    most: int,
    *,
    equal: bool,
) -> tuple[Groups, float]:
    """Cut a sequence of rows where it costs least, by dynamic programming."""
    first, last, count = first[order], last[order], len(order)
    cost = np.zeros(count + 1)
    begin = np.zeros(count + 1, np.intp)
    for stop in range(1, count + 1):
        own = max(1, int(last[stop - 1] - first[stop - 1]))  # no pass over it is narrower
        low = max(0, stop - max(1, most // own))
        start = np.minimum.accumulate(first[low:stop][::-1])
        end = np.maximum.accumulate(last[low:stop][::-1])
        size = np.arange(1, stop - low + 1)
        tokens = size * (end - start)
        fits = (tokens <= most) | (size == 1)
        if equal:
            fits &= np.minimum.accumulate(last[low:stop][::-1]) == end
        total = np.where(fits, cost[low:stop][::-1] + tokens + PASS, np.inf)
        chosen = int(total.argmin())
        cost[stop], begin[stop] = total[chosen], stop - 1 - chosen
    groups: Groups = []
    stop = count
    while stop:
        groups.append(order[begin[stop] : stop])
        stop = int(begin[stop])
    return groups, float(cost[-1])
