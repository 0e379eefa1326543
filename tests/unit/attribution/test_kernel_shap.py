"""Kernel SHAP against Shapley values by definition, Captum with the same samples, and SHAP."""

from math import comb

import numpy as np
import pytest
import torch
from captum.attr import KernelShap
from games import FunctionGame, all_orders, mean_over_orders, random_worth
from models import tiny_lm

from lmwidget.attribution.linear import with_sum
from lmwidget.attribution.method import Watch
from lmwidget.attribution.methods.kernel_shap import kernel_shap
from lmwidget.attribution.model_game import ModelGame
from lmwidget.attribution.question import Question
from lmwidget.attribution.sampling import kernel_sample
from lmwidget.errors import CancelledError, InputError
from lmwidget.units import unit_of_tokens


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8])
def test_all_coalitions_give_shapley_values(count):
    worth = random_worth(count)
    found = kernel_shap(FunctionGame(worth, count), Watch(), samples=max(2**count - 2, 1))
    expected = mean_over_orders(worth, count, all_orders(count))
    np.testing.assert_allclose(found.scores, expected, rtol=0, atol=1e-6)
    assert (found.check.value, found.check.passed) == (0.0, True)
    assert "uncertain" not in found.check.explanation


def test_units_that_add_up_need_few_samples():
    weights = np.random.default_rng(0).standard_normal(40)
    game = FunctionGame(lambda row: 2.0 + float(weights @ row), 40)
    found = kernel_shap(game, Watch(), samples=100)
    np.testing.assert_allclose(found.scores, weights, rtol=0, atol=1e-5)
    assert found.settings == {"samples": 100, "seed": 0}
    assert found.check.value < 1e-6
    assert found.check.passed


def test_a_sum_that_is_forced_is_no_seal():
    """Few of many coalitions of a game that is no sum: their scores still add up, and mean little."""
    game = FunctionGame(random_worth(14), 14)
    found = kernel_shap(game, Watch(), samples=40)
    assert float(found.scores.sum()) == pytest.approx(game.full - game.empty, abs=1e-5)
    check = found.check
    assert (check.name, check.passed) == ("relative standard error", False)
    assert check.total is None  # nothing that reads as "adds up"
    assert check.value > 0.1
    assert f"{check.value:.0%} of the largest" in check.explanation


def test_too_few_coalitions_to_tell_an_error_do_not_pass():
    stopped = Watch(cancelled=lambda: len(game.asked) > 13)
    game = FunctionGame(random_worth(12), 12)
    check = kernel_shap(game, stopped, samples=300).check
    assert np.isnan(check.value)
    assert not check.passed
    assert "too few" in check.explanation


@pytest.mark.parametrize(("count", "samples"), [(6, 30), (10, 64), (12, 300), (40, 200), (40, 900)])
def test_samples(count, samples):
    present, weights = kernel_sample(count, samples, 3)
    assert samples - 1 <= len(present) <= samples
    assert len(np.unique(present, axis=0)) == len(present)
    assert weights.sum() == pytest.approx(1)
    sizes = present.sum(1)
    assert sizes.min() >= 1
    assert sizes.max() <= count - 1
    numbers = {row.tobytes() for row in present}
    assert all((~row).tobytes() in numbers for row in present)
    again, _ = kernel_sample(count, samples, 3)
    np.testing.assert_array_equal(present, again)
    assert len(present) == 2**count - 2 or not np.array_equal(
        present, kernel_sample(count, samples, 4)[0]
    )


def test_weights_follow_the_kernel():
    """The weight of each size is that of the Shapley kernel, up to chance."""
    count = 9
    total = np.zeros(count + 1)
    for seed in range(200):
        present, weights = kernel_sample(count, 60, seed)
        total += np.bincount(present.sum(1), weights=weights, minlength=count + 1) / 200
    kernel = np.array([0, *(1 / (s * (count - s)) for s in range(1, count)), 0])
    np.testing.assert_allclose(total, kernel / kernel.sum(), rtol=0, atol=0.01)
    whole, weights = kernel_sample(count, 2**count, 0)
    exact = [kernel[s] / kernel.sum() / comb(count, s) for s in whole.sum(1)]
    np.testing.assert_allclose(weights, exact, rtol=1e-12)


