"""Statistics of heads, against loops over their definitions."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from arrays import hand_made, random_attention

import lmwidget as lmw
from lmwidget.errors import InputError
from lmwidget.inspection import difference, head_statistics
from lmwidget.inspection.attention.statistics import STATISTICS
from lmwidget.widgets.array_attention import ArrayAttention


def by_loops(weights, special, *, causal):
    """Means over rows of one head, number by number."""
    count = len(weights)
    found = {name: [] for name in STATISTICS}
    for query, row in enumerate(weights.astype(np.float64)):
        seen = query + 1 if causal else count
        if seen < 2:
            continue
        total = row.sum()
        p = row / total
        found["entropy"].append(-sum(x * math.log(x) for x in p if x > 0))
        found["evenness"].append(found["entropy"][-1] / math.log(seen))
        found["distance"].append(sum(x * abs(query - key) for key, x in enumerate(p)))
        found["first"].append(row[0])
        found["special"].append(sum(x for x, other in zip(row, special, strict=True) if other))
        found["itself"].append(row[query])
        if query:
            found["previous"].append(row[query - 1])
        if query < count - 1:
            found["following"].append(row[query + 1])
        found["confidence"].append(
            max(0 if other else x for x, other in zip(row, special, strict=True))
        )
        found["outside"].append(1 - total)
    return {name: np.mean(values) for name, values in found.items()}


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("held", [1.0, 0.6])
def test_loops_find_the_same(causal, held):
    attention = random_attention(2, 3, 12, causal=causal, held=held)
    kinds = ["text"] * 12
    kinds[0] = kinds[11] = "special"
    tokens = replace(attention.tokens, kinds=tuple(kinds))
    attention = ArrayAttention(attention.weights, tokens, tokens)
    found = head_statistics(attention)
    for layer in range(2):
        for head in range(3):
            expected = by_loops(
                attention.weights[layer, head], [kind == "special" for kind in kinds], causal=causal
            )
            for name, value in expected.items():
                assert getattr(found, name)[layer, head] == pytest.approx(value, abs=1e-6), name


def test_three_tokens_by_hand():
    found = head_statistics(hand_made())
    # Rows (0.5, 0.5) and (0.2, 0.2, 0.6) of layer 0; the first row sees one token only.
    wide = (math.log(2) - 0.4 * math.log(0.2) - 0.6 * math.log(0.6)) / 2
    assert found.entropy[0, 0] == pytest.approx(wide, abs=1e-6)
    assert found.distance[0, 0] == pytest.approx((0.5 + 0.6) / 2, abs=1e-6)
    assert found.first[0, 0] == pytest.approx(0.35, abs=1e-6)
    assert found.itself[0, 0] == pytest.approx(0.55, abs=1e-6)
    assert found.previous[0, 0] == pytest.approx(0.35, abs=1e-6)
    assert found.following[0, 0] == 0
    assert found.confidence[0, 0] == pytest.approx(0.55, abs=1e-6)
    assert found.outside[0, 0] == pytest.approx(0, abs=1e-6)


def test_of_a_model_with_sinks_of_its_own():
    from models import tiny_lm

    attention = tiny_lm("gpt_oss").attention("some bytes of text")
    found = head_statistics(attention)
    weights = attention[0][:, 1:]
    np.testing.assert_allclose(found.outside[0], (1 - weights.sum(-1)).mean(-1), atol=1e-6)
    assert (found.outside > 0.001).all()


def test_cross_attention_has_no_places(seq2seq_lm):
    found = head_statistics(seq2seq_lm.attention("a text", kind="cross"))
    for name in ("distance", "itself", "previous", "following"):
        assert np.isnan(getattr(found, name)).all()
    assert np.isfinite(found.entropy).all()
    assert found.kind == "cross"


def test_windows_count_what_can_be_seen():
    weights = np.zeros((1, 2, 6, 6))
    for query in range(6):
        weights[0, :, query, max(0, query - 1) : query + 1] = 1 / min(2, query + 1)
    found = head_statistics(ArrayAttention.from_arrays(weights, list("abcdef")))
    np.testing.assert_allclose(found.evenness, 1, atol=1e-6)


def test_what_cannot_be_read_is_nan():
    weights = random_attention(2, 2, 5).weights.copy()
    weights[0, 1] = np.nan
    weights[1, 0, 3] = np.nan
    found = head_statistics(ArrayAttention.from_arrays(weights, list("abcde")))
    assert np.isnan(found.entropy[0, 1])

    assert found.first[1, 0] == pytest.approx(np.nanmean(weights[1, 0, 1:, 0]), abs=1e-6)

    assert len(found.to_dataframe()) == 3
    one = head_statistics(ArrayAttention.from_arrays(np.ones((1, 1, 1, 1)), ["a"]))
    assert np.isnan(one.entropy).all()
    assert len(one.to_dataframe()) == 0


def test_long_texts_are_sampled_and_blocks_make_no_difference(monkeypatch):
    attention = random_attention(1, 2, 150)
    whole = head_statistics(attention)
    assert whole.rows == tuple(range(150))
    some = head_statistics(attention, rows=70)
    assert (len(some.rows), some.rows[0], some.rows[-1]) == (70, 0, 149)
    np.testing.assert_allclose(some.first, whole.first, atol=0.02)
    monkeypatch.setattr("lmwidget.inspection.attention.reading._CHUNK", 1000)
    again = head_statistics(attention)
    for name in STATISTICS:
        np.testing.assert_allclose(getattr(again, name), getattr(whole, name), atol=1e-6)


def test_table_and_refusal():
    attention = lmw.load("tiny").attention("the king said so")
    table = head_statistics(attention).to_dataframe()
    assert list(table.columns) == ["layer", "head", *STATISTICS]
    assert len(table) == 8
    with pytest.raises(InputError, match="may be negative"):
        head_statistics(difference(attention, attention, heads=((0, 0), (0, 1))))
