"""Compact records of sparse attention, and parts of records, against weights written by hand."""

import pytest
import torch

from lmwidget.capture.kept.query_key import QueryKeyRecord
from lmwidget.capture.kept.sparse import NOWHERE, SparseRecord
from lmwidget.capture.layers import sort_layers
from lmwidget.capture.modules.part import part_of
from lmwidget.capture.result import Attention
from lmwidget.tokens import Tokens

# Four tokens that see one neighbour each side, the last of which sees everything; two heads.
SLOTS = torch.tensor(
    [
        [[0.0, 0.25, 0.75], [0.5, 0.25, 0.25], [0.125, 0.125, 0.75], [0.0, 0.0, 0.0]],
        [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]],
    ]
)[None]
PLACES = (torch.arange(4)[:, None] + torch.arange(-1, 2))[None, None]
WHOLE = torch.tensor([[0.25, 0.25, 0.25, 0.25], [1.0, 0.0, 0.0, 0.0]])[None, :, None]
EXPECTED = torch.tensor(
    [
        [[0.25, 0.75, 0, 0], [0.5, 0.25, 0.25, 0], [0, 0.125, 0.125, 0.75], [0.25] * 4],
        [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0]],
    ]
)[None]


@pytest.fixture
def record():
    return SparseRecord("attn", 0, SLOTS, PLACES, 4, WHOLE, torch.tensor([[3]]))


def test_rows_are_spread_over_the_keys(record):
    assert record.shape == (1, 2, 4, 4)
    assert torch.equal(record.weights(), EXPECTED)


@pytest.mark.parametrize(
    ("heads", "rows"), [([1], [2, 3]), (slice(0, 1), slice(1, 4)), ([1, 0], [3]), ([0], [0])]
)
def test_some_heads_and_rows(record, heads, rows):
    assert torch.equal(record.weights(heads, rows), EXPECTED[:, heads][:, :, rows])


def test_half_the_memory_gives_the_same_weights_here(record):
    half = record.compact(half=True)
    assert half.slots.dtype == half.whole_rows.dtype == torch.float16
    assert torch.equal(half.weights(), EXPECTED)  # powers of two


def test_padding_behind_the_text_is_cut(record):
    cut = record.cut(3)
    assert torch.equal(cut.weights(), EXPECTED[:, :, :3, :3])


def test_slots_of_one_key_add_up_and_slots_of_none_are_left_out():
    slots = torch.tensor([[[[0.25, 0.25, 0.5]]]])
    places = torch.tensor([[[[1, 1, NOWHERE]]]])
    assert SparseRecord("attn", 0, slots, places, 2).weights().tolist() == [[[[0.0, 0.5]]]]


def test_texts_of_one_batch_have_their_own_places():
    slots = torch.ones(2, 1, 1, 1)
    places = torch.tensor([[[[0]]], [[[1]]]])
    whole = torch.tensor([[[[0.5, 0.5]]], [[[0.5, 0.5]]]])
    record = SparseRecord("attn", 0, slots, places, 2, whole, torch.tensor([[NOWHERE], [0]]))
    assert record.weights()[:, 0, 0].tolist() == [[1.0, 0.0], [0.5, 0.5]]


def whole_record():
    generator = torch.Generator().manual_seed(0)
    query, key = (torch.randn(1, 2, n, 8, generator=generator) for n in (4, 7))
    return QueryKeyRecord("decoder.layers.0.attn", 0, query, key, 0.5)


def test_parts_are_the_whole_cut_in_two():
    whole = whole_record()
    own, cross = part_of(whole, 0, 4), part_of(whole, 4, 7, " (cross)")
    assert (own.shape, cross.shape) == ((1, 2, 4, 4), (1, 2, 4, 3))
    joined = torch.cat([own.weights([1], [0, 2]), cross.weights([1], [0, 2])], -1)
    assert torch.equal(joined, whole.weights([1], [0, 2]))
    kinds = sort_layers(
        [own, cross],
        Tokens.from_pieces(list("abc")),
        Tokens.from_pieces(list("abcd")),
        encoder_decoder=True,
    )
    assert {kind: layers.numbers for kind, layers in kinds.items()} == {
        "decoder": (0,),
        "cross": (0,),
    }


@pytest.mark.parametrize("kind", ["sparse", "part"])
def test_saved_and_loaded(record, kind, tmp_path):
    kept = record.compact() if kind == "sparse" else part_of(whole_record(), 0, 4)
    attention = Attention(sort_layers([kept], Tokens.from_pieces(list("abcd"))))
    loaded = Attention.load(attention.save(tmp_path / "attention.safetensors"))
    assert torch.equal(torch.from_numpy(loaded[0]), kept.weights()[0])
