"""Layouts of local and sparse attention, and what must never be shown, on modules of transformers.

The reference is a probe (``probes.py``): values that name their positions.
"""

import copy
import functools

import pytest
import torch
import transformers
from building import LENGTH, Pair, build, inputs_of, redraw
from configs import tiny_config
from models import VOCABULARY, tiny_tokenizer
from probes import has_probe, probed
from survey import captured

from lmwidget.capture.hooks.recorder import record_attention
from lmwidget.capture.kept.records import UnavailableRecord
from lmwidget.capture.layers import sort_layers
from lmwidget.capture.result import Attention
from lmwidget.errors import NoAttentionError, UnavailableError
from lmwidget.models.language_model import LanguageModel
from lmwidget.tokens import Tokens

SPARSE = {
    "longformer": "self",
    "led": "encoder",
    "longt5": "encoder",
    "pegasus_x": "encoder",
    "big_bird": "self",
}


@pytest.fixture(scope="module")
def models():
    """One model of every sparse family, shared and left as it is."""
    return {kind: build(Pair(kind, "S" if SPARSE[kind] == "encoder" else "M")) for kind in SPARSE}


def records_of(built, inputs, length=LENGTH):
    records = record_attention(built.model, inputs)
    both = bool(built.config.is_encoder_decoder)
    tokens, outputs = (Tokens.from_pieces(["a"] * n) for n in (length, 9))
    kinds = sort_layers(records, tokens, outputs if both else None, encoder_decoder=both)
    return kinds[SPARSE[built.pair.type]].records


def assert_same(built, inputs, length=LENGTH):
    expected = probed(built, inputs)
    records = records_of(built, inputs, length)
    assert len(records) == len(expected) == 2
    for record, weights in zip(records, expected, strict=True):
        assert torch.allclose(record.weights(), weights, atol=1e-6)
    return records


@pytest.mark.parametrize("kind", SPARSE)
def test_tokens_see_what_the_module_lets_them_see(models, kind):
    records = assert_same(models[kind], inputs_of(models[kind]))
    assert any(bool((record.weights() == 0).any()) for record in records), "nothing is left out"


# BigBird turns itself into a dense model, for good, when it reads a short text.
@pytest.mark.parametrize(
    ("kind", "length"),
    [(kind, n) for kind in SPARSE for n in (1, 2, 7, 37, 64) if kind != "big_bird" or n > 7],
)
def test_texts_of_any_length(models, kind, length):
    inputs = inputs_of(models[kind]) | {"input_ids": torch.arange(length)[None].expand(2, -1) + 10}
    assert_same(models[kind], inputs, length)


@pytest.mark.parametrize("kind", SPARSE)
def test_some_rows_and_heads_are_those_of_the_whole(models, kind):
    for record in records_of(models[kind], inputs_of(models[kind])):
        whole = record.weights()
        assert torch.equal(record.weights([3, 1], [0, 11, 5]), whole[:, [3, 1]][:, :, [0, 11, 5]])


@pytest.mark.parametrize("kind", SPARSE)
def test_in_bfloat16(models, kind):
    model, eager = (copy.deepcopy(m).bfloat16() for m in (models[kind].model, models[kind].eager))
    built = models[kind]._replace(model=model, eager=eager)
    expected = probed(built, inputs_of(built))
    for record, weights in zip(records_of(built, inputs_of(built)), expected, strict=True):
        # The probe's own products are rounded to 8 bits.
        assert torch.allclose(record.weights(), weights.float(), atol=5e-3)


@pytest.mark.parametrize("kind", ["longformer", "led"])
def test_global_tokens_differ_from_text_to_text(models, kind):
    inputs = inputs_of(models[kind])
    chosen = torch.zeros_like(inputs["input_ids"])
    chosen[0, [0, 7]] = 1
    chosen[1, 3] = 1
    records = assert_same(models[kind], inputs | {"global_attention_mask": chosen})
    weights = records[0].weights()
    assert bool((weights[0, :, 7] > 0).all())  # sees everything
    assert bool((weights[0, :, :, 7] > 0).all())  # and is seen by everything
    assert bool((weights[1, :, 11, :7] == 0)[:, torch.arange(7) != 3].all())


def test_one_text_without_global_tokens(models):
    inputs = inputs_of(models["longformer"])
    chosen = torch.zeros_like(inputs["input_ids"])
    chosen[0, 5] = 1
    assert_same(models["longformer"], inputs | {"global_attention_mask": chosen})


def test_summaries_of_longt5_take_what_a_row_lacks():
    config = tiny_config("longt5")
    config.encoder_attention_type = "transient-global"
    torch.manual_seed(0)
    model = transformers.LongT5ForConditionalGeneration(config).eval()
    redraw(model, 0.1)
    built = build(Pair("longt5", "S"))._replace(model=model, eager=model)
    records = assert_same(built, inputs_of(built))
    sums = records[0].weights().sum(-1)
    assert 0.1 < float(sums.mean()) < 0.9


