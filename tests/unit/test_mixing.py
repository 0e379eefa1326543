"""What layers mix, against products and paths written out."""

import itertools

import numpy as np
import pytest

import lmwidget as lmw
from lmwidget.errors import InputError, UnknownNameError
from lmwidget.mixing import ContextMixing
from lmwidget.tokens import Tokens

TOKENS = Tokens.from_pieces(["a", " b", " c"])


@pytest.fixture(scope="module")
def mixing():
    steps = np.tril(np.random.default_rng(1).random((4, 3, 3)))
    steps /= steps.sum(-1, keepdims=True)
    return ContextMixing(TOKENS, steps.astype(np.float32), "rollout")


def over_paths(steps, token, source):
    """Add the products along every path, one by one."""
    layers = len(steps)
    total = 0.0
    for way in itertools.product(range(3), repeat=layers - 1):
        stops = [token, *way, source]
        total += np.prod([steps[layers - 1 - i][stops[i], stops[i + 1]] for i in range(layers)])
    return total


@pytest.mark.parametrize("layer", [0, 2, -1])
def test_rows_are_sums_over_paths(mixing, layer):
    steps = mixing.steps[: range(4)[layer] + 1].astype(float)
    for token in range(3):
        expected = [over_paths(steps, token, source) for source in range(3)]
        np.testing.assert_allclose(mixing.row(token, layer), expected, atol=1e-6)
        np.testing.assert_allclose(mixing.matrix(layer)[token], expected, atol=1e-6)


def test_a_trace_is_what_passes_along_each_edge(mixing):
    trace = mixing.trace(2)
    np.testing.assert_allclose(trace[0].sum(0), mixing.row(2), atol=1e-6)
    for above, below in itertools.pairwise(trace[::-1]):
        # What comes to a position in a layer is what leaves it towards the one below.
        np.testing.assert_allclose(above.sum(0), below.sum(1), atol=1e-6)
    np.testing.assert_allclose(trace.sum((1, 2)), 1, atol=1e-6)
    assert mixing.trace(2, 1).shape == (2, 3, 3)


def test_table_and_numbers(mixing):
    table = mixing.to_dataframe(0)
    assert len(table) == 9
    chosen = table[(table["query"] == 2) & (table["key"] == 1)]
    assert chosen["score"].item() == pytest.approx(float(mixing.steps[0, 2, 1]), abs=1e-7)
    assert chosen["query_token"].item() == " c"
    assert mixing.layer_numbers == (0, 1, 2, 3)


def test_what_does_not_fit_is_refused(mixing):
    with pytest.raises(InputError, match="do not fit 3 tokens"):
        ContextMixing(TOKENS, np.zeros((2, 2, 2), np.float32), "rollout")
    with pytest.raises(UnknownNameError):
        mixing.row(3)
    with pytest.raises(UnknownNameError):
        mixing.matrix(4)


def test_what_is_made_from_a_mixing_says_in_one_line_what_it_is():
    attention = lmw.load("tiny").attention("the king said")
    flowing = lmw.inspection.flow(attention)
    explained = lmw.inspection.relevance(lmw.load("tiny"), "the king said")
    assert repr(flowing) == "<FlowMixing flow: 2 layers, 4 tokens, tiny>"
    assert repr(explained) == "<Relevance relevance: 2 layers, 4 tokens, tiny>"
