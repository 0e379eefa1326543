"""Many changed texts through a model: each distinct one once, and what they share once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from lmwidget.attribution.packing import PASS
from lmwidget.attribution.passes import After, Passes
from lmwidget.attribution.prefixes import Prefixes, can_share, common_lengths
from lmwidget.capture.guard import as_found

if TYPE_CHECKING:
    from lmwidget.attribution.question import Question
    from lmwidget.attribution.rows import Reading, Row

Found = Callable[[NDArray[np.intp], NDArray[np.float64]], bool]
Numbers = NDArray[np.intp]

_LEAST = 4  # tokens in common that are worth reading apart
_CUTS = (0.25, 0.5, 0.75)  # of a row, behind which rows with the same beginning may go on
_WORTH = 0.05  # of the tokens, to be spared
_TOLERANCE = 1e-4


class Evaluator:
    """Computes the number that is explained for many rows.

    Causal transformers go on from beginnings that they have read before: those of the whole text
    and of the text with everything replaced, which many rows begin like, and those that are common
    to several rows. Whether the same value comes out is tried first; a model where it does not
    (or with any other memory than keys and values) reads whole rows.

    Parameters
    ----------
    question : Question
        Resolved.
    readings : sequence of Reading
        What is read, and summed.
    chains : sequence of Row
        Rows that many others may begin like.
    max_memory : int
        Bytes for one pass.

    Examples
    --------
    >>> import lmwidget as lmw, numpy as np
    >>> from lmwidget.attribution.question import Question
    >>> from lmwidget.attribution.rows import Reading, Removal
    >>> lm = lmw.load("tiny")
    >>> question = Question(lm, lm.tokenize("The king said"))
    >>> question.resolve(lm.run(question.inputs()))
    >>> row = Removal(lm, question.tokens, None).row(np.array([True, False, True]))
    >>> readings = [Reading(question, *read) for read in question.reads]
    >>> Evaluator(question, readings, [], 1 << 30).run([row], lambda rows, values: print(rows))
    [0]
    """

    def __init__(
        self,
        question: Question,
        readings: Sequence[Reading],
        chains: Sequence[Row],
        max_memory: int,
    ) -> None:
        self.lm, self.spans = question.lm, question.place.kind == "span"
        self.passes = Passes(question, readings, max_memory)
        self.chains = chains
        self.shares, self.trusted = can_share(self.lm), False

    def run(self, rows: Sequence[Row], found: Found) -> None:
        """Compute the values of rows.

        Parameters
        ----------
        rows : sequence of Row
            Any.
        found : callable
            ``found(numbers, values)`` is given each batch, and returns False when the rest is not
            wanted any more.
        """
        same: dict[Any, list[int]] = {}
        for number, row in enumerate(rows):
            same.setdefault(self._key(row), []).append(number)
        copies = list(same.values())

        def each(numbers: Numbers, values: NDArray[np.float64]) -> bool:
            all_of = [copies[number] for number in numbers.tolist()]
            return found(np.concatenate(all_of), np.repeat(values, [len(one) for one in all_of]))

        with as_found(self.lm.model):  # once, as it looks at every module
            _Run(self, [rows[one[0]] for one in copies], each).all()

    def _key(self, row: Row) -> Any:
        """Return what rows that give the same value have in common."""
        places = [reading.places(row) for reading in self.passes.readings]
        moved = row.upto.tobytes() if self.spans else b""
        return row.ids, row.segments, str(places), moved


class _Stopped(Exception):  # noqa: N818, not an error
    """The rest is not wanted any more."""


class _Run:
    """The rows of one call, and which of them are left to be read."""

    def __init__(self, evaluator: Evaluator, rows: list[Row], found: Found) -> None:
        self.evaluator, self.passes = evaluator, evaluator.passes
        self.rows, self.found = rows, found
        self.left: Numbers = np.arange(len(rows))
        self.first = np.array([min(self.passes.places(row)) for row in rows], np.intp)

    def all(self) -> None:
        """Read all rows, until the rest is not wanted any more."""
        try:
            if not self.passes.bytes:
                longest = int(np.argmax([len(row.ids) for row in self.rows]))
                self._give(np.array([longest]), self.passes.measured(self.rows[longest]))
            for chain in self.evaluator.chains:
                self._after_chain(chain)
            self._after_heads()
            for group in self.passes.packed(self.rows, self.left)[0]:
                self._give(group, self.passes.values([self.rows[i] for i in group]))
        except _Stopped:
            return

    def _give(self, numbers: Numbers, values: NDArray[np.float64]) -> None:
        self.left = np.setdiff1d(self.left, numbers)
        if not self.found(numbers, values):
            raise _Stopped

    def _after_chain(self, chain: Row) -> None:
        """Read the rows for which it pays to begin like a chain."""
        if not self.evaluator.shares:
            return
        starts = self._starts(chain)
        enough = starts >= np.maximum(_LEAST, _WORTH * self.first[self.left])
        mine, starts = self.left[enough], starts[enough]
        length = int(starts.max(initial=0))
        whole, cost = (self.passes.packed(self.rows, mine, s)[1] for s in (None, starts))
        if whole - cost < 2 * (length + PASS):
            return
        prefixes = self._trusted([chain], length, int(mine[starts.argmax()]))
        if prefixes is None:
            return
        for group in self.passes.packed(self.rows, mine, starts)[0]:
            start = int(starts[np.isin(mine, group)].min())
            numbers = np.intersect1d(group, self.left)
            self._go_on(numbers, After(prefixes, start, [0] * len(numbers)))

    def _starts(self, chain: Row) -> Numbers:
        """How much of a chain need not be read again; 0 where another chain spares more."""
        rows = [self.rows[i] for i in self.left]
        chains = self.evaluator.chains
        spared = [np.minimum(common_lengths(one, rows), self.first[self.left]) for one in chains]
        best = np.max(spared, axis=0)
        return np.where(spared[list(chains).index(chain)] == best, best, 0)

    def _after_heads(self) -> None:
        """Read the beginnings that several rows have in common, and go on from there."""
        if not self.evaluator.shares or len(self.left) < 3:
            return
        usual = float(np.median(self.first[self.left]))
        found = [self._families(int(share * usual)) for share in _CUTS]
        cut, families, spared = max(found, key=lambda one: one[2])
        if spared <= max(4 * PASS, _WORTH * sum(len(self.rows[i].ids) for i in self.left)):
            return
        for some in self._together(cut, families):
            prefixes = self._trusted([self.rows[own[0]] for own in some], cut, some[0][0])
            if prefixes is None:
                return
            which = {i: number for number, own in enumerate(some) for i in own}
            numbers = np.intersect1d(list(which), self.left)
            for group in self.passes.packed(self.rows, numbers, np.full(len(numbers), cut))[0]:
                self._go_on(group, After(prefixes, cut, [which[i] for i in group.tolist()]))

    def _families(self, cut: int) -> tuple[int, list[list[int]], int]:
        """Rows that have their first tokens in common with others, and the tokens that it spares."""
        families: dict[Any, list[int]] = {}
        for i in self.left[self.first[self.left] >= cut].tolist() if cut >= _LEAST else ():
            row = self.rows[i]
            families.setdefault((row.ids[:cut], row.segments[:cut]), []).append(i)
        several = sorted((own for own in families.values() if len(own) > 1), key=self._longest)
        return cut, several, cut * sum(len(own) - 1 for own in several)

    def _together(self, cut: int, families: list[list[int]]) -> Iterator[list[list[int]]]:
        """Yield families whose beginnings are kept at once, and that fit into one pass each."""
        some: list[list[int]] = []
        most, tokens = self.passes.most(), 0
        for own in families:
            more = sum(int(self.first[i]) + 1 - cut for i in own)
            if some and (tokens + more > most or 2 * cut * (len(some) + 1) > most):
                yield some
                some, tokens = [], 0
            some.append(own)
            tokens += more
        if some:
            yield some

    def _longest(self, numbers: list[int]) -> int:
        return -max(len(self.rows[i].ids) for i in numbers)

    def _go_on(self, numbers: Numbers, after: After) -> None:
        if len(numbers):
            self._give(numbers, self.passes.values([self.rows[i] for i in numbers], after))

    def _trusted(self, rows: Sequence[Row], length: int, number: int) -> Prefixes | None:
        """Read beginnings; before the first are used, try whether a row comes out the same."""
        evaluator, row = self.evaluator, [self.rows[number]]
        try:
            prefixes = Prefixes(evaluator.lm, rows, length)
            if evaluator.trusted:
                return prefixes
            value = self.passes.values(row, After(prefixes, length, [0]))
        except Exception:  # noqa: BLE001, a model that does not know this raises what it likes
            evaluator.shares = False
            return None
        expected = self.passes.values(row)
        self._give(np.array([number]), expected)
        allowed = max(_TOLERANCE, 8 * _epsilon(evaluator.lm.model)) * max(1.0, abs(expected[0]))
        evaluator.shares = evaluator.trusted = bool(abs(value - expected)[0] <= allowed)
        return prefixes if evaluator.trusted else None


def _epsilon(model: Any) -> float:
    kinds = (p.dtype for p in model.parameters() if p.is_floating_point())
    return float(torch.finfo(next(kinds, torch.float32)).eps)
