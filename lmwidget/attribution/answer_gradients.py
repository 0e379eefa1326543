"""Gradients of every token of an answer from one forward pass over all of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lmwidget.attribution.answer_rows import Row
from lmwidget.attribution.answer_text import Written
from lmwidget.attribution.method import Method, Watch
from lmwidget.capture.gradients import EmbeddingLeaves
from lmwidget.capture.memory import counting_saved
from lmwidget.errors import UnavailableError
from lmwidget.models.batches import turned_by_length
from lmwidget.models.limits import check_gradients
from lmwidget.models.tasks import logit_table

_POSITIONS = 256  # rows × tokens in one backward pass on a CPU: more would not fit its caches
_WORKING = 8  # tensors as large as the largest of the graph that a backward pass holds at once


@dataclass(frozen=True)
class _Side:
    """What a method sees of one row: some embeddings and their gradient."""

    embeddings: Tensor
    slope: Tensor

    @property
    def tokens(self) -> Tensor:
        return self.embeddings

    def gradient(self) -> Tensor:
        return self.slope


class _NotPossible(Exception):  # noqa: N818
    """The rows cannot be had together."""


def one_pass(
    method: Method, written: Written, watch: Watch, max_memory: int, settings: dict[str, Any]
) -> list[Row] | None:
    """Return rows of a method that looks only at embeddings and gradient of the text itself.

    Everything that is read for the last row is read once. From there the numbers of all rows go
    back together to the output head's input, where each depends on a position of its own, and from
    there to the embeddings, several rows in one batch. No parameter gets a gradient.

    Parameters
    ----------
    method : Method
        With ``one_pass``.
    written : Written
        Input and answer.
    watch : Watch
        When stopped, finished rows are returned.
    max_memory : int
        Bytes for graph and batch.
    settings : dict
        Of the method.

    Returns
    -------
    list of Row, or None
        None when the rows cannot be had together: a model that is not causal, that reads a beginning
        otherwise in a longer text, that gives the logits
        of the last token only, or whose graph serves once; a foil of several tokens.

    Raises
    ------
    ModelMismatchError
        When the model has no gradients.
    UnavailableError
        When no gradient reaches the embeddings.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> from lmwidget.attribution import METHODS
    >>> from lmwidget.attribution.answer_text import read_answer
    >>> written = read_answer(lmw.load("tiny"), "The king", " said And")
    >>> rows = one_pass(METHODS["gradient"], written, Watch(), 1 << 20, {})
    >>> [(row.found.scores > 0).tolist() for row in rows]
    [[True, True, False, False], [True, True, True, False]]
    """
    check_gradients(written.lm)
    if turned_by_length(written.lm):
        return None
    watch.report(0, len(written))
    rows: list[Row] = []
    try:
        with EmbeddingLeaves(written.lm.model) as run, _cheap_activations(written.lm.model):
            graph = _Graph(written, run, max_memory)
            for first, gradients in graph.batches():
                for number, gradient in enumerate(zip(*gradients, strict=True), first):
                    rows.append(graph.row(number, gradient, method, settings))
                watch.report(len(rows), len(written))
                if watch.stopped:
                    break
    except _NotPossible:
        return None
    return rows


class _Graph:
    """One forward pass over input and answer, and where each row is read in it."""

    def __init__(self, written: Written, run: EmbeddingLeaves, max_memory: int) -> None:
        self.written, self.run = written, run
        self.behind = [written.rows[-1] - row for row in written.rows]  # positions after the row's
        last = written.question(len(written) - 1)
        head = _Head(written.lm.model)
        with head, counting_saved(written.lm.model) as sizes:
            output = run.forward(last.inputs(keep=self.behind[0] + 1))
        table = logit_table(output, "next token")
        if table.shape[1] <= self.behind[0]:
            raise _NotPossible
        self.questions, self.scores = [], []
        for number, behind in enumerate(self.behind):
            place = table.shape[1] - 1 - behind
            here = SimpleNamespace(logits=table[:, place : place + 1])
            question = written.question(number)
            question.resolve(here)
            if [ids for ids, _ in question.reads] != [()]:
                raise _NotPossible
            self.questions.append(question)
            self.scores.append(question.score_output(question.terms, here))
        self.values = torch.stack([score.detach() for score in self.scores]).flatten().tolist()
        self.leaves = [run.leaves[name] for name in ("input_ids", "decoder_input_ids") if name in run.leaves]  # fmt: skip
        self.hidden = head.input(self.behind[0] + 1)
        self.size = self._batch_size(sizes, max_memory)

    def batches(self) -> Iterator[tuple[int, list[Tensor]]]:
        """Yield the first row of each batch, and gradients (row, token, width) of each side."""
        try:
            slopes = None
            if self.hidden is not None:
                total = torch.stack(self.scores).sum()
                (slopes,) = torch.autograd.grad(total, self.hidden)
            for first in range(0, len(self.written), self.size):
                rows = range(first, min(first + self.size, len(self.written)))
                yield first, self._backward(rows, slopes)
        except RuntimeError as error:  # a graph that serves once, an operation without a batch rule
            if "requires_grad" in str(error) or "does not require grad" in str(error):
                raise self._cut_off() from error
            raise _NotPossible from error

    def _backward(self, rows: range, slopes: Tensor | None) -> list[Tensor]:
        """Return gradients of some rows with respect to each side's embeddings."""
        if slopes is None or self.hidden is None:
            (row,) = rows
            found = torch.autograd.grad(self.scores[row].sum(), self.leaves, retain_graph=True, allow_unused=True)  # fmt: skip
        else:
            starts = torch.zeros(len(rows), *slopes.shape, dtype=slopes.dtype, device=slopes.device)
            for i, row in enumerate(rows):
                place = slopes.shape[1] - 1 - self.behind[row]
                starts[i, 0, place] = slopes[0, place]
            found = torch.autograd.grad(
                self.hidden,
                self.leaves,
                starts if len(rows) > 1 else starts[0],
                is_grads_batched=len(rows) > 1,
                retain_graph=True,
                allow_unused=True,
            )
        shapes = [(len(rows), *leaf.shape[1:]) for leaf in self.leaves]
        return [
            torch.zeros(shape) if gradient is None else gradient.float().reshape(shape)
            for gradient, shape in zip(found, shapes, strict=True)
        ]

    def row(
        self, number: int, gradient: tuple[Tensor, ...], method: Method, settings: dict[str, Any]
    ) -> Row:  # fmt: skip
        """Return what a method makes of the gradients of one row."""
        written = self.written
        columns = np.zeros(len(written.tokens), np.float32)
        place, seen = 0, written.seen(number)
        found = None
        for leaf, slope in zip(self.leaves, gradient, strict=True):
            count = min(leaf.shape[1], seen - place)
            if bool((slope[count:].abs() > 0).any()):
                raise _NotPossible  # not causal: what is written later counts, too
            side = _Side(leaf[0, :count].detach(), slope[:count])
            found = method.function(side, Watch(), **settings)
            columns[place : place + count] = found.scores
            place += count
        assert found is not None
        found = replace(found, scores=columns, passes=int(number == 0), value=self.values[number])
        return Row(number, self.questions[number], found)

    def _batch_size(self, sizes: list[int], max_memory: int) -> int:
        if self.hidden is None:
            return 1
        positions = sum(leaf.shape[1] for leaf in self.leaves)
        fits = (max_memory - sum(sizes)) // max(_WORKING * max(sizes, default=1), 1)
        most = _POSITIONS // positions if self.hidden.device.type == "cpu" else fits
        return int(np.clip(min(most, fits), 1, len(self.written)))

    def _cut_off(self) -> UnavailableError:
        return UnavailableError(
            f"No gradient reaches the embeddings of {self.written.lm.name}: its forward pass is "
            "cut off from them.",
            "Check that it does not run under torch.no_grad(), or use a method without gradients, "
            "such as 'leave_one_out'.",
        )


