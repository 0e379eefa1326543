"""Only weights that are applied to values as they are count as attention."""

import torch
from torch import nn

from lmwidget.capture.hooks.recorder import record_attention
from lmwidget.capture.kept.records import AsideRecord, DenseRecord
from lmwidget.capture.layers import sort_layers
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
        lambda p: torch.bmm(nn.Dropout()(p).double().view(1, 2, 2), VALUE[None].double())
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
