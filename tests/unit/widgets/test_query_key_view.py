"""QueryKeyView without a browser: what crosses, what Python sees, what is refused."""

import numpy as np
import pytest
from models import tiny_lm

import lmwidget as lmw
from lmwidget import wire
from lmwidget.derived import DerivedAttention
from lmwidget.errors import UnavailableError, UnknownNameError
from lmwidget.inspection.attention.query_key import queries_keys, query_key
from lmwidget.inspection.attention.rotary import rotary_pairs
from lmwidget.widgets import query_key_part as module

TEXT = "The king said unto the king"


@pytest.fixture(scope="module")
def lm():
    return lmw.load("tiny")


@pytest.fixture
def view(lm):
    return lmw.QueryKeyView(lm, TEXT, layer=1, heads=[2])


@pytest.fixture
def narrow(monkeypatch):
    """As if the text were too long for all its queries."""
    monkeypatch.setattr(module.head_part, "__kwdefaults__", {"budget": 0})
    monkeypatch.setattr(module, "_KEYS", 3)


def test_a_short_text_sends_everything_of_the_head(view):
    (part,) = view._parts
    attention = view.attention
    queries, keys = queries_keys(attention, 1, 2)
    np.testing.assert_array_equal(wire.decode(part["query"]), queries)
    np.testing.assert_array_equal(wire.decode(part["key"]), keys)
    rows = wire.decode(part["rows"])
    np.testing.assert_allclose(rows[-1], attention[1, 2], atol=1e-6)
    for query in range(len(queries)):
        found = query_key(attention, 1, 2, query, 1)
        assert part["names"][query] == [step.name for step in found.steps]
        assert part["symbols"][query] == [step.symbol for step in found.steps]
        np.testing.assert_array_equal(rows[:, query], [step.row for step in found.steps])
    count = len(queries)
    assert part["hidden"] == [count - 1 - query for query in range(count)]


@pytest.mark.usefixtures("narrow")
def test_a_long_text_sends_one_query_with_its_strongest_keys(lm):
    view = lmw.QueryKeyView(lm, TEXT, layer=1, heads=[2], token=6)
    (part,) = view._parts
    row = view.attention[1, 2][6]
    assert part["queries"] == [6]
    assert part["keys"] == sorted(np.argsort(-row)[:3].tolist())
    np.testing.assert_allclose(wire.decode(part["weights"])[0], row, atol=1e-6)
    weakest = int(np.argmin(row[:7]))
    view.key = weakest
    assert weakest in view._parts[0]["keys"]
    np.testing.assert_array_equal(
        wire.decode(view._parts[0]["key"])[view._parts[0]["keys"].index(weakest)],
        queries_keys(view.attention, 1, 2)[1][weakest],
    )
    view.set_state({"token": 4, "key": None})
    assert view._parts[0]["queries"] == [4]


def test_the_edge_shown_reads_back(view):
    view.token, view.key = 5, 2
    found = view.result
    assert (found.layer, found.head, found.query, found.key) == (1, 2, 5, 2)
    assert found.weight == pytest.approx(view.attention[1, 2][5, 2], abs=1e-6)


def test_without_a_choice_it_is_the_edge_with_most_to_show(view):
    query, key = view._parts[0]["best"]
    assert (view.result.query, view.result.key) == (query, key)
    weights = view.attention[1, 2].copy()
    weights[:, 0] = 0
    np.fill_diagonal(weights, 0)
    weights[np.arange(1, len(weights)), np.arange(len(weights) - 1)] /= 2
    assert (query, key) == np.unravel_index(np.argmax(weights), weights.shape)


def test_another_query_begins_with_its_strongest_key(view):
    view.token, view.key = 5, 2
    view.token = 6
    assert view.key is None
    row = view.attention[1, 2][6].copy()
    row[0] = 0
    assert view.result.key == np.argmax(row)
    view.set_state({"token": 4, "key": None})
    assert (view.result.query, view.key) == (4, None)


def test_tokens_that_are_not_there_are_as_if_not_chosen(view):
    expected = view.result.query
    view.token = 99
    assert view.result.query == expected
    view.token, view.key = 3, 99
    assert view.result.query == 3


def test_of_several_heads_the_first_is_shown(view):
    view.heads = [3, 1]
    assert (view.result.head, view._parts[0]["head"]) == (3, 3)
    view.heads = []
    assert view.result.head == 0


def test_layer_and_head_are_sent_when_they_change(view):
    view.layer = 0
    assert view._parts[0]["layer"] == 0
    with pytest.raises(UnknownNameError):
        view.layer = 7
    with pytest.raises(UnknownNameError):
        lmw.QueryKeyView(view._lm, TEXT, heads=[9])


def test_a_new_text_forgets_the_edge(view):
    view.token, view.key = 5, 2
    view.text = "unto the sea"
    assert (view.token, view.key) == (None, None)
    assert view._parts[0]["rows"]["shape"][1] == len(view.attention.tokens)


