"""A model is handed back as it was found: after a pass, an exception, an interruption."""

import copy
import threading

import pytest
import torch
from models import fresh_model, random_ids, tiny_lm
from torch import nn
from transformers.modeling_utils import AttentionInterface

from lmwidget.capture.attention import capture_attention
from lmwidget.capture.guard import as_found
from lmwidget.capture.hooks.recorder import record_attention
from lmwidget.models.language_model import LanguageModel

HOOKS = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_pre_hooks_with_kwargs",
    "_forward_hooks_always_called",
)


def state(model):
    """Everything about a model that could change, values copied."""
    return {
        "tensors": {
            name: tensor.detach().clone()
            for name, tensor in model.state_dict(keep_vars=True).items()
        },
        "buffers": {name: tensor.clone() for name, tensor in model.named_buffers()},
        "grads": {name: (p.requires_grad, p.grad) for name, p in model.named_parameters()},
        "training": [module.training for module in model.modules()],
        "hooks": [[dict(vars(m)[kind]) for kind in HOOKS] for m in model.modules()],
        "attributes": [sorted(vars(module)) for module in model.modules()],
        "config": copy.deepcopy(vars(model.config)),
        "config objects": [id(m.config) for m in model.modules() if hasattr(m, "config")],
        "interface": dict(vars(AttentionInterface)),
        "fast path": torch.backends.mha.get_fastpath_enabled(),
        "stance": torch._dynamo.eval_frame._stance,
    }


def assert_same(before, after):
    for kind in ("tensors", "buffers"):
        assert before[kind].keys() == after[kind].keys()
        assert all(torch.equal(value, after[kind][name]) for name, value in before[kind].items())
    for name, (requires_grad, grad) in before["grads"].items():
        assert after["grads"][name][0] == requires_grad
        assert after["grads"][name][1] is grad
    for kind in before.keys() - {"tensors", "buffers", "grads"}:
        assert before[kind] == after[kind], kind


def unusual(family):
    """A model as found in the middle of somebody's work: mixed flags, gradients, a hook."""
    model = fresh_model(family)
    modules = list(model.modules())
    model.train()
    for module in modules[::3]:
        module.training = False
    for index, parameter in enumerate(model.parameters()):
        parameter.requires_grad_(index % 3 != 0)
        if index % 2 and parameter.requires_grad:
            parameter.grad = torch.ones_like(parameter)
    modules[4].register_forward_hook(lambda *_: None)
    return model


@pytest.mark.parametrize("family", ["gpt2", "llama", "bloom", "t5", "bert", "gpt_oss", "falcon"])
def test_after_a_pass(family):
    model = unusual(family)
    inputs = {"input_ids": random_ids(), "output_attentions": True}
    if family == "t5":
        inputs["decoder_input_ids"] = random_ids(1, 4)
    before = state(model)
    with torch.random.fork_rng():
        record_attention(model, inputs)
    assert_same(before, state(model))


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("family", ["gpt2", "bloom"])
def test_after_an_interruption(family, error):
    model, ids = unusual(family), random_ids()

    def interrupt(*_):
        raise error("in the middle")

    # Inside the attention of the second layer, so that a record is half made.
    layer = model.transformer.h[1]
    part = layer.attn.c_proj if family == "gpt2" else layer.self_attention.dense
    hook = part.register_forward_hook(interrupt)
    before = state(model)
    with pytest.raises(error, match="in the middle"):
        record_attention(model, {"input_ids": ids})
    assert_same(before, state(model))
    hook.remove()
    assert len(record_attention(model, {"input_ids": ids})) == 2


def test_after_an_interrupted_capture_of_a_language_model(causal_lm):
    model = unusual("gpt2")
    lm = LanguageModel(model, causal_lm.tokenizer)
    tokens = lm.tokenize("the king said")
    before = state(model)
    capture_attention(lm, tokens)
    assert_same(before, state(model))


def test_after_an_encoder_decoder_wrote_by_itself():
    lm = tiny_lm("bart")
    before = state(lm.model)
    capture_attention(lm, lm.tokenize("the king said"))
    assert_same(before, state(lm.model))


class Forgetful(nn.Module):
    """Changes everything that can be changed in a forward pass."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 2)
        self.register_buffer("count", torch.zeros(3))
        self.register_buffer("cache", torch.zeros(3))

    def forward(self, x):
        self.count += 1
        self.cache = torch.ones(5)
        self.seen = x
        self.linear.weight.requires_grad_(False)
        self.linear.bias.grad = torch.ones(2)
        self.linear.register_forward_hook(lambda *_: None)
        self.extra = nn.Linear(1, 1)
        return self.linear(x)


def test_what_a_forward_pass_itself_changes_is_put_back():
    model = Forgetful()
    attributes = set(vars(model))
    with torch.no_grad(), as_found(model):
        model(torch.ones(1, 2))
        model(torch.ones(1, 2))
    assert torch.equal(model.count, torch.zeros(3))
    assert torch.equal(model.cache, torch.zeros(3))
    assert set(vars(model)) == attributes
    assert list(model._modules) == ["linear"]
    assert model.linear.weight.requires_grad
    assert model.linear.bias.grad is None
    assert not model.linear._forward_hooks


def test_configuration_is_put_back_without_being_replaced():
    model = fresh_model("llama")
    rope = model.config.rope_parameters
    with as_found(model):
        model.config.rope_theta_seen = 3
        model.config.num_attention_heads = 7
        model.config.rope_parameters["rope_theta"] = 1.0
    assert not hasattr(model.config, "rope_theta_seen")
    assert model.config.num_attention_heads == 4
    assert model.config.rope_parameters["rope_theta"] == 10000.0
    assert model.config.rope_parameters.keys() == rope.keys()


def test_first_one_in_and_last_one_out():
    model = nn.Dropout()
    with as_found(model):
        with as_found(model):
            assert not model.training
        assert not model.training
    assert model.training


def test_two_threads_in_overlap():
    model = nn.Dropout()
    entered, leave = threading.Event(), threading.Event()

    def stay():
        with as_found(model):
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=stay)
    with as_found(model):
        thread.start()
        assert entered.wait(10)
    assert not model.training, "the other thread is still inside"
    leave.set()
    thread.join()
    assert model.training
