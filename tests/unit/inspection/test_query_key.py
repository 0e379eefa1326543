"""One attention score, step by step, against the formulas of the models' papers."""

import math

import numpy as np
import pytest
import torch
from models import CAUSAL, SEQ2SEQ, tiny_lm, tiny_model

from lmwidget.capture.kept.query_key import QueryKeyRecord
from lmwidget.capture.result import Attention
from lmwidget.derived import DerivedAttention
from lmwidget.errors import UnavailableError, UnknownNameError
from lmwidget.inspection.attention.query_key import queries_keys, query_key

TEXT = "the king said, there he sat in the rain"
DENSE = {"bloom", "gptj", "xlnet"}  # softmax in code of their own


def names(found):
    return [step.name for step in found.steps]


@pytest.mark.parametrize("family", sorted({*CAUSAL, *SEQ2SEQ, "bert", "albert"} - DENSE))
def test_ends_with_the_weight_of_the_map(family):
    attention = tiny_lm(family).attention(TEXT)
    for kind in attention.kinds:
        part = attention.select(kind)
        for layer in range(len(part)):
            queries, keys = part.shape[2:]
            for query, key in ((queries - 1, 0), (queries // 2, keys // 3), (0, keys - 1)):
                found = query_key(part, layer, 1, query, key)
                row = part[layer, 1][query]
                assert found.weight == pytest.approx(row[key], abs=1e-6)
                np.testing.assert_allclose(found.steps[-1].row, row, atol=1e-6)
                assert found.dot == pytest.approx(found.product.sum(), abs=1e-4)
                assert found.steps[1].value == pytest.approx(found.dot * found.scale, abs=1e-5)
                scores = found.steps[-3].row.astype(np.float64)
                sink = [] if found.sink is None else [found.sink]
                powers = np.exp(np.concatenate([scores, sink]) - max([*scores, *sink]))
                expected = (powers / powers.sum())[: len(scores)]
                np.testing.assert_allclose(found.steps[-1].row, expected, atol=1e-6)


def test_steps_of_gpt2_are_the_textbook():
    attention = tiny_lm("gpt2").attention(TEXT)
    model, tokens = tiny_model("gpt2"), attention.tokens
    found = query_key(attention, 0, 2, 7, 4)
    with torch.no_grad():
        transformer = model.transformer
        ids = torch.tensor(np.asarray(tokens.ids))
        x = transformer.wte(ids) + transformer.wpe(torch.arange(len(ids)))
        block = transformer.h[0]
        q, k, _ = block.attn.c_attn(block.ln_1(x)).split(32, dim=-1)
        q, k = q[:, 16:24], k[:, 16:24]
        scores = q[7] @ k.T
    np.testing.assert_allclose(found.query_vector, q[7], atol=1e-5)
    np.testing.assert_allclose(found.key_vector, k[4], atol=1e-5)
    assert names(found) == ["Dot product", "Scale", "Mask", "Exponential", "Share"]
    np.testing.assert_allclose(found.steps[0].row, scores, atol=1e-5)
    np.testing.assert_allclose(found.steps[1].row, scores / math.sqrt(8), atol=1e-5)
    assert np.isneginf(found.steps[2].row[8:]).all()
    assert found.steps[2].row[:8] == pytest.approx(found.steps[1].row[:8])
    assert found.score == found.steps[2].value
    every = queries_keys(attention, 0, 2)
    np.testing.assert_allclose(every[0], q, atol=1e-5)
    np.testing.assert_allclose(every[1], k, atol=1e-5)


def test_position_bias_of_t5_is_the_models_own_table():
    lm = tiny_lm("t5")
    attention = lm.attention(TEXT, output="the king")
    found = query_key(attention, 1, 3, 5, 2)
    attn = lm.model.encoder.block[0].layer[0].SelfAttention
    with torch.no_grad():
        bias = attn.compute_bias(len(attention.tokens), len(attention.tokens))[0, 3, 5]
    assert names(found)[:3] == ["Dot product", "Scale", "Position bias"]
    np.testing.assert_allclose(found.steps[2].row - found.steps[1].row, bias, atol=1e-5)


def test_soft_cap_and_sink():
    capped = query_key(tiny_lm("gemma2").attention(TEXT), 0, 0, 6, 4)
    before, after = capped.steps[1], capped.steps[2]
    assert after.name == "Soft-cap"
    assert after.value == pytest.approx(2 * math.tanh(before.value / 2), abs=1e-6)
    lm = tiny_lm("gpt_oss")
    sunk = query_key(lm.attention(TEXT), 1, 3, 6, 4)
    sinks = lm.model.model.layers[1].self_attn.sinks.detach()
    assert sunk.sink == pytest.approx(float(sinks[3]), abs=1e-6)
    assert sunk.steps[-1].row.sum() < 0.999
    assert "sink" in sunk.steps[-1].note


def test_alibi_is_said_to_be_a_bias():
    found = query_key(tiny_lm("falcon-alibi").attention(TEXT), 0, 1, 6, 2)
    assert "Position bias and mask" in names(found)


def test_grouped_queries_share_their_keys():
    attention = tiny_lm("llama").attention(TEXT)
    pairs = [queries_keys(attention, 0, head) for head in range(4)]
    assert (pairs[0][1] == pairs[1][1]).all()
    assert not (pairs[1][1] == pairs[2][1]).all()
    for head, (queries, keys) in enumerate(pairs):
        assert queries.shape == keys.shape == (len(attention.tokens), 8)
        scores = queries @ keys.T / math.sqrt(8)
        scores[np.triu_indices(len(scores), 1)] = -np.inf
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        np.testing.assert_allclose(weights, attention[0, head], atol=1e-6)


def test_a_hand_made_score():
    record = QueryKeyRecord(
        "attn", 0, torch.tensor([[[[1.0, 2.0]]]]), torch.tensor([[[[3.0, -1.0], [0.5, 1.0]]]]), 0.5
    )
    stages = record.stages(0, 0)
    assert {name: score.tolist() for name, score in stages.scores.items()} == {
        "dot": [1.0, 2.5],
        "scale": [0.5, 1.25],
    }
    assert stages.weights[1].item() == pytest.approx(1 / (1 + math.exp(-0.75)), abs=1e-7)
    assert stages.peak == 1.25
    assert stages.total == pytest.approx(1 + math.exp(-0.75))


def test_a_query_that_sees_nothing():
    record = QueryKeyRecord(
        "attn",
        0,
        torch.ones(1, 1, 1, 2),
        torch.ones(1, 1, 3, 2),
        1.0,
        mask=torch.zeros(1, 1, 1, 3, dtype=torch.bool),
    )
    stages = record.stages(0, 0)
    assert stages.total == 0
    assert stages.weights.tolist() == [0, 0, 0]


def test_works_from_a_file(tmp_path):
    attention = tiny_lm("llama").attention(TEXT)
    loaded = Attention.load(attention.save(tmp_path / "attention.safetensors"))
    one, other = (query_key(a, 1, 2, 6, 3) for a in (attention, loaded))
    assert [s.value for s in one.steps] == [s.value for s in other.steps]


def test_negative_numbers_count_from_the_end():
    attention = tiny_lm("llama").attention(TEXT)
    count = len(attention.tokens)
    found = query_key(attention, -1, -1, -1, -2)
    assert (found.layer, found.head, found.query, found.key) == (1, 3, count - 1, count - 2)
    with pytest.raises(UnknownNameError, match="no head 9"):
        query_key(attention, 0, 9, 0, 0)
    with pytest.raises(UnknownNameError, match="no key token 99"):
        query_key(attention, 0, 0, 0, 99)


def test_refuses_what_has_no_queries_and_keys():
    with pytest.raises(UnavailableError, match="in code of its own"):
        query_key(tiny_lm("gptj").attention(TEXT), 0, 0, 1, 1)

    class Half(DerivedAttention):
        def _weights(self, layer, heads, queries):
            raise AssertionError

    tokens = tiny_lm("gpt2").tokenize(TEXT)
    with pytest.raises(UnavailableError, match="Half holds weights only"):
        query_key(Half(tokens, tokens, [2]), 0, 0, 1, 1)


@pytest.mark.real_model
def test_on_the_default_model(smollm2):
    attention = smollm2.attention("The king said that the king said")
    found = query_key(attention, 18, 6, 6, 4)
    assert found.weight == pytest.approx(attention[18, 6][6, 4], abs=1e-6)
    assert len(found.product) == 64
