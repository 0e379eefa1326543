"""From the layouts of local and sparse attention to weights between tokens, checked.

The layouts are those of Longformer (Beltagy et al., 2020), LongT5 (Guo et al., 2022), PEGASUS-X
(Phang et al., 2022) and BigBird (Zaheer et al., 2020) in transformers. Weights times values must
give what the module put out, for a few queries, or the layout is refused.
"""

from __future__ import annotations

import sys
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from lmwidget.capture.hooks.visit import Visit
from lmwidget.capture.kept.records import Record
from lmwidget.capture.kept.sparse import NOWHERE, SparseRecord


def banded(visit: Visit) -> Record:
    """Return the record of a sliding window with global tokens (Longformer, LED).

    Parameters
    ----------
    visit : Visit
        One call.

    Returns
    -------
    SparseRecord
        Between the tokens of the text; padding to a multiple of the window is cut.

    Raises
    ------
    ValueError
        When weights times values do not give the module's output.
    """
    module, inputs = visit.module, visit.inputs
    hidden = inputs["hidden_states"]
    batch, length, _ = hidden.shape
    window = module.one_sided_attn_window_size
    slots = visit.softmaxes[0].permute(0, 2, 1, 3)
    masked = inputs.get("is_index_masked")
    if masked is not None:
        slots = slots.masked_fill(masked[:, None, :, None], 0.0)
    query = torch.arange(length, device=hidden.device)
    band = query[:, None] + torch.arange(-window, window + 1, device=hidden.device)
    places = band.expand(batch, -1, -1)
    whole_rows = whole_at = None
    if len(visit.softmaxes) > 1:
        whole_at = _positions(inputs["is_index_global_attn"])
        whole_rows = visit.softmaxes[1].view(batch, module.num_heads, -1, length)
        columns = whole_at[:, None].expand(-1, length, -1)
        places = torch.cat([columns, places], -1)
    record = SparseRecord(*visit.place, slots, places[:, None], length, whole_rows, whole_at)
    value = _heads(module.value.forward(hidden), module.num_heads)
    output = _heads(visit.output[0], module.num_heads)
    rows = _sample(length)
    if whole_at is None:
        found = _apply(record, rows, value)
    else:
        rows.append(int(whole_at[0, 0]))
        special = (query[rows][None, :, None] == whole_at[:, None]).any(-1)[:, None, :, None]
        global_value = _heads(module.value_global.forward(hidden), module.num_heads)
        special_found = _apply(record, rows, global_value)
        found = torch.where(special, special_found, _apply(record, rows, value))
    _check(found, output[:, :, rows], value)
    return record if visit.tokens is None else record.cut(visit.tokens)


def neighbouring_blocks(visit: Visit) -> Record:
    """Return the record of blocks that see both neighbours, and summaries of all blocks (LongT5).

    Parameters
    ----------
    visit : Visit
        One call.

    Returns
    -------
    SparseRecord
        Between the tokens; what a row lacks to 1 went to the summaries.

    Raises
    ------
    ValueError
        When weights times values do not give the module's output.
    """
    module, hidden = visit.module, visit.inputs["hidden_states"]
    length, size = hidden.shape[1], module.block_len
    (weights,) = visit.softmaxes
    _, blocks, heads, _, count = weights.shape
    slots = weights.transpose(1, 2).flatten(2, 3)[:, :, :length]
    start = torch.arange(blocks, device=hidden.device).repeat_interleave(size)[:length] * size
    local = start[:, None] + torch.arange(-size, 2 * size, device=hidden.device)
    local = local.masked_fill(local >= length, NOWHERE)
    summaries = torch.arange(length, length + count - 3 * size, device=hidden.device)
    places = torch.cat([local, summaries.expand(length, -1)], -1)[None, None]
    values = [_heads(module.v.forward(hidden), heads)]
    if len(summaries):
        values.append(_heads(module.v.forward(_summaries(visit, hidden)), heads))
    value = torch.cat(values, 2)
    record = SparseRecord(*visit.place, slots, places, length + len(summaries))
    rows = _sample(length)
    found = module.o.forward(_joined(_apply(record, rows, value)))
    _check(found, visit.output[0][:, rows], found)
    return SparseRecord(*visit.place, slots, places, length)


