"""Widgets of one text that follow one another."""

import json
import re

import numpy as np
import pytest

import lmwidget as lmw
from lmwidget.errors import InputError

TEXT = "the king said unto the king"


@pytest.fixture(scope="module")
def lm():
    return lmw.load("tiny")


def test_what_is_chosen_in_one_is_chosen_in_the_others(lm):
    one, other = lmw.AttentionGraph(lm, TEXT, layer=1, heads=[3]), lmw.AttentionGraph(lm, TEXT)
    text = lmw.SaliencyText(lm, TEXT)
    lmw.link(one, other, text)
    assert (other.layer, other.heads) == (1, [3])
    other.set_state({"layer": 0, "heads": [2], "token": 4, "side": "key"})
    assert (one.layer, one.heads, one.token, one.side) == (0, [2], 4, "key")
    assert text.token == 4
    text.token = None
    assert one.token is other.token is None


def test_a_new_text_is_read_by_all(lm):
    one, other = lmw.AttentionGraph(lm, TEXT), lmw.AttentionGraph(lm, TEXT)
    lmw.link(one, other)
    one.text = "the queen"
    assert other.text == "the queen"
    assert other.result.tokens == one.result.tokens


def test_what_was_typed_in_the_browser_is_computed_in_the_background(lm):
    one, other = lmw.AttentionGraph(lm, TEXT), lmw.AttentionGraph(lm, TEXT)
    lmw.link(one, other)
    one.set_state({"text": "the queen said"})
    assert other._worker is not None
    one.wait()
    other.wait()
    assert other.result.tokens.text == one.result.tokens.text == "the queen said"
    assert other._status["state"] == "ready"


def test_groups_are_told_to_the_browser_and_to_pages(lm, tmp_path):
    pair = [lmw.AttentionGraph(lm, TEXT) for _ in range(2)]
    rest = [lmw.AttentionGraph(lm, TEXT) for _ in range(2)]
    lmw.link(*pair)
    lmw.link(*rest)
    groups = [widget._group for widget in (*pair, *rest)]
    assert groups[0] == groups[1] != groups[2] == groups[3]
    page = lmw.to_html(tmp_path / "page.html", *pair).read_text()
    data = re.search(r"<script[^>]*data-lmwidget>(.*?)</script>", page, re.DOTALL)[1]
    assert [w["state"]["_group"] for w in json.loads(data)["widgets"]] == groups[:2]


def test_linking_one_more_keeps_the_group(lm):
    widgets = [lmw.AttentionGraph(lm, TEXT) for _ in range(3)]
    lmw.link(*widgets[:2])
    lmw.link(widgets[0], widgets[2])
    assert len({widget._group for widget in widgets}) == 1
    widgets[2].token = 2
    assert widgets[1].token == 2


def test_a_cell_pinned_in_a_matrix_is_the_edge_of_the_query_key_view(lm):
    matrix, view = lmw.AttentionMatrix(lm, TEXT), lmw.QueryKeyView(lm, TEXT)
    lmw.link(matrix, view)
    matrix.set_state({"token": 5, "key": 2})
    assert (view.token, view.key) == (5, 2)
    assert (view.result.query, view.result.key) == (5, 2)
    matrix.key = 1
    matrix.token = 4  # the view alone would let its key go
    assert (matrix.token, matrix.key) == (view.token, view.key) == (4, 1)
    view.token = 3  # as it does when its own query changes
    assert (matrix.token, matrix.key) == (view.token, view.key) == (3, None)


def test_a_token_of_a_widget_without_keys_leaves_the_pinned_column(lm):
    graph, matrix = lmw.AttentionGraph(lm, TEXT), lmw.AttentionMatrix(lm, TEXT)
    lmw.link(graph, matrix)
    matrix.set_state({"token": 5, "key": 2})
    graph.token = 4
    assert (matrix.token, matrix.key) == (4, 2)