def test_a_layer_whose_weights_were_kept_whole_says_so():
    view = lmw.QueryKeyView(tiny_lm("gptj"), "the king said")
    assert view._status["state"] == "error"
    assert "code of its own" in view._status["message"]
    assert view._parts == []
    with pytest.raises(UnavailableError):
        _ = view.result
    assert "code of its own" in view._static_html()


def test_weights_alone_are_refused(lm):
    with pytest.raises(UnavailableError, match="no queries and keys"):
        lmw.QueryKeyView.from_arrays(np.eye(3), ["a", "b", "c"])

    class Made(DerivedAttention):
        def _weights(self, layer, heads, queries):
            raise NotImplementedError

    tokens = lm.attention(TEXT).tokens
    with pytest.raises(UnavailableError, match="Made holds weights only"):
        lmw.QueryKeyView.from_result(Made(tokens, tokens, [4]))


@pytest.mark.parametrize("kind", ["encoder", "decoder", "cross"])
def test_every_kind_of_an_encoder_decoder(kind):
    view = lmw.QueryKeyView(tiny_lm("t5"), "the king said", output="he sat", kind=kind)
    shape = view._parts[0]["rows"]["shape"]
    assert shape[1:] == [len(view.attention.tokens), len(view.attention.key_tokens)]
    assert view.result.weight == pytest.approx(
        view.attention[view.layer, view.heads[0]][view.result.query, view.result.key], abs=1e-6
    )


def test_a_page_carries_every_head_that_fits(view):
    heads = {(part["layer"], part["head"]) for part in view._published_state(8_000_000)["_parts"]}
    assert heads == {(layer, head) for layer in range(2) for head in range(4)}
    size = module.bytes_of_head(view.attention, 1)
    part = view._published_state(4 * size)["_parts"]
    assert {(one["layer"], one["head"]) for one in part} == {(1, head) for head in range(4)}
    (only,) = view._published_state(size)["_parts"]
    assert (only["layer"], only["head"], only["queries"]) == (1, 2, None)
    assert view._published_state(10)["_parts"][0]["queries"] == [view.result.query]


def test_the_budget_is_about_what_is_sent(view):
    (part,) = view._parts
    sent = sum(len(part[name]["data"]) for name in ("query", "key", "rows"))
    assert sent <= module.bytes_of_head(view.attention, 1) <= 1.3 * sent


def test_linked_to_a_graph_it_follows_and_leads(lm):
    graph = lmw.AttentionGraph(lm, TEXT, layer=1, heads=[1, 3], token=4)
    view = lmw.QueryKeyView(lm, TEXT)
    lmw.link(graph, view)
    assert (view.result.layer, view.result.head, view.result.query) == (1, 1, 4)
    view.token = 6
    assert graph.token == 6
    graph.token = None
    assert view.token is None


def test_an_empty_widget_waits_for_a_text(lm):
    view = lmw.QueryKeyView(lm)
    assert view._status["state"] == "empty"
    assert "no text" in view._static_html()
    view.text = TEXT
    assert view.result.weight > 0
    assert "<table>" in view._static_html()


def test_hostile_tokens_are_escaped(lm, tmp_path):
    view = lmw.QueryKeyView(tiny_lm("gpt2"), "</script><img src=x>", token=5, key=1)
    page = view.to_html(tmp_path / "page.html").read_text("utf-8")
    assert "<img src=x" not in page


@pytest.mark.parametrize(
    ("family", "channels", "expected"),
    [("llama", 8, [4, 5, 6, 7, 0, 1, 2, 3]), ("gpt2", 8, None), ("t5", 8, None)],
)
def test_pairs_of_rotary_dimensions_are_asked_of_the_model(family, channels, expected):
    assert rotary_pairs(tiny_lm(family), channels) == expected


def test_pairs_of_neighbours_and_of_a_part():
    from types import SimpleNamespace

    from transformers.models.glm import modeling_glm

    class Model:
        __module__ = modeling_glm.__name__
        config = SimpleNamespace(rope_parameters={"partial_rotary_factor": 0.5})

    found = rotary_pairs(SimpleNamespace(model=Model()), 8)
    assert found == [1, 0, 3, 2, -1, -1, -1, -1]
    view = lmw.QueryKeyView(tiny_lm("llama"), "the king said")
    assert view._figure["rotary"]["used"]


@pytest.mark.real_model
def test_the_induction_head_of_the_default_model(smollm2):
    text = "The cat chased Mr. Dursley down the road. Mr. Dursley"
    view = lmw.QueryKeyView(smollm2, text, layer=18, heads=[6])
    pieces = view.attention.tokens.pieces
    found = view.result
    assert pieces[found.key - 1] == pieces[found.query]
    assert found.weight > 0.9
