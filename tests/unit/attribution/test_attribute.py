"""What comes back from attribute(), for every kind of model."""

import re
import threading

import numpy as np
import pytest
import torch
from models import SEQ2SEQ, fresh_model, tiny_lm, tiny_tokenizer

from lmwidget.attribution import METHODS, attribute
from lmwidget.attribution.propagation import ARCHITECTURES
from lmwidget.errors import (
    InputError,
    ModelMismatchError,
    NoAttentionError,
    UnavailableError,
    UnknownNameError,
)
from lmwidget.models.language_model import LanguageModel
from lmwidget.results import Attribution

GRADIENTS = ("gradient", "input_x_gradient", "integrated_gradients")


def refusal(family, method):
    """Why a method has nothing to say about a family, if it has not."""
    lm, asked = tiny_lm(family), METHODS[method]
    if 30 <= asked.order < 40 and family == "mamba":
        return NoAttentionError
    if method == "lrp" and lm.architecture not in ARCHITECTURES:
        return UnavailableError
    # ReAGent fills gaps with a model that fills gaps, or continues texts.
    return InputError if method == "reagent" and lm.task not in {"causal", "masked"} else None


@pytest.mark.parametrize("method", list(METHODS))
@pytest.mark.parametrize("family", ["gpt2", "bert-classifier", "bart", "mamba", "xlnet"])
def test_fields(family, method):
    lm, asked = tiny_lm(family), METHODS[method]
    if error := refusal(family, method):
        with pytest.raises(error):
            lm.attribute("the king", method)
        return
    text = "the king said" if method in GRADIENTS else "the king"
    why = lm.attribute(text, method)
    assert isinstance(why, Attribution)
    assert why.scores.dtype == np.float32
    assert why.scores.shape == (len(why.tokens),)
    assert np.isfinite(why.scores).all()
    assert np.abs(why.scores).max() > 0
    if not why.signed:
        assert (why.scores >= 0).all()
    assert why.readout == ("class" if lm.task == "sequence-classification" else "next token")
    assert (why.method, why.model, why.foil, why.partial) == (method, family, None, False)
    expected = why.target.probability if method == "reagent" else why.target.logit
    assert why.value == pytest.approx(expected, rel=1e-4)
    assert why.cost["seconds"] > 0
    assert why.cost["passes"] >= 1
    assert len(why.predictions) == (3 if lm.labels else 10)
    if method in GRADIENTS:
        assert why.signed == asked.signed == (method != "gradient")
        assert why.unit == ("gradient norm" if method == "gradient" else "logit")
        assert (why.check is None) == (method != "integrated_gradients")
    if asked.one_pass:
        assert why.cost["passes"] == 1


def test_the_default_method():
    lm = tiny_lm("gpt2")
    assert lm.attribute("the king").method == "leave_one_out"
    long = "the king said " * 8
    assert lm.attribute(long).method == "input_x_gradient"
    assert lm.attribute(long, level="sentence").method == "leave_one_out"
    tokens = lm.tokenize("the king")
    assert (attribute(lm, tokens).scores == lm.attribute("the king").scores).all()


def test_registry():
    assert next(iter(METHODS)) == "input_x_gradient"
    for name, method in METHODS.items():
        assert method.name == name
        assert method.summary.endswith(".")
        assert re.search(r"\d{4}", method.paper)
    quick = [name for name, method in METHODS.items() if not method.slow]
    assert quick[:2] == ["input_x_gradient", "gradient"]
    assert "integrated_gradients" not in quick


def test_unknown_names():
    lm = tiny_lm("gpt2")
    with pytest.raises(UnknownNameError, match=r"no method 'gradeint'\. Did you mean 'gradient'"):
        lm.attribute("the king", "gradeint")
    with pytest.raises(UnknownNameError, match=r"takes no 'step'\. Did you mean 'steps'"):
        lm.attribute("the king", "integrated_gradients", step=8)
    with pytest.raises(UnknownNameError, match="'gradient' takes no 'steps'"):
        lm.attribute("the king", "gradient", steps=8)


def test_a_model_without_a_head():
    with pytest.raises(ModelMismatchError, match="no output head"):
        tiny_lm("minilm").attribute("the king")


