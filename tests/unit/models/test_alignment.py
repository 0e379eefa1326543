"""Every tokenizer: each character in one token, pieces rebuild the text, byte parts share spans."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tokenizers_zoo import ALL, tokenizer_of

from lmwidget.errors import InputError
from lmwidget.models.alignment import Unit, align
from lmwidget.models.surfaces import byte_level, sentencepiece, show_bytes
from lmwidget.models.tokenizing import token_text, tokenize, tokens_from_ids
from lmwidget.tokens import Tokens

ODD = [
    "👩\u200d👩\u200d👧\u200d👦 family",
    "naïve café, e\u0301a\u0300o\u0308",
    "日本語の文章です。",
    "العربية مع עברית and English",
    "हिन्दी ไทย 한국어 \u1112\u1161\u11ab",
    "a\u200db\u200c\u200bc\ufeff",
    "line\nbreak\r\n\ttab  two   spaces   ",
    "</script><img src=x onerror=alert(1)>",
    "<s>typed</s> <mask> <unk> <pad>",
    "nul \x00 bell \x07 end\x00",
    "ﬁne ½ ² Å ｆｕｌｌ ㎏ ẞ İ",
    "▁literal Ġletters ##and <0xE2> é Ã©",
    "\u202eright to left\u202c",
    "🏳️\u200d🌈 1️⃣ 👋🏽",
    "...!!!??? -- ''",
]


def check(tokens: Tokens, text: str) -> None:
    """The promise of `Tokens`, by counting characters."""
    assert tokens.text == text
    holders: list[list[int]] = [[] for _ in text]
    last_start = last_end = 0
    for i, (start, end) in enumerate(tokens.spans.tolist()):
        assert last_start <= start <= end
        assert last_end <= end
        last_start, last_end = start, end
        for place in range(start, end):
            holders[place].append(i)
        if tokens.kinds[i] in {"text", "unknown"}:
            assert tokens.pieces[i] == (text[start:end] or tokens.raw[i])
        elif tokens.kinds[i] == "special":
            assert tokens.pieces[i] == tokens.raw[i]
        assert (tokens.words[i] == -1) == (tokens.kinds[i] == "special")
    for place, held in enumerate(holders):
        assert held, f"character {place} of {text!r} is in no token"
        assert len(held) == 1 or {tokens.kinds[i] for i in held} == {"bytes"}
        assert held == list(range(held[0], held[-1] + 1))
    for i, kind in enumerate(tokens.kinds):
        if kind == "bytes":
            assert any(len(held) > 1 and i in held for held in holders)
    assert all("\n" not in label and "\t" not in label for label in tokens.labels)
    assert Tokens.from_dict(tokens.to_dict(), text, tokens.source) == tokens


def read(kind: str, text: str) -> Tokens | None:
    """Tokens, or None where the tokenizer makes nothing of the text."""
    tokenizer = tokenizer_of(kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ByT5 warns of a typed </s>
        ids = tokenizer(text, verbose=False)["input_ids"]
    try:
        tokens = tokenize(tokenizer, text)
    except InputError:
        assert set(ids) <= set(tokenizer.all_special_ids) - {tokenizer.mask_token_id}
        return None
    assert tokens.ids.tolist() == ids
    return tokens


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("kind", ALL)
def test_odd_text(kind, text):
    tokens = read(kind, text)
    assert tokens is not None
    check(tokens, text)


_CHARACTERS = st.one_of(
    st.sampled_from([*"the king said. ", "\n", "\t", "  ", "é", "e\u0301", "ﬁ", "½", "日", "本"]),
    st.sampled_from(["👩\u200d👧", "😀", "ع", "ש", "\u200d", "\u0301", "▁", "Ġ", "##", "<0xE2>"]),
    st.sampled_from(["<s>", "</s>", "<mask>", "<unk>", " the", " cat", "İ", "ß", "\x00", "\ufeff"]),
    st.characters(exclude_categories=["Cs"]),
)


@pytest.mark.parametrize("kind", ALL)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(pieces=st.lists(_CHARACTERS, min_size=1, max_size=12))
@example(pieces=[" "])
@example(pieces=["▁"])
@example(pieces=["t", "\x1f"])
@example(pieces=["½"])
@example(pieces=["\u0301"])
@example(pieces=["a", "\u0301", " ", "\u0301"])
def test_any_text(kind, pieces):
    text = "".join(pieces)
    tokens = read(kind, text)
    if tokens is not None:
        check(tokens, text)


@pytest.mark.parametrize("kind", ALL)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    first=st.lists(_CHARACTERS, min_size=1, max_size=6),
    second=st.lists(_CHARACTERS, min_size=1, max_size=6),
)
def test_any_pair(kind, first, second):
    first, second = "".join(first), "".join(second)
    try:
        tokens = tokenize(tokenizer_of(kind), (first, second))
    except InputError:
        return
    check(tokens, first + second)
    assert tokens.source == "pair"


@pytest.mark.parametrize("kind", ALL)
def test_a_word_of_ten_thousand_letters(kind):
    text = "start " + "x" * 10_000 + " end"
    tokens = read(kind, text)
    assert tokens is not None
    check(tokens, text)


@pytest.mark.parametrize("kind", ["byte_level", "sentencepiece_bpe", "unigram_bytes", "byt5"])
def test_bytes_of_a_split_character_spell_it(kind):
    tokens = read(kind, "a🦄b")
    assert tokens is not None
    parts = [i for i, place in enumerate(tokens.kinds) if place == "bytes"]
    assert len(parts) > 1
    shown = bytes.fromhex("".join(tokens.pieces[i] for i in parts))
    assert shown.decode().strip() == "🦄"
    assert {tokens.to_dict()["whole"][i].strip() for i in parts} == {"🦄"}
    assert len({int(tokens.words[i]) for i in parts}) == 1


def test_byte_level_pieces_are_exact():
    tokens = tokenize(tokenizer_of("byte_level"), "the  king\n said")
    assert tokens.pieces == ("<s>", "the", " ", " king", "\n", " said", "</s>")
    assert tokens.spans.tolist() == [[0, 0], [0, 3], [3, 4], [4, 9], [9, 10], [10, 15], [15, 15]]


def test_lower_casing_keeps_what_was_written_with_its_accents():
    tokens = tokenize(tokenizer_of("word_piece"), "THE  CAT e\u0301")
    assert tokens.pieces[:3] == ("<s>", "THE", "  CAT")
    assert tokens.pieces[-2] == " e\u0301"


def test_unknown_tokens_show_what_was_written():
    tokens = tokenize(tokenizer_of("word_piece"), "the ∰∰ cat")
    place = tokens.kinds.index("unknown")
    assert tokens.pieces[place] == " ∰∰"
    assert tokens.raw[place] == "<unk>"


def test_typed_special_token_is_special_and_holds_its_text():
    tokens = tokenize(tokenizer_of("byte_level"), "<s>a")
    assert tokens.kinds[:3] == ("special", "special", "text")
    assert tokens.spans[:3].tolist() == [[0, 0], [0, 3], [3, 4]]


def test_slow_tokenizers_are_matched_by_their_letters():
    tokens = tokenize(tokenizer_of("slow"), "The LAZY dog, zebra dog")
    found = dict(zip(tokens.pieces, tokens.raw, strict=True))
    assert found["The"] == "the"
    assert found[" LAZ"] == "laz"
    assert tokens.pieces[-2] == " dog"


def test_a_single_candidate_keeps_its_leading_space():
    for kind, raw in (("byte_level", "Ġking"), ("sentencepiece_bpe", "▁the")):
        tokenizer = tokenizer_of(kind)
        if raw in tokenizer.get_vocab():
            token = tokenizer.convert_tokens_to_ids(raw)
            assert token_text(tokenizer, token) == " " + raw[1:]
    byte_tokenizer = tokenizer_of("byte_level")
    assert token_text(byte_tokenizer, byte_tokenizer.convert_tokens_to_ids("ð")) == "F0"
    assert token_text(byte_tokenizer, 1) == "<s>"
    assert token_text(byte_tokenizer, 10**6) == "id 1000000"
    assert token_text(tokenizer_of("byt5"), 3 + 0xE9) == "E9"


@pytest.mark.parametrize("kind", ["byte_level", "sentencepiece_bpe", "unigram_bytes", "byt5"])
def test_written_ids_spell_their_text(kind):
    tokenizer = tokenizer_of(kind)
    ids = tokenizer("the king 😀é said")["input_ids"]
    tokens = tokens_from_ids(tokenizer, ids)
    assert tokens.text.strip() == "the king 😀é said"
    check(tokens, tokens.text)


def test_show_bytes():
    assert show_bytes("aé".encode()) == "aé"
    assert show_bytes(b" \xf0\x9f") == " F0 9F"
    assert show_bytes(b"\xa5\xe6") == "A5 E6"
    assert show_bytes("é".encode() + b"\xe2") == "é E2"


def test_scheme_of_bytes():
    assert byte_level("Ġcat") == b" cat"
    assert byte_level("日") is None
    assert sentencepiece("<0xe2>") == b"\xe2"
    assert sentencepiece("a<0xE2>") == b"a<0xE2>"


def test_alignment_of_plain_units():
    units = [Unit("[CLS]", inserted=True), Unit("ab", offset=(0, 2)), Unit("c", offset=(3, 4))]
    placed = align("ab c ", units)
    assert [(p.start, p.end, p.piece) for p in placed] == [
        (0, 0, "[CLS]"),
        (0, 2, "ab"),
        (2, 5, " c "),
    ]


def test_ids_of_whole_words_are_written_with_the_spaces_between_them():
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {"[UNK]": 0, "la": 1, "casa": 2, "##s": 3, "vieja": 4}
    for model in (models.WordLevel(words, "[UNK]"), models.WordPiece(words, unk_token="[UNK]")):
        raw = Tokenizer(model)
        raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, unk_token="[UNK]")
        tokens = tokens_from_ids(tokenizer, [1, 2, 4])
        assert tokens.text == tokenizer.decode([1, 2, 4]) == "la casa vieja"
        assert tokens.words.tolist() == [0, 1, 2]
        assert "".join(tokens.pieces) == tokens.text
    assert tokens_from_ids(tokenizer, [1, 2, 3, 4]).text == "la casas vieja"
