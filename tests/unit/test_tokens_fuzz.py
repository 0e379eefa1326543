"""Random text of every kind through every kind of tokenizer; the long run is tests/bench/fuzz.py."""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from strange_text import FAMILIES, TEXTS, check_tokens

sys.path.insert(0, str(Path(__file__).parent / "models"))
from tokenizers_zoo import tokenizer_of

from lmwidget.errors import InputError
from lmwidget.models.own_tokenizer import as_tokenizer
from lmwidget.models.surfaces import byte_level
from lmwidget.models.tokenizing import tokenize
from lmwidget.models.word_tokenizer import WordTokenizer

KINDS = [kind for kinds in FAMILIES.values() for kind in kinds]
_SETTINGS = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


def read(kind, text):
    """Tokens, or None where the tokenizer makes nothing of the text."""
    tokenizer = tokenizer_of(kind)
    try:
        return tokenize(tokenizer, text)
    except InputError as error:
        assert "nothing but special tokens" in str(error)  # noqa: PT017
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ByT5 warns of a typed </s>
            ids = tokenizer(text, verbose=False)["input_ids"]
        assert set(ids) <= set(tokenizer.all_special_ids) - {tokenizer.mask_token_id}
        return None


@pytest.mark.parametrize("kind", KINDS)
@_SETTINGS
@given(text=TEXTS)
@example(text="</script>")
@example(text="x" * 3000)
@example(text="👩\u200d👩\u200d👧" * 40)
@example(text=" \t\n ")
@example(text="ii\ufdfb")
@example(text="\u202eabc\u202c \u0301\u0301")
def test_any_text(kind, text):
    tokens = read(kind, text)
    if tokens is not None:
        check_tokens(tokens, text)


@pytest.mark.parametrize("kind", KINDS)
@settings(_SETTINGS, max_examples=5)
@given(before=st.text(max_size=5), lone=st.integers(0xD800, 0xDFFF), after=st.text(max_size=5))
def test_half_a_character_is_refused(kind, before, lone, after):
    with pytest.raises(InputError, match="lone surrogate U\\+D"):
        tokenize(tokenizer_of(kind), before + chr(lone) + after)


def own_tokenizers():
    """Tokenizers that are not transformers' tokenizers: words, pieces, and bytes as strings."""
    bytes_only = tokenizer_of("byte_level")

    def decode(ids):
        raws = "".join(bytes_only.convert_ids_to_tokens(ids))
        return (byte_level(raws) or b"").decode(errors="replace")

    def encode(text):
        return bytes_only(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]

    return {
        "words": WordTokenizer.of(["The king said: don't"]),
        "pieces": {"<unk>": 0, "the": 1, " ": 2, "t": 3, "h": 4, "e": 5, "😀": 6, "é": 7},
        "functions": (encode, decode),
    }


@pytest.mark.parametrize("kind", ["words", "pieces", "functions"])
@settings(_SETTINGS, max_examples=60)
@given(text=TEXTS)
def test_any_text_through_tokenizers_of_ones_own(kind, text):
    tokenizer = as_tokenizer(own_tokenizers()[kind])
    try:
        tokens = tokenize(tokenizer, text)
    except InputError:
        assert kind == "words"
        assert not WordTokenizer([]).encode(text)
        return
    check_tokens(tokens, text)


@pytest.mark.parametrize("field", ["spans", "pieces", "words", "text"])
def test_the_check_itself_finds_faults(field):
    tokens = tokenize(tokenizer_of("byte_level"), "the king said")
    check_tokens(tokens, "the king said")
    spans = tokens.spans.copy()
    spans[2, 0] += 1
    broken = {
        "spans": spans,
        "pieces": tuple(piece.upper() for piece in tokens.pieces),
        "words": tokens.words * 2,
        "text": "the king saidx",
    }
    with pytest.raises(AssertionError):
        check_tokens(replace(tokens, **{field: broken[field]}), "the king said")
