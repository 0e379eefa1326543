"""AttentionFlow without a browser: what it computes, what crosses, what Python reads back."""

import json
from unittest.mock import MagicMock

import numpy as np
import pytest
import torch
from models import tiny_lm

import lmwidget as lmw
from lmwidget import inspection, wire
from lmwidget.errors import InputError, UnavailableError, UnknownNameError
from lmwidget.mixing import ContextMixing
from lmwidget.tokens import Tokens
from lmwidget.widgets import attention_flow as module

TEXT = "The king said unto the king"


@pytest.fixture(scope="module")
def lm():
    return lmw.load("tiny")


@pytest.fixture
def flow(lm):
    return lmw.AttentionFlow(lm, TEXT)


@pytest.fixture
def small_budget(monkeypatch):
    monkeypatch.setattr(module, "STEPS_BYTES", 300)


def rolled(lm, text=TEXT):
    """Abnar & Zuidema 2020, written out: (I + mean attention) / 2, multiplied."""
    attention = lm.attention(text)
    found = np.eye(len(attention.tokens))
    for layer in range(len(attention)):
        step = attention[layer].astype(np.float64).mean(0) / 2 + np.eye(len(found)) / 2
        found = step / step.sum(1, keepdims=True) @ found
    return found


def test_first_picture_is_the_rollout_of_the_last_output(flow, lm):
    assert (flow.method, flow.token, flow.layer) == ("rollout", 7, 1)
    np.testing.assert_allclose(flow.sources, rolled(lm)[7], atol=1e-6)


def test_steps_cross_as_they_are(flow):
    sent = flow._steps
    assert (sent["format"], flow._figure["top_per_row"]) == ("dense", None)
    np.testing.assert_allclose(wire.decode(sent["weights"])[:, 0], flow.result.steps, atol=2e-5)
    assert flow._trace == {}


def test_sources_follow_the_selected_node(flow):
    flow.token, flow.layer = 3, 0
    np.testing.assert_allclose(flow.sources, flow.result.steps[0, 3], atol=1e-7)
    flow.token = None
    assert flow.sources is None
    flow.token = 99
    assert flow.sources is None


def test_layers_count_from_the_end_too(lm):
    assert lmw.AttentionFlow(lm, TEXT, layer=-2).layer == 0
    with pytest.raises(UnknownNameError):
        lmw.AttentionFlow(lm, TEXT, layer=2)


@pytest.mark.parametrize("method", ["attention", "rollout", "flow", "norms", "relevance"])
def test_every_method_says_what_it_is(lm, method):
    flow = lmw.AttentionFlow(lm, TEXT, method=method)
    assert (flow.result.method, flow._figure["method"], flow.method) == (method,) * 3
    assert flow._figure["label"] == flow.result.label
    assert flow.sources.shape == (8,)
    assert "king" in flow._static_html()


def test_a_method_from_the_browser_is_computed_in_the_background(flow):
    flow.set_state({"method": "attention"})
    flow.wait()
    expected = inspection.mixing_of(flow._result).steps
    np.testing.assert_array_equal(flow.result.steps, expected)
    assert (flow._status["state"], flow.token) == ("ready", 7)


def test_what_was_computed_for_a_text_is_not_computed_again(flow):
    first = flow.result
    flow.method = "attention"
    flow.method = "rollout"
    assert flow.result is first


def test_unknown_methods_are_refused_with_the_nearest(lm):
    with pytest.raises(UnknownNameError, match="rollout"):
        lmw.AttentionFlow(lm, TEXT, method="rolout")


def test_only_some_heads(flow, lm):
    flow.heads = [2]
    step = lm.attention(TEXT)[0, 2] / 2 + np.eye(8) / 2
    np.testing.assert_allclose(flow.result.steps[0], step / step.sum(1, keepdims=True), atol=1e-6)
    with pytest.raises(UnknownNameError):
        flow.heads = [9]
    assert flow.heads == [2]


def test_the_first_token_is_left_out_and_the_figure_says_what_it_held(flow):
    flow.hide_first = True
    assert flow.sources[0] == 0
    assert flow.sources.sum() == pytest.approx(1, abs=1e-5)
    assert "First token hidden: it held" in flow._figure["note"]


def test_relevance_explains_its_target_where_it_is_read(lm):
    flow = lmw.AttentionFlow(lm, TEXT, method="relevance", target=" the")
    assert flow._figure["explains"] == "' the'"
    assert flow.token == flow.result.place == 7
    assert flow._figure["minus_own"]
    flow.text = "And the queen"
    assert flow.target is None


@pytest.mark.parametrize("method", ["norms", "relevance"])
def test_the_model_is_left_as_it_was(lm, method):
    before = {name: value.clone() for name, value in lm.model.state_dict().items()}
    lmw.AttentionFlow(lm, TEXT, method=method)
    after = lm.model.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert all(parameter.grad is None for parameter in lm.model.parameters())


