"""Attention of a text as the model writes it, against one pass without a cache."""

import numpy as np
import pytest
import torch
from models import FAMILIES, VOCABULARY, fresh_model, tiny_lm, tiny_tokenizer
from transformers import T5Config, T5ForConditionalGeneration

from lmwidget.capture.generation import generate
from lmwidget.capture.guard import as_found
from lmwidget.capture.hooks.steps import StepRecorder
from lmwidget.errors import InputError, ModelMismatchError, UnknownNameError
from lmwidget.models.language_model import LanguageModel

PROMPT = "the king said unto the cat"
STEPWISE = ["gpt2", "llama", "qwen2", "qwen3", "phi", "opt", "falcon", "glm"]
READ_AGAIN = ["mistral", "gemma2", "bloom", "gptj", "gpt_oss", "xlnet"]


def plain(lm, count, **settings):
    """Return what model.generate gives without us."""
    inputs = lm.inputs(lm.tokenize(PROMPT))
    with as_found(lm.model), torch.no_grad():
        return lm.model.generate(
            inputs["input_ids"],
            attention_mask=inputs["attention_mask"],
            max_new_tokens=count,
            **settings,
        )[0].tolist()


def same_everywhere(found, expected, atol):
    assert found.kinds == expected.kinds
    for kind in found.kinds:
        mine, other = found.select(kind), expected.select(kind)
        assert (mine.shape, mine.layer_numbers) == (other.shape, other.layer_numbers)
        for layer in range(len(mine)):
            np.testing.assert_allclose(mine[layer], other[layer], atol=atol)


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
@pytest.mark.parametrize("family", [*STEPWISE, *READ_AGAIN])
def test_cached_steps_equal_one_uncached_pass(family):
    lm = tiny_lm(family)
    made = generate(lm, lm.tokenize(PROMPT), 9)
    same_everywhere(made.attention, lm.attention(made.tokens), 1e-5)
    assert made.tokens.ids[: made.start].tolist() == lm.tokenize(PROMPT).ids.tolist()


