"""Sort the records of one pass into kinds of attention and layers."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import torch

from lmwidget.capture.kept.records import AsideRecord, Record, UnavailableRecord
from lmwidget.errors import UnknownNameError
from lmwidget.tokens import Tokens

_CROSS = re.compile("cross|encoder_attn|encdec|multihead_attn", re.IGNORECASE)
_DECODER = re.compile(r"(^|[._])decoder", re.IGNORECASE)
_FIRST_NUMBER = re.compile(r"(?:^|\.)(\d+)(?:\.|$)")


@dataclass(frozen=True)
class Layers:
    """All layers of one kind of attention.

    Attributes
    ----------
    tokens : Tokens
        What queries.
    key_tokens : Tokens
        What is looked at; the same object in self-attention.
    numbers : tuple of int
        The model's own numbers of these layers.
    records : tuple of Record
        One a layer.
    """

    tokens: Tokens
    key_tokens: Tokens
    numbers: tuple[int, ...]
    records: tuple[Record, ...]


def sort_layers(
    records: Sequence[Record],
    tokens: Tokens,
    output_tokens: Tokens | None = None,
    *,
    encoder_decoder: bool = False,
) -> dict[str, Layers]:
    """Return the layers of each kind of attention.

    Parameters
    ----------
    records : sequence of Record
        Of one pass, in the order of the calls.
    tokens : Tokens
        Input.
    output_tokens : Tokens, optional
        What the decoder has read.
    encoder_decoder : bool, default False
        Whether the model has both sides, told apart by the names of their modules.

    Returns
    -------
    dict of str to Layers
        ``"self"``; or ``"encoder"``, ``"decoder"`` and ``"cross"``, the last two only when it is
        known what the decoder has read.

    Examples
    --------
    >>> import torch
    >>> from lmwidget.capture.kept.records import DenseRecord
    >>> record = DenseRecord("model.layers.4.attn", 0, torch.ones(1, 1, 1, 1))
    >>> sort_layers([record], Tokens.from_pieces(["a"]))["self"].numbers
    (4,)
    """
    if not encoder_decoder:
        sides = {"self": (tokens, tokens)}
    elif output_tokens is None:
        sides = {"encoder": (tokens, tokens)}
    else:
        sides = {
            "encoder": (tokens, tokens),
            "decoder": (output_tokens, output_tokens),
            "cross": (output_tokens, tokens),
        }
    # What is no attention over tokens is shown only when there is nothing else.
    records = [r for r in records if not isinstance(r, AsideRecord)] or records
    found = {}
    for kind, (queries, keys) in sides.items():
        mine = [r for r in records if kind == "self" or _kind_of(r.name) == kind]
        if mine:
            found[kind] = _layers(mine, queries, keys)
    return found


def wants_layers(numbers: Collection[int]) -> Callable[[tuple[str, int]], bool]:
    """Return which attention calls may belong to some layers, told before the pass is over.

    Parameters
    ----------
    numbers : collection of int
        The model's own layer numbers.

    Returns
    -------
    callable
        ``wants((module name, number of the call))``; also true where only the whole pass can tell,
        as for a module that serves many layers.

    Examples
    --------
    >>> wants = wants_layers([3])
    >>> wants(("layers.3.attn", 0)), wants(("layers.2.attn", 0)), wants(("attn", 0))
    (True, False, True)
    """

    def wants(place: tuple[str, int]) -> bool:
        name, call = place
        number = _number(name)
        return number is None or number in numbers or call > 0

    return wants


def only_layers(parts: dict[str, Layers], numbers: Collection[int]) -> dict[str, Layers]:
    """Return some layers of each kind.

    Parameters
    ----------
    parts : dict of str to Layers
        All layers.
    numbers : collection of int
        The model's own numbers of those to keep.

    Returns
    -------
    dict of str to Layers
        Kinds without such a layer are left out.

    Raises
    ------
    UnknownNameError
        When a number belongs to no layer with attention.
    """
    known = sorted({number for layers in parts.values() for number in layers.numbers})
    for number in numbers:
        if number not in known:
            raise UnknownNameError(
                f"The model has no attention in layer {number}.",
                f"Choose from {', '.join(map(str, known))}.",
            )
    found = {}
    for kind, layers in parts.items():
        kept = [i for i, number in enumerate(layers.numbers) if number in numbers]
        if kept:
            found[kind] = replace(
                layers,
                numbers=tuple(layers.numbers[i] for i in kept),
                records=tuple(layers.records[i] for i in kept),
            )
    return found


def _kind_of(name: str) -> str:
    if _CROSS.search(name):
        return "cross"
    return "decoder" if _DECODER.search(name) else "encoder"


def _layers(records: list[Record], queries: Tokens, keys: Tokens) -> Layers:
    # One pass through one module is one layer: ALBERT passes through the same module many times.
    passes: dict[tuple[str, int], list[Record]] = {}
    for record in records:
        passes.setdefault((record.name, record.call), []).append(record)
    numbers = [_number(name) for name, _ in passes]
    if None in numbers or len(set(numbers)) < len(numbers):
        numbers = list(range(len(passes)))
    size = (len(queries), len(keys))
    return Layers(
        tokens=queries,
        key_tokens=keys,
        numbers=tuple(number for number in numbers if number is not None),
        records=tuple(_only_one(group, size) for group in passes.values()),
    )


def _number(name: str) -> int | None:
    match = _FIRST_NUMBER.search(name)
    return int(match[1]) if match else None


def _only_one(records: list[Record], size: tuple[int, int]) -> Record:
    """Return the one record that is about the tokens."""
    fitting = [
        record
        for record in records
        if record.shape[2:] == size and not isinstance(record, UnavailableRecord)
    ]
    if fitting and _all_the_same(fitting):
        # The gradient of a map that is applied twice would be the sum over both.
        return fitting[0] if len(fitting) == 1 else replace(fitting[0], trace=None)
    first = (fitting or records)[0]
    if isinstance(first, UnavailableRecord):
        return first
    reason = (
        f"The attention of {first.name or 'this model'} computes {len(fitting)} maps a head."
        if fitting
        else f"The attention of {first.name or 'this model'} is over {first.shape[2]} × "
        f"{first.shape[3]} places, not over the {size[0]} × {size[1]} tokens."
    )
    return UnavailableRecord(first.name, first.call, first.shape, reason)


def _all_the_same(records: list[Record]) -> bool:
    """Whether these are one map, applied to several values (DiffLlama, LiLT)."""
    first, *others = records
    return all(
        type(other) is type(first)
        and other.settings == first.settings
        and other.tensors.keys() == first.tensors.keys()
        and all(
            _equal(tensor, first.tensors[name])
            for name, tensor in other.tensors.items()
            if name not in {"value", "output"}
        )
        for other in others
    )


def _equal(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.shape == other.shape and torch.allclose(one, other, atol=1e-6)
