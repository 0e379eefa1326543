"""Attention modules of transformers whose layout cannot be told from shapes: what is known of them.

Each is found by the name of its class. Whatever is known here is checked against what the module
really put out, so that a module of the same name that works otherwise is refused, not misread.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from torch import nn

from lmwidget.capture.hooks.visit import Visit
from lmwidget.capture.kept.query_key import QueryKeyRecord
from lmwidget.capture.kept.records import DenseRecord, Record, UnavailableRecord
from lmwidget.capture.modules import unfold
from lmwidget.capture.modules.part import part_of

_APPROXIMATE = {
    "LSHSelfAttention": "hashes queries and keys into buckets (LSH) and never has a whole row",
    "LocalSelfAttention": "is computed in chunks beside hashed ones (LSH) and has no whole row",
    "YosoSelfAttention": "is sampled by hashing (LSH) and never has weights",
    "MraSelfAttention": "is approximated at several resolutions and never has weights",
}
_ELSEWHERE = {
    "BltCrossAttention": "between bytes and patches of bytes",
    "PerceiverSelfAttention": "over latents, not over tokens",
}
_BESIDE = {"DeepseekV4HyperConnection", "Inkling2BlockAttentionResidual"}


Reader = Callable[[Visit], Record]


def reader_of(module: nn.Module) -> Reader | None:
    """Return what turns calls of a module into records, when its class is known to need it.

    Parameters
    ----------
    module : torch.nn.Module
        Any module.

    Returns
    -------
    callable or None
        ``reader(visit)`` returns one record; it raises when the module is not as it is known.

    Examples
    --------
    >>> reader_of(nn.Linear(1, 1)) is None
    True
    """
    name = _class_name(module)
    if name in _APPROXIMATE:
        return _approximate
    return _READERS.get(name)


def aside(module: nn.Module | None, name: str, shape: tuple[int, int, int, int]) -> str | None:
    """Return why an attention call of a module is not about tokens, if that is known.

    Parameters
    ----------
    module : torch.nn.Module or None
        Who calls.
    name : str
        Its name in the model.
    shape : tuple of int
        Batch, heads, queries, keys.

    Returns
    -------
    str or None
        One sentence.

    Examples
    --------
    >>> aside(nn.Linear(1, 1), "head", (1, 1, 2, 2)) is None
    True
    """
    kind = _class_name(module)
    where = _ELSEWHERE.get(kind)
    if kind.startswith("Blt") and "global_transformer" in name:
        where = "over patches of bytes"
    if where is None:
        return None
    return f"The attention of {name} is {where}: {shape[2]} × {shape[3]} places."


def is_beside(module: nn.Module | None) -> bool:
    """Return whether a module uses attention or softmax for something else than texts.

    Hyper-connections mix residual streams, attention residuals mix the outputs of layers.

    Parameters
    ----------
    module : torch.nn.Module or None
        Any module.

    Returns
    -------
    bool
        True when what it computes is no attention over tokens.

    Examples
    --------
    >>> is_beside(nn.Linear(1, 1))
    False
    """
    return _class_name(module) in _BESIDE


def parts(
    module: nn.Module | None, record: Record, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> list[Record]:
    """Return the parts of a record that are about one text each.

    Parameters
    ----------
    module : torch.nn.Module or None
        Who called.
    record : Record
        The whole call.
    args, kwargs : tuple, dict
        What the module was called with.

    Returns
    -------
    list of Record
        The record itself for all modules but a few.
    """
    kind = _class_name(module)
    if module is not None and isinstance(record, QueryKeyRecord):
        keys = record.shape[3]
        if kind == "T5Gemma2MergedAttention":
            given = inspect.signature(module.forward).bind(*args, **kwargs).arguments
            own = keys - given["encoder_hidden_states"].shape[1]
            return [part_of(record, 0, own), part_of(record, own, keys, " (cross)")]
        if kind == "DeepseekV4Attention" and keys > record.shape[2]:
            return [part_of(record, 0, record.shape[2])]  # summaries of the text come behind it
    return [record]


def _class_name(module: nn.Module | None) -> str:
    """Name of a class of transformers; a class of the same name elsewhere is another."""
    kind = type(module)
    return kind.__name__ if kind.__module__.startswith("transformers.") else ""


def _approximate(visit: Visit) -> Record:
    why = _APPROXIMATE[type(visit.module).__name__]
    reason = f"The attention of {visit.place[0]} cannot be shown: it {why}."
    return UnavailableRecord(*visit.place, (0, 0, 0, 0), reason)


def _without_prompt(visit: Visit) -> Record:
    """CPM-Ant reads a trained prompt in front of the ids; what a row lacks to 1 went there."""
    (weights,) = visit.softmaxes
    first = int(visit.model.config.prompt_length)  # type: ignore[union-attr, arg-type]
    if visit.tokens is not None and weights.shape[-1] != first + visit.tokens:
        raise ValueError(f"{weights.shape[-1]} places for {first} + {visit.tokens} ids")
    # A query that may see no key is NaN after softmax; the module then puts zeros.
    return DenseRecord(*visit.place, weights[:, :, first:, first:].nan_to_num(0.0))


def _main_stream(visit: Visit) -> Record:
    """ProphetNet appends streams that look several tokens ahead; the first reads the text."""
    weights = visit.softmaxes[0]
    if visit.inputs.get("key_value_states") is not None:
        streams = 1 + int(visit.model.config.ngram)  # type: ignore[union-attr, arg-type]
        weights = weights[:, :, : weights.shape[2] // streams].clone()
    return DenseRecord(*visit.place, weights)


_READERS: dict[str, Reader] = {
    "LongformerSelfAttention": unfold.banded,
    "LEDEncoderSelfAttention": unfold.banded,
    "LongT5LocalAttention": unfold.neighbouring_blocks,
    "LongT5TransientGlobalAttention": unfold.neighbouring_blocks,
    "PegasusXGlobalLocalAttention": unfold.own_blocks,
    "BigBirdBlockSparseAttention": unfold.block_sparse,
    "BigBirdPegasusBlockSparseAttention": unfold.block_sparse,
    "CpmAntAttention": _without_prompt,
    "ProphetNetAttention": _main_stream,
    "ProphetNetNgramSelfAttention": _main_stream,
}
