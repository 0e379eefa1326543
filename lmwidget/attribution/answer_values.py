"""Values of all tokens of an answer from the same passes: each is read in the texts of later ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lmwidget.attribution.answer_text import Written
from lmwidget.attribution.question import Question
from lmwidget.attribution.rounding import same_numbers
from lmwidget.attribution.rows import Row
from lmwidget.models.batches import turned_by_length
from lmwidget.models.tasks import logit_table

Key = tuple[int, bytes]


class AnswerValues:
    """What each token of an answer is worth in changed texts, as far as it is known.

    A model that does not look ahead answers for every token of an answer in one pass over all of
    it. Whether it looks ahead is tried with the text as it is; models that read the beginning of a
    long text otherwise are known by their configuration.

    Parameters
    ----------
    written : Written
        Input and answer.

    Attributes
    ----------
    questions : list of Question
        One a row, resolved.
    shared : bool
        Whether one pass answers for several rows.
    passes : int
        Made to resolve the questions.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> from lmwidget.attribution.answer_text import read_answer
    >>> AnswerValues(read_answer(lmw.load("tiny"), "The king", " said And")).shared
    True
    """

    def __init__(self, written: Written) -> None:
        self.written = written
        self.found: dict[Key, float] = {}
        self.passes = 0
        self.questions, self.shared = self._together(), True
        if not self.questions:
            self.questions, self.shared = [self._alone(n) for n in range(len(written))], False

    def _alone(self, number: int) -> Question:
        question = self.written.question(number)
        question.resolve(self._run(question, 1))
        return question

    def _run(self, question: Question, keep: int) -> Any:
        self.passes += 1
        return question.lm.run(question.inputs(keep=keep))

    def _together(self) -> list[Question]:
        """Resolve all questions by one pass; none where it does not give what they give alone."""
        written, questions = self.written, []
        count, behind = len(written), written.rows[-1] - written.rows[0]
        if count == 1 or turned_by_length(written.lm):
            return []
        last = written.question(count - 1)
        table = logit_table(self._run(last, behind + 1), "next token")
        if table.shape[1] <= behind:
            return []
        tried = {0, count // 2} - {count - 1}
        for number, row in enumerate(written.rows):
            place = table.shape[1] - 1 - (written.rows[-1] - row)
            logits = table[:, place : place + 1]
            if number in tried:
                alone = self._run(written.question(number), 1)
                alone = logit_table(alone, "next token")[:, -1:]
                if not same_numbers(last.lm.model, logits, alone):
                    return []
            questions.append(written.question(number))
            questions[-1].resolve(SimpleNamespace(logits=logits))
        return questions

    def of(self, number: int) -> RowValues | None:
        """Return what a row may know of, and find out for, the rows before it.

        Parameters
        ----------
        number : int
            A row.

        Returns
        -------
        RowValues or None
            None where it is read by itself.
        """
        return RowValues(self, number) if self.shared and self.plain(number) else None

    def plain(self, number: int) -> bool:
        """Return whether a row is read in the text itself, with nothing written behind it."""
        return [ids for ids, _ in self.questions[number].reads] == [()]


@dataclass(frozen=True)
class RowValues:
    """The part of one row in :class:`AnswerValues`.

    Attributes
    ----------
    all : AnswerValues
        Of every row.
    number : int
        This row.

    Examples
    --------
    >>> import lmwidget as lmw, numpy as np
    >>> from lmwidget.attribution.answer_text import read_answer
    >>> written = read_answer(lmw.load("tiny"), "The king", " said And")
    >>> row = Row((5, 6), (0, 0), np.arange(3))
    >>> RowValues(AnswerValues(written), 1).known(row) is None
    True
    """

    all: AnswerValues
    number: int

    def known(self, row: Row) -> float | None:
        """Return the value of this row's text with something taken away, if it was found before.

        Parameters
        ----------
        row : Row
            What is read.

        Returns
        -------
        float or None
            The value.
        """
        return self.all.found.get(_key(self.number, row, len(row.ids)))

    def places(self, row: Row) -> list[int]:
        """Return where in this row's text something new is found out for rows before it.

        Parameters
        ----------
        row : Row
            What is read.

        Returns
        -------
        list of int
            Places of the row, or of what a decoder reads.
        """
        return [place for _, place, _ in self._new(row)]

    def hear(self, rows: Sequence[Row], output: Any, length: int) -> None:
        """Keep what a pass says about rows before this one.

        Parameters
        ----------
        rows : sequence of Row
            What was read together.
        output : transformers.utils.ModelOutput
            What came out.
        length : int
            Places of the longest row, when all of them had come out.
        """
        table = logit_table(output, "next token")
        lacking = length - table.shape[1]
        wanted: dict[int, list[tuple[int, int, Key]]] = {}
        for i, row in enumerate(rows):
            for number, place, key in self._new(row):
                wanted.setdefault(number, []).append((i, place - lacking, key))
        for number, found in wanted.items():
            which, places, keys = zip(*found, strict=True)
            values = self._values(number, table[list(which), list(places)][:, None])
            self.all.found.update(zip(keys, values.tolist(), strict=True))

    def _values(self, number: int, logits: Tensor) -> NDArray[np.float64]:
        question = self.all.questions[number]
        with torch.no_grad():
            score = question.score(question.terms, [logits] * len(question.terms))
        return score.double().cpu().numpy()

    def _new(self, row: Row) -> list[tuple[int, int, Key]]:
        """Rows before this one that are not known in such a text: number, place, key."""
        decodes = self.all.questions[0].output_tokens is not None
        found = []
        for number in range(self.number):
            seen = self.all.written.seen(number)
            if decodes:
                place, length = seen - self.all.written.input_length - 1, len(row.ids)
            elif row.upto[seen] == 0:  # read nowhere: alone, it would have something in front
                continue
            else:
                place = row.place(seen - 1)
                length = place + 1
            key = _key(number, row, length)
            if key not in self.all.found and self.all.plain(number):
                found.append((number, place, key))
        return found


def _key(number: int, row: Row, length: int) -> Key:
    """Return a row's number and a digest of what it reads: the texts would take too much room."""
    read = np.array([row.ids[:length], row.segments[:length]], np.int64)
    return number, blake2b(read.tobytes(), digest_size=16).digest()
