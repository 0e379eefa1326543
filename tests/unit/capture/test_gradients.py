"""Gradients with respect to embeddings, against the model's own inputs_embeds and closed forms."""

import copy
import threading
from types import SimpleNamespace

import pytest
import torch
from models import (
    CAUSAL,
    CLASSIFIERS,
    MASKED,
    SEQ2SEQ,
    fresh_model,
    random_ids,
    tiny_lm,
    tiny_model,
    tiny_tokenizer,
)
from test_guard import assert_same, state, unusual
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM

from lmwidget.capture.gradients import EmbeddingLeaves
from lmwidget.capture.memory import counting_saved
from lmwidget.errors import ModelMismatchError, UnavailableError
from lmwidget.models.language_model import LanguageModel


def inputs_of(family, batch=1):
    inputs = {"input_ids": random_ids(batch, 9), "attention_mask": torch.ones(batch, 9).long()}
    if family in SEQ2SEQ:
        inputs["decoder_input_ids"] = random_ids(batch, 4, seed=2)
    return inputs


def score_of(output):
    logits = output.logits
    return logits[:, 3] if logits.dim() == 2 else logits[:, -1, 3] - logits[:, -1, 7]


def reference(model, inputs):
    """Through inputs_embeds: no code shared with lmwidget."""
    table = model.get_input_embeddings()
    scale = getattr(table, "embed_scale", None)
    inputs = dict(inputs)
    embeds = table(inputs.pop("input_ids")).detach().requires_grad_()
    assert scale is None or float(scale) == float(table.embed_scale)
    output = model(inputs_embeds=embeds, **inputs)
    return torch.autograd.grad(score_of(output).sum(), embeds)[0], output.logits.detach()


@pytest.mark.parametrize("family", [*CAUSAL, *MASKED, *SEQ2SEQ])
def test_equals_the_gradient_of_inputs_embeds(family):
    model, inputs = tiny_model(family), inputs_of(family, 2)
    expected, logits = reference(model, inputs)
    with EmbeddingLeaves(model) as run:
        output = run.forward(inputs)
        found = run.gradient(score_of(output))
    assert found.shape == expected.shape
    # Weights that need no gradient take other kernels: equal but for rounding.
    torch.testing.assert_close(output.logits, logits, rtol=1e-4, atol=1e-4)
    largest = float(expected.abs().max())
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=5e-5 * largest)


