"""AttentionGraph without a browser: its traits, what crosses, what Python sees."""

from unittest.mock import MagicMock

import numpy as np
import pytest
import torch
from models import VOCABULARY, tiny_tokenizer
from transformers import GPT2Config, GPT2LMHeadModel

import lmwidget as lmw
from lmwidget import wire
from lmwidget.capture.attention import Attention
from lmwidget.capture.kept.records import UnavailableRecord
from lmwidget.capture.layers import Layers
from lmwidget.errors import InputError, UnknownNameError
from lmwidget.widgets import attention_budget as module
from lmwidget.widgets import attention_widget as shared

TEXT = "The king said unto the king"


@pytest.fixture(scope="module")
def lm():
    return lmw.load("tiny")


@pytest.fixture
def graph(lm):
    return lmw.AttentionGraph(lm, TEXT)


def test_short_text_sends_every_layer_exactly(graph, lm):
    attention = lm.attention(TEXT)
    sent = graph._attention
    assert (sent["format"], sent["layers"]) == ("dense", [0, 1])
    expected = np.stack([attention[0], attention[1]])
    np.testing.assert_allclose(wire.decode(sent["weights"]), expected, atol=2e-5)


@pytest.fixture
def small_budget(monkeypatch):
    monkeypatch.setattr(module, "ALL_LAYERS_BYTES", 500)
    monkeypatch.setattr(module, "LAYER_BYTES", 800)


def edges_sent(graph, layer, head, query):
    sent = graph._attention
    heads = list(range(4)) if sent["heads"] is None else sent["heads"]
    scale = wire.decode(sent["rowscale"])
    row = (sent["layers"].index(layer) * scale.shape[1] + heads.index(head)) * scale.shape[
        2
    ] + query
    part = slice(*wire.decode(sent["offsets"])[row : row + 2])
    return set(wire.decode(sent["columns"])[part].tolist())


@pytest.mark.usefixtures("small_budget")
def test_long_text_sends_the_strongest_edges_of_the_heads_shown(lm):
    graph = lmw.AttentionGraph(lm, TEXT * 3, layer=1, heads=[3])
    sent = graph._attention
    assert (sent["format"], sent["layers"], sent["heads"]) == ("csr", [1], [3])
    top = graph._figure["top_per_row"]
    assert top > 4
    row = graph.result.rows(1, 3, -1)
    assert edges_sent(graph, 1, 3, len(row) - 1) == set(np.argsort(-row)[:top].tolist())
    graph.layer = 0
    assert (graph._attention["layers"], graph._attention["heads"]) == ([0], [3])
    graph.heads = [1, 3]
    assert graph._attention["heads"] == [1, 3]
    assert graph._figure["top_per_row"] < top
    graph.heads = []
    assert graph._attention["heads"] is None
    assert graph._figure["top_per_row"] == 4


@pytest.mark.usefixtures("small_budget")
def test_heads_that_were_sent_are_not_sent_again(lm):
    graph = lmw.AttentionGraph(lm, TEXT * 3, layer=1, heads=[1, 3])
    sent = graph._attention
    graph.heads = [3]
    assert graph._attention is sent


@pytest.mark.usefixtures("small_budget")
@pytest.mark.parametrize("side", ["query", "key"])
def test_every_weight_of_the_pinned_token_is_sent(lm, side):
    graph = lmw.AttentionGraph(lm, TEXT * 3, layer=1, heads=[0, 3])
    assert graph._focus == {}
    graph.side, graph.token = side, 5
    focus = graph._focus
    assert (focus["layer"], focus["heads"], focus["side"], focus["token"]) == (1, [0, 3], side, 5)
    expected = graph.result[1, [0, 3]]
    expected = expected[:, 5] if side == "query" else expected[:, :, 5]
    np.testing.assert_allclose(wire.decode(focus["weights"]), expected, atol=2e-5)
    graph.heads = [0]
    assert graph._focus["heads"] == [0]
    graph.token = None
    assert graph._focus == {}


def test_a_short_text_needs_no_focus(graph):
    graph.token = 3
    assert graph._focus == {}


