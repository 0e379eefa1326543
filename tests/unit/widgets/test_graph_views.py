"""What an AttentionGraph shows beside one model's attention, without a browser."""

import numpy as np
import pytest

import lmwidget as lmw
from lmwidget import inspection, wire
from lmwidget.derived import DerivedAttention
from lmwidget.errors import InputError, UnknownNameError
from lmwidget.tokens import Tokens
from lmwidget.widgets import attention_budget as budget
from lmwidget.widgets.array_attention import ArrayAttention
from lmwidget.widgets.graph_hidden import NOTHING, divided, key_groups, without

TEXT = "The king said unto the king"


@pytest.fixture(scope="module")
def lm():
    return lmw.load("tiny")


@pytest.fixture
def small_budget(monkeypatch):
    monkeypatch.setattr(budget, "ALL_LAYERS_BYTES", 500)
    monkeypatch.setattr(budget, "LAYER_BYTES", 800)


class Given(DerivedAttention):
    """One layer of heads from an array."""

    def __init__(self, weights, tokens, **settings):
        self.weights = np.asarray(weights, np.float32)
        super().__init__(tokens, tokens, [len(self.weights)], **settings)

    def _weights(self, layer, heads, queries):
        assert layer == 0
        return self.weights[heads][:, queries]


class Signed(Given):
    signed, title, unit = True, "Attention × gradient", "attention × gradient"


class Norms(Given):
    unit = "norm"


# Differences and other quantities ---------------------------------------------------------------


def test_a_signed_result_travels_with_its_sign_note_and_unit():
    weights = np.random.default_rng(0).normal(0, 3, (2, 4, 4))
    tokens = Tokens.from_pieces(["a", " b", " c", " d"])
    graph = lmw.AttentionGraph.from_result(
        Signed(weights, tokens, note="the first from the second")
    )
    figure = graph._figure
    assert (figure["signed"], figure["unit"]) == (True, "attention × gradient")
    assert figure["title"] == "Attention × gradient"
    assert figure["note"] == "The first from the second."
    sent = graph._attention["weights"]
    assert sent["dtype"] == "int16"
    np.testing.assert_allclose(wire.decode(sent)[0], weights, atol=np.abs(weights).max() / 32767)
    graph.heads, graph.token = [0], 1
    np.testing.assert_allclose(graph.selection.weights, weights[[0], 1], rtol=1e-6)
    assert "Strongest attention × gradient of" in graph._static_html()
    strongest = np.unravel_index(np.abs(weights[0]).argmax(), (4, 4))
    assert f"<td>{weights[0][strongest]:+.3g}</td>" in graph._static_html()


@pytest.mark.usefixtures("small_budget")
def test_the_strongest_of_a_signed_result_are_those_of_most_absolute_weight():
    weights = np.random.default_rng(1).normal(0, 1, (1, 24, 24))
    tokens = Tokens.from_pieces([f" {i}" for i in range(24)])
    graph = lmw.AttentionGraph.from_result(Signed(weights, tokens), token=3)
    sent = graph._attention
    assert (sent["format"], sent["weights"]["dtype"]) == ("csr", "int16")
    from_, to = wire.decode(sent["offsets"])[5:7]
    columns = wire.decode(sent["columns"])[from_:to]
    assert set(columns) == set(np.argsort(-np.abs(weights[0, 5]))[: len(columns)])
    assert graph._focus["weights"]["dtype"] == "int16"
    graph.hide_first = True
    assert graph._sums == {}


def test_norms_above_one_are_drawn_and_said_without_per_cent():
    weights = np.full((1, 2, 2), 7.5)
    graph = lmw.AttentionGraph.from_result(Norms(weights, Tokens.from_pieces(["a", "b"])))
    assert (graph._figure["unit"], graph._figure["signed"]) == ("norm", False)
    np.testing.assert_allclose(wire.decode(graph._attention["weights"])[0], weights, rtol=1e-4)
    graph.hide_first = graph.renormalise = True
    graph.token = 1
    np.testing.assert_allclose(graph.selection.weights, [[7.5, 7.5]])


def test_shares_of_a_model_have_the_unit_share(lm):
    assert lmw.AttentionGraph(lm, TEXT)._figure["unit"] == "share"
    assert lmw.AttentionGraph(lm)._figure["unit"] == "share"


# Hidden tokens -----------------------------------------------------------------------------------


def test_without_divides_by_what_is_left_and_leaves_empty_rows_empty():
    rows = np.float32([[0.5, 0.3, 0.2], [1, 0, 0], [1 - NOTHING / 2, NOTHING / 2, 0]])
    hidden = np.array([True, False, False])
    np.testing.assert_allclose(without(rows, hidden)[0], [0, 0.3, 0.2])
    made = without(rows, hidden, renormalise=True)
    np.testing.assert_allclose(made[0], [0, 0.6, 0.4], rtol=1e-6)
    assert not made[1:].any()
    assert divided(np.float32([0.1]), np.float32([0.2])).dtype == np.float32


