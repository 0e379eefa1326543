"""Expected gradients (Gradient SHAP): integrated gradients over many baselines at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lmwidget.attribution.baselines import make_baseline
from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.target_function import TargetFunction
from lmwidget.errors import CancelledError, InputError
from lmwidget.results import Check

_BATCH = 8


def expected_gradients(
    f: TargetFunction,
    watch: Watch,
    *,
    samples: int = 64,
    references: Sequence[str] | None = None,
    noise: float = 0.0,
    keep_special: bool = True,
    seed: int = 0,
) -> Scores:
    """Return the mean gradient between random baselines and the text, times their difference.

    Erion, Janizek, Sturmfels, Lundberg and Lee (2021); "Gradient SHAP" of Lundberg and Lee's SHAP.
    Each sample draws a baseline, and a place on the line from it to the text; the places are
    stratified, which makes the mean steadier. In expectation the
    scores sum to what the target gains over the average baseline; how far this sample of them is
    from that is the check.

    Parameters
    ----------
    f : TargetFunction
        What is explained.
    watch : Watch
        Progress and the wish to stop; stopped early, the samples so far make a partial result.
    samples : int, default 64
        Places; as many passes, and as many more for the check.
    references : sequence of str, optional
        Baselines that are drawn from, each as in integrated gradients (``"mean"``, ``"zero"``, a
        token). Default: every token replaced by a random one of the vocabulary.
    noise : float, default 0
        Standard deviation of noise on the text, relative to that of its embeddings.
    keep_special : bool, default True
        Special tokens are the same in every baseline, so their score is 0.
    seed : int, default 0
        Of baselines, places and noise.

    Returns
    -------
    Scores
        Signed, one a token; the check is the completeness gap.

    Raises
    ------
    CancelledError
        When stopped before the first batch.
    InputError
        When a setting is out of range.
    UnknownNameError
        When a reference is no baseline.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> why = lmw.load("tiny").attribute("the king said", "expected_gradients", samples=8)
    >>> why.check.name
    'completeness gap'
    """
    if isinstance(samples, bool) or not hasattr(samples, "__index__") or samples < 1:
        raise InputError(f"samples is {samples!r}.", "Give a whole number of at least 1.")
    if isinstance(references, str) or (references is not None and not len(references)):
        raise InputError(f"references is {references!r}.", "Give a list, such as ['mean', 'zero'].")
    generator = torch.Generator().manual_seed(int(seed))
    watch.check()
    starts = _baselines(f, samples, references, generator, keep_special=keep_special)
    # One place in each part of the line, in an order whose beginnings are spread over all of it.
    order = torch.randperm(samples, generator=generator)
    places = ((torch.arange(samples) + torch.rand(samples, generator=generator)) / samples)[order]
    text = f.embeddings.float()
    moves = noise * float(text.std()) * torch.randn((samples, *text.shape), generator=generator)
    ends = text + moves.to(text.device)
    rows, gains = sampled_scores(f, starts, ends, places.to(text.device), watch)
    scores = rows.mean(0)[: len(f.tokens)].astype(np.float32)
    settings = {
        "samples": samples,
        "references": None if references is None else list(references),
        "noise": noise,
        "keep_special": keep_special,
        "seed": seed,
    }
    check = _check(f, float(rows.mean(0).sum()), float(gains.mean()))
    return Scores(scores, settings, check, partial=len(rows) < samples)


def sampled_scores(
    f: TargetFunction, starts: Tensor, ends: Tensor, places: Tensor, watch: Watch
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the scores of each sample, and what the target gains over its baseline.

    Parameters
    ----------
    f : TargetFunction
        What is explained.
    starts, ends : Tensor of float32, shape (sample, token, width)
        Baseline and text of each sample.
    places : Tensor, shape (sample,)
        Between 0 (baseline) and 1 (text).
    watch : Watch
        When stopped, the batches so far are returned.

    Returns
    -------
    tuple of ndarray of float64
        Scores (sample, token), gains (sample,).

    Raises
    ------
    CancelledError
        When stopped before the first batch.
    """
    rows: list[NDArray[np.float64]] = []
    gains: list[NDArray[np.float64]] = []
    for first in range(0, len(places), _BATCH):
        if watch.stopped:
            break
        part = slice(first, first + _BATCH)
        difference = ends[part] - starts[part]
        _, gradients = f.at(starts[part] + places[part, None, None] * difference)
        rows.append(torch.einsum("stw,stw->st", gradients, difference).double().cpu().numpy())
        gain = f.values(ends[part]) - f.values(starts[part])
        gains.append(gain.double().cpu().numpy())
        watch.report(first + len(difference), len(places))
    if not rows:
        watch.check()
        raise CancelledError("The computation was stopped.", "Run it again.")
    return np.concatenate(rows), np.concatenate(gains)


def _baselines(
    f: TargetFunction,
    samples: int,
    references: Sequence[str] | None,
    generator: torch.Generator,
    *,
    keep_special: bool,
) -> Tensor:
    if references is not None:
        known = torch.stack(
            [make_baseline(f, name, keep_special=keep_special).embeddings for name in references]
        )
        return known[torch.randint(len(known), (samples,), generator=generator)]
    own = f.embeddings.float()
    rows = f.lm.rows or len(f.lm.tokenizer)
    ids = torch.randint(rows, (samples, len(own)), generator=generator)
    # A row at a time: some embeddings know their place.
    found = torch.stack([f.call.embed(row[None].to(f.lm.device))[0].float() for row in ids])
    found = found.to(own.device)
    if keep_special:
        special = [kind == "special" for kind in f.tokens.kinds]
        special += [True] * (len(own) - len(special))
        places = torch.tensor(special, device=own.device)
        found[:, places] = own[places]
    return found


def _check(f: TargetFunction, total: float, expected: float) -> Check:
    gap = total - expected
    relative = 0.0 if gap == 0 else abs(gap) / abs(expected) if expected else math.inf
    return Check(
        name="completeness gap",
        value=gap,
        passed=relative <= 0.1,
        relative=relative,
        total=total,
        expected=expected,
        explanation=(
            f"The scores sum to {total:.3g}, while the {f.question.unit} of the text is "
            f"{expected:.3g} above that of the baselines on average: a gap of {relative:.1%}, which "
            "more samples make smaller."
        ),
    )


METHOD = Method(
    name="expected_gradients",
    label="Expected gradients",
    signed=True,
    slow=True,
    summary="Integrated gradients averaged over many random texts that this one could have been.",
    paper="Erion et al. 2021; Lundberg & Lee 2017",
    function=expected_gradients,
    order=21,
)
