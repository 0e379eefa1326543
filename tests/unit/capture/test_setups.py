"""Models as people run them: 16 bits, adapters, quantised, offloaded, wrapped, packed, with hooks."""

import numpy as np
import pytest
import torch
from models import fresh_model, random_ids, tiny_tokenizer
from torch import nn

from lmwidget.capture.hooks.recorder import record_attention
from lmwidget.errors import LmwidgetError
from lmwidget.models.language_model import LanguageModel

TEXT = "the king said unto the cat and the cat said unto the king"


def checked(model, *, atol, inputs=None, call=None):
    """Capture, and compare logits before, under and after it, and weights with its own eager mode."""
    inputs = {"input_ids": random_ids(1, 12)} if inputs is None else inputs
    call = call or model
    seen = []
    hook = model.register_forward_hook(lambda _m, _i, output: seen.append(output.logits))
    try:
        with torch.no_grad():
            before = call(**inputs, use_cache=False).logits
        records = record_attention(call, {**inputs, "use_cache": False})
        with torch.no_grad():
            after = call(**inputs, use_cache=False).logits
    finally:
        hook.remove()
    assert len(seen) == 3
    assert all(torch.equal(logits, before) for logits in (*seen, after))
    model.set_attn_implementation("eager")
    with torch.no_grad():
        expected = call(**inputs, use_cache=False, output_attentions=True).attentions
    assert len(records) == len(expected) > 0
    for record, weights in zip(records, expected, strict=True):
        torch.testing.assert_close(record.weights(), weights.float(), atol=atol, rtol=0)
        rows = record.weights().sum(-1)
        torch.testing.assert_close(rows, torch.ones_like(rows), atol=1e-5, rtol=0)
    return records


@pytest.mark.parametrize(("dtype", "atol"), [(torch.float16, 4e-3), (torch.bfloat16, 3e-2)])
@pytest.mark.parametrize("family", ["gpt2", "llama", "mistral"])
def test_sixteen_bits(family, dtype, atol):
    checked(fresh_model(family, dtype=dtype), atol=atol)


def test_autocast():
    model = fresh_model("llama")

    class Autocast(nn.Module):
        def forward(self, **inputs):
            with torch.autocast("cpu", torch.bfloat16):
                return model(**inputs)

    wrapped = Autocast()
    wrapped.model = model
    checked(model, atol=3e-2, call=wrapped)


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_lora_adapters():
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=2, target_modules=["q_proj", "k_proj"], init_lora_weights=False)
    model = get_peft_model(fresh_model("llama"), config).eval()
    records = checked(model, atol=1e-5)
    bare = record_attention(fresh_model("llama"), {"input_ids": random_ids(1, 12)})
    assert not torch.allclose(records[0].weights(), bare[0].weights(), atol=1e-3)
    lm = LanguageModel(model, tiny_tokenizer("llama"))
    assert lm.attention(TEXT).layer_numbers == (0, 1)
    assert lm.attribute(TEXT).scores.shape == (len(lm.tokenize(TEXT)),)


@pytest.mark.filterwarnings("ignore:MatMul8bitLt")
@pytest.mark.parametrize("bits", [8, 4])
def test_bitsandbytes(bits, tmp_path):
    from transformers import (
        AutoModelForCausalLM,
        BitsAndBytesConfig,
        LlamaConfig,
        LlamaForCausalLM,
    )

    config = LlamaConfig(  # 4 bits come in blocks of 64
        vocab_size=300,
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
    )
    LlamaForCausalLM(config).save_pretrained(tmp_path)
    settings = BitsAndBytesConfig(load_in_8bit=bits == 8, load_in_4bit=bits == 4)
    model = AutoModelForCausalLM.from_pretrained(
        tmp_path, quantization_config=settings, device_map="cpu"
    )
    checked(model.eval(), atol=2e-2)
    lm = LanguageModel(model, tiny_tokenizer("llama"))
    assert lm.attention(TEXT).shape[:2] == (2, 4)
    if bits == 8:  # the kernel for 4 bits has no backward pass on the CPU
        assert np.isfinite(lm.attribute(TEXT).scores).all()


def test_dynamic_quantisation():
    model = fresh_model("llama")
    for layer in model.model.layers:
        for name in ("q_proj", "k_proj"):
            linear = getattr(layer.self_attn, name)
            setattr(layer.self_attn, name, _Int8(linear))
    checked(model, atol=1e-5)