@pytest.mark.parametrize("side", ["query", "key"])
def test_selection_is_as_it_is_drawn_when_renormalised(lm, side):
    graph = lmw.AttentionGraph(lm, TEXT, layer=1, heads=[0, 3], side=side, token=3)
    plain = graph.selection.weights
    graph.hide_first = True
    np.testing.assert_array_equal(graph.selection.weights, plain)
    graph.renormalise = True
    whole = lm.attention(TEXT)[1, [0, 3]].copy()
    whole[:, :, 0] = 0
    left = whole.sum(-1, keepdims=True)
    expected = np.where(left >= NOTHING, whole, 0) / np.where(left >= NOTHING, left, 1)
    expected = expected[:, 3] if side == "query" else expected[:, :, 3]
    np.testing.assert_allclose(graph.selection.weights, expected, atol=1e-6)
    if side == "query":
        assert (left[:, 3] >= NOTHING).any()
        sums = np.where(left[:, 3, 0] >= NOTHING, 1, 0)
        np.testing.assert_allclose(graph.selection.weights.sum(-1), sums, atol=1e-6)
    graph.side, graph.token = "key", 0
    assert not graph.selection.weights.any()


def test_the_static_table_is_renormalised_too(lm):
    graph = lmw.AttentionGraph(lm, TEXT, layer=0, heads=[0], hide_first=True)
    before = graph._static_html()
    graph.renormalise = True
    assert graph._static_html() != before


def test_groups_of_keys_are_the_first_special_and_segments():
    pieces = ["[CLS]", "a", "[SEP]", "b", "[SEP]"]
    plain = Tokens.from_pieces(pieces)
    kinds = ["special", "text", "special", "text", "special"]
    wired = {**plain.to_dict(), "kind": kinds, "segment": [0, 0, 0, 1, 1]}
    groups = key_groups(Tokens.from_dict(wired, plain.text))
    assert len(set(groups.tolist())) == 5
    assert key_groups(plain).tolist() == [1, 0, 0, 0, 0]


@pytest.mark.usefixtures("small_budget")
def test_where_only_the_strongest_are_sent_the_hidden_weight_comes_exactly(lm):
    graph = lmw.AttentionGraph(lm, TEXT * 3, layer=1, heads=[0, 3])
    assert (graph._attention["format"], graph._sums) == ("csr", {})
    graph.hide_first = True
    sent = graph._sums
    assert (sent["layers"], sent["heads"]) == ([1], [0, 3])
    groups, sums = wire.decode(sent["groups"]), wire.decode(sent["sums"])
    weights = graph.result[1, [0, 3]]
    np.testing.assert_allclose(sums[0, :, :, groups[0]], weights[:, :, 0], atol=2e-5)
    np.testing.assert_allclose(sums[0].sum(-1), weights.sum(-1), atol=5e-5)
    graph.heads = [3]
    assert graph._sums is sent
    graph.layer = 0
    assert graph._sums["layers"] == [0]
    graph.text = TEXT * 4
    assert graph._sums["sums"]["shape"][2] == len(graph.result.tokens)


def test_a_page_with_the_strongest_only_has_the_sums(lm):
    graph = lmw.AttentionGraph(lm, TEXT * 4)
    assert graph._published_state(8_000_000)["_sums"] == {}
    state = graph._published_state(4_000)
    assert state["_sums"]["layers"] == state["_attention"]["layers"]


# Pairs and turns ---------------------------------------------------------------------------------


def test_pairs_are_checked_and_plain_arrows_do(lm):
    graph = lmw.AttentionGraph(lm, TEXT, pair="A->B")
    assert graph.pair == "A→B"
    with pytest.raises(UnknownNameError, match="no pair 'A→C'"):
        graph.pair = "A→C"
    assert graph.pair == "A→B"


@pytest.mark.usefixtures("small_budget")
def test_sums_over_turns_get_every_weight_they_need(lm):
    graph = lmw.AttentionGraph(lm, TEXT * 3, layer=1, heads=[0])
    assert graph._attention["format"] == "csr"
    graph.collapsed = [0]
    assert (graph._attention["format"], graph._attention["heads"]) == ("dense", [0])
    assert graph._figure["top_per_row"] is None
    graph.heads = []
    assert graph._attention["format"] == "dense"
    assert lmw.AttentionGraph(lm, TEXT * 3, collapsed=[0])._attention["format"] == "dense"


# A text that was written -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(lm):
    return lm.generate("The king of the", max_new_tokens=4)


