"""Tokenizers from anywhere: spans partition the text, targets are found."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from own_modules import GPT, VOCABULARY, WIDTH, Mixer, seeded
from test_alignment import check
from tokenizers import Tokenizer
from tokenizers_zoo import tokenizer_of
from torch import nn

import lmwidget as lmw
from lmwidget.errors import InputError
from lmwidget.models.own_tokenizer import OwnTokenizer, as_tokenizer
from lmwidget.models.surfaces import byte_level
from lmwidget.models.tokenizing import token_text, tokenize, tokens_from_ids

TEXTS = ["the cat  sat\n", "é👩‍👩‍👧 日本", " naïve\t</script>", "e\u0301", "\u202eשלום", "a"]


class Tiktoken:
    """Encodes and decodes as tiktoken does: bytes, and specials that are refused in text."""

    def __init__(self):
        self.inside = tokenizer_of("byte_level")
        self.n_vocab = len(self.inside)
        self.eot_token = 2

    def encode(self, text):
        raise ValueError("special tokens are not allowed")

    def encode_ordinary(self, text):
        return self.inside(text, add_special_tokens=False)["input_ids"]

    def decode(self, ids):
        return b"".join(map(self.decode_single_token_bytes, ids)).decode(errors="replace")

    def decode_single_token_bytes(self, token):
        return byte_level(self.inside.convert_ids_to_tokens(token)) or b""


def strings_only():
    """The same, with no more than encode and decode."""
    inside = Tiktoken()
    return (inside.encode_ordinary, inside.decode)


@pytest.mark.parametrize("given", [Tiktoken, strings_only], ids=["bytes", "strings"])
@pytest.mark.parametrize("text", TEXTS)
def test_byte_pairs(given, text):
    tokens = tokenize(as_tokenizer(given()), text)
    check(tokens, text)
    expected = tokenize(tokenizer_of("byte_level"), text)
    assert tokens.ids.tolist() == expected.ids.tolist()[1:-1]
    if given is Tiktoken:
        assert tokens.spans.tolist() == expected.spans.tolist()[1:-1]


def test_bytes_of_a_split_character_are_shown():
    tokens = tokenize(as_tokenizer(Tiktoken()), "a🦄")
    expected = tokenize(tokenizer_of("byte_level"), "a🦄")
    assert tokens.pieces == expected.pieces[1:-1]
    assert set(tokens.kinds[1:]) == {"bytes"}


@pytest.mark.parametrize("kind", ["byte_level", "word_piece", "unigram_nfkc"])
@pytest.mark.parametrize("text", TEXTS)
def test_a_tokenizer_of_the_tokenizers_library(kind, text):
    inside = tokenizer_of(kind)
    given = Tokenizer.from_str(inside.backend_tokenizer.to_str())
    assert tokenize(as_tokenizer(given), text) == tokenize(inside, text)
    assert as_tokenizer(given).mask_token == "<mask>"


def test_characters():
    tokenizer = as_tokenizer({**VOCABULARY, "<unk>": 29, "[MASK]": 30})
    tokens = tokenize(tokenizer, "the Cat [MASK]")
    check(tokens, "the Cat [MASK]")
    assert tokens.kinds[4] == "unknown"
    assert tokens.pieces[4] == "C"
    assert tokens.kinds[-1] == "special"
    assert (len(tokenizer), tokenizer.mask_token_id, tokenizer.pad_token_id) == (31, 30, None)
    assert tokens_from_ids(tokenizer, tokens.ids[:4].tolist()).text == "the "
    assert token_text(tokenizer, 26) == " "
    assert token_text(tokenizer, 999) == "id 999"


def test_a_character_that_is_not_there_is_named():
    with pytest.raises(InputError, match=r"'T' at 0 is not in the vocabulary"):
        tokenize(as_tokenizer(VOCABULARY), "The")


def test_a_decoder_that_drops_spaces():
    """SentencePiece's way: the text comes back without the spaces between its words."""
    words = ["the", "cat", "sat"]
    given = (
        lambda text: [words.index(word) for word in text.split()],
        lambda ids: " ".join(words[i] for i in ids),
    )
    tokens = tokenize(as_tokenizer(given), "the cat  sat ")
    check(tokens, "the cat  sat ")
    assert tokens.pieces == ("the", " cat", "  sat ")


def test_a_decoder_that_changes_the_text():
    given = (lambda text: [ord(c) for c in text.lower()], lambda ids: "".join(map(chr, ids)))
    tokens = tokenize(as_tokenizer(given), "The CAT")
    check(tokens, "The CAT")
    assert tokens.pieces == ("T", "h", "e", " ", " C", "A", "T")


def test_a_pair_of_texts():
    tokens = tokenize(as_tokenizer(VOCABULARY), ("the cat", "sat"))
    check(tokens, "the catsat")
    assert tokens.segments.tolist() == [0] * 7 + [1] * 3


def test_targets_are_found_by_their_text():
    lm = lmw.LanguageModel(seeded(GPT, Mixer), VOCABULARY)
    why = lm.attribute("the cat", target=" ", foil="s")
    assert (why.target.id, why.foil.id) == (VOCABULARY[" "], VOCABULARY["s"])
    phrase = lm.attribute("the cat", target="at").target
    assert phrase.ids == (VOCABULARY["a"], VOCABULARY["t"])


def test_baselines():
    mask = {**VOCABULARY, "<mask>": 29, "<pad>": 30}
    module = seeded(GPT, Mixer)
    module.wte = seeded(nn.Embedding, 31, WIDTH)
    module.lm_head = seeded(nn.Linear, WIDTH, 31)
    lm = lmw.LanguageModel(module, mask)
    why = lm.attribute("the cat", "integrated_gradients")
    assert why.settings["baseline"] == "pad"
    assert lm.attribute("the cat", "integrated_gradients", baseline="mask").check is not None


@pytest.mark.parametrize("given", [None, 7, "gpt2", SimpleNamespace(encode=ord), (ord,), object()])
def test_refused(given):
    with pytest.raises(
        InputError, match=r"needs the model's tokenizer, not a .* encode and decode"
    ):
        as_tokenizer(given)


@pytest.mark.parametrize("given", [{}, {1: 2}, {"a": 0, "b": 0}])
def test_refused_vocabularies(given):
    with pytest.raises(InputError):
        as_tokenizer(given)


def test_an_encoder_that_fails_is_named():
    def broken(text):
        raise RuntimeError("no")

    with pytest.raises(InputError, match=r"cannot encode 'a': RuntimeError\('no'\)"):
        tokenize(as_tokenizer((broken, str)), "a")
    assert repr(OwnTokenizer(Tiktoken())).startswith("<OwnTokenizer: Tiktoken of ")
