"""Plain PyTorch modules with weights known in closed form; compiled models; threads; nesting."""

import math
import threading
import warnings

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from models import fresh_model, random_ids, tiny_model
from torch import nn
from transformers.modeling_utils import AttentionInterface

from lmwidget.capture.guard import as_found
from lmwidget.capture.hooks.interface import current_listener
from lmwidget.capture.hooks.recorder import Recorder, record_attention
from lmwidget.capture.kept.query_key import QueryKeyRecord
from lmwidget.capture.kept.records import DenseRecord, UnavailableRecord
from lmwidget.errors import UnavailableError

# Two tokens, one head of two channels. Scores query · key are log 1 and log 3 for the first query,
# and log 4 and log 1 for the second, so the weights are 1/4, 3/4 and 4/5, 1/5.
QUERY = torch.tensor([[0.0, math.log(3)], [math.log(4), 0.0]])
KEY = torch.eye(2)
WEIGHTS = torch.tensor([[0.25, 0.75], [0.8, 0.2]])


class SdpaAttention(nn.Module):
    """Own code that calls torch's fused attention, with the given settings."""

    def __init__(self, **settings):
        super().__init__()
        self.settings = {"scale": 1.0, **settings}

    def forward(self, query, key):
        return F.scaled_dot_product_attention(query, key, key, **self.settings)


class SoftmaxAttention(nn.Module):
    def forward(self, query, key):
        return torch.softmax(query @ key.transpose(-1, -2), dim=-1) @ key


class Router(nn.Module):
    """A softmax that is no attention."""

    def forward(self, query, key):
        return (query @ key.transpose(-1, -2)).softmax(-1)


class Wrapper(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, query, key):
        return self.inner(query, key)


def record(module, query=QUERY[None, None], key=KEY[None, None]):
    return record_attention(Wrapper(module), {"query": query, "key": key})


def test_sdpa_of_own_module():
    (found,) = record(SdpaAttention())
    assert isinstance(found, QueryKeyRecord)
    assert found.name == "inner"
    assert torch.allclose(found.weights()[0, 0], WEIGHTS)
    assert torch.allclose(found.weights(rows=[1])[0, 0], WEIGHTS[1:])


def test_sdpa_causal_and_masks():
    causal = torch.tensor([[1.0, 0.0], [0.8, 0.2]])
    (found,) = record(SdpaAttention(is_causal=True))
    assert torch.allclose(found.weights()[0, 0], causal)
    (found,) = record(SdpaAttention(attn_mask=torch.tensor([[True, False], [True, True]])))
    assert torch.allclose(found.weights()[0, 0], causal)
    added = torch.tensor([[0.0, -math.log(3)], [0.0, 0.0]])
    (found,) = record(SdpaAttention(attn_mask=added))
    assert torch.allclose(found.weights()[0, 0], torch.tensor([[0.5, 0.5], [0.8, 0.2]]))


def test_query_that_may_see_nothing_has_a_row_of_zeros():
    (found,) = record(SdpaAttention(attn_mask=torch.tensor([[False, False], [True, True]])))
    assert torch.allclose(found.weights()[0, 0], torch.tensor([[0.0, 0.0], [0.8, 0.2]]))


def test_sdpa_without_head_axis_and_with_heads_folded_into_the_batch():
    (found,) = record(SdpaAttention(), QUERY[None], KEY[None])
    assert found.shape == (1, 1, 2, 2)
    module = Wrapper(SdpaAttention())
    recorder = Recorder(module, batch=1)
    with torch.no_grad(), recorder:
        module(torch.stack([QUERY, QUERY]), torch.stack([KEY, KEY]))
    assert recorder.records[0].shape == (1, 2, 2, 2)
    assert torch.allclose(recorder.records[0].weights()[0, 1], WEIGHTS)


def test_grouped_heads_of_sdpa():
    query = torch.stack([QUERY, QUERY, QUERY.flip(0), QUERY.flip(0)])[None]
    key = torch.stack([KEY, KEY.flip(0)])[None]
    (found,) = record(SdpaAttention(enable_gqa=True), query, key)
    assert torch.allclose(found.weights()[0, 1], WEIGHTS)
    assert torch.allclose(found.weights([2])[0, 0], WEIGHTS.flip(0).flip(1))


def test_softmax_inside_attention_is_kept_whole():
    (found,) = record(SoftmaxAttention())
    assert isinstance(found, DenseRecord)
    assert torch.allclose(found.weights()[0, 0], WEIGHTS)


def test_softmax_elsewhere_is_not_attention():
    assert record(Router()) == []


