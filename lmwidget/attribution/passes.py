"""Passes of a model over several changed texts: what they read, and how much fits in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lmwidget.attribution.packing import Groups, pack
from lmwidget.capture.memory import counting_alive, free_bytes
from lmwidget.models.batches import filled_rows, fills_up, one_by_one, padding_id
from lmwidget.models.tasks import logit_table

if TYPE_CHECKING:
    from lmwidget.attribution.answer_values import RowValues
    from lmwidget.attribution.prefixes import After
    from lmwidget.attribution.question import Question
    from lmwidget.attribution.rows import Reading, Row

_TOKENS = 512  # in one pass on a processor, where larger ones only cost memory
_WIDE = 2048  # where many rows go on from several beginnings: fewer passes fetch the weights
_MOST_TOKENS = 1 << 14  # in one pass elsewhere


class Passes:
    """Runs a model over rows, and adds up what is read from each.

    Parameters
    ----------
    question : Question
        Resolved.
    readings : sequence of Reading
        What is read; one pass each.
    max_memory : int
        Bytes for one pass; of what is free, at most half is taken.
    answer : RowValues, optional
        Told what passes say about other tokens of an answer.

    Attributes
    ----------
    bytes : float
        What a token takes in a pass; 0 until it is measured.
    wide : bool
        Whether passes may be larger on a processor.

    Examples
    --------
    >>> import lmwidget as lmw, numpy as np
    >>> from lmwidget.attribution.question import Question
    >>> from lmwidget.attribution.rows import Reading, Removal
    >>> lm = lmw.load("tiny")
    >>> question = Question(lm, lm.tokenize("The king said"))
    >>> question.resolve(lm.run(question.inputs()))
    >>> row = Removal(lm, question.tokens, None).row(np.array([True, False, True]))
    >>> passes = Passes(question, [Reading(question, *read) for read in question.reads], 1 << 30)
    >>> passes.values([row, row]).shape
    (2,)
    """

    def __init__(
        self,
        question: Question,
        readings: Sequence[Reading],
        max_memory: int,
        answer: RowValues | None = None,
    ) -> None:
        self.question, self.lm, self.readings = question, question.lm, readings
        self.answer, self.wide = answer, False
        self.max_memory, self.bytes = max_memory, 0.0
        self._equal, self._alone = not fills_up(self.lm), one_by_one(self.lm)

    def places(self, row: Row) -> list[int]:
        """Return all places of a row at which something is read.

        Parameters
        ----------
        row : Row
            Any.

        Returns
        -------
        list of int
            As :meth:`lmwidget.attribution.rows.Reading.places` counts them.
        """
        more = [] if self.answer is None else self.answer.places(row)
        return more + [p for reading in self.readings for own in reading.places(row) for p in own]

    def most(self) -> int:
        """Return how many tokens may be in one pass.

        Returns
        -------
        int
            At least 1; a pass over a single row is made anyhow.
        """
        if self._alone:
            return 1
        most = _WIDE if self.wide else _TOKENS
        most = most if self.lm.device.type == "cpu" else _MOST_TOKENS
        free = free_bytes(self.lm.device)
        budget = self.max_memory if free is None else min(self.max_memory, free // 2)
        return max(1, min(most, int(budget / self.bytes))) if self.bytes else most

    def packed(
        self, rows: Sequence[Row], numbers: NDArray[np.intp], starts: Any = None
    ) -> tuple[Groups, float]:
        """Return which rows to read in one pass.

        Parameters
        ----------
        rows : sequence of Row
            Of which some are to be read.
        numbers : ndarray of int
            Which.
        starts : array-like of int, optional
            From where each has to be read, of a model that goes on from beginnings; it is then read
            no further than needed.

        Returns
        -------
        tuple of (list of ndarray of int, float)
            Numbers of the rows of each pass, and the cost in tokens.
        """
        if len(numbers) == 0:
            return [], 0.0
        behind = max(len(reading.written) for reading in self.readings)
        if starts is None:
            starts = np.zeros(len(numbers), np.intp)
            ends = [len(rows[i].ids) + behind for i in numbers]
        else:
            ends = [max(self.places(rows[i])) + 1 for i in numbers]
        groups, cost = pack(starts, ends, self.most(), equal=self._equal)
        return [numbers[group] for group in groups], cost

    def measured(self, rows: Sequence[Row], *, first: int | None = None) -> list[list[Tensor]]:
        """Return :meth:`logits` of a row, and keep in mind how much memory it took.

        Parameters
        ----------
        rows : sequence of Row
            One, as long as any.
        first : int, optional
            As for :meth:`logits`.

        Returns
        -------
        list of list of Tensor
            As :meth:`logits`.
        """
        with counting_alive() as alive:
            found = self.logits(rows, first=first)
        self.bytes = max(self.bytes, alive.peak / len(rows[0].ids))
        return found

    def values(self, rows: Sequence[Row], after: After | None = None) -> NDArray[np.float64]:
        """Return the values of rows that are read together.

        Parameters
        ----------
        rows : sequence of Row
            Filled up to the longest.
        after : After, optional
            What they go on from.

        Returns
        -------
        ndarray of float64, shape (row,)
            Values.
        """
        return self.scored(self.logits(rows, after))

    def scored(self, logits: Sequence[Sequence[Tensor]]) -> NDArray[np.float64]:
        """Return the values of rows from :meth:`logits`.

        Parameters
        ----------
        logits : sequence of sequence of Tensor
            Of every reading, one a term; what stands behind is left out.

        Returns
        -------
        ndarray of float64, shape (row,)
            Values.
        """
        pairs = [(one.terms, own[: len(one.terms)]) for one, own in zip(self.readings, logits, strict=True)]  # fmt: skip
        found = torch.stack([self.question.score(*pair).double() for pair in pairs])
        values: NDArray[np.float64] = found.sum(0).cpu().numpy()
        return values

    def logits(
        self, rows: Sequence[Row], after: After | None = None, *, first: int | None = None
    ) -> list[list[Tensor]]:
        """Return what the values of rows are made from.

        Parameters
        ----------
        rows, after
            As for :meth:`values`.
        first : int, optional
            Place from which on all logits are wanted, to see whether they are the same behind a
            beginning. From such a trial nothing is learned about an answer.

        Returns
        -------
        list of list of Tensor, shape (row, position, candidate)
            For each reading, one a term; with ``first``, all from there on behind them.
        """
        tried = after is not None and first is not None
        answer, self.answer = self.answer, None if tried else self.answer
        try:
            return [self._read(reading, rows, after, first) for reading in self.readings]
        finally:
            self.answer = answer

    def _read(
        self, reading: Reading, rows: Sequence[Row], after: After | None, first: int | None
    ) -> list[Tensor]:
        places = [p for row in rows for own in reading.places(row) for p in own]
        places += [] if first is None else [first]
        if self.answer is not None:
            places += [p for row in rows for p in self.answer.places(row)]
        start = 0 if after is None else after.start
        stop = None if after is None else max(places) + 1
        more = len(reading.written)
        ids = [(*row.ids, *reading.written)[start:stop] for row in rows]
        segments = [(*row.segments, *row.segments[-1:] * more)[start:stop] for row in rows]
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
        if after is None:
            found = self.lm.run(inputs)
        else:
            inputs = after.prefixes.inputs(inputs, start, after.which)
            found = after.prefixes.run(inputs, length - min(places))
        if self.answer is not None:
            self.answer.hear(rows, found, length)
        logits = reading.logits(rows, found, length)
        return logits if first is None else [*logits, logit_table(found, "next token")[:, first - length :]]  # fmt: skip
