"""AttentionGrid without a browser: what crosses, what it says of itself, what Python sees."""

import numpy as np
import pytest

import lmwidget as lmw
from lmwidget import inspection, wire
from lmwidget.capture.attention import Attention
from lmwidget.capture.kept.records import UnavailableRecord
from lmwidget.capture.layers import Layers
from lmwidget.derived import DerivedAttention
from lmwidget.errors import InputError, UnknownNameError
from lmwidget.inspection.attention.statistics import STATISTICS as MEASURED
from lmwidget.tokens import Tokens
from lmwidget.widgets import attention_grid as module
from lmwidget.widgets import grid_thumbnails
from lmwidget.widgets.grid_statistics import STATISTICS

TEXT = "The king said unto the king"
REASON = "The softmax could not be followed."


class Random(DerivedAttention):
    """Weights by seed, computed when asked for, so that large shapes take no memory."""

    def __init__(self, heads, queries, keys=None, *, signed=False, spoil=None):
        self.signed, self.spoil = signed, spoil
        tokens = Tokens.from_pieces([f" w{i}" for i in range(queries)])
        others = tokens if keys is None else Tokens.from_pieces([f" v{i}" for i in range(keys)])
        super().__init__(tokens, others, heads)

    def _weights(self, layer, heads, queries):
        keys = len(self.key_tokens)
        whole = np.stack([self.whole(layer, head) for head in heads])
        if self.spoil is not None:
            whole[:, self.spoil] = np.nan
        return whole[:, queries].reshape(len(heads), len(queries), keys)

    def whole(self, layer, head):
        shape = len(self.tokens), len(self.key_tokens)
        found = np.random.default_rng([layer, head]).random(shape, np.float32) ** 8
        return found - 0.3 if self.signed else found


@pytest.fixture(scope="module")
def lm():
    return lmw.load("tiny")


@pytest.fixture
def grid(lm):
    return lmw.AttentionGrid(lm, TEXT)


def weights_of(state, *, signed=False):
    """Weights from the bytes on the wire, by the words of the docstring."""
    cells = wire.decode(state["cells"]).astype(float)
    largest = wire.decode(state["largest"])[:, None, None]
    root = (cells - 127) / 127 if signed else cells / 254
    return np.where(cells == 255, np.nan, np.sign(root) * root**2 * largest)


def blocks_by_hand(weights, block):
    """Return the largest in size of each block, one after the other."""
    queries, keys = weights.shape
    return np.array(
        [
            [
                max(weights[q : q + block[0], k : k + block[1]].ravel(), key=abs)
                for k in range(0, keys, block[1])
            ]
            for q in range(0, queries, block[0])
        ]
    )


def test_a_short_text_sends_every_weight_of_every_head(grid, lm):
    attention = lm.attention(TEXT)
    sent = grid._thumbnails
    assert sent["heads"] == [[layer, head] for layer in range(2) for head in range(4)]
    assert sent["block"] == [1, 1]
    expected = np.concatenate([attention[0], attention[1]])
    # Half a step of the root, at the largest weight: 2 · 1 · 0.5 / 254.
    np.testing.assert_allclose(weights_of(sent), expected, atol=0.004)
    small = expected < 1e-3
    assert small.any()
    np.testing.assert_allclose(weights_of(sent)[small], expected[small], atol=1.3e-4)
    np.testing.assert_allclose(wire.decode(grid._detail["weights"]), expected, atol=2e-5)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("queries", "keys", "block"), [(300, 300, (5, 5)), (200, 20, (4, 1))])
def test_a_long_text_sends_the_largest_of_each_block(queries, keys, block, signed):
    attention = Random([3, 2], queries, None if queries == keys else keys, signed=signed)
    sent = lmw.AttentionGrid.from_result(attention)._thumbnails
    assert sent["block"] == list(block)
    assert sent["heads"] == [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1]]
    for place, (layer, head) in enumerate(sent["heads"]):
        expected = blocks_by_hand(attention.whole(layer, head), block)
        np.testing.assert_allclose(weights_of(sent, signed=signed)[place], expected, atol=0.009)


def test_heads_read_in_pieces_are_the_same(monkeypatch):
    attention = Random([5], 130)
    whole = grid_thumbnails.thumbnails(attention)
    monkeypatch.setattr(grid_thumbnails, "_CHUNK", 1000)
    pieces = grid_thumbnails.thumbnails(attention)
    np.testing.assert_array_equal(whole.cells, pieces.cells)
    np.testing.assert_array_equal(whole.largest, pieces.largest)


