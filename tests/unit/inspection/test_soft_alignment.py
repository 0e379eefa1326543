"""Soft alignment against numbers worked out by hand."""

import numpy as np
import pytest

import lmwidget as lmw
from lmwidget.derived import DerivedAttention
from lmwidget.errors import InputError, UnknownNameError
from lmwidget.inspection.attention.alignment import alignment
from lmwidget.tokens import Tokens


def tokens(pieces, special):
    plain = Tokens.from_pieces(pieces)
    wire = plain.to_dict()
    wire["kind"] = ["special" if i in special else "text" for i in range(len(pieces))]
    from lmwidget.words import word_groups

    wire["word"] = word_groups(plain.text, plain.spans, wire["kind"]).tolist()
    return Tokens.from_dict(wire, plain.text)


SOURCE = tokens(["the", " ho", "use", "</s>"], {3})
TARGET = tokens(["<pad>", "das", " Ha", "us"], {0})


class Cross(DerivedAttention):
    """Three layers of two heads; the second layer is given."""

    def __init__(self, heads, model="toy"):
        self.given = np.asarray(heads, np.float32)
        super().__init__(TARGET, SOURCE, [2, 2, 2], kind="cross", model=model)

    def _weights(self, layer, heads, queries):
        middle = self.given if layer == 1 else np.full_like(self.given, 0.25)
        return middle[heads][:, queries]


# Row i was computed when target token i was read, so it wrote token i + 1.
HEADS = [
    [[0.5, 0.2, 0.1, 0.2], [0.0, 0.4, 0.4, 0.2], [0.1, 0.3, 0.6, 0.0], [0.25, 0.25, 0.25, 0.25]],
    [[0.7, 0.0, 0.1, 0.2], [0.2, 0.2, 0.2, 0.4], [0.1, 0.5, 0.4, 0.0], [0.0, 0.0, 0.0, 1.0]],
]


def test_words_by_hand():
    found = alignment(Cross(HEADS))
    # Means of the heads, without </s>: das from row 0, Ha from row 1, us from row 2.
    das = np.array([0.6, 0.1, 0.1]) / 0.8
    ha = np.array([0.1, 0.3, 0.3]) / 0.7
    us = np.array([0.1, 0.4, 0.5])
    haus = (ha + us) / 2
    expected = [[das[0], das[1] + das[2]], [haus[0], haus[1] + haus[2]]]
    np.testing.assert_allclose(found.soft, expected, atol=1e-6)
    assert [p.strip() for p in found.tokens.pieces] == ["das", "Haus"]
    assert [p.strip() for p in found.key_tokens.pieces] == ["the", "house"]
    assert found.links() == [(0, 0), (1, 1)]
    assert found.to_pharaoh() == "0-0 1-1"
    assert found.outside == pytest.approx((0.2 + 0.3 + 0) / 3, abs=1e-6)
    assert "layer 1" in found.note
    assert "17 %" in found.note
    np.testing.assert_array_equal(found[0, 0], found.soft)


def test_tokens_heads_and_the_other_step():
    found = alignment(Cross(HEADS), level="token", heads=[1], step="input")
    assert len(found.tokens) == len(found.key_tokens) == 3
    np.testing.assert_allclose(found.soft[0], np.array([0.2, 0.2, 0.2]) / 0.6, atol=1e-6)
    np.testing.assert_allclose(found.soft[2], 0)
    assert [i for i, _ in found.links()] == [0, 1]  # nothing is left of the last row
    assert "Mean of head 1 of" in found.note


def test_layer_is_the_last_of_two():
    class Two(Cross):
        def __init__(self):
            super().__init__(HEADS)
            self._heads = (2, 2)
            self.layer_numbers = (0, 1)

    assert "layer 1" in alignment(Two()).note
    assert "layer 0" in alignment(Two(), layer=-2).note


def test_every_widget_draws_it():
    assert lmw.AttentionGraph.from_result(alignment(Cross(HEADS))).kind == "cross"


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"layer": 3}, UnknownNameError),
        ({"heads": [2]}, UnknownNameError),
        ({"level": "words"}, UnknownNameError),
        ({"step": "next"}, UnknownNameError),
    ],
)
def test_what_there_is_not_is_refused(settings, error):
    with pytest.raises(error):
        alignment(Cross(HEADS), **settings)


def test_needs_a_translator_that_has_written():
    with pytest.raises(InputError, match="cross-attention"):
        alignment(lmw.load("tiny").attention("the king"))


def test_one_token_was_written(seq2seq_lm):
    attention = seq2seq_lm.attention("a b c", output="")
    with pytest.raises(InputError, match="only special"):
        alignment(attention)
    attention = seq2seq_lm.attention("a b c", output="king said")
    found = alignment(attention)
    assert found.tokens.pieces == ("king", " said")
    np.testing.assert_allclose(found.soft.sum(-1), 1, atol=1e-6)


@pytest.mark.parametrize("heads", [1, -1, np.int64(1), [1]])
def test_one_head(heads):
    found = alignment(Cross(HEADS), heads=heads)
    np.testing.assert_allclose(found.soft, alignment(Cross(HEADS), heads=[1]).soft)
    assert found.note.startswith("Mean of head 1 of cross-attention layer 1")
    assert alignment(Cross(HEADS), heads=0).note.startswith("Mean of head 0 of")


def test_white_space_is_no_word():
    """Tokens of white space alone: in front of a word, between words, and at the end."""

    class Spaced(Cross):
        def __init__(self, weights):
            super().__init__(HEADS)
            self.given = np.asarray(weights, np.float32)
            self.tokens = tokens(["<pad>", "das", "\n", "Haus", " "], {0})
            self.key_tokens = tokens([" ", "the", "  ", "house", "\n", "</s>"], {5})

    rows = [
        [0.1, 0.5, 0.1, 0.2, 0.1, 0],
        [0, 0.2, 0.4, 0.2, 0.2, 0],
        [0, 0, 0.2, 0.5, 0.3, 0],
        [0.5, 0.3, 0, 0.2, 0, 0],
        [1, 0, 0, 0, 0, 0],
    ]
    found = alignment(Spaced([rows, rows]))
    assert [piece.strip() for piece in found.tokens.pieces] == ["das", "Haus"]
    assert [piece.strip() for piece in found.key_tokens.pieces] == ["the", "house"]
    expected = [[0.6, 0.4], [(0.2 + 0 + 0.8) / 3, (0.8 + 1 + 0.2) / 3]]
    np.testing.assert_allclose(found.soft, expected, atol=1e-6)
    assert found.to_pharaoh() == "0-0 1-1"
