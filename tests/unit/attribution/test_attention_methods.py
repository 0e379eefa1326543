"""Attention, rollout and relevance as attributions, against eager attention of transformers."""

import numpy as np
import pytest
import torch
from heads import headed_lm
from models import fresh_model, tiny_lm, tiny_tokenizer

from lmwidget.attribution import METHODS
from lmwidget.errors import InputError, NoAttentionError, UnavailableError, UnknownNameError
from lmwidget.inspection.attention.relevance import relevance
from lmwidget.models.language_model import LanguageModel

NAMES = ("attention", "rollout", "relevance")


def eager(family, inputs, kind="attentions"):
    """Attention of an eager copy, float64 (layer, query, key), the mean over heads."""
    model = fresh_model(family, "eager")
    with torch.no_grad():
        found = model(**inputs, output_attentions=True)
    return np.stack([layer[0].mean(0).double().numpy() for layer in getattr(found, kind)])


def rolled(weights, residual=0.5):
    count = weights.shape[-1]
    found = np.eye(count)
    for layer in weights:
        step = residual * np.eye(count) + (1 - residual) * layer
        found = (step / step.sum(-1, keepdims=True)) @ found
    return found


CASES = [("gpt2", "the king said", -1), ("bert", "the [MASK] said", None), ("bert-classifier", "the king", 0)]  # fmt: skip


@pytest.mark.parametrize(("family", "text", "place"), CASES)
def test_attention_and_rollout(family, text, place):
    lm = tiny_lm(family)
    text = text.replace("[MASK]", lm.tokenizer.mask_token or "")
    tokens = lm.tokenize(text)
    place = tokens.ids.tolist().index(lm.tokenizer.mask_token_id) if place is None else place
    weights = eager(family, lm.inputs(tokens))
    why = lm.attribute(text, "attention")
    np.testing.assert_allclose(why.scores, weights.mean(0)[place], rtol=1e-4, atol=1e-6)
    last = lm.attribute(text, "attention", layer=-1)
    np.testing.assert_allclose(last.scores, weights[-1][place], rtol=1e-4, atol=1e-6)
    why = lm.attribute(text, "rollout")
    np.testing.assert_allclose(why.scores, rolled(weights)[place], rtol=1e-4, atol=1e-6)
    none = lm.attribute(text, "rollout", residual=0.0)
    np.testing.assert_allclose(none.scores, rolled(weights, 0.0)[place], rtol=1e-4, atol=1e-6)
    assert (why.unit, why.signed, why.settings) == ("attention share", False, {"residual": 0.5, "heads": "mean"})  # fmt: skip
    assert why.value == pytest.approx(why.target.logit)


def test_heads():
    lm = tiny_lm("gpt2")
    attention = lm.attention("the king said")
    one = lm.attribute("the king said", "attention", layer=1, heads=[2])
    np.testing.assert_allclose(one.scores, attention[1, 2][-1], rtol=1e-5, atol=1e-7)
    mixed = lm.attribute("the king said", "attention", layer=0, heads=np.array([0.75, 0.25, 0, 0]))
    expected = 0.75 * attention[0, 0][-1] + 0.25 * attention[0, 1][-1]
    np.testing.assert_allclose(mixed.scores, expected, rtol=1e-5, atol=1e-7)
    assert mixed.settings == {"layer": 0, "heads": [0.75, 0.25, 0.0, 0.0]}
    again = lm.attribute("the king said", "attention", **mixed.settings)
    assert (again.scores == mixed.scores).all()
    with pytest.raises(UnknownNameError):
        lm.attribute("the king", "attention", layer=9)
    with pytest.raises(UnknownNameError):
        lm.attribute("the king", "rollout", heads=[9])
    with pytest.raises(InputError, match="share of 2"):
        lm.attribute("the king", "rollout", residual=2)


@pytest.mark.parametrize("family", ["bart", "t5"])
def test_encoder_decoders_look_at_the_input(family):
    lm = tiny_lm(family)
    tokens, output = lm.tokenize("the king said"), lm.tokenize_output("on a")
    inputs = lm.inputs(tokens, output)
    cross = eager(family, inputs, "cross_attentions").mean(0)[-1]
    why = lm.attribute(tokens, "attention", output="on a")
    np.testing.assert_allclose(why.scores, cross, rtol=1e-4, atol=1e-6)
    encoder = rolled(eager(family, inputs, "encoder_attentions"))
    why = lm.attribute(tokens, "rollout", output="on a")
    np.testing.assert_allclose(why.scores, cross @ encoder, rtol=1e-4, atol=1e-6)
    why = lm.attribute(tokens, "relevance", output="on a", target=9)
    expected = relevance(lm, tokens, target=9, output="on a").scores
    np.testing.assert_allclose(why.scores, expected, rtol=1e-5)


