"""AttentionMatrix without a browser: what crosses, what is pooled, what Python reads back."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

import lmwidget as lmw
from lmwidget import wire
from lmwidget.derived import DerivedAttention
from lmwidget.errors import UnavailableError
from lmwidget.tokens import Tokens
from lmwidget.widgets import attention_budget
from lmwidget.widgets.array_attention import ArrayAttention
from lmwidget.widgets.matrix_field import TILE, WHOLE_CELLS, Field, Pyramid, halved
from lmwidget.widgets.matrix_state import overview_state, page_level, tiles_state
from lmwidget.widgets.matrix_units import sentence_numbers, unit_starts

TEXT = "The king said unto the king"


@pytest.fixture(scope="module")
def lm():
    return lmw.load("tiny")


def random_attention(queries, keys=None, *, causal=False, heads=2, seed=0):
    rng = np.random.default_rng(seed)
    weights = rng.random((1, heads, queries, keys or queries)).astype(np.float32)
    if causal:
        weights = np.tril(weights)
    weights /= weights.sum(-1, keepdims=True)
    names = [f" q{i}" for i in range(queries)]
    others = None if keys is None else [f" k{i}" for i in range(keys)]
    return ArrayAttention.from_arrays(weights, names, others)


class Signed(DerivedAttention):
    """The first head minus the second."""

    signed, title = True, "Difference"

    def __init__(self, attention):
        super().__init__(attention.tokens, attention.key_tokens, [1], note="one minus the other")
        self._of = attention

    def _weights(self, layer, heads, queries):
        first, second = (self._of.rows(layer, head, queries) for head in (0, 1))
        return (first - second)[None]


def blocks(weights, level, *, signed=False):
    """Maxima of blocks, one by one: the independent reference."""
    size = 2**level
    shape = [-(-n // size) for n in weights.shape]
    found = np.zeros(shape, np.float32)
    for y in range(shape[0]):
        for x in range(shape[1]):
            block = weights[y * size : (y + 1) * size, x * size : (x + 1) * size].ravel()
            found[y, x] = block[np.argmax(np.abs(block))] if signed else block.max()
    return found


# What crosses ------------------------------------------------------------------------------------


def test_short_text_sends_every_layer_and_no_overview(lm):
    matrix = lmw.AttentionMatrix(lm, TEXT)
    assert matrix._overview == {}
    expected = np.stack([matrix.result[0], matrix.result[1]])
    np.testing.assert_allclose(wire.decode(matrix._attention["weights"]), expected, atol=1 / 65535)


def test_up_to_512_tokens_every_weight_crosses(monkeypatch):
    monkeypatch.setattr(attention_budget, "ALL_LAYERS_BYTES", 0)
    monkeypatch.setattr(attention_budget, "LAYER_BYTES", 0)
    attention = random_attention(512)
    matrix = lmw.AttentionMatrix.from_result(attention, layer=0, heads=[1])
    sent = matrix._overview
    assert (sent["level"], sent["shape"], matrix._attention) == (0, [512, 512], {})
    np.testing.assert_allclose(wire.decode(sent["cells"]), attention[0, 1], atol=1 / 65535)
    assert len(sent["cells"]["data"]) < 1_000_000


@pytest.mark.parametrize("signed", [False, True])
def test_a_long_text_sends_the_largest_of_each_block(signed):
    attention = random_attention(1100, 1000)
    if signed:
        attention = Signed(attention)
    pyramid = Pyramid(Field(attention, 0, [0], "token"))
    weights = attention[0, 0]
    assert pyramid.level == 2
    assert WHOLE_CELLS >= 275 * 175
    sent = overview_state(pyramid, 0, [0], 1)
    reference = blocks(weights, 2, signed=signed)
    largest = np.abs(weights).max()
    np.testing.assert_allclose(
        wire.decode(sent["cells"]), reference, atol=largest / (32767 if signed else 65535)
    )
    np.testing.assert_array_equal(
        wire.decode(sent["row_largest"]), np.abs(weights).max(1).astype(np.float32)
    )
    strongest = np.sort(np.abs(weights), axis=None)[::-1][:50]
    found = wire.decode(sent["strongest"]["weight"])
    np.testing.assert_array_equal(np.abs(found), strongest)
    places = [wire.decode(sent["strongest"][name]) for name in ("row", "column")]
    np.testing.assert_array_equal(found, weights[places[0], places[1]])


@pytest.mark.parametrize("level", [0, 1, 2])
def test_tiles_are_the_cells_of_their_level(level):
    attention = random_attention(1100, 700)
    pyramid = Pyramid(Field(attention, 0, [0, 1], "token"))
    mean = attention[0].mean(0)
    rows, columns = (-(-size // 2**level) for size in mean.shape)
    last = [rows // TILE, columns // TILE]
    view = {"number": 7, "level": level, "tiles": [[0, 1], last, [99, 0], [0, -1]]}
    sent = tiles_state(pyramid, view)
    assert sent["tiles"] == [[0, 1], last]
    reference = np.zeros((TILE * (last[0] + 1), TILE * (last[1] + 1)), np.float32)
    reference[:rows, :columns] = blocks(mean, level)
    for tile, (y, x) in zip(wire.decode(sent["cells"]), sent["tiles"], strict=True):
        part = reference[y * TILE : (y + 1) * TILE, x * TILE : (x + 1) * TILE]
        np.testing.assert_allclose(tile, part, atol=mean.max() / 65535)


def test_the_browser_asks_and_python_answers_of_the_present_matrix_only():
    matrix = lmw.AttentionMatrix.from_result(random_attention(1100), layer=0, heads=[0])
    number = matrix._overview["number"]
    matrix.set_state({"_view": {"number": number, "level": 0, "tiles": [[2, 3]], "turn": 1}})
    assert (matrix._tiles["number"], matrix._tiles["tiles"]) == (number, [[2, 3]])
    matrix.heads = [1]
    assert matrix._overview["number"] > number
    assert matrix._tiles == {}
    matrix.set_state({"_view": {"number": number, "level": 0, "tiles": [[2, 3]], "turn": 2}})
    assert matrix._tiles == {}


def test_rows_that_are_not_numbers_are_left_out_of_maxima_and_said():
    weights = random_attention(1100).weights.copy()
    weights[0, 0, 5] = np.nan
    weights[0, 0, 8:12] = np.nan
    attention = ArrayAttention.from_arrays(weights, [f" {i}" for i in range(1100)])
    sent = overview_state(Pyramid(Field(attention, 0, [0], "token")), 0, [0], 1)
    cells = wire.decode(sent["cells"])
    np.testing.assert_allclose(cells[1, 0], np.nanmax(weights[0, 0, 4:8, :4]), atol=1e-6)
    assert np.isnan(cells[2]).all()
    broken = np.isnan(wire.decode(sent["row_largest"]))
    assert np.flatnonzero(broken).tolist() == [5, 8, 9, 10, 11]


def test_halving_keeps_odd_edges():
    block = np.arange(15, dtype=np.float32).reshape(3, 5)
    assert halved(block, signed=False).tolist() == [[6, 8, 9], [11, 13, 14]]


def test_the_first_picture_of_4096_tokens_is_under_a_megabyte_and_a_half():
    matrix = lmw.AttentionMatrix.from_result(
        random_attention(4096, heads=1, causal=True), layer=0, heads=[0]
    )
    state, _, buffers = __import__(
        "ipywidgets.widgets.widget", fromlist=["_remove_buffers"]
    )._remove_buffers(matrix.get_state())
    assert len(json.dumps(state)) + sum(map(len, buffers)) <= 1_500_000


# Units -------------------------------------------------------------------------------------------


def chat():
    texts = [" Who", " is", " it", "?", " It", " is", " the", " king", ".", " Why", "?"]
    roles = ["user"] * 4 + ["assistant"] * 5 + ["user"] * 2
    tokens = Tokens.from_pieces(texts)
    wire_form = {**tokens.to_dict(), "role": roles}
    return Tokens.from_dict(wire_form, tokens.text, "chat")


def test_units_of_a_chat():
    tokens = chat()
    assert unit_starts(tokens, "turn").tolist() == [0, 4, 9]
    assert unit_starts(tokens, "sentence").tolist() == [0, 4, 9]
    assert unit_starts(tokens, "word").tolist() == list(range(11))
    assert unit_starts(Tokens.from_pieces(["a", "b"]), "turn").tolist() == [0]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It is 3.5 m. Go!", ["It is 3.5 m.", " Go!"]),
        ('He said "Go." Then he left.', ['He said "Go."', " Then he left."]),
        ("One\nTwo", ["One\n", "Two"]),
        ("他来了。她走了！", ["他来了。", "她走了！"]),
        ("「行く。」彼は言った。", ["「行く。」", "彼は言った。"]),
        ("Really?! Yes…", ["Really?!", " Yes…"]),
        ("see example.com now", ["see example.com now"]),
    ],
)
def test_sentences(text, sentences):
    numbers = sentence_numbers(Tokens.from_pieces(list(text)))
    found = ["".join(c for c, n in zip(text, numbers, strict=True) if n == i) for i in set(numbers)]
    assert sorted(found) == sorted(sentences) or [s.strip() for s in found] == [
        s.strip() for s in sentences
    ]


def test_pooled_weights_are_means_over_queries_of_sums_over_keys(monkeypatch):
    tokens = chat()
    weights = random_attention(11).weights.copy()
    weights[0, :, 1] = np.nan  # left out of the mean
    attention = ArrayAttention.from_arrays(weights, tokens)
    matrix = lmw.AttentionMatrix.from_result(attention, layer=0, heads=[0, 1], pool="turn")
    found = wire.decode(matrix._overview["cells"])
    mean = weights[0].mean(0)
    parts = [slice(0, 4), slice(4, 9), slice(9, 11)]
    expected = [[np.nanmean(mean[q, k].sum(1)) for k in parts] for q in parts]
    np.testing.assert_allclose(found, expected, atol=1 / 65535)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-4)
    assert wire.decode(matrix._overview["starts"]["query"]).tolist() == [0, 4, 9]
    monkeypatch.setattr("lmwidget.widgets.matrix_field._CHUNK", 40)  # one token at a time
    chunked = Pyramid(Field(attention, 0, [0, 1], "turn")).cells(0)
    np.testing.assert_allclose(chunked, expected, atol=1e-6)


def test_changing_the_units_sends_their_matrix_and_back(lm):
    matrix = lmw.AttentionMatrix(lm, TEXT)
    matrix.pool = "word"
    assert matrix._overview["pool"] == "word"
    rows = matrix.result.rows(matrix.layer, matrix.heads, slice(None)).mean(0)
    words = unit_starts(matrix.result.tokens, "word")
    assert matrix._overview["shape"] == [len(words), len(words)]
    summed = np.add.reduceat(rows, words, axis=1)[-1]
    np.testing.assert_allclose(wire.decode(matrix._overview["cells"])[-1], summed, atol=1 / 65535)
    matrix.pool = "token"
    assert matrix._overview == {}


# What Python reads back --------------------------------------------------------------------------


def test_the_pinned_cell_is_read_back_exactly(lm):
    matrix = lmw.AttentionMatrix(lm, TEXT, layer=1, heads=[0, 2])
    assert matrix.cell is None
    matrix.set_state({"token": 4, "key": 1, "side": "query"})
    cell = matrix.cell
    expected = matrix.result.rows(1, [0, 2], 4)[:, 1]
    np.testing.assert_array_equal(cell.weights, expected)
    assert cell.weight == pytest.approx(expected.mean(), abs=1e-7)
    assert cell.query_text == matrix.result.tokens.pieces[4]
    matrix.side = "key"
    assert matrix.cell is None
    matrix.token = None
    assert matrix.key is None


def test_the_whole_pinned_row_is_sent_of_a_long_text():
    attention = random_attention(1100)
    matrix = lmw.AttentionMatrix.from_result(attention, layer=0, heads=[1])
    matrix.token = 1000
    np.testing.assert_array_equal(wire.decode(matrix._row["weights"]), attention.rows(0, 1, 1000))
    matrix.token = None
    assert matrix._row == {}


def test_signed_attention_and_its_note_are_drawn_as_such():
    attention = Signed(random_attention(40))
    matrix = lmw.AttentionMatrix.from_result(attention)
    assert matrix._figure["signed"]
    assert "one minus the other" in matrix._figure["note"].lower()
    assert matrix._attention["weights"]["dtype"] == "int16"
    assert "<table>" in matrix._static_html()


def test_a_layer_that_cannot_be_read_says_why(lm, monkeypatch):
    matrix = lmw.AttentionMatrix(lm, TEXT, layer=0, heads=[0])
    rows = type(matrix.result).rows

    def unreadable(self, layer, head, query):
        if layer == 1:
            raise UnavailableError("Layer 1 cannot be read.", "Choose another.")
        return rows(self, layer, head, query)

    monkeypatch.setattr(type(matrix.result), "rows", unreadable)
    matrix.layer = 1
    assert (matrix._status["state"], matrix._status["message"]) == (
        "error",
        "Layer 1 cannot be read.",
    )
    matrix.layer = 0
    assert matrix._status["state"] == "ready"


# Pages -------------------------------------------------------------------------------------------


def test_a_page_carries_the_finest_level_that_fits():
    matrix = lmw.AttentionMatrix.from_result(random_attention(1100), layer=0, heads=[1])
    whole = matrix._published_state(8_000_000)
    assert whole["_attention"]["format"] == "dense"
    assert whole["_overview"] == {}
    small = matrix._published_state(1_000_000)
    assert (small["_attention"], small["_overview"]["level"]) == ({}, 1)
    assert len(small["_overview"]["cells"]["data"]) <= 1_000_000
    shape = SimpleNamespace(field=SimpleNamespace(shape=(4096, 4096)))
    assert page_level(shape, 8_000_000) == 2


def test_a_page_stands_alone(lm, tmp_path):
    matrix = lmw.AttentionMatrix(lm, "The </script> king", pool="word")
    page = matrix.to_html(tmp_path / "page.html").read_text("utf-8")
    assert "attention_matrix" in page
    assert "The </script>" not in page
    assert "<table>" in page


def test_no_text_no_picture(lm):
    matrix = lmw.AttentionMatrix(lm)
    assert matrix._status["state"] == "empty"
    assert matrix.cell is None
    assert matrix._published_state(1000)["_status"]["state"] == "empty"
    matrix.text = TEXT
    assert matrix._attention["format"] == "dense"


def test_two_turns_of_one_role_are_two():
    from lmwidget.widgets.matrix_units import turn_numbers, unit_starts

    plain = Tokens.from_pieces(
        ["<s>", "Hi", "</s>", "<s>", " there", "</s>", "<s>", " yes", "</s>"]
    )
    wire = plain.to_dict()
    wire["kind"] = ["special" if piece.startswith("<") else "text" for piece in plain.pieces]
    wire["role"] = ["user"] * 6 + ["assistant"] * 3
    turns = Tokens.from_dict(wire, plain.text, "chat")
    assert turn_numbers(turns).tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert unit_starts(turns, "turn").tolist() == [0, 3, 6]
    wire["role"] = [None, "user", None, None, "user", None, None, "assistant", None]
    between = Tokens.from_dict(wire, plain.text, "chat")
    assert turn_numbers(between).tolist() == [0, 0, 1, 1, 1, 2, 2, 2, 2]
