"""Pictures of scores that were computed elsewhere: arrays, Captum, SHAP, Inseq, LIME."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any

from numpy.typing import ArrayLike
from typing_extensions import Self

from lmwidget.errors import refuse_unknown
from lmwidget.tokens import Tokens
from lmwidget.widgets.saliency_answer import AnswerWidget

_LOOKS = ("level", "step", "token", "theme", "layout")


class SaliencySources(AnswerWidget):
    """A widget of attribution that others' results can be shown in.

    Parameters
    ----------
    *args, **settings
        As for :class:`AnswerWidget`.
    """

    @classmethod
    def from_arrays(
        cls,
        scores: ArrayLike,
        tokens: Tokens | Sequence[str],
        *,
        signed: bool | None = None,
        unit: str = "score",
        method: str = "given scores",
        target: str = "",
        tokenizer: Any = None,
        **traits: Any,
    ) -> Self:
        """Return the picture of scores computed elsewhere.

        Parameters
        ----------
        scores : array_like, shape (token,)
            One score a token.
        tokens : Tokens or sequence of str
            The text: pieces with their spaces, or what ``tokenizer.convert_ids_to_tokens`` gives,
            whose marks are read; words without any space get one between them.
        tokenizer : transformers tokenizer or LanguageModel, optional
            Whose tokens they are, which may then be ids or the text itself.
        signed : bool, optional
            Whether scores below zero mean "against"; without it, whether any is.
        unit : str
            Unit of the scores.
        method : str
            Name of the method, for the figure.
        target : str
            What was explained, for the figure.
        **traits
            As for the class.

        Returns
        -------
        SaliencyText
            A picture without a model.

        Raises
        ------
        InputError
            When there is not one score for each token.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.SaliencyText.from_arrays([0.5, -1.0], ["so", " bad"]).result.signed
        True
        """
        from lmwidget.exchange.given_tokens import given_tokens
        from lmwidget.exchange.results import one_map

        named: dict[str, Any] = {"signed": signed, "unit": unit, "method": method, "target": target}
        result = one_map(given_tokens(tokens, tokenizer), scores, **named)
        return cls(_result=result, **traits)

    @classmethod
    def from_captum(cls, attributions: Any, tokens: Any = None, **settings: Any) -> Self:
        """Return the picture of what Captum computed.

        Parameters
        ----------
        attributions : object
            What a method of Captum returned; see :func:`lmwidget.exchange.from_captum`.
        tokens : Tokens or sequence of str, optional
            The text.
        **settings
            Further arguments of :func:`lmwidget.exchange.from_captum`; or ``level``, ``step``,
            ``token``, ``theme`` of the picture.

        Returns
        -------
        SaliencyText
            A picture without a model.

        Examples
        --------
        >>> import lmwidget as lmw, torch
        >>> lmw.SaliencyText.from_captum(torch.tensor([0.5, -1.0]), ["so", " bad"]).result.signed
        True
        """
        from lmwidget.exchange import from_captum

        return cls._of_others(from_captum, attributions, tokens, settings)

    @classmethod
    def from_shap(cls, explanation: Any, tokens: Any = None, **settings: Any) -> Self:
        """Return the picture of what SHAP computed.

        Parameters
        ----------
        explanation : shap.Explanation
            For one text; see :func:`lmwidget.exchange.from_shap`.
        tokens : Tokens or sequence of str, optional
            The text, where the explanation does not hold it.
        **settings
            Further arguments of :func:`lmwidget.exchange.from_shap`; or ``level``, ``step``,
            ``token``, ``theme`` of the picture.

        Returns
        -------
        SaliencyText
            A picture without a model.

        Examples
        --------
        >>> import lmwidget as lmw, numpy as np
        >>> from types import SimpleNamespace
        >>> explanation = SimpleNamespace(values=np.array([0.5, -1.0]), data=["so", " bad"],
        ...     base_values=0.0, output_names=None)
        >>> lmw.SaliencyText.from_shap(explanation).result.scores.tolist()
        [0.5, -1.0]
        """
        from lmwidget.exchange import from_shap

        return cls._of_others(from_shap, explanation, tokens, settings)

    @classmethod
    def from_inseq(cls, output: Any, tokens: Any = None, **settings: Any) -> Self:
        """Return the picture of what Inseq computed: an answer, token by token.

        Parameters
        ----------
        output : inseq.FeatureAttributionOutput
            For one text; see :func:`lmwidget.exchange.from_inseq`.
        tokens : Tokens or sequence of str, optional
            The text, where the output does not hold it.
        **settings
            Further arguments of :func:`lmwidget.exchange.from_inseq`; or ``level``, ``step``,
            ``token``, ``theme`` of the picture.

        Returns
        -------
        SaliencyText
            A picture without a model.
        """
        from lmwidget.exchange import from_inseq

        return cls._of_others(from_inseq, output, tokens, settings)

    @classmethod
    def from_lime(cls, explanation: Any, tokens: Any = None, **settings: Any) -> Self:
        """Return the picture of what LIME computed.

        Parameters
        ----------
        explanation : lime.explanation.Explanation
            For one text; see :func:`lmwidget.exchange.from_lime`.
        tokens : Tokens or sequence of str, optional
            The text, where the explanation does not hold it.
        **settings
            Further arguments of :func:`lmwidget.exchange.from_lime`; or ``level``, ``step``,
            ``token``, ``theme`` of the picture.

        Returns
        -------
        SaliencyText
            A picture without a model.
        """
        from lmwidget.exchange import from_lime

        return cls._of_others(from_lime, explanation, tokens, settings)

    @classmethod
    def _of_others(
        cls, read: Callable[..., Any], given: Any, tokens: Any, settings: dict[str, Any]
    ) -> Self:
        """Return the picture of what another tool computed."""
        parameters = signature(read).parameters.values()
        known = [one.name for one in parameters if one.kind is one.KEYWORD_ONLY]
        refuse_unknown(settings, [*known, *_LOOKS], f"{cls.__name__}.{read.__name__}")
        traits = {name: settings.pop(name) for name in _LOOKS if name in settings}
        return cls.from_result(read(given, tokens, **settings), **traits)