@pytest.mark.parametrize("family", ["gpt2", "llama", "bert-classifier", "xlnet"])
def test_relevance(family):
    lm = tiny_lm(family)
    why = lm.attribute("the king said", "relevance", target=1, foil=2)
    expected = relevance(lm, "the king said", target=1, foil=2).scores
    np.testing.assert_allclose(why.scores, expected, rtol=1e-5, atol=1e-7)
    assert (why.unit, why.foil.id) == ("relevance", 2)


def test_a_phrase_is_the_mean_of_its_tokens():
    lm = tiny_lm("gpt2")
    count = len(lm.tokenize("the king"))
    phrase = lm.attribute("the king", "attention", target=" hat")
    length = len(phrase.target.ids)
    assert length > 1
    rows = lm.attention(lm.attribute_answer("the king", " hat").tokens)
    mean = np.mean([rows[layer].mean(0) for layer in range(2)], axis=0)
    expected = mean[count - 1 : count - 1 + length].mean(0)[:count]
    np.testing.assert_allclose(phrase.scores, expected, rtol=1e-4, atol=1e-6)
    alone = lm.attribute("the king", "gradient", target=" hat")
    assert phrase.value == pytest.approx(alone.value, rel=1e-5)
    with pytest.raises(UnavailableError, match="single token"):
        lm.attribute("the king", "relevance", target=" hat")
    whole = lm.attribute_answer("the king", " hat", "relevance").whole()
    assert (whole.scores > 0).all()


def test_positions_in_the_middle():
    lm = tiny_lm("gpt2")
    place = 4
    why = lm.attribute("the king said", "attention", position=place)
    rows = lm.attention("the king said")
    expected = np.mean([rows[layer].mean(0)[place] for layer in range(2)], axis=0)
    np.testing.assert_allclose(why.scores, expected, rtol=1e-5, atol=1e-7)
    why = lm.attribute("the king said", "relevance", position=place, target=9)
    assert (why.scores[: place + 1] > 0).all()
    assert (why.scores[place + 1 :] == 0).all()


def test_labels_and_answers():
    lm = headed_lm("bert", "TokenClassification")
    rows = lm.attention("the king said")
    mean = np.mean([rows[layer].mean(0) for layer in range(2)], axis=0)
    why = lm.attribute("the king said", "attention", position=2)
    np.testing.assert_allclose(why.scores, mean[2], rtol=1e-4, atol=1e-6)
    lm = headed_lm("bert", "QuestionAnswering")
    pair = ("who?", "the king said")
    rows = lm.attention(pair)
    mean = np.mean([rows[layer].mean(0) for layer in range(2)], axis=0)
    for method in NAMES:
        why = lm.attribute(pair, method, target="king")
        assert why.scores.shape == (len(why.tokens),)
    why = lm.attribute(pair, "attention", target="king")
    np.testing.assert_allclose(why.scores, mean[list(why.target.span)].mean(0), rtol=1e-4, atol=1e-6)  # fmt: skip


@pytest.mark.parametrize("method", NAMES)
def test_models_without_attention(method):
    with pytest.raises(NoAttentionError, match="Saliency works for it"):
        tiny_lm("mamba").attribute("the king", method)
    assert METHODS[method].unit in {"attention share", "relevance"}
    assert 30 <= METHODS[method].order < 40


@pytest.mark.parametrize("method", NAMES)
def test_the_model_is_left_alone(method):
    model = fresh_model("gpt2").train()
    lm = LanguageModel(model, tiny_tokenizer("gpt2"))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    lm.attribute("the king", method)
    assert model.training
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    assert all((value == before[name]).all() for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_relevance_of_a_text_whose_graph_is_planned(smollm2, monkeypatch):
    """Short passes that plan the graph of a longer text are not part of what was recorded."""
    text = "The cat sat on the mat near the tall tree. " * 12
    planned = smollm2.attribute(text, "relevance", target=" The", progress=False).scores
    monkeypatch.setattr("lmwidget.attribution.graph_plan._SMALL", 1 << 60)  # keeps all of it
    whole = smollm2.attribute(text, "relevance", target=" The", progress=False).scores
    assert len(whole) > 100
    assert whole.max() > 0.1
    np.testing.assert_allclose(planned, whole, rtol=1e-4, atol=1e-6)
