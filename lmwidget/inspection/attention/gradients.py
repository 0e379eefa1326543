"""The gradient of a prediction with respect to attention weights, and their product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from lmwidget.capture.indexing import as_slice
from lmwidget.derived import DerivedAttention, Weights
from lmwidget.errors import UnknownNameError, nearest
from lmwidget.inspection.attention.explained import Explained, explain

if TYPE_CHECKING:
    from lmwidget.capture.attention import Attention
    from lmwidget.models.language_model import LanguageModel
    from lmwidget.results import Prediction
    from lmwidget.tokens import Tokens


class _OfTarget(DerivedAttention):
    """Something about each weight that depends on a target; the kinds are those of the pass."""

    signed = True

    def __init__(self, explained: Explained, kind: str | None = None) -> None:
        attention = explained.attention
        attention = attention if kind is None else attention.select(kind)
        super().__init__(
            attention.tokens,
            attention.key_tokens,
            [attention.heads(layer) for layer in range(len(attention))],
            kind=attention.kind,
            model=attention.model,
            layer_numbers=attention.layer_numbers,
            note=self._note(explained),
        )
        self.kinds = attention.kinds
        self.attention: Attention = attention
        self.target: Prediction = explained.target
        self.foil: Prediction | None = explained.foil
        self.value, self.unit = explained.value, explained.unit
        self.readout = explained.readout.kind
        self.cost = dict(explained.cost)
        self._explained = explained

    @property
    def causal(self) -> bool:
        """Whether tokens look only at themselves and at earlier tokens."""
        return self.attention.causal

    def select(self, kind: str) -> Any:
        """Return the same about another kind of attention of the pass.

        Parameters
        ----------
        kind : str
            One of ``kinds``.

        Returns
        -------
        AttentionGradients or AttentionXGradient
            Shares what was captured.

        Raises
        ------
        UnknownNameError
            When there is no such kind.
        """
        if kind not in self.kinds:
            raise UnknownNameError(
                f"There is no {kind!r} attention here.", nearest(kind, self.kinds)
            )
        return type(self)(self._explained, kind)

    def _note(self, explained: Explained) -> str:
        raise NotImplementedError

    def _both(self, layer: int, heads: list[int], queries: list[int]) -> tuple[Weights, Weights]:
        """Weights and gradients, shape (head, query, key)."""
        record = self.attention.record(layer)
        chosen = as_slice(heads), as_slice(queries)
        with torch.no_grad():
            weights = record.weights(*chosen)[0].cpu().numpy()
            gradients = record.gradient(*chosen)[0].cpu().numpy()
        # A mask holds these at zero whatever happens.
        return weights, np.where(weights == 0, np.float32(0), gradients)


class AttentionGradients(_OfTarget):
    """How a prediction would change with each attention weight.

    Read like attention: ``gradients[layer, head]`` is signed, (query, key), in logits per unit of
    weight. Each weight is taken alone, with no regard to the sum of its row. It is 0 where the
    weight is exactly 0, since a mask holds it there.

    Attributes
    ----------
    attention : Attention
        The weights.
    target : Prediction
        What is explained.
    foil : Prediction or None
        What it is contrasted with.
    value : float
        The number that is explained: a raw logit, or logit(target) − logit(foil).
    unit : str
        ``"logit"`` or ``"logit difference"``.
    readout : str
        Where it was read: ``"next token"``, ``"masked token"`` or ``"class"``.
    cost : dict
        ``seconds`` and ``passes``.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> found = attention_gradients(lmw.load("tiny"), "the king said")
    >>> found[1, 0].shape == found.attention[1, 0].shape
    True
    """

    title = "Gradient of attention"

    @property
    def gradients(self) -> AttentionGradients:
        """The gradients: itself."""
        return self

    @property
    def x_gradient(self) -> AttentionXGradient:
        """Weights times gradients: what each edge contributes to the target, to first order."""
        return AttentionXGradient(self._explained, self.kind)

    def _note(self, explained: Explained) -> str:
        return (
            f"Change of the {explained.unit} of {explained.name} for each unit of a weight, "
            "each weight taken alone."
        )

    def _weights(self, layer: int, heads: list[int], queries: list[int]) -> Weights:
        return self._both(layer, heads, queries)[1]


class AttentionXGradient(_OfTarget):
    """What each attention weight contributes to a prediction, to first order.

    Weight times gradient, signed, in logits: how much the target would lose if the edge were cut
    and everything else went on alike.

    Attributes
    ----------
    attention, target, foil, value, unit, readout, cost
        As of :class:`AttentionGradients`.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> attention_x_gradient(lmw.load("tiny"), "the king said").signed
    True
    """

    title = "Attention × gradient"

    def _note(self, explained: Explained) -> str:
        return (
            f"Weight × gradient: what an edge adds to the {explained.unit} of {explained.name}, "
            "to first order."
        )

    def _weights(self, layer: int, heads: list[int], queries: list[int]) -> Weights:
        weights, gradients = self._both(layer, heads, queries)
        return weights * gradients


def attention_gradients(
    lm: LanguageModel,
    text: Any,
    *,
    target: Any = None,
    foil: Any = None,
    output: str | Tokens | None = None,
    truncate: bool = False,
) -> AttentionGradients:
    """Return how a prediction would change with each attention weight.

    One forward and one backward pass of the model as it is. The gradient with respect to weights
    is the gradient with respect to the output of a head times its values, so it is computed only
    where it is asked for, and memory grows linearly with the length of the text.

    Parameters
    ----------
    lm : LanguageModel
        The model, left as it is found.
    text : str, list of dict, tuple of (str, str), or Tokens
        What it reads.
    target : str, int or Prediction, optional
        Token, class or index to explain; default: the model's own strongest prediction.
    foil : str, int or Prediction, optional
        Alternative that the target is contrasted with.
    output : str or Tokens, optional
        What an encoder-decoder has written so far; default: its start token.
    truncate : bool, default False
        Cut text that is longer than the model's context.

    Returns
    -------
    AttentionGradients
        Signed, in logits per unit of weight; ``.x_gradient`` is weights × gradients, ``.attention``
        the weights. Encoder-decoders have ``kinds`` to ``select``.

    Raises
    ------
    InputError
        When the text or the target cannot be used.
    ModelMismatchError
        When the model predicts nothing, or has no gradients.
    NoAttentionError
        When the model has no attention.
    UnavailableError
        When no layer can be read, or the pass is cut off from its input.
    UnknownNameError
        For an unknown class or index.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> found = attention_gradients(lmw.load("tiny"), "the king said", target=" the")
    >>> found.target.label, found[0].shape
    (' the', (4, 4, 4))
    """
    return AttentionGradients(
        explain(lm, text, target=target, foil=foil, output=output, truncate=truncate)
    )


def attention_x_gradient(
    lm: LanguageModel,
    text: Any,
    *,
    target: Any = None,
    foil: Any = None,
    output: str | Tokens | None = None,
    truncate: bool = False,
) -> AttentionXGradient:
    """Return what each attention weight contributes to a prediction, to first order.

    Parameters
    ----------
    lm, text, target, foil, output, truncate
        As for :func:`attention_gradients`.

    Returns
    -------
    AttentionXGradient
        Signed, in logits.

    Raises
    ------
    InputError, ModelMismatchError, NoAttentionError, UnavailableError, UnknownNameError
        As :func:`attention_gradients`.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> found = attention_x_gradient(lmw.load("tiny"), "the king said")
    >>> bool((found[0] == found.attention[0] * attention_gradients(
    ...     lmw.load("tiny"), "the king said")[0]).all())
    True
    """
    return AttentionXGradient(
        explain(lm, text, target=target, foil=foil, output=output, truncate=truncate)
    )
