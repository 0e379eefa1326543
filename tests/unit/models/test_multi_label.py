"""Classifiers where several classes hold at once, and regressions, against transformers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import transformers
from heads import headed, headed_lm, tokenizer_of
from torch import nn

import lmwidget as lmw
from lmwidget.errors import UnknownNameError

TEXT = "the king sat, un believing"


def classifier(family="bert", **settings):
    return headed_lm(family, "SequenceClassification", **settings)


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert", "electra", "gpt2"])
def test_every_class_has_a_probability_of_its_own(family):
    lm = classifier(family, num_labels=4, problem_type="multi_label_classification")
    assert lm.multi_label is True
    pipeline = transformers.TextClassificationPipeline(
        model=lm.model, tokenizer=lm.tokenizer, top_k=None
    )
    expected = {entry["label"]: entry["score"] for entry in pipeline([TEXT])[0]}
    found = lm.predict(TEXT)
    assert {p.label for p in found} == set(expected)
    for prediction in found:
        assert prediction.probability == pytest.approx(expected[prediction.label], abs=1e-5)
        assert prediction.probability == pytest.approx(1 / (1 + np.exp(-prediction.logit)))
    assert [p.logit for p in found] == sorted((p.logit for p in found), reverse=True)
    assert sum(p.probability for p in found) != pytest.approx(1.0, abs=1e-3)


def test_batches_have_a_sigmoid_each():
    lm = classifier(num_labels=4, problem_type="multi_label_classification")
    rows = [lm.tokenize(text) for text in (TEXT, "the cat")]
    logits = torch.cat([lm.forward(row).logits for row in rows])
    normal = lm.logits(rows, normalize=True, candidates=[3, 1])
    expected = torch.sigmoid(logits.double()).log()[:, [3, 1]]
    np.testing.assert_allclose(normal, expected, atol=2e-5)


def test_it_can_be_said():
    model, tokenizer = headed("bert", "SequenceClassification", num_labels=3), tokenizer_of("bert")
    assert not lmw.LanguageModel(model, tokenizer).multi_label
    several = lmw.LanguageModel(model, tokenizer, multi_label=True)
    for prediction in several.predict(TEXT):
        assert prediction.probability == pytest.approx(1 / (1 + np.exp(-prediction.logit)))
    model.config.problem_type = "multi_label_classification"
    assert lmw.LanguageModel(model, tokenizer).multi_label
    one = lmw.LanguageModel(model, tokenizer, multi_label=False)
    assert sum(p.probability for p in one.predict(TEXT)) == pytest.approx(1.0)
    with pytest.raises(UnknownNameError, match="multi_label"):
        lmw.LanguageModel(model, tokenizer, multilabel=True)


def test_only_classes_of_a_text_hold_at_once():
    tagger = headed_lm("bert", "TokenClassification", problem_type="multi_label_classification")
    assert not tagger.multi_label
    assert not lmw.load("tiny").multi_label


class Votes(nn.Module):
    """Two classes, each the sum of its votes."""

    def __init__(self):
        super().__init__()
        self.votes = nn.Embedding.from_pretrained(torch.tensor([[1.0, 0], [0, -2], [0, 0]]))

    def forward(self, ids):
        return self.votes(ids).sum(1)


def test_a_module_of_ones_own():
    lm = lmw.LanguageModel(Votes(), {"a": 0, "b": 1, "c": 2}, multi_label=True)
    found = {p.id: p.probability for p in lm.predict("aab")}
    assert found == pytest.approx({0: 1 / (1 + np.exp(-2)), 1: 1 / (1 + np.exp(2))})


def test_a_regression_has_no_probability():
    lm = classifier(num_labels=1)
    (found,) = lm.predict(TEXT)
    assert np.isnan(found.probability)
    assert found.logit == pytest.approx(float(lm.forward(lm.tokenize(TEXT)).logits), abs=1e-6)
    assert np.isnan(lm.logits([lm.tokenize(TEXT)], normalize=True)).all()
    several = classifier(num_labels=3, problem_type="regression")
    assert all(np.isnan(p.probability) for p in several.predict(TEXT))
    logits = several.forward(several.tokenize(TEXT)).logits[0]
    assert [p.id for p in several.predict(TEXT)] == logits.argsort(descending=True).tolist()


def test_a_single_class_that_holds_or_not():
    lm = lmw.LanguageModel(
        headed("bert", "SequenceClassification", num_labels=1),
        tokenizer_of("bert"),
        multi_label=True,
    )
    (found,) = lm.predict(TEXT)
    assert found.probability == pytest.approx(1 / (1 + np.exp(-found.logit)))
