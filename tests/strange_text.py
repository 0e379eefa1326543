"""Text of every kind that breaks tokenizers, and the promise that `Tokens` keep about it."""

from __future__ import annotations

import itertools
import json

from hypothesis import strategies as st

from lmwidget.tokens import KINDS, Tokens
from lmwidget.words import word_groups

FAMILIES = {
    "byte-level BPE": ("byte_level", "byte_level_prefix", "byte_level_nfc", "byte_level_nfkc"),
    "WordPiece": ("word_piece",),
    "SentencePiece": ("sentencepiece_bpe", "unigram_bytes", "unigram_nfkc"),
    "bytes": ("byt5",),
    "slow, without offsets": ("slow",),
}
_NASTY = [
    "</script>",
    "<!--",
    "&amp;",
    "👩\u200d👩\u200d👧\u200d👦",
    "🏳️\u200d🌈",
    "👋🏽",
    "1️⃣",
    "🇩🇪",
    "e\u0301",
    "a\u0300\u0301\u0302\u0303",
    "\u0301",
    "ẞ",
    "İ",
    "ǰ",
    "ﬁ",
    "½",
    "㎏",
    "ｆｕｌｌ",
    "\u1112\u1161\u11ab",
    "한국어",
    "日本語",
    "क्षि",
    "ไทย",
    "العربية",
    "עברית",
    "\u202eabc\u202c",
    "\u2066x\u2069",
    "\x00",
    "\x1b[0m",
    "\x7f",
    "\x85",
    "\ufeff",
    "\ufffd",
    "\ufffe",
    "\u2028",
    "\u200b",
    "\u3000",
    "\xa0",
    "\r\n",
    "\t",
    "▁",
    "Ġ",
    "##",
    "@@",
    "</w>",
    "<0xE2>",
    "<s>",
    "</s>",
    "<mask>",
    "<unk>",
    "<pad>",
    "<extra_id_0>",
    " the",
    "The king",
    "don't",
]
_CHARACTER = st.characters(exclude_categories=["Cs"])
_PLANES = st.sampled_from([(0, 0xD7FF), (0xE000, 0xFFFF)]) | st.integers(1, 16).map(
    lambda plane: (plane << 16, (plane << 16) + 0xFFFF)
)
_ANY_PLANE = _PLANES.flatmap(lambda ends: st.integers(*ends)).map(chr)
_RUN = st.builds(
    lambda piece, count: piece * count,
    st.sampled_from(
        ["x", " ", "\n", "\u0301", "😀", "日", "ab ", "\u200d", "a\u0301", "▁", "the "]
    ),
    st.integers(2, 300),
)
_BLANKS = st.text(" \t\n\r\u3000\xa0\u2003", min_size=1, max_size=20)
_PIECE = st.one_of(
    st.sampled_from(_NASTY), _CHARACTER, _ANY_PLANE, st.text("the king.", max_size=9)
)
TEXTS = st.one_of(
    st.lists(_PIECE, min_size=1, max_size=20).map("".join),
    st.text(_CHARACTER, min_size=1, max_size=40),
    st.lists(_RUN | _PIECE, min_size=1, max_size=4).map("".join),
    _BLANKS,
).filter(bool)


def check_tokens(tokens: Tokens, text: str) -> None:
    """Raise AssertionError unless the tokens are what `Tokens` promises of them."""
    assert tokens.text == text
    spans = [(int(start), int(end)) for start, end in tokens.spans]
    _check_spans(tokens, spans)
    _check_pieces(tokens, spans)
    words = tokens.words.tolist()
    assert words == word_groups(text, tokens.spans, tokens.kinds).tolist()
    counted = [word for word in words if word >= 0]
    assert all(b - a in (0, 1) for a, b in itertools.pairwise(counted))
    assert counted[:1] in ([], [0])
    for label in tokens.labels:
        assert label
        assert not set(label) & set("\n\r\t\x00\u2028\u2029")
    wire = json.loads(json.dumps(tokens.to_dict(), allow_nan=False))
    assert Tokens.from_dict(wire, text, tokens.source) == tokens


def _check_spans(tokens: Tokens, spans: list[tuple[int, int]]) -> None:
    """Every character is in one token; one that is split is whole in each of its parts."""
    assert set(tokens.kinds) <= set(KINDS)
    assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in itertools.pairwise(spans))
    holders = [0] * len(tokens.text)
    for (start, end), kind in zip(spans, tokens.kinds, strict=True):
        assert 0 <= start <= end <= len(tokens.text)
        for place in range(start, end):
            holders[place] += 1 if kind != "bytes" else 1000
    for place, held in enumerate(holders):
        assert held == 1 or (held % 1000 == 0 and held >= 1000), (place, tokens.text[place])


def _check_pieces(tokens: Tokens, spans: list[tuple[int, int]]) -> None:
    """Pieces rebuild the text, parts of characters aside."""
    rebuilt, done = "", 0
    for (start, end), kind, piece, raw in zip(
        spans, tokens.kinds, tokens.pieces, tokens.raw, strict=True
    ):
        own = tokens.text[start:end]
        if kind in ("text", "unknown"):
            assert piece == (own or raw)
        elif kind == "special":
            assert piece == raw
        rebuilt += own[max(0, done - start) :]
        done = max(done, end)
    assert rebuilt == tokens.text
