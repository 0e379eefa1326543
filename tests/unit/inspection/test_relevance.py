"""Relevance of Chefer et al. (2021), derived again in NumPy from eager attention and its gradient."""

import numpy as np
import pytest
import torch
from eager_passes import eager_pass
from models import fresh_model, tiny_lm, tiny_tokenizer
from test_attention_gradients import OneHead, assert_close, text_of
from torch import nn

from lmwidget.inspection.attention.relevance import EncoderDecoderRelevance, Relevance, relevance
from lmwidget.mixing import ContextMixing
from lmwidget.models.language_model import LanguageModel

TEXT = "the king said, there he sat"


def double_lm(family):
    return LanguageModel(fresh_model(family, None, torch.float64), tiny_tokenizer(family))


def averaged(weights, gradients):
    return [np.clip(w * g, 0, None).mean(0) for w, g in zip(weights, gradients, strict=True)]


def self_relevance(layers):
    found = np.eye(len(layers[0]))
    for layer in layers:
        found = found + layer @ found
    return found


@pytest.mark.parametrize(
    ("family", "place"),
    [("gpt2", -1), ("llama", -1), ("gemma2", -1), ("bert", 3), ("bert-classifier", 0)],
)
def test_one_text(family, place):
    lm, text = tiny_lm(family), text_of(family)
    expected = eager_pass(lm, family, text, 1, 2, position=place)
    layers = averaged(expected.weights["self"], expected.gradients["self"])
    found = relevance(double_lm(family), text, target=1, foil=2)
    assert isinstance(found, Relevance)
    assert isinstance(found, ContextMixing)
    for step, layer in zip(found.steps, layers, strict=True):
        assert_close(step, layer + np.eye(len(layer)))
    matrix = self_relevance(layers)
    assert_close(found.matrix(), matrix)
    assert found.place == place % len(found.tokens)
    assert_close(found.scores, matrix[place])
    assert found.unit == "relevance"
    assert " rather than " in found.target


def normalised(matrix):
    gained = matrix - np.eye(len(matrix))
    total = gained.sum(-1, keepdims=True)
    return np.where(total > 0, gained / np.where(total > 0, total, 1), 0) + np.eye(len(matrix))


@pytest.mark.parametrize("family", ["t5", "bart"])
def test_encoder_decoder(family):
    lm = tiny_lm(family)
    expected = eager_pass(lm, family, TEXT, 7, output="the king")
    layers = {k: averaged(expected.weights[k], expected.gradients[k]) for k in expected.weights}
    encoder = self_relevance(layers["encoder"])
    own = np.eye(len(layers["decoder"][0]))
    cross = np.zeros((len(own), len(encoder)))
    for within, across in zip(layers["decoder"], layers["cross"], strict=True):
        own, cross = own + within @ own, cross + within @ cross
        cross = cross + normalised(own).T @ across @ normalised(encoder)
    found = relevance(double_lm(family), TEXT, target=7, output="the king")
    assert isinstance(found, EncoderDecoderRelevance)
    assert_close(found.encoder.matrix(), encoder)
    assert_close(found.decoder.matrix(), own)
    assert_close(found.cross, cross)
    assert_close(found.scores, cross[-1])
    assert_close(found.decoder.scores, own[-1])
    assert found.place == len(found.output_tokens) - 1
    assert found.scores.max() > 0


def test_closed_form_of_three_tokens():
    """One layer, one head: only values of positive logit in the last row are relevant."""
    lm = LanguageModel(OneHead().eval(), {"a": 0, "b": 1, "c": 2}, name="one head")
    found = relevance(lm, "abc", target=1)
    weights = np.exp([0.5, -1.0, 0.25]) / np.exp([0.5, -1.0, 0.25]).sum()
    expected = np.eye(3)
    expected[2, :2] += weights[:2] * [2.0, 3.0]  # the third value speaks against the class
    np.testing.assert_allclose(found.steps[0], expected, atol=1e-6)
    np.testing.assert_allclose(found.scores, expected[2], atol=1e-6)


class Pooled(nn.Module):
    """A classifier that takes the mean over all positions."""

    def __init__(self):
        super().__init__()
        self.inner = OneHead()

    def forward(self, ids):
        return self.inner(ids).mean(1)


def test_a_class_that_is_read_everywhere():
    model = Pooled().eval()
    lm = LanguageModel(model, {"a": 0, "b": 1, "c": 2}, task="sequence-classification")
    found = relevance(lm, "abc", target=1)
    assert found.place is None
    np.testing.assert_allclose(found.scores, found.matrix().mean(0), atol=1e-6)


def test_start_token_alone_is_the_default_output():
    found = relevance(tiny_lm("t5"), TEXT)
    assert found.cross.shape == (1, len(found.tokens))


@pytest.mark.real_model
def test_on_the_default_model(smollm2):
    found = relevance(smollm2, "The capital of France is", target=" Paris")
    assert found.tokens.pieces[int(found.scores[:-1].argmax())] != ""
    assert np.isfinite(found.scores).all()
    assert found.place == len(found.tokens) - 1