def test_a_generation_opens_at_its_first_step(made):
    for graph in (
        lmw.AttentionGraph.from_generation(made),
        lmw.AttentionGraph.from_result(made),
    ):
        assert (graph.step, graph._figure["start"]) == (0, made.start)
        assert graph.selection.index == made.start - 1
        expected = made.attention.rows(graph.layer, graph.heads, made.start - 1)
        np.testing.assert_allclose(graph.selection.weights, expected, atol=1e-7)


def test_steps_are_checked(made, lm):
    graph = lmw.AttentionGraph.from_generation(made, step=None)
    assert graph.selection is None
    graph.step = 3
    with pytest.raises(UnknownNameError, match=r"no step 4. Choose a step from 0 to 3"):
        graph.step = 4
    graph.token = 1
    assert graph.selection.index == 1
    with pytest.raises(UnknownNameError, match="no steps"):
        lmw.AttentionGraph(lm, TEXT).step = 0
    with pytest.raises(InputError, match="no generated text"):
        lmw.AttentionGraph.from_generation(made.attention)


@pytest.mark.usefixtures("small_budget")
def test_every_weight_of_the_row_of_a_step_is_sent(lm):
    made = lm.generate(TEXT * 3, max_new_tokens=3)
    graph = lmw.AttentionGraph.from_generation(made, layer=1, heads=[2])
    assert graph._focus["token"] == made.start - 1
    graph.step = 2
    assert graph._focus["token"] == made.start + 1
    row = made.attention.rows(1, 2, made.start + 1)
    np.testing.assert_allclose(wire.decode(graph._focus["weights"])[0], row, atol=2e-5)


def test_an_encoder_decoder_writes_step_by_step_over_its_source(seq2seq_lm):
    made = seq2seq_lm.generate("a b c", max_new_tokens=3)
    graph = lmw.AttentionGraph.from_generation(made)
    assert (graph.kind, graph._figure["start"]) == ("cross", 1)
    assert graph.selection.index == 0
    assert graph.selection.weights.shape[-1] == len(made.attention.select("cross").key_tokens)
    graph.kind = "encoder"
    assert (graph._figure["start"], graph.selection) == (None, None)
    graph.kind = "decoder"
    graph.step = 2
    assert graph.selection.index == 2


def test_two_lines_are_a_view(seq2seq_lm):
    graph = lmw.AttentionGraph(seq2seq_lm, "a b c", output="d e", kind="cross", view="lines")
    assert graph.view == "lines"


# Arrays ------------------------------------------------------------------------------------------


def test_arrays_read_like_every_other_attention():
    weights = np.random.default_rng(0).dirichlet(np.ones(5), (2, 3, 4)).astype(np.float32)
    given = ArrayAttention.from_arrays(weights, list("abcd"), list("vwxyz"))
    assert isinstance(given, DerivedAttention)
    assert (given.shape, given.kind, given.kinds, given.model) == (
        (2, 3, 4, 5),
        "self",
        ("self",),
        "",
    )
    np.testing.assert_array_equal(given[1, 2], weights[1, 2])
    np.testing.assert_array_equal(given.rows(1, [0, 2], [1, 3]), weights[1][[0, 2]][:, [1, 3]])
    assert given.rows(0, 0, 1).shape == (5,)
    keys = given.strongest(0, [1], 2)[0]
    np.testing.assert_array_equal(keys[0], np.argsort(-weights[0, 1], axis=-1)[:, :2])


def test_arrays_are_causal_only_when_every_layer_is():
    causal = np.tril(np.ones((3, 3))) / np.arange(1, 4)[:, None]
    assert ArrayAttention.from_arrays(causal, list("abc")).causal
    ahead = np.stack([causal, np.full((3, 3), 1 / 3)])[:, None]
    assert not ArrayAttention.from_arrays(ahead, list("abc")).causal


# What inspection returns ---------------------------------------------------------------------------


def test_a_difference_of_two_texts_and_a_weighted_mean_of_heads_are_drawn(lm):
    first, second = lm.attention("the king said"), lm.attention("the queen said")
    graph = lmw.AttentionGraph.from_result(inspection.difference(first, second))
    assert (graph._figure["signed"], graph._figure["unit"]) == (True, "share")
    assert "minus" in graph._figure["note"]
    combined = inspection.combine(first, [0.75, 0.25], heads=[0, 2], layers=[1])
    graph = lmw.AttentionGraph.from_result(combined, layer=0, heads=[0])
    expected = 0.75 * first[1, 0] + 0.25 * first[1, 2]
    sent = wire.decode(graph._attention["weights"])[0, 0]
    np.testing.assert_allclose(sent, expected, atol=2e-5)
    assert graph._figure["note"]
