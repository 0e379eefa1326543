"""Relevance propagation: conserved where it has to be, and equal to the rules step by step."""

import builtins
import copy
import importlib.util
import sys
import threading

import numpy as np
import pytest
import torch
import transformers
from models import fresh_model, tiny_lm, tiny_tokenizer
from torch import nn

from lmwidget.attribution import propagation
from lmwidget.attribution.propagation import load_rules, propagating
from lmwidget.errors import (
    InputError,
    MissingDependencyError,
    UnavailableError,
    UnknownNameError,
)
from lmwidget.models.language_model import LanguageModel

GEMMA3 = {
    "vocab_size": 300, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "sliding_window": 5,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip


def without_biases(family):
    """A model in which only tokens carry relevance: nothing is added anywhere."""
    if family == "gemma3_text":
        torch.manual_seed(0)
        model = transformers.Gemma3ForCausalLM(transformers.Gemma3TextConfig(**GEMMA3)).eval()
        return LanguageModel(model, tiny_tokenizer("llama"))
    model = fresh_model(family)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias") or any(n in name for n in ("wpe", "position", "token_type")):
                parameter.zero_()
    return LanguageModel(model, tiny_tokenizer(family))


FAMILIES = ["llama", "qwen2", "qwen3", "gemma3_text", "gpt2", "bert", "bert-classifier"]


def text_for(lm):
    return f"the {lm.tokenizer.mask_token} said" if lm.task == "masked" else "the king said"


@pytest.mark.parametrize("family", FAMILIES)
def test_relevance_is_conserved(family):
    lm = without_biases(family)
    why = lm.attribute(text_for(lm), "lrp", variant="cp")
    assert why.check.total == pytest.approx(why.target.logit, rel=2e-5)
    assert why.check.relative < 2e-5
    assert why.scores.sum() == pytest.approx(why.check.total, rel=1e-5)
    assert (why.unit, why.signed, why.cost["passes"]) == ("logit", True, 1)
    # With AttnLRP the softmax keeps a part, so the sum is another.
    other = lm.attribute(text_for(lm), "lrp", variant="attnlrp")
    assert other.check.relative > 1e-3
    assert "softmax" in other.check.explanation


def test_a_linear_layer():
    """Of embeddings, a sum and one linear layer, relevance is weight × input, bias left out."""
    torch.manual_seed(0)
    weight, bias, x = torch.randn(7, 5), torch.randn(7), torch.randn(3, 5)
    model = nn.Sequential(nn.Linear(5, 7))
    model[0].weight.data, model[0].bias.data = weight, bias
    leaf = x.clone().requires_grad_()
    with pytest.raises(UnavailableError, match="where no rule can be put"), propagating(model, "cp"):  # fmt: skip
        logit = model(leaf)[:, 2].sum()
    relevance = (leaf * torch.autograd.grad(logit, leaf)[0]).sum(-1).detach()
    torch.testing.assert_close(relevance, x @ weight[2])


def explicit_llama(model, ids):  # noqa: C901, one operation after the other
    """AttnLRP of one Llama, relevance handed down operation by operation, by lxt.explicit."""
    from lxt.explicit import functional as lrp

    config, base = model.config, model.model
    heads, groups, width = config.num_attention_heads, config.num_key_value_heads, config.head_dim
    embedded = base.embed_tokens(ids).detach().requires_grad_()
    cos, sin = (t.detach() for t in base.rotary_emb(embedded, torch.arange(len(ids[0]))[None]))
    mask = torch.full((len(ids[0]), len(ids[0])), -torch.inf).triu(1)
    x = embedded

    def linear(layer, value):
        return lrp.linear_epsilon(value, layer.weight, None, 1e-12)

    def norm(layer, value):
        return lrp.rms_norm_identity(value, layer.weight, layer.variance_epsilon)

    class Rotated(torch.autograd.Function):
        """A linear map, for which the epsilon rule is relevance = input × mapᵀ(relevance / output)."""

        @staticmethod
        def forward(ctx, value):
            half = value.shape[-1] // 2
            turned = torch.cat([-value[..., half:], value[..., :half]], -1)
            out = value * cos + turned * sin
            ctx.save_for_backward(value, out)
            return out

        @staticmethod
        def backward(ctx, relevance):
            value, out = ctx.saved_tensors
            share = relevance / (out + 1e-12)
            half = value.shape[-1] // 2
            turned = share * sin
            back = torch.cat([turned[..., half:], -turned[..., :half]], -1)
            return value * (share * cos + back)

    class Scaled(torch.autograd.Function):
        """Scaling and masking pass relevance on as it is."""

        @staticmethod
        def forward(ctx, value):
            return value / width**0.5 + mask

        @staticmethod
        def backward(ctx, relevance):
            return relevance

    class Activated(torch.autograd.Function):
        @staticmethod
        def forward(ctx, value):
            return nn.functional.silu(value)

        @staticmethod
        def backward(ctx, relevance):
            return relevance

    def split(value, count):
        return value.view(1, -1, count, width).transpose(1, 2)

    def shared(value):
        return value.repeat_interleave(heads // groups, 1)

    for layer in base.layers:
        attention, mlp = layer.self_attn, layer.mlp
        y = norm(layer.input_layernorm, x)
        query = Rotated.apply(split(linear(attention.q_proj, y), heads))
        key = shared(Rotated.apply(split(linear(attention.k_proj, y), groups)))
        value = shared(split(linear(attention.v_proj, y), groups))
        scores = Scaled.apply(lrp.matmul(query, key.transpose(2, 3), False, 1e-12))
        weights = lrp.softmax(scores, -1)
        mixed = lrp.matmul(weights, value, False, 1e-12).transpose(1, 2).reshape(1, -1, heads * width)  # fmt: skip
        x = lrp.add2(x, linear(attention.o_proj, mixed), False, 1e-12)
        y = norm(layer.post_attention_layernorm, x)
        gate = Activated.apply(linear(mlp.gate_proj, y))
        x = lrp.add2(x, linear(mlp.down_proj, lrp.mul2(gate, linear(mlp.up_proj, y))), False, 1e-12)
    logits = linear(model.lm_head, norm(base.norm, x))
    return logits, embedded


def test_equal_to_the_rules_step_by_step():
    lm = without_biases("llama")
    model = copy.deepcopy(lm.model).double()
    tokens = lm.tokenize("a king")
    logits, embedded = explicit_llama(model, torch.tensor(tokens.ids)[None])
    reference = model(torch.tensor(tokens.ids)[None]).logits
    torch.testing.assert_close(logits, reference)
    why = LanguageModel(model, lm.tokenizer).attribute(tokens, "lrp", variant="attnlrp")
    start = torch.zeros_like(logits)
    start[0, -1, why.target.id] = logits[0, -1, why.target.id].detach()
    (relevance,) = torch.autograd.grad(logits, embedded, start)
    expected = relevance.sum(-1)[0].detach().numpy()
    np.testing.assert_allclose(why.scores, expected, rtol=1e-4, atol=1e-5 * abs(expected).max())


@pytest.mark.parametrize("variant", ["attnlrp", "cp"])
@pytest.mark.parametrize("family", ["llama", "gpt2", "bert-classifier"])
def test_nothing_else_changes(family, variant):
    """The model during and after, other models and other threads during: to the last bit."""
    model, other = fresh_model(family), fresh_model(family)
    ids = torch.tensor([[9, 8, 7, 6]])
    lm = LanguageModel(model, tiny_tokenizer(family))
    before = model(ids).logits.detach()
    state = copy.deepcopy(model.state_dict())
    hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]
    classes = {type(m): type(m).forward for m in model.modules()}
    module = sys.modules[type(model).__module__]
    functions = (module.eager_attention_forward, module.ALL_ATTENTION_FUNCTIONS)

    def gradient(of):
        embedded = of.get_input_embeddings()(ids).detach().requires_grad_()
        logits = of(inputs_embeds=embedded).logits
        return torch.autograd.grad(logits.sum(), embedded)[0]

    expected, found = gradient(other), {}
    with propagating(model, variant):
        assert (model(ids).logits == before).all()
        assert (other(ids).logits == before).all()
        assert not torch.allclose(gradient(model), expected, rtol=1e-3)
        thread = threading.Thread(target=lambda: found.update(same=gradient(model)))
        thread.start()
        thread.join()
        assert (found["same"] == expected).all()
    lm.attribute("the king", "lrp", variant=variant)
    assert (model(ids).logits == before).all()
    assert (gradient(model) == expected).all()
    assert hooks == [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]
    assert all(kind.forward is forward for kind, forward in classes.items())
    assert (module.eager_attention_forward, module.ALL_ATTENTION_FUNCTIONS) == functions
    assert all((value == state[name]).all() for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_hooks_come_off_after_an_error():
    model = fresh_model("llama")
    with pytest.raises(ZeroDivisionError), propagating(model, "cp"):
        _ = 1 / 0
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_any_attention_implementation():
    scores = []
    for implementation in ("sdpa", "eager"):
        lm = LanguageModel(fresh_model("llama", implementation), tiny_tokenizer("llama"))
        scores.append(lm.attribute("the king", "lrp").scores)
    np.testing.assert_allclose(scores[0], scores[1], rtol=1e-4, atol=1e-5)


def test_variants_and_targets():
    lm = tiny_lm("gpt2")
    assert lm.attribute("the king", "lrp").settings == {"variant": "cp"}
    assert tiny_lm("llama").attribute("the king", "lrp").settings == {"variant": "attnlrp"}
    contrast = lm.attribute("the king", "lrp", target=9, foil=8)
    apart = [lm.attribute("the king", "lrp", target=token).scores for token in (9, 8)]
    np.testing.assert_allclose(contrast.scores, apart[0] - apart[1], rtol=1e-3, atol=1e-4)
    phrase = lm.attribute("the king", "lrp", target=" on a", of="logit")
    assert phrase.unit == "logit"
    with pytest.raises(InputError, match=r"Pass of='logit'"):
        lm.attribute("the king", "lrp", of="probability")
    with pytest.raises(InputError, match=r"Pass of='logit'"):
        lm.attribute("the king", "lrp", target=" on a")
    with pytest.raises(UnknownNameError, match="no variant 'atnlrp'"):
        lm.attribute("the king", "lrp", variant="atnlrp")


@pytest.mark.parametrize("family", ["bloom", "mamba", "t5", "gemma2"])
def test_other_families_are_refused(family):
    with pytest.raises(UnavailableError, match="LRP has no rules for"):
        tiny_lm(family).attribute("the king", "lrp")


def test_without_lxt(monkeypatch, tmp_path):
    load_rules.cache_clear()
    found = importlib.util.find_spec
    with monkeypatch.context() as patched:
        patched.setattr(importlib.util, "find_spec", lambda name: None if name == "lxt" else found(name))  # fmt: skip
        with pytest.raises(MissingDependencyError, match=r"Clear BSD.*pip install --no-deps lxt"):
            tiny_lm("llama").attribute("the king", "lrp")
    package = tmp_path / "lxt"
    package.mkdir()
    (package / "__init__.py").touch()
    with monkeypatch.context() as patched:
        patched.setattr(importlib.util, "find_spec", lambda name: importlib.util.spec_from_file_location(name, package / "__init__.py", submodule_search_locations=[str(package)]))  # fmt: skip
        with pytest.raises(UnavailableError, match="keeps its rules elsewhere"):
            propagation.load_rules()
    load_rules()


def test_transformers_is_not_patched_by_loading():
    imported = []
    original = builtins.__import__

    def watching(name, *args, **kwargs):
        imported.append(name)
        return original(name, *args, **kwargs)

    load_rules.cache_clear()
    builtins.__import__ = watching
    try:
        load_rules()
    finally:
        builtins.__import__ = original
    assert not [name for name in imported if name.startswith(("lxt", "transformers"))]
