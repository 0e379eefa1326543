"""The strongest candidates of a model, with probabilities: tokens, classes, parts of the text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from lmwidget.errors import InputError
from lmwidget.models.tasks import Readout, logit_table, read_logits, readout
from lmwidget.results import Prediction
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    from lmwidget.models.reader import Reader

_LONGEST = 30  # tokens of an answer
NO_ANSWER = "(no answer)"


def answers(
    lm: Reader, tokens: Tokens, written: Tokens | None, position: int | None, top: int
) -> tuple[list[Prediction], str]:
    """Return the strongest answers of a model to a text, of whatever kind it gives.

    Parameters
    ----------
    lm : Reader
        The model.
    tokens : Tokens
        What it reads.
    written : Tokens or None
        What the decoder of an encoder-decoder has written.
    position : int or None
        Token to read at; None: as :func:`lmwidget.models.tasks.readout` and
        :func:`labelled_token` choose.
    top : int
        How many.

    Returns
    -------
    tuple of (list of Prediction, str)
        Strongest first; and what a reader should know of the place where they were read, or "".

    Raises
    ------
    InputError
        When there is no such position, no mask to fill, or no context of a question.
    ModelMismatchError
        When the model predicts nothing of this kind.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> found, note = answers(lm, lm.tokenize("The king of the king of the"), None, None, 1)
    >>> found[0].label
    ' king'
    """
    place = readout(lm, tokens if written is None else written, position)
    if place.kind == "span":
        if position is not None:
            raise InputError("An answer is found anywhere in the context.", "Leave position= out.")
        _context(lm, tokens)
        output = lm.forward(tokens, written)
        return strongest_spans(lm, tokens, logit_table(output, "span")[0], top), ""
    output = lm.forward(tokens, written)
    if place.kind == "token label" and position is None:
        place = labelled_token(lm, tokens, output)
    return strongest(lm, read_logits(output, place)[0], top), place.note


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
        Strongest first; probabilities as :func:`log_probabilities` has them.

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
    _check_top(top)
    scores = logits.detach().float()
    probabilities = log_probabilities(lm, scores).exp()
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


def log_probabilities(lm: Reader, logits: Tensor) -> Tensor:
    """Return the logarithm of what the model takes each candidate's probability to be.

    Parameters
    ----------
    lm : Reader
        The model: of a classifier with several labels at once, each has its own sigmoid.
    logits : Tensor, shape (..., candidate)
        Raw logits, all candidates.

    Returns
    -------
    Tensor, shape (..., candidate)
        In the graph of the logits. NaN of a regression: its numbers are no probabilities.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> log_probabilities(lmw.load("tiny"), torch.zeros(2)).exp()
    tensor([0.5000, 0.5000])
    """
    if lm.multi_label:
        return logsigmoid(logits)
    regression = getattr(lm.config, "problem_type", None) == "regression"
    if lm.task == "sequence-classification" and (regression or logits.shape[-1] == 1):
        return torch.full_like(logits, torch.nan)
    return logits.log_softmax(-1)


def strongest_spans(lm: Reader, tokens: Tokens, logits: Tensor, top: int = 10) -> list[Prediction]:
    """Return the ``top`` answers to a question by logit, strongest first.

    An answer is a part of the context of at most 30 tokens. That the context holds no answer is
    one more candidate of models with a classification token, which stands for it (Devlin et al.
    2019, section 4.3).

    Parameters
    ----------
    lm : Reader
        A model for question answering.
    tokens : Tokens
        Of a pair ``(question, context)``.
    logits : Tensor, shape (2, token)
        Logits of the start and of the end.
    top : int, default 10
        How many; fewer when the context has fewer.

    Returns
    -------
    list of Prediction
        ``span`` is the first and the last token, ``id`` the first one, ``logit`` the sum of both,
        and ``probability`` the product of both, each from a softmax over all tokens.

    Raises
    ------
    InputError
        When ``top`` is not positive, or there is no context.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> from lmwidget.models.tokenizing import tokenize
    >>> lm = lmw.load("tiny")
    >>> tokens = tokenize(lm.tokenizer, ("Who said", " the king said"))
    >>> logits = torch.zeros(2, len(tokens))
    >>> logits[0, -2] = logits[1, -1] = 5.0
    >>> strongest_spans(lm, tokens, logits, top=1)[0].label
    'king said'
    """
    _check_top(top)
    scores = logits.detach().float().cpu()
    (starts, ends), chances = scores, scores.softmax(-1)
    inside = _context(lm, tokens)
    firsts = torch.arange(len(tokens))
    lasts = firsts + torch.arange(min(_LONGEST, len(tokens)))[:, None]  # (length - 1, first token)
    reached = lasts.clamp(max=len(tokens) - 1)
    valid = (lasts < len(tokens)) & inside & inside[reached]
    sums = (starts + ends[reached]).masked_fill(~valid, -torch.inf).flatten()
    order = sums.topk(min(top, int(valid.sum()))).indices.tolist()
    found = [
        Prediction(
            id=first,
            label=NO_ANSWER if not inside[first] else _phrase(tokens, first, last),
            probability=float(chances[0, first] * chances[1, last]),
            logit=float(starts[first] + ends[last]),
            span=(first, last),
        )
        for more, first in [divmod(place, len(tokens)) for place in order] + _absent(lm, tokens)
        for last in [first + more]
    ]
    return sorted(found, key=lambda answer: -answer.logit)[:top]


def labelled_token(lm: Reader, tokens: Tokens, output: Any, label: int | None = None) -> Readout:
    """Return the token with the most certain label, of those that are more than "nothing here".

    Parameters
    ----------
    lm : Reader
        A token classifier.
    tokens : Tokens
        What it read.
    output : transformers.utils.ModelOutput
        What it returned.
    label : int, optional
        Only this label; default: any other than ``"O"``.

    Returns
    -------
    Readout
        Of the token with the highest probability of such a label, special tokens aside; the note
        says which.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> model = torch.nn.Embedding.from_pretrained(torch.tensor([[1.0, 0], [1, 0], [0, 1]]))
    >>> lm = lmw.LanguageModel(model, {"in": 0, " ": 1, "Rome": 2}, labels=["O", "PLACE"])
    >>> tokens = lm.tokenize("in Rome")
    >>> labelled_token(lm, tokens, lm.forward(tokens)).position
    2
    """
    chances = log_probabilities(lm, logit_table(output, "token label")[0].detach().float()).cpu()
    named = [index for index in range(chances.shape[1]) if lm.labels.get(index, "").upper() != "O"]
    named = named if label is None else [label]
    text = [place for place, kind in enumerate(tokens.kinds) if kind != "special"]
    text = text or list(range(len(tokens)))
    best = chances[text][:, named].amax(-1) if named else chances[text].amax(-1)
    place = text[int(best.argmax())]
    note = (
        f"Every token has a label: {tokens.labels[place]!r}, token {place}, is read, whose label "
        f"is the most certain{' besides O' if len(named) < chances.shape[1] else ''}."
    )
    return Readout("token label", place, note if len(text) > 1 and label is None else "")


def _context(lm: Reader, tokens: Tokens) -> Tensor:
    """Return which tokens are of the context, shape (token,)."""
    ordinary = torch.tensor([kind != "special" for kind in tokens.kinds])
    inside = ordinary & (torch.tensor(tokens.segments) == 1)
    if not inside.any():
        raise InputError(
            f"{lm.name} finds answers in a context, and there is none.",
            "Give a pair: (question, context).",
        )
    return inside


def _absent(lm: Reader, tokens: Tokens) -> list[tuple[int, int]]:
    """Return the classification token as a part of the text, (length - 1, first token)."""
    absent = getattr(lm.tokenizer, "cls_token_id", None)
    ids = tokens.ids.tolist()
    return [(0, ids.index(absent))] if absent in ids else []


def _phrase(tokens: Tokens, first: int, last: int) -> str:
    text = tokens.text[tokens.spans[first, 0] : tokens.spans[last, 1]]
    return text.strip() or "".join(tokens.pieces[first : last + 1])


def _check_top(top: int) -> None:
    if top < 1:
        raise InputError(f"top is {top}.", "Ask for at least one prediction.")
