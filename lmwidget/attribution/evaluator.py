"""Many changed texts through a model: each distinct one once, and what they share once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.attribution.last_layer import LastLayer
from lmwidget.attribution.passes import Passes
from lmwidget.attribution.prefixes import After, Prefixes, can_share
from lmwidget.attribution.rounding import same_numbers
from lmwidget.attribution.sharing import common_lengths, shared
from lmwidget.capture.guard import as_found

if TYPE_CHECKING:
    from torch import Tensor

    from lmwidget.attribution.answer_values import RowValues
    from lmwidget.attribution.question import Question
    from lmwidget.attribution.rows import Reading, Row

Found = Callable[[NDArray[np.intp], NDArray[np.float64]], bool]
Numbers = NDArray[np.intp]

_TRIED = 8  # tokens that are read behind a beginning to see whether the same comes out


class Evaluator:
    """Computes the number that is explained for many rows.

    Causal transformers go on from beginnings that they have read before: those of the whole text
    and of the text with everything replaced, which many rows begin like, and those that are common
    to several rows. Whether the same logits come out is tried first; a model where it does not
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
    answer : RowValues, optional
        Told what passes say about other tokens of an answer.

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
        answer: RowValues | None = None,
    ) -> None:
        self.lm, self.spans = question.lm, question.place.kind == "span"
        self.passes = Passes(question, readings, max_memory, answer)
        self.chains = chains
        self.shares, self.trusted = can_share(self.lm), set[str]()
        self.last = LastLayer(self.lm.model)

    def run(self, rows: Sequence[Row], found: Found) -> None:
        """Compute the values of rows.

        Parameters
        ----------
        rows : sequence of Row
            Any.
        found : callable
            ``found(numbers, values)`` is given each batch, and returns False when the rest is not
            wanted any more. It is asked with no numbers between passes that give none.
        """
        same: dict[Any, list[int]] = {}
        for number, row in enumerate(rows):
            same.setdefault(self._key(row), []).append(number)
        copies = list(same.values())

        def each(numbers: Numbers, values: NDArray[np.float64]) -> bool:
            if not len(numbers):
                return found(numbers, values)
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
        self.whole: dict[int, list[list[Tensor]]] = {}  # of rows that were read so: logits
        self.first = np.array([min(self.passes.places(row)) for row in rows], np.intp)

    def all(self) -> None:
        """Read all rows, until the rest is not wanted any more."""
        try:
            if not self.passes.bytes:
                self._read_whole(self._longest(), measured=True)
            if self.evaluator.shares and len(self.left):
                self._share()
            for group in self.passes.packed(self.rows, self.left)[0]:
                self._give(group, self.passes.values([self.rows[i] for i in group]))
        except _Stopped:
            return

    def _longest(self) -> int:
        """Return a row as long as any: of these the one to try a beginning with, further below."""
        chains = self.evaluator.chains if self.evaluator.shares else ()
        alike = [common_lengths(chain, self.rows) for chain in chains]
        lengths = [len(row.ids) for row in self.rows]
        return int(np.lexsort((np.max([*alike, np.zeros(len(lengths))], axis=0), lengths))[-1])

    def _read_whole(self, number: int, *, measured: bool = False) -> list[list[Tensor]]:
        """Return the logits of a row that goes on from nothing."""
        if number not in self.whole:
            read = self.passes.measured if measured else self.passes.logits
            first = int(self.first[number]) if self.evaluator.shares else None
            self.whole[number] = read([self.rows[number]], first=first)
            if number in self.left:
                self._give(np.array([number]), self.passes.scored(self.whole[number]))
        return self.whole[number]

    def _give(self, numbers: Numbers, values: NDArray[np.float64]) -> None:
        self.left = np.setdiff1d(self.left, numbers)
        if not self.found(numbers, values):
            raise _Stopped

    def _ask(self) -> None:
        """Stop between passes that give no values, too: of a long text each takes seconds."""
        self._give(np.zeros(0, np.intp), np.zeros(0))

    def _share(self) -> None:
        """Read what rows have in common at their beginning, and go on from there."""
        self._ask()
        left = np.union1d(self.left, list(self.whole)).astype(np.intp)
        rows, chains = [self.rows[i] for i in left], list(self.evaluator.chains)
        first = self.first[left]
        starts, chain, cut, families = shared(rows, first, chains)
        self.passes.wide = bool(families)
        used, chain = np.unique(
            np.where(starts > 0, chain, chain.min(initial=0)), return_inverse=True
        )
        chains = [chains[i] for i in used.tolist()]
        along, length = None, int(starts.max(initial=0))
        if length:
            farthest = np.flatnonzero(starts == length)
            known = farthest[np.isin(left[farthest], list(self.whole))]
            tried = int([*known, *farthest][0])
            along = self._trusted(chains, length, int(left[tried]), int(chain[tried]))
            if along is None:
                return
        for some in self._together(cut, families, first, starts):
            heads = [own[0] for own in some]
            after = None
            if along is not None and starts[heads].min():
                after = After(along, int(starts[heads].min()), chain[heads].tolist())
            prefixes = self._trusted([rows[i] for i in heads], cut, int(left[heads[0]]), 0, after)
            if prefixes is None:
                return
            which = {int(left[i]): number for number, own in enumerate(some) for i in own}
            self._go_on(prefixes, which, dict.fromkeys(which, cut))
        if along is not None:
            mine = np.flatnonzero(starts)
            which = dict(zip(left[mine].tolist(), chain[mine].tolist(), strict=True))
            self._go_on(along, which, dict(zip(which, starts[mine].tolist(), strict=True)))

    def _go_on(self, prefixes: Prefixes, which: dict[int, int], starts: dict[int, int]) -> None:
        """Read those rows that are left behind the beginning that each has."""
        numbers = np.intersect1d(list(which), self.left)
        at = np.array([starts[i] for i in numbers.tolist()], np.intp)
        for group in self.passes.packed(self.rows, numbers, at)[0]:
            start = min(starts[i] for i in group.tolist())
            after = After(prefixes, start, [which[i] for i in group.tolist()])
            self._give(group, self.passes.values([self.rows[i] for i in group], after))

    def _together(
        self, cut: int, families: list[list[int]], first: Numbers, starts: Numbers
    ) -> Iterator[list[list[int]]]:
        """Yield families whose beginnings are read in one pass, long rows first."""
        if not families:
            return
        each = max(1, self.passes.most() // cut)
        families = sorted(families, key=lambda own: (-int(first[own].max()), int(starts[own[0]])))
        for begin in range(0, len(families), each):
            yield families[begin : begin + each]

    def _trusted(
        self, rows: Sequence[Row], length: int, number: int, which: int, after: After | None = None
    ) -> Prefixes | None:
        """Read beginnings; before the first are used, try whether a row comes out the same."""
        evaluator = self.evaluator
        kind = "beginning" if after is None else "beginning behind a beginning"
        self._ask()
        # First, so that who stops during the trial has a value.
        expected = None if kind in evaluator.trusted else self._read_whole(number)
        while True:
            prefixes = self._as_expected(rows, length, number, which, after, expected)
            # Perhaps only the short cut through the last layer is not for this model.
            if prefixes is not None or not evaluator.last.off():
                break
        evaluator.shares = prefixes is not None
        evaluator.trusted |= {kind}
        self.whole.pop(number, None)
        return prefixes

    def _as_expected(
        self,
        rows: Sequence[Row],
        length: int,
        number: int,
        which: int,
        after: After | None,
        expected: list[list[Tensor]] | None,
    ) -> Prefixes | None:
        """Read beginnings, if a row that goes on from one has the logits that it should have."""
        try:
            prefixes = Prefixes(self.evaluator.lm, rows, length, self.evaluator.last, after)
            self._ask()
            if expected is None:
                return prefixes
            # At once behind the beginning, and with some tokens between: either may go wrong alone.
            row, first, found = [self.rows[number]], int(self.first[number]), []
            for start in sorted({length, max(1, min(length, first - _TRIED))}):
                found.append(self.passes.logits(row, After(prefixes, start, [which]), first=first))
                self._ask()
        except _Stopped:
            raise
        except Exception:  # noqa: BLE001, a model that does not know this raises what it likes
            return None
        same = all(
            same_numbers(self.evaluator.lm.model, mine, whole)
            for tried in found
            for one, other in zip(tried, expected, strict=True)
            for mine, whole in zip(one, other, strict=True)
        )
        return prefixes if same else None
