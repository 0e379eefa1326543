"""Only weights that are applied to values as they are count as attention."""

import pytest
import torch
from torch import nn

from lmwidget.capture.hooks.recorder import Recorder, record_attention
from lmwidget.capture.kept.records import AsideRecord, DenseRecord
from lmwidget.capture.layers import sort_layers
from lmwidget.errors import UnavailableError
from lmwidget.tokens import Tokens

SCORES = torch.tensor([[0.0, 1.0], [2.0, 0.0]])
WEIGHTS = SCORES.softmax(-1)
VALUE = torch.eye(2)


class OwnAttention(nn.Module):
    """Own code: a softmax, and what becomes of it."""

    def __init__(self, then):
        super().__init__()
        self.then = then

    def forward(self, scores):
        return self.then(scores.softmax(-1))


def record(then, scores=SCORES):
    return record_attention(OwnAttention(then), {"scores": scores[None, None]})


def test_through_dropout_casts_and_views():
    (found,) = record(
        lambda p: torch.bmm(nn.Dropout().eval()(p).double().view(1, 2, 2), VALUE[None].double())
    )
    assert isinstance(found, DenseRecord)
    assert torch.equal(found.weights()[0, 0], WEIGHTS)


def test_through_einsum_of_a_list():
    (found,) = record(lambda p: torch.einsum("bhqk,kd->bhqd", [p, VALUE]))
    assert torch.equal(found.weights()[0, 0], WEIGHTS)


def test_masked_once_more_after_the_softmax():
    hidden = torch.tensor([[False, True], [False, False]])
    (found,) = record(lambda p: p.masked_fill(hidden, 0.0) @ VALUE)
    assert torch.equal(found.weights()[0, 0], WEIGHTS.masked_fill(hidden, 0.0))


def test_masked_once_more_with_heads_folded_into_the_batch():
    scores = torch.stack([SCORES, SCORES.T, SCORES, SCORES * 2])  # two texts of two heads
    hidden = torch.tensor([[False, True], [False, False]])
    module = OwnAttention(lambda p: torch.bmm(p.masked_fill(hidden, 0.0), VALUE.expand(4, 2, 2)))
    with Recorder(module, batch=2) as recorder:
        module(scores)
    expected = scores.softmax(-1).masked_fill(hidden, 0.0).view(2, 2, 2, 2)
    assert torch.equal(recorder.records[0].weights(), expected)


def test_axes_that_were_moved_and_masked_are_not_guessed():
    scores = torch.randn(1, 3, 2, 2)
    hidden = torch.tensor([[False, True], [False, False]])
    for changed in (False, True):
        module = OwnAttention(
            lambda p, changed=changed: (
                (p.masked_fill(hidden, 0.0) if changed else p).permute(0, 2, 1, 3) @ VALUE
            )
        )
        (found,) = record_attention(module, {"scores": scores})
        if changed:
            with pytest.raises(UnavailableError, match="after the softmax"):
                found.weights()
        else:
            assert torch.equal(found.weights(), scores.softmax(-1))


def test_values_on_the_left():
    for then in (
        lambda p: VALUE @ p.transpose(-1, -2),
        lambda p: torch.einsum("bhkq,kd->bhqd", p.transpose(-1, -2), VALUE),
        lambda p: VALUE @ p.transpose(-1, -2).contiguous().double().float(),
    ):
        (found,) = record(then)
        assert torch.equal(found.weights()[0, 0], WEIGHTS)


def test_talking_heads_are_not_shown_as_they_were_before():
    mix, scores = torch.randn(2, 2), torch.randn(1, 2, 2, 2)
    for then in (
        lambda p: torch.einsum("bhqk,hg->bgqk", p, mix) @ VALUE,
        lambda p: torch.einsum("...hqk,hg->...gqk", p, mix) @ VALUE,
        lambda p: torch.einsum("gh,bhqk", mix, p) @ VALUE,
        lambda p: (p.permute(0, 2, 3, 1) @ mix).permute(0, 3, 1, 2) @ VALUE,
    ):
        (found,) = record_attention(OwnAttention(then), {"scores": scores})
        assert isinstance(found, AsideRecord)


def test_a_sink_is_dropped_where_the_model_drops_it():
    scores = torch.cat([SCORES, torch.ones(2, 1)], -1)
    (found,) = record(lambda p: p[..., :-1] @ VALUE, scores)
    assert torch.equal(found.weights()[0, 0], scores.softmax(-1)[:, :2])


def test_sparse_tensors_on_the_way_do_no_harm():
    (found,) = record(lambda p: torch.matmul(VALUE.to_sparse(), VALUE) + p @ VALUE)
    assert torch.equal(found.weights()[0, 0], WEIGHTS)


def test_a_softmax_that_is_changed_on_the_way_is_no_attention():
    for then in (
        lambda p: (p / p.sum(-2, keepdim=True)) @ VALUE,  # a doubly normalised mixing matrix
        lambda p: p.argmax(-1),  # a router
        lambda p: (p * VALUE).sum(-1),
    ):
        (found,) = record(then)
        assert isinstance(found, AsideRecord)


def test_what_is_no_attention_does_not_hide_what_is():
    records = [
        DenseRecord("layers.3.attn", 0, WEIGHTS[None, None]),
        AsideRecord("layers.3.attn_mix", 0, (1, 1, 2, 2), "It mixes streams."),
    ]
    layers = sort_layers(records, Tokens.from_pieces(["a", "b"]))["self"]
    assert layers.numbers == (3,)
    assert layers.records == (records[0],)
