"""What was asked for and what else was likely, as predictions that can be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from lmwidget.models.predictions import log_probabilities, strongest, strongest_spans
from lmwidget.results import Prediction

if TYPE_CHECKING:
    from lmwidget.attribution.question import Question
    from lmwidget.attribution.targets import Wanted

_TOP = 10


def described(question: Question, wanted: Wanted, logits: Tensor) -> Prediction:
    """Return a candidate with its probability and logit.

    Parameters
    ----------
    question : Question
        Its place is known.
    wanted : Wanted
        The candidate.
    logits : Tensor of float32, shape (position, candidate)
        The model's answer at the question's first positions.

    Returns
    -------
    Prediction
        Of a phrase, which is not read yet, probability and logit are NaN; of an answer span the
        product of the probabilities of its ends, and the sum of their logits.

    Examples
    --------
    >>> import lmwidget as lmw, torch
    >>> from lmwidget.attribution.question import Question
    >>> from lmwidget.attribution.targets import Wanted
    >>> lm = lmw.load("tiny")
    >>> question = Question(lm, lm.tokenize("the king"))
    >>> described(question, Wanted((1,), "b"), torch.zeros(1, 4)).probability
    0.25
    """
    if question.place.kind == "span":
        logs = logits.log_softmax(-1)
        logit = sum(float(row[c]) for row, c in zip(logits, wanted.ids, strict=True))
        log = sum(float(row[c]) for row, c in zip(logs, wanted.ids, strict=True))
        return Prediction(wanted.ids[0], wanted.label, float(np.exp(log)), logit, (), wanted.span)
    chosen = wanted.ids[0]
    if len(wanted.ids) > 1:
        return Prediction(chosen, wanted.label, float("nan"), float("nan"), wanted.ids)
    probability = float(log_probabilities(question.lm, logits[0])[chosen].exp())
    return Prediction(chosen, wanted.label, probability, float(logits[0, chosen]))


def strongest_candidates(question: Question, logits: Tensor) -> tuple[Prediction, ...]:
    """Return the strongest candidates at a question's place, at most ten.

    Parameters
    ----------
    question : Question
        Its place is known.
    logits : Tensor of float32, shape (position, candidate)
        The model's answer at the question's first positions.

    Returns
    -------
    tuple of Prediction
        The strongest first; none where only one end of an answer span is read.

    Examples
    --------
    >>> import lmwidget as lmw, torch
    >>> from lmwidget.attribution.question import Question
    >>> lm = lmw.load("tiny")
    >>> question = Question(lm, lm.tokenize("the king"))
    >>> [one.id for one in strongest_candidates(question, torch.tensor([[0.0, 2.0, 1.0]]))]
    [1, 2, 0]
    """
    if question.place.kind != "span":
        return tuple(strongest(question.lm, logits[0], _TOP))
    if len(logits) < 2:
        return ()
    return tuple(strongest_spans(question.lm, question.tokens, logits, _TOP))
