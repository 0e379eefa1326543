"""Maximum flows, against closed forms and networkx."""

from __future__ import annotations

import sys

import networkx as nx
import numpy as np
import pytest
from arrays import hand_made, random_attention

import lmwidget as lmw
from lmwidget.errors import MissingDependencyError, UnavailableError, UnknownNameError
from lmwidget.inspection import flow, rollout
from lmwidget.inspection.attention import network


def by_networkx(steps, source, sink):
    """The authors' graph: positions of every level, capacities of the steps, float64."""
    graph = nx.DiGraph()
    for layer, query, key in zip(*np.nonzero(steps), strict=True):
        capacity = float(steps[layer, query, key])
        graph.add_edge((layer + 1, query), (layer, key), capacity=capacity)
    nodes = (len(steps), source), (0, sink)
    if nodes[1] not in graph:
        return 0.0
    return nx.maximum_flow_value(graph, *nodes)


def test_one_layer_is_its_edges():
    mixing = flow(hand_made())
    np.testing.assert_allclose(mixing.matrix(0), mixing.steps[0], atol=1e-7)


def test_two_layers_by_hand():
    # Ways do not share edges: the smaller capacity of each, added up.
    attention = random_attention(2, 2, 6, causal=False)
    steps = rollout(attention).steps
    expected = np.minimum(steps[1][:, :, None], steps[0][None]).sum(1)
    np.testing.assert_allclose(flow(attention).matrix(), expected, atol=1e-6)
    # The last of three tokens by hand: steps (0, 0.25, 0.75) over (1, 0, 0), (0.25, 0.75, 0),
    # (0.1, 0.1, 0.8).
    np.testing.assert_allclose(flow(hand_made()).row(2), [0.35, 0.35, 0.75], atol=1e-6)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_networkx_finds_the_same(causal, seed):
    attention = random_attention(5, 2, 9, causal=causal, seed=seed)
    mixing = flow(attention)
    for place, layer in ((8, 4), (5, 2)):
        steps = mixing.steps[: layer + 1].astype(np.float64)
        expected = [by_networkx(steps, place, key) for key in range(9)]
        np.testing.assert_allclose(mixing.row(place, layer), expected, atol=1e-6)


@pytest.mark.parametrize("scale", [200, 1 << 12])
def test_coarse_integers_are_refined(scale, monkeypatch):
    steps = rollout(random_attention(4, 1, 8, causal=False, seed=4)).steps
    fine = [network.Network(steps, 2).flow(key)[0] for key in range(8)]
    monkeypatch.setattr(network, "SCALE", scale)
    coarse = [network.Network(steps, 2).flow(key)[0] for key in range(8)]
    np.testing.assert_allclose(coarse, fine, atol=1e-6)


def test_edges_carry_what_arrives():
    attention = random_attention(4, 2, 8)
    mixing = flow(attention)
    one = mixing.trace(7, key=2).astype(np.float64)
    assert (one <= mixing.steps + 1e-6).all()
    for layer in range(1, 4):  # what comes in goes on
        np.testing.assert_allclose(one[layer].sum(0), one[layer - 1].sum(1), atol=1e-6)
    np.testing.assert_allclose(one[0].sum(0), np.eye(8)[2] * mixing.row(7)[2], atol=1e-6)
    whole = mixing.trace(7)
    np.testing.assert_allclose(whole[0].sum(0), mixing.row(7), atol=1e-6)
    np.testing.assert_allclose(whole, sum(mixing.trace(7, key=k) for k in range(8)), atol=1e-6)
    assert mixing.trace(3, 1).shape == (2, 8, 8)


def test_matrix_is_its_rows_and_progress_is_told():
    told = []
    mixing = flow(random_attention(3, 1, 5), progress=lambda *numbers: told.append(numbers))
    matrix = mixing.matrix()
    assert [numbers[:2] for numbers in told] == [(done, 25) for done in range(1, 26)]
    assert matrix.dtype == np.float32
    for place in range(5):
        np.testing.assert_array_equal(mixing.row(place), matrix[place])
    mixing.row(4)[:] = 7  # what is handed out is a copy
    np.testing.assert_array_equal(mixing.row(4), matrix[4])
    assert (np.triu(matrix, 1) == 0).all()


def test_of_a_model():
    attention = lmw.load("tiny").attention("the king said unto the king")
    mixing = flow(attention)
    expected = [
        by_networkx(mixing.steps.astype(float), 5, key) for key in range(len(mixing.tokens))
    ]
    np.testing.assert_allclose(mixing.row(5), expected, atol=1e-6)
    assert (mixing.method, mixing.unit) == ("flow", "flow")
    assert repr(mixing) == "<FlowMixing flow: 2 layers, 9 tokens, tiny>"


def test_refusals(monkeypatch):
    mixing = flow(random_attention())
    with pytest.raises(UnknownNameError, match="no key token 8"):
        mixing.trace(0, key=8)
    with pytest.raises(UnknownNameError, match="no layer 3"):
        mixing.row(0, 3)
    monkeypatch.setattr("lmwidget.inspection.attention.reading.free_bytes", lambda _: 100)
    with pytest.raises(UnavailableError, match="edges"):
        mixing.row(7)
    monkeypatch.setitem(sys.modules, "scipy.sparse.csgraph", None)
    with pytest.raises(MissingDependencyError, match=r"lmwidget\[flow\]"):
        flow(random_attention())
