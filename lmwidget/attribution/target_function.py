"""The number that is explained, as a function of the embeddings of the tokens."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from lmwidget.attribution.targets import resolve
from lmwidget.capture.gradients import EmbeddingCall, EmbeddingLeaves
from lmwidget.capture.memory import counting_saved
from lmwidget.errors import UnavailableError
from lmwidget.models.limits import check_gradients
from lmwidget.models.predictions import candidate_label, strongest
from lmwidget.models.tasks import read_logits, readout, takes
from lmwidget.results import Prediction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Self

    from lmwidget.models.language_model import LanguageModel
    from lmwidget.tokens import Tokens

_TOP = 10


class TargetFunction:
    """Raw logit of a target, or logit(target) − logit(foil), of one text in one model.

    A context manager: the model is ready for gradients inside, and as it was found afterwards.
    Entering makes one forward pass, from which the predictions come.

    Parameters
    ----------
    lm : LanguageModel
        The model.
    tokens : Tokens
        What it reads; their embeddings are the variables.
    output_tokens : Tokens, optional
        What the decoder of an encoder-decoder has written.
    target, foil : str, int, Prediction, optional
        See :func:`lmwidget.attribution.targets.resolve`.

    Attributes
    ----------
    embeddings : Tensor, shape (token, width)
        What the model looked up.
    value : float
        The number that is explained.
    target, foil : Prediction
        What was asked for; the foil may be None.
    predictions : tuple of Prediction
        The ten strongest candidates.
    place : Readout
        Where the logits are read.
    passes : int
        Passes made so far, counted by text.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> with TargetFunction(lm, lm.tokenize("the king said")) as f:
    ...     f.gradient().shape == f.embeddings.shape
    True
    """

    embeddings: Tensor
    value: float
    target: Prediction
    foil: Prediction | None
    predictions: tuple[Prediction, ...]

    def __init__(
        self,
        lm: LanguageModel,
        tokens: Tokens,
        output_tokens: Tokens | None = None,
        target: Any = None,
        foil: Any = None,
    ) -> None:
        check_gradients(lm)
        self.lm, self.tokens, self.passes = lm, tokens, 0
        self._written = output_tokens
        if lm.task == "seq2seq" and output_tokens is None:
            self._written = lm.tokenize_output()
        self.place = readout(lm, tokens if self._written is None else self._written)
        self._asked = (target, foil)
        self._ids: tuple[int, int | None] = (0, None)
        self._run = EmbeddingLeaves(lm.model)
        self._inputs: dict[str, Any] = {}
        self._first: Tensor | None = None

    def __enter__(self) -> Self:
        self._run.__enter__()
        try:
            self._inputs = self._single_inputs()
            logits = self._logits(1)
            self._ids = resolve(self.lm, *self._asked, logits[0])
            self._describe(logits[0])
            self.embeddings = self._run.leaves["input_ids"][0].detach()
            self._first = self._score(logits)
            self.value = float(self._first.detach())
        except BaseException:
            self._run.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self._first = None
        self._run.__exit__()

    @property
    def unit(self) -> str:
        """Unit of the value.

        Returns
        -------
        str
            ``"logit"`` or ``"logit difference"``.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> with TargetFunction(lm, lm.tokenize("the king")) as f:
        ...     f.unit
        'logit'
        """
        return "logit" if self._ids[1] is None else "logit difference"

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
        >>> with TargetFunction(lm, lm.tokenize("the king")) as f:
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
        >>> with TargetFunction(lm, lm.tokenize("the king")) as f:
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
            When the graph is used up, or there is none.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> with TargetFunction(lm, lm.tokenize("the king")) as f:
        ...     f.gradients([])
        []
        """
        first, self._first = self._first, None
        if first is None:
            raise UnavailableError("The graph of the first pass is used up.", "Enter it again.")
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
        >>> with TargetFunction(lm, lm.tokenize("the king")) as f:
        ...     values, _ = f.at(f.embeddings[None] * 0)
        ...     values.shape
        torch.Size([1])
        """
        self._first = None
        score = self._score(self._logits(len(points), points))
        values = score.detach()
        return values, self._run.gradient(score).float()

    def measured(self, point: Tensor) -> tuple[float, int]:
        """Return the value at other embeddings, and the memory that one pass takes.

        Parameters
        ----------
        point : Tensor, shape (token, width)
            Embeddings in place of the text's own.

        Returns
        -------
        tuple of (float, int)
            Value, and bytes that a forward pass keeps for its backward pass.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> with TargetFunction(lm, lm.tokenize("the king")) as f:
        ...     f.measured(f.embeddings)[0] == f.value
        True
        """
        self._first = None
        with counting_saved(self.lm.model) as sizes:
            score = self._score(self._logits(1, point[None]))
        return float(score.detach()), sum(sizes)

    def _single_inputs(self) -> dict[str, Any]:
        inputs = self.lm.inputs(self.tokens, self._written)
        if self.place.kind == "next token":
            # Logits of every position can be larger than the whole graph.
            for name in ("logits_to_keep", "num_logits_to_keep"):
                if takes(self.lm.model, name):
                    inputs[name] = 1
                    break
        return inputs

    def _logits(self, count: int, points: Tensor | None = None) -> Tensor:
        inputs = {
            name: value.repeat_interleave(count, 0) if isinstance(value, Tensor) else value
            for name, value in self._inputs.items()
        }
        self.passes += count
        output = self._run.forward(inputs, None if points is None else {"input_ids": points})
        # The next token is read at the end, however many positions the model kept.
        place = replace(self.place, position=-1) if self.place.kind == "next token" else self.place
        return read_logits(output, place)

    def _score(self, logits: Tensor) -> Tensor:
        target, foil = self._ids
        score = logits[:, target].float()
        return score if foil is None else score - logits[:, foil].float()

    def _describe(self, logits: Tensor) -> None:
        # A copy, or the predictions would hold on to the logits of every position.
        scores = logits.detach().float().clone()
        probabilities = scores.softmax(-1)

        def described(candidate: int) -> Prediction:
            label = candidate_label(self.lm, candidate)
            return Prediction(
                candidate, label, float(probabilities[candidate]), float(scores[candidate])
            )

        target, foil = self._ids
        self.target = described(target)
        self.foil = None if foil is None else described(foil)
        with torch.no_grad():
            self.predictions = tuple(strongest(self.lm, scores, _TOP))
