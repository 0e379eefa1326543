"""Types of heads: scores against means written out, and heads that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from arrays import random_attention
from torch import nn

import lmwidget as lmw
from lmwidget.errors import InputError, UnknownNameError
from lmwidget.inspection import head_types
from lmwidget.inspection.attention.probes import excess, repeated_tokens, separators
from lmwidget.tokens import Tokens
from lmwidget.widgets.array_attention import ArrayAttention


@pytest.mark.parametrize("causal", [True, False])
def test_scores_are_weights_above_chance(causal):
    attention = random_attention(2, 3, 9, causal=causal)
    regions = {
        "before": lambda query, key: key == query - 1,
        "near": lambda query, key: abs(query - key) <= 2,
    }
    found = excess(attention, regions)
    weights = attention.weights.astype(np.float64)
    for name, inside in regions.items():
        held, chance = [], []
        for query in range(9):
            seen = range(query + 1 if causal else 9)
            keys = [key for key in seen if inside(query, key)]
            if keys and len(seen) > 1:
                held.append(weights[:, :, query, keys].sum(-1))
                chance.append(len(keys) / len(seen))
        expected = (np.mean(held, axis=0) - np.mean(chance)) / (1 - np.mean(chance))
        np.testing.assert_allclose(found[name], expected, atol=1e-6)


def test_even_attention_is_chance_and_all_of_it_is_one():
    even = np.tri(8) / np.arange(1, 9)[:, None]
    before = np.eye(8, k=-1)
    before[0, 0] = 1
    attention = ArrayAttention.from_arrays(np.stack([even, before])[None], list("abcdefgh"))
    found = excess(attention, {"before": lambda query, key: key == query - 1})["before"]
    np.testing.assert_allclose(found, [[0, 1]], atol=1e-6)
    nothing = excess(attention, {"after": lambda query, key: key > query})["after"]
    assert np.isnan(nothing).all()


def test_random_tokens_are_repeated_within_the_special_tokens(causal_lm, masked_lm):
    for lm in (causal_lm, masked_lm):
        tokens, start, length = repeated_tokens(lm, lm.tokenize("a text"), 10, seed=3)
        ids = tokens.ids.tolist()
        assert ids[start : start + length] == ids[start + length : start + 2 * length]
        assert len(set(ids[start : start + length])) == length == 10
        assert "special" not in tokens.kinds[start : start + 2 * length]
        assert len(tokens) == start + 2 * length + (lm is masked_lm)
        other, _, _ = repeated_tokens(lm, lm.tokenize("a text"), 10, seed=4)
        assert other.ids.tolist() != ids
    tokens, start, length = repeated_tokens(masked_lm, masked_lm.tokenize("a"), 10_000, seed=0)
    assert len(tokens) <= masked_lm.context_length


def test_separators():
    tokens = Tokens.from_pieces([".", "So", ",", " ", " ...", "，", "a.", "👍"])
    assert separators(tokens).tolist() == [False, False, True, False, True, True, False, False]


def test_scores_of_a_model_are_those_of_its_weights():
    lm = lmw.load("tiny")
    types = head_types(lm, "the king said unto the king of the land", seed=1, length=12)
    tokens, start, length = repeated_tokens(lm, lm.tokenize("the king"), 12, seed=1)
    weights = lm.attention(tokens)[1].astype(np.float64)
    rows = np.arange(start + length, start + 2 * length)
    chance = np.mean(1 / (rows + 1))
    for name, keys in {"induction": rows - length + 1, "duplicate-token": rows - length}.items():
        expected = (weights[:, rows, keys].mean(-1) - chance) / (1 - chance)
        np.testing.assert_allclose(types.scores[name][1], expected, atol=1e-6)
    natural = lm.attention("the king said unto the king of the land")[0].astype(np.float64)
    rows = np.arange(1, natural.shape[-1])
    chance = np.mean(1 / (rows + 1))
    for name, keys in {"previous-token": rows - 1, "first-token": 0 * rows, "self": rows}.items():
        expected = (natural[:, rows, keys].mean(-1) - chance) / (1 - chance)
        np.testing.assert_allclose(types.scores[name][0], expected, atol=1e-6)
    assert "next-token" not in types.scores


def test_the_overview():
    types = head_types(lmw.load("tiny"))
    assert "induction" in types.of(1, 3)
    assert types.heads("induction")[0][:2] == (1, 3)
    assert "previous-token" in types.of(0, 2)  # what induction is made of
    assert repr(types).startswith(
        "<HeadTypes tiny: 2 layers, 8 heads>\n  previous-token     1  L0H2"
    )
    table = types.to_dataframe()
    assert len(table) == 8
    assert table["types"].iloc[7].startswith("induction")
    assert table["induction"].iloc[7] == pytest.approx(types.scores["induction"][1, 3])
    with pytest.raises(UnknownNameError, match="Did you mean 'induction'"):
        types.heads("inducton")
    with pytest.raises(UnknownNameError, match="no head 4"):
        types.of(0, 4)


def test_encoders_look_ahead(masked_lm, seq2seq_lm):
    types = head_types(masked_lm, length=10)
    assert "next-token" in types.scores
    assert all(np.isfinite(scores).all() for scores in types.scores.values())
    assert len(head_types(seq2seq_lm, length=10).labels) == 2


class OwnModule(nn.Module):
    """One attention layer over characters, random."""

    def __init__(self):
        super().__init__()
        self.embedding, self.out = nn.Embedding(30, 16), nn.Linear(16, 30)
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)

    def forward(self, ids):
        x = self.embedding(ids)
        future = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool).triu(1)
        return self.out(self.attention(x, x, x, attn_mask=future)[0])


def test_own_modules_with_a_small_vocabulary():
    torch.manual_seed(0)
    letters = {letter: index for index, letter in enumerate("abcdefghijklmnopqrstuvwxyz .,")}
    lm = lmw.LanguageModel(OwnModule(), letters)
    types = head_types(lm, "the king said, to the king.", length=100)
    assert types.settings["length"] == 26  # all letters there are
    assert [len(layer) for layer in types.labels] == [2]


def test_refusals():
    lm = lmw.load("tiny")
    with pytest.raises(InputError, match="One token"):
        head_types(lm, "t")
    with pytest.raises(InputError, match="at least 2"):
        head_types(lm, length=1)
    with pytest.raises(InputError, match="reads at most"):
        head_types(lm, "the king " * 200)


@pytest.mark.real_model
def test_known_heads_of_smollm2(smollm2):
    types = head_types(smollm2)
    induction = {(layer, head) for layer, head, _ in types.heads("induction")}
    previous = {(layer, head) for layer, head, _ in types.heads("previous-token")}
    assert {(18, 6), (17, 4)} <= induction
    assert {(16, 0), (11, 1)} <= previous
    assert types.heads("induction")[0][:2] == (18, 6)
    assert types.heads("previous-token")[0][:2] == (16, 0)
    assert types.of(18, 6)[0] == types.of(17, 4)[0] == "induction"
    assert types.of(16, 0)[0] == types.of(11, 1)[0] == "previous-token"
    assert len(induction) < 20 > len(previous)


@pytest.mark.real_model
def test_an_encoder(minilm):
    types = head_types(minilm)
    assert {labels for layer in types.labels for labels in layer} != {("mixed",)}
    assert math.isfinite(types.scores["next-token"].max())