# Maximum flow ------------------------------------------------------------------------------------


def test_a_maximum_flow_is_traced_by_python(lm):
    flow = lmw.AttentionFlow(lm, TEXT, method="flow", token=4)
    trace = flow._trace
    assert (trace["token"], trace["layer"], flow._figure["linear"]) == (4, 1, False)
    expected = flow.result.trace(4)
    nodes = wire.decode(trace["nodes"])
    np.testing.assert_allclose(nodes[:2], expected.sum(1), atol=1e-5)
    np.testing.assert_allclose(nodes[0], flow.result.row(4), atol=1e-5)
    np.testing.assert_array_equal(flow.sources, nodes[0])
    edges = zip(*(wire.decode(trace[name]) for name in ("layers", "queries", "keys")), strict=True)
    drawn = [expected[at] for at in edges]
    np.testing.assert_allclose(wire.decode(trace["weights"]), drawn, atol=1e-5)


def test_a_node_picked_in_the_browser_is_traced_in_the_background(lm):
    flow = lmw.AttentionFlow(lm, TEXT, method="flow")
    flow.set_state({"token": 2})
    flow.wait()
    assert (flow._trace["token"], flow._status["state"]) == (2, "ready")
    np.testing.assert_allclose(flow.sources, flow.result.row(2), atol=1e-6)


def test_a_flow_that_is_stopped_leaves_its_capacities(lm, monkeypatch):
    flow = lmw.AttentionFlow(lm, TEXT)
    monkeypatch.setattr(flow, "_report", None)
    report = MagicMock(side_effect=lambda *_: flow._cancel.set())
    monkeypatch.setattr(flow, "_progress", lambda: MagicMock(__enter__=lambda _: report))
    flow.set_state({"method": "flow"})
    flow.wait()
    assert report.called
    assert (flow._trace, flow._figure["method"]) == ({}, "flow")
    assert flow._status["state"] == "ready"


# Long texts --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_budget")
def test_a_long_text_sends_the_strongest_edges_and_every_token_itself(lm):
    flow = lmw.AttentionFlow(lm, TEXT)
    sent, steps = flow._steps, flow.result.steps
    top = flow._figure["top_per_row"]
    assert (sent["format"], top) == ("csr", 4)
    offsets, columns = wire.decode(sent["offsets"]), wire.decode(sent["columns"])
    kept = wire.decode(sent["kept"])
    for layer in range(2):
        for query in range(8):
            row = layer * 8 + query
            there = set(columns[slice(*offsets[row : row + 2])].tolist())
            assert query in there
            others = [k for k in np.argsort(-steps[layer, query]) if k != query]
            assert there == {query, *(k for k in others[:3] if steps[layer, query, k] > 0)}
            share = steps[layer, query, list(there)].sum()
            assert kept[layer, 0, query] == pytest.approx(share, abs=1e-5)


@pytest.mark.usefixtures("small_budget")
def test_of_a_long_text_the_trace_of_the_selected_node_is_exact(lm):
    flow = lmw.AttentionFlow(lm, TEXT)
    nodes = wire.decode(flow._trace["nodes"])
    np.testing.assert_allclose(nodes[:2], flow.result.trace(7).sum(1), atol=1e-6)
    flow.token = 3
    nodes = wire.decode(flow._trace["nodes"])
    np.testing.assert_allclose(nodes[0], rolled(lm)[3], atol=1e-6)
    assert nodes[2].tolist() == np.eye(8)[3].tolist()
    flow.token = None
    assert flow._trace == {}


@pytest.mark.usefixtures("small_budget")
def test_the_one_that_relevance_begins_with_is_in_no_picture(lm):
    flow = lmw.AttentionFlow(lm, TEXT, method="relevance")
    expected = flow.result.row(7) - np.eye(8)[7]
    np.testing.assert_allclose(wire.decode(flow._trace["nodes"])[0], expected, atol=1e-6)
    np.testing.assert_allclose(flow.sources, flow.result.row(7), atol=1e-7)


def test_too_little_memory_is_said_in_the_widget(flow, monkeypatch):
    from lmwidget.inspection.attention import reading

    flow.method = "attention"
    flow._known = {}
    monkeypatch.setattr(reading, "free_bytes", lambda _: 10)
    flow.set_state({"method": "rollout"})
    flow.wait()
    assert flow._status["state"] == "error"
    assert "GB" in flow._status["message"]
    with pytest.raises(UnavailableError):
        flow.heads = [1]


# Without a model ---------------------------------------------------------------------------------


