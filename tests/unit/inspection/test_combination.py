"""Combined heads, against sums written out."""

from __future__ import annotations

import numpy as np
import pytest
from arrays import OfUnequalLayers, random_attention

import lmwidget as lmw
from lmwidget.errors import InputError, UnknownNameError
from lmwidget.inspection import combine, norms


def test_mean_of_heads():
    attention = random_attention(3, 4, 7)
    mean = combine(attention)
    assert mean.shape == (3, 1, 7, 7)
    np.testing.assert_allclose(mean[2, 0], attention.weights[2].mean(0), atol=1e-6)
    some = combine(attention, heads=[1, -1], layers=[2, 0])
    np.testing.assert_allclose(some[0, 0], attention.weights[2, [1, 3]].mean(0), atol=1e-6)
    assert some.layer_numbers == (2, 0)
    assert not some.signed
    assert some.causal
    assert (mean.note, mean.title) == (
        "Mean of all heads of each layer.",
        "Mean of all heads of each layer",
    )


def test_weighted_mean():
    attention = random_attention(2, 3, 6)
    by_layer = np.array([[1.0, 3, 0], [2, 2, 4]])
    found = combine(attention, by_layer)
    expected = np.einsum("hqk,h->qk", attention.weights[1], [0.25, 0.25, 0.5])
    np.testing.assert_allclose(found[1, 0], expected, atol=1e-6)
    np.testing.assert_allclose(found[1, 0].sum(-1), 1, atol=1e-6)
    two = combine(attention, [3, 1], heads=[2, 0])
    expected = 0.75 * attention.weights[0, 2] + 0.25 * attention.weights[0, 0]
    np.testing.assert_allclose(two[0, 0], expected, atol=1e-6)
    assert two.note == "Weighted mean of heads 2 and 0."
    np.testing.assert_allclose(combine(attention, [1, 1, 1])[0], combine(attention)[0], atol=1e-6)


def test_linear_combination():
    attention = random_attention(3, 2, 5, causal=False)
    found = combine(attention, {(0, 1): 0.5, (2, 0): -2, (2, 1): 1})
    weights = attention.weights
    expected = 0.5 * weights[0, 1] - 2 * weights[2, 0] + weights[2, 1]
    np.testing.assert_allclose(found[0, 0], expected, atol=1e-6)
    np.testing.assert_allclose(found.rows(0, 0, [4, 1]), expected[[4, 1]], atol=1e-6)
    assert found.shape == (1, 1, 5, 5)
    assert found.signed
    assert found.note == "0.5 × L0H1 − 2 × L2H0 + L2H1."
    each = combine(attention, {0: 1.0, 1: 1.0}, layers=[1], title="Both")
    np.testing.assert_allclose(each[0, 0], weights[1].sum(0), atol=1e-6)
    assert (each.signed, each.title, each.layer_numbers) == (False, "Both", (1,))
    many = combine(attention, {(layer, head): 1.0 for layer in range(3) for head in range(2)})
    assert many.note == "L0H0 + L0H1 + L1H0 + L1H1 and 2 more."
    assert combine(many, {0: -1.0}).note == f"{many.note} −head 0."


def test_of_a_model_and_again():
    attention = lmw.load("tiny").attention("the king said")
    twice = combine(combine(attention), {(0, 0): 0.5, (1, 0): 0.5})
    expected = (attention[0].mean(0) + attention[1].mean(0)) / 2
    np.testing.assert_allclose(twice[0, 0], expected, atol=1e-6)
    assert twice.key_tokens is twice.tokens


def test_cross_attention(seq2seq_lm):
    attention = seq2seq_lm.attention("a text", kind="cross")
    found = combine(attention)
    assert found.kind == "cross"
    np.testing.assert_allclose(found[0, 0], attention[0].mean(0), atol=1e-6)


