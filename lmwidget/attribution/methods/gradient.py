"""Gradient norm: how strongly the target reacts to each token's embedding."""

from __future__ import annotations

from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.target_function import TargetFunction


def gradient(f: TargetFunction, watch: Watch) -> Scores:
    """Return the L2 norm of the gradient with respect to each token's embedding.

    Simonyan, Vedaldi and Zisserman (2013) for images; Li, Chen, Hovy and Jurafsky (2016) for text.
    It says how much a token matters locally, not in which direction.

    Parameters
    ----------
    f : TargetFunction
        What is explained.
    watch : Watch
        Progress and the wish to stop.

    Returns
    -------
    Scores
        Norms, one a token, at least 0: the unit of what is explained a unit of the embeddings.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> bool((lmw.load("tiny").attribute("the king said", "gradient").scores >= 0).all())
    True
    """
    watch.check()
    norms = f.gradient().norm(dim=-1)
    watch.report(1, 1)
    return Scores(norms[: len(f.tokens)].cpu().numpy())


METHOD = Method(
    name="gradient",
    order=11,
    label="Gradient norm",
    signed=False,
    unit="gradient norm",
    slow=False,
    summary="How strongly the target reacts to a small change of each token's embedding.",
    paper="Simonyan et al. 2013; Li et al. 2016",
    function=gradient,
    one_pass=True,
)
