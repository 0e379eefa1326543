"""Attention rollout: attention of all layers multiplied, with the residual stream."""

from __future__ import annotations

from typing import Any

import numpy as np

from lmwidget.attribution.attended import attended, looked_at, plain
from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.question import Question


def rollout(
    question: Question, watch: Watch, *, residual: float = 0.5, heads: Any = "mean"
) -> Scores:
    """Return what the position that answers is made of, if every layer mixed by its attention.

    Abnar and Zuidema (2020); see :func:`lmwidget.inspection.attention.rollout.rollout`. It does not
    depend on the target. Of an encoder-decoder, the mean cross-attention of the position that
    answers is followed back through the encoder by rollout.

    Parameters
    ----------
    question : Question
        What is explained.
    watch : Watch
        Progress and the wish to stop.
    residual : float, default 0.5
        Share of the residual stream, 0 to 1.
    heads : "mean", list of int, or array of float, default "mean"
        All heads alike, these heads, or weights of the heads.

    Returns
    -------
    Scores
        Shares that sum to 1 over all tokens that were read.

    Raises
    ------
    InputError
        When the residual is no share.
    NoAttentionError
        When the model has no attention.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> why = lmw.load("tiny").attribute("The king said", "rollout")
    >>> round(float(why.scores.sum()), 5)
    1.0
    """
    from lmwidget.inspection.attention import rollout as rolled

    watch.check()
    found = attended(question)
    weights = found.attention
    if "cross" in weights.kinds:
        encoder = rolled.rollout(weights.select("encoder"), heads=heads, residual=residual)
        looked = looked_at(found, heads=heads)
        scores = looked / looked.sum() @ encoder.matrix().astype(np.float64)
    else:
        scores = found.mean(
            lambda place: rolled.rollout_row(weights, place, heads=heads, residual=residual)
        )
    watch.report(found.passes, found.passes)
    return Scores(
        scores[: len(question.tokens)].astype(np.float32),
        {"residual": residual, "heads": plain(heads)},
        passes=found.passes,
        value=found.value,
    )


METHOD = Method(
    name="rollout",
    order=31,
    label="Attention rollout",
    signed=False,
    slow=False,
    unit="attention share",
    summary="What the answering position is made of, if every layer only mixed by its attention.",
    paper="Abnar and Zuidema 2020",
    function=rollout,
    needs="question",
)
