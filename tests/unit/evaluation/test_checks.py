"""Checks tell a true map from a false one, and say what they did."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from games import FunctionGame
from models import tiny_lm
from scipy.stats import spearmanr

from lmwidget.attribution.text_game import TextGame
from lmwidget.comparison import rank_correlation
from lmwidget.errors import CancelledError, InputError, UnknownNameError
from lmwidget.evaluation import faithfulness

WEIGHTS = {"good": 3.0, "fine": 1.0, "bad": -2.0}
TEXT = "a good day and a fine but bad evening at sea"


def weighed(texts):
    return [sum(WEIGHTS.get(word, 0.0) for word in text.split()) for text in texts]


def true_scores(game):
    return np.array([WEIGHTS.get(piece.strip(), 0.0) for piece in game.tokens.pieces])


def test_closed_form_on_a_sum_of_words():
    game = TextGame(weighed, TEXT)
    assert len(game) == 11
    # 10, 20, 30, 40, 50 % of 11 words are 1, 2, 3, 4, 6 words (half to even).
    counts = sorted({max(1, round(share * 11)) for share in (0.1, 0.2, 0.3, 0.4, 0.5)})
    ranked = np.sort(true_scores(game))[::-1]
    tops = np.array([ranked[:count].sum() for count in counts])
    comprehensiveness, sufficiency = faithfulness(game, true_scores(game), random_maps=40)
    assert comprehensiveness.value == pytest.approx(tops.mean())
    assert sufficiency.value == pytest.approx(2.0 - tops.mean())
    share = np.mean(counts) / 11
    assert comprehensiveness.random == pytest.approx(2.0 * share, abs=0.8)
    assert comprehensiveness.passed
    assert sufficiency.passed


def test_a_map_turned_round_fails():
    game = TextGame(weighed, TEXT)
    found = faithfulness(game, -true_scores(game), random_maps=40)
    assert [check.passed for check in found] == [False, False]
    assert "beats 0% of 40 random maps" in found[0].explanation


def test_a_random_map_rarely_passes():
    """One of eleven random maps is among the best two of them in two cases of eleven."""
    game, generator = TextGame(weighed, TEXT), np.random.default_rng(7)
    passed = [
        [check.passed for check in faithfulness(game, generator.random(len(game)), seed=seed)]
        for seed in range(500)
    ]
    # 2 / 11, and a standard error of 0.017.
    np.testing.assert_allclose(np.mean(passed, axis=0), 2 / 11, rtol=0, atol=0.035)
    true = [faithfulness(game, true_scores(game), seed=seed) for seed in range(100)]
    assert all(check.passed for found in true for check in found)


def test_a_random_map_that_is_as_good_counts_half():
    """Of two words, every second random map is the same as this one."""
    game = TextGame(weighed, "good day")
    for check in faithfulness(game, [1, 0], random_maps=20):
        assert not check.passed
        assert re.search(r"beats (\d+)% of 20 random maps and equals (\d+)%", check.explanation)
    beaten, equal = (int(share) for share in re.findall(r"(\d+)%", check.explanation)[:2])
    assert beaten + equal == 100
    nothing = TextGame(lambda texts: [0.0] * len(texts), TEXT)
    assert [check.passed for check in faithfulness(nothing, true_scores(nothing))] == [False, False]


def test_no_verdict_without_numbers():
    game = FunctionGame(lambda row: np.nan if row.sum() in {3, 6} else row.sum(), 9)
    for check in faithfulness(game, np.arange(9.0)):
        assert check.passed is None
        assert check.verdict == ""
        assert "no number" in check.explanation


def test_all_is_asked_in_one_go_and_nothing_twice():
    asked = []

    def function(texts):
        asked.extend(texts)
        return weighed(texts)

    game = TextGame(function, TEXT)
    faithfulness(game, true_scores(game))
    faithfulness(game, true_scores(game))
    assert len(asked) == game.passes
    assert len(asked) <= 1 + 2 * 11 * 5


def test_checks_of_a_model_at_every_level_leave_it_as_it_was():
    lm = tiny_lm("gpt2")
    before = {name: value.clone() for name, value in lm.model.state_dict().items()}
    why = lm.attribute("the king sat. the cat sat on the hat. a man")
    for level in ("token", "word", "sentence"):
        checked = lm.check(why.by(level), random_maps=3)
        assert [c.name for c in checked.checks] == ["comprehensiveness", "sufficiency", "stability"]
        assert all(np.isfinite(c.value) for c in checked.checks)
        np.testing.assert_array_equal(checked.scores, why.by(level).scores)
    assert all((before[name] == value).all() for name, value in lm.model.state_dict().items())


def test_leaving_out_what_counts_is_what_comprehensiveness_measures():
    lm = tiny_lm("bert-classifier")
    why = lm.attribute("the king sat on the cat", "exact_shapley", foil=0, target=1)
    by_hand = lm.check(why, random_maps=2).checks[0].value
    players = [i for i, kind in enumerate(why.tokens.kinds) if kind != "special"]
    order = sorted(players, key=lambda i: -why.scores[i])
    ids = why.tokens.ids

    def difference(row):
        logits = lm.logits([row])[0]
        return float(logits[1] - logits[0])

    falls = []
    for count in sorted({max(1, round(share * len(players))) for share in (0.1, 0.2, 0.3, 0.4, 0.5)}):  # fmt: skip
        row = ids.copy()
        row[order[:count]] = lm.tokenizer.mask_token_id
        falls.append(difference(ids) - difference(row))
    assert by_hand == pytest.approx(np.mean(falls), abs=1e-4)


def test_stability_repeats_with_other_seeds():
    lm = tiny_lm("gpt2")
    check = lm.check(lm.attribute("the king sat", "random"), random_maps=1).checks[-1]
    assert (check.name, check.passed) == ("stability", False)
    assert abs(check.value) < 0.6
    check = lm.check(lm.attribute("the king"), random_maps=1).checks[-1]
    assert (check.value, check.passed, check.verdict) == (1.0, None, "deterministic")
    assert "it has no seed" in check.explanation
    assert len(lm.check(lm.attribute("the king"), random_maps=1, seeds=0).checks) == 2


def test_rank_correlation_is_that_of_scipy():
    generator = np.random.default_rng(0)
    for _ in range(20):
        a, b = generator.integers(0, 5, 12), generator.normal(size=12)
        assert rank_correlation(a, b) == pytest.approx(spearmanr(a, b).statistic)
    assert np.isnan(rank_correlation([1, 1], [1, 2]))


def test_mistakes():
    lm, other = tiny_lm("gpt2"), tiny_lm("llama")
    why = lm.attribute("the king")
    with pytest.raises(InputError, match="This map is of gpt2, not of llama"):
        other.check(why)
    with pytest.raises(InputError, match="of type str"):
        lm.check("why")
    with pytest.raises(InputError, match="a function of your own"):
        lm.check(lm.attribute("the king", of=lambda logits: logits[:, 1]))
    with pytest.raises(UnknownNameError, match="random_maps"):
        lm.check(why, random_map=3)
    with pytest.raises(CancelledError):
        lm.check(why, cancelled=lambda: True)
    with pytest.raises(InputError, match="Give one score for each unit"):
        faithfulness(TextGame(weighed, TEXT), [1.0])
    with pytest.raises(InputError, match="random_maps is 0"):
        lm.check(why, random_maps=0)


def test_scores_that_are_no_numbers_come_last():
    game = TextGame(weighed, TEXT)
    scores = true_scores(game)
    broken = np.where(scores == -2.0, np.nan, scores)
    assert faithfulness(game, broken)[0].value == faithfulness(game, scores)[0].value


def test_a_map_of_entropy_is_asked_again():
    lm = tiny_lm("gpt2")
    why = lm.attribute("the king sat", of="entropy")
    assert len(lm.check(why, random_maps=1).checks) == 3
    assert lm.check(replace(why, partial=True), random_maps=1).partial
