"""Attention itself: where the position that answers looks."""

from __future__ import annotations

from typing import Any

import numpy as np

from lmwidget.attribution.attended import attended, looked_at, plain
from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.question import Question


def attention(
    question: Question, watch: Watch, *, layer: int | None = None, heads: Any = "mean"
) -> Scores:
    """Return how much attention the position that answers pays to each token.

    Weights say where information may come from, not what is made of it; much of them lies on first
    and special tokens (Jain and Wallace 2019; Wiegreffe and Pinter 2019). Of an encoder-decoder it
    is the cross-attention to what was read. Where several positions answer (a phrase, mean
    pooling), their mean.

    Parameters
    ----------
    question : Question
        What is explained.
    watch : Watch
        Progress and the wish to stop.
    layer : int, optional
        One layer with attention, counted from 0; -1 is the last. Default: the mean of all.
    heads : "mean", list of int, or array of float, default "mean"
        All heads alike, these heads, or weights of the heads.

    Returns
    -------
    Scores
        Shares of attention, one a token.

    Raises
    ------
    NoAttentionError
        When the model has no attention.
    UnknownNameError
        When there is no such layer or head.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> why = lmw.load("tiny").attribute("The king said", "attention")
    >>> round(float(why.scores.sum()), 5), why.unit
    (1.0, 'attention share')
    """
    watch.check()
    found = attended(question)
    scores = looked_at(found, layer, heads)[: len(question.tokens)].astype(np.float32)
    watch.report(found.passes, found.passes)
    settings = {"layer": layer, "heads": plain(heads)}
    return Scores(scores, settings, passes=found.passes, value=found.value)


METHOD = Method(
    name="attention",
    order=30,
    label="Attention",
    signed=False,
    slow=False,
    unit="attention share",
    summary="Where the position that answers looks: where information may come from, not what it does.",
    paper="Bahdanau et al. 2014",
    function=attention,
    needs="question",
)
