"""LIME against Captum and against LIME itself with the same samples, and in closed form."""

import numpy as np
import pytest
import torch
from captum._utils.models.linear_model import SkLearnRidge
from captum.attr import Lime
from captum.attr._core.lime import get_exp_kernel_similarity_function
from games import FunctionGame, random_worth
from lime.lime_text import LimeTextExplainer
from models import tiny_lm

from lmwidget.attribution.linear import ridge
from lmwidget.attribution.method import Watch
from lmwidget.attribution.methods.lime import lime, nearness
from lmwidget.attribution.model_game import ModelGame
from lmwidget.attribution.question import Question
from lmwidget.attribution.sampling import removal_sample
from lmwidget.errors import CancelledError, InputError
from lmwidget.units import unit_of_tokens


def test_units_that_add_up():
    weights = np.random.default_rng(0).standard_normal(8)
    game = FunctionGame(lambda row: 2.0 + float(weights @ row), 8)
    found = lime(game, Watch(), penalty=0.0)
    np.testing.assert_allclose(found.scores, weights, rtol=0, atol=1e-5)
    assert found.check.value == pytest.approx(1.0)
    assert found.check.passed


def test_what_is_not_linear_is_said():
    game = FunctionGame(random_worth(10), 10)
    check = lime(game, Watch(), samples=800).check
    assert check.value < 0.3
    assert not check.passed


def test_what_was_only_learnt_by_heart_does_not_pass():
    """As many weights as samples fit any numbers; left-out samples, one by one, are the reference."""
    game = FunctionGame(random_worth(12), 12)
    check = lime(game, Watch(), samples=13, penalty=1e-3).check
    present = removal_sample(12, 13, 0)
    values = np.array([random_worth(12)(row) for row in present])
    weights = nearness(present, 25.0)
    assert ridge(present, values, weights, 1e-3).determination > 0.9
    _, which = np.unique(present, axis=0, return_inverse=True)
    missed = spread = 0.0
    for i in range(len(present)):
        kept = which.ravel() != which.ravel()[i]
        other = ridge(present[kept], values[kept], weights[kept], 1e-3)
        missed += weights[i] * (values[i] - other.intercept - other.weights @ present[i]) ** 2
        mean = weights[kept] @ values[kept] / weights[kept].sum()
        spread += weights[i] * (values[i] - mean) ** 2
    assert check.value == pytest.approx(1 - missed / spread, rel=1e-6)
    assert not check.passed


def test_lime_itself():
    """LimeTextExplainer draws; the same rows give the same weights and the same fit, to 1e-6."""
    words = [f"w{i}" for i in range(9)]
    worth, asked = random_worth(9), []

    def answers(texts):
        present = np.array([[word in text.split() for word in words] for text in texts])
        asked.extend(present)
        values = np.array([worth(row) for row in present])
        return np.stack([values, -values], axis=1)

    explainer = LimeTextExplainer(random_state=0)
    expected = explainer.explain_instance(" ".join(words), answers, (0,), num_features=9, num_samples=150)  # fmt: skip
    present = np.array(asked)
    values = np.array([worth(row) for row in present])
    found = ridge(present, values, nearness(present, 25.0), 1.0)
    own = {words.index(word): weight for word, weight in expected.as_list(label=0)}
    np.testing.assert_allclose(found.weights, [own[i] for i in range(9)], rtol=0, atol=1e-6)
    assert found.intercept == pytest.approx(expected.intercept[0], abs=1e-6)
    assert found.determination == pytest.approx(expected.score[0] if isinstance(expected.score, dict) else expected.score, abs=1e-6)  # fmt: skip


@pytest.mark.parametrize("family", ["gpt2", "llama", "bert-classifier"])
def test_captum_with_the_same_samples(family):
    """Within 1e-4 of the largest score."""
    lm = tiny_lm(family)
    tokens = lm.tokenize("the king said")
    game = ModelGame(Question(lm, tokens, target=2), unit_of_tokens(tokens, "token"), removal="unk", keep_special=False)  # fmt: skip
    ids = torch.tensor(tokens.ids)[None]
    unknown = torch.full_like(ids, lm.tokenizer.unk_token_id)
    present = removal_sample(len(game), 80, 1)
    rows = iter(torch.tensor(present).long())

    def target(ids):
        logits = lm.model(input_ids=ids).logits
        return logits[:, 2] if lm.labels else logits[:, -1, 2]

    kernel = get_exp_kernel_similarity_function("cosine", 0.25)
    explainer = Lime(
        target,
        interpretable_model=SkLearnRidge(alpha=1.0),
        similarity_func=lambda original, changed, interpretable, **kwargs: kernel(
            torch.ones(len(game)), interpretable[0].float(), interpretable, **kwargs
        ),
        perturb_func=lambda *_, **__: next(rows)[None],
    )
    with torch.no_grad():
        expected = explainer.attribute(ids, baselines=unknown, n_samples=len(present))[0].numpy()
    found = ridge(present, game.values(present), nearness(present, 25.0), 1.0).weights
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


def test_samples_are_even_over_how_many_are_away():
    present = removal_sample(6, 6001, 0)
    assert present[0].all()
    away = np.bincount((~present[1:]).sum(1), minlength=7)
    assert away[0] == 0
    np.testing.assert_allclose(away[1:] / 6000, 1 / 6, atol=0.03)
    np.testing.assert_allclose(present.mean(0), present.mean(), atol=0.03)


def test_settings():
    game = FunctionGame(random_worth(5), 5)
    found = lime(game, Watch())
    assert found.settings == {"samples": 200, "kernel_width": 25.0, "penalty": 1.0, "seed": 0}
    again = lime(FunctionGame(random_worth(5), 5), Watch(), **found.settings)
    np.testing.assert_array_equal(found.scores, again.scores)
    assert not np.array_equal(found.scores, lime(game, Watch(), seed=1).scores)
    for wrong in ({"samples": 1}, {"kernel_width": 0}, {"penalty": -1}, {"kernel_width": np.nan}):
        with pytest.raises(InputError):
            lime(game, Watch(), **wrong)


def test_cut_short():
    told = []
    watch = Watch(lambda done, total, left: told.append((done, total)), lambda: len(told) > 50)
    found = lime(FunctionGame(random_worth(10), 10), watch, samples=400)
    assert found.partial
    assert np.isfinite(found.scores).all()
    assert told[-1][0] == 50
    assert int(found.check.explanation.split("each of ")[1].split()[0]) in range(50, 400)
    with pytest.raises(CancelledError):
        lime(FunctionGame(random_worth(10), 10), Watch(cancelled=lambda: True))