def test_a_text_that_is_too_long():
    with pytest.raises(InputError, match="truncate=True"):
        tiny_lm("gpt2").attribute("king " * 100)
    assert len(tiny_lm("gpt2").attribute("king " * 100, truncate=True).scores) == 128


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("method", list(METHODS))
def test_a_broken_model_is_shown_not_crashed(method, value):
    model = fresh_model("gpt2")
    model.transformer.h[0].mlp.c_fc.weight.data[3, 3] = value
    lm = LanguageModel(model, tiny_tokenizer("gpt2"))
    if method in {"attention", "rollout", "reagent"}:
        with pytest.raises(UnavailableError, match="no numbers"):
            lm.attribute("the king said", method)
        return
    why = lm.attribute("the king", method)
    assert method == "random" or np.isnan(why.scores).all()
    assert np.isnan(why.predictions[0].probability)
    assert np.isnan(why.target.probability)


@pytest.mark.parametrize("method", ["input_x_gradient", "integrated_gradients"])
@pytest.mark.parametrize("family", list(SEQ2SEQ))
def test_encoder_tokens_for_the_next_output_token(family, method):
    lm = tiny_lm(family)
    settings = {"steps": 64} if method == "integrated_gradients" else {}
    first = lm.attribute("the king said", method, target=9, **settings)
    later = lm.attribute("the king said", method, target=9, output="on a", **settings)
    assert len(first.scores) == len(lm.tokenize("the king said"))
    assert not np.allclose(first.scores, later.scores, rtol=0.01)
    written = lm.tokenize_output("on a")
    inputs = lm.inputs(first.tokens, written)
    with torch.no_grad():
        assert later.target.logit == pytest.approx(
            float(lm.model(**inputs).logits[0, -1, 9]), rel=1e-5
        )
    # By the encoder's own inputs_embeds.
    table = lm.model.get_encoder().get_input_embeddings()
    ids = inputs.pop("input_ids")
    own = table(ids).detach()
    if method == "input_x_gradient":
        embeds = own.clone().requires_grad_()
        logit = lm.model(inputs_embeds=embeds, **inputs).logits[0, -1, 9]
        expected = (embeds * torch.autograd.grad(logit, embeds)[0]).sum(-1)[0].detach()
    else:
        start = table(torch.full_like(ids, lm.tokenizer.pad_token_id)).detach()
        special = torch.tensor([kind == "special" for kind in first.tokens.kinds])
        start[0, special] = own[0, special]
        nodes, weights = np.polynomial.legendre.leggauss(64)
        expected = torch.zeros(len(special))
        for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
            embeds = (start + node * (own - start)).float().requires_grad_()
            logit = lm.model(inputs_embeds=embeds, **inputs).logits[0, -1, 9]
            slope = torch.autograd.grad(logit, embeds)[0]
            expected += weight * (slope * (own - start)).sum(-1)[0]
    np.testing.assert_allclose(later.scores, expected, rtol=0, atol=1e-4 * abs(expected).max())


def test_causal_models_compute_the_last_logits_only():
    model = fresh_model("llama")
    shapes = []
    model.lm_head.register_forward_hook(lambda _m, _i, out: shapes.append(tuple(out.shape)))
    LanguageModel(model, tiny_tokenizer("llama")).attribute(
        "the king said", "integrated_gradients", steps=3
    )
    assert shapes == [(1, 1, 300), (1, 1, 300), (3, 1, 300)]


def test_tokens_after_the_target_have_no_say():
    # A causal model that reads at the end uses every token; a masked one both sides.
    why = tiny_lm("bert").attribute("the [MASK] king", "gradient")
    assert (why.scores > 0).all()


def test_chat_and_pairs():
    pair = tiny_lm("bert-classifier").attribute(("the king", "sat"), "input_x_gradient")
    assert pair.tokens.source == "pair"
    assert len(pair.scores) == len(pair.tokens)


def test_saved_and_loaded(tmp_path):
    why = tiny_lm("gpt2").attribute("the king", "integrated_gradients", target=5, foil=6)
    again = Attribution.load(why.save(tmp_path / "why.safetensors"))
    assert (again.scores == why.scores).all()
    assert again.check == why.check
    assert again.settings == why.settings
    assert (again.target, again.foil, again.cost) == (why.target, why.foil, why.cost)


def test_threads_on_one_model_do_not_meet():
    lm = tiny_lm("llama")
    texts = ["the king said", "a cat on a mat", "the king said", "one other text"]
    expected = [lm.attribute(text, "integrated_gradients", steps=8).scores for text in texts]
    found = {}

    def run(index):
        found[index] = lm.attribute(texts[index], "integrated_gradients", steps=8).scores

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, scores in enumerate(expected):
        np.testing.assert_allclose(found[index], scores, rtol=1e-4, atol=1e-5)
