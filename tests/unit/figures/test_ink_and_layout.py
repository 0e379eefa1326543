"""Lines of figures: nothing lost, words whole, both directions in the order of Unicode."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_attributions import ODD

from lmwidget.figures.bidi import levels, visual_order
from lmwidget.figures.ink import Ink, clusters, ink_lines
from lmwidget.figures.layout import rows_of, wrapped
from lmwidget.figures.metrics import width_of_text
from lmwidget.figures.picture import picture_of
from lmwidget.tokens import Tokens


@given(st.text())
def test_clusters_are_the_text(text):
    assert "".join(clusters(text)) == text


@given(
    st.lists(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1), min_size=1)
)
@settings(max_examples=60)
def test_every_visible_character_is_drawn_once_in_its_unit(pieces):
    tokens = Tokens.from_pieces(pieces)
    for unit, piece in enumerate(pieces):
        drawn = "".join(ink.text for line in ink_lines(tokens) for ink in line if ink.unit == unit)
        signs = {"◌", "�"}
        assert "".join(drawn.split()) == "".join(piece.split()) or signs & set(drawn)


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("width", [8.0, 40.5])
def test_no_row_is_wider_than_its_room(name, width):
    lines = ink_lines(picture_of(ODD[name]()).tokens)
    for row in rows_of(lines, width):
        for part in (*row.boxes, *row.runs):
            assert part.x >= -1e-6
            assert part.x + part.width <= width + 1e-6
    inks = [ink for line in lines for ink in line]
    assert [ink for line in lines for row in wrapped(line, width) for ink in row] == inks


def test_words_are_whole_where_a_line_can_hold_them():
    tokens = Tokens.from_pieces(["un", "believ", "able", " things", " hap", "pen", "ed"])
    rows = rows_of(ink_lines(tokens), width_of_text("unbelievable") + 0.01)
    assert [[run.text for run in row.runs] for row in rows] == [["unbelievable"], ["things"], ["happened"]]  # fmt: skip


def test_a_word_too_long_is_broken_between_its_tokens_first():
    rows = rows_of(ink_lines(Tokens.from_pieces(["aaaa", "bbbb"])), width_of_text("aaaaa"))
    assert [[run.text for run in row.runs] for row in rows] == [["aaaa"], ["bbbb"]]


def test_chinese_breaks_anywhere_but_not_before_its_full_stop():
    line = ink_lines(Tokens.from_pieces(["今天天气。好"]))[0]
    assert ["".join(ink.text for ink in row) for row in wrapped(line, 4)] == ["今天天", "气。好"]


def test_korean_words_are_whole():
    line = ink_lines(Tokens.from_pieces(["한국", "어", " 단어"]))[0]
    assert ["".join(ink.text for ink in row) for row in wrapped(line, 4)] == ["한국어 ", "단어"]


def test_signs_inside_words_have_fonts_of_their_own():
    (row,) = rows_of(ink_lines(Tokens.from_pieces(["said⏎x"])), 40)
    assert [(run.text, run.script) for run in row.runs] == [
        ("said", "latin"), ("⏎", "symbol"), ("x", "latin"),
    ]  # fmt: skip


def test_shades_stand_under_their_own_letters():
    tokens = Tokens.from_pieces(["un", "real", " as"])
    (row,) = rows_of(ink_lines(tokens), 100)
    assert [(box.unit, round(box.x, 3), round(box.width, 3)) for box in row.boxes] == [
        (0, 0, round(width_of_text("un"), 3)),
        (1, round(width_of_text("un"), 3), round(width_of_text("real"), 3)),
        (2, round(width_of_text("unreal "), 3), round(width_of_text("as"), 3)),
    ]


# As python-bidi orders them; letters from right to left are written in capitals.
@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("car is THE CAR in arabic", "car is RAC EHT in arabic"),
        ("THE CAR is car IN ENGLISH", "HSILGNE NI is car RAC EHT"),
        ("he said IT IS 123, 456, OK", "he said KO ,456 ,123 SI TI"),
        ("he said IT IS (123, 456), OK", "he said KO ,(456 ,123) SI TI"),
        ("IT COSTS 50%.", ".50% STSOC TI"),
    ],
)
def test_both_directions(text, seen):
    hebrew = {char: chr(0x5D0 + i) for i, char in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
    found = levels([hebrew.get(char, char) for char in text])
    mirror = dict(zip("()", ")(", strict=True))
    drawn = [mirror.get(text[i], text[i]) if found[i] % 2 else text[i] for i in visual_order(found)]
    assert "".join(drawn) == seen


def test_a_leftward_line_starts_at_the_right():
    tokens = Tokens.from_pieces(["שלום", " עולם"])
    (row,) = rows_of(ink_lines(tokens), 20)
    boxes = {box.unit: box for box in row.boxes}
    assert boxes[0].x + boxes[0].width == pytest.approx(20)
    assert boxes[1].x + boxes[1].width < boxes[0].x
    assert {run.text for run in row.runs} == {"שלום", "עולם"}
    assert all(run.leftwards for run in row.runs)


def test_letters_of_one_word_join_over_tokens():
    (row,) = rows_of(ink_lines(Tokens.from_pieces(["العر", "بية"])), 20)
    assert [run.text for run in row.runs] == ["العربية"]
    assert len(row.boxes) == 2


def test_parts_of_a_character_are_one_and_their_scores_add_up():
    picture = picture_of(ODD["special"]())
    assert picture.tokens.pieces == ("[CLS]", "a", " 漢", " b", "x", "[SEP]")
    assert picture.scores.tolist() == [9, 1, 0.25, -1, 0, 0]
    assert picture.limit == 1
    assert picture.beyond == {0}
    assert picture.places.tolist() == [1, 1, 0.25, -1, 0, 0]


def test_one_of_few_sets_the_scale_and_one_of_many_lies_beyond_it():
    # The numbers of js/tests/saliency_text_parts.test.js.
    make = lambda scores: picture_of(ODD["one"]().__class__(**{  # noqa: E731
        **vars(ODD["one"]()), "signed": True, "tokens": Tokens.from_pieces(["a"] * len(scores)),
        "scores": np.array(scores, np.float32),
    }))  # fmt: skip
    assert make([0.5, 8, -0.25]).limit == 8
    assert make([1] * 30 + [80]).limit == 80
    many = make([1] * 31 + [-80])
    assert (many.limit, many.beyond) == (1, {31})
    assert many.range_words == ("≤ −1.0", "+1.0")
    assert make([1] * 31 + [2]).limit == 2
    assert make([0] * 99 + [3]).limit == 3


def test_special_tokens_without_a_score_are_not_drawn():
    picture = picture_of(ODD["special"]())
    assert picture.hidden == {4, 5}  # [CLS] has a score
    drawn = [ink.text for line in ink_lines(picture.tokens, picture.hidden) for ink in line]
    assert "[SEP]" not in drawn
    assert "[CLS]" in drawn


def test_an_ink_is_a_sign_where_nothing_could_be_seen():
    lines = ink_lines(Tokens.from_pieces(["a", "\u0301", "\n", "\x00", "", "\u202e", "\ud800"]))
    assert [[(ink.text, ink.kind) for ink in line] for line in lines] == [
        [("a", "text"), ("◌", "sign"), ("⏎", "sign")],
        [("␀", "sign"), ("∅", "sign"), ("◌", "sign"), ("�", "sign")],
    ]
    assert Ink(0, "a", "text").shaded