@pytest.mark.usefixtures("small_budget")
def test_a_pin_given_at_once_has_its_focus(lm):
    assert lmw.AttentionGraph(lm, TEXT * 3, layer=1, token=4)._focus["token"] == 4


def test_first_picture_shows_the_most_structured_head(graph):
    scores = graph.result.structure_scores()
    best = np.unravel_index(np.argmax(scores), scores.shape)
    assert (graph.layer, graph.heads) == (best[0], [best[1]])


def test_state_that_python_owns_is_not_echoed(graph):
    for name in ("_tokens", "_attention", "_figure", "_status"):
        assert graph.trait_metadata(name, "echo_update") is False


def test_text_set_in_python_runs_the_model_before_it_returns(graph):
    graph.text = "And the queen"
    assert graph.result.tokens.text == "And the queen"
    assert graph._tokens["query"]["text"] == list(graph.result.tokens.pieces)


def test_text_from_the_browser_is_computed_in_the_background(graph):
    graph.token = 3
    graph.set_state({"text": "And the queen"})
    graph.wait()
    assert graph.result.tokens.text == "And the queen"
    assert graph.token is None
    assert graph._status["state"] == "ready"


def test_only_the_newest_of_many_edits_is_kept(graph):
    for text in ("one", "two", "three", "The last edit wins"):
        graph.set_state({"text": text})
    graph.wait()
    assert graph.result.tokens.text == "The last edit wins"


def test_a_bad_edit_from_the_browser_is_said_in_the_figure_and_can_be_mended(graph):
    graph.set_state({"text": "word " * 5000})
    graph.wait()
    assert graph._status["state"] == "error"
    assert "5" in graph._status["message"]
    assert graph._status["remedy"]
    graph.set_state({"text": "Short again"})
    graph.wait()
    assert graph._status["state"] == "ready"


def test_emptied_text_shows_the_empty_state_with_an_example(graph):
    graph.set_state({"text": "   "})
    graph.wait()
    assert graph._status["state"] == "empty"
    assert graph._status["example"]


def test_graph_without_text_waits_for_one(lm):
    graph = lmw.AttentionGraph(lm)
    assert graph._status["state"] == "empty"
    assert graph.selection is None
    with pytest.raises(InputError, match=r"no attention yet"):
        _ = graph.result
    graph.text = TEXT
    assert graph._status["state"] == "ready"


def test_selection_is_exact(graph, lm):
    graph.layer, graph.heads, graph.token = 1, [0, 3], 4
    attention = lm.attention(TEXT)
    expected = attention[1, [0, 3]]
    np.testing.assert_allclose(graph.selection.weights, expected[:, 4], rtol=1e-5, atol=1e-7)
    graph.side = "key"
    np.testing.assert_allclose(graph.selection.weights, expected[:, :, 4], rtol=1e-5, atol=1e-7)
    assert graph.selection.piece == attention.tokens.pieces[4]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layer": 7}, r"no layer 7. Choose a layer from 0 to 1"),
        ({"heads": [9]}, r"no head 9. Choose heads from 0 to 3"),
        ({"heds": [1]}, r"takes no 'heds'. Did you mean 'heads'"),
        ({"kind": "cross"}, r"'self'"),
    ],
)
def test_what_does_not_exist_is_named_with_what_does(lm, settings, message):
    with pytest.raises(UnknownNameError, match=message):
        lmw.AttentionGraph(lm, TEXT, **settings)


def test_a_bad_layer_set_later_is_refused_and_leaves_the_graph(graph):
    before = graph.layer
    with pytest.raises(UnknownNameError, match="no layer 99"):
        graph.layer = 99
    assert graph.layer == before


def test_a_model_that_is_not_wrapped_is_explained(lm):
    with pytest.raises(InputError, match=r"lmw.LanguageModel\(model, tokenizer\)"):
        lmw.AttentionGraph(lm.model, TEXT)


