"""Value-weighted norms (Kobayashi et al. 2020, 2021), written out with the models' own weights."""

import numpy as np
import own_modules
import pytest
import torch
from models import fresh_model, tiny_lm, tiny_tokenizer
from torch import nn

from lmwidget.errors import InputError, UnavailableError, UnknownNameError
from lmwidget.inspection.attention.norms import norms
from lmwidget.mixing import ContextMixing
from lmwidget.models.language_model import LanguageModel

TEXT = "the king said, there he sat"
HEADS = 4


def gpt2(model):
    for block in model.transformer.h:
        width = block.attn.c_proj.weight.shape[0]
        value = lambda x, b=block, w=width: b.attn.c_attn(b.ln_1(x))[..., 2 * w :]  # noqa: E731
        yield value, block.attn.c_proj.weight, block.attn.c_proj.bias, None


def llama(model):
    for layer in model.model.layers:
        value = lambda x, b=layer: b.self_attn.v_proj(b.input_layernorm(x))  # noqa: E731
        yield value, layer.self_attn.o_proj.weight.T, 0, None


def bert(model):
    for layer in model.bert.encoder.layer:
        put = layer.attention.output
        yield layer.attention.self.value, put.dense.weight.T, put.dense.bias, put.LayerNorm


def bart(model):
    for layer in model.model.encoder.layers:
        put = layer.self_attn.out_proj
        yield layer.self_attn.v_proj, put.weight.T, put.bias, layer.self_attn_layer_norm


def t5(model):
    for block in model.encoder.block:
        part = block.layer[0]
        value = lambda x, b=part: b.SelfAttention.v(b.layer_norm(x))  # noqa: E731
        yield value, part.SelfAttention.o.weight.T, 0, None


def gptj(model):
    for block in model.transformer.h:
        value = lambda x, b=block: b.attn.v_proj(b.ln_1(x))  # noqa: E731
        yield value, block.attn.out_proj.weight.T, 0, None


FAMILIES = {"gpt2": gpt2, "llama": llama, "bert-classifier": bert, "bart": bart, "t5": t5}
FAMILIES["gptj"] = gptj


def double_lm(family):
    return LanguageModel(fresh_model(family, None, torch.float64), tiny_tokenizer(family))