class _Int8(nn.Module):
    """Weights in 8 bits, as every quantiser has them: no ``weight`` that is a float parameter."""

    def __init__(self, linear):
        super().__init__()
        self.register_buffer("scale", linear.weight.abs().amax(1, keepdim=True) / 127)
        self.register_buffer("packed", (linear.weight / self.scale).round().to(torch.int8))

    def forward(self, x):
        return nn.functional.linear(x, self.packed * self.scale)


@pytest.mark.parametrize("way", ["cpu_offload", "disk_offload"])
def test_offloaded_by_accelerate(way, tmp_path):
    import accelerate

    model = fresh_model("llama")
    plain = record_attention(fresh_model("llama"), {"input_ids": random_ids(1, 12)})
    extra = {"offload_dir": str(tmp_path)} if way == "disk_offload" else {}
    model = getattr(accelerate, way)(model, execution_device="cpu", **extra)
    records = checked(model, atol=1e-5)
    for record, expected in zip(records, plain, strict=True):
        torch.testing.assert_close(record.weights(), expected.weights(), atol=1e-6, rtol=0)
    lm = LanguageModel(model, tiny_tokenizer("llama"))
    assert lm.attention(TEXT).shape[:2] == (2, 4)
    assert np.isfinite(lm.attribute(TEXT).scores).all()


def test_data_parallel():
    inside = fresh_model("gpt2")
    lm = LanguageModel(nn.DataParallel(inside), tiny_tokenizer("gpt2"))
    alone = LanguageModel(inside, tiny_tokenizer("gpt2"))
    np.testing.assert_array_equal(lm.attention(TEXT)[1], alone.attention(TEXT)[1])


def test_compiled_language_model():
    model = fresh_model("gpt2")
    expected = LanguageModel(model, tiny_tokenizer("gpt2")).attention(TEXT)
    lm = LanguageModel(torch.compile(model, backend="eager"), tiny_tokenizer("gpt2"))
    np.testing.assert_array_equal(lm.attention(TEXT)[0], expected[0])
    assert (
        lm.predict(TEXT)[0].id == LanguageModel(model, tiny_tokenizer("gpt2")).predict(TEXT)[0].id
    )


@pytest.mark.parametrize("family", ["llama", "mistral", "qwen2"])
def test_packed_texts_do_not_look_at_each_other(family):
    ids = random_ids(1, 12)
    places = torch.tensor([[0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 6]])
    model = fresh_model(family)
    records = checked(model, atol=1e-5, inputs={"input_ids": ids, "position_ids": places})
    for record in records:
        assert record.weights()[:, :, 5:, :5].abs().max() == 0
        first = record_attention(fresh_model(family), {"input_ids": ids[:, :5]})
        torch.testing.assert_close(
            records[0].weights()[:, :, :5, :5], first[0].weights(), atol=1e-5, rtol=0
        )


def test_hooks_of_the_user_run_once_and_stay():
    model = fresh_model("gpt2")
    calls = []
    attention = model.transformer.h[0].attn
    handles = [
        attention.register_forward_hook(lambda *_: calls.append("forward")),
        attention.register_forward_pre_hook(lambda *_: calls.append("before")),
        model.transformer.wte.register_forward_hook(lambda *_: calls.append("embedding")),
    ]
    lm = LanguageModel(model, tiny_tokenizer("gpt2"))
    lm.attention(TEXT)
    assert calls == ["embedding", "before", "forward"]
    calls.clear()
    lm.attribute(TEXT, "gradient")
    assert set(calls) == {"embedding", "before", "forward"}
    assert [len(attention._forward_hooks), len(attention._forward_pre_hooks)] == [1, 1]
    for handle in handles:
        handle.remove()


def test_a_hook_of_the_user_that_edits_is_seen():
    model = fresh_model("gpt2")
    expected = LanguageModel(model, tiny_tokenizer("gpt2")).attention(TEXT)[1]

    def roll(_module, _given, output):
        if isinstance(output, tuple):
            return (output[0].roll(1, -1), *output[1:])
        return output.roll(1, -1)

    handle = model.transformer.h[0].register_forward_hook(roll)
    changed = LanguageModel(model, tiny_tokenizer("gpt2")).attention(TEXT)[1]
    handle.remove()
    assert np.abs(changed - expected).max() > 1e-3


def test_a_model_on_the_meta_device_says_what_is_wrong():
    model = fresh_model("gpt2").to("meta")
    lm = LanguageModel(model, tiny_tokenizer("gpt2"))
    with pytest.raises(LmwidgetError, match="meta"):
        lm.attention(TEXT)
