"""Gradients of attention weights: against autograd through eager attention, and a closed form."""

import copy

import numpy as np
import own_modules
import pytest
import torch
from eager_passes import eager_pass
from models import fresh_model, tiny_lm, tiny_tokenizer
from torch import nn

from lmwidget.errors import InputError, ModelMismatchError, UnknownNameError
from lmwidget.inspection.attention.gradients import attention_gradients, attention_x_gradient
from lmwidget.models.language_model import LanguageModel

TEXT = "the king said, there he sat"
CASES = {
    "gpt2": {},
    "llama": {},  # grouped queries
    "gemma2": {},  # soft-cap, sliding window
    "gptj": {},  # softmax in code of its own
    "bloom": {},
    "bert-classifier": {},
    "bert": {"position": 3},
    "t5": {"output": "the king"},
    "bart": {"output": "the king"},
}


def text_of(family):
    return "the king [MASK] there" if family == "bert" else TEXT


def assert_close(found, expected, tolerance=1e-6):
    """Within a share of the largest number there is."""
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() <= tolerance * np.abs(expected).max() + 1e-30


@pytest.mark.parametrize("family", CASES)
def test_equals_autograd_through_eager_attention(family):
    settings = dict(CASES[family])
    position = settings.pop("position", -1)
    lm, text = tiny_lm(family), text_of(family)
    double = LanguageModel(fresh_model(family, None, torch.float64), lm.tokenizer, name=family)
    expected = eager_pass(lm, family, text, 1, 2, position=position, **settings)
    found = attention_gradients(double, text, target=1, foil=2, **settings)
    assert found.kinds == tuple(
        k for k in ("encoder", "decoder", "cross", "self") if k in expected.weights
    )
    assert found.value == pytest.approx(float(expected.logits[1] - expected.logits[2]), rel=1e-6)
    for kind in found.kinds:
        part = found.select(kind)
        assert part.signed
        assert len(part) == len(expected.weights[kind])
        for layer, weights in enumerate(expected.weights[kind]):
            gradients = expected.gradients[kind][layer]
            assert_close(part[layer], np.where(weights == 0, 0, gradients))
            assert_close(part.x_gradient[layer], weights * gradients)
            assert_close(part.attention[layer], weights)
            assert_close(part[layer, 1], part[layer][1])


@pytest.mark.parametrize("family", ["gpt2", "llama", "gpt_oss", "t5"])  # GPT-OSS: sinks
def test_in_single_precision(family):
    lm = tiny_lm(family)
    settings = {"output": "the king"} if family == "t5" else {}
    double = torch.float32 if family == "gpt_oss" else torch.float64  # its experts have no double
    expected = eager_pass(lm, family, TEXT, 5, dtype=double, **settings)
    found = attention_gradients(lm, TEXT, target=5, **settings)
    for kind in found.kinds:
        largest = max(np.abs(g).max() for g in expected.gradients[kind])
        for layer, weights in enumerate(expected.weights[kind]):
            gradients = np.where(weights == 0, 0, expected.gradients[kind][layer])
            assert np.abs(found.select(kind)[layer] - gradients).max() <= 1e-5 * largest