def own_blocks(visit: Visit) -> Record:
    """Return the record of blocks that see themselves and global tokens of the model (PEGASUS-X).

    Parameters
    ----------
    visit : Visit
        One call.

    Returns
    -------
    SparseRecord
        Between the tokens; what a row lacks to 1 went to the global tokens.

    Raises
    ------
    ValueError
        When weights times values do not give the module's output.
    """
    module, inputs = visit.module, visit.inputs
    hidden, others = inputs["token_hidden_states"], inputs["global_hidden_states"]
    length, size, heads = hidden.shape[1], module.block_size, module.num_heads
    slots = visit.softmaxes[1].flatten(2, 3)
    start = torch.arange(length, device=hidden.device) // size * size
    local = start[:, None] + torch.arange(size, device=hidden.device)
    extra = torch.arange(length, length + others.shape[1], device=hidden.device)
    places = torch.cat([extra.expand(length, -1), local], -1)[None, None]
    record = SparseRecord(*visit.place, slots, places, length + len(extra))
    value = _heads(module.v_proj.forward(torch.cat([hidden, others], 1)), heads)
    rows = _sample(length)
    found = module.out_proj.forward(_joined(_apply(record, rows, value)))
    _check(found, visit.output[0][:, rows], found)
    # Every other layer shifts its blocks by half a block, with padding on both sides.
    shift = size // 2 if visit.parent.stagger_blocks_this_layer else 0
    end = length - shift if visit.tokens is None else shift + visit.tokens
    places = (places - shift).masked_fill(places >= length, NOWHERE)
    return SparseRecord(
        *visit.place, slots[:, :, shift:end], places[:, :, shift:end], keys=end - shift
    )


def block_sparse(visit: Visit) -> Record:
    """Return the record of blocks that see neighbours, the first and last block, and random ones.

    The matrix that BigBird returns is not it: in evaluation all random blocks are the first block,
    whose weights are then written over each other instead of added.

    Parameters
    ----------
    visit : Visit
        One call.

    Returns
    -------
    SparseRecord
        Between the tokens; padding to a multiple of the block is cut.

    Raises
    ------
    ValueError
        When weights times values do not give the module's output.
    """
    module, hidden = visit.module, visit.inputs["hidden_states"]
    first, second, middle, last_but_one, last = visit.softmaxes
    length, size, heads = first.shape[3], first.shape[2], module.num_attention_heads
    end = length // size - 1
    drawn = [0] * module.num_random_blocks
    seen = [[0, block - 1, block, block + 1, *drawn, end] for block in range(2, end - 1)]
    seen = [[0, 1, 2, end, *drawn], *seen, [0, end - 2, end - 1, end, *drawn]]
    missing = middle.shape[-1] - second.shape[-1]
    second, last_but_one = F.pad(second, (0, missing)), F.pad(last_but_one, (0, missing))
    slots = torch.cat([second, middle.flatten(2, 3), last_but_one], 2)
    most = max(map(len, seen))
    blocks = torch.tensor([[*row, *[NOWHERE] * (most - len(row))] for row in seen])
    places = blocks[..., None] * size + torch.arange(size)
    places = places.masked_fill(blocks[..., None] < 0, NOWHERE).flatten(1)
    edges = torch.cat([torch.arange(size), torch.arange(length - size, length)])
    record = SparseRecord(
        *visit.place,
        F.pad(slots, (0, 0, size, size)),
        F.pad(places.repeat_interleave(size, 0), (0, 0, size, size), value=NOWHERE)[None, None],
        length,
        torch.cat([first, last], 2),
        edges.expand(len(hidden), -1),
    ).to(hidden.device)
    value = _heads(module.value.forward(hidden), heads)
    rows = sorted({0, size, length - size - 1, *_sample(length)})
    found = _apply(record, rows, value) * visit.inputs["from_mask"][:, :, rows]
    _check(found, _heads(visit.output[0], heads)[:, :, rows], value)
    return record if visit.tokens is None else record.cut(visit.tokens)


def _summaries(visit: Visit, hidden: Tensor) -> Tensor:
    code: Any = sys.modules[type(visit.module).__module__]
    mask = visit.inputs.get("mask")
    mask = torch.ones(hidden.shape[:2]) if mask is None else mask
    blocks, segments = code._make_global_fixed_block_ids(mask, visit.module.global_block_size)  # noqa: SLF001
    summed = code._create_global_aggregates(hidden, blocks, segments.shape[-1])  # noqa: SLF001
    summaries: Tensor = visit.module.global_input_layer_norm.forward(summed)
    return summaries


def _positions(chosen: Tensor) -> Tensor:
    """Where a mask is true in each text, filled up with -1."""
    found = [row.nonzero().flatten() for row in chosen]
    most = max(map(len, found))
    return torch.stack([F.pad(row, (0, most - len(row)), value=NOWHERE) for row in found])


def _sample(length: int) -> list[int]:
    """Return a few queries: from the middle of a text, and its last."""
    return sorted({length // 2, length - 1})


def _apply(record: SparseRecord, rows: list[int], value: Tensor) -> Tensor:
    return record.weights(rows=rows).to(value.dtype) @ value


def _joined(states: Tensor) -> Tensor:
    return states.transpose(1, 2).flatten(2)


def _heads(states: Tensor, heads: int) -> Tensor:
    split: Tensor = states.unflatten(-1, (heads, -1))
    return split.transpose(1, 2)


def _check(found: Tensor, output: Tensor, value: Tensor) -> None:
    tolerance = 1e-3 if output.dtype in (torch.float32, torch.float64) else 3e-2
    far = (found.to(output.dtype) - output).abs() > tolerance * value.abs().amax()
    if bool((far & output.isfinite()).any()):
        raise ValueError("weights times values do not give the output")