def test_attention_alone_has_the_methods_that_need_no_model(lm):
    flow = lmw.AttentionFlow.from_result(lm.attention(TEXT))
    why = {method["name"]: method["why_not"] for method in flow._figure["methods"]}
    assert [name for name, reason in why.items() if reason] == ["norms", "relevance"]
    flow.method = "attention"
    assert flow.result.method == "attention"
    with pytest.raises(InputError, match="needs the model"):
        flow.method = "norms"
    assert (flow.method, flow.result.method) == ("attention", "attention")


def test_a_finished_result_is_shown_as_it_is(lm):
    mixing = inspection.rollout(lm.attention(TEXT), residual=0.3)
    flow = lmw.AttentionFlow.from_result(mixing)
    assert flow.result is mixing
    assert flow._figure["residual"] == 0.3
    assert flow._figure["heads"] == [0, 0]
    with pytest.raises(InputError):
        flow.text = "Something else"
    assert flow.text == TEXT


def test_a_result_shows_itself(lm):
    data, _ = inspection.rollout(lm.attention(TEXT))._repr_mimebundle_()
    assert data["text/plain"].startswith("<AttentionFlow of tiny")
    assert "<table>" in data["text/html"]


def test_own_methods_and_odd_numbers_are_drawn():
    tokens = Tokens.from_pieces(["</script>", "\n", "x"])
    steps = np.array([[[1, 0, 0], [0.5, 0.5, 0], [np.nan, 0.5, 0.5]]], np.float32)
    flow = lmw.AttentionFlow.from_result(ContextMixing(tokens, steps, "mine"), token=1)
    assert (flow.method, flow.sources.tolist()) == ("mine", [0.5, 0.5, 0])
    html = flow._static_html()
    assert "</script>" not in html
    assert "&lt;/script&gt;" in html
    assert np.isnan(wire.decode(flow._steps["weights"])[0, 0, 2]).all()


def test_one_token():
    flow = lmw.AttentionFlow.from_arrays([[1.0]], ["a"])
    assert (flow.token, flow.sources.tolist()) == (0, [1.0])


def test_from_arrays():
    flow = lmw.AttentionFlow.from_arrays(np.eye(3)[None, None], ["a", "b", "c"])
    assert flow.sources.tolist() == [0, 0, 1]


# Other models ------------------------------------------------------------------------------------


def test_a_text_read_both_ways_begins_with_its_special_token():
    flow = lmw.AttentionFlow(tiny_lm("bert"), "the cat sat")
    assert flow._tokens["query"]["kind"][0] == "special"
    assert flow.token == 0


@pytest.mark.parametrize("method", ["rollout", "relevance"])
def test_encoder_and_decoder_each_have_a_picture_and_cross_has_none(method):
    flow = lmw.AttentionFlow(tiny_lm("t5"), "the cat sat", output="a dog", method=method)
    assert (flow.kind, flow._figure["kinds"]) == ("encoder", ["encoder", "decoder"])
    flow.kind = "decoder"
    assert flow.result.kind == "decoder"
    assert len(flow.sources) == len(flow.result.tokens)
    with pytest.raises(InputError, match="Cross attention"):
        flow.kind = "cross"
    assert (flow.kind, flow.result.kind) == ("decoder", "decoder")


# Around ------------------------------------------------------------------------------------------


def test_a_new_text_selects_anew(flow):
    flow.token = 2
    flow.text = "And the queen of the south"
    assert flow.token == len(flow.result.tokens) - 1
    assert flow._status["state"] == "ready"


def test_nothing_is_shown_without_a_text(lm):
    flow = lmw.AttentionFlow(lm)
    assert flow._status["state"] == "empty"
    assert flow.sources is None
    with pytest.raises(InputError):
        _ = flow.result
    flow.text = TEXT
    assert flow.sources is not None


def test_linked_widgets_select_together(lm, flow):
    graph = lmw.AttentionGraph(lm, TEXT)
    lmw.link(flow, graph)
    graph.token, graph.layer = 4, 0
    assert (flow.token, flow.layer) == (4, 0)
    np.testing.assert_allclose(flow.sources, flow.result.steps[0, 4], atol=1e-7)


def test_a_page_needs_no_kernel(lm, tmp_path):
    flow = lmw.AttentionFlow(lm, TEXT, method="flow")
    page = flow.to_html(tmp_path / "page.html").read_text("utf-8")
    data = json.loads(page.split("data-lmwidget>")[1].split("</script>")[0])
    state = data["widgets"][0]["state"]
    assert state["_trace"]["token"] == 7
    assert state["_figure"]["editable"] is False
    usable = [m["name"] for m in state["_figure"]["methods"] if not m["why_not"]]
    assert usable == ["flow"]


def test_state_that_python_owns_is_not_echoed(flow):
    for name in ("_tokens", "_steps", "_trace", "_figure", "_status"):
        assert flow.trait_metadata(name, "echo_update") is False