class OneHead(nn.Module):
    """Three tokens, one head, no residual: logits are what is attended to."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(3, 3)
        self.attn = OneHeadAttention()
        with torch.no_grad():
            self.embed.weight.copy_(torch.eye(3))

    def forward(self, ids):
        return self.attn(self.embed(ids))


class OneHeadAttention(nn.Module):
    scores = torch.tensor([[0.0, 0.0, 0.0], [1.0, 2.0, 0.0], [0.5, -1.0, 0.25]])
    values = torch.tensor([[1.0, 2.0, -1.0], [0.0, 3.0, 1.0], [2.0, -2.0, 4.0]])

    def __init__(self):
        super().__init__()
        self.value = nn.Linear(3, 3, bias=False)
        with torch.no_grad():
            self.value.weight.copy_(self.values.T)

    def forward(self, x):
        hidden = torch.ones(x.shape[1], x.shape[1]).triu(1).bool()
        scores = (x @ self.scores @ x.transpose(1, 2)).masked_fill(hidden, -torch.inf)
        return scores.softmax(-1) @ self.value(x)


def test_closed_form_of_three_tokens():
    """The logit of class c is Σ_j A[2, j] V[j, c], so its gradient is V[:, c] in the last row."""
    lm = LanguageModel(OneHead().eval(), {"a": 0, "b": 1, "c": 2}, name="one head")
    found = attention_gradients(lm, "abc", target=1)
    expected = np.zeros((3, 3))
    expected[2] = [2.0, 3.0, -2.0]
    np.testing.assert_allclose(found[0, 0], expected, atol=1e-6)
    weights = np.exp([0.5, -1.0, 0.25]) / np.exp([0.5, -1.0, 0.25]).sum()
    np.testing.assert_allclose(found.x_gradient[0, 0][2], weights * expected[2], atol=1e-6)
    assert found.x_gradient[0, 0].sum() == pytest.approx(found.value, abs=1e-6)


OWN = {
    "sdpa": own_modules.SdpaAttention,
    "mixer": own_modules.Mixer,
    "named": own_modules.CausalSelfAttention,
    "einsum": own_modules.EinsumMixer,
    "grouped": own_modules.GroupedMixer,
    "heads": own_modules.Heads,
}


@pytest.mark.parametrize("name", OWN)
def test_own_modules(name):
    """Gradients of what each module kept of its own weights."""
    model = own_modules.seeded(own_modules.GPT, OWN[name])
    lm = LanguageModel(model, own_modules.VOCABULARY, name=name)
    found = attention_gradients(lm, "the cat", target=4)
    reference = own_modules.seeded(
        own_modules.GPT, own_modules.Mixer if name == "sdpa" else OWN[name]
    )
    logits, _ = reference(torch.tensor([lm.tokenize("the cat").ids.tolist()]))
    for layer, block in enumerate(reference.h):
        parts = block.mix.heads if name == "heads" else [block.mix]
        gradients = [
            torch.autograd.grad(logits[0, -1, 4], p.kept, retain_graph=True)[0] for p in parts
        ]
        arranged = {
            "einsum": lambda g: g[0][0].permute(2, 0, 1),
            "grouped": lambda g: g[0][0].flatten(0, 1),
            "heads": torch.cat,
        }.get(name, lambda g: g[0][0])(gradients)
        expected = np.where(found.attention[layer] == 0, 0, arranged.numpy())
        assert_close(found[layer], expected, 1e-5)


class Plain(nn.MultiheadAttention):
    """The same written out, keeping its weights."""

    def forward(self, query, key, value, **_):
        x = query if self.batch_first else query.transpose(0, 1)
        mixed = nn.functional.linear(x, self.in_proj_weight, self.in_proj_bias)
        q, k, v = (own_modules.split_heads(part) for part in mixed.chunk(3, -1))
        self.kept = (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1)
        y = self.out_proj((self.kept @ v).transpose(1, 2).flatten(2))
        return (y if self.batch_first else y.transpose(0, 1)), None


def test_torch_multi_head_attention():
    model = own_modules.seeded(own_modules.Torch)
    lm = LanguageModel(model, own_modules.VOCABULARY, task="causal", name="torch")
    found = attention_gradients(lm, "the cat", target=4)
    reference = copy.deepcopy(model)
    for layer in reference.encoder.layers:
        layer.self_attn.__class__ = Plain
    logits = reference(torch.tensor([lm.tokenize("the cat").ids.tolist()]))["logits"]
    for number, layer in enumerate(reference.encoder.layers):
        (gradient,) = torch.autograd.grad(logits[0, -1, 4], layer.self_attn.kept, retain_graph=True)
        assert_close(found[number], gradient[0].numpy(), 1e-5)


def test_reads_like_attention():
    lm = tiny_lm("llama")
    found = attention_gradients(lm, TEXT)
    assert found.gradients is found
    assert found.shape == found.attention.shape
    assert found.causal
    assert found.target.id == lm.predict(TEXT)[0].id
    assert "Change of the logit" in found.note
    assert found.columns(0, 1, 2).shape == (len(found.tokens),)
    keys, weights, _ = found.x_gradient.strongest(1, [0], 2)
    assert (keys <= np.arange(len(found.tokens))[:, None]).all() or (weights == 0).any()
    alone = attention_x_gradient(lm, TEXT)
    np.testing.assert_array_equal(alone[1], found.x_gradient[1])
    with pytest.raises(UnknownNameError):
        found.select("cross")


def test_the_same_target_as_attribution():
    lm = tiny_lm("gpt2")
    why = lm.attribute(TEXT, "input_x_gradient", target=7, foil=9)
    found = attention_gradients(lm, TEXT, target=7, foil=9)
    assert (found.target, found.foil, found.unit) == (why.target, why.foil, why.unit)
    with pytest.raises(InputError, match="same"):
        attention_gradients(lm, TEXT, target=7, foil=7)
    with pytest.raises(ModelMismatchError, match="no output head"):
        attention_gradients(tiny_lm("minilm"), TEXT)


def test_values_are_not_kept_by_ordinary_attention():
    assert tiny_lm("llama").attention(TEXT).record(0).value is None


@pytest.mark.parametrize("family", ["gpt2", "t5", "gptj"])
def test_leaves_the_model_as_it_was(family):
    lm = LanguageModel(fresh_model(family).train(), tiny_tokenizer(family))
    before = {name: value.clone() for name, value in lm.model.state_dict().items()}
    hooks = [(len(m._forward_hooks), len(m._forward_pre_hooks)) for m in lm.model.modules()]
    attention_gradients(lm, TEXT)
    with pytest.raises(UnknownNameError):
        attention_gradients(lm, TEXT, target=10**6)
    assert hooks == [(len(m._forward_hooks), len(m._forward_pre_hooks)) for m in lm.model.modules()]
    assert lm.model.training
    assert all(p.grad is None and p.requires_grad for p in lm.model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in lm.model.state_dict().items())


def test_under_no_grad_and_in_half_precision():
    lm = LanguageModel(fresh_model("llama", None, torch.bfloat16), tiny_tokenizer("llama"))
    with torch.no_grad():
        found = attention_gradients(lm, TEXT, target=5)
    exact = attention_gradients(tiny_lm("llama"), TEXT, target=5)
    assert np.abs(found[1] - exact[1]).max() <= 0.1 * np.abs(exact[1]).max()


@pytest.mark.real_model
def test_on_the_default_model(smollm2):
    found = attention_gradients(smollm2, "The capital of France is", target=" Paris")
    assert found.target.label == " Paris"
    assert np.isfinite(found.x_gradient[12]).all()
