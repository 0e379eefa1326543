"""Words, sentences, paragraphs, turns, passages: each token in exactly one unit, sums unchanged."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import tiny_lm

from lmwidget.errors import InputError, UnknownNameError
from lmwidget.tokens import Tokens
from lmwidget.units import LEVELS, merged, passage_of_tokens, unit_of_tokens


def pieces_by(level, text):
    tokens = Tokens.from_pieces(list(text))
    return [piece.strip() for piece in merged(tokens, unit_of_tokens(tokens, level)).pieces]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It rains. It pours!", ["It rains.", "It pours!"]),
        ("Dr. Who met J. Doe. He left.", ["Dr. Who met J. Doe.", "He left."]),
        ("Pi is 3.14 here. Yes?! No…", ["Pi is 3.14 here.", "Yes?!", "No…"]),
        ('He said "Go." Then he left.', ['He said "Go."', "Then he left."]),
        ("今日は雨。明日は晴れ！はい", ["今日は雨。", "明日は晴れ！", "はい"]),
        ("one line\nanother line", ["one line", "another line"]),
        ("no end", ["no end"]),
    ],
)
def test_sentences(text, sentences):
    assert pieces_by("sentence", text) == sentences


def test_paragraphs_and_words():
    assert pieces_by("paragraph", "One. Two.\n\nThree.\n \nFour") == ["One. Two.", "Three.", "Four"]
    tokens = Tokens.from_pieces(["a", " cat", "'s", " h", "at", ",", " ok"])
    words = merged(tokens, unit_of_tokens(tokens, "word"))
    assert words.pieces == ("a", " cat's", " hat", ",", " ok")


def test_turns_are_messages_or_the_texts_of_a_pair():
    lm = tiny_lm("bert")
    tokens = lm.tokenize(("the king", "the cat sat"))
    units = unit_of_tokens(tokens, "turn")
    assert merged(tokens, units).labels == ("[CLS]", "the king", "[SEP]", "the cat sat", "[SEP]")


@given(st.text(max_size=60), st.sampled_from(LEVELS))
@settings(max_examples=150, deadline=None)
def test_every_token_is_in_one_unit_and_finer_levels_are_inside_coarser(text, level):
    tokens = Tokens.from_pieces(list(text))
    if not len(tokens):
        return
    units = unit_of_tokens(tokens, level)
    assert units[0] == 0
    assert set(np.diff(units).tolist()) <= {0, 1}
    coarse = merged(tokens, units)
    assert "".join(coarse.pieces) == text
    for finer, coarser in (("token", level), (level, "turn")):
        inner, outer = unit_of_tokens(tokens, finer), unit_of_tokens(tokens, coarser)
        pairs = {(a, b) for a, b in zip(inner.tolist(), outer.tolist(), strict=True)}
        assert len(pairs) == len(set(inner.tolist()))


def test_passages():
    tokens = Tokens.from_pieces(["A", " doc", " one", ".", " Doc", " two", " end"])
    assert passage_of_tokens(tokens, [(2, 9), " two"]).tolist() == [-1, 0, 0, -1, -1, 1, -1]
    assert unit_of_tokens(tokens, [(2, 9), "two"]).tolist() == [0, 1, 1, 2, 2, 3, 4]
    twice = Tokens.from_pieces(["a", " b", " a", " b"])
    assert passage_of_tokens(twice, ["b", "b"]).tolist() == [-1, 0, -1, 1]
    with pytest.raises(InputError, match="does not hold the passage 'three'"):
        passage_of_tokens(tokens, ["three"])
    with pytest.raises(InputError, match="Passages 0 and 1 overlap"):
        passage_of_tokens(tokens, [(0, 5), (4, 8)])
    with pytest.raises(InputError, match=r"\(5, 99\) is not in a text of 22"):
        passage_of_tokens(tokens, [(5, 99)])
    with pytest.raises(InputError, match="is no passage"):
        passage_of_tokens(tokens, [7])
    with pytest.raises(UnknownNameError, match="Did you mean 'sentence'"):
        unit_of_tokens(tokens, "sentense")


def test_sums_stay_sums_and_levels_only_grow_coarser(tmp_path):
    lm = tiny_lm("gpt2")
    why = lm.attribute("the king sat. the cat sat on")
    by_word, by_sentence = why.by("word"), why.by("sentence")
    assert by_word.scores.sum() == pytest.approx(float(why.scores.sum()), abs=1e-4)
    assert [len(by_sentence.tokens), by_sentence.level] == [2, "sentence"]
    np.testing.assert_allclose(by_word.by("sentence").scores, by_sentence.scores, atol=1e-5)
    king = why.tokens.find("king")
    assert by_word.tokens.find("king") == [by_word.parts[king[0]]]
    assert by_word.scores[by_word.parts[king[0]]] == pytest.approx(
        float(why.scores[by_word.parts == by_word.parts[king[0]]].sum()), abs=1e-4
    )
    with pytest.raises(InputError, match="computed by sentence, so there is none by word"):
        by_sentence.by("word")
    loaded = type(why).load(by_sentence.save(tmp_path / "why.safetensors"))
    assert loaded.tokens == by_sentence.tokens
    np.testing.assert_array_equal(loaded.parts, by_sentence.parts)
    assert loaded.by("turn").scores[0] == pytest.approx(float(why.scores.sum()), abs=1e-4)
    assert lm.attribute("the king sat. the cat", level="sentence").level == "sentence"
