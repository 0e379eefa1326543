"""Why a model said something: the half of :class:`lmwidget.LanguageModel` that explains it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lmwidget.errors import InputError, refuse_unknown
from lmwidget.models.reader import Reader
from lmwidget.results import Attribution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from torch import Tensor

    from lmwidget.answers import AnswerAttribution
    from lmwidget.comparison import Comparison
    from lmwidget.models.language_model import LanguageModel
    from lmwidget.sensitivity import Sensitivity
    from lmwidget.tokens import Tokens
    from lmwidget.units import Spans


class ExplainedModel(Reader):
    """A model whose answers can be attributed to what it read, and the maps checked.

    Parameters
    ----------
    model, tokenizer, name, task, labels, multi_label, forward
        As for :class:`lmwidget.LanguageModel`.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> isinstance(lmw.load("tiny"), ExplainedModel)
    True
    """

    @property
    def _lm(self) -> LanguageModel:
        """The model itself, as what explains it knows it: there is no other kind."""
        return cast("LanguageModel", self)

    def attribute(
        self,
        text: Any,
        method: str | None = None,
        *,
        target: Any = None,
        foil: Any = None,
        of: str | Callable[[Tensor], Tensor] | None = None,
        position: int | str | None = None,
        level: str | Spans = "token",
        output: str | Tokens | None = None,
        truncate: bool = False,
        **settings: Any,
    ) -> Attribution:
        """Return how much each unit of the text contributed to a prediction.

        Parameters
        ----------
        text : str, list of dict, tuple of (str, str), or Tokens
            What the model reads.
        method : str, optional
            Key of ``lmwidget.attribution.METHODS``. Default: ``"leave_one_out"`` for texts of up to
            32 tokens (or so few units that it is as quick), of a token's log-probability where
            neither ``of`` nor ``foil`` is given; ``"input_x_gradient"`` for longer ones.
        target : str, int, tuple of int, or Prediction, optional
            Token, phrase of several tokens, class, or part of the text that answers a question, as
            text or by index; default: the model's own strongest prediction.
        foil : str, int, tuple of int, or Prediction, optional
            Alternative that the target is contrasted with.
        of : str or callable, optional
            ``"logit"`` (default), ``"log_probability"`` (default for a phrase), ``"probability"``,
            ``"entropy"`` of the whole prediction, or a function of the logits (text, candidate)
            that returns (text,).
        position : int or str, optional
            Where the answer is read: a token; of answers to questions ``"start"`` or ``"end"``.
        level : str or sequence of spans, default "token"
            ``"word"``, ``"sentence"``, ``"paragraph"``, ``"turn"``, or own passages.
        output : str or Tokens, optional
            What an encoder-decoder has written so far.
        truncate : bool, default False
            Cut text that is longer than the model's context.
        **settings
            Settings of the method, such as ``steps``; ``max_memory``, ``progress`` and
            ``cancelled`` as in :func:`lmwidget.attribution.attribute`.

        Returns
        -------
        Attribution
            One score a unit.

        Raises
        ------
        InputError
            When the text or the target cannot be used.
        UnknownNameError
            For an unknown method, target, level or setting.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.load("tiny").attribute("The king said").scores.shape
        (3,)
        """
        from lmwidget.attribution import attribute

        tokens = self.tokenize(text, truncate=truncate)
        return attribute(
            self._lm,
            tokens,
            method,
            target,
            foil,
            of=of,
            position=position,
            level=level,
            output_tokens=self._written(output),
            **settings,
        )

    def attribute_answer(
        self,
        text: Any,
        answer: str | Tokens | Sequence[int] | None = None,
        method: str = "input_x_gradient",
        *,
        level: str | Spans = "token",
        max_new_tokens: int = 32,
        truncate: bool = False,
        **settings: Any,
    ) -> AnswerAttribution:
        """Return how much each token contributed to each token of an answer: token × token.

        Parameters
        ----------
        text : str, list of dict, tuple of (str, str), or Tokens
            What the model reads.
        answer : str, Tokens, or sequence of int, optional
            Text that stands exactly behind the input, or ids; default: what the model writes.
        method : str, default "input_x_gradient"
            Key of ``lmwidget.attribution.METHODS``.
        level : str or sequence of spans, default "token"
            Of what contributed; the rows stay tokens.
        max_new_tokens : int, default 32
            Most tokens that the model writes by itself.
        truncate : bool, default False
            Cut text that is longer than the model's context.
        **settings
            ``foils``, ``of``, ``rows``, ``max_memory``, ``progress`` and ``cancelled`` as in
            :func:`lmwidget.attribution.answers.attribute_answer`, and settings of the method.

        Returns
        -------
        AnswerAttribution
            ``.step(i)`` is one row, ``.whole()`` the sum, ``.by("sentence")`` coarser.

        Raises
        ------
        InputError
            When the answer is empty or too long.
        ModelMismatchError
            When the model cannot write.
        UnknownNameError
            For an unknown method, level or setting.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.load("tiny").attribute_answer("The king", " said And").scores.shape
        (2, 4)
        """
        from lmwidget.attribution.answers import attribute_answer

        return attribute_answer(
            self._lm,
            text,
            answer,
            method,
            level=level,
            max_new_tokens=max_new_tokens,
            truncate=truncate,
            **settings,
        )

    def sensitivity(
        self,
        text: Any,
        target: Any = None,
        *,
        foil: Any = None,
        kinds: str | Iterable[str] = ("substitution", "deletion", "noise"),
        of: str | Callable[[Tensor], Tensor] | None = None,
        position: int | str | None = None,
        output: str | Tokens | None = None,
        truncate: bool = False,
        **settings: Any,
    ) -> Sensitivity:
        """Return how far a prediction moves under small changes of the text.

        Parameters
        ----------
        text : str, list of dict, tuple of (str, str), or Tokens
            What the model reads.
        target, foil, of, position, output, truncate
            As for :meth:`attribute`; ``of`` is ``"probability"`` by default.
        kinds : str or sequence of str
            ``"substitution"`` by the nearest tokens in the model's own table of embeddings,
            ``"deletion"``, ``"noise"`` on embeddings; default: all.
        **settings
            ``substitutes``, ``noise``, ``draws``, ``seed``, ``max_memory``, ``progress``,
            ``cancelled`` of :func:`lmwidget.inspection.sensitivity.sensitivity`.

        Returns
        -------
        Sensitivity
            A curve a token, ``robustness``, ``smallest_noise``; a map of the text by
            ``.attribution()``.

        Raises
        ------
        InputError
            When the text or the target cannot be used.
        UnknownNameError
            For an unknown kind, target or setting.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> found = lmw.load("tiny").sensitivity("The king of the king of the")
        >>> found.attribution("substitution").unit
        'probability'
        """
        from lmwidget.inspection.sensitivity import sensitivity

        known = ["substitutes", "noise", "draws", "seed", "max_memory", "progress", "cancelled"]
        refuse_unknown(settings, known, "sensitivity")
        tokens = self.tokenize(text, truncate=truncate)
        written = self._written(output)
        return sensitivity(self._lm, tokens, target, foil, kinds=kinds, of=of, position=position, output_tokens=written, **settings)  # fmt: skip

    def compare(
        self,
        text: Any,
        methods: Sequence[str] | None = None,
        *,
        output: str | Tokens | None = None,
        truncate: bool = False,
        **asked: Any,
    ) -> Comparison:
        """Return the maps of several methods for one question, with their agreement and checks.

        Parameters
        ----------
        text : str, list of dict, tuple of (str, str), or Tokens
            What the model reads.
        methods : sequence of str, optional
            Names of methods; default: some of different kinds, and random scores as control.
        output : str or Tokens, optional
            What an encoder-decoder has written so far.
        truncate : bool, default False
            Cut text that is longer than the model's context.
        **asked
            ``target``, ``foil``, ``of``, ``position``, ``level``, ``settings``, ``checks``, … of
            :func:`lmwidget.evaluation.compare`.

        Returns
        -------
        Comparison
            Displays as a :class:`lmwidget.SaliencyCompare`.

        Raises
        ------
        InputError
            When none of the methods can be used.
        UnknownNameError
            For an unknown method.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.load("tiny").compare("The king said", ["gradient", "random"]).level
        'token'
        """
        from lmwidget.evaluation import compare

        tokens = self.tokenize(text, truncate=truncate)
        return compare(self._lm, tokens, methods, output_tokens=self._written(output), **asked)

    def context_reliance(
        self,
        text: Any,
        passages: Spans,
        answer: str | Tokens | Sequence[int] | None = None,
        **settings: Any,
    ) -> Attribution:
        """Return which passages of a prompt carried the answer.

        Parameters
        ----------
        text : str, list of dict, tuple of (str, str), or Tokens
            The prompt, passages included.
        passages : sequence of (str, or tuple of (int, int))
            Retrieved documents, examples, a system prompt: as text, or as character spans.
        answer : str, Tokens, or sequence of int, optional
            Text that stands exactly behind the prompt; default: what the model writes.
        **settings
            ``method``, ``of``, ``removal``, ``max_new_tokens``, … of
            :func:`lmwidget.attribution.context_reliance.context_reliance`.

        Returns
        -------
        Attribution
            At the level of passages, in log-probability of the whole answer; ``checks`` says what
            it is with no passage at all.

        Raises
        ------
        InputError
            When a passage is not in the prompt.
        ModelMismatchError
            When the model cannot write.
        UnknownNameError
            For an unknown method or setting.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> lm.context_reliance("The king said. And the", ["The king said."], " king").checks[0].name
        'no context'
        """
        from lmwidget.attribution.context_reliance import context_reliance

        return context_reliance(self._lm, text, passages, answer, **settings)

    def check(self, attribution: Attribution, *more: Any, **settings: Any) -> Attribution:
        """Return the attribution with its checks: does the model need what the map marks.

        Parameters
        ----------
        attribution : Attribution
            From :meth:`attribute`.
        *more
            Nothing: all checks are made at once.
        **settings
            ``random_maps``, ``seeds``, ``seed``, ``removal``, … of :func:`lmwidget.evaluation.check`.

        Returns
        -------
        Attribution
            With ``checks``: comprehensiveness and sufficiency beside those of random maps, and
            stability over seeds.

        Raises
        ------
        CancelledError
            When it was stopped.
        InputError
            When the attribution is not of this model, or a check is named.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> lm.check(lm.attribute("The king of the king of the")).checks[0].name
        'comprehensiveness'
        """
        from lmwidget.evaluation import check

        if more:
            raise InputError(
                f"check takes one map, and {more[0]!r} behind it.",
                "Leave it out: all checks are made at once, and settings have names, such as "
                "random_maps=20.",
            )
        return check(self._lm, attribution, **settings)
