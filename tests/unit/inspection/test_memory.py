"""What gradients and norms of attention take: twice the text, twice the memory."""

import pytest
from models import VOCABULARY, tiny_tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

from lmwidget.capture.memory import counting_alive
from lmwidget.capture.saved import bytes_of
from lmwidget.inspection.attention.gradients import attention_gradients
from lmwidget.inspection.attention.norms import norms
from lmwidget.models.language_model import LanguageModel


@pytest.fixture(scope="module")
def long_lm():
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
    )
    tokenizer = tiny_tokenizer("llama")
    tokenizer.model_max_length = 2048
    return LanguageModel(LlamaForCausalLM(config).eval(), tokenizer)


@pytest.mark.parametrize("compute", [attention_gradients, norms])
def test_memory_is_linear_in_the_length(long_lm, compute):
    held, peaks = [], []
    for length in (512, 1024):
        with counting_alive() as alive:
            found = compute(long_lm, "a" * length)
        held.append(bytes_of(found.attention.record(layer) for layer in range(2)))
        peaks.append(alive.peak)
    assert held[1] <= 2.01 * held[0]
    assert peaks[1] <= 2.05 * peaks[0]
