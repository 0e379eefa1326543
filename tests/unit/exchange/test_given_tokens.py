"""Tokens as other packages name them: marks of three kinds of vocabulary, and plain pieces."""

import pytest
from transformers import BertTokenizerFast

import lmwidget as lmw
from lmwidget.errors import InputError
from lmwidget.exchange.given_tokens import given_tokens
from lmwidget.tokens import Tokens

STRANGE = "The “naïve” café 👩🏽‍🚀 漢字 العربية\n\tx </script> <s>!"


@pytest.fixture(scope="module")
def tiny():
    return lmw.load("tiny")


@pytest.mark.parametrize("text", ["The king said unto the people", STRANGE, "a", " lead"])
def test_byte_level_strings_read_as_the_model_s_own_tokens(tiny, text):
    own = tiny.tokenize(text)
    read = given_tokens(own.raw)
    if any("Ġ" in raw or "Ċ" in raw for raw in own.raw):
        assert (read.text, read.pieces, read.kinds) == (own.text, own.pieces, own.kinds)
        assert read.spans.tolist() == own.spans.tolist()
    assert read.text == text


def test_sentence_pieces_and_their_bytes():
    read = given_tokens(["<s>", "▁The", "▁c", "at", "<0xF0>", "<0x9F>", "<0x98>", "<0x80>", "</s>"])
    assert read.text == "The cat😀"
    assert read.pieces == ("<s>", "The", " c", "at", "F0", "9F", "98", "80", "</s>")
    assert read.kinds == ("special", *["text"] * 3, *["bytes"] * 4, "special")


def test_word_pieces_are_put_together_as_bert_s_own_decoder_does(tmp_path):
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un", "##real", "it", "s", "is", ".", ",", "'"]  # fmt: skip
    (tmp_path / "vocab.txt").write_text("\n".join(vocabulary))
    bert = BertTokenizerFast(str(tmp_path / "vocab.txt"))
    ids = bert("unreal, it is.")["input_ids"]
    read = given_tokens(bert.convert_ids_to_tokens(ids))
    assert read.text == bert.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=True)  # fmt: skip
    assert read.text == "unreal, it is."
    assert read.kinds[0] == read.kinds[-1] == "special"
    assert "".join(read.text[a:b] for a, b in read.spans) == "unreal,itis."


def test_plain_pieces_and_own_tokens_stay_as_they_are():
    pieces = ["So", " it", " is", "</script>", "漢"]
    assert given_tokens(pieces).pieces == tuple(pieces)
    own = Tokens.from_pieces(pieces)
    assert given_tokens(own) is own


@pytest.mark.parametrize("none", [None, "a text"])
def test_no_list_of_tokens_is_an_error_that_says_what_to_give(none):
    with pytest.raises(InputError, match=r"lm\.tokenize"):
        given_tokens(none)
