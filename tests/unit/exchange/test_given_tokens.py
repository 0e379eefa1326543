"""Tokens as other packages name them: marks of three kinds of vocabulary, and plain pieces."""

import numpy as np
import pytest
import torch
from transformers import BertTokenizerFast

import lmwidget as lmw
from lmwidget.errors import InputError, UnknownNameError
from lmwidget.exchange import from_captum, from_inseq, from_lime, from_shap
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


def test_words_without_any_mark_are_not_glued():
    """What convert_ids_to_tokens gives of a plain sentence that BERT's vocabulary knows word by word."""
    read = given_tokens(["an", "awful", "plot", ",", "but", "a", "wonderful", "cast", "."])
    assert read.text == "an awful plot, but a wonderful cast."
    assert len(set(read.words.tolist())) == 9
    assert given_tokens(["[CLS]", "我", "爱", "猫", "[SEP]"]).text == "我爱猫"
    assert given_tokens(["我们", "爱", "猫"]).text == "我们爱猫"
    assert given_tokens(list("cat")).text == "cat"  # letters are no words
    assert given_tokens(["un", "real"], verbatim=True).text == "unreal"


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bert")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un", "##real", "it", "is", "."]
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    return BertTokenizerFast(str(folder / "vocab.txt"))


def test_a_tokenizer_leaves_nothing_to_guess(bert, tiny):
    ids = bert("unreal it is.")["input_ids"]
    strings = bert.convert_ids_to_tokens(ids)
    for given in (ids, np.array(ids), torch.tensor([ids]), strings, "unreal it is."):
        read = given_tokens(given, bert)
        assert read.raw == tuple(strings)
        assert read.ids.tolist() == ids
        assert read.kinds[0] == read.kinds[-1] == "special"
        assert "unreal it is" in read.text
    own = tiny.tokenize("king")  # one word: no mark tells what kind of vocabulary it is
    assert given_tokens(list(own.raw), tiny).text == "king"
    for wrong in ([1.5], [99_999], ["nothing like it"]):
        with pytest.raises(InputError, match="this tokenizer"):
            given_tokens(wrong, bert)


def test_pictures_of_arrays_read_the_marks_and_know_special_tokens():
    raw = ["[CLS]", "un", "##believ", "##ably", "good", "[SEP]"]
    shown = lmw.SaliencyText.from_arrays([0, 1, 1, 1, 2, 0], raw).result
    assert shown.tokens.text == "unbelievably good"
    assert shown.by("word").scores.tolist() == [0, 3, 2, 0]
    assert [kind == "special" for kind in shown.tokens.kinds] == [True, *[False] * 4, True]


@pytest.mark.parametrize("read", [from_captum, from_inseq, from_lime, from_shap])
def test_an_argument_that_there_is_not_is_named(read):
    with pytest.raises(UnknownNameError, match=rf"{read.__name__} takes no 'methd'.*'method'"):
        read([1.0], ["a"], methd="x")


def test_plain_pieces_and_own_tokens_stay_as_they_are():
    pieces = ["So", " it", " is", "</script>", "漢"]
    assert given_tokens(pieces).pieces == tuple(pieces)
    own = Tokens.from_pieces(pieces)
    assert given_tokens(own) is own


@pytest.mark.parametrize("none", [None, "a text"])
def test_no_list_of_tokens_is_an_error_that_says_what_to_give(none):
    with pytest.raises(InputError, match=r"lm\.tokenize"):
        given_tokens(none)
