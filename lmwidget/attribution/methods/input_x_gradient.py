"""Input × gradient: what each token contributes to the target, to first order."""

from __future__ import annotations

from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.target_function import TargetFunction


def input_x_gradient(f: TargetFunction, watch: Watch) -> Scores:
    """Return the product of embedding and gradient, summed over the embedding's dimensions.

    Shrikumar, Greenside, Shcherbina and Kundaje (2016). Exact for a linear model; elsewhere a
    first-order estimate of what setting the embedding to zero would take away.

    Parameters
    ----------
    f : TargetFunction
        What is explained.
    watch : Watch
        Progress and the wish to stop.

    Returns
    -------
    Scores
        Signed, in the unit of what is explained, one a token.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lmw.load("tiny").attribute("the king said", "input_x_gradient").unit
    'logit'
    """
    watch.check()
    products = (f.embeddings.float() * f.gradient()).sum(-1)
    watch.report(1, 1)
    return Scores(products[: len(f.tokens)].cpu().numpy())


METHOD = Method(
    name="input_x_gradient",
    order=10,
    label="Input × gradient",
    signed=True,
    slow=False,
    summary="What each token adds to the target, estimated from the slope at the text itself: quick but rough, so check it.",
    paper="Shrikumar et al. 2016",
    function=input_x_gradient,
    one_pass=True,
)
