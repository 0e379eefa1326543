"""Layer-wise relevance propagation, with the rules of the package lxt."""

from __future__ import annotations

import math

from lmwidget.attribution.budget import DEFAULT_MEMORY
from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.propagation import ARCHITECTURES, VARIANTS, propagating
from lmwidget.attribution.question import Question
from lmwidget.attribution.target_function import TargetFunction
from lmwidget.errors import InputError, UnavailableError, UnknownNameError, nearest
from lmwidget.results import Check


def lrp(question: Question, watch: Watch, *, variant: str | None = None) -> Scores:
    """Return the relevance of each token, handed down from the target layer by layer.

    Achtibat et al. (ICML 2024), AttnLRP: norms and activations pass relevance on as it is, each
    factor of a product gets half, and attention gives a half to values and a quarter each to
    queries and keys. With ``variant="cp"`` (Ali et al., ICML 2022) nothing goes to queries, keys
    and gates. Relevance that reaches biases, positions, or (AttnLRP) a softmax stays there; the
    check says how much of the target that is.

    The rules come from the package ``lxt`` (``pip install --no-deps lxt``), which has a licence of
    its own, Clear BSD: like the BSD licence, but it expressly grants no patent rights. They are in
    the model for one pass only, which computes the same as ever; the model is left as it was found.

    Parameters
    ----------
    question : Question
        What is explained, as a logit; of Llama, Qwen 2 and 3, Gemma 3, BERT or GPT-2.
    watch : Watch
        Progress and the wish to stop.
    variant : str, optional
        ``"attnlrp"`` or ``"cp"``. Default: ``"cp"`` for GPT-2, whose logits are mostly negative, as
        lxt has it; otherwise ``"attnlrp"``.

    Returns
    -------
    Scores
        Signed, in logits, one a token; the check compares their sum with the target.

    Raises
    ------
    InputError
        When something else than a logit is explained.
    MissingDependencyError
        When lxt is not installed.
    UnavailableError
        For other families.
    UnknownNameError
        For another variant.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> why = lmw.load("tiny").attribute("The king said", "lrp", variant="cp")
    >>> why.unit, why.check.name
    ('logit', 'completeness gap')
    """
    lm = question.lm
    if variant is not None and variant not in VARIANTS:
        raise UnknownNameError(f"There is no variant {variant!r}.", nearest(variant, VARIANTS))
    if lm.architecture not in ARCHITECTURES:
        raise UnavailableError(
            f"LRP has no rules for {lm.architecture}; it has for {', '.join(ARCHITECTURES)}.",
            "Use 'integrated_gradients' or 'input_x_gradient'.",
        )
    watch.check()
    variant = variant or ("cp" if lm.architecture == "gpt2" else "attnlrp")
    with propagating(lm.model, variant):
        f = TargetFunction(question, max_memory=DEFAULT_MEMORY)
        with f:
            if question.of != "logit":
                raise InputError(
                    f"LRP hands down a logit, and of={question.of!r} is none.", "Pass of='logit'."
                )
            scores = (f.embeddings.float() * f.gradient()).sum(-1).cpu().numpy()
    watch.report(1, 1)
    check = _kept(float(scores.sum()), f.value)
    return Scores(scores, {"variant": variant}, check, passes=f.passes, value=f.value)


def _kept(total: float, expected: float) -> Check:
    gap = total - expected
    return Check(
        name="completeness gap",
        value=gap,
        relative=abs(gap) / abs(expected) if expected else math.inf,
        total=total,
        expected=expected,
        explanation=(
            f"Relevance of {total:.3g} reached the tokens, of {expected:.3g} at the target; the rest "
            "stayed with biases, positions and softmaxes."
        ),
    )


METHOD = Method(
    name="lrp",
    order=24,
    label="LRP (AttnLRP)",
    signed=True,
    slow=False,
    summary="The target's logit, handed down layer by layer to the tokens.",
    paper="Achtibat et al. 2024",
    function=lrp,
    needs="question",
)