class _Head:
    """Catches what is given to a model's output head, which looks at every position by itself."""

    def __init__(self, model: nn.Module) -> None:
        getter: Any = getattr(model, "get_output_embeddings", None)
        head = getter() if getter is not None else None
        self._module = head if isinstance(head, nn.Linear) else None
        self._given: list[Any] = []
        self._hook: Any = None

    def __enter__(self) -> None:
        if self._module is not None:
            self._hook = self._module.register_forward_pre_hook(self._keep)

    def __exit__(self, *exception: object) -> None:
        if self._hook is not None:
            self._hook.remove()

    def input(self, count: int) -> Tensor | None:
        """Return it, if it was given once, for one text of at least so many positions."""
        if len(self._given) != 1:
            return None
        (given,) = self._given
        fits = isinstance(given, Tensor) and given.dim() == 3 and len(given) == 1
        return given if fits and given.shape[1] >= count and given.requires_grad else None

    def _keep(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        del module
        self._given.append(args[0] if args else None)


class _Elementwise(torch.autograd.Function):
    """A function of each number by itself, whose derivative is known."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, derivative: Tensor) -> Tensor:
        """Return what was computed before."""
        del x
        ctx.save_for_backward(derivative)
        return y.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        """Return the gradient before the function."""
        (derivative,) = ctx.saved_tensors
        return gradient * derivative, None, None


@contextmanager
def _cheap_activations(model: nn.Module) -> Iterator[None]:
    """Compute the derivative of transformers' activations once for all rows.

    GELU as GPT-2 has it is nine operations: a third of the backward pass when they are repeated.
    """

    def replace_graph(module: nn.Module, args: tuple[Any, ...], output: Any) -> Any:
        del module
        x = args[0] if len(args) == 1 else None
        if not isinstance(x, Tensor) or not isinstance(output, Tensor) or not output.requires_grad:
            return None
        if x.shape != output.shape or not x.requires_grad:
            return None
        (derivative,) = torch.autograd.grad(output, x, torch.ones_like(output))
        return _Elementwise.apply(x, output.detach(), derivative)

    hooks = [
        module.register_forward_hook(replace_graph)
        for module in model.modules()
        if type(module).__module__ == "transformers.activations" and not any(module.parameters())
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
