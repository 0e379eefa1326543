"""ReAGent: tokens are replaced by what a language model would write, again and again."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from lmwidget.attribution.budget import DEFAULT_MEMORY
from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.number import Number
from lmwidget.attribution.question import Question
from lmwidget.attribution.replacements import Candidates, candidates
from lmwidget.attribution.sampling import whole_number
from lmwidget.attribution.variants import Asked, Variants
from lmwidget.errors import InputError

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel

_GIVEN: WeakValueDictionary[str, Any] = WeakValueDictionary()
"Fillers by name, so that the settings of a result, which are plain data, repeat it."
_EDGE = 1e-6  # of the logit, which has no value at a change of -1 or 1


def reagent(  # noqa: PLR0913
    question: Question,
    watch: Watch,
    max_memory: int = DEFAULT_MEMORY,
    *,
    ratio: float = 0.3,
    keep: float = 0.3,
    top: int = 3,
    start: float = 0.01,
    probes: int = 10,
    steps: int = 30,
    filler: LanguageModel | str | None = None,
    seed: int = 0,
) -> Scores:
    """Return how much each token counts, from texts that a language model has rewritten.

    Zhao and Shan (2024), ReAGent. Each step replaces a random ``ratio`` of the tokens; by how much
    the probability of the target falls, ``Δ``, is credited to the replaced tokens and debited to
    the others: ``s ± logit((1 + Δ) / 2)``. It ends when the ``keep`` highest tokens suffice: with
    all others replaced, the target is among the ``top`` strongest. The softmax of ``s`` is averaged
    over ``probes`` runs.

    The paper starts from random scores between 0 and 1, which outweigh what a few steps find; here
    they are a hundredth of that and break ties only (``start=1`` is the paper's), so that seeds
    agree better.

    Replacements are drawn from the ten likeliest others: behind what stands in front of them, of a
    causal model; in a gap, of a masked one. The paper takes RoBERTa, which can be given as
    ``filler``; it allows 3,000 steps.

    Parameters
    ----------
    question : Question
        What is explained: a target, without foil; it is taken as a probability.
    watch : Watch
        Progress and the wish to stop; when stopped, the scores so far.
    max_memory : int, optional
        Bytes for one batch.
    ratio, keep : float
        Shares of the tokens, between 0 and 1.
    top : int, default 3
        Rank that the target must reach.
    start : float, default 0.01
        Largest of the random scores at the start.
    probes : int, default 10
        Runs with other random numbers, read together.
    steps : int, default 30
        Most steps of a run; each reads two texts.
    filler : LanguageModel or str, optional
        Causal or masked model that writes the replacements, or its name for ``lmw.load``; default:
        the model itself.
    seed : int, default 0
        Of all random numbers.

    Returns
    -------
    Scores
        Shares that sum to 1.

    Raises
    ------
    CancelledError
        When stopped before the first step.
    InputError
        When a setting is out of range, there is a foil or no target, or nothing can be replaced.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> why = lmw.load("tiny").attribute("The king of the", "reagent", steps=5)
    >>> round(float(why.scores.sum()), 3)
    1.0
    """
    settings = {
        "ratio": ratio,
        "keep": keep,
        "top": top,
        "start": start,
        "probes": probes,
        "steps": steps,
    }
    _check_settings(settings)
    seed = whole_number("seed", seed, 0)
    watch.check()
    asked = _as_probability(question)
    tokens = question.tokens
    fixed = np.array([kind == "special" for kind in tokens.kinds])
    fixed[question.anchors()] = True
    places = np.flatnonzero(~fixed)
    fills = _loaded(filler)
    others = candidates(question.lm, tokens, places, fills)
    usable = np.array([len(one.ids) > 0 for one in others], bool)
    if not usable.any():
        raise InputError("No token can be replaced.", "Give a longer text, or filler=.")
    places, others = places[usable], [one for one in others if len(one.ids)]
    search = _Search(Variants(asked, max_memory), places, others, ratio, keep, top, start)
    search.run([np.random.default_rng([seed, i]) for i in range(probes)], watch, steps)
    scores = np.zeros(len(tokens), np.float32)
    scores[places] = search.scores()
    name = None if fills is None else fills.name
    found = {**settings, "filler": name, "seed": seed}
    return Scores(
        scores, found, None, watch.stopped, search.variants.passes + 1, search.probability
    )


@dataclass
class _Search:
    """Runs of the recursion, side by side."""

    variants: Variants
    places: NDArray[np.intp]
    others: list[Candidates]
    ratio: float
    keep: float
    top: int
    start: float
    probability: float = float("nan")
    taken: int = 0
    states: list[NDArray[np.float64]] = field(default_factory=list)

    def run(self, generators: list[np.random.Generator], watch: Watch, steps: int) -> None:
        """Take steps until every run has ended, or it is stopped."""
        count, running = len(self.places), list(range(len(generators)))
        replaced = max(1, round(self.ratio * count))
        kept = min(count - 1, max(1, round(self.keep * count)))
        self.states = [self.start * generator.random(count) for generator in generators]
        self.probability = float(self.variants.ask([self.variants.whole]).values[0])
        total = 2 * len(generators) * steps
        for step in range(steps):
            before = 2 * len(generators) * step
            chosen = [generators[i].permutation(count)[:replaced] for i in running]
            drops = self._asked(running, chosen, generators, watch, before, total).values
            drops = self.probability - drops
            if np.isnan(drops).any():
                if not watch.stopped:
                    raise InputError(
                        "The model gives NaN for a changed text.",
                        "Explain another number (of=), or use another method.",
                    )
                break
            for i, own, drop in zip(running, chosen, drops.tolist(), strict=True):
                self.states[i] = updated(self.states[i], own, drop)
            self.taken = step + 1
            weakest = [np.argsort(self.states[i], kind="stable")[: count - kept] for i in running]
            before += len(running)
            ranks = self._asked(running, weakest, generators, watch, before, total).ranks
            reached = (ranks >= 0) & (ranks < self.top)
            running = [i for i, done in zip(running, reached.tolist(), strict=True) if not done]
            if not running:
                break
        if not self.taken:
            watch.check()

    def _asked(
        self,
        running: list[int],
        chosen: list[NDArray[np.intp]],
        generators: list[np.random.Generator],
        watch: Watch,
        before: int,
        total: int,
    ) -> Asked:
        """Ask about texts where the chosen tokens are replaced."""
        rows = []
        for i, own in zip(running, chosen, strict=True):
            ids = np.array(self.variants.whole.ids)
            for player in own.tolist():
                other = self.others[player]
                ids[self.places[player]] = generators[i].choice(other.ids, p=other.shares)
            rows.append(self.variants.replaced(ids))
        return self.variants.ask(rows, watch, before=before, total=total)

    def scores(self) -> NDArray[np.float64]:
        """Return the mean of the runs, as shares."""
        powers = [np.exp(state - state.max()) for state in self.states]
        found: NDArray[np.float64] = np.mean([one / one.sum() for one in powers], axis=0)
        return found


def updated(
    state: NDArray[np.float64], replaced: NDArray[np.intp], drop: float
) -> NDArray[np.float64]:
    """Return the scores after one step.

    Parameters
    ----------
    state : ndarray of float64, shape (token,)
        Scores before, as logits.
    replaced : ndarray of int
        Tokens that were replaced.
    drop : float
        By how much the probability fell, -1 to 1.

    Returns
    -------
    ndarray of float64, shape (token,)
        Scores after.

    Examples
    --------
    >>> updated(np.zeros(2), np.array([1]), 0.5).round(2).tolist()
    [-1.1, 1.1]
    """
    share = np.clip((1 + drop) / 2, _EDGE, 1 - _EDGE)
    direction = np.full(len(state), -1.0)
    direction[replaced] = 1.0
    found: NDArray[np.float64] = state + direction * np.log(share / (1 - share))
    return found


def _as_probability(question: Question) -> Question:
    """Return the same question for the probability of the target, both resolved."""
    output = question.lm.run(question.inputs())
    question.resolve(output)
    if question.foil is not None or question.number.of_all:
        raise InputError(
            "ReAGent follows the probability of one target.", "Leave foil= and of= out."
        )
    asked = Question(
        question.lm,
        question.tokens,
        question.output_tokens,
        question.target,
        of="probability",
        position=question.asked_position,
    )
    asked.resolve(output)
    question.number = Number(question.lm, "probability")
    return asked


def _loaded(filler: Any) -> Any:
    if isinstance(filler, str):
        from lmwidget.models.loading import load

        return _GIVEN.get(filler) or load(filler)
    if filler is not None and not hasattr(filler, "tokenize"):
        raise InputError(
            f"filler is a {type(filler).__name__}.", "Give a LanguageModel, or the name of one."
        )
    if filler is not None:
        _GIVEN[filler.name] = filler
    return filler


def _check_settings(settings: dict[str, Any]) -> None:
    for name in ("ratio", "keep"):
        if not isinstance(settings[name], int | float) or not 0 < settings[name] < 1:
            raise InputError(f"{name} is {settings[name]!r}.", "Give a number between 0 and 1.")
    start = settings["start"]
    if isinstance(start, bool) or not isinstance(start, int | float) or not 0 <= start < math.inf:
        raise InputError(f"start is {start!r}.", "Give a number of at least 0, such as 0.01.")
    for name in ("top", "probes", "steps"):
        settings[name] = whole_number(name, settings[name], 1)


METHOD = Method(
    name="reagent",
    label="ReAGent",
    signed=False,
    slow=True,
    summary="How much the target needs each token, when others are rewritten by a language model.",
    paper="Zhao and Shan 2024",
    function=reagent,
    needs="question",
    limited=True,
    order=47,
    unit="share",
)