@pytest.mark.parametrize("family", [*CAUSAL, *MASKED, *SEQ2SEQ, *CLASSIFIERS])
def test_given_values_replace_the_embeddings_of_each_row(family):
    model, inputs = tiny_model(family), inputs_of(family)
    many = {name: value.repeat(3, 1) for name, value in inputs.items()}
    with EmbeddingLeaves(model) as run:
        plain = run.forward(inputs).logits.detach()
        own = run.leaves["input_ids"].detach()
        other = torch.randn(own.shape, generator=torch.Generator().manual_seed(0))
        values = torch.cat([own, other, own])
        logits = run.forward(many, {"input_ids": values}).logits.detach()
        assert torch.equal(run.leaves["input_ids"].detach(), values)
    torch.testing.assert_close(logits[[0]], plain, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(logits[[2]], plain, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(logits[[1]], plain, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("family", list(SEQ2SEQ))
def test_encoder_and_decoder_have_leaves_of_their_own(family):
    model, inputs = tiny_model(family), inputs_of(family)
    inputs["decoder_input_ids"] = inputs["input_ids"].clone()  # the same ids on both sides
    with EmbeddingLeaves(model) as run:
        gradients = {}
        for name in ("input_ids", "decoder_input_ids"):
            gradients[name] = run.gradient(score_of(run.forward(inputs)), name)
    embeds = model.get_encoder().get_input_embeddings()(inputs["input_ids"])
    first = embeds.detach().requires_grad_()
    second = model.get_decoder().get_input_embeddings()(inputs["input_ids"])
    second = second.detach().requires_grad_()
    output = model(
        inputs_embeds=first,
        decoder_inputs_embeds=second,
        attention_mask=inputs["attention_mask"],
    )
    expected = torch.autograd.grad(score_of(output).sum(), [first, second])
    for found, wanted in zip(gradients.values(), expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-6)
    assert not torch.allclose(*expected)


def test_embeds_other_ids_as_the_model_does():
    ids = random_ids(2, 9, seed=5)
    for family in ("gpt2", "gemma2", "xlnet", "bart", "t5"):
        model = tiny_model(family)
        with EmbeddingLeaves(model) as run:
            run.forward(inputs_of(family))
            call = run.calls["input_ids"]
            run.forward({**inputs_of(family, 2), "input_ids": ids})
            assert torch.equal(call.embed(ids), run.leaves["input_ids"].detach()), family


class Quirky(nn.Module):
    """Does to its embeddings what CTRL, I-BERT and Longformer do."""

    def __init__(self, quirk):
        super().__init__()
        self.quirk = quirk
        self.lookup = TupleEmbedding(20, 4) if quirk == "tuple" else nn.Embedding(20, 4)
        self.weight = nn.Parameter(torch.arange(12.0).reshape(3, 4))

    def get_input_embeddings(self):
        return self.lookup

    def forward(self, input_ids):
        if self.quirk == "padded":
            input_ids = nn.functional.pad(input_ids, (0, 2))
        x = self.lookup(input_ids)
        x = x[0] if self.quirk == "tuple" else x
        if self.quirk == "in place":
            x *= 2.0
        if self.quirk == "cut off":
            x = x.detach()
        return SimpleNamespace(logits=x.sum(1) @ self.weight.T)


class TupleEmbedding(nn.Embedding):
    def forward(self, ids):
        return super().forward(ids), torch.tensor(1.0)


@pytest.mark.parametrize(
    ("quirk", "factor", "length"), [("in place", 2, 5), ("tuple", 1, 5), ("padded", 1, 7)]
)
def test_quirks(quirk, factor, length):
    model = Quirky(quirk)
    with EmbeddingLeaves(model) as run:
        output = run.forward({"input_ids": random_ids(1, 5) % 20})
        gradient = run.gradient(output.logits[:, 2])
        assert torch.equal(gradient, (factor * model.weight[2]).detach().expand(1, length, 4))


def test_says_when_no_gradient_arrives():
    with EmbeddingLeaves(Quirky("cut off")) as run:
        output = run.forward({"input_ids": random_ids(1, 5) % 20})
        with pytest.raises(UnavailableError, match="No gradient reaches the embeddings of Quirky"):
            run.gradient(output.logits[:, 2])


def test_says_when_nothing_embeds_the_ids():
    class Table(nn.Module):
        def __init__(self):
            super().__init__()
            self.rows = nn.Parameter(torch.ones(20, 4))

        def forward(self, input_ids):
            return SimpleNamespace(logits=self.rows[input_ids].sum(1))

    with EmbeddingLeaves(Table()) as run, pytest.raises(UnavailableError, match="No embedding"):
        run.forward({"input_ids": random_ids(1, 5) % 20})


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_works_inside_contexts_without_gradients(context):
    lm = tiny_lm("llama")
    expected = lm.attribute("the king said", "input_x_gradient").scores
    with context():
        found = lm.attribute("the king said", "input_x_gradient").scores
        assert torch.is_inference_mode_enabled() == (context is torch.inference_mode)
        assert not torch.is_grad_enabled()
    assert (found == expected).all()


def test_a_model_made_under_inference_mode_is_refused():
    with torch.inference_mode():
        model = copy.deepcopy(tiny_model("gpt2"))
    lm = LanguageModel(model, tiny_tokenizer("gpt2"))
    with pytest.raises(ModelMismatchError, match=r"inference_mode\(\), so it has no gradients"):
        lm.attribute("the king", "input_x_gradient")


def test_a_frozen_model_has_gradients():
    model = fresh_model("llama")
    model.requires_grad_(requires_grad=False)
    lm = LanguageModel(model, tiny_tokenizer("llama"))
    assert (
        lm.attribute("the king", "input_x_gradient").scores
        == tiny_lm("llama").attribute("the king", "input_x_gradient").scores
    ).all()
    assert not any(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(dtype):
    lm = LanguageModel(fresh_model("llama", dtype=dtype), tiny_tokenizer("llama"))
    found = lm.attribute("the king said", "input_x_gradient", target=5).scores
    expected = tiny_lm("llama").attribute("the king said", "input_x_gradient", target=5).scores
    assert found.dtype == "float32"
    assert abs(found - expected).max() < 0.1 * abs(expected).max()


@pytest.mark.filterwarnings("ignore::FutureWarning")  # a newer name exists
def test_gradient_checkpointing_in_training():
    model = fresh_model("llama")
    model.gradient_checkpointing_enable()
    model.train()
    lm = LanguageModel(model, tiny_tokenizer("llama"))
    before = state(model)
    found = lm.attribute("the king said", "input_x_gradient").scores
    assert_same(before, state(model))
    assert (found == tiny_lm("llama").attribute("the king said", "input_x_gradient").scores).all()
    assert model.is_gradient_checkpointing


def test_dropout_is_off():
    config = copy.deepcopy(tiny_model("gpt2").config)
    config.embd_pdrop = config.attn_pdrop = config.resid_pdrop = 0.5
    model = AutoModelForCausalLM.from_config(config)
    model.load_state_dict(tiny_model("gpt2").state_dict())
    model.train()
    lm = LanguageModel(model, tiny_tokenizer("gpt2"))
    assert (
        lm.attribute("the king", "input_x_gradient").scores
        == tiny_lm("gpt2").attribute("the king", "input_x_gradient").scores
    ).all()
    assert model.training


def text_for(lm):
    return f"the king {lm.tokenizer.mask_token} said" if lm.task == "masked" else "the king said"


@pytest.mark.parametrize("method", ["gradient", "integrated_gradients"])
@pytest.mark.parametrize("family", ["gpt2", "llama", "bert", "t5", "bart", "bert-classifier"])
def test_the_model_is_as_found(family, method):
    model = unusual(family)
    lm = LanguageModel(model, tiny_tokenizer(family))
    before = state(model)
    lm.attribute(text_for(lm), method)
    assert_same(before, state(model))
    shared = tiny_model(family)
    inputs = inputs_of(family)
    with torch.no_grad():
        assert torch.equal(model.eval()(**inputs).logits, shared(**inputs).logits)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("family", ["gpt2", "llama", "bert", "t5"])
def test_the_model_is_as_found_after_an_exception_in_the_pass(family, error):
    model = unusual(family)
    calls = []

    def fail(*_):
        calls.append(1)
        if len(calls) == 3:  # after the text, the baseline: within the first batch
            raise error

    last = [m for m in model.modules() if isinstance(m, nn.Linear) or "Conv1D" in str(type(m))][-2]
    last.register_forward_hook(fail)
    lm = LanguageModel(model, tiny_tokenizer(family))
    before = state(model)
    with pytest.raises(error):
        lm.attribute(text_for(lm), "integrated_gradients", steps=4)
    assert len(calls) == 3
    assert_same(before, state(model))


def test_the_model_is_as_found_after_an_exception_in_the_backward_pass():
    model = unusual("gpt2")
    calls = []

    def fail(_module, _inputs, output):
        def interrupt(_gradient):
            calls.append(1)
            raise KeyboardInterrupt

        output.register_hook(interrupt)

    model.transformer.h[1].mlp.c_fc.register_forward_hook(fail)
    before = state(model)
    with pytest.raises(KeyboardInterrupt):
        LanguageModel(model, tiny_tokenizer("gpt2")).attribute("the king", "input_x_gradient")
    assert calls
    assert_same(before, state(model))


def test_gradients_of_parameters_are_not_computed():
    model = fresh_model("gpt2")
    asked = []
    for parameter in model.parameters():
        parameter.register_hook(lambda _: asked.append(1))
    LanguageModel(model, tiny_tokenizer("gpt2")).attribute("the king said", "input_x_gradient")
    assert not asked
    assert all(parameter.grad is None for parameter in model.parameters())


def test_other_threads_are_left_alone():
    model, inputs = tiny_model("gpt2"), inputs_of("gpt2")
    seen = []

    def run():
        with torch.no_grad():
            seen.append(model(**inputs).logits)

    with EmbeddingLeaves(model) as outer:
        outer.forward(inputs)
        leaf = outer.leaves["input_ids"]
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        assert outer.leaves["input_ids"] is leaf
    assert not seen[0].requires_grad


@pytest.mark.filterwarnings("ignore")  # torch's compiler warns about torch
def test_a_compiled_model_gives_its_gradients():
    model = fresh_model("llama")
    expected = tiny_lm("llama").attribute("the king said", "input_x_gradient").scores
    model.compile()
    found = (
        LanguageModel(model, tiny_tokenizer("llama"))
        .attribute("the king said", "input_x_gradient")
        .scores
    )
    assert (found == expected).all()


def test_longformer_pads_its_ids():
    config = AutoConfig.for_model(
        "longformer", vocab_size=300, hidden_size=16, intermediate_size=16, num_hidden_layers=2,
        num_attention_heads=2, max_position_embeddings=64, attention_window=[4, 4], pad_token_id=0,
        initializer_range=0.3,
    )  # fmt: skip
    torch.manual_seed(0)
    model = AutoModelForMaskedLM.from_config(config).eval()
    lm = LanguageModel(model, tiny_tokenizer("roberta"))
    why = lm.attribute("the king <mask> said", "integrated_gradients", steps=16)
    assert why.scores.shape == (len(why.tokens),)
    assert why.check.relative < 1e-3


def test_saved_bytes_are_counted_without_parameters():
    layer = nn.Linear(64, 64)
    x = torch.ones(2, 64, requires_grad=True)
    with counting_saved(layer) as sizes:
        y = layer(x).sigmoid()
        _ = y.relu() * y
    # x for the weight, the sigmoid's output, and the product of a ReLU: 3 of 2 x 64 floats.
    assert sum(sizes) == 3 * 2 * 64 * 4
    assert torch.equal(torch.autograd.grad(y.sum(), x)[0].isfinite(), torch.ones(2, 64).bool())
