"""Rollout and raw attention, against the paper's definition written out in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from arrays import OfUnequalLayers, hand_made, random_attention, rolled

import lmwidget as lmw
from lmwidget.errors import InputError, UnavailableError, UnknownNameError
from lmwidget.inspection import difference, mixing_of, rollout, rollout_row, without
from lmwidget.widgets.array_attention import ArrayAttention


def test_three_tokens_by_hand():
    # Last token: (0, 0.25, 0.75) over rows (1, 0, 0), (0.25, 0.75, 0), (0.1, 0.1, 0.8).
    mixing = rollout(hand_made())
    np.testing.assert_allclose(mixing.row(2), [0.1375, 0.2625, 0.6], atol=1e-6)
    np.testing.assert_allclose(mixing.row(2, 0), [0.1, 0.1, 0.8], atol=1e-6)
    np.testing.assert_allclose(mixing.row(0), [1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(mixing.trace(2)[0].sum(0), mixing.row(2), atol=1e-6)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("held", [1.0, 0.7])
@pytest.mark.parametrize("residual", [0.0, 0.5, 0.8])
def test_the_papers_definition(causal, held, residual):
    attention = random_attention(4, 3, 9, causal=causal, held=held)
    mixing = rollout(attention, residual=residual)
    for layer, (step, product) in enumerate(rolled(attention.weights, residual)):
        np.testing.assert_allclose(mixing.steps[layer], step, atol=1e-6)
        np.testing.assert_allclose(mixing.matrix(layer), product, atol=1e-6)
        row = rollout_row(attention, 6, layer=layer, residual=residual)
        np.testing.assert_allclose(row, product[6], atol=1e-6)
    np.testing.assert_allclose(mixing.matrix().sum(-1), 1, atol=1e-6)
    assert mixing.note == (
        ""
        if held == 1
        else "30 % of the attention lies on no token; the rest is renormalised to 1."
    )


def test_of_a_model(causal_lm):
    attention = causal_lm.attention("some text of a few bytes")
    weights = np.stack([attention[layer] for layer in range(len(attention))])
    np.testing.assert_allclose(rollout(attention).matrix(), rolled(weights)[-1][1], atol=1e-6)
    raw = mixing_of(attention, layers=[1], heads=[0, 2])
    np.testing.assert_allclose(raw.steps[0], weights[1, [0, 2]].mean(0), atol=1e-6)
    assert raw.method == "attention"
    assert raw.layer_numbers == (1,)


def test_weights_of_heads():
    attention = random_attention(2, 3, 5)
    by_layer = np.array([[1.0, 0, 1], [0, 2, 6]])
    mixing = mixing_of(attention, heads=by_layer)
    expected = (attention.weights[1] * np.array([0, 0.25, 0.75])[:, None, None]).sum(0)
    np.testing.assert_allclose(mixing.steps[1], expected, atol=1e-6)
    same = mixing_of(attention, heads=[0.5, 0, 0.5])
    np.testing.assert_array_equal(same.steps, mixing_of(attention, heads=[0, 2]).steps)


def test_blocks_make_no_difference(monkeypatch):
    attention = random_attention(3, 2, 11)
    whole, row = rollout(attention).matrix(), rollout_row(attention, 9)
    monkeypatch.setattr("lmwidget.inspection.attention.reading._CHUNK", 50)
    np.testing.assert_allclose(rollout(attention).matrix(), whole, atol=1e-7)
    np.testing.assert_allclose(rollout_row(attention, 9), row, atol=1e-7)


def test_one_token():
    attention = ArrayAttention.from_arrays(np.ones((2, 1, 1, 1)), ["a"])
    assert rollout(attention).row(0).tolist() == [1.0]


def test_a_row_without_anything_keeps_to_itself():
    weights = np.array([[[[0.0, 0.0], [0.4, 0.4]]]])
    mixing = rollout(ArrayAttention.from_arrays(weights, ["a", "b"]))
    np.testing.assert_allclose(mixing.row(0), [1, 0])
    mixing = rollout(ArrayAttention.from_arrays(weights, ["a", "b"]), residual=0)
    np.testing.assert_allclose(mixing.row(0), [0, 0])


def test_refusals(seq2seq_lm, monkeypatch):
    attention = random_attention()
    with pytest.raises(InputError, match="one text looks at another"):
        rollout(seq2seq_lm.attention("a text", kind="cross"))
    assert len(rollout(seq2seq_lm.attention("a text", kind="decoder"))) == 3
    with pytest.raises(InputError, match="may be negative"):
        rollout(difference(attention, random_attention(seed=1)))
    with pytest.raises(InputError, match="share of 2"):
        rollout(attention, residual=2)
    with pytest.raises(UnknownNameError, match="no head 5"):
        rollout(attention, heads=[5])
    with pytest.raises(UnknownNameError, match="no layer 7"):
        mixing_of(attention, layers=7)
    for wrong in ([0.5, 0.5, 0.5], [-1.0, 2.0], [0.0, 0.0], [[[1.0]]], []):
        with pytest.raises(InputError):
            rollout(attention, heads=wrong)
    with pytest.raises(InputError, match="'max'"):
        rollout(attention, heads="max")
    broken = ArrayAttention.from_arrays(np.full((1, 1, 2, 2), np.nan), ["a", "b"])
    with pytest.raises(UnavailableError, match="no numbers"):
        rollout(broken)
    monkeypatch.setattr("lmwidget.inspection.attention.reading.free_bytes", lambda _: 1000)
    with pytest.raises(UnavailableError, match="rollout_row"):
        rollout(attention)
    assert rollout_row(attention, -1).shape == (8,)


def test_the_model_is_as_it_was():
    lm = lmw.load("tiny")
    before = {name: value.clone() for name, value in lm.model.state_dict().items()}
    rollout(lm.attention("the king said"))
    assert all((value == before[name]).all() for name, value in lm.model.state_dict().items())


def test_heads_of_the_layers_that_are_asked_for():
    attention = OfUnequalLayers()
    mixing = mixing_of(attention, heads=[4], layers=[1])
    np.testing.assert_allclose(mixing.steps[0], attention.given[1, 4], atol=1e-6)
    narrow = rollout_row(attention, 3, layer=0, heads=[-2])
    np.testing.assert_allclose(
        narrow, 0.5 * attention.given[0, 0, 3] + 0.5 * np.eye(6)[3], atol=1e-6
    )
    late = np.zeros((3, 5))
    late[0, 1] = 1
    found = rollout_row(attention, 3, layer=0, heads=late)
    np.testing.assert_allclose(
        found, 0.5 * attention.given[0, 1, 3] + 0.5 * np.eye(6)[3], atol=1e-6
    )


def test_rows_that_were_emptied_are_not_missing_attention():
    attention = random_attention(2, 2, 6)
    assert "no token" not in rollout(without(attention, first=True)).note
    held = rollout(without(random_attention(2, 2, 6, held=0.7), tokens=[0], renormalise=False))
    assert "of the attention lies on no token" in held.note
