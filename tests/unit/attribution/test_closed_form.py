"""Hand-made models whose attributions are known exactly."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from models import tiny_tokenizer
from torch import nn
from transformers import PreTrainedConfig

from lmwidget.attribution.question import Question
from lmwidget.attribution.target_function import TargetFunction
from lmwidget.models.language_model import LanguageModel

WIDTH, CLASSES = 5, 3
TEXT = "the king said the cat sat"


class Bag(nn.Module):
    """Sum of embeddings, then a linear layer: logits = W Σe + b."""

    def __init__(self):
        super().__init__()
        self.config = PreTrainedConfig(num_labels=CLASSES)
        generator = torch.Generator().manual_seed(0)
        self.embeddings = nn.Embedding(300, WIDTH)
        self.embeddings.weight.data = torch.randn(300, WIDTH, generator=generator)
        self.weight = nn.Parameter(torch.randn(CLASSES, WIDTH, generator=generator))
        self.form = torch.randn(CLASSES, WIDTH, WIDTH, generator=generator)

    def answer(self, bag):
        return bag @ self.weight.T + 0.7

    def forward(self, input_ids):
        return SimpleNamespace(logits=self.answer(self.embeddings(input_ids).sum(1)))


class BagForSequenceClassification(Bag):
    """Linear."""


class QuadraticForSequenceClassification(Bag):
    """Every token interacts with every other: logits = sᵀ A s, with s = Σe."""

    def answer(self, bag):
        return torch.einsum("bi,cij,bj->bc", bag, self.form, bag)


class StepForSequenceClassification(Bag):
    """Saturates: logits = tanh(4 W Σe)."""

    def answer(self, bag):
        return torch.tanh(4 * super().answer(bag))


def make(cls):
    return LanguageModel(cls(), tiny_tokenizer("bert"))


def parts(lm, tokens):
    """Embeddings of text, padding and average, in float64."""
    table = lm.model.embeddings.weight.detach().double()
    return table[torch.tensor(tokens.ids)], table[lm.tokenizer.pad_token_id], table.mean(0)


@pytest.mark.parametrize("foil", [None, 0])
def test_linear_model(foil):
    lm = make(BagForSequenceClassification)
    weight = lm.model.weight.detach().double()
    direction = weight[2] - (0 if foil is None else weight[foil])
    results = {
        method: lm.attribute(TEXT, method, target=2, foil=foil, **settings)
        for method, settings in {
            "gradient": {},
            "input_x_gradient": {},
            "integrated_gradients": {"baseline": "pad", "keep_special": False, "steps": 3},
        }.items()
    }
    own, pad, _ = parts(lm, results["gradient"].tokens)
    expected = {
        "gradient": direction.norm().expand(len(own)),
        "input_x_gradient": own @ direction,
        "integrated_gradients": (own - pad) @ direction,
    }
    for method, why in results.items():
        np.testing.assert_allclose(why.scores, expected[method], rtol=1e-5, atol=1e-5)
    assert results["integrated_gradients"].check.relative < 1e-5


@pytest.mark.parametrize("baseline", ["zero", "pad", "mean", "cat"])
def test_quadratic_model(baseline):
    # On a straight line the gradient of a quadratic is linear: its mean is the one halfway.
    lm = make(QuadraticForSequenceClassification)
    why = lm.attribute(
        TEXT, "integrated_gradients", target=1, baseline=baseline, keep_special=False
    )
    own, pad, mean = parts(lm, why.tokens)
    cat = lm.model.embeddings.weight.detach().double()[lm.tokenizer.convert_tokens_to_ids("cat")]
    start = {"zero": 0 * own, "pad": pad, "mean": mean, "cat": cat}[baseline].expand_as(own)
    form = lm.model.form[1].double()
    halfway = (own + start).sum(0) / 2
    expected = (own - start) @ ((form + form.T) @ halfway)
    np.testing.assert_allclose(why.scores, expected, rtol=1e-4, atol=1e-4)
    gain = own.sum(0) @ form @ own.sum(0) - start.sum(0) @ form @ start.sum(0)
    assert why.check.expected == pytest.approx(float(gain), rel=1e-4)
    assert why.check.total == pytest.approx(float(gain), rel=1e-4)
    assert why.settings["baseline"] == baseline


def test_kept_special_tokens_stand_still():
    lm = make(QuadraticForSequenceClassification)
    why = lm.attribute(TEXT, "integrated_gradients", target=1, baseline="zero")
    own, _, _ = parts(lm, why.tokens)
    start = own.clone()
    start[1:-1] = 0
    form = lm.model.form[1].double()
    expected = (own - start) @ ((form + form.T) @ ((own + start).sum(0) / 2))
    np.testing.assert_allclose(why.scores, expected, rtol=1e-4, atol=1e-4)
    assert why.scores[0] == why.scores[-1] == 0


def test_panels_settle_a_step_that_few_nodes_miss():
    lm = make(StepForSequenceClassification)
    few = lm.attribute(TEXT, "integrated_gradients", target=1, baseline="mean", steps=4)
    panels = lm.attribute(TEXT, "integrated_gradients", target=1, baseline="mean", tolerance=0.001)
    exact = lm.attribute(TEXT, "integrated_gradients", target=1, baseline="mean", steps=2000)
    assert few.check.relative > 0.02
    assert panels.check.relative < 0.001
    assert panels.cost["passes"] < 258
    np.testing.assert_allclose(panels.scores, exact.scores, atol=2e-3 * abs(exact.scores).max())


def test_values_and_gradients_of_many_points():
    lm = make(QuadraticForSequenceClassification)
    with TargetFunction(Question(lm, lm.tokenize(TEXT), target=2, foil=0)) as f:
        points = torch.randn(4, *f.embeddings.shape, generator=torch.Generator().manual_seed(1))
        values, gradients = f.at(points)
    bags, form = points.sum(1).double(), (lm.model.form[2] - lm.model.form[0]).double()
    np.testing.assert_allclose(values, ((bags @ form) * bags).sum(-1), rtol=1e-4)
    expected = (bags @ (form + form.T))[:, None].expand(gradients.shape)
    np.testing.assert_allclose(gradients, expected, rtol=1e-4, atol=1e-4)
