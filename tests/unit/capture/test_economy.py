"""What is kept of a pass on request: some layers, 16 bits."""

import numpy as np
import pytest
from models import tiny_lm

from lmwidget.errors import UnknownNameError

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
