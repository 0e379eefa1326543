"""Captured attention equals the model's own eager attention, all heads, within 1e-5 in float32."""

import pytest
import torch
from models import CAUSAL, CLASSIFIERS, MASKED, SEQ2SEQ, padded_inputs, random_ids, tiny_model
from references import eager_attentions

from lmwidget.capture.hooks.recorder import record_attention
from lmwidget.capture.kept.query_key import QueryKeyRecord
from lmwidget.capture.kept.records import DenseRecord
from lmwidget.capture.layers import sort_layers
from lmwidget.tokens import Tokens

TOLERANCE = 1e-5
INPUTS, OUTPUTS = 12, 9
# Their modules compute a softmax of their own: the weights have to be kept whole.
DENSE = {"bloom", "gptj", "xlnet"}


def captured(family, inputs, implementation=None):
    records = record_attention(tiny_model(family, implementation), inputs)
    seq2seq = family in SEQ2SEQ
    tokens, output = (Tokens.from_pieces(["a"] * length) for length in (INPUTS, OUTPUTS))
    layers = sort_layers(records, tokens, output if seq2seq else None, encoder_decoder=seq2seq)
    return {kind: part.records for kind, part in layers.items()}


def inputs_of(family, **extra):
    inputs = {"input_ids": random_ids(2, INPUTS), **extra}
    if family in SEQ2SEQ:
        inputs["decoder_input_ids"] = random_ids(2, OUTPUTS, seed=2)
    return inputs


def assert_equal(found, expected, valid=None):
    """Compare every layer and head; with padding, only rows of real tokens mean anything."""
    assert found.keys() == expected.keys()
    for kind, references in expected.items():
        assert len(found[kind]) == len(references)
        for record, reference in zip(found[kind], references, strict=True):
            error = (record.weights() - reference).abs()
            if valid is not None and kind in ("self", "encoder"):
                error = error.movedim(2, 1)[valid.bool()]
            assert float(error.max()) < TOLERANCE, (kind, record.name)
            assert float(reference.nan_to_num().max()) > 0.3, "too flat to tell anything"


@pytest.mark.parametrize("family", [*CAUSAL, *MASKED, *SEQ2SEQ, *CLASSIFIERS])
def test_every_head(family):
    inputs = inputs_of(family)
    found = captured(family, inputs)
    assert_equal(found, eager_attentions(family, inputs))
    kind = DenseRecord if family in DENSE else QueryKeyRecord
    assert {type(record) for records in found.values() for record in records} == {kind}


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("family", [*CAUSAL, *MASKED, *SEQ2SEQ])
def test_padding(family, side):
    padding = padded_inputs(side)
    inputs = inputs_of(family, **padding)
    found = captured(family, inputs)
    assert_equal(found, eager_attentions(family, inputs), valid=padding["attention_mask"])


@pytest.mark.parametrize(
    "family", ["gpt2", "llama", "mistral", "gemma2", "bert", "t5", "bart", "gpt_oss", "glm"]
)
def test_model_loaded_eager(family):
    inputs = inputs_of(family)
    assert_equal(captured(family, inputs, "eager"), eager_attentions(family, inputs))


def test_sliding_window_and_sinks_are_there_to_be_seen():
    window = captured("mistral", inputs_of("mistral"))["self"][0].weights()
    assert float(window[:, :, -1, :-5].max()) == 0.0
    sinks = captured("gpt_oss", inputs_of("gpt_oss"))["self"][1].weights().sum(-1)
    assert float(sinks.min()) < 0.95


# transformers 5.23 and torch 2.13 warn about each other here; and it runs uncompiled, on purpose.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:flex_attention called without")
@pytest.mark.parametrize("family", ["llama", "bert"])
def test_flex_attention(family):
    # Right padding: a padded query that sees nothing is undefined in flex attention.
    padding = padded_inputs("right")
    found = captured(family, padding, "flex_attention")
    assert_equal(found, eager_attentions(family, padding), valid=padding["attention_mask"])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_rows_sum_to_one(dtype):
    from models import fresh_model

    model = fresh_model("llama", dtype=dtype)
    exact = eager_attentions("llama", {"input_ids": random_ids()})["self"]
    for record, reference in zip(
        record_attention(model, {"input_ids": random_ids()}), exact, strict=True
    ):
        weights = record.weights()
        assert weights.dtype == torch.float32
        assert torch.allclose(weights.sum(-1), torch.ones(()), atol=1e-6)
        assert float((weights - reference).abs().max()) < 0.15
