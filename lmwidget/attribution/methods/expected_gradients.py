"""Expected gradients (Gradient SHAP): integrated gradients over many baselines at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lmwidget.attribution.baselines import embed_text, gain_check, keep_specials, make_baseline
from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.noisy import check_noise
from lmwidget.attribution.sampling import whole_number
from lmwidget.attribution.target_function import TargetFunction
from lmwidget.errors import InputError

Lines = Callable[[NDArray[np.intp]], tuple[Tensor, Tensor]]
"Start and end of the lines of some samples, each (sample, token, width)."


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
    stratified, which makes the mean steadier. In expectation the scores sum to what the target
    gains over the average baseline; how far this sample of them is from that is the check.

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
        token), or a whole text, which is cut or repeated to the length of this one. Default: every
        token replaced by a random one of the vocabulary.
    noise : float, default 0
        Standard deviation of noise on the text, relative to that of its embeddings.
    keep_special : bool, default True
        Special tokens are the same in every baseline, so their score is 0.
    seed : int, default 0
        Of baselines, places and noise; how many samples go together changes nothing.

    Returns
    -------
    Scores
        Signed, in the unit of what is explained; the check is the completeness gap.

    Raises
    ------
    CancelledError
        When stopped before the first batch.
    InputError
        When a setting is out of range, or a reference cannot be read.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> asked = {"samples": 8, "references": ["mean", "a man came"]}
    >>> lm.attribute("the king said", "expected_gradients", **asked).check.name
    'completeness gap'
    """
    samples, seed = whole_number("samples", samples, 1), whole_number("seed", seed, 0)
    check_noise(noise)
    if references is not None and (not isinstance(references, list | tuple) or not references):
        raise InputError(f"references is {references!r}.", "Give a list, such as ['mean', 'zero'].")
    watch.check()
    generator = np.random.default_rng(seed)
    # One place in each part of the line, in an order whose beginnings are spread over all of it.
    places = (generator.permutation(samples) + generator.random(samples)) / samples
    starts = _starts(f, samples, references, generator, keep_special=keep_special)
    own, spread = f.embeddings.float(), noise * float(f.embeddings.float().std())

    def lines(rows: NDArray[np.intp]) -> tuple[Tensor, Tensor]:
        begin = starts(rows)
        drawn = [np.random.default_rng([seed, 1, row]).standard_normal(own.shape) for row in rows]
        moves = torch.tensor(np.array(drawn), dtype=torch.float32) if spread else torch.zeros(())
        return begin, own + spread * moves.to(own.device).expand_as(begin)

    rows, gains = sampled_scores(f, lines, places, watch)
    scores = rows.mean(0)
    settings: dict[str, Any] = {
        "samples": samples,
        "references": None if references is None else list(references),
        "noise": noise,
        "keep_special": keep_special,
        "seed": seed,
    }
    start = "texts of random tokens" if references is None else "the references"
    check = gain_check(f, f"the average of {start}", float(scores.sum()), float(gains.mean()))
    kept = scores[: len(f.tokens)].astype(np.float32)
    return Scores(kept, settings, check, partial=len(rows) < samples)


def sampled_scores(
    f: TargetFunction, lines: Lines, places: NDArray[np.float64], watch: Watch
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the scores of each sample, and what the target gains over its baseline.

    Parameters
    ----------
    f : TargetFunction
        What is explained.
    lines : callable
        Gives baselines and ends of some samples.
    places : ndarray of float64, shape (sample,)
        Between 0 (baseline) and 1 (end).
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
    together = f.points_together()
    watch.report(0, len(places))
    for first in range(0, len(places), together):
        if watch.stopped:
            break
        batch = np.arange(first, min(first + together, len(places)))
        starts, ends = lines(batch)
        at = torch.tensor(places[batch], dtype=torch.float32, device=starts.device)
        _, slopes = f.at(starts + at[:, None, None] * (ends - starts))
        rows.append(torch.einsum("stw,stw->st", slopes, ends - starts).double().cpu().numpy())
        same = bool((ends == f.embeddings).all())
        gain = (f.value if same else f.values(ends)) - f.values(starts)
        gains.append(gain.double().cpu().numpy())
        watch.report(int(batch[-1]) + 1, len(places))
    if not rows:
        watch.give_up()
    return np.concatenate(rows), np.concatenate(gains)


def _starts(
    f: TargetFunction,
    samples: int,
    references: Sequence[str] | None,
    generator: np.random.Generator,
    *,
    keep_special: bool,
) -> Callable[[NDArray[np.intp]], Tensor]:
    """Baselines of some samples, (sample, token, width)."""
    if references is not None:
        known = torch.stack([_reference(f, text, keep_special=keep_special) for text in references])
        chosen = generator.integers(len(known), size=samples)
        return lambda rows: known[torch.tensor(chosen[rows])]
    drawn = generator.integers(f.lm.rows or len(f.lm.tokenizer), size=(samples, len(f.embeddings)))

    def embedded(rows: NDArray[np.intp]) -> Tensor:
        # A row at a time: some embeddings know their place.
        found = torch.stack([embed_text(f, drawn[row]) for row in rows])
        return keep_specials(f, found) if keep_special else found

    return embedded


def _reference(f: TargetFunction, text: str, *, keep_special: bool) -> Tensor:
    try:
        return make_baseline(f, text, keep_special=keep_special).embeddings
    except InputError:
        ids = f.lm.tokenize(text).ids if isinstance(text, str) else np.zeros(0)
        if len(ids) < 2:
            raise
        found = embed_text(f, np.resize(ids, len(f.embeddings)))
        return keep_specials(f, found) if keep_special else found


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
