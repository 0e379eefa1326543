"""Other texts in place of one: the number that is explained, and what is predicted then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lmwidget.attribution.budget import DEFAULT_MEMORY
from lmwidget.attribution.evaluator import Evaluator
from lmwidget.attribution.method import Watch
from lmwidget.attribution.question import Question
from lmwidget.attribution.rows import Reading, Row
from lmwidget.models.predictions import NO_ANSWER, candidate_label, strongest_spans

if TYPE_CHECKING:
    from lmwidget.capture.gradients import EmbeddingLeaves

Answer = tuple[int, ...]
"What is predicted: a candidate at each place; of models where several classes hold, all of them."


@dataclass(frozen=True)
class Asked:
    """What a model made of some texts.

    Attributes
    ----------
    values : ndarray of float64, shape (text,)
        The number that is explained; NaN for what was not reached.
    answers : tuple of (tuple of int, or None)
        What is predicted for each; None for what was not reached.
    ranks : ndarray of int, shape (text,)
        How many candidates are stronger than the target, at the worst of its places; -1 for what
        was not reached, or has no target.
    """

    values: NDArray[np.float64]
    answers: tuple[Answer | None, ...]
    ranks: NDArray[np.intp]


class Variants:
    """Asks one question of many texts.

    Parameters
    ----------
    question : Question
        Resolved.
    max_memory : int, optional
        Bytes for one batch.

    Attributes
    ----------
    whole : Row
        The text as it is.
    passes : int
        Texts that were read.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> question = Question(lm, lm.tokenize("The king said"))
    >>> question.resolve(lm.run(question.inputs()))
    >>> variants = Variants(question)
    >>> asked = variants.ask([variants.whole])
    >>> asked.answers[0] == (question.target.id,), asked.ranks.tolist()
    (True, [0])
    """

    def __init__(self, question: Question, max_memory: int = DEFAULT_MEMORY) -> None:
        self.question, self.passes = question, 0
        tokens = question.tokens
        self._segments = tuple(tokens.segments.tolist())
        self._upto: NDArray[np.intp] = np.arange(len(tokens) + 1)
        self.whole = self.replaced(tokens.ids)
        self._readings = [_Listening(question, *read) for read in question.reads]
        self._evaluator = Evaluator(question, self._readings, [self.whole], max_memory)

    def replaced(self, ids: Sequence[int] | NDArray[np.int64]) -> Row:
        """Return a text with other tokens at the same places.

        Parameters
        ----------
        ids : sequence of int
            As many as the text has.

        Returns
        -------
        Row
            For :meth:`ask`.
        """
        return Row(tuple(int(one) for one in ids), self._segments, self._upto)

    def ask(
        self, rows: Sequence[Row], watch: Watch | None = None, *, before: int = 0, total: int = 0
    ) -> Asked:
        """Return what the model makes of some texts; equal ones are read once.

        Parameters
        ----------
        rows : sequence of Row
            The texts.
        watch : Watch, optional
            Told after every batch, asked before every batch.
        before, total : int
            Texts asked before and in all, for the progress.

        Returns
        -------
        Asked
            In the order of the rows.
        """
        watch = watch or Watch()
        places: dict[Any, list[int]] = {}
        for i, row in enumerate(rows):
            same_as = tuple(reading.key(row) for reading in self._readings)
            places.setdefault(same_as, []).append(i)
        same = list(places.values())
        distinct = [rows[one[0]] for one in same]
        values = np.full(len(rows), np.nan)
        done = 0

        def found(numbers: NDArray[np.intp], fresh: NDArray[np.float64]) -> bool:
            nonlocal done
            for number, value in zip(numbers.tolist(), fresh.tolist(), strict=True):
                values[same[number]] = value
                done += len(same[number])
            if len(numbers):
                watch.report(before + done, max(total, before + len(rows)))
            return not watch.stopped

        if rows and not watch.stopped:
            self.passes += len(distinct)
            if not before:
                watch.report(0, max(total, len(rows)))
            self._evaluator.run(distinct, found)
        return self._collected(rows, places, values)

    def _collected(
        self, rows: Sequence[Row], places: dict[Any, list[int]], values: NDArray[np.float64]
    ) -> Asked:
        answers: list[Answer | None] = [None] * len(rows)
        ranks: NDArray[np.intp] = np.full(len(rows), -1)
        for same in places.values():
            row = rows[same[0]]
            heard = [reading.heard.get(reading.key(row)) for reading in self._readings]
            if np.isnan(values[same[0]]) or heard[0] is None:
                continue
            for i in same:
                answers[i] = heard[0][0]
                ranks[i] = max(one[1] for one in heard if one is not None)
        for reading in self._readings:
            reading.heard.clear()
        return Asked(values, tuple(answers), ranks)

    def at(self, run: EmbeddingLeaves, points: Tensor) -> Asked:
        """Return what the model makes of other embeddings of the text, in one batch.

        Parameters
        ----------
        run : EmbeddingLeaves
            Entered.
        points : Tensor, shape (point, token, width)
            Embeddings in place of the text's own.

        Returns
        -------
        Asked
            In the order of the points.
        """
        count, rows = len(points), [self.replaced(self.whole.ids) for _ in points]
        values: NDArray[np.float64] = np.zeros(count)
        heard = []
        with torch.no_grad():
            for reading in self._readings:
                output, length = self._run(run, reading, points)
                values += reading.score(reading.logits(rows, output, length))
                heard.append(reading.latest)
                reading.heard.clear()
        self.passes += count
        ranks = np.max([[rank for _, rank in own] for own in heard], axis=0)
        return Asked(values, tuple(one[0] for one in heard[0]), ranks)

    def _run(self, run: EmbeddingLeaves, reading: Reading, points: Tensor) -> tuple[Any, int]:
        written = (
            reading.written or (reading.output or ())[len(self.question.output_tokens or ()) :]
        )
        inputs = self.question.inputs(written, self.question.kept(reading.terms))
        inputs = {
            name: value.repeat_interleave(len(points), 0) if isinstance(value, Tensor) else value
            for name, value in inputs.items()
        }
        length = inputs["input_ids"].shape[1] if reading.output is None else len(reading.output)
        if reading.written:
            own = run.calls["input_ids"].embed(inputs["input_ids"][:1])[:, len(self.whole.ids) :]
            own = own.expand(len(points), -1, -1)
            points = torch.cat([points, own.to(points.device, points.dtype)], dim=1)
        return run.forward(inputs, {"input_ids": points}), length

    def label(self, answer: Answer) -> str:
        """Return what is predicted in words.

        Parameters
        ----------
        answer : tuple of int
            One of :attr:`Asked.answers`.

        Returns
        -------
        str
            A token, class or part of the text; several classes with ``" + "`` between them.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> question = Question(lm, lm.tokenize("The king of the king of the"))
        >>> question.resolve(lm.run(question.inputs()))
        >>> Variants(question).label((question.target.id,))
        ' king'
        """
        question = self.question
        if question.place.kind == "span":
            tokens = question.tokens
            if answer[0] < 0 or tokens.kinds[answer[0]] == "special":
                return NO_ANSWER
            start, end = tokens.spans[answer[0], 0], tokens.spans[answer[-1], 1]
            return tokens.text[start:end].strip() or tokens.labels[answer[0]]
        joint = " + " if question.place.kind == "class" else ""
        return joint.join(candidate_label(question.lm, one) for one in answer) or "(none)"


class _Listening(Reading):
    """A reading that also keeps what is predicted."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.heard: dict[Any, tuple[Answer, int]] = {}
        self.latest: list[tuple[Answer, int]] = []

    def key(self, row: Row) -> Any:
        """Return what rows have in common of which the same is heard."""
        moved = row.upto.tobytes() if self.kind == "span" else str(self.places(row))
        return row.ids, row.segments, moved

    def logits(self, rows: Sequence[Row], output: Any, length: int) -> list[Tensor]:
        """Return the logits of each row, and keep its answer and the target's rank."""
        found = super().logits(rows, output, length)
        self.latest = list(zip(self._answers(found[0]), self._ranks(found[0]), strict=True))
        self.heard |= dict(zip(map(self.key, rows), self.latest, strict=True))
        return found

    def score(self, logits: list[Tensor]) -> NDArray[np.float64]:
        """Return the value of each row."""
        return self.question.score(self.terms, logits).double().cpu().numpy()

    def _answers(self, logits: Tensor) -> list[Answer]:
        if self.kind == "class" and self.question.lm.multi_label:
            return [tuple(torch.nonzero(row[0] > 0)[:, 0].tolist()) for row in logits]
        if self.kind == "span" and logits.shape[1] == 2:
            return [self._span(row) for row in logits]
        # Behind a phrase everything hangs on its first token.
        logits = logits[:, :1] if self.kind == "next token" else logits
        return [tuple(row) for row in logits.argmax(-1).tolist()]

    def _span(self, logits: Tensor) -> Answer:
        question = self.question
        found = strongest_spans(question.lm, question.tokens, logits, 1)
        return (found[0].span or (-1, -1)) if found else (-1, -1)

    def _ranks(self, logits: Tensor) -> list[int]:
        term = self.terms[0]
        if term.candidates is None:
            return [-1] * len(logits)
        chosen = torch.tensor(term.candidates, device=logits.device)
        own = logits[:, torch.arange(len(chosen), device=logits.device), chosen]
        ranks: list[int] = (logits > own[..., None]).sum(-1).amax(-1).tolist()
        return ranks
