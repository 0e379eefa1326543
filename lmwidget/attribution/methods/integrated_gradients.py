"""Integrated gradients: contributions that sum to the change from a baseline to the text."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import torch

from lmwidget.attribution.baselines import gain_check, make_baseline
from lmwidget.attribution.layer_function import LayerFunction
from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.path import Path
from lmwidget.attribution.path_integral import FEWEST_STEPS, integrate, integrate_adaptively
from lmwidget.attribution.target_function import TargetFunction
from lmwidget.errors import InputError


def integrated_gradients(
    f: TargetFunction,
    watch: Watch,
    *,
    steps: int | None = None,
    tolerance: float = 0.05,
    max_steps: int = 256,
    baseline: str | None = None,
    keep_special: bool = True,
    layer: int | None = None,
    batch_size: int | None = None,
) -> Scores:
    """Return the gradient integrated from a baseline to the text, times their difference.

    Sundararajan, Taly and Yan (2017), on the straight line from the baseline's embeddings to the
    text's. The scores sum to what the target gains from baseline to text (completeness); by how
    much they miss it is the check of the result.

    Deep language models are rough along this line, so a fixed number of steps is often far off. By
    default one polynomial goes through 9, 17 or 33 points until it follows the target closely; if it
    does not, the line is cut into panels, and those that miss completeness by most are halved until
    all is well or ``max_steps`` points are used
    (:func:`lmwidget.attribution.path_integral.integrate_adaptively`). Where the model jumps (a
    mixture of experts changes its expert), no number of points closes the gap.

    Parameters
    ----------
    f : TargetFunction
        What is explained.
    watch : Watch
        Progress and the wish to stop. When stopped, finished panels (or the points reached, each
        for its surroundings) make a partial result.
    steps : int, optional
        A fixed number of Gauss–Legendre nodes over the whole line, instead of as many as it needs.
    tolerance : float, default 0.05
        What the panels may miss, added up without sign, relative to the gain. Where the line is
        smooth, a fiftieth of it is reached at little cost.
    max_steps : int, default 256
        Most points where ``steps`` is not given.
    baseline : str, optional
        ``"mean"``: average embedding of the vocabulary; ``"pad"``, ``"mask"``: that token;
        ``"zero"``: zeros, the choice of the paper (models with RMSNorm react to the direction of
        an embedding, not its size, so their path does not settle near zero); or any token as text.
        Default: the padding token where the tokenizer has one for nothing else, otherwise the
        average.
    keep_special : bool, default True
        Special tokens such as ``[CLS]`` are the same in the baseline, so their score is 0.
    layer : int, optional
        Number of a layer: the line is drawn between its outputs for the baseline and for the text,
        as in Captum's ``LayerIntegratedGradients``. What earlier layers have moved between tokens
        then counts where it has arrived. Default: the embeddings.
    batch_size : int, optional
        Points in one pass; default: as many as make it faster and fit in ``max_memory``.

    Returns
    -------
    Scores
        Signed, in the unit of what is explained, one a token; the check is the completeness gap.

    Raises
    ------
    CancelledError
        When stopped before the first batch.
    InputError
        When a setting is out of range.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> why = lmw.load("tiny").attribute("the king said", "integrated_gradients")
    >>> why.check.relative < 0.05
    True
    """
    _check_settings(steps, tolerance, max_steps, batch_size)
    watch.check()
    start = make_baseline(f, baseline, keep_special=keep_special)
    batch_size = batch_size or f.points_together()
    total = max_steps if steps is None else steps
    inside = None if layer is None else LayerFunction(f, layer)
    begin = start.embeddings if inside is None else inside.of(start.embeddings)
    path = Path(inside or f, begin, watch, total, batch_size)
    watch.report(0, total)
    if steps is None:
        # The text has been read: its slope costs no more than the way back.
        slope = f.gradient() if inside is None else inside.at(inside.embeddings[None])[1][0]
        path.add(np.array([1.0]), torch.tensor([f.value]), slope[None])
        path.add(np.array([0.0]), *path.f.at(begin[None]))
        found = integrate_adaptively(path, tolerance)
    else:
        path.values[0.0] = float(f.values(start.embeddings[None]))
        found = integrate(path, steps)
    scores = found.scores[: len(f.tokens)].astype(np.float32)
    settings: dict[str, Any] = {
        "steps": steps,
        "tolerance": tolerance,
        "max_steps": max_steps,
        "baseline": start.name,
        "keep_special": keep_special,
        "layer": layer,
        "batch_size": batch_size,
    }
    check = gain_check(f, start.description, float(found.scores.sum()), f.value - path.values[0.0])
    return Scores(scores, settings, check, found.partial)


def _check_settings(steps: Any, tolerance: Any, max_steps: Any, batch_size: Any) -> None:
    counts = [
        ("steps", steps, 1),
        ("max_steps", max_steps, FEWEST_STEPS),
        ("batch_size", batch_size, 1),
    ]
    for name, count, least in counts:
        if count is None and name != "max_steps":
            continue
        if (
            isinstance(count, bool)
            or not hasattr(count, "__index__")
            or operator.index(count) < least
        ):
            raise InputError(f"{name} is {count!r}.", f"Give a whole number of at least {least}.")
    if not isinstance(tolerance, int | float) or not tolerance > 0:
        raise InputError(f"tolerance is {tolerance!r}.", "Give a number above 0, such as 0.05.")


METHOD = Method(
    name="integrated_gradients",
    order=20,
    label="Integrated gradients",
    signed=True,
    slow=True,
    summary="What each token adds to the target on the way from a neutral text to this one.",
    paper="Sundararajan et al. 2017",
    function=integrated_gradients,
)