@pytest.mark.parametrize("family", STEPWISE)
def test_nothing_is_computed_twice(family, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a second pass")

    monkeypatch.setattr("lmwidget.capture.generation.capture_attention", refuse)
    lm = tiny_lm(family)
    generate(lm, lm.tokenize(PROMPT), 4)


def even_t5():
    """T5 whose decoder is as deep as its encoder: transformers makes no cache for others."""
    family = FAMILIES["t5"]
    settings = {**family.settings, "num_decoder_layers": 2, "vocab_size": VOCABULARY}
    torch.manual_seed(0)
    model = T5ForConditionalGeneration(T5Config(**settings, pad_token_id=0, eos_token_id=2))
    for parameter in model.parameters():
        parameter.data.normal_(0, 0.4)
    return LanguageModel(model.eval(), tiny_tokenizer("t5"))


@pytest.mark.parametrize("family", ["t5", "bart"])
def test_encoder_decoders(family):
    lm = even_t5() if family == "t5" else tiny_lm(family)
    tokens = lm.tokenize(PROMPT)
    made = generate(lm, tokens, 7)
    same_everywhere(made.attention, lm.attention(tokens, output=made.tokens), 1e-5)
    assert made.attention.kinds == ("encoder", "decoder", "cross")


def test_writes_what_the_model_writes_without_us():
    lm = tiny_lm("llama")
    expected = plain(lm, 8, do_sample=False)
    assert generate(lm, lm.tokenize(PROMPT), 8).tokens.ids.tolist() == expected
    torch.manual_seed(5)
    expected = plain(lm, 8, do_sample=True, top_k=20)
    torch.manual_seed(5)
    made = generate(lm, lm.tokenize(PROMPT), 7, do_sample=True, top_k=20)
    assert made.tokens.ids.tolist() == expected[:-1]


def test_the_text_is_what_was_written():
    lm = tiny_lm("gpt2")
    made = generate(lm, lm.tokenize(PROMPT), 5)
    assert made.tokens.text == PROMPT + made.text
    assert len(made.tokens) == made.start + 5


def test_half_precision():
    lm = tiny_lm("llama")
    full, half = (
        generate(lm, lm.tokenize(PROMPT), 6, precision=precision).attention
        for precision in ("full", "half")
    )
    same_everywhere(half, full, 3e-3)
    assert half.cost["bytes"] * 2 == full.cost["bytes"]


def test_a_static_cache_is_read_once_more():
    lm = tiny_lm("llama")
    made = generate(lm, lm.tokenize(PROMPT), 6, cache_implementation="static")
    same_everywhere(made.attention, lm.attention(made.tokens), 1e-5)


def test_memory_does_not_grow_with_the_number_of_steps_times_the_length():
    lm = tiny_lm("llama")
    inputs = lm.inputs(lm.tokenize(PROMPT))
    inputs = {name: inputs[name] for name in ("input_ids", "attention_mask")}
    with as_found(lm.model), torch.no_grad(), StepRecorder(lm.model) as steps:
        lm.model.generate(**inputs, max_new_tokens=20, do_sample=False)
    for record in steps.joined():
        read = inputs["input_ids"].shape[1] + 19
        assert record.query.shape[2] == record.key.shape[2] == read
        assert record.key.untyped_storage().nbytes() == record.key.numel() * 4
    assert steps.records == []


def test_model_is_left_as_found_also_when_it_fails():
    model = fresh_model("gpt2").train()
    lm = LanguageModel(model, tiny_tokenizer("gpt2"))
    before = {name: id(module._forward_hooks) for name, module in model.named_modules()}
    settings = model.generation_config.to_dict()

    class Stop:
        def __call__(self, *_, **__):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(lm, lm.tokenize(PROMPT), 5, stopping_criteria=[Stop()])
    assert model.training
    assert model.generation_config.to_dict() == settings
    assert not any(module._forward_hooks for module in model.modules())
    assert before == {name: id(module._forward_hooks) for name, module in model.named_modules()}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_beams": 4}, "num_beams cannot be given"),
        ({"return_dict_in_generate": True}, "return_dict_in_generate cannot be given"),
        ({"max_new_tokens": 0}, "nothing to write"),
        ({"max_new_tokens": 500}, "do not fit into the 128 tokens"),
    ],
)
def test_what_cannot_be_done_is_said(settings, message):
    lm = tiny_lm("gpt2")
    with pytest.raises(InputError, match=message):
        generate(lm, lm.tokenize(PROMPT), **settings)


def test_a_model_that_cannot_write():
    lm = tiny_lm("bert")
    with pytest.raises(ModelMismatchError, match="cannot write text"):
        generate(lm, lm.tokenize(PROMPT))


def test_beams_that_a_model_ships_are_left_aside():
    model = fresh_model("llama")
    model.generation_config.num_beams = 3
    lm = LanguageModel(model, tiny_tokenizer("llama"))
    made = generate(lm, lm.tokenize(PROMPT), 6)
    same_everywhere(made.attention, lm.attention(made.tokens), 1e-5)
    assert model.generation_config.num_beams == 3


@pytest.mark.parametrize("text", ["t", "th", "the", "the k"])
@pytest.mark.parametrize("new", [1, 2, 3])
def test_cross_attention_over_very_short_inputs(text, new):
    lm = tiny_lm("bart")
    tokens = lm.tokenize(text)
    made = generate(lm, tokens, new)
    same_everywhere(made.attention, lm.attention(tokens, output=made.tokens), 1e-5)


def test_arguments_are_checked_before_anything_runs():
    lm = tiny_lm("gpt2")
    tokens = lm.tokenize(PROMPT)
    with pytest.raises(UnknownNameError, match="no precision 'hlaf'"):
        generate(lm, tokens, 3, precision="hlaf")
    with pytest.raises(UnknownNameError, match="number of new tokens"):
        generate(lm, tokens, "three")
    assert len(generate(lm, tokens, np.int64(2)).tokens) == len(tokens) + 2
