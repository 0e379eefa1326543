"""Text through any tokenizer, to ids and what is known of each token."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lmwidget.models.alignment import Span, Unit
from lmwidget.models.own_tokenizer import OwnTokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def read_units(
    tokenizer: PreTrainedTokenizerBase | OwnTokenizer,
    parts: tuple[str, ...],
    *,
    add_special_tokens: bool = True,
    target: bool = False,
) -> tuple[list[int], list[Unit], list[int]]:
    """Return ids, what is known of each token, and segment numbers.

    Parameters
    ----------
    tokenizer : transformers tokenizer or OwnTokenizer
        Fast, slow, or wrapped.
    parts : tuple of str
        One text, or two of a pair.
    add_special_tokens : bool, default True
        As the model was trained.
    target : bool, default False
        True for the output side of an encoder-decoder whose two sides differ.

    Returns
    -------
    tuple of (list of int, list of Unit, list of int)
        One entry a token each.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> ids, units, segments = read_units(lmw.load("tiny").tokenizer, ("The king",))
    >>> [unit.raw for unit in units], segments
    (['The', 'Ġking'], [0, 0])
    """
    if isinstance(tokenizer, OwnTokenizer):
        return tokenizer.units(parts)
    side = {"text_target": parts[0]} if target else {"text": parts[0]}
    if len(parts) == 2:
        side["text_pair"] = parts[1]
    fast = bool(getattr(tokenizer, "is_fast", False))
    with warnings.catch_warnings():
        # "Longer than the maximum": we say it ourselves, as an error.
        warnings.simplefilter("ignore")
        encoded = tokenizer(
            **side,
            add_special_tokens=add_special_tokens,
            return_offsets_mapping=fast,
            return_token_type_ids=None,
            verbose=False,
        )
    ids = [int(token) for token in encoded["input_ids"]]
    if fast:
        sequence = _sequence_fast(encoded)
        offsets = _shifted(encoded["offset_mapping"], sequence, len(parts[0]))
    else:
        sequence = _sequence_slow(tokenizer, parts, ids, add_special_tokens, target)
        offsets = [None] * len(ids)
    literals = set(getattr(tokenizer, "added_tokens_decoder", {}))
    units = [
        Unit(
            raw=str(raw),
            inserted=place is None,
            literal=token in literals,
            unknown=token == tokenizer.unk_token_id,
            offset=None if place is None else offset,
        )
        for token, raw, place, offset in zip(
            ids, tokenizer.convert_ids_to_tokens(ids), sequence, offsets, strict=True
        )
    ]
    return ids, units, _segments(encoded.get("token_type_ids"), sequence)


def _sequence_fast(encoded: Any) -> list[int | None]:
    encoding = encoded.encodings[0]
    sequences = encoded.sequence_ids(0)
    added = encoding.special_tokens_mask
    return [None if mark else place or 0 for mark, place in zip(added, sequences, strict=True)]


def _shifted(
    offsets: Sequence[Span], sequence: Sequence[int | None], first: int
) -> list[Span | None]:
    shifts = [first if place == 1 else 0 for place in sequence]
    return [(start + by, end + by) for (start, end), by in zip(offsets, shifts, strict=True)]


def _sequence_slow(
    tokenizer: PreTrainedTokenizerBase,
    parts: tuple[str, ...],
    ids: list[int],
    add_special_tokens: bool,  # noqa: FBT001
    target: bool,  # noqa: FBT001
) -> list[int | None]:
    """Find each part's own tokens among all; the rest was inserted."""
    sequence: list[int | None] = [None] * len(ids)
    place = 0
    for number, part in enumerate(parts):
        if not add_special_tokens:
            return [0] * len(ids)
        name = "text_target" if target else "text"
        own = tokenizer(**{name: part}, add_special_tokens=False, verbose=False)["input_ids"]
        starts = range(place, len(ids) - len(own) + 1)
        start = next((s for s in starts if ids[s : s + len(own)] == own), None)
        if start is not None:
            place = start + len(own)
            sequence[start:place] = [number] * len(own)
    return sequence


def _segments(types: Sequence[int] | None, sequence: Sequence[int | None]) -> list[int]:
    if types is not None and any(types):
        return [int(number) for number in types]
    segments, last = [], 0
    for place in sequence:
        last = last if place is None else place
        segments.append(last)
    return segments