def written_out(family, lm):
    """By layer: weights (h, q, k), what heads write (h, k, d), stream (k, d), bias, norm."""
    model = fresh_model(family, "eager", torch.float64)
    written = lm.tokenize_output("the") if lm.task == "seq2seq" else None
    with torch.no_grad():
        inputs = lm.inputs(lm.tokenize(TEXT), written)
        out = model(**inputs, output_attentions=True, output_hidden_states=True)
        side = "encoder_" if lm.task == "seq2seq" else ""
        every = zip(
            out[f"{side}attentions"],
            out[f"{side}hidden_states"],
            FAMILIES[family](model),
            strict=False,
        )
        for weights, x, (value, matrix, bias, norm) in every:
            split = value(x)[0].unflatten(-1, (-1, matrix.shape[0] // HEADS)).transpose(0, 1)
            split = split.repeat_interleave(HEADS // len(split), 0)
            yield weights[0], split @ matrix.unflatten(0, (HEADS, -1)), x[0], bias, norm


def assert_close(found, expected):
    expected = np.asarray(expected)
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() <= 1e-6 * np.abs(expected).max()


@pytest.mark.parametrize("family", FAMILIES)
def test_of_2020(family):
    lm = double_lm(family)
    found = norms(lm, TEXT, **({"output": "the"} if lm.task == "seq2seq" else {}))
    layers = list(written_out(family, lm))
    assert len(layers) == len(found)
    for layer, (weights, heads, *_) in enumerate(layers):
        parts = weights[..., None] * heads[:, None]  # head, query, key, width
        assert_close(found[layer], parts.norm(dim=-1))
        assert_close(found[layer, 2], parts[2].norm(dim=-1))
        total = parts.sum(0).norm(dim=-1)
        assert_close(found.total(layer), total)
        assert_close(found.total(layer, [1, -1]), total[[1, -1]])
        assert_close(found.mixing.steps[layer], total / total.sum(-1, keepdim=True))
    assert isinstance(found.mixing, ContextMixing)
    assert found.mixing.method == "norms"


@pytest.mark.parametrize("family", FAMILIES)
def test_of_2021_with_residual_and_layer_norm(family):
    lm = double_lm(family)
    given = {"output": "the"} if lm.task == "seq2seq" else {}
    found = norms(lm, TEXT, residual=True, **given)
    for layer, (weights, heads, x, bias, norm) in enumerate(written_out(family, lm)):
        parts = (weights[..., None] * heads[:, None]).sum(0)
        diagonal = range(len(x))
        parts[diagonal, diagonal] += x
        if norm is not None:
            summed = parts.sum(1) + bias
            spread = (summed.var(-1, unbiased=False) + norm.eps).sqrt()
            parts = (parts - parts.mean(-1, keepdim=True)) / spread[:, None, None] * norm.weight
        total = parts.norm(dim=-1).detach()
        assert_close(found.total(layer), total)
        assert_close(found.mixing.steps[layer], total / total.sum(-1, keepdim=True))
    assert "2021" in found.mixing.label


def test_a_hand_made_head():
    """One head, values (1, 2) and (3, 0), written through a matrix that doubles the second."""
    record = norms(tiny_lm("gpt2"), TEXT)
    assert record.title == "Value-weighted attention"
    assert "not limited to 1" in record.note
    from lmwidget.capture.kept.behind import Projected

    projected = Projected(
        torch.tensor([[[1.0, 2.0], [3.0, 0.0]]]), torch.tensor([[[1.0, 0], [0, 2]]])
    )
    assert projected.gram()[0, 0].tolist() == [17.0, 9.0]
    stream = projected.stream(torch.tensor([[[1.0, 1.0], [0.0, 1.0]]]))
    assert stream.cross.tolist() == [[5.0, 0.0]]
    assert stream.square.tolist() == [2.0, 1.0]


ELSEWHERE = {  # perceptron in parallel, tokens flattened
    "phi": "model.layers.0.self_attn.dense",
    "falcon": "transformer.h.0.self_attention.dense",
    "falcon-alibi": "transformer.h.0.self_attention.dense",
    "opt": "model.decoder.layers.0.self_attn.out_proj",
    "glm": "model.layers.0.self_attn.o_proj",
}


@pytest.mark.parametrize("family", ELSEWHERE)
def test_the_stream_of_other_layouts(family):
    """The first token looks at itself only: all that is written into it, and its stream."""
    lm, seen = tiny_lm(family), []
    projection = lm.model.get_submodule(ELSEWHERE[family])
    hook = projection.register_forward_hook(lambda _m, _a, output: seen.append(output))
    with torch.no_grad():
        out = lm.model(**lm.inputs(lm.tokenize(TEXT)), output_hidden_states=True)
    hook.remove()
    bias = 0 if projection.bias is None else projection.bias
    expected = (
        seen[0].reshape(out.hidden_states[0].shape)[0, 0] - bias + out.hidden_states[0][0, 0]
    ).norm()
    found = norms(lm, TEXT, residual=True).total(0, [0])[0]
    assert found[0] == pytest.approx(float(expected.detach()), rel=1e-5)
    assert (found[1:] == 0).all()


@pytest.mark.parametrize("family", ["t5", "bart"])
def test_cross_attention(family):
    lm = tiny_lm(family)
    found = norms(lm, TEXT, output="the king", residual=True)
    cross = found.select("cross")
    assert cross[0].shape == cross.attention[0].shape
    assert (cross[0] > 0).all()
    with pytest.raises(InputError, match="cross attention"):
        _ = cross.mixing
    with pytest.raises(InputError, match="cross attention"):
        cross.total(0)
    assert found.select("decoder").mixing.steps.shape[0] == 3
    with pytest.raises(UnknownNameError):
        found.select("self")


def test_a_stream_that_is_not_found():
    found = norms(tiny_lm("gemma2"), TEXT, residual=True)  # a norm in front of the sum
    assert found[0].shape[0] == HEADS
    with pytest.raises(UnavailableError, match="residual stream of layer 0"):
        found.total(0)


def test_a_projection_that_is_not_found():
    found = norms(tiny_lm("xlnet"), TEXT)
    with pytest.raises(UnavailableError, match=r"layer 1 .* write was not found"):
        found[1]


class Gated(nn.Module):
    """What a head puts out is scaled before it is written: no linear layer sees it as it is."""

    def __init__(self):
        super().__init__()
        self.inner = own_modules.SdpaAttention()

    def forward(self, x):
        q, k, v = (own_modules.split_heads(p) for p in self.inner.c_attn(x).chunk(3, -1))
        y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.inner.c_proj(torch.sigmoid(x) * y.transpose(1, 2).flatten(2))


class Squared(nn.Linear):
    """No linear layer."""

    def forward(self, x):
        return super().forward(x) ** 2


class Bent(own_modules.SdpaAttention):
    def __init__(self):
        super().__init__()
        self.c_proj = Squared(own_modules.WIDTH, own_modules.WIDTH)


@pytest.mark.parametrize("attention", [Gated, Bent])
def test_never_a_wrong_picture(attention):
    model = own_modules.seeded(own_modules.GPT, attention)
    found = norms(LanguageModel(model, own_modules.VOCABULARY), "the cat")
    with pytest.raises(UnavailableError, match="was not found"):
        found.total(0)


def test_own_module_and_a_linear_layer_of_another_make():
    """A projection that is no nn.Linear is asked what it does, as quantised ones and adapters."""

    class Adapted(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner, self.down, self.up = inner, nn.Linear(16, 2), nn.Linear(2, 16, bias=False)

        def forward(self, x):
            return self.inner(x) + self.up(self.down(x))

    model = own_modules.seeded(own_modules.GPT, own_modules.SdpaAttention).double()
    plain = norms(LanguageModel(model, own_modules.VOCABULARY), "the cat")
    merged = own_modules.seeded(own_modules.GPT, own_modules.SdpaAttention).double()
    for one, other in zip(model.h, merged.h, strict=True):
        one.mix.c_proj = Adapted(one.mix.c_proj).double()
        with torch.no_grad():
            layer = one.mix.c_proj
            other.mix.c_proj.weight += layer.up.weight @ layer.down.weight
            other.mix.c_proj.bias += layer.up(layer.down.bias)
    adapted = norms(LanguageModel(model, own_modules.VOCABULARY), "the cat", residual=True)
    expected = norms(LanguageModel(merged, own_modules.VOCABULARY), "the cat", residual=True)
    for layer in range(2):
        assert_close(adapted[layer], expected[layer])
        assert_close(adapted.total(layer), expected.total(layer))
    assert not np.allclose(adapted[0], plain[0], rtol=1e-3)


def test_leaves_the_model_as_it_was():
    lm = LanguageModel(fresh_model("bart").train(), tiny_tokenizer("bart"))
    hooks = [(len(m._forward_hooks), len(m._forward_pre_hooks)) for m in lm.model.modules()]
    before = {name: value.clone() for name, value in lm.model.state_dict().items()}
    norms(lm, TEXT)
    assert hooks == [(len(m._forward_hooks), len(m._forward_pre_hooks)) for m in lm.model.modules()]
    assert lm.model.training
    assert all(torch.equal(value, before[name]) for name, value in lm.model.state_dict().items())


def test_half_precision():
    lm = LanguageModel(fresh_model("llama", None, torch.bfloat16), tiny_tokenizer("llama"))
    found, exact = norms(lm, TEXT), norms(tiny_lm("llama"), TEXT)
    assert np.abs(found[1] - exact[1]).max() <= 0.1 * exact[1].max()


@pytest.mark.real_model
def test_sinks_of_the_default_model_take_little(smollm2):
    """Kobayashi et al.: what is looked at most has a small value."""
    found = norms(smollm2, "The cat sat on the mat because it was tired.", residual=True)
    weights = np.mean([layer[:, 2:, 0].mean() for layer in found.attention])
    shares = np.mean([(n[:, 2:, 0] / n[:, 2:].sum(-1)).mean() for n in found])
    assert weights > 0.4
    assert shares < 0.75 * weights
    assert np.isfinite(found.mixing.steps).all()
