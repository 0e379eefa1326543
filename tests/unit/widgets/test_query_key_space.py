"""QueryKeySpace without a browser: what crosses, what Python sees, what is refused."""

import numpy as np
import pytest
from models import tiny_lm

import lmwidget as lmw
from lmwidget import wire
from lmwidget.errors import InputError, UnavailableError, UnknownNameError
from lmwidget.inspection.attention.joint_space import joint_space
from lmwidget.widgets.query_key_sentences import SENTENCES
from lmwidget.widgets.query_key_wire import space_state

TEXTS = ["The king said unto the king", "there he sat", "and the rain fell on the king"]


@pytest.fixture(scope="module")
def lm():
    return lmw.load("tiny")


@pytest.fixture(scope="module")
def read(lm):
    return [lm.attention(text) for text in TEXTS]


@pytest.fixture
def space(lm):
    return lmw.QueryKeySpace(lm, TEXTS, layer=1, heads=[2])


def edges(sent, row):
    """Keys and weights of one query, over all sentences."""
    part = slice(*wire.decode(sent["offsets"])[row : row + 2])
    scale = wire.decode(sent["rowscale"])[row]
    return wire.decode(sent["columns"])[part], wire.decode(sent["weights"])[part] * scale


def test_points_and_edges_are_those_of_the_result(space, read):
    sent, expected = space._space, joint_space(read, 1, 2)
    np.testing.assert_allclose(wire.decode(sent["points"]), expected.points, atol=1e-5)
    np.testing.assert_array_equal(wire.decode(sent["sentence"]), expected.sentences)
    row = 0
    for attention in read:
        for weights in attention[1, 2]:
            keys, values = edges(sent, row)
            found = np.zeros(len(weights))
            found[keys] = values
            np.testing.assert_allclose(found, weights, atol=2e-5)
            row += 1
    assert space.result.agreement == pytest.approx(sent["agreement"])


def test_above_the_budget_only_the_strongest_edges_are_sent(lm):
    attention = lm.attention(TEXTS[0] * 4)
    sent = space_state(joint_space([attention], 1, 2), max_bytes=100)
    assert sent["top"] == 8
    last = len(attention.tokens) - 1
    keys, _ = edges(sent, last)
    assert set(keys) <= set(np.argsort(-attention[1, 2][last])[:8])


def test_the_text_is_the_sentence_written_out(space):
    assert (space.sentence, space.text) == (0, TEXTS[0])
    space.sentence = 2
    assert space.text == TEXTS[2]
    space.set_state({"sentence": 1, "token": 2, "side": "key"})
    assert (space.text, space.token, space.side) == (TEXTS[1], 2, "key")
    space.text = TEXTS[0]
    assert space.sentence == 0
    with pytest.raises(UnknownNameError, match="0 to 2"):
        space.sentence = 3


def test_another_text_is_a_new_sentence(space):
    before = space.result
    space.text = "unto the sea"
    assert space.texts == [*TEXTS, "unto the sea"]
    assert space.sentence == 3
    assert len(space.result.sentences) > len(before.sentences)
    assert len(space._tokens["sentences"]) == 4


def test_a_sentence_that_cannot_be_read_changes_nothing(space):
    with pytest.raises(InputError):
        space.text = "word " * 5000
    assert (space.text, space.texts) == (TEXTS[0], TEXTS)
    space.set_state({"text": "word " * 5000})
    space.wait()
    assert space._status["state"] == "error"
    assert space.texts == TEXTS


def test_another_head_is_placed_in_the_background(space, read):
    space.set_state({"heads": [1]})
    space.wait()
    assert space._space["head"] == 1
    space.layer = 0
    expected = joint_space(read, 0, 1)
    np.testing.assert_allclose(wire.decode(space._space["points"]), expected.points, atol=1e-5)
    space.method = "tsne"
    assert (space.result.method, space._space["explained"]) == ("tsne", [])


def test_what_stays_is_not_placed_again(space):
    before = space.result
    space.sentence = 1
    space.text = TEXTS[2]
    space.heads = [2, 3]
    assert space.result is before


def test_the_first_head_is_the_most_telling_of_the_structured(lm, read):
    space = lmw.QueryKeySpace(lm, TEXTS)
    every = {
        (layer, head): joint_space(read, layer, head).agreement
        for layer in range(2)
        for head in range(4)
    }
    assert (space.layer, space.heads[0]) == max(every, key=every.get)
    given = lmw.QueryKeySpace(lm, TEXTS, layer=0)
    best = max((at for at in every if at[0] == 0), key=every.get)
    assert (given.layer, given.heads[0]) == best


def test_the_memory_that_is_kept_is_stated(space, read):
    assert space._figure["bytes"] == sum(one.cost["bytes"] for one in read)


def test_sentences_come_with_it(lm):
    space = lmw.QueryKeySpace(lm)
    assert len(space.texts) == len(SENTENCES) == len(set(SENTENCES)) == 30


def test_from_results(read):
    space = lmw.QueryKeySpace.from_result(read, layer=0, heads=[1], sentence=2)
    assert space.text == TEXTS[2]
    with pytest.raises(InputError, match="no model"):
        space.text = "something new"


def test_refusals(lm):
    with pytest.raises(InputError, match="QueryKeySpace"):
        lmw.QueryKeySpace()
    with pytest.raises(InputError, match="list of sentences"):
        lmw.QueryKeySpace(lm, "one text")
    with pytest.raises(InputError, match="list of sentences"):
        lmw.QueryKeySpace(lm, [])
    with pytest.raises(UnknownNameError, match="layer 9"):
        lmw.QueryKeySpace(lm, TEXTS, layer=9)
    with pytest.raises(UnknownNameError, match="head 7"):
        lmw.QueryKeySpace(lm, TEXTS, heads=[7])
    with pytest.raises(UnknownNameError, match="colour"):
        lmw.QueryKeySpace(lm, TEXTS, color="kind")
    with pytest.raises(UnavailableError, match="code of its own"):
        lmw.QueryKeySpace(tiny_lm("gptj"), TEXTS)


def test_a_page_and_a_table_need_no_kernel(space, tmp_path):
    page = space.to_html(tmp_path / "page.html").read_text("utf-8")
    assert "query_key_space" in page
    assert "<table>" in space._static_html()


def test_linked_to_a_graph_a_sentence_opens_there(lm, space):
    graph = lmw.AttentionGraph(lm, TEXTS[1])
    lmw.link(space, graph)
    assert graph.text == TEXTS[0]
    space.sentence = 2
    assert graph.text == TEXTS[2]


@pytest.mark.real_model
def test_a_previous_token_head_is_a_ring(smollm2):
    space = lmw.QueryKeySpace(smollm2, SENTENCES[:8], layer=16, heads=[0])
    assert space.result.agreement > 0.7
