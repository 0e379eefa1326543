"""What each attention head contributes to a prediction, to first order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lmwidget.capture.kept.records import Record, UnavailableRecord
from lmwidget.errors import UnknownNameError, nearest
from lmwidget.frames import dataframe
from lmwidget.inspection.attention.explained import Explained, explain
from lmwidget.inspection.attention.gradients import AttentionXGradient
from lmwidget.inspection.attention.reading import blocks
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    import pandas as pd

    from lmwidget.models.language_model import LanguageModel
    from lmwidget.results import Prediction

Scores = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class HeadContributions:
    """What each head contributes to a target, to first order.

    The gradient of the target times the output of the head, summed over channels and positions:
    by how many logits the target would change for each unit by which the head is scaled, had the
    target stayed linear. Paths through later layers and normalisation count, each linearised.

    Attributes
    ----------
    tokens : Tokens
        What looks: one a position.
    positions : ndarray of float32, shape (layer, head, token)
        Contribution of what a head puts out at each position; NaN where there is no such head, or
        where a layer could not be read.
    target : Prediction
        What is explained.
    foil : Prediction or None
        What it is contrasted with.
    value : float
        The number that is explained: a raw logit, or logit(target) − logit(foil).
    unit : str
        ``"logit"`` or ``"logit difference"``.
    place : int or None
        Position where the target is read; None for classes.
    layer_numbers : tuple of int
        The model's own numbers of the layers.
    kind : str
        Kind of attention.
    model : str
        Name of the model.
    cost : dict
        ``seconds`` and ``passes``.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> head_contributions(lmw.load("tiny"), "the king said").scores.shape
    (2, 4)
    """

    tokens: Tokens
    positions: Scores
    target: Prediction
    foil: Prediction | None
    value: float
    unit: str
    place: int | None
    layer_numbers: tuple[int, ...]
    kind: str = "self"
    model: str = ""
    cost: dict[str, float] = field(default_factory=dict)
    _others: dict[str, HeadContributions] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        layers, heads = self.scores.shape
        return f"<HeadContributions to {self.target.label!r}: {layers} layers × {heads} heads>"

    @property
    def scores(self) -> Scores:
        """Contribution of each head, float32 (layer, head), signed, in ``unit``."""
        summed: Scores = self.positions.sum(-1, dtype=np.float64).astype(np.float32)
        return summed

    @property
    def kinds(self) -> tuple[str, ...]:
        """All kinds of attention there are."""
        return tuple(self._others) or (self.kind,)

    @property
    def title(self) -> str:
        """What a figure of it is called."""
        return "Contribution of heads"

    @property
    def note(self) -> str:
        """One sentence for the figure's caption."""
        against = "" if self.foil is None else f" rather than {self.foil.label!r}"
        return (
            f"Gradient × output of each head: what it adds to the {self.unit} of "
            f"{self.target.label!r}{against}, to first order, on all ways through later layers."
        )

    def select(self, kind: str) -> HeadContributions:
        """Return the heads of another kind of attention.

        Parameters
        ----------
        kind : str
            One of ``kinds``.

        Returns
        -------
        HeadContributions
            Of the same pass.

        Raises
        ------
        UnknownNameError
            When there is no such kind.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> head_contributions(lmw.load("tiny"), "the king said").select("self").kind
        'self'
        """
        if kind == self.kind:
            return self
        if kind not in self._others:
            raise UnknownNameError(
                f"There is no {kind!r} attention here.", nearest(kind, self.kinds)
            )
        return self._others[kind]

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a head.

        Returns
        -------
        pandas.DataFrame
            Columns ``kind``, ``layer`` (the model's own number), ``head``, ``contribution``.

        Raises
        ------
        MissingDependencyError
            When pandas is not installed.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> len(head_contributions(lmw.load("tiny"), "the king said").to_dataframe())
        8
        """
        scores = self.scores
        layers, heads = np.nonzero(~np.isnan(scores))
        return dataframe(
            {
                "kind": self.kind,
                "layer": np.asarray(self.layer_numbers)[layers],
                "head": heads,
                "contribution": scores[layers, heads],
            }
        )


def head_contributions(
    lm: LanguageModel,
    text: Any,
    *,
    target: str | int | Prediction | None = None,
    foil: str | int | Prediction | None = None,
    output: str | Tokens | None = None,
    truncate: bool = False,
) -> HeadContributions:
    """Return what each attention head contributes to a prediction, to first order.

    For every head the gradient of the target with respect to its output, times that output, summed
    over channels and over all positions: the derivative of the target when the head is scaled.
    It is the first-order estimate of the loss when the head is taken away (Michel, Levy and Neubig
    2019; Molchanov et al. 2017), and holds everything that happens to the output behind the head:
    projection, residual stream, later layers, final normalisation, all linearised. What is only
    put out at the position where the target is read is ``positions[:, :, place]``.

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
    HeadContributions
        ``.scores`` (layer, head) in logits, signed.

    Raises
    ------
    InputError
        When the text or the target cannot be used.
    ModelMismatchError
        When the model predicts nothing, or has no gradients.
    NoAttentionError
        When the model has no attention.
    UnavailableError
        When no layer can be read, or a gradient cannot.
    UnknownNameError
        For an unknown class or index.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> found = head_contributions(lmw.load("tiny"), "the king said", target=" the")
    >>> found.positions.shape, found.place
    ((2, 4, 4), 3)
    """
    found = explain(lm, text, target=target, foil=foil, output=output, truncate=truncate)
    edges = AttentionXGradient(found)
    every: dict[str, HeadContributions] = {}
    for kind in edges.kinds:
        every[kind] = _of_kind(found, edges.select(kind), every)
    return every[edges.kind]


def _of_kind(
    found: Explained, edges: AttentionXGradient, every: dict[str, HeadContributions]
) -> HeadContributions:
    layers, heads, queries, _ = edges.shape
    positions = np.full((layers, heads, queries), np.nan, np.float32)
    for layer in range(layers):
        record = edges.attention.record(layer)
        if not isinstance(record, UnavailableRecord):
            positions[layer, : edges.heads(layer)] = _of_layer(record, edges, layer)
    place = found.readout.position
    reads = edges.kind in {"self", "decoder", "cross"}
    return HeadContributions(
        edges.tokens,
        positions,
        target=found.target,
        foil=found.foil,
        value=found.value,
        unit=found.unit,
        place=None if place is None or not reads else place % queries,
        layer_numbers=edges.layer_numbers,
        kind=edges.kind,
        model=edges.model,
        cost=found.cost,
        _others=every,
    )


def _of_layer(record: Record, edges: AttentionXGradient, layer: int) -> Scores:
    """Contributions of a layer, shape (head, query)."""
    trace, output = record.trace, record.output
    if trace is not None and trace.of == "output" and None not in (trace.gradient, output):
        assert trace.gradient is not None
        assert output is not None
        product: Tensor = trace.gradient.double() * output.double()
        summed: Scores = product[0].sum(-1).float().cpu().numpy()
        return summed
    # The output is weights times values, so it comes to the same to sum over the weights.
    parts = [np.sum(products, -1, dtype=np.float64) for _, products in blocks(edges, layer)]
    return np.concatenate(parts, 1).astype(np.float32)
