"""Attention made from other attention reads like a captured one."""

import numpy as np
import pytest

import lmwidget as lmw
from lmwidget.derived import DerivedAttention
from lmwidget.errors import InputError, UnknownNameError
from lmwidget.tokens import Tokens

TOKENS = Tokens.from_pieces(["a", " b", " c", " d"])


class Given(DerivedAttention):
    """Layers of heads from arrays, the second layer with one head less."""

    def __init__(self, layers, *, signed=False, **settings):
        self.signed = signed
        self.layers = [np.asarray(layer, np.float32) for layer in layers]
        super().__init__(TOKENS, TOKENS, [len(layer) for layer in layers], **settings)

    def _weights(self, layer, heads, queries):
        return self.layers[layer][heads][:, queries]


@pytest.fixture(scope="module")
def given():
    generator = np.random.default_rng(0)
    causal = np.tril(generator.random((3, 4, 4)))
    return Given([causal / causal.sum(-1, keepdims=True), causal[:2]], layer_numbers=[3, 7])


def test_reads_like_attention(given):
    whole = given.layers[0]
    assert given.shape == (2, 3, 4, 4)
    assert len(given) == 2
    assert (given.heads(0), given.heads(1)) == (3, 2)
    assert given.layer_numbers == (3, 7)
    np.testing.assert_array_equal(given[0, 1], whole[1])
    np.testing.assert_array_equal(given[0], whole)
    np.testing.assert_array_equal(given[0, [2, 0]], whole[[2, 0]])
    np.testing.assert_array_equal(given.rows(0, 1, 2), whole[1, 2])
    np.testing.assert_array_equal(given.rows(0, [0], [1, 3]), whole[[0]][:, [1, 3]])
    np.testing.assert_array_equal(given.columns(0, 1, 2), whole[1, :, 2])
    np.testing.assert_array_equal(given.columns(0, [1], -1), whole[[1], :, 3])
    assert given.causal
    assert [layer.shape for layer in given] == [(3, 4, 4), (2, 4, 4)]


def test_blocks_of_queries_give_the_same(given, monkeypatch):
    before = (
        given.rows(0, slice(None), slice(None)),
        given.columns(0, 0, 1),
        given.strongest(0, 0, 2),
    )
    monkeypatch.setattr("lmwidget.capture.weights._CHUNK", 1)
    after = (
        given.rows(0, slice(None), slice(None)),
        given.columns(0, 0, 1),
        given.strongest(0, 0, 2),
    )
    for one, other in zip([*before[:2], *before[2]], [*after[:2], *after[2]], strict=True):
        np.testing.assert_array_equal(one, other)


def test_strongest_goes_by_size_and_keeps_the_sign():
    signed = Given(
        [[[[0.1, -0.4, 0.2, 0], [0, 0, 0, 0], [1, 0, 0, -3], [0, 0, 0, 1]]]], signed=True
    )
    keys, weights, share = signed.strongest(0, 0, 2)
    assert keys[0, 0].tolist() == [1, 2]
    np.testing.assert_allclose(weights[0, 0], [-0.4, 0.2], atol=1e-7)
    np.testing.assert_allclose(share[0], [0.6 / 0.7, 0, 1, 1], atol=1e-6)
    assert not signed.causal


def test_table_keeps_what_is_large_in_either_direction():
    signed = Given([[[[0.5, 0, 0, 0], [0, -0.5, 0, 0], [0, 0, 0.1, 0], [0, 0, 0, 0]]]], signed=True)
    table = signed.to_dataframe(minimum=0.2)
    assert table["weight"].tolist() == [0.5, -0.5]


def test_structure_scores_are_those_of_the_same_weights(given):
    same = lmw.AttentionGraph.from_result(given).result
    assert same.structure_scores().shape == (2, 3)
    assert np.isnan(given.structure_scores()[1, 2])
    lm = lmw.load("tiny")
    attention = lm.attention("the king said unto the king")

    class Same(DerivedAttention):
        def _weights(self, layer, heads, queries):
            return attention.rows(layer, heads, queries)

    copy = Same(attention.tokens, attention.tokens, [4, 4])
    np.testing.assert_allclose(copy.structure_scores(), attention.structure_scores(), atol=1e-6)


@pytest.mark.parametrize("wrong", [(0, 5), (4, 0), (0, "x")])
def test_what_there_is_not_is_refused(given, wrong):
    with pytest.raises(UnknownNameError):
        given[wrong]


def test_three_indices_and_other_kinds_are_refused(given):
    with pytest.raises(InputError, match="rows"):
        given[0, 0, 0]
    with pytest.raises(UnknownNameError, match="cross"):
        given.select("cross")
    assert given.select("self") is given


def test_shows_itself_as_a_graph(given):
    assert "text/html" in given._repr_mimebundle_()[0]


def test_a_layer_that_cannot_be_read_leaves_the_others():
    from lmwidget.errors import UnavailableError

    class Partly(Given):
        def _weights(self, layer, heads, queries):
            if layer == 0:
                raise UnavailableError("This layer could not be read.", "Look at another.")
            return super()._weights(layer, heads, queries)

    eye = np.eye(4)[[0, 0, 0, 1]]
    partly = Partly([[eye], [eye]])
    assert partly.causal
    scores = partly.structure_scores()
    assert np.isnan(scores[0]).all()
    assert scores[1, 0] > 0
    assert lmw.AttentionGraph.from_result(partly).layer == 1