def test_what_is_no_number_stays_so():
    sent = lmw.AttentionGrid.from_result(Random([2], 150, spoil=40))._thumbnails
    assert sent["block"] == [3, 3]
    unknown = np.isnan(weights_of(sent))
    assert unknown[:, 13].all()
    assert unknown.sum() == 2 * 50


@pytest.mark.parametrize(
    ("heads", "tokens"), [([12] * 12, 512), ([9] * 30, 700), ([25] * 48, 130), ([1], 5000)]
)
def test_shapes_of_real_models_stay_in_the_budget(heads, tokens):
    attention = Random(heads, tokens)
    small = grid_thumbnails.thumbnails(attention)
    assert len(small.heads) == sum(heads)
    assert small.cells.nbytes <= 1_300_000
    assert max(small.cells.shape[1:]) <= 64
    assert min(small.cells.shape[1:]) >= 16
    assert grid_thumbnails.detail_bytes(attention) <= 1_000_000


def test_the_chosen_head_comes_in_full(lm, monkeypatch):
    monkeypatch.setattr(module, "DETAIL_BYTES", 100)
    grid = lmw.AttentionGrid(lm, TEXT, layer=0, heads=[1])
    assert grid._detail["heads"] == [[0, 1]]
    grid.set_state({"layer": 1, "heads": [3]})
    assert grid._detail["heads"] == [[1, 3]]
    np.testing.assert_allclose(
        wire.decode(grid._detail["weights"])[0], lm.attention(TEXT)[1, 3], atol=2e-5
    )
    grid.heads = []
    assert grid._detail["heads"] == [[1, 3]]


def test_a_very_long_head_in_full_is_pooled():
    attention = Random([1], 1500)
    detail = lmw.AttentionGrid.from_result(attention)._detail
    assert detail["block"] == [3, 3]
    expected = blocks_by_hand(attention.whole(0, 0)[:30, :30], (3, 3))
    np.testing.assert_allclose(wire.decode(detail["weights"])[0, :10, :10], expected, atol=2e-5)


def test_statistics_are_those_of_the_inspection(grid, lm):
    assert STATISTICS == MEASURED
    found = inspection.head_statistics(lm.attention(TEXT))
    values = wire.decode(grid._statistics["values"])
    names = grid._statistics["names"]
    assert "entropy" in names
    assert "following" not in names  # nothing is looked at ahead: no number of any head
    for name, sent in zip(names, values, strict=True):
        np.testing.assert_allclose(sent, getattr(found, name).ravel())


def test_a_difference_has_a_sign_and_no_statistics():
    grid = lmw.AttentionGrid.from_result(Random([2, 2], 6, signed=True))
    assert grid._figure["signed"]
    assert grid._statistics["names"] == []
    assert "largest weight" in grid._static_html()


def test_labels_come_when_they_are_asked_for(grid, lm):
    assert grid._types["labels"] is None
    grid.set_state({"types": True})
    grid.wait()
    assert grid._status["state"] == "ready"
    labels = inspection.head_types(lm).labels
    assert grid._types["labels"] == [list(names) for layer in labels for names in layer]
    assert grid._types["meanings"]["induction"]
    grid.text = "said the king"
    assert grid._types["labels"][7][0] == "induction"
    grid.types = False
    assert grid._types["labels"] is None


def test_labels_can_be_given(lm):
    found = inspection.head_types(lm)
    grid = lmw.AttentionGrid.from_result(lm.attention(TEXT), types=found)
    assert grid.types
    assert grid._types["labels"][7][0] == "induction"
    assert "induction" in grid._static_html()


def test_labels_that_cannot_be_had_leave_the_picture(lm):
    grid = lmw.AttentionGrid.from_result(lm.attention(TEXT), types=True)
    assert grid._status["state"] == "ready"
    assert "head_types(lm)" in grid._types["error"]
    other = lmw.AttentionGrid.from_result(Random([2], 5), types=inspection.head_types(lm))
    assert "other heads" in other._types["error"]


def test_a_layer_that_cannot_be_read_says_so(lm):
    attention = lm.attention(TEXT)
    first = attention.record(0)
    broken = UnavailableRecord("h.1", 0, first.shape, REASON)
    layers = Layers(attention.tokens, attention.tokens, (0, 1), (first, broken))
    grid = lmw.AttentionGrid.from_result(Attention({"self": layers}), layer=1, heads=[2])
    assert grid._thumbnails["unreadable"] == {"1": REASON}
    assert grid._thumbnails["heads"] == [[0, head] for head in range(4)]
    assert grid._status["state"] == "ready"
    grid.layer = 0
    assert [0, 2] in grid._detail["heads"]