def test_more_samples_come_closer_and_the_stated_error_is_about_right():
    count, worth = 9, random_worth(9)
    expected = mean_over_orders(worth, count, list(all_orders(count))[::97])
    whole = kernel_shap(FunctionGame(worth, count), Watch()).scores
    np.testing.assert_allclose(whole, expected, rtol=0, atol=0.2)  # some orders only
    misses, stated = {}, []
    for samples in (60, 250):
        found = [kernel_shap(FunctionGame(worth, count), Watch(), samples=samples, seed=s) for s in range(20)]  # fmt: skip
        misses[samples] = np.sqrt(np.mean([(one.scores - whole) ** 2 for one in found]))
        if samples == 250:
            stated = [float(one.check.explanation.split("about ")[1].split()[0]) for one in found]
    assert misses[250] < 0.6 * misses[60]
    assert 0.4 < np.mean(stated) / misses[250] < 4


def lm_game(lm, removal="unk"):
    tokens = lm.tokenize("the king said")
    question = Question(lm, tokens, target=2)
    return ModelGame(question, unit_of_tokens(tokens, "token"), removal=removal, keep_special=False)


@pytest.mark.parametrize("family", ["gpt2", "llama", "bert-classifier"])
def test_captum_with_the_same_samples(family):
    """Captum draws; we are given what it drew. Within 1e-4 of the largest score.

    Captum holds the sum by a weight of a million, we hold it exactly.
    """
    lm = tiny_lm(family)
    game = lm_game(lm)
    count = len(game)
    ids = torch.tensor(game.tokens.ids)[None]
    unknown = torch.full_like(ids, lm.tokenizer.unk_token_id)
    drawn = []

    def target(ids_):
        drawn.extend((ids_ != unknown).numpy())
        logits = lm.model(input_ids=ids_).logits
        return logits[:, 2] if lm.labels else logits[:, -1, 2]

    torch.manual_seed(0)
    with torch.no_grad():
        expected = KernelShap(target).attribute(ids, baselines=unknown, n_samples=12 * count)
    present = np.array([row for row in drawn if row.any() and not row.all()])
    found, _ = with_sum(present, game.values(present), np.ones(len(present)), game.empty, game.full)
    largest = np.abs(expected.numpy()).max()
    np.testing.assert_allclose(found, expected[0].numpy(), rtol=0, atol=1e-4 * largest)


def test_cut_short():
    told = []
    watch = Watch(lambda done, total, left: told.append((done, total)), lambda: len(told) > 60)
    game = FunctionGame(random_worth(12), 12)
    found = kernel_shap(game, watch, samples=300)
    assert found.partial
    assert told[-1] == (60, 302)
    assert found.scores.sum() == pytest.approx(game.full - game.empty, abs=1e-5)
    stopped = Watch(lambda *_: told.clear(), lambda: True)
    with pytest.raises(CancelledError):
        kernel_shap(FunctionGame(random_worth(12), 12), stopped, samples=300)


def test_too_few_samples():
    with pytest.raises(InputError, match="at least 12"):
        kernel_shap(FunctionGame(random_worth(12), 12), Watch(), samples=11)


def test_through_attribute():
    lm = tiny_lm("gpt2")
    why = lm.attribute("the king", "kernel_shap", removal="delete", samples=200, progress=False)
    assert why.check.value == 0
    assert why.cost["passes"] <= 203
    assert why.settings == {"samples": 200, "seed": 0, "removal": "delete", "keep_special": True}
    again = lm.attribute("the king", "kernel_shap", progress=False, **why.settings)
    np.testing.assert_array_equal(again.scores, why.scores)
