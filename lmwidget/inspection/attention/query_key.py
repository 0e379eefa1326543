"""What one attention score is made of: query, key, and every step from their product to a weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lmwidget.capture.indexing import choose, whole
from lmwidget.capture.kept.query_key import QueryKeyRecord, Stages
from lmwidget.capture.kept.records import Record, UnavailableRecord
from lmwidget.errors import UnavailableError
from lmwidget.frames import dataframe
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    import pandas as pd

Vector = NDArray[np.float32]

_FAR = -1e4  # added by a mask, this hides; a position bias that is put into a mask is nearer


@dataclass(frozen=True, eq=False)
class Step:
    """One step from the product of query and key to an attention weight.

    Attributes
    ----------
    name : str
        In words, such as ``"Scale"``.
    symbol : str
        What is done, as a formula: ``"× 0.125"``.
    value : float
        What is there after the step, at the key.
    row : ndarray of float32, shape (key,)
        The same for every key that the query is compared with; −∞ where a mask hides it.
    note : str
        One sentence on why this is done.
    """

    name: str
    symbol: str
    value: float
    row: Vector
    note: str = ""


@dataclass(frozen=True, eq=False)
class QueryKey:
    """What one attention weight is made of.

    Attributes
    ----------
    tokens, key_tokens : Tokens
        What looks, and what is looked at.
    layer, head, query, key : int
        Which weight, counted from 0.
    query_vector, key_vector : ndarray of float32, shape (channel,)
        As the layer multiplies them, that is after rotary position embedding if it has one.
    product : ndarray of float32, shape (channel,)
        Their product by dimension; it sums to ``dot``.
    steps : tuple of Step
        In the order in which the layer takes them; the last one is the weight.
    sink : float or None
        Score of the head's sink, a key that belongs to no token and takes weight (GPT-OSS).
    scale : float
        What the dot product is multiplied by.
    kind : str
        Kind of attention.
    model : str
        Name of the model.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> attention = lmw.load("tiny").attention("the king said")
    >>> [step.name for step in query_key(attention, 1, 0, 3, 1).steps]
    ['Dot product', 'Scale', 'Mask', 'Exponential', 'Share']
    """

    tokens: Tokens
    key_tokens: Tokens
    layer: int
    head: int
    query: int
    key: int
    query_vector: Vector
    key_vector: Vector
    steps: tuple[Step, ...]
    sink: float | None
    scale: float
    kind: str = "self"
    model: str = ""

    def __repr__(self) -> str:
        at = f"layer {self.layer}, head {self.head}"
        pieces = self.tokens.pieces[self.query], self.key_tokens.pieces[self.key]
        return f"<QueryKey {at}: {pieces[0]!r} → {pieces[1]!r}, weight {self.weight:.3g}>"

    @property
    def product(self) -> Vector:
        """Product of query and key by dimension."""
        return self.query_vector * self.key_vector

    @property
    def dot(self) -> float:
        """Dot product of query and key."""
        return self.steps[0].value

    @property
    def score(self) -> float:
        """What goes into the softmax."""
        return self.steps[-3].value

    @property
    def weight(self) -> float:
        """Attention weight, 0 to 1."""
        return self.steps[-1].value

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a dimension.

        Returns
        -------
        pandas.DataFrame
            Columns ``dimension``, ``query``, ``key``, ``product``.

        Raises
        ------
        MissingDependencyError
            When pandas is not installed.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> attention = lmw.load("tiny").attention("the king said")
        >>> len(query_key(attention, 0, 0, 2, 1).to_dataframe())
        24
        """
        return dataframe(
            {
                "dimension": np.arange(len(self.query_vector)),
                "query": self.query_vector,
                "key": self.key_vector,
                "product": self.product,
            }
        )


def query_key(attention: Any, layer: int, head: int, query: int, key: int) -> QueryKey:
    """Return how one attention weight comes about, step by step.

    Everything comes from the record of the pass: the model is neither needed nor run.

    Parameters
    ----------
    attention : Attention
        Of a model, fresh or loaded from a file.
    layer, head : int
        Layer and head, from 0.
    query, key : int
        Token that looks, and token that is looked at.

    Returns
    -------
    QueryKey
        Its weight is ``attention[layer, head][query, key]``.

    Raises
    ------
    UnavailableError
        When there are no queries and keys: the weights were kept whole, or made from others.
    UnknownNameError
        When there is no such layer, head or token.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> attention = lmw.load("tiny").attention("the king said")
    >>> found = query_key(attention, 1, 2, query=3, key=1)
    >>> bool(abs(found.weight - attention[1, 2][3, 1]) < 1e-6)
    True
    """
    record = _record(attention, layer)
    (layer,), _ = choose(layer, len(attention), "layer")
    (head,), _ = choose(whole(head, "head"), record.shape[1], "head")
    (query,), _ = choose(whole(query, "query token"), len(attention.tokens), "query token")
    (key,), _ = choose(whole(key, "key token"), len(attention.key_tokens), "key token")
    queries, keys = record.vectors(head)
    stages = record.stages(head, query)
    return QueryKey(
        tokens=attention.tokens,
        key_tokens=attention.key_tokens,
        layer=layer,
        head=head,
        query=query,
        key=key,
        query_vector=_array(queries[query]),
        key_vector=_array(keys[key]),
        steps=tuple(_steps(record, stages, key)),
        sink=stages.sink,
        scale=record.scale,
        kind=attention.kind,
        model=attention.model,
    )


