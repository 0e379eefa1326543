"""The strongest candidates of a model, with probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from lmwidget.errors import InputError
from lmwidget.results import Prediction

if TYPE_CHECKING:
    from lmwidget.models.reader import Reader


def strongest(lm: Reader, logits: Tensor, top: int = 10) -> list[Prediction]:
    """Return the ``top`` candidates by logit, strongest first.

    Parameters
    ----------
    lm : Reader
        Names the candidates.
    logits : Tensor, shape (candidate,)
        Raw logits, any floating type; probabilities are computed in float32.
    top : int, default 10
        How many; fewer when the model has fewer.

    Returns
    -------
    list of Prediction
        Strongest first.

    Raises
    ------
    InputError
        When ``top`` is not positive.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> len(lm.predict("The king said", top=3))
    3
    """
    if top < 1:
        raise InputError(f"top is {top}.", "Ask for at least one prediction.")
    scores = logits.detach().float()
    probabilities = scores.softmax(dim=-1)
    order = torch.topk(scores, min(top, len(scores))).indices
    return [
        Prediction(
            id=token,
            label=candidate_label(lm, token),
            probability=float(probabilities[token]),
            logit=float(scores[token]),
        )
        for token in order.tolist()
    ]


def candidate_label(lm: Reader, candidate: int) -> str:
    """Return a vocabulary token as text, its leading space kept, or the name of a class.

    Parameters
    ----------
    lm : Reader
        The model.
    candidate : int
        Index among the logits.

    Returns
    -------
    str
        Readable; bytes that are no character in hexadecimal.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> candidate_label(lm, int(lm.tokenize(" king").ids[0]))
    ' king'
    """
    if lm.labels:
        return lm.labels.get(candidate, str(candidate))
    return lm.token_text(candidate)
