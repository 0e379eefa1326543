"""The numbers of a matrix: rows computed when asked for, and what they look like from afar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.widgets.matrix_units import unit_starts

Weights = NDArray[np.float32]

TILE = 128
"""Cells along the side of a tile."""

WHOLE_CELLS = 512 * 512
"""As many cells are sent at once: of a larger matrix, that many blocks."""

_CHUNK = 1 << 22  # weights computed at once
_KEPT_CELLS = 6_000_000  # of a level that stays in memory; finer ones are computed when asked for


class Field:
    """The mean of some heads, in rows of tokens or of larger units.

    The weight from unit Q to unit K is the mean over the queries of Q of the sum over the keys of
    K: how much of an average token of Q's attention goes anywhere into K,
    ``w[Q, K] = 1/|Q| · Σ_{q in Q} Σ_{k in K} w[q, k]``, so that rows still sum to what they summed
    to. Queries whose weights are no numbers are left out of the mean.

    Parameters
    ----------
    attention : Attention
        What is drawn.
    layer : int
        Layer, from 0.
    heads : sequence of int
        Heads; empty for all.
    pool : str
        One of :data:`lmwidget.widgets.matrix_units.POOLS`.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns.
    starts : tuple of ndarray of int32
        First token of every row and of every column.
    """

    def __init__(self, attention: Any, layer: int, heads: Sequence[int], pool: str) -> None:
        self._attention, self._layer, self.pool = attention, layer, pool
        self._heads = list(heads) or list(range(attention.heads(layer)))
        queries = unit_starts(attention.tokens, pool)
        same = attention.key_tokens is attention.tokens
        self.starts = queries, queries if same else unit_starts(attention.key_tokens, pool)
        self.shape = len(self.starts[0]), len(self.starts[1])
        self.signed = bool(getattr(attention, "signed", False))

    def rows(self, units: Sequence[int]) -> Weights:
        """Return some rows.

        Parameters
        ----------
        units : sequence of int
            Which rows.

        Returns
        -------
        ndarray of float32, shape (row, column)
            NaN where the weights are no numbers.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> Field(lmw.load("tiny").attention("the king said"), 0, [], "token").rows([1, 2]).shape
        (2, 4)
        """
        if self.pool == "token":
            parts = [block for _, block in self._token_rows(list(units))]
            return np.concatenate(parts) if parts else np.zeros((0, self.shape[1]), np.float32)
        starts, ends = self.starts[0], np.append(self.starts[0][1:], len(self._attention.tokens))
        tokens = np.concatenate([np.arange(starts[unit], ends[unit]) for unit in units])
        rows = np.repeat(np.arange(len(units)), [int(ends[u] - starts[u]) for u in units])
        sums = np.zeros((len(units), self.shape[1]))
        counts = np.zeros(len(units))
        for start, block in self._token_rows(tokens.tolist()):
            summed = np.add.reduceat(block, self.starts[1], axis=1)
            good = np.isfinite(summed).all(axis=1)
            into = rows[start : start + len(block)][good]
            np.add.at(sums, into, summed[good])
            np.add.at(counts, into, 1)
        with np.errstate(invalid="ignore"):
            pooled: Weights = (sums / counts[:, None]).astype(np.float32)
        return pooled

    def _token_rows(self, tokens: list[int]) -> Iterator[tuple[int, Weights]]:
        """Rows of tokens, the mean over the heads, some at a time, with the place of the first."""
        step = max(1, _CHUNK // (len(self._heads) * len(self._attention.key_tokens)))
        for start in range(0, len(tokens), step):
            some = tokens[start : start + step]
            weights = self._attention.rows(self._layer, self._heads, some)
            yield start, weights[0] if len(weights) == 1 else weights.mean(axis=0)


class Pyramid:
    """A matrix at every distance: a cell of level ``l`` is the largest of 2^l × 2^l weights.

    Of signed weights it is the one that is largest without its sign. One pass over all rows finds
    the coarse levels, which are kept; finer ones are computed when they are asked for.

    Parameters
    ----------
    field : Field
        The matrix.

    Attributes
    ----------
    level : int
        The finest level with at most :data:`WHOLE_CELLS` cells.
    row_largest : ndarray of float32, shape (row,)
        Largest weight of each row without its sign; NaN for a row that is no numbers.
    """

    def __init__(self, field: Field) -> None:
        self.field = field
        rows, columns = field.shape
        self.level = finest_level(rows, columns, WHOLE_CELLS)
        self._kept_from = min(self.level, finest_level(rows, columns, _KEPT_CELLS))
        if self.level:
            self._kept_from = max(1, self._kept_from)
        self.row_largest = np.zeros(rows, np.float32)
        self._kept: dict[int, Weights] = {}
        self._read()

    def _read(self) -> None:
        rows, columns = self.field.shape
        step = max(1, _CHUNK // max(1, columns) >> self.level) << self.level
        parts: dict[int, list[Weights]] = {}
        for start in range(0, rows, step):
            block = self.field.rows(range(start, min(rows, start + step)))
            self.row_largest[start : start + step] = np.abs(block).max(axis=1, initial=0)
            for level in range(self.level + 1):
                if level:
                    block = halved(block, signed=self.field.signed)
                if level >= self._kept_from:
                    parts.setdefault(level, []).append(block)
        self._kept = {level: np.concatenate(some) for level, some in parts.items()}

    def cells(self, level: int) -> Weights:
        """Return a whole level.

        Parameters
        ----------
        level : int
            0 for the weights themselves.

        Returns
        -------
        ndarray of float32, shape (row, column)
            Blocks.
        """
        return self.part(level, 0, -(-self.field.shape[0] // 2**level))

    def part(self, level: int, start: int, end: int) -> Weights:
        """Return some rows of a level.

        Parameters
        ----------
        level : int
            0 for the weights themselves.
        start, end : int
            Rows of that level.

        Returns
        -------
        ndarray of float32, shape (row, column)
            Fewer rows where the matrix ends.
        """
        if level in self._kept:
            return self._kept[level][start:end]
        known = max((kept for kept in self._kept if kept < level), default=None)
        below = 0 if known is None else known
        size = 2 ** (level - below)
        if known is None:
            last = min(self.field.shape[0], end * size)
            step = max(1, _CHUNK // max(1, self.field.shape[1]) // size) * size
            blocks = [
                self._coarser(self.field.rows(range(at, min(last, at + step))), level)
                for at in range(start * size, last, step)
            ]
            return np.concatenate(blocks)
        return self._coarser(self._kept[known][start * size : end * size], level - known)

    def _coarser(self, block: Weights, steps: int) -> Weights:
        for _ in range(steps):
            block = halved(block, signed=self.field.signed)
        return block

    def strongest(self, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Weights]:
        """Return the strongest cells of the matrix.

        They lie in the ``count`` rows whose largest weights are largest.

        Parameters
        ----------
        count : int
            How many.

        Returns
        -------
        rows, columns : ndarray of int64, shape (cell,)
            Where, the strongest first.
        weights : ndarray of float32, shape (cell,)
            How strong.
        """
        best = np.argsort(-np.nan_to_num(self.row_largest, nan=-1), kind="stable")[:count]
        block = np.nan_to_num(self.field.rows(best.tolist()))
        order = np.argsort(-np.abs(block), axis=None, kind="stable")[:count]
        rows, columns = np.unravel_index(order, block.shape)
        return best[rows], columns, block[rows, columns]


def finest_level(rows: int, columns: int, most: int) -> int:
    """Return the finest level with no more than so many cells.

    Parameters
    ----------
    rows, columns : int
        Size of the matrix.
    most : int
        Most cells.

    Returns
    -------
    int
        0 when the whole matrix fits.

    Examples
    --------
    >>> finest_level(512, 512, WHOLE_CELLS), finest_level(4096, 4096, WHOLE_CELLS)
    (0, 3)
    """
    level = 0
    while -(-rows // 2**level) * -(-columns // 2**level) > most:
        level += 1
    return level


def halved(block: Weights, *, signed: bool) -> Weights:
    """Return the largest of every 2 × 2 cells; what is no number counts only when all four are.

    Parameters
    ----------
    block : ndarray of float32, shape (row, column)
        Cells.
    signed : bool
        Largest without the sign, which is kept.

    Returns
    -------
    ndarray of float32, shape (half the rows, half the columns)
        Rounded up.

    Examples
    --------
    >>> halved(np.array([[1, 2, -5], [0, 3, 4]], np.float32), signed=True).tolist()
    [[3.0, -5.0]]
    """
    for _ in range(2):  # rows, then columns; the copies make both run along memory
        even, odd = block[0::2], block[1::2]
        joined = even.copy()
        if signed:
            high, low = np.fmax(even[: len(odd)], odd), np.fmin(even[: len(odd)], odd)
            joined[: len(odd)] = np.where(high >= -low, high, low)
        else:
            np.fmax(even[: len(odd)], odd, out=joined[: len(odd)])
        block = np.ascontiguousarray(joined.T)
    return block