def test_bigbird_returns_a_matrix_that_is_not_its_attention(models):
    """In evaluation all random blocks are block 0, and transformers writes instead of adding."""
    built = models["big_bird"]
    with torch.no_grad():
        returned = built.eager(**inputs_of(built), output_attentions=True).attentions
    lost = 1 - returned[0].sum(-1)
    assert float(lost.max()) > 0.1
    found = records_of(built, inputs_of(built))[0].weights()
    assert torch.allclose(found.sum(-1), torch.ones(()), atol=1e-6)


def test_bigbird_exchanges_its_modules_for_a_short_text():
    """Then transformers returns no attention on the first call, and eager weights on the second."""
    config = tiny_config("big_bird")
    config.block_size, config.num_random_blocks = 64, 3
    torch.manual_seed(0)
    model = transformers.BigBirdForMaskedLM(config).eval()
    redraw(model, 0.15)
    inputs = {"input_ids": torch.arange(10, 22)[None]}
    layers = sort_layers(record_attention(model, inputs), Tokens.from_pieces(["a"] * 12))["self"]
    assert layers.numbers == (0, 1)
    with torch.no_grad():
        model(**inputs)
        expected = model(**inputs, output_attentions=True).attentions
    for record, weights in zip(layers.records, expected, strict=True):
        assert torch.allclose(record.weights(), weights, atol=1e-6)


@pytest.mark.parametrize("kind", SPARSE)
def test_a_module_that_works_otherwise_is_refused(models, kind, monkeypatch):
    module = next(m for m in models[kind].model.modules() if has_probe(m))
    forward = type(module).forward

    @functools.wraps(forward)
    def other(self, *args, **kwargs):
        output = forward(self, *args, **kwargs)
        return (output[0] * 1.5, *output[1:])

    monkeypatch.setattr(type(module), "forward", other)
    records = records_of(models[kind], inputs_of(models[kind]))
    assert all(isinstance(record, UnavailableRecord) for record in records)
    with pytest.raises(UnavailableError, match="do not give the output"):
        records[0].weights()


def test_as_many_latents_as_tokens_are_still_no_tokens():
    config = tiny_config("perceiver")
    config.num_latents = 12
    model = transformers.PerceiverForMaskedLM(config).eval()
    records = record_attention(model, {"input_ids": torch.arange(10, 22)[None]})
    assert {record.shape[2:] for record in records} == {(12, 12)}
    layers = sort_layers(records, Tokens.from_pieces(["a"] * 12))
    with pytest.raises(UnavailableError, match="over latents, not over tokens"):
        Attention(layers)[0]


def test_as_many_streams_as_tokens_are_still_no_tokens():
    built = build(Pair("deepseek_v4", "C"))
    streams = built.config.hc_mult
    ids = torch.arange(10, 10 + streams)[None]
    records = record_attention(built.model, {"input_ids": ids})
    assert sum(record.shape[2:] == (streams, streams) for record in records) > 2
    layers = sort_layers(records, Tokens.from_pieces(["a"] * streams))["self"]
    assert [record.name for record in layers.records] == [
        "model.layers.0.self_attn",
        "model.layers.1.self_attn",
    ]


def test_joint_softmax_of_t5gemma2_is_cut_in_two():
    built = build(Pair("t5gemma2", "S"))
    kinds = captured(built, inputs_of(built))
    for own, cross in zip(kinds["decoder"].records, kinds["cross"].records, strict=True):
        total = own.weights().sum(-1) + cross.weights().sum(-1)
        assert torch.allclose(total, torch.ones(()), atol=1e-6)
        assert float(cross.weights().sum(-1).max()) < 1


def test_prompt_of_cpm_ant_takes_what_a_row_lacks():
    built = build(Pair("cpmant", "C"))
    record = captured(built, inputs_of(built))["self"].records[0]
    assert record.shape[2:] == (12, 12)
    assert float(record.weights().sum(-1).max()) < 0.9  # 32 places of the prompt are seen, too


@pytest.mark.parametrize("kind", ["yoso", "mra", "reformer", "mamba", "rwkv", "fnet"])
def test_a_user_is_told_why_there_is_no_picture(kind):
    task = "C" if kind in ("mamba", "rwkv") else "M"
    lm = language_model(kind, task)
    error = UnavailableError if kind in ("yoso", "mra", "reformer") else NoAttentionError
    with pytest.raises(error, match=r"cannot be shown: it|has no attention to show"):
        lm.attention("the king said")


def test_a_user_sees_long_attention():
    attention = language_model("longformer", "M").attention("the king said that the cat sat")
    assert attention.shape[0] == 2
    assert attention.layer_numbers == (0, 1)
    assert float(attention[0].sum(-1).max()) == pytest.approx(1)


def language_model(kind, task):
    config = tiny_config(kind)
    config.vocab_size = VOCABULARY
    model = getattr(transformers, Pair(kind, task).class_name)(config).eval()
    return LanguageModel(model, tiny_tokenizer("gpt2"), name=kind)