def test_refusals():
    attention = random_attention(2, 3, 4)
    for wrong in ([1.0, 2.0], [-1.0, 1, 1], {}, {(0, 0): 1, 1: 1}, {(0, 0): np.nan}):
        with pytest.raises(InputError):
            combine(attention, wrong)
    with pytest.raises(InputError, match="Leave out layers"):
        combine(attention, {(0, 0): 1}, layers=[0])
    with pytest.raises(InputError, match="Leave out heads"):
        combine(attention, {0: 1}, heads=[0])
    with pytest.raises(InputError, match="2 heads"):
        combine(attention, [1.0], heads=[0, 1])
    with pytest.raises(UnknownNameError, match="no layer 2"):
        combine(attention, {(2, 0): 1})
    with pytest.raises(UnknownNameError, match="no head 3"):
        combine(attention, {3: 1})


@pytest.mark.parametrize("heads", [[0, 0], [0, -4], [-4, -4]])
def test_a_head_named_twice_counts_twice(heads):
    attention = random_attention(2, 4, 6)
    found = combine(attention, heads=heads)
    np.testing.assert_allclose(found[1, 0], attention.weights[1, 0], atol=1e-6)
    assert found.note == "Head 0 of each layer."
    np.testing.assert_allclose(
        combine(attention, [3, 1], heads=heads)[1, 0], attention.weights[1, 0], atol=1e-6
    )


def test_heads_counted_from_the_end():
    attention = random_attention(2, 4, 6)
    weights = attention.weights
    found = combine(attention, heads=[3, -1, 1])
    np.testing.assert_allclose(found[0, 0], (2 * weights[0, 3] + weights[0, 1]) / 3, atol=1e-6)
    assert found.note == "Mean of heads 3, 3 and 1."
    half = combine(attention, {1: 0.5, -3: 0.5})
    np.testing.assert_allclose(half[1, 0], weights[1, 1], atol=1e-6)
    assert half.note == "head 1."
    nothing = combine(attention, {(-1, 0): 1, (1, 0): -1})
    assert not nothing[0].any()
    assert not nothing.signed
    assert combine(attention, {(-1, -1): 2.0}).note == "2 × L1H3."


def test_heads_of_chosen_layers_only():
    attention = OfUnequalLayers()
    one = combine(attention, heads=[4], layers=[1])
    np.testing.assert_allclose(one[0, 0], attention.given[1, 4], atol=1e-6)
    weighted = combine(attention, [1, 3], heads=[-1, 0], layers=[0, 2])
    expected = 0.25 * attention.given[2, 2] + 0.75 * attention.given[2, 0]
    np.testing.assert_allclose(weighted[1, 0], expected, atol=1e-6)
    assert weighted.note == "Weighted mean of heads -1 and 0."
    by_layer = np.zeros((3, 5))
    by_layer[0] = [1, 3, 0, 0, 0]
    found = combine(attention, by_layer, layers=[0])
    expected = 0.25 * attention.given[0, 0] + 0.75 * attention.given[0, 1]
    np.testing.assert_allclose(found[0, 0], expected, atol=1e-6)
    with pytest.raises(UnknownNameError, match="no head 4"):
        combine(attention, heads=[4])
    with pytest.raises(InputError, match="not all 0"):
        combine(attention, by_layer)


def test_a_slice_of_heads():
    attention = random_attention(2, 4, 6)
    found = combine(attention, heads=slice(0, 2))
    np.testing.assert_allclose(found[1, 0], attention.weights[1, :2].mean(0), atol=1e-6)
    assert found.note == "Mean of heads 0 and 1."
    with pytest.raises(InputError, match="none of 4 heads"):
        combine(attention, heads=slice(4, 9))


def test_unit_and_note_are_kept():
    found = norms(lmw.load("tiny"), "the king said")
    mean = combine(found, heads=[1, 2])
    assert mean.unit == "norm"
    assert mean.note == f"{found.note} Mean of heads 1 and 2."
    assert combine(found.attention).unit == "share"
