"""What changed texts have in common at their beginning, and which of it is worth reading once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lmwidget.attribution.packing import PASS

if TYPE_CHECKING:
    from lmwidget.attribution.rows import Row

Numbers = NDArray[np.intp]

_LEAST = 4  # tokens in common that are worth reading apart
_WORTH = 0.05  # of the tokens, to be spared
_CUTS = 9  # places that are tried as the end of a common beginning


class Shared(NamedTuple):
    """What some texts may go on from.

    Attributes
    ----------
    starts : ndarray of int, shape (row,)
        Tokens that each has in common with a chain; 0 where it is not worth it.
    chain : ndarray of int, shape (row,)
        Which chain that is.
    cut : int
        Tokens that the rows of a family have in common, more than with a chain.
    families : list of list of int
        Rows that begin alike, two or more each.
    """

    starts: Numbers
    chain: Numbers
    cut: int
    families: list[list[int]]


def shared(rows: Sequence[Row], first: Numbers, chains: Sequence[Row]) -> Shared:
    """Return what to read once of texts that begin alike.

    Parameters
    ----------
    rows : sequence of Row
        The texts.
    first : ndarray of int, shape (row,)
        The first place of each at which something is read, which has to be read behind.
    chains : sequence of Row
        Texts that many of the others may begin like.

    Returns
    -------
    Shared
        Beginnings of chains, and one length of beginnings that several rows share besides: the one
        that spares most tokens.

    Examples
    --------
    >>> from lmwidget.attribution.rows import Row
    >>> def row(text):
    ...     return Row(tuple(map(ord, text)), (0,) * len(text), np.arange(len(text) + 1))
    >>> rows = [row("a" * 60 + end * 40) for end in "bcdefg"]
    >>> found = shared(rows, np.full(6, 99), [row("x" * 100)])
    >>> found.cut, found.families
    (60, [[0, 1, 2, 3, 4, 5]])
    """
    starts, chain = _along(rows, first, chains)
    table = _table(rows)
    best: tuple[int, int, list[list[int]]] = (0, 0, [])
    for cut in _cuts(table, first):
        families = _families(table, first, starts, cut)
        spared = sum((cut - int(starts[own[0]])) * (len(own) - 1) for own in families)
        best = max(best, (spared, cut, families), key=lambda one: one[0])
    spared, cut, families = best
    if spared <= max(4 * PASS, _WORTH * sum(len(row.ids) for row in rows)):
        cut, families = 0, []
    return Shared(starts, chain, cut, families)


def _along(rows: Sequence[Row], first: Numbers, chains: Sequence[Row]) -> tuple[Numbers, Numbers]:
    """How many tokens each row has in common with the chain that it is most like."""
    if not chains or not len(rows):
        return np.zeros(len(rows), np.intp), np.zeros(len(rows), np.intp)
    lengths = np.array([np.minimum(common_lengths(one, rows), first) for one in chains])
    chain, starts = lengths.argmax(0), lengths.max(0)
    starts = np.where(starts >= np.maximum(_LEAST, _WORTH * first), starts, 0)
    if starts.sum() < 2 * (len(chains) * starts.max() + PASS):
        starts = starts * 0
    return starts, chain


def common_lengths(chain: Row, rows: Sequence[Row]) -> Numbers:
    """Return how many tokens rows have in common with another at their beginning.

    Parameters
    ----------
    chain : Row
        The other.
    rows : sequence of Row
        Rows.

    Returns
    -------
    ndarray of int, shape (row,)
        Tokens.

    Examples
    --------
    >>> from lmwidget.attribution.rows import Row
    >>> row = Row((5, 6, 7), (0, 0, 0), np.arange(4))
    >>> common_lengths(row, [Row((5, 6, 8), (0, 0, 0), np.arange(4))])
    array([2])
    """
    table = _table([chain, *rows])
    return _agreeing(table[1:], table[:1])


def _table(rows: Sequence[Row]) -> NDArray[np.int64]:
    """Rows as numbers, one a token and segment; different numbers behind the end of each."""
    widest = max((len(row.ids) for row in rows), default=0)
    table = np.broadcast_to(-1 - np.arange(len(rows))[:, None], (len(rows), widest)).copy()
    for own, row in zip(table, rows, strict=True):
        own[: len(row.ids)] = np.asarray(row.ids) + (np.asarray(row.segments) << 40)
    return table


def _agreeing(table: NDArray[np.int64], other: NDArray[np.int64]) -> Numbers:
    found: Numbers = np.logical_and.accumulate(table == other, axis=1).sum(1)
    return found


def _cuts(table: NDArray[np.int64], first: Numbers) -> list[int]:
    """Lengths of beginnings that rows have in common with their neighbours in order."""
    if len(table) < 3:
        return []
    ordered = np.lexsort(table.T[::-1])
    alike = np.minimum(_agreeing(table[ordered[1:]], table[ordered[:-1]]), first[ordered[1:]])
    alike = alike[alike >= _LEAST]
    if not len(alike):
        return []
    chosen = np.quantile(alike, np.linspace(0, 1, _CUTS), method="nearest")
    return [int(cut) for cut in np.unique(chosen)]


def _families(
    table: NDArray[np.int64], first: Numbers, starts: Numbers, cut: int
) -> list[list[int]]:
    """Rows that have their first tokens in common with others, and less than that with a chain."""
    families: dict[bytes, list[int]] = {}
    for i in np.flatnonzero((first >= cut) & (starts < cut)).tolist():
        families.setdefault(table[i, :cut].tobytes(), []).append(i)
    return [own for own in families.values() if len(own) > 1]
