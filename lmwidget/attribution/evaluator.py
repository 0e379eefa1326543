"""Many changed texts through a model: each distinct one once, many at a time, in little memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from lmwidget.attribution.packing import PASS, Groups, pack
from lmwidget.attribution.prefixes import Prefix, can_share, common_lengths
from lmwidget.capture.guard import as_found
from lmwidget.capture.memory import counting_alive, free_bytes
from lmwidget.models.batches import filled_rows, fills_up, one_by_one, padding_id

if TYPE_CHECKING:
    from lmwidget.attribution.question import Question
    from lmwidget.attribution.rows import Reading, Row

Found = Callable[[NDArray[np.intp], NDArray[np.float64]], bool]
Places = NDArray[np.intp]

_TOKENS = 1024  # in one pass on a processor, which larger ones only cost memory
_MOST_TOKENS = 1 << 14  # in one pass elsewhere
_LEAST = 4  # tokens in common that are worth a pass of their own
_TOLERANCE = 1e-4


class Evaluator:
    """Computes the number that is explained for many rows.

    Parameters
    ----------
    question : Question
        Resolved.
    readings : sequence of Reading
        What is read, and summed.
    chains : sequence of Row
        Rows whose beginning is read once where it pays: many others begin like them.
    max_memory : int
        Bytes for one pass; of what is free, at most half is taken.

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
        self.question, self.lm, self.readings = question, question.lm, readings
        self.chains = chains if can_share(self.lm) else ()
        self.max_memory = max_memory
        self._equal, self._alone = not fills_up(self.lm), one_by_one(self.lm)
        self._bytes = 0.0  # that a token takes in a pass, once measured

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

        def each(numbers: Places, values: NDArray[np.float64]) -> bool:
            all_of = [copies[number] for number in numbers.tolist()]
            return found(np.concatenate(all_of), np.repeat(values, [len(one) for one in all_of]))

        with as_found(self.lm.model):  # once, as it looks at every module
            self._distinct([rows[one[0]] for one in copies], each)

    def _key(self, row: Row) -> Any:
        """Return what rows that give the same value have in common."""
        places = [reading.places(row) for reading in self.readings]
        moved = row.upto.tobytes() if self.question.place.kind == "span" else b""
        return row.ids, row.segments, str(places), moved

    def _distinct(self, rows: list[Row], found: Found) -> None:
        left, longest = np.arange(len(rows)), max(range(len(rows)), key=lambda i: len(rows[i].ids))
        for chain in self.chains:
            left, wanted = self._shared(chain, rows, left, found)
            if not wanted:
                return
        if not self._bytes and longest in left:
            if not found(np.array([longest]), self._measured([rows[longest]])):
                return
            left = left[left != longest]
        for group in self._packed(rows, left)[0]:
            if not found(group, self._values([rows[i] for i in group])):
                return

    def _shared(
        self, chain: Row, rows: list[Row], left: Places, found: Found
    ) -> tuple[Places, bool]:
        """Compute the rows for which it pays to begin like a chain; return which are left."""
        starts = self._starts(chain, rows, left)
        mine, starts = left[starts >= _LEAST], starts[starts >= _LEAST]
        saved = self._packed(rows, mine)[1] - self._packed(rows, mine, starts)[1]
        length = int(starts.max(initial=0))
        if saved < 2 * (length + PASS):
            return left, True
        prefix = self._prefix(chain, length, rows[mine[starts.argmax()]])
        if prefix is None:
            self.chains = ()
            return left, True
        for group in self._packed(rows, mine, starts)[0]:
            start = int(starts[np.isin(mine, group)].min())
            values = self._values([rows[i] for i in group], prefix, start)
            left = np.setdiff1d(left, group)
            if not found(group, values):
                return left, False
        return left, True

    def _starts(self, chain: Row, rows: list[Row], left: Places) -> Places:
        """How much of a chain need not be read again; 0 where another chain spares more."""
        own = [rows[i] for i in left]
        before = np.array([min(self._places(row)) for row in own], np.intp)
        found = {id(one): np.minimum(common_lengths(one, own), before) for one in self.chains}
        best = np.max(list(found.values()), axis=0)
        return np.where(found[id(chain)] == best, best, 0)

    def _places(self, row: Row) -> list[int]:
        return [p for reading in self.readings for own in reading.places(row) for p in own]

    def _prefix(self, chain: Row, length: int, row: Row) -> Prefix | None:
        """Read the beginning of a chain, and try whether a row comes out the same from there."""
        expected = self._measured([row])
        try:
            prefix = Prefix(self.lm, chain, length)
            value = self._values([row], prefix, length)
        except Exception:  # noqa: BLE001, a model that does not know this raises what it likes
            return None
        tolerance = max(_TOLERANCE, 8 * torch.finfo(_dtype(self.lm.model)).eps)
        return (
            prefix
            if abs(value - expected).max() <= tolerance * max(1.0, abs(expected).max())
            else None
        )

    def _packed(
        self, rows: list[Row], numbers: Places, starts: Places | None = None
    ) -> tuple[Groups, float]:
        """Return which rows are read in one pass; those after a prefix only as far as needed."""
        if len(numbers) == 0:
            return [], 0.0
        behind = max(len(reading.written) for reading in self.readings)
        ends = [len(rows[i].ids) + behind for i in numbers]
        if starts is not None:
            ends = [max(self._places(rows[i])) + 1 for i in numbers]
        else:
            starts = np.zeros(len(numbers), np.intp)
        groups, cost = pack(starts, ends, self._most(), equal=self._equal)
        return [numbers[group] for group in groups], cost

    def _most(self) -> int:
        """Tokens in one pass."""
        if self._alone:
            return 1
        device = self.lm.device
        most = _TOKENS if device.type == "cpu" else _MOST_TOKENS
        free = free_bytes(device)
        budget = self.max_memory if free is None else min(self.max_memory, free // 2)
        return max(1, min(most, int(budget / self._bytes))) if self._bytes else most

    def _measured(self, rows: Sequence[Row]) -> NDArray[np.float64]:
        """Values of rows, and the memory that they took."""
        with counting_alive() as alive:
            values = self._values(rows)
        self._bytes = alive.peak / sum(len(row.ids) for row in rows)
        return values

    def _values(
        self, rows: Sequence[Row], prefix: Prefix | None = None, start: int = 0
    ) -> NDArray[np.float64]:
        values: NDArray[np.float64] = np.zeros(len(rows))
        for reading in self.readings:
            values += self._read(reading, rows, prefix, start)
        return values

    def _read(
        self, reading: Reading, rows: Sequence[Row], prefix: Prefix | None, start: int
    ) -> NDArray[np.float64]:
        """Read rows together, all of them from ``start``, where the prefix ends."""
        places = [p for row in rows for own in reading.places(row) for p in own]
        stop = None if prefix is None else max(places) + 1
        ids = [(*row.ids, *reading.written)[start:stop] for row in rows]
        segments = [
            (*row.segments, *row.segments[-1:] * len(reading.written))[start:stop] for row in rows
        ]
        lengths = torch.tensor([len(row) for row in ids])
        longest = int(lengths.max())
        output = None if reading.output is None else torch.tensor(reading.output)[None]
        inputs = self.lm.arguments(
            filled_rows(ids, longest, padding_id(self.lm)),
            segments=filled_rows(segments, longest, 0),
            mask=(torch.arange(start + longest) < start + lengths[:, None]).long(),
            output_ids=output,
        )
        length = start + longest if output is None else output.shape[1]
        inputs = self.question.economical(inputs, length - min(places))
        if prefix is not None:
            inputs = prefix.inputs(inputs, start)
        return reading.values(rows, self.lm.run(inputs), length)


def _dtype(model: Any) -> torch.dtype:
    return next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.float32)
