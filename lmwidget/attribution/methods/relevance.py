"""Attention weighted by its gradient, through all layers: what speaks for the target."""

from __future__ import annotations

import numpy as np

from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.question import Question


def relevance(question: Question, watch: Watch) -> Scores:
    """Return the relevance of each token by attention times its gradient.

    Chefer, Gur and Wolf (ICCV 2021); see
    :func:`lmwidget.inspection.attention.relevance.relevance`. Only what speaks for the target
    counts. A position's own relevance starts at 1, so the position that answers stands out. Of an
    encoder-decoder, relevance of what was read.

    Parameters
    ----------
    question : Question
        About a single token, class or answer.
    watch : Watch
        Progress and the wish to stop.

    Returns
    -------
    Scores
        At least 0, one a token.

    Raises
    ------
    NoAttentionError
        When the model has no attention.
    UnavailableError
        For a phrase, which has no graph of one pass; or when a layer cannot be read.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> why = lmw.load("tiny").attribute("The king said", "relevance")
    >>> bool((why.scores >= 0).all()), why.unit
    (True, 'relevance')
    """
    from lmwidget.inspection.attention.explained import explain_question, read_places
    from lmwidget.inspection.attention.relevance import EncoderDecoderRelevance, relevance_of

    watch.check()
    explained = explain_question(question)
    found = relevance_of(explained)
    if isinstance(found, EncoderDecoderRelevance):
        scores = found.scores
    elif found.place is None and (places := read_places(explained)):
        scores = np.mean([found.row(place) for place in places], axis=0)
    else:
        scores = found.scores
    watch.report(1, 1)
    return Scores(scores.astype(np.float32), passes=1, value=explained.value)


METHOD = Method(
    name="relevance",
    order=32,
    label="Attention × gradient relevance",
    signed=False,
    slow=False,
    unit="relevance",
    summary="Attention that speaks for the target, followed through all layers.",
    paper="Chefer et al. 2021",
    function=relevance,
    needs="question",
)