def test_a_model_of_which_nothing_can_be_read_says_so_in_every_row(lm):
    attention = lm.attention(TEXT)
    shape = attention.record(0).shape
    broken = tuple(UnavailableRecord(f"h.{layer}", 0, shape, REASON) for layer in range(2))
    layers = Layers(attention.tokens, attention.tokens, (0, 1), broken)
    grid = lmw.AttentionGrid.from_result(Attention({"self": layers}))
    assert grid._thumbnails["unreadable"] == {"0": REASON, "1": REASON}
    assert grid._thumbnails["cells"]["shape"] == [0, 8, 8]
    assert grid._statistics["names"] == []
    assert "<table>" in grid._static_html()


def test_editing_the_text_computes_anew_and_can_be_refused(grid):
    before = grid._thumbnails
    grid.set_state({"text": "the king said the king said"})
    grid.wait()
    assert grid._thumbnails is not before
    assert grid._thumbnails["cells"]["shape"][1] == len(grid.result.tokens)
    with pytest.raises(InputError):
        grid.text = "king " * 5000
    assert grid.text == "the king said the king said"


def test_a_computation_can_be_stopped(lm, monkeypatch):
    grid = lmw.AttentionGrid(lm, TEXT)
    before = grid._thumbnails

    def stop(attention, tick, **_):
        grid._stop += 1
        tick(1, 2, 1.0)
        raise AssertionError

    monkeypatch.setattr(module, "thumbnails", stop)
    grid.set_state({"text": "another king"})
    grid.wait()
    assert grid._status["state"] == "ready"
    assert grid._thumbnails is before


def test_an_empty_grid_waits_for_a_text(lm):
    grid = lmw.AttentionGrid(lm)
    assert grid._status["state"] == "empty"
    assert "no text yet" in grid._static_html()
    grid.text = TEXT
    assert len(grid._thumbnails["heads"]) == 8


def test_one_token_is_drawn(lm):
    grid = lmw.AttentionGrid.from_result(Random([2], 1))
    assert grid._thumbnails["cells"]["shape"] == [2, 1, 1]
    assert lmw.AttentionGrid.from_arrays(np.ones((1, 1)), ["a"])._thumbnails["heads"] == [[0, 0]]


def test_linked_widgets_open_the_head(grid, lm):
    graph = lmw.AttentionGraph(lm, TEXT)
    lmw.link(grid, graph)
    grid.set_state({"layer": 1, "heads": [2]})
    assert (graph.layer, graph.heads) == (1, [2])
    graph.token = 3
    assert grid.token == 3


def test_wrong_names_are_refused(lm):
    with pytest.raises(UnknownNameError, match="entropy"):
        lmw.AttentionGrid(lm, TEXT, statistic="entropie")
    with pytest.raises(UnknownNameError, match="order"):
        lmw.AttentionGrid(lm, TEXT, oder="type")
    with pytest.raises(UnknownNameError):
        lmw.AttentionGrid(lm, TEXT, layer=9)


def test_a_page_holds_as_many_heads_in_full_as_fit(lm, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "DETAIL_BYTES", 100)
    grid = lmw.AttentionGrid(lm, TEXT, layer=0, heads=[1])
    size = grid_thumbnails.detail_bytes(grid.result)
    cells = grid._small.cells.nbytes
    assert len(grid._published_state(8_000_000)["_detail"]["heads"]) == 8
    state = grid._published_state(cells + 3 * size)
    assert len(state["_detail"]["heads"]) == 3
    assert state["_detail"]["heads"][0] == [0, 1]
    assert not state["_figure"]["labels"]
    page = grid.to_html(tmp_path / "page.html").read_text("utf-8")
    assert '"kind": "attention_grid"' in page


def test_a_small_page_has_coarser_heads():
    grid = lmw.AttentionGrid.from_result(Random([4] * 4, 128))
    assert grid._thumbnails["block"] == [2, 2]
    assert grid._published_state(5000)["_thumbnails"]["block"] == [8, 8]


def test_hosts_without_scripts_get_a_table(lm):
    grid = lmw.AttentionGrid(lm, "the <b>king</b>", types=True)
    table = grid._static_html()
    assert "<table>" in table
    assert "induction" in table
    assert "<b>" not in table
