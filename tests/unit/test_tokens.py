"""Tokens: immutable plain data, readable labels, exact wire form, words found in the text."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from lmwidget.errors import InputError
from lmwidget.tokens import Tokens, readable
from lmwidget.words import word_groups


def make(**changes) -> Tokens:
    fields = {
        "text": "a 😀",
        "ids": [5, 6, 7, 2],
        "pieces": ("a", " F0 9F", "98 80", "</s>"),
        "raw": ("a", "ĠðŁ", "ĺĢ", "</s>"),
        "spans": [[0, 1], [1, 3], [2, 3], [3, 3]],
        "kinds": ("text", "bytes", "bytes", "special"),
        "words": [0, 1, 1, -1],
        "roles": (None, "user", "user", None),
        "segments": [0, 0, 1, 1],
        "source": "chat",
    }
    return Tokens(**{**fields, **changes})


def test_wire_form_is_exact():
    assert make().to_dict() == {
        "text": ["a", " F0 9F", "98 80", "</s>"],
        "kind": ["text", "bytes", "bytes", "special"],
        "raw": ["a", "ĠðŁ", "ĺĢ", "</s>"],
        "id": [5, 6, 7, 2],
        "word": [0, 1, 1, -1],
        "role": [None, "user", "user", None],
        "segment": [0, 0, 1, 1],
        "start": [0, 1, 2, 3],
        "end": [1, 3, 3, 3],
        "whole": [None, " 😀", "😀", None],
    }


def test_roles_and_segments_are_left_out_when_nothing_has_one():
    wire = make(roles=(None,) * 4, segments=[0] * 4).to_dict()
    assert wire["role"] is None
    assert wire["segment"] is None


def test_back_from_json_equal_with_the_same_types():
    tokens = make()
    again = Tokens.from_dict(json.loads(json.dumps(tokens.to_dict())), tokens.text, tokens.source)
    assert again == tokens
    assert hash(again) == hash(tokens)
    for field in dataclasses.fields(Tokens):
        ours, theirs = getattr(tokens, field.name), getattr(again, field.name)
        assert type(ours) is type(theirs)
        if isinstance(ours, np.ndarray):
            assert ours.dtype == theirs.dtype
            np.testing.assert_array_equal(ours, theirs)
        else:
            assert ours == theirs


def test_different_tokens_are_not_equal():
    assert make() != make(ids=[5, 6, 8, 2])
    assert make() != make(source="text")
    assert make() != "a 😀"


def test_nothing_can_be_changed():
    tokens = make()
    with pytest.raises(dataclasses.FrozenInstanceError):
        tokens.text = "b"
    for name in ("ids", "spans", "words", "segments"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(tokens, name)[0] = 1


def test_the_callers_arrays_stay_writeable_and_apart():
    ids = np.array([5, 6, 7, 2])
    tokens = make(ids=ids)
    ids[0] = 99
    assert tokens.ids[0] == 5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pieces": ("a",)}, "4 ids but 1 pieces"),
        ({"spans": [[0, 1]]}, "4 ids but 1 spans"),
        ({"kinds": ("text", "bytes", "bytes", "odd")}, "'odd' is no kind"),
        ({"source": "mail"}, "'mail' is no source"),
        ({"spans": [[0, 1], [1, 3], [2, 9], [3, 3]]}, "outside the text"),
        ({"spans": [[0, 1], [1, 3], [3, 2], [3, 3]]}, "outside the text"),
    ],
)
def test_fields_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        make(**changes)


def test_incomplete_wire_form_is_refused():
    wire = make().to_dict()
    del wire["kind"]
    with pytest.raises(InputError, match="no 'kind'"):
        Tokens.from_dict(wire, "a 😀")


@pytest.mark.parametrize(
    ("piece", "label"),
    [
        (" the", " the"),
        ("  ", "  "),
        ("\n", "⏎"),
        ("\n\n", "⏎⏎"),
        ("\tx", "⇥x"),
        ("\r\n", "␍⏎"),
        ("\x00", "␀"),
        ("\x1b[0m", "␛[0m"),
        ("\x7f", "␡"),
        ("\x85", "U+0085"),
        ("\u2028", "⏎"),
        ("\u200d", "U+200D"),
        (" \u200b\u200c", " U+200B U+200C"),
        ("\u0301", "U+0301"),
        ("\ufe0f", "U+FE0F"),
        ("\u202e", "U+202E"),
        ("e\u0301", "e\u0301"),
        ("👩\u200d👧", "👩\u200d👧"),
        ("</script>", "</script>"),
        ("", ""),
    ],
)
def test_labels_are_one_readable_line(piece, label):
    assert readable(piece) == label
    assert Tokens.from_pieces([piece]).labels == (label,)


def test_find_gives_every_token_that_holds_a_part():
    tokens = Tokens.from_pieces(["John", " gave", " Jo", "hn", " a", " drink"])
    assert tokens.find("John") == [0, 2, 3]
    assert tokens.find("n gave J") == [0, 1, 2]
    assert tokens.find("Mary") == []
    assert tokens.find("") == []


def test_find_special_tokens_and_parts_of_characters():
    assert make().find("</s>") == [3]
    assert make().find("😀") == [1, 2]
    assert make().find(" ") == [1]


def words_of(*pieces: str) -> list[int]:
    return Tokens.from_pieces(pieces).words.tolist()


def test_words_are_letters_marks_and_digits_together():
    assert words_of("un", "believ", "able", " cat", "s") == [0, 0, 0, 1, 1]
    assert words_of("don", "'", "t", " stop") == [0, 0, 0, 1]
    assert words_of("'", "quoted", "'") == [0, 1, 2]
    assert words_of("cat", ",", " dog", ".", ".") == [0, 1, 2, 3, 4]
    assert words_of("cafe", "\u0301", "s") == [0, 0, 0]
    assert words_of("हि", "न्", "दी") == [0, 0, 0]
    assert words_of("snake", "_case", "2") == [0, 0, 0]


def test_scripts_without_spaces_count_by_character():
    assert words_of("日", "本", "語") == [0, 1, 2]


def test_emoji_joined_by_zero_width_joiners_are_one_word():
    assert words_of("👩", "\u200d", "👧", "👋", "🏽") == [0, 0, 0, 1, 1]


def test_special_tokens_belong_to_no_word_and_part_words():
    spans = np.array([[0, 0], [0, 1], [1, 1], [1, 2]])
    kinds = ("special", "text", "special", "text")
    assert word_groups("ab", spans, kinds).tolist() == [-1, 0, -1, 1]


def test_repr_is_short_and_without_addresses():
    assert repr(make()) == "<Tokens 4: 'a' ' F0 9F' '98 80' '</s>'>"
    assert repr(Tokens.from_pieces("abcdefghij")).endswith("'h' …>")


def test_no_tokens():
    tokens = Tokens.from_pieces([])
    assert (len(tokens), tokens.spans.shape, tokens.to_dict()["id"]) == (0, (0, 2), [])


def test_torch_is_not_needed():
    code = "import sys, lmwidget.tokens; assert not {'torch', 'transformers'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