def test_any_heads_of_one_widget_are_taken_by_all(lm):
    kinds = (lmw.AttentionGraph, lmw.AttentionGrid, lmw.AttentionMatrix, lmw.QueryKeyView)
    widgets = [kind(lm, TEXT) for kind in (*kinds, lmw.AttentionFlow)]
    lmw.link(*widgets)
    *same, flow = widgets
    for source in same:
        for heads in ([], [0, 2, 3], [1]):
            source.heads = heads
            assert [widget.heads for widget in same] == [heads] * len(same)
            assert flow.heads == []  # all heads of every layer, whatever is looked at elsewhere
            source.set_state({"layer": 1 - source.layer})
            for widget in widgets:
                widget.wait()
            assert [widget._status["state"] for widget in widgets] == ["ready"] * len(widgets)


def test_layers_and_heads_that_a_linked_widget_does_not_have_leave_it_as_it_is(lm):
    graph = lmw.AttentionGraph(lm, TEXT, layer=0, heads=[1])
    count = len(graph.result.tokens)
    weights = np.full((1, 2, count, count), 1 / count, np.float32)
    small = lmw.AttentionMatrix.from_arrays(weights, graph.result.tokens)
    view = lmw.QueryKeyView(lm, TEXT)
    lmw.link(graph, small, view)
    graph.heads = [3]
    graph.layer = 1
    assert (small.layer, small.heads) == (0, [1])
    assert (graph.layer, graph.heads) == (view.layer, view.heads) == (1, [3])


def test_what_cannot_be_linked_is_refused(lm):
    graph = lmw.AttentionGraph(lm, TEXT)
    with pytest.raises(InputError, match="no widget"):
        lmw.link(graph, graph.result)
    with pytest.raises(InputError, match="nothing to be linked"):
        lmw.link(graph)


def test_layers_are_linked_by_the_models_own_numbers(lm):
    some, every = (
        lmw.AttentionGraph.from_result(lm.attention(TEXT, layers=layers), layer=layer)
        for layers, layer in (([1], 0), (None, 0))
    )
    lmw.link(some, every)
    assert (some.layer, every.layer) == (0, 1)
    every.layer = 0  # the other one has not read it
    assert some.layer == 0
    every.layer = 1
    assert some.layer == 0


def test_the_flow_of_all_heads_stays_one_of_all_heads(lm):
    graph, flow = lmw.AttentionGraph(lm, TEXT, layer=0, heads=[2]), lmw.AttentionFlow(lm, TEXT)
    lmw.link(graph, flow)
    assert flow.heads == []
    graph.token = 2
    assert flow.token == 2


def test_another_kind_reaches_linked_widgets_whole(seq2seq_lm):
    one, other = (
        lmw.AttentionGraph(seq2seq_lm, "the king said", output="said", kind="encoder", token=1)
        for _ in range(2)
    )
    lmw.link(one, other)
    one.kind = "cross"
    for graph in (one, other):
        assert graph.kind == graph.result.kind == "cross"
        assert graph.token is None
        assert graph.layer < len(graph.result)
        assert len(graph._tokens["query"]["text"]) == len(graph.result.tokens)
    assert (one.layer, one.heads) == (other.layer, other.heads)


def test_a_picture_of_a_result_keeps_its_text(lm):
    graph = lmw.AttentionGraph(lm, TEXT)
    still = lmw.AttentionGraph.from_result(graph.result)
    lmw.link(graph, still)
    graph.text = "the queen"
    assert (graph.text, still.text) == ("the queen", TEXT)


def test_a_token_that_is_looked_at_is_no_query_elsewhere(lm):
    matrix, view = lmw.AttentionMatrix(lm, TEXT), lmw.QueryKeyView(lm, TEXT)
    lmw.link(matrix, view)
    view.token = 4
    matrix.side, matrix.token = "key", 2
    assert (view.token, view.key) == (4, 2)
    view.token = 5
    assert (matrix.token, matrix.side) == (5, "query")
    assert matrix.cell is None or matrix.cell.query == 5
