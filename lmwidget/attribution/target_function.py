"""The number that is explained, as a function of the embeddings of the tokens."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from lmwidget.attribution.budget import DEFAULT_MEMORY
from lmwidget.attribution.graph_plan import economise, points_together
from lmwidget.attribution.output_rows import OutputRows
from lmwidget.attribution.question import Question, Term
from lmwidget.capture.gradients import EmbeddingCall, EmbeddingLeaves
from lmwidget.capture.memory import counting_saved
from lmwidget.errors import UnavailableError
from lmwidget.models.limits import check_gradients

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from typing_extensions import Self


class TargetFunction:
    """The number that a question asks for, of one text in one model, and its gradient.

    A context manager: the model is ready for gradients inside, and as it was found afterwards.
    Entering makes one forward pass, from which the predictions come.

    Parameters
    ----------
    question : Question
        What is explained; entering resolves it.
    max_memory : int, optional
        Bytes for the graph of one batch.
    around : context manager, optional
        Entered for the first pass over the text, not for those that plan it.

    Attributes
    ----------
    embeddings : Tensor, shape (token, width)
        What the model looked up.
    value : float
        The number that is explained.
    question : Question
        What is explained: target, foil, predictions, unit, and where it is read.
    max_memory : int
        Bytes that one batch may take.
    passes : int
        Passes made so far, counted by text.
    graph_bytes : int
        What one pass keeps for its backward pass.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> with TargetFunction(Question(lm, lm.tokenize("the king said"))) as f:
    ...     f.gradient().shape == f.embeddings.shape
    True
    """

    embeddings: Tensor
    value: float
    graph_bytes: int

    def __init__(
        self,
        question: Question,
        *,
        max_memory: int = DEFAULT_MEMORY,
        around: AbstractContextManager[Any] | None = None,
    ) -> None:
        check_gradients(question.lm)
        self._around = nullcontext() if around is None else around
        self.question, self.max_memory = question, max_memory
        self.lm, self.tokens, self.passes = question.lm, question.tokens, 0
        self._run = EmbeddingLeaves(self.lm.model)
        self._rows = OutputRows(self.lm.model)
        self._written: dict[tuple[int, ...], Tensor] = {}
        self._first: Tensor | None = None

    def __enter__(self) -> Self:
        self._run.__enter__()
        try:
            question = self.question
            inputs = question.first_inputs()
            planned = economise(self.lm.model, inputs, self._run.forward, self.max_memory)
            with self._around, counting_saved(self.lm.model) as sizes:
                output = self._run.forward(inputs)
            self.passes += 1
            self.graph_bytes = max(planned, sum(sizes))
            question.resolve(output)
            self.embeddings = self._run.leaves["input_ids"][0].detach()
            if [written for written, _ in question.reads] == [()]:
                self._first = question.score_output(question.terms, output)
                self.value = float(self._first.detach())
            else:
                self.value = self.values(self.embeddings[None]).item()
        except BaseException:
            self._run.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self._first = None
        self._run.__exit__()

    @property
    def call(self) -> EmbeddingCall:
        """How the model embeds ids.

        Returns
        -------
        EmbeddingCall
            For embeddings of other tokens.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> with TargetFunction(Question(lm, lm.tokenize("the king"))) as f:
        ...     type(f.call.module).__name__
        'Embedding'
        """
        return self._run.calls["input_ids"]

    def gradient(self) -> Tensor:
        """Return the gradient at the text itself.

        Returns
        -------
        Tensor of float32, shape (token, width)
            Change of the value per unit of each embedding dimension.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> with TargetFunction(Question(lm, lm.tokenize("the king"))) as f:
        ...     f.gradient().dtype
        torch.float32
        """
        first, self._first = self._first, None
        if first is None:
            return self.at(self.embeddings[None])[1][0]
        return self._run.gradient(first)[0].float()

    def gradients(self, places: Sequence[Any]) -> list[Tensor | None]:
        """Return the gradient with respect to anything in the graph of the first pass.

        Parameters
        ----------
        places : sequence of Tensor or GradientEdge
            Where gradients are read; the graph is used up.

        Returns
        -------
        list of (Tensor or None)
            None where the value does not depend on it.

        Raises
        ------
        UnavailableError
            When the graph is used up, or a phrase is explained, which takes several passes.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> with TargetFunction(Question(lm, lm.tokenize("the king"))) as f:
        ...     f.gradients([])
        []
        """
        first, self._first = self._first, None
        if first is None:
            raise UnavailableError(
                "There is no graph of one pass with this target.", "Explain a single token."
            )
        return self._run.gradients(first, places) if places else []

    def at(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Return value and gradient at other embeddings, in one batch.

        Parameters
        ----------
        points : Tensor, shape (point, token, width)
            Embeddings in place of the text's own.

        Returns
        -------
        tuple of Tensor
            Values, float32 (point,), and gradients, float32 (point, token, width).

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> with TargetFunction(Question(lm, lm.tokenize("the king"))) as f:
        ...     values, _ = f.at(f.embeddings[None] * 0)
        ...     values.shape
        torch.Size([1])
        """
        values = torch.zeros(len(points), device=points.device)
        gradients = torch.zeros(points.shape, device=points.device)
        for score in self.scores(points):
            values += score.detach().to(values.device)
            found = self._run.gradient(score).float().to(gradients.device)
            gradients += found[:, : points.shape[1]]
        return values, gradients

    def values(self, points: Tensor) -> Tensor:
        """Return the value at other embeddings, in one batch, without gradients.

        Parameters
        ----------
        points : Tensor, shape (point, token, width)
            Embeddings in place of the text's own.

        Returns
        -------
        Tensor of float32, shape (point,)
            Values.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> with TargetFunction(Question(lm, lm.tokenize("the king"))) as f:
        ...     f.values(f.embeddings[None]).shape
        torch.Size([1])
        """
        with torch.no_grad():
            return torch.stack([score.to(points.device) for score in self.scores(points)]).sum(0)

    def scores(self, points: Tensor) -> Iterator[Tensor]:
        """Yield the parts of the value at other embeddings, each after a pass of its own.

        Parameters
        ----------
        points : Tensor, shape (point, token, width)
            Embeddings in place of the text's own.

        Yields
        ------
        Tensor of float32, shape (point,)
            In the graph of its pass; one for each text that must be read, such as those of a
            phrase. They sum to the value.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> with TargetFunction(Question(lm, lm.tokenize("the king"))) as f:
        ...     len(list(f.scores(f.embeddings[None])))
        1
        """
        self._first = None
        for written, terms in self.question.reads:
            yield self._score(written, terms, points)

    def points_together(self, besides: int = 0) -> int:
        """Return how many points :meth:`at` should be given at once.

        Parameters
        ----------
        besides : int, default 0
            Bytes of the budget that are taken.

        Returns
        -------
        int
            As many as fit in ``max_memory`` and make it faster.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> with TargetFunction(Question(lm, lm.tokenize("the king"))) as f:
        ...     f.points_together() >= 1
        True
        """
        longest = len(self.embeddings) + max(len(ids) for ids, _ in self.question.reads)
        left = self.max_memory - besides
        return points_together(longest, self.graph_bytes, left, self.embeddings.device)

    def _score(self, written: tuple[int, ...], terms: list[Term], points: Tensor) -> Tensor:
        question, count = self.question, len(points)
        inputs = {
            name: value.repeat_interleave(count, 0) if isinstance(value, Tensor) else value
            for name, value in question.inputs(written, question.kept(terms)).items()
        }
        self.passes += count
        if written and question.output_tokens is None:
            behind = self._embedded(written).expand(count, -1, -1).to(points.device, points.dtype)
            points = torch.cat([points, behind], dim=1)
        if question.place.kind == "masked token":
            places = sorted({p for term in terms for p in term.positions})
            output = self._rows.only(places, lambda: self._forward(inputs, points))
            if output is not None:
                terms = [_moved(term, places) for term in terms]
                return question.score_output(terms, output)
        return question.score_output(terms, self._forward(inputs, points))

    def _forward(self, inputs: dict[str, Any], points: Tensor) -> Any:
        return self._run.forward(inputs, {"input_ids": points})

    def _embedded(self, written: tuple[int, ...]) -> Tensor:
        """Return the model's own embeddings of what stands behind the text."""
        if written not in self._written:
            ids = torch.tensor([[*self.tokens.ids.tolist(), *written]], device=self.lm.device)
            self._written[written] = self.call.embed(ids)[:, len(self.tokens) :]
        return self._written[written]


def _moved(term: Term, places: list[int]) -> Term:
    """Read a term where the logits of some places only are there."""
    return replace(term, positions=tuple(places.index(p) for p in term.positions))