@pytest.mark.parametrize("need_weights", [True, False])
def test_multihead_attention(need_weights):
    module = nn.MultiheadAttention(2, 1, bias=False, batch_first=True)
    with torch.no_grad():
        module.in_proj_weight.copy_(torch.eye(2).repeat(3, 1))
    x = torch.eye(2)[None]  # scores are the identity over sqrt 2
    inputs = {"query": x, "key": x, "value": x, "need_weights": need_weights}
    plain = module.eval()(**inputs)
    (found,) = record_attention(module, inputs)
    own = math.exp(1 / math.sqrt(2))
    expected = torch.tensor([[own, 1.0], [1.0, own]]) / (own + 1)
    assert torch.allclose(found.weights()[0, 0], expected)
    recorder = Recorder(module)
    with recorder:
        output = module(**inputs)
    assert torch.equal(output[0], plain[0])
    assert (output[1] is None) is not need_weights


def test_transformer_encoder_of_torch():
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    model = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False).eval()
    x = torch.randn(1, 5, 8)
    records = record_attention(model, {"src": x})
    assert [found.name for found in records] == ["layers.0.self_attn", "layers.1.self_attn"]
    expected = model.layers[0].self_attn(x, x, x, average_attn_weights=False)[1]
    assert torch.allclose(records[0].weights(), expected, atol=1e-6)


class Gated(nn.Module):
    """Calls its own softmax attention through transformers, with a trick that nobody knows."""

    def __init__(self, default):
        super().__init__()
        self.default, self.config = default, None

    def forward(self, query, key):
        function = AttentionInterface().get_interface("eager", self.default)
        return function(self, query, key, key, None, scaling=1.0)[0]


def squared(module, query, key, value, attention_mask, **_):
    weights = (query @ key.transpose(-1, -2) / 2).softmax(-1)
    return (weights @ value).transpose(1, 2), weights


def test_unknown_formula_is_taken_from_the_models_own_eager_function():
    (found,) = record(Gated(squared))
    assert isinstance(found, DenseRecord)
    assert torch.allclose(found.weights()[0, 0], (QUERY @ KEY.T / 2).softmax(-1))


def secret(*args, **kwargs):
    return squared(*args, **kwargs)[0], None


def test_unknown_formula_without_weights_is_unavailable_not_approximate():
    (found,) = record(Gated(secret))
    assert isinstance(found, UnavailableRecord)
    with pytest.raises(UnavailableError, match="attention of inner cannot be shown"):
        found.weights()


def test_implementation_that_ignores_the_formula_falls_back_to_eager(monkeypatch):
    # An "sdpa" that leaves the sinks out: what is shown must be what was computed, so the eager
    # function, which has them, is no help either.
    def no_sinks(module, query, key, value, attention_mask, **kwargs):
        kwargs.pop("s_aux", None)
        output = F.scaled_dot_product_attention(
            query, key, value, attention_mask, scale=kwargs["scaling"], enable_gqa=True
        )
        return output.transpose(1, 2), None

    monkeypatch.setitem(AttentionInterface._global_mapping, "no_sinks", no_sinks)
    model = fresh_model("gpt_oss")
    model.config._attn_implementation_internal = "no_sinks"
    records = record_attention(model, {"input_ids": random_ids()})
    assert {type(found) for found in records} == {UnavailableRecord}


def test_broken_call_does_not_stop_the_model():
    module = Wrapper(SdpaAttention())
    x = torch.randn(1, 1, 1, 2, 2)  # five axes
    (found,) = record_attention(module, {"query": x, "key": x})
    assert isinstance(found, UnavailableRecord)
    assert "five" not in found.reason
    assert "5 axes" in found.reason


def test_not_a_number_is_shown_and_does_not_crash():
    model = fresh_model("llama")
    with torch.no_grad():
        model.model.layers[1].self_attn.q_proj.weight[:8] = torch.nan
        model.model.layers[1].self_attn.v_proj.weight[0, 0] = torch.inf
    ids = random_ids()
    first, second = record_attention(model, {"input_ids": ids})
    healthy, _ = record_attention(tiny_model("llama"), {"input_ids": ids})
    assert torch.equal(first.weights(), healthy.weights())
    assert bool(second.weights([0]).isnan().all())
    assert bool(second.weights([1, 2, 3]).isfinite().all())


