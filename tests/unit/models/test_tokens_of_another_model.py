"""Tokens that a model did not make are not read as if it had."""

from __future__ import annotations

import pytest

import lmwidget as lmw
from lmwidget.errors import InputError


@pytest.mark.parametrize("read", ["attribute", "attention", "predict", "sensitivity"])
def test_pieces_have_no_ids_of_a_model(causal_lm, read):
    pieces = lmw.Tokens.from_pieces(["the", " king", " said"])
    with pytest.raises(InputError, match=r"not of gpt2.*lm\.tokenize"):
        getattr(causal_lm, read)(pieces)


def test_tokens_of_another_tokenizer(causal_lm, masked_lm):
    with pytest.raises(InputError, match="These tokens are not of gpt2"):
        causal_lm.attention(masked_lm.tokenize("the king said"))


@pytest.mark.parametrize(
    "text", ["the king", "é🙂 日本 שלום </script>", [{"role": "user", "content": "hi"}]]
)
def test_own_tokens_are_read(smollm2, text):
    tokens = smollm2.tokenize(text)
    assert smollm2.tokenize(tokens) is tokens