def test_arrays_of_any_depth_are_drawn_and_misfits_refused():
    weights = np.random.default_rng(0).dirichlet(np.ones(4), (3, 2, 4))
    graph = lmw.AttentionGraph.from_arrays(weights, ["a", "b", "c", "d"])
    assert graph.result.shape == (3, 2, 4, 4)
    assert graph._figure["editable"] is False
    with pytest.raises(InputError, match="do not fit 3 queries and 3 keys"):
        lmw.AttentionGraph.from_arrays(weights, ["a", "b", "c"])
    with pytest.raises(InputError, match="no attention"):
        lmw.AttentionGraph.from_arrays([1.0], ["a"])


def test_not_a_number_is_shown_not_crashed():
    weights = np.eye(3)
    weights[1] = np.nan
    graph = lmw.AttentionGraph.from_arrays(weights, ["a", "b", "c"])
    scale = wire.decode(graph._attention["weights"]["scale"])
    assert np.isnan(scale[0, 0]).tolist() == [False, True, False]


def test_published_page_carries_every_layer(lm, monkeypatch):
    monkeypatch.setattr(module, "ALL_LAYERS_BYTES", 500)
    graph = lmw.AttentionGraph(lm, TEXT * 3, layer=1)
    assert graph._attention["layers"] == [1]
    state = graph._published_state(8_000_000)
    assert state["_attention"]["layers"] == [0, 1]
    assert state["_figure"]["editable"] is False


def test_budget_of_a_page_is_kept_and_said(lm):
    graph = lmw.AttentionGraph(lm, TEXT * 4)
    state = graph._published_state(4_000)
    assert state["_attention"]["format"] == "csr"
    assert state["_figure"]["top_per_row"] >= 4
    sizes = [
        wire.decode(graph._published_state(size)["_attention"]["weights"]).size
        for size in (3000, 9000)
    ]
    assert sizes[0] < sizes[1]


def test_chat_is_shown_but_edited_in_python(lm, monkeypatch):
    template = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    monkeypatch.setattr(lm.tokenizer, "chat_template", template)
    graph = lmw.AttentionGraph(lm, [{"role": "user", "content": "Hello"}])
    assert graph._figure["editable"] is False
    assert "user" in graph._tokens["query"]["role"]


def test_a_refused_text_leaves_text_and_picture_as_they_were(graph):
    state = graph._attention
    with pytest.raises(InputError, match="tokens"):
        graph.text = "king " * 500
    assert graph.text == graph.result.tokens.text == TEXT
    assert graph._status["state"] == "ready"
    assert graph._attention is state


def test_an_error_on_screen_stays_until_the_text_is_mended(graph):
    graph.set_state({"text": "king " * 500})
    graph.wait()
    graph.layer = 1 - graph.layer
    assert graph._status["state"] == "error"


def test_what_was_asked_before_the_first_text_is_kept(lm):
    graph = lmw.AttentionGraph(lm, layer=0, heads=[3])
    graph.text = TEXT
    assert (graph.layer, graph.heads) == (0, [3])


def test_a_cut_text_is_said_in_the_figure(lm):
    graph = lmw.AttentionGraph(lm, "the king " * 400, truncate=True)
    assert graph._figure["model"] == "tiny, text cut to 128 tokens"


def test_a_pin_beyond_the_text_selects_nothing(graph):
    graph.token = 99
    assert graph.selection is None


def test_edit_keeps_the_kind_of_an_encoder_decoder_and_its_page_shows_only_that(seq2seq_lm):
    graph = lmw.AttentionGraph(seq2seq_lm, "a b c", output="d e", kind="cross")
    assert graph._published_state(8_000_000)["_figure"]["kinds"] == ["cross"]
    graph.set_state({"text": "a b c d"})
    graph.wait()
    assert graph._status["state"] == "ready", graph._status
    assert graph.kind == graph.result.kind == "cross"
    graph.kind = "encoder"
    assert graph.result.kind == "encoder"
    assert graph.text == "a b c d"


@pytest.mark.parametrize("wrong", [None, "text", 3])
def test_what_is_no_attention_is_refused(wrong):
    with pytest.raises(InputError, match="is no attention"):
        lmw.AttentionGraph.from_result(wrong)


