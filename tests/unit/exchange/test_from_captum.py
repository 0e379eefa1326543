"""What Captum really returns, read back: its own tensors and results of its language methods."""

import numpy as np
import pytest
import torch
from captum.attr import (
    FeatureAblation,
    LayerIntegratedGradients,
    LLMAttribution,
    LLMAttributionResult,
    TextTemplateInput,
)
from transformers import AutoTokenizer

import lmwidget as lmw
from lmwidget.errors import InputError
from lmwidget.exchange import from_captum

TEXT = "The king said unto the"


@pytest.fixture(scope="module")
def tiny():
    return lmw.load("tiny")


def test_layer_integrated_gradients_are_summed_over_the_width(tiny):
    ids = torch.tensor(tiny.tokenize(TEXT).ids)[None]
    target = int(tiny.model(input_ids=ids).logits[0, -1].argmax())

    def logit(given):
        return tiny.model(input_ids=given).logits[:, -1, target]

    explainer = LayerIntegratedGradients(logit, tiny.model.get_input_embeddings())
    raw, gap = explainer.attribute(
        ids, baselines=torch.zeros_like(ids), n_steps=64, return_convergence_delta=True
    )
    assert raw.ndim == 3
    found = from_captum(raw, tiny.tokenize(TEXT), target="x", method="integrated gradients")
    assert found.tokens.pieces == tuple(tiny.tokenize(TEXT).pieces)
    np.testing.assert_allclose(found.scores, raw[0].sum(-1).detach(), rtol=1e-5, atol=1e-7)
    with torch.no_grad():
        change = logit(ids) - logit(torch.zeros_like(ids))
    assert found.scores.sum() == pytest.approx((change + gap.detach()).item(), rel=1e-3)
    norms = from_captum(raw, tiny.tokenize(TEXT), over_width="norm")
    np.testing.assert_allclose(norms.scores, raw[0].norm(dim=-1).detach(), rtol=1e-5)
    assert not norms.signed


@pytest.mark.parametrize(
    "wrap", [lambda x: x, lambda x: x[None], lambda x: (x[None],), lambda x: [x]]
)
def test_one_score_a_token_in_any_wrapping(wrap):
    scores = torch.tensor([0.5, -1.0, 0.0], requires_grad=True)
    found = from_captum(wrap(scores), ["so", " very", " bad"], target=" film", unit="logit")
    assert found.scores.tolist() == [0.5, -1.0, 0.0]
    assert (found.target.label, found.unit, found.signed, found.readout) == (" film", "logit", True, "given")  # fmt: skip


def test_a_single_token_with_a_width_and_half_precision():
    found = from_captum(torch.full((1, 1, 4), 0.25, dtype=torch.bfloat16), ["a"])
    assert found.scores.tolist() == [1.0]


def test_feature_ablation_of_ids(tiny):
    tokens = tiny.tokenize(TEXT)
    ids = torch.tensor(tokens.ids)[None]
    raw = FeatureAblation(lambda x: tiny.model(input_ids=x.long()).logits[:, -1, 5]).attribute(ids.float())  # fmt: skip
    assert from_captum(raw, tokens).scores.tolist() == raw[0].tolist()


def test_a_result_of_llm_attribution_is_an_answer_token_by_token(tiny):
    hf = AutoTokenizer.from_pretrained(tiny.model.name_or_path)
    result = LLMAttribution(FeatureAblation(tiny.model), hf).attribute(
        TextTemplateInput("{} {} said", ["The", "king"]), target=" unto the"
    )
    found = from_captum(result)
    count = len(result.output_tokens)
    assert found.scores.shape == (count, 2 + count)
    np.testing.assert_array_equal(found.scores[:, :2], result.token_attr)
    assert not found.scores[:, 2:].any()
    assert found.unit == "log-probability"
    assert found.tokens.text == "The king u nt o the"  # Captum drops spaces: at least kept apart
    np.testing.assert_allclose(found.whole().scores, result.seq_attr, rtol=1e-4, atol=1e-6)
    exact = from_captum(result, ["The", " king", " u", "nt", "o", " the"])
    assert exact.answer == " unto the"
    np.testing.assert_array_equal(exact.scores, found.scores)
    with pytest.raises(InputError, match="4 tokens but Captum explained 2 inputs and 4"):
        from_captum(result, ["The", " king", " u", "nt"])


def test_a_result_without_tokens_of_the_answer_is_one_map():
    result = LLMAttributionResult(
        input_tokens=["The", "Ġking"], output_tokens=["Ġsaid", "Ġso"], seq_attr=[0.5, -1.0]
    )
    found = from_captum(result)
    assert (found.tokens.text, found.target.label) == ("The king", " said so")
    assert found.scores.tolist() == [0.5, -1.0]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (torch.zeros(2, 3), "several texts"),
        (torch.zeros(2, 4, 8), "several texts"),
        (torch.zeros(1, 1, 4, 8), "do not fit"),
        (torch.zeros(3), "4 tokens but scores of shape"),
        ("scores", "not a tensor of scores"),
        ({"a": 1}, "not a tensor of scores"),
    ],
)
def test_what_does_not_fit_is_one_clear_error(given, message):
    with pytest.raises(InputError, match=message):
        from_captum(given, ["a", "b", "c", "d"])