@pytest.mark.parametrize("family", ["gpt2", "bloom", "t5", "gpt_oss", "falcon", "xlnet"])
@pytest.mark.parametrize("implementation", [None, "eager"])
def test_logits_are_bit_identical(family, implementation):
    if family == "falcon" and implementation == "eager":
        implementation = "sdpa"
    model = tiny_model(family, implementation)
    inputs = {"input_ids": random_ids(2)}
    if family == "t5":
        inputs["decoder_input_ids"] = random_ids(2, 5)
    recorder = Recorder(model, batch=2)
    with torch.no_grad():
        plain = model(**inputs).logits
        with as_found(model), recorder:
            recorded = model(**inputs).logits
        after = model(**inputs).logits
    assert recorder.records
    assert torch.equal(plain, recorded)
    assert torch.equal(plain, after)


def test_fused_projection_keeps_no_values_alive():
    records = record_attention(tiny_model("gpt2"), {"input_ids": random_ids(1, 64)})
    for found in records:
        needed = 2 * 64 * 32 * 4
        held = {
            t.untyped_storage().data_ptr(): t.untyped_storage().nbytes()
            for t in found.tensors.values()
        }
        assert sum(held.values()) == needed


def test_values_only_when_asked_for():
    inputs = {"input_ids": random_ids()}
    assert record_attention(tiny_model("llama"), inputs)[0].value is None
    found = record_attention(tiny_model("llama"), inputs, keep_values=True)[0]
    assert found.value.shape == (1, 2, 12, 8)


@pytest.mark.filterwarnings("ignore")  # torch's compiler warns about torch
@pytest.mark.parametrize("way", ["wrapper", "in place", "per layer"])
def test_compiled_model(way):
    model, ids = fresh_model("llama"), random_ids()
    expected = record_attention(model, {"input_ids": ids})
    compiled = model
    if way == "wrapper":
        compiled = torch.compile(model, backend="eager")
    elif way == "in place":
        model.compile(backend="eager")
    else:
        for layer in model.model.layers:
            layer.compile(backend="eager")
    with torch.no_grad():
        plain = compiled(input_ids=ids).logits
        records = record_attention(compiled, {"input_ids": ids})
        again = compiled(input_ids=ids).logits
    assert [found.name for found in records] == [found.name for found in expected]
    assert all(
        torch.equal(found.weights(), reference.weights())
        for found, reference in zip(records, expected, strict=True)
    )
    assert torch.equal(plain, again)
    torch.compiler.reset()


def test_threads_do_not_see_each_other():
    models = [tiny_model("llama"), tiny_model("llama"), tiny_model("gpt2")]
    inputs = [{"input_ids": random_ids(1, 12, seed)} for seed in range(3)]
    expected = [record_attention(m, i) for m, i in zip(models, inputs, strict=True)]
    with torch.no_grad():
        plain = models[0](**inputs[0]).logits
    problems = []

    def capture(number):
        for _ in range(15):
            records = record_attention(models[number], inputs[number])
            same = len(records) == len(expected[number]) and all(
                torch.equal(a.weights(), b.weights())
                for a, b in zip(records, expected[number], strict=True)
            )
            if not same:
                problems.append(f"capture {number}")

    def run_plainly():
        for _ in range(15):
            with torch.no_grad():
                if current_listener() or not torch.equal(models[0](**inputs[0]).logits, plain):
                    problems.append("plain")

    threads = [threading.Thread(target=capture, args=[number]) for number in range(3)]
    threads.append(threading.Thread(target=run_plainly))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert not any(m._forward_hooks for model in models for m in model.modules())


def test_nested_captures_keep_their_records_apart():
    outer, inner, ids = fresh_model("llama"), tiny_model("gpt2"), random_ids()
    found = []
    hook = outer.model.layers[0].register_forward_hook(
        lambda *_: found.extend(record_attention(inner, {"input_ids": ids}))
    )
    records = record_attention(outer, {"input_ids": ids})
    hook.remove()
    assert [r.name for r in records] == ["model.layers.0.self_attn", "model.layers.1.self_attn"]
    assert [r.name for r in found] == ["transformer.h.0.attn", "transformer.h.1.attn"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same = record_attention(tiny_model("llama"), {"input_ids": ids})
    assert torch.equal(records[1].weights(), same[1].weights())


def test_same_model_nested_in_itself():
    model, ids, found = fresh_model("gpt2"), random_ids(), []

    def again(*_):
        if not found:
            found.append(None)
            found.extend(record_attention(model, {"input_ids": ids}))

    hook = model.transformer.h[0].register_forward_hook(again)
    assert len(record_attention(model, {"input_ids": ids})) == 2
    assert len(found) == 3
    hook.remove()
