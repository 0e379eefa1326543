"""Discretized integrated gradients: along a path near words instead of a straight line."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lmwidget.attribution.baselines import gain_check, make_baseline
from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.path import spread
from lmwidget.attribution.sampling import whole_number
from lmwidget.attribution.target_function import TargetFunction
from lmwidget.attribution.word_paths import Words, word_path


def discretized_integrated_gradients(
    f: TargetFunction,
    watch: Watch,
    *,
    steps: int = 30,
    neighbours: int = 50,
    baseline: str | None = None,
    keep_special: bool = True,
) -> Scores:
    """Return the gradient integrated from a baseline to the text, by way of other words.

    Sanyal and Ren (2021). Between two words the straight line of integrated gradients passes places
    that the model has never seen. Here each token goes through places near other words
    (:func:`lmwidget.attribution.word_paths.word_path`), monotonically in every dimension, so that
    the scores still sum to what the target gains (by the trapezoidal rule over the steps): by how
    much they miss it is the check.

    Parameters
    ----------
    f : TargetFunction
        What is explained.
    watch : Watch
        Progress and the wish to stop. When stopped, the steps that were reached, which are spread
        over the whole path, each for its surroundings.
    steps : int, default 30
        Steps on the path.
    neighbours : int, default 50
        Words among which the next is chosen.
    baseline : str, optional
        As in integrated gradients.
    keep_special : bool, default True
        Special tokens such as ``[CLS]`` are the same in the baseline, so their score is 0.

    Returns
    -------
    Scores
        Signed, in the unit of what is explained; the check is the completeness gap.

    Raises
    ------
    CancelledError
        When stopped before the first batch.
    InputError
        When a setting is out of range.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> lm.attribute("the king said", "discretized_integrated_gradients", steps=8).check.name
    'completeness gap'
    """
    steps = whole_number("steps", steps, 1)
    neighbours = whole_number("neighbours", neighbours, 1)
    watch.check()
    start = make_baseline(f, baseline, keep_special=keep_special)
    own = f.embeddings.float()
    ids = torch.full((len(own),), -1, device=own.device)
    ids[: len(f.tokens)] = torch.tensor(f.tokens.ids, device=own.device)
    points = word_path(
        Words.of(f), ids, start.embeddings, own, steps, neighbours, f.max_memory // 2
    )
    values, slopes = _evaluated(f, points, watch)
    value = values[0] if 0 in values else float(f.values(points[:1])[0])
    scores = _trapezoids(points, slopes, sorted(values))
    settings: dict[str, Any] = {
        "steps": steps,
        "neighbours": neighbours,
        "baseline": start.name,
        "keep_special": keep_special,
    }
    check = gain_check(f, start.description, float(scores.sum()), f.value - value)
    kept = scores[: len(f.tokens)].astype(np.float32)
    return Scores(kept, settings, check, partial=len(values) <= steps)


def _evaluated(f: TargetFunction, points: Tensor, watch: Watch) -> tuple[dict[int, float], Tensor]:
    """Values by place on the path, and slopes (place, token, width), of the places reached."""
    # The ends first: wherever it stops, what is known then spans the whole path.
    last = len(points) - 1
    order = np.concatenate([[0, last], 1 + spread(last - 1)]).astype(np.intp)
    slopes = torch.empty_like(points)
    together = f.points_together(2 * points.numel() * points.element_size())
    values: dict[int, float] = {}
    watch.report(0, len(order))
    for first in range(0, len(order), together):
        if watch.stopped:
            break
        batch = order[first : first + together]
        found, slopes[batch] = f.at(points[batch])
        values.update(zip(batch.tolist(), found.tolist(), strict=True))
        watch.report(len(values), len(order))
    if not values:
        watch.give_up()
    return values, slopes


def _trapezoids(points: Tensor, slopes: Tensor, known: list[int]) -> NDArray[np.float64]:
    """Each known slope times half of the way to the known places on both sides (token,)."""
    scores = np.zeros(points.shape[1])
    for place, before, after in zip(
        known, [0, *known], [*known[1:], len(points) - 1], strict=False
    ):
        begin = points[0] if place == known[0] else (points[before] + points[place]) / 2
        end = points[-1] if place == known[-1] else (points[place] + points[after]) / 2
        scores += ((end - begin) * slopes[place]).sum(-1).double().cpu().numpy()
    return scores


METHOD = Method(
    name="discretized_integrated_gradients",
    order=22,
    label="Discretized integrated gradients",
    signed=True,
    slow=True,
    summary="Integrated gradients on a path that goes from word to word, not straight.",
    paper="Sanyal & Ren 2021",
    function=discretized_integrated_gradients,
)
