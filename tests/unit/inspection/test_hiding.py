"""Attention without some tokens, against weights set to zero by hand."""

from __future__ import annotations

import numpy as np
import pytest
from arrays import hand_made, random_attention

from lmwidget.derived import DerivedAttention
from lmwidget.errors import InputError, UnknownNameError
from lmwidget.inspection import combine, difference, without
from lmwidget.tokens import Tokens
from lmwidget.widgets.array_attention import ArrayAttention


def test_three_tokens_by_hand():
    less = without(hand_made(), first=True)
    expected = [[0, 0, 0], [0, 1, 0], [0, 0.25, 0.75]]
    np.testing.assert_allclose(less[0, 0], expected, atol=1e-6)
    assert less.hidden_mass(0).tolist() == pytest.approx([1.7 / 3])
    # (1.7 + 1.8) of 6 rows.
    assert less.note == (
        "First token hidden: it held 58 % of the weight; the rest is renormalised to 1. "
        "The first row has nothing left and stays empty."
    )


@pytest.mark.parametrize("held", [1.0, 0.6])
def test_any_tokens(held):
    attention = random_attention(2, 3, 10, held=held)
    less = without(attention, tokens=[4, " said", -1])
    hidden = [4, 5, 9]
    assert less.hidden == (4, 5, 9)
    weights = attention.weights.astype(np.float64)
    mass = weights[..., hidden].sum((2, 3)) / weights.sum((2, 3))
    np.testing.assert_allclose(less.hidden_mass(1), mass[1], atol=1e-6)
    assert less.hidden_mass(1, 2) == pytest.approx(mass[1, 2], abs=1e-6)
    weights[..., hidden] = 0
    np.testing.assert_allclose(
        without(attention, tokens=hidden, renormalise=False)[1], weights[1], atol=1e-6
    )
    np.testing.assert_allclose(less[1], weights[1] / weights[1].sum(-1, keepdims=True), atol=1e-6)
    assert less.note == (
        f"“he”, “said” and “old” hidden: they held {100 * mass.mean():.0f} % of the weight; the rest is "
        "renormalised to 1."
    )
    assert (less[0][:, [4, 5, 9]].sum(-1) > 0.99).all()  # hidden tokens still look


def test_special_tokens(masked_lm):
    attention = masked_lm.attention("a text")
    less = without(attention, special=True)
    assert less.hidden == (0, len(attention.tokens) - 1)
    assert less.note.startswith("Special tokens hidden: they held ")
    assert "empty" not in less.note
    np.testing.assert_allclose(less[0].sum(-1), 1, atol=1e-6)


def test_what_is_said():
    attention = random_attention(1, 1, 6)
    assert without(attention).note == "No token is hidden."
    np.testing.assert_allclose(without(attention)[0], attention.weights[0], atol=1e-6)
    assert without(attention, tokens=" king").note.startswith("“king” hidden: it held")
    assert "The first 2 rows have nothing left" in without(attention, tokens=[0, 1]).note
    both = without(random_attention(1, 1, 9), first=True, tokens=[4, 5, 6, 7])
    assert both.note.startswith("First token and 4 tokens hidden: they held")
    every = without(attention, tokens=range(6))
    assert "all rows are empty" in every.note
    assert not every[0].any()
    again = without(without(attention, first=True), tokens=1)
    assert again.note.count("hidden") == 2
    raw = without(attention, first=True, renormalise=False)
    assert "the rest is as it was" in raw.note


def test_long_texts_are_sampled(monkeypatch):
    attention = random_attention(1, 2, 200)
    exact = without(attention, first=True).hidden_mass(0)
    monkeypatch.setattr("lmwidget.inspection.attention.hiding._SAMPLED", 100)
    less = without(attention, first=True)
    assert "about" in less.note
    np.testing.assert_allclose(less.hidden_mass(0), exact, atol=0.05)


def test_signed_and_broken_weights():
    attention = random_attention(1, 2, 6)
    signed = difference(attention, random_attention(1, 2, 6, seed=3))
    with pytest.raises(InputError, match="may be negative"):
        without(signed, first=True)
    kept = without(signed, first=True, renormalise=False)
    assert kept.signed
    np.testing.assert_array_equal(kept[0][:, :, 1:], signed[0][:, :, 1:])
    assert kept.note.endswith(
        "First token hidden; the rest is as it was. The first row has nothing left and stays empty."
    )
    weights = attention.weights.copy()
    weights[0, 0, 3] = np.nan
    broken = without(ArrayAttention.from_arrays(weights, attention.tokens), first=True)
    assert np.isnan(broken[0, 0][3]).all()
    assert np.isfinite(broken[0, 1]).all()
    assert without(combine(attention), first=True).shape == (1, 1, 6, 6)


def test_refusals():
    with pytest.raises(UnknownNameError, match="no key token 9"):
        without(random_attention(), tokens=9)
    with pytest.raises(InputError, match="does not hold 'zebra'"):
        without(random_attention(), tokens="zebra")


class Uniform(DerivedAttention):
    """Each token looks alike at itself and the ``window - 1`` tokens before it."""

    def __init__(self, count, window):
        self.window = window
        tokens = Tokens.from_pieces([f" {i}" for i in range(count)])
        super().__init__(tokens, tokens, [1])

    def _weights(self, _layer, heads, queries):
        back = np.asarray(queries)[:, None] - np.arange(len(self.tokens))
        seen = ((back >= 0) & (back < self.window)).astype(np.float32)
        return np.repeat((seen / seen.sum(-1, keepdims=True))[None], len(heads), 0)


@pytest.mark.parametrize("count", [60, 64, 65, 1500, 4000])
def test_long_texts_count_their_first_rows_as_what_they_are(count):
    less = without(Uniform(count, count), first=True)
    exact = (1 / np.arange(1, count + 1)).mean()
    assert less.hidden_mass(0)[0] == pytest.approx(exact, rel=0.06)


def test_rows_behind_a_window_that_are_emptied():
    less = without(Uniform(12, 2), tokens=[0, 5, 6, 8, 9])
    assert not less[0, 0][[0, 6, 9]].any()
    assert less.note.endswith(
        "The first row has nothing left and stays empty. "
        "2 other rows have nothing left in some heads and stay empty there."
    )
    one = without(Uniform(12, 1), tokens=4)
    assert one.note.endswith(
        " renormalised to 1. 1 row has nothing left in some heads and stays empty there."
    )
    long = without(Uniform(1500, 1), tokens=[10, 20])
    assert long.note.endswith(
        "At least 2 rows have nothing left in some heads and stay empty there."
    )
