"""One forward and backward pass in which every attention call is recorded with its gradient."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lmwidget.attribution.question import Question
from lmwidget.attribution.target_function import TargetFunction
from lmwidget.capture.attention import Attention, attention_of, parts_of
from lmwidget.capture.guard import as_found
from lmwidget.capture.hooks.recorder import Recorder
from lmwidget.capture.kept.records import Record
from lmwidget.models.tasks import Readout
from lmwidget.results import Prediction

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel
    from lmwidget.tokens import Tokens


@dataclass(frozen=True, eq=False)
class Explained:
    """Attention of a pass with the gradient of a target.

    Attributes
    ----------
    attention : Attention
        Its records hold values and gradients.
    target : Prediction
        What is explained.
    foil : Prediction or None
        What it is contrasted with.
    value : float
        The target's logit, or logit(target) − logit(foil).
    unit : str
        ``"logit"`` or ``"logit difference"``.
    readout : Readout
        Where the target was read.
    cost : dict
        ``seconds`` and ``passes``.
    """

    attention: Attention
    target: Prediction
    foil: Prediction | None
    value: float
    unit: str
    readout: Readout
    cost: dict[str, float]

    @property
    def name(self) -> str:
        """What is explained, in words."""
        against = "" if self.foil is None else f" rather than {self.foil.label!r}"
        return f"{self.target.label!r}{against}"


def explain(
    lm: LanguageModel,
    text: Any,
    *,
    target: Any = None,
    foil: Any = None,
    output: str | Tokens | None = None,
    truncate: bool = False,
) -> Explained:
    """Return the attention of one pass, with the gradient of a target through each call.

    The model is left as it was found. Memory grows linearly with the length of the text wherever
    the model's attention can be recomputed from its queries and keys.

    Parameters
    ----------
    lm : LanguageModel
        The model.
    text : str, list of dict, tuple of (str, str), or Tokens
        What it reads.
    target : str, int or Prediction, optional
        Token, class or index to explain; default: the model's own strongest prediction.
    foil : str, int or Prediction, optional
        Alternative that the target is contrasted with.
    output : str or Tokens, optional
        What an encoder-decoder has written so far; the token it writes next is explained. Default:
        its start token, so that this is the first token that it writes.
    truncate : bool, default False
        Cut text that is longer than the model's context.

    Returns
    -------
    Explained
        Records, target and cost.

    Raises
    ------
    InputError
        When the text or the target cannot be used.
    ModelMismatchError
        When the model predicts nothing, or has no gradients.
    NoAttentionError
        When the model has no attention.
    UnavailableError
        When no layer can be read, or the pass is cut off from its input.
    UnknownNameError
        For an unknown class or index.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> explain(lmw.load("tiny"), "the king said").unit
    'logit'
    """
    tokens = lm.tokenize(text, truncate=truncate)
    written = None
    if lm.task == "seq2seq" or output is not None:
        written = lm.tokenize_output(output)
    question = Question(lm, tokens, written, target, foil)
    found = explain_question(question)
    if question.place.note:
        warnings.warn(question.place.note, stacklevel=3)
    return found


def explain_question(question: Question) -> Explained:
    """Return the attention of the pass that answers a question, with its gradient.

    Parameters
    ----------
    question : Question
        About a single token, class or answer; it is resolved here.

    Returns
    -------
    Explained
        Records, target and cost.

    Raises
    ------
    ModelMismatchError, NoAttentionError, UnavailableError
        As :func:`explain`; also when a phrase is asked for, which takes several passes.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> explain_question(Question(lm, lm.tokenize("The king"), position=0)).readout.position
    0
    """
    start = time.perf_counter()
    lm, tokens = question.lm, question.tokens
    with as_found(lm.model):
        recorder = Recorder(lm.model, tokens=len(tokens), keep_values=True, trace=True)
        with TargetFunction(question, around=recorder) as f:
            _differentiate(f, recorder.records)
    attention = attention_of(lm, parts_of(lm, recorder.records, tokens, question.output_tokens))
    return Explained(
        attention,
        target=question.target,
        foil=question.foil,
        value=f.value,
        unit=question.unit,
        readout=question.place,
        cost={"seconds": time.perf_counter() - start, "passes": 1},
    )


def read_places(explained: Explained) -> list[int]:
    """Return the positions that a prediction is made from: behind the last layer nothing mixes.

    Parameters
    ----------
    explained : Explained
        Attention with gradients.

    Returns
    -------
    list of int
        One for most classifiers (``[CLS]``, or the last token), all of them for mean pooling; empty
        where the gradient of the last layer was not recorded.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> read_places(explain(lmw.load("tiny"), "The king said"))
    [2]
    """
    trace = explained.attention.record(len(explained.attention) - 1).trace
    if trace is None or trace.gradient is None:
        return []
    return [int(place) for place in trace.gradient[0].abs().amax((0, 2)).nonzero().flatten()]


def _differentiate(f: TargetFunction, records: list[Record]) -> None:
    """Fill in the gradients of all records in one backward pass."""
    traces = list({id(r.trace): r.trace for r in records if r.trace is not None}.values())
    gradients = iter(f.gradients([s.edge for trace in traces for s in trace.sources]))
    for trace in traces:
        trace.finish([next(gradients) for _ in trace.sources])
