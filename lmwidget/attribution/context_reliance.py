"""Context reliance: which passages of a prompt carried an answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.attribution import find_method
from lmwidget.attribution.answer_text import read_answer
from lmwidget.attribution.budget import memory_bytes
from lmwidget.attribution.game import Coalitions, Game
from lmwidget.attribution.method import Watch
from lmwidget.attribution.model_game import ModelGame
from lmwidget.attribution.progress import showing
from lmwidget.attribution.question import Question
from lmwidget.errors import InputError, refuse_unknown
from lmwidget.results import Attribution, Check
from lmwidget.units import Spans, check_passages, merged, passage_of_tokens

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel
    from lmwidget.tokens import Tokens

EXACT = 6
"Most passages whose Shapley values are computed by default: 64 coalitions."


def context_reliance(  # noqa: PLR0913
    lm: LanguageModel,
    text: Any,
    passages: Spans,
    answer: str | Tokens | Sequence[int] | None = None,
    *,
    method: str | None = None,
    of: str = "log_probability",
    removal: str = "delete",
    max_new_tokens: int = 32,
    max_memory: int | str | None = None,
    progress: Callable[[int, int, float], None] | bool | None = None,
    cancelled: Callable[[], bool] | None = None,
    **settings: Any,
) -> Attribution:
    """Return how much each passage of a prompt contributed to the whole answer.

    Only the passages are taken away: retrieved documents, examples, a system prompt. The question
    and the template of a chat stay.

    Parameters
    ----------
    lm : LanguageModel
        A causal model or an encoder-decoder, left as it is found.
    text : str, list of dict, tuple of (str, str), or Tokens
        The prompt, passages included.
    passages : sequence of (str, or tuple of (int, int))
        Parts of the prompt as text, or as character spans of ``lm.tokenize(text).text``.
    answer : str, Tokens, or sequence of int, optional
        As for :func:`lmwidget.attribution.answers.attribute_answer`; default: what the model
        writes, reading all passages.
    method : str, optional
        A method that takes units away. Default: ``"exact_shapley"`` (what a passage adds, averaged
        over all orders in which passages could come) of up to ``EXACT`` passages, otherwise
        ``"leave_one_out"``, which does not see what two passages say alike.
    of : str, default "log_probability"
        What is explained; log-probabilities of the answer's tokens add up.
    removal : str, default "delete"
        ``"delete"``, or what stands in the place of each token that is taken away.
    max_new_tokens : int, default 32
        Most tokens that the model writes by itself.
    max_memory, progress, cancelled
        As for :func:`lmwidget.attribution.attribute`.
    **settings
        Settings of the method.

    Returns
    -------
    Attribution
        At the level of passages; what is no passage scores 0. ``value`` is the log-probability of
        the answer with all passages, and the check ``"no context"`` in ``checks`` says what it is
        without any of them. ``settings`` and ``answer`` can be passed again to repeat it.

    Raises
    ------
    CancelledError
        When stopped before there was anything to return.
    InputError
        When a passage is not in the prompt, or the method takes nothing away.
    ModelMismatchError
        When the model cannot write.
    UnknownNameError
        For an unknown method or setting.

    References
    ----------
    Cohen-Wang, Shah, Georgiev and Madry (2024), ContextCite: attributing model generation to
    context, https://arxiv.org/abs/2409.00729, for the question that is asked.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> prompt = "The king said. And it came to pass. The king of the"
    >>> why = context_reliance(
    ...     lmw.load("tiny"), prompt, ["The king said.", "And it came to pass."], " king")
    >>> [piece for piece, score in zip(why.tokens.pieces, why.scores) if score]
    ['The king said.', ' And it came to pass.']
    """
    check_passages(passages)
    name = method or ("exact_shapley" if len(passages) <= EXACT else "leave_one_out")
    chosen = find_method(name)
    if chosen.needs != "values":
        raise InputError(
            f"{name!r} takes no passages away.", "Use 'exact_shapley' or 'leave_one_out'."
        )
    refuse_unknown(settings, chosen.settings, f"The method {name!r}")
    start = time.perf_counter()
    written = read_answer(lm, text, answer, max_new_tokens=max_new_tokens)
    question = written.question(0)
    target = tuple(written.tokens.ids[written.start :].tolist())
    tokens, output = question.tokens, question.output_tokens
    question = Question(lm, tokens, output, target, of=of)
    numbers = _with_space_behind(tokens, passage_of_tokens(tokens, passages))
    units = np.cumsum(np.diff(numbers, prepend=numbers[0]) != 0).astype(np.int32)
    with showing(progress, chosen.label) as report:
        watch = Watch(report, cancelled)
        with watch.interruptible():
            watch.check()
            game = PassageGame(
                ModelGame(question, units, removal=removal, keep_special=False, max_memory=memory_bytes(max_memory)),
                units[numbers >= 0],
            )  # fmt: skip
            found = chosen.function(game, watch, **settings)
            bare = game.empty
    if question.target.ids:
        probability = float(np.exp(game.full)) if of == "log_probability" else float("nan")
        question.target = replace(question.target, probability=probability)
    shown = merged(tokens, units)
    spans = [shown.spans[unit].tolist() for unit in np.unique(units[numbers >= 0])]
    return Attribution(
        tokens=shown,
        scores=game.scores(found.scores),
        method=name,
        signed=chosen.signed,
        target=question.target,
        readout=question.place.kind,
        unit=chosen.unit or question.unit,
        of=question.of,
        value=game.full,
        predictions=question.predictions,
        check=found.check,
        checks=(_no_context(question, game.full, bare),),
        settings={**found.settings, "removal": game.settings["removal"], "passages": spans},
        model=lm.name,
        cost={"seconds": time.perf_counter() - start, "passes": game.passes + 1},
        partial=found.partial,
        level="passage",
        source=tokens,
        parts=units,
        output=question.output_tokens,
    )


def passages_of(attribution: Attribution) -> NDArray[np.intp] | None:
    """Return the units that alone were taken away.

    Parameters
    ----------
    attribution : Attribution
        Any.

    Returns
    -------
    ndarray of int, shape (passage,), or None
        Passages among the units of what :func:`context_reliance` returned; None of other maps, of
        which every unit may be taken away.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> why = lm.context_reliance("The king said. And the", ["The king said."], " king")
    >>> passages_of(why).tolist(), passages_of(why.by("sentence"))
    ([0], None)
    """
    spans = attribution.settings.get("passages")
    if spans is None or attribution.level != "passage":
        return None
    found = [i for i, span in enumerate(attribution.tokens.spans.tolist()) if span in spans]
    return np.array(found) if len(found) == len(spans) else None


class PassageGame(Game):
    """The game of a prompt in which only some units may be taken away.

    Parameters
    ----------
    game : ModelGame
        The game of all units.
    units : ndarray of int
        Those that may be taken away.

    Raises
    ------
    InputError
        When there is none.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> question = Question(lm, lm.tokenize("The king said"))
    >>> game = PassageGame(ModelGame(question, np.array([0, 1, 1], np.int32)), np.array([1]))
    >>> len(game)
    1
    """

    def __init__(self, game: ModelGame, units: NDArray[np.integer[Any]]) -> None:
        playing = np.isin(np.arange(int(game.units.max()) + 1), np.intersect1d(units, game.players))
        super().__init__(game.tokens, game.units, playing)
        self._game, self._among = game, np.isin(game.players, self.players)
        self.unit, self.settings = game.unit, game.settings

    def _evaluate(
        self,
        present: Coalitions,
        found: Callable[[NDArray[np.intp], NDArray[np.float64]], bool],
    ) -> None:
        everything = np.ones((len(present), len(self._game)), bool)
        everything[:, self._among] = present
        self._game._evaluate(everything, found)  # noqa: SLF001, a game of the same kind


def _with_space_behind(tokens: Tokens, numbers: NDArray[np.int32]) -> NDArray[np.int32]:
    """Count the space behind a passage to it, so that it goes with it."""
    found = numbers.copy()
    for i in range(1, len(tokens)):
        if found[i] < 0 and tokens.kinds[i] == "text" and tokens.pieces[i].isspace():
            found[i] = found[i - 1]
    return found


def _no_context(question: Question, full: float, bare: float) -> Check:
    shown = question.target.label.strip()
    return Check(
        name="no context",
        value=bare,
        total=full,
        explanation=(
            f"Without any passage the {question.unit} of {shown!r} is {bare:.3g}; with all of them "
            f"it is {full:.3g}."
        ),
    )