def queries_keys(attention: Any, layer: int, head: int) -> tuple[Vector, Vector]:
    """Return the queries and the keys of one head, as points of one space.

    Parameters
    ----------
    attention : Attention
        Of a model, fresh or loaded from a file.
    layer, head : int
        Layer and head, from 0. Heads that share their keys (grouped-query attention) have the same.

    Returns
    -------
    tuple of ndarray of float32, shapes (query token, channel) and (key token, channel)
        As the layer multiplies them, that is after rotary position embedding if it has one.

    Raises
    ------
    UnavailableError
        When there are no queries and keys: the weights were kept whole, or made from others.
    UnknownNameError
        When there is no such layer or head.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> queries, keys = queries_keys(lmw.load("tiny").attention("the king said"), 0, 1)
    >>> queries.shape, keys.shape
    ((4, 24), (4, 24))
    """
    record = _record(attention, layer)
    (head,), _ = choose(whole(head, "head"), record.shape[1], "head")
    queries, keys = record.vectors(head)
    return _array(queries), _array(keys)


def _record(attention: Any, layer: int) -> QueryKeyRecord:
    kept = getattr(attention, "record", None)
    if kept is None:
        raise UnavailableError(
            f"{type(attention).__name__} holds weights only, no queries and keys.",
            "Give the attention of a model: lm.attention(text).",
        )
    record: Record = kept(layer)
    if isinstance(record, QueryKeyRecord):
        return record
    if isinstance(record, UnavailableRecord):
        record.weights()  # says why
    raise UnavailableError(
        f"Layer {layer} ({record.name}) computes its softmax in code of its own, so that its "
        "weights were kept, but not its queries and keys.",
        "Look at the weights, or at a layer that calls scaled_dot_product_attention.",
    )


def _steps(record: QueryKeyRecord, stages: Stages, key: int) -> list[Step]:
    made = [
        Step(*_described(name, record, stages), value=float(row[key]), row=row, note=_NOTES[name])
        for name, row in ((name, _array(score)) for name, score in stages.scores.items())
    ]
    scores = next(reversed(stages.scores.values())).double()
    powers = _array((scores - stages.peak).exp() if stages.total else scores * 0)
    weights = _array(stages.weights)
    sink = "" if stages.sink is None else " The sink of the head takes part, and its share is lost."
    exponential = f"exp(s − {_number(stages.peak)})" if stages.total else "nothing is seen"
    return [
        *made,
        Step("Exponential", exponential, float(powers[key]), powers, _NOTES["exponential"]),
        Step(
            "Share",
            f"÷ {_number(stages.total)}" if stages.total else "0",
            float(weights[key]),
            weights,
            _NOTES["share"] + sink,
        ),
    ]


def _described(name: str, record: QueryKeyRecord, stages: Stages) -> tuple[str, str]:
    """Name and formula of a step."""
    if name == "softcap":
        cap = _number(record.softcap or 0.0)
        return "Soft-cap", f"{cap} · tanh(s ÷ {cap})"
    if name == "mask" and _carries_bias(stages):
        return "Position bias and mask", "+ bias, −∞ where hidden"
    return {
        "dot": ("Dot product", "q · k"),
        "scale": ("Scale", f"× {_number(record.scale)}"),
        "bias": ("Position bias", "+ bias"),
        "mask": ("Mask", "−∞ where hidden"),
    }[name]


def _carries_bias(stages: Stages) -> bool:
    """Whether what is called a mask also moves scores that are seen (ALiBi)."""
    before, after = list(stages.scores.values())[-2:]
    seen = after > _FAR
    return not bool((before[seen] == after[seen]).all())


_NOTES = {
    "dot": "How well what the query looks for fits what the key offers: their products by "
    "dimension, summed.",
    "scale": "Keeps scores from growing with the number of dimensions.",
    "softcap": "Keeps every score within a bound.",
    "bias": "Added for the distance between the two tokens.",
    "mask": "Hides what this query may not see.",
    "exponential": "Makes every score positive; the largest becomes 1.",
    "share": "Divided by the sum over all keys, so that a row sums to 1.",
}


def _number(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


def _array(tensor: Tensor) -> Vector:
    found: Vector = tensor.detach().float().cpu().numpy()
    return found
