"""How the layers of a model mix tokens, and which tokens an output is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.capture.indexing import choose, whole
from lmwidget.errors import InputError
from lmwidget.frames import dataframe
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    import pandas as pd

Scores = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ContextMixing:
    """What each layer mixes, and by that what every output of a layer is made of.

    One layer's matrix says how much of each position before the layer goes into each position
    after it. Along a path through the layers these numbers multiply, and paths add up.

    Attributes
    ----------
    tokens : Tokens
        One a position.
    steps : ndarray of float32, shape (layer, query, key)
        How much of position ``key`` before a layer goes into ``query`` after it.
    method : str
        ``"attention"``, ``"rollout"``, ``"flow"``, ``"norms"``, ``"relevance"``, …
    label : str
        Name of the method in words, with its paper.
    unit : str
        What the numbers are: ``"share"``, ``"relevance"``, …
    layer_numbers : tuple of int
        The model's own numbers of the layers.
    kind : str
        Kind of attention that is mixed.
    model : str
        Name of the model.
    target : str
        What a method with gradients explains; empty for the others.
    note : str
        One sentence for the figure's caption, or empty.
    settings : dict
        Everything needed to repeat the computation.
    cost : dict
        ``seconds`` and ``passes``.

    Examples
    --------
    >>> half = np.array([[[1, 0], [0.5, 0.5]]] * 2, np.float32)
    >>> mixing = ContextMixing(Tokens.from_pieces(["a", "b"]), half, "rollout")
    >>> mixing.row(1).tolist()
    [0.75, 0.25]
    """

    tokens: Tokens
    steps: Scores
    method: str
    label: str = ""
    unit: str = "share"
    layer_numbers: tuple[int, ...] = ()
    kind: str = "self"
    model: str = ""
    target: str = ""
    note: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    cost: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        layers, queries, keys = self.steps.shape
        if not queries == keys == len(self.tokens):
            raise InputError(
                f"Steps of shape {self.steps.shape} do not fit {len(self.tokens)} tokens.",
                "Give an array of shape (layer, token, token).",
            )
        if not self.layer_numbers:
            object.__setattr__(self, "layer_numbers", tuple(range(layers)))

    def __repr__(self) -> str:
        layers, tokens, _ = self.steps.shape
        name = type(self).__name__
        return f"<{name} {self.method}: {layers} layers, {tokens} tokens, {self.model}>"

    def __len__(self) -> int:
        return len(self.steps)

    def row(self, token: int, layer: int = -1) -> Scores:
        """Return what one output is made of.

        Parameters
        ----------
        token : int
            Position after the layer.
        layer : int, default -1
            Layer, from 0; default: the last.

        Returns
        -------
        ndarray of float32, shape (key,)
            How much of each input of the first layer is in it.

        Raises
        ------
        UnknownNameError
            When there is no such token or layer.

        Examples
        --------
        >>> steps = np.full((1, 2, 2), 0.5, np.float32)
        >>> ContextMixing(Tokens.from_pieces(["a", "b"]), steps, "attention").row(0).tolist()
        [0.5, 0.5]
        """
        place, last = self._place(token, layer)
        row: NDArray[np.float64] = self.steps[last, place].astype(np.float64)
        for step in self.steps[:last][::-1]:
            row = row @ step
        return row.astype(np.float32)

    def matrix(self, layer: int = -1) -> Scores:
        """Return what all outputs of a layer are made of.

        Parameters
        ----------
        layer : int, default -1
            Layer, from 0; default: the last.

        Returns
        -------
        ndarray of float32, shape (query, key)
            :meth:`row` of every token.

        Raises
        ------
        UnknownNameError
            When there is no such layer.

        Examples
        --------
        >>> steps = np.full((2, 2, 2), 0.5, np.float32)
        >>> ContextMixing(Tokens.from_pieces(["a", "b"]), steps, "attention").matrix().tolist()
        [[0.5, 0.5], [0.5, 0.5]]
        """
        _, last = self._place(0, layer)
        found: NDArray[np.float64] = self.steps[0].astype(np.float64)
        for step in self.steps[1 : last + 1]:
            found = step @ found
        return found.astype(np.float32)

    def trace(self, token: int, layer: int = -1) -> Scores:
        """Return on which ways the sources of one output come to it.

        Parameters
        ----------
        token : int
            Position after the layer.
        layer : int, default -1
            Layer, from 0; default: the last.

        Returns
        -------
        ndarray of float32, shape (layer + 1, query, key)
            How much of the output passes along each edge; summed over queries, the first layer
            gives :meth:`row`.

        Raises
        ------
        UnknownNameError
            When there is no such token or layer.

        Examples
        --------
        >>> steps = np.full((2, 2, 2), 0.5, np.float32)
        >>> mixing = ContextMixing(Tokens.from_pieces(["a", "b"]), steps, "attention")
        >>> mixing.trace(1)[1].tolist()
        [[0.0, 0.0], [0.5, 0.5]]
        """
        place, last = self._place(token, layer)
        here = np.zeros(len(self.tokens))
        here[place] = 1
        found = np.zeros((last + 1, *self.steps.shape[1:]), np.float32)
        for at in range(last, -1, -1):
            edges = here[:, None] * self.steps[at]
            found[at] = edges
            here = edges.sum(0)
        return found

    def to_dataframe(self, layer: int = -1) -> pd.DataFrame:
        """Return one row for each output and input token.

        Parameters
        ----------
        layer : int, default -1
            Layer, from 0; default: the last.

        Returns
        -------
        pandas.DataFrame
            Columns ``query``, ``key``, ``query_token``, ``key_token``, ``score``.

        Raises
        ------
        MissingDependencyError
            When pandas is not installed.
        UnknownNameError
            When there is no such layer.

        Examples
        --------
        >>> steps = np.full((2, 2, 2), 0.5, np.float32)
        >>> len(ContextMixing(Tokens.from_pieces(["a", "b"]), steps, "rollout").to_dataframe())
        4
        """
        count = len(self.tokens)
        queries, keys = (axis.ravel() for axis in np.indices((count, count)))
        pieces = np.asarray(self.tokens.pieces, dtype=object)
        return dataframe(
            {
                "query": queries,
                "key": keys,
                "query_token": pieces[queries],
                "key_token": pieces[keys],
                "score": self.matrix(layer).ravel(),
            }
        )

    def _place(self, token: int, layer: int) -> tuple[int, int]:
        """Return token and layer counted from 0."""
        (place,), _ = choose(whole(token, "token"), len(self.tokens), "token")
        (at,), _ = choose(whole(layer, "layer"), len(self), "layer")
        return place, at

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        from lmwidget.widgets.attention_flow import AttentionFlow

        return AttentionFlow.from_result(self)._repr_mimebundle_(**kwargs)
