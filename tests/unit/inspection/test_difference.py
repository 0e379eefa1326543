"""Differences of attention, against subtraction of aligned arrays."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from arrays import OfUnequalLayers, random_attention, random_weights

import lmwidget as lmw
from lmwidget.errors import InputError, UnknownNameError
from lmwidget.inspection import combine, difference
from lmwidget.widgets.array_attention import ArrayAttention


def test_two_texts():
    first = ArrayAttention.from_arrays(
        random_weights(2, 3, 5, causal=True), ["the", " cat", " sat", " on", " it"]
    )
    second = ArrayAttention.from_arrays(
        random_weights(2, 3, 6, causal=True, seed=1),
        ["the", " black", " cat", " lay", " on", " it"],
    )
    found = difference(first, second)
    left, right = [0, 1, 3, 4], [0, 2, 4, 5]
    assert found.aligned.tolist() == [list(pair) for pair in zip(left, right, strict=True)]
    expected = second.weights[1][:, right][:, :, right] - first.weights[1][:, left][:, :, left]
    np.testing.assert_allclose(found[1], expected, atol=1e-7)
    np.testing.assert_allclose(found.rows(1, 2, [3, 0]), expected[2, [3, 0]], atol=1e-7)
    assert found.key_tokens is found.tokens
    assert found.tokens.pieces == ("the", " cat", " on", " it")
    assert found.signed
    lost = [
        first.weights[:, :, left][..., [2]].sum((2, 3)) / 4,
        second.weights[:, :, right][..., [1, 3]].sum((2, 3)) / 4,
    ]
    assert found.unpaired == pytest.approx([part.mean() for part in lost], abs=1e-6)
    assert found.note == (
        "Second text minus first. 4 tokens are in both texts, of 5 and 6; "
        f"{100 * lost[0].mean():.0f} % and {100 * lost[1].mean():.0f} % of their attention lies on "
        "the others and is not shown."
    )


def test_two_checkpoints_and_two_models():
    lm = lmw.load("tiny")
    model = copy.deepcopy(lm.model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.1)
    other = lmw.LanguageModel(model, lm.tokenizer, name="tiny")
    first, second = (one.attention("the king said so") for one in (lm, other))
    found = difference(first, second)
    np.testing.assert_allclose(found[1], second[1] - first[1], atol=1e-7)
    assert found.note == "Second minus first."
    assert found.tokens is first.tokens
    named = lmw.LanguageModel(model, lm.tokenizer, name="tuned").attention("the king said so")
    assert difference(first, named).note == "tuned minus tiny."
    assert difference(first, named).title == "Difference of tiny and tuned"


def test_two_heads():
    attention = random_attention(3, 4, 6)
    found = difference(attention, attention, heads=((0, 1), (-1, 3)))
    assert found.shape == (1, 1, 6, 6)
    np.testing.assert_allclose(found[0, 0], attention.weights[2, 3] - attention.weights[0, 1])
    assert (found.note, found.title) == ("L2H3 minus L0H1.", "Difference of L0H1 and L2H3")
    smaller = random_attention(1, 1, 6, seed=5)
    mixed = difference(attention, smaller, heads=((1, 0), (0, 0)))
    np.testing.assert_allclose(mixed[0, 0], smaller.weights[0, 0] - attention.weights[1, 0])


def test_cross_attention(seq2seq_lm):
    first = seq2seq_lm.attention("a text", output="yes it is", kind="cross")
    second = seq2seq_lm.attention("a longer text", output="yes it was", kind="cross")
    found = difference(first, second)
    queries, keys = found.aligned, found.aligned_keys
    expected = second[1][:, queries[:, 1]][:, :, keys[:, 1]]
    expected = expected - first[1][:, queries[:, 0]][:, :, keys[:, 0]]
    np.testing.assert_allclose(found[1], expected, atol=1e-7)
    assert found.key_tokens is not found.tokens


def test_refusals(seq2seq_lm):
    attention = random_attention(2, 2, 4)
    cross = seq2seq_lm.attention("a text", output="yes", kind="cross")
    with pytest.raises(InputError, match="look at different things"):
        difference(attention, cross)
    with pytest.raises(InputError, match="no different from itself"):
        difference(attention, attention)
    other = ArrayAttention.from_arrays(random_weights(2, 2, 3, causal=True), ["x", "y", "z"])
    with pytest.raises(InputError, match="no token in common"):
        difference(attention, other)
    with pytest.raises(InputError, match="2 layers × 2 heads cannot be compared with"):
        difference(attention, random_attention(3, 2, 4))
    with pytest.raises(UnknownNameError, match="no head 2"):
        difference(attention, attention, heads=((0, 0), (0, 2)))
    with pytest.raises(InputError, match="does not name two heads"):
        difference(attention, attention, heads=(0, 1))


def test_the_head_whose_attention_moved_most_is_shown_first():
    before = np.zeros((1, 3, 3, 3), np.float32)
    before[..., 0] = 1
    after = before.copy()
    after[0, 1, 2] = [0.5, 0.5, 0]
    after[0, 2, 1:] = [0, 1, 0]
    a, b = (ArrayAttention.from_arrays(one, ["a", " b", " c"]) for one in (before, after))
    changed = difference(a, b)
    np.testing.assert_allclose(changed.structure_scores(), [[0, 0.5 / 3, 2 / 3]], atol=1e-6)
    assert lmw.AttentionGraph.from_result(changed).heads == [2]


def test_layers_of_one_model_are_matched_by_number():
    first = OfUnequalLayers("toy", [3, 5, 8])
    second = OfUnequalLayers("toy", [5, 8], layers=(1, 2))
    found = difference(first, second)
    assert found.layer_numbers == (5, 8)
    assert [found.heads(layer) for layer in (0, 1)] == [5, 3]
    assert not found[0].any()
    assert not found[1].any()
    with pytest.raises(InputError, match="one has 3, the other 5"):
        difference(
            OfUnequalLayers("toy", [3], layers=(0,)), OfUnequalLayers("toy", [5], layers=(1,))
        )
    other = OfUnequalLayers("another", [1, 2, 3])
    assert difference(first, other).layer_numbers == (3, 5, 8)
    lm = lmw.load("tiny")
    with pytest.raises(InputError, match="no layer in common"):
        difference(lm.attention("the king", layers=[0]), lm.attention("the king", layers=[1]))


def test_two_sources_are_two_texts(seq2seq_lm):
    first = seq2seq_lm.attention("a text", output="yes", kind="cross")
    second = seq2seq_lm.attention("a longer text", output="yes", kind="cross")
    found = difference(first, second)
    assert found.note.startswith("Second text minus first.")
    assert found.title == "Difference of two texts"


def test_what_was_done_before_is_still_said():
    one, other = random_attention(2, 2, 5), random_attention(2, 2, 5, seed=1)
    same = difference(combine(one), combine(other))
    assert same.note == "Mean of all heads of each layer. Second minus first."
    two = difference(combine(one, heads=0), combine(other, heads=1))
    assert two.note == (
        "First: Head 0 of each layer. Second: Head 1 of each layer. Second minus first."
    )
