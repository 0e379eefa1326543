"""Heads taken together: their mean, a weighted mean, or any linear combination."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.capture.indexing import choose, whole
from lmwidget.derived import DerivedAttention
from lmwidget.errors import InputError
from lmwidget.inspection.attention.mixed_heads import head_weights
from lmwidget.inspection.attention.reading import ReadableAttention, unit_of

Weights = NDArray[np.float32]
Parts = dict[int, dict[int, float]]  # coefficients by layer and head

_LISTED = 4  # heads that a note names


class CombinedAttention(DerivedAttention):
    """Sums of heads, one a layer; see :func:`combine`."""

    def __init__(
        self,
        attention: ReadableAttention,
        sums: Sequence[Parts],
        *,
        title: str,
        note: str,
        layer_numbers: Sequence[int],
    ) -> None:
        super().__init__(
            attention.tokens,
            attention.key_tokens,
            [1] * len(sums),
            kind=attention.kind,
            model=attention.model,
            layer_numbers=layer_numbers,
            note=f"{getattr(attention, 'note', '')} {note}".strip(),
        )
        self._source, self._sums = attention, tuple(sums)
        self.title, self.unit = title, unit_of(attention)
        self.signed = bool(getattr(attention, "signed", False)) or any(
            coefficient < 0
            for parts in sums
            for row in parts.values()
            for coefficient in row.values()
        )

    def _weights(self, layer: int, heads: list[int], queries: list[int]) -> Weights:
        shape = (len(queries), len(self.key_tokens))
        found = np.zeros(shape)
        for at, row in self._sums[layer].items():
            weights = self._source.rows(at, list(row), queries)
            found += np.einsum("hqk,h->qk", weights, np.array(list(row.values())))
        return np.repeat(found[None].astype(np.float32), len(heads), axis=0)


def combine(
    attention: ReadableAttention,
    weights: Any = None,
    *,
    heads: int | slice | Sequence[int] | None = None,
    layers: int | Sequence[int] | None = None,
    title: str = "",
) -> CombinedAttention:
    """Return heads taken together, to be read and shown like attention.

    Parameters
    ----------
    attention : Attention or DerivedAttention
        What is combined.
    weights : array of float or mapping, optional
        Default: the mean of the heads of each layer. An array, shape (head,) or (layer, head),
        gives a weighted mean in each layer: only its proportions count. A mapping is a linear
        combination as it stands: ``{(layer, head): coefficient}`` over layers, which gives one
        layer with one head, or ``{head: coefficient}`` in each layer.
    heads : int, slice or sequence of int, optional
        Without ``weights`` or with an array: only these heads, from 0. One that is named twice, by
        whatever number, counts twice.
    layers : int or sequence of int, optional
        Only these layers, from 0.
    title : str, optional
        What a figure of it is called; default: what was combined.

    Returns
    -------
    CombinedAttention
        One head a layer. ``signed`` when a coefficient is negative; ``note`` says what was
        combined; ``unit`` is that of ``attention``.

    Raises
    ------
    InputError
        When weights do not fit, or a weight of a mean is negative.
    UnknownNameError
        When there is no such layer, or one of the layers has no such head.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> attention = lmw.load("tiny").attention("the king said")
    >>> both = combine(attention, {(0, 1): 1.0, (1, 3): -1.0})
    >>> both.signed, both.note
    (True, 'L0H1 − L1H3.')
    >>> bool((both[0, 0] == attention[0, 1] - attention[1, 3]).all())
    True
    >>> combine(attention, heads=[0, 2]).note
    'Mean of heads 0 and 2.'
    """
    chosen, _ = choose(slice(None) if layers is None else layers, attention.shape[0], "layer")
    if isinstance(weights, Mapping):
        if heads is not None:
            raise InputError(
                "Coefficients in a mapping name their heads already.", "Leave out heads."
            )
        return _linear(attention, weights, chosen, given=layers is not None, title=title)
    mixes = head_weights(attention, _spread(attention, weights, heads, chosen), chosen)
    sums = [{at: _added(zip(*mixes[at], strict=True))} for at in chosen]
    note = _mean_note(_numbers(attention, heads, chosen), weighted=weights is not None)
    return CombinedAttention(
        attention,
        sums,
        title=title or note.removesuffix("."),
        note=note,
        layer_numbers=[attention.layer_numbers[at] for at in chosen],
    )


def _added(coefficients: Iterable[tuple[int, float]]) -> dict[int, float]:
    """Return the coefficient of each head; those of a head that is named twice add up."""
    found: dict[int, float] = {}
    for head, coefficient in coefficients:
        found[head] = found.get(head, 0.0) + float(coefficient)
    return found


def _spread(attention: ReadableAttention, weights: Any, heads: Any, layers: list[int]) -> Any:
    """Return weights over all heads: those of heads that were not named are 0."""
    if weights is None:
        return "mean" if heads is None else heads
    given = np.asarray(weights, dtype=np.float64)
    if heads is None:
        return given
    count, most = attention.shape[:2]
    spread = np.zeros((count, most))
    for at in layers:
        named = _chosen(heads, attention.heads(at))
        if given.shape not in {(len(named),), (count, len(named))}:
            raise InputError(
                f"Weights of shape {given.shape} do not fit {len(named)} heads.",
                "Give one weight for each of the heads.",
            )
        np.add.at(spread[at], named, given if given.ndim == 1 else given[at])
    return spread


def _chosen(heads: Any, count: int) -> list[int]:
    return choose(heads if isinstance(heads, slice) else np.atleast_1d(heads), count, "head")[0]


def _numbers(attention: ReadableAttention, heads: Any, layers: list[int]) -> list[int] | None:
    """Return named heads by their numbers from 0, where these are the same in all layers."""
    if heads is None:
        return None
    found = [_chosen(heads, attention.heads(at)) for at in layers]
    if isinstance(heads, slice) or all(numbers == found[0] for numbers in found):
        return max(found, key=len, default=[])
    return [int(head) for head in np.atleast_1d(heads)]


def _linear(
    attention: ReadableAttention,
    weights: Mapping[Any, float],
    layers: list[int],
    *,
    given: bool,
    title: str,
) -> CombinedAttention:
    by_place = [isinstance(name, tuple) and len(name) == 2 for name in weights]
    if not weights or any(by_place) != all(by_place):
        raise InputError(
            "A linear combination needs one kind of names for its heads.",
            "Give {(layer, head): coefficient}, or {head: coefficient}.",
        )
    _check_finite(weights.values())
    if all(by_place):
        if given:
            raise InputError(
                "Coefficients of (layer, head) name their layers already.", "Leave out layers."
            )
        parts: Parts = {}
        for (layer, head), coefficient in weights.items():
            (at,), _ = choose(whole(layer, "layer"), attention.shape[0], "layer")
            (place,), _ = choose(whole(head, "head"), attention.heads(at), "head")
            row = parts.setdefault(at, {})
            row[place] = row.get(place, 0.0) + float(coefficient)
        names = [
            (f"L{attention.layer_numbers[at]}H{head}", value)
            for at, row in parts.items()
            for head, value in row.items()
        ]
        sums, numbers = [parts], [attention.layer_numbers[at] for at in parts]
        numbers = numbers if len(numbers) == 1 else [0]
    else:
        rows = [_added(_in_layer(attention, weights, at)) for at in layers]
        sums = [{at: row} for at, row in zip(layers, rows, strict=True)]
        alike = all(row == rows[0] for row in rows)  # -1 is another head where there are more
        named = rows[0] if alike and rows else weights
        names = [(f"head {head}", float(value)) for head, value in named.items()]
        numbers = [attention.layer_numbers[at] for at in layers]
    note = f"{_formula(names)}."
    return CombinedAttention(
        attention, sums, title=title or _formula(names), note=note, layer_numbers=numbers
    )


def _in_layer(
    attention: ReadableAttention, weights: Mapping[Any, float], layer: int
) -> Iterable[tuple[int, float]]:
    for head, coefficient in weights.items():
        yield choose(whole(head, "head"), attention.heads(layer), "head")[0][0], coefficient


def _check_finite(coefficients: Iterable[float]) -> None:
    if not np.isfinite([float(value) for value in coefficients]).all():
        raise InputError("A coefficient is no finite number.", "Give numbers.")


def _formula(names: Sequence[tuple[str, float]]) -> str:
    """Return a sum as it is written: ``0.5 × L0H1 − L1H3``."""
    text = ""
    for name, value in names[:_LISTED]:
        size = "" if abs(value) == 1 else f"{abs(value):.3g} × "
        sign = ("−" if value < 0 else "+") if text else ("−" if value < 0 else "")
        text += f" {sign} {size}{name}" if text else f"{sign}{size}{name}"
    more = len(names) - _LISTED
    return f"{text} and {more} more" if more > 0 else text


def _mean_note(heads: list[int] | None, *, weighted: bool) -> str:
    kind = "Weighted mean" if weighted else "Mean"
    if heads is None:
        return f"{kind} of all heads of each layer."
    listed = [str(head) for head in heads]
    if len(set(listed)) == 1:
        return f"Head {listed[0]} of each layer."
    return f"{kind} of heads {', '.join(listed[:-1])} and {listed[-1]}."
