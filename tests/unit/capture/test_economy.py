"""What is kept of a pass on request: some layers, 16 bits."""

import numpy as np
import pytest
import torch
from models import VOCABULARY, tiny_lm, tiny_tokenizer
from transformers import FunnelConfig, FunnelForMaskedLM

from lmwidget.capture import memory
from lmwidget.errors import UnavailableError, UnknownNameError
from lmwidget.models.language_model import LanguageModel

TEXT = "the king said unto the cat and the cat said unto the king"


@pytest.mark.parametrize("family", ["gpt2", "llama", "bert", "albert"])
def test_some_layers_equal_the_same_layers_of_all(family):
    lm = tiny_lm(family)
    everything = lm.attention(TEXT)
    last = lm.attention(TEXT, layers=1)
    assert last.layer_numbers == (1,)
    np.testing.assert_array_equal(last[0], everything[1])
    both = lm.attention(TEXT, layers=[0, 1])
    np.testing.assert_array_equal(both[0], everything[0])


def test_a_layer_left_out_takes_no_memory():
    lm = tiny_lm("gpt2")
    assert lm.attention(TEXT, layers=[1]).cost["bytes"] * 2 == lm.attention(TEXT).cost["bytes"]


def test_layers_of_every_kind(seq2seq_lm):
    everything = seq2seq_lm.attention(TEXT, output="the cat")
    some = seq2seq_lm.attention(TEXT, output="the cat", layers=[0])
    assert some.kinds == everything.kinds
    for kind in some.kinds:
        np.testing.assert_array_equal(some.select(kind)[0], everything.select(kind)[0])


@pytest.mark.parametrize("family", ["gpt2", "llama", "bloom", "t5"])
def test_half_precision_to_three_digits_in_half_the_memory(family):
    lm = tiny_lm(family)
    full, half = lm.attention(TEXT), lm.attention(TEXT, precision="half")
    assert half.cost["bytes"] < 0.75 * full.cost["bytes"]
    for kind in full.kinds:
        for layer in range(len(full.select(kind))):
            expected, found = full.select(kind)[layer], half.select(kind)[layer]
            np.testing.assert_allclose(found, expected, atol=3e-3)
    assert any((half[layer] != full[layer]).any() for layer in range(len(full)))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"layers": [0, 7]}, "no attention in layer 7. Choose from 0, 1"),
        ({"layers": "a"}, "no layer 'a'"),
        ({"precision": "fp8"}, "no precision 'fp8'"),
    ],
)
def test_what_is_not_there_is_named(asked, message):
    with pytest.raises(UnknownNameError, match=message):
        tiny_lm("gpt2").attention(TEXT, **asked)


def test_whole_weights_that_do_not_fit_are_refused_before_they_fill_the_memory(monkeypatch):
    lm = tiny_lm("bloom")
    monkeypatch.setattr(memory, "_SMALL", 0)
    monkeypatch.setattr(memory, "free_bytes", lambda _device: 1_000)
    with pytest.raises(UnavailableError, match=r"kept whole, .* are free\. Keep some layers"):
        lm.attention(TEXT)
    assert not any(module._forward_hooks for module in lm.model.modules())
    assert tiny_lm("gpt2").attention(TEXT).shape[:2] == (2, 4)  # linear memory: nothing to refuse


def test_free_memory_is_known_and_heeds_a_container(monkeypatch, tmp_path):
    free = memory.free_bytes(torch.device("cpu"))
    assert free is None or free > 1_000_000
    (tmp_path / "memory.max").write_text("5000\n")
    (tmp_path / "memory.current").write_text("3500\n")
    (tmp_path / "memory.stat").write_text("anon 3000\ninactive_file 500\n")
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    assert memory.free_bytes(torch.device("cpu")) == 2000


def test_layers_whose_numbers_are_not_in_their_names():
    config = FunnelConfig(
        vocab_size=VOCABULARY, block_sizes=[1, 1], d_model=32, n_head=4, d_head=8, d_inner=48
    )
    torch.manual_seed(0)
    lm = LanguageModel(FunnelForMaskedLM(config).eval(), tiny_tokenizer("bert"), task="masked")
    everything = lm.attention(TEXT)
    readable = []
    for place, number in enumerate(everything.layer_numbers):
        try:
            expected = everything[place]
        except UnavailableError:
            continue
        readable.append(number)
        np.testing.assert_array_equal(lm.attention(TEXT, layers=[number])[0], expected)
    assert len(readable) >= 2