def test_a_long_text_is_announced_with_its_cost(lm, monkeypatch):
    monkeypatch.setattr(shared, "_LONG_TEXT", 4)
    monkeypatch.setattr(shared, "_WORTH_SAYING", 0.0)
    said = []
    graph = lmw.AttentionGraph(lm, TEXT)
    graph.observe(lambda change: said.append(change.new["message"]), "_status")
    monkeypatch.setattr(type(graph), "comm", MagicMock())
    with graph._told(lm.tokenize(TEXT)):
        pass
    tokens = len(lm.tokenize(TEXT))
    assert said[0].startswith(f"Reading {tokens} tokens: under a second, 1 MB at the peak")


def test_a_very_long_text_has_a_first_picture_of_bounded_size():
    lm = long_lm(8192)
    graph = lmw.AttentionGraph(lm, "the king said unto the cat and " * 3000, truncate=True)
    assert len(graph.result.tokens) == 8192
    sent = graph._attention
    assert (sent["format"], len(sent["layers"]), len(sent["heads"])) == ("csr", 1, 1)
    assert sum(len(part["data"]) for part in sent.values() if isinstance(part, dict)) <= 1_200_000
    layer, head = sent["layers"][0], sent["heads"][0]
    row = graph.result.rows(layer, head, 8000)
    top = graph._figure["top_per_row"]
    found = edges_sent(graph, layer, head, 8000)
    assert row[sorted(found)].min() >= np.sort(row)[-top] - 1e-6
    graph.side, graph.token = "key", 5
    assert wire.decode(graph._focus["weights"]).shape == (1, 8192)


def long_lm(context):
    """Two random layers that read long texts."""
    config = GPT2Config(n_layer=2, n_head=2, n_embd=16, n_positions=context, vocab_size=VOCABULARY)
    torch.manual_seed(0)
    return lmw.LanguageModel(GPT2LMHeadModel(config).eval(), tiny_tokenizer("gpt2"))


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        (5, {}, "The text is of type int"),
        (TEXT, {"layer": "a"}, "no layer 'a'. Give a layer number"),
        (TEXT, {"layer": 1.5}, "no layer 1.5"),
        (TEXT, {"heads": "a"}, "no head 'a'"),
        (TEXT, {"heads": [None]}, "no head None"),
    ],
)
def test_values_of_another_type_are_refused_in_one_sentence(lm, text, settings, message):
    with pytest.raises(lmw.LmwidgetError, match=message):
        lmw.AttentionGraph(lm, text, **settings)


@pytest.mark.parametrize("heads", [[2, 2, 0], (2, 0), np.array([2, 0])])
def test_heads_in_any_container_each_once(lm, heads):
    graph = lmw.AttentionGraph(lm, TEXT, heads=heads)
    assert graph.heads == [2, 0]
    graph.heads = [1, 1]
    assert graph.heads == [1]


def test_scores_before_the_softmax_are_refused():
    with pytest.raises(InputError, match=r"from 0 to 3 are no attention.*after the softmax"):
        lmw.AttentionGraph.from_arrays([[0.0, 3.0]], ["a"], ["b", "c"])


def test_the_static_table_leaves_out_what_the_graph_hides(lm):
    graph = lmw.AttentionGraph(lm, TEXT, layer=0, heads=[])
    first = f"<td>{graph.result.tokens.labels[0]}</td>"
    shown = graph._static_html().count(first)
    graph.hide_first = True
    assert graph._static_html().count(first) < shown


@pytest.mark.parametrize("long", [False, True])
def test_a_layer_that_cannot_be_read_says_why_and_the_next_is_shown(lm, request, long):
    if long:
        request.getfixturevalue("small_budget")
    attention = lm.attention(TEXT * 3)
    first = attention._records[0]
    reason = "The attention of layer 1 is hidden."
    broken = UnavailableRecord("h.1", 0, first.shape, reason)
    layers = Layers(attention.tokens, attention.tokens, (0, 1), (first, broken))
    graph = lmw.AttentionGraph.from_result(Attention({"self": layers}), layer=0)
    graph.layer = 1
    assert (graph._status["state"], graph._status["message"]) == ("error", reason)
    graph.layer = 0
    assert graph._status["state"] == "ready"
    assert 0 in graph._attention["layers"]
