"""Text, pairs, truncation, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from tokenizers_zoo import tokenizer_of

from lmwidget.errors import InputError
from lmwidget.models.editing import join, truncate
from lmwidget.models.tokenizing import tokenize, tokenize_plain
from lmwidget.tokens import Tokens


@pytest.mark.parametrize("kind", ["byte_level", "word_piece", "slow", "sentencepiece_bpe", "byt5"])
def test_segments_of_a_pair(kind):
    tokenizer = tokenizer_of(kind)
    tokens = tokenize(tokenizer, ("the king", "a cat sat"))
    assert tokens.text == "the kinga cat sat"
    text_only = [i for i, name in enumerate(tokens.kinds) if name != "special"]
    for i in text_only:
        start, end = tokens.spans[i].tolist()
        if start < end:
            assert tokens.segments[i] == int(start >= len("the king"))
    assert tokens.segments[0] == 0
    assert tokens.segments[-1] == 1
    assert tokens.ids.tolist() == tokenizer("the king", "a cat sat")["input_ids"]


def test_words_do_not_run_from_one_part_into_the_other():
    tokens = tokenize(tokenizer_of("word_piece"), ("the king", "said"))
    king, said = tokens.find("king")[0], tokens.find("said")[0]
    assert tokens.words[king] != tokens.words[said]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "text is empty"),
        (("a", ""), "text is empty"),
        (("", "a"), "text is empty"),
        (None, "of type NoneType"),
        (7, "of type int"),
        (("a", 3), "of type int"),
        (("a", "b", "c"), "of type tuple"),
        ([], "of type list"),
        ("bad \ud83d text", r"lone surrogate U\+D83D at 4"),
        (("fine", "\udc00"), r"lone surrogate U\+DC00 at 0"),
    ],
)
def test_refused(text, message):
    with pytest.raises(InputError, match=message):
        tokenize(tokenizer_of("byte_level"), text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [("word_piece", "  \n "), ("byte_level", "<s></s>"), ("word_piece", "\x00"), ("slow", " ")],
)
def test_nothing_but_special_tokens_is_refused(kind, text):
    with pytest.raises(InputError, match="nothing but special tokens"):
        tokenize(tokenizer_of(kind), text)


def test_a_lone_mask_is_something_to_fill_in():
    assert tokenize(tokenizer_of("word_piece"), "<mask>").raw == ("<s>", "<mask>", "</s>")


def test_white_space_that_is_a_token_is_text():
    assert tokenize(tokenizer_of("byte_level"), " \n").kinds == (
        "special",
        "text",
        "text",
        "special",
    )


def test_plain_adds_nothing():
    assert tokenize_plain(tokenizer_of("byte_level"), " king").pieces == (" king",)
    assert len(tokenize_plain(tokenizer_of("byte_level"), "")) == 0


def test_truncation_keeps_inserted_tokens_and_cuts_text():
    tokens = tokenize(tokenizer_of("byte_level"), "the king said unto the cat")
    end = truncate(tokens, 4, keep_end=True)
    assert (end.pieces, end.text) == (("<s>", " the", " cat", "</s>"), " the cat")
    assert end.spans.tolist() == [[0, 0], [0, 4], [4, 8], [8, 8]]
    start = truncate(tokens, 4, keep_end=False)
    assert (start.pieces, start.text) == (("<s>", "the", " king", "</s>"), "the king")
    assert truncate(tokens, 100, keep_end=True) is tokens


def test_truncation_inside_a_character_keeps_the_whole_character():
    tokens = tokenize(tokenizer_of("byt5"), "a😀b")
    cut = truncate(tokens, 4, keep_end=False)
    assert cut.pieces == ("a", "F0", "9F", "</s>")
    assert cut.text == "a😀"
    assert cut.to_dict()["whole"] == [None, "😀", "😀", None]


def test_truncation_to_less_than_the_special_tokens():
    tokens = tokenize(tokenizer_of("byte_level"), "the king")
    assert len(truncate(tokens, 1, keep_end=True)) == 1


def test_joining_moves_spans_and_words():
    both = join(Tokens.from_pieces(["a", " b"]), Tokens.from_pieces([" c"]))
    assert both.text == "a b c"
    assert both.spans.tolist() == [[0, 1], [1, 3], [3, 5]]
    np.testing.assert_array_equal(both.words, [0, 1, 2])


def test_text_longer_than_the_tokenizers_own_limit_gives_no_warning():
    tokenizer = tokenizer_of("word_piece")
    assert len(tokenize(tokenizer, "the " * 3000)) == 3002
