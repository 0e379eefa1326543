"""The memory told before a pass, against what the pass takes. Times are in tests/bench."""

import pytest
import torch
from models import tiny_lm

from lmwidget.capture.estimate import Estimate, estimate_attention
from lmwidget.capture.memory import counting_alive

TEXT = "the king said unto the cat and "


@pytest.mark.parametrize("words", [2, 11])
@pytest.mark.parametrize("family", ["gpt2", "llama", "mistral", "gpt_oss", "bloom", "bert"])
def test_memory_within_a_factor_of_two(family, words):
    lm = tiny_lm(family)
    tokens = lm.tokenize(TEXT * words, truncate=True)
    estimate = estimate_attention(lm, tokens)
    with counting_alive() as alive:
        held = lm.attention(tokens).cost["bytes"]
    assert 0.5 < estimate.held_bytes / held < 2
    assert 0.5 < estimate.peak_bytes / alive.peak < 2
    assert estimate.seconds > 0
    assert estimate.tokens == len(tokens)


def test_both_sides_of_an_encoder_decoder(seq2seq_lm):
    tokens, output = seq2seq_lm.tokenize(TEXT), seq2seq_lm.tokenize_output("the cat")
    estimate = estimate_attention(seq2seq_lm, tokens, output)
    held = seq2seq_lm.attention(tokens, output=output).cost["bytes"]
    assert 0.5 < estimate.held_bytes / held < 2


def test_settings_count():
    lm = tiny_lm("gpt2")
    tokens = lm.tokenize(TEXT * 4)
    full = estimate_attention(lm, tokens).held_bytes
    assert estimate_attention(lm, tokens, precision="half").held_bytes * 2 == full
    assert estimate_attention(lm, tokens, layers=[1]).held_bytes * 2 == full


def test_says_it_in_words():
    text = str(Estimate(4096, 21.4, 1_300_000_000, 377_000_000))
    assert text == "4,096 tokens: about 21 s, 1.3 GB at the peak, 377 MB kept"


def test_memory_is_counted_at_its_peak_and_freed():
    with counting_alive() as alive:
        first = torch.zeros(100)
        view = first[:50]
        del first, view
        second = torch.zeros(25)
        second.add_(1)
    assert alive.peak == 400
    assert alive.now == 100
    del second
    assert alive.now == 0
