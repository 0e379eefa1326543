"""Tokenizers of every kind, trained in memory on a few sentences."""

from __future__ import annotations

import json
from functools import cache

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers import processors as post
from transformers import ByT5Tokenizer, PreTrainedTokenizerFast
from transformers.tokenization_python import PreTrainedTokenizer

CORPUS = [
    "The quick brown fox jumps over the lazy dog, and the lazy dog sleeps.",
    "the king said unto the king: behold, the cat sat because it was tired",
    "Café naïve façade déjà vu, ﬁne ½ über straße",
    "日本語の文章 中文 한국어 العربية עברית हिन्दी ไทย",
    "😀 👩‍👩‍👧 🏳️‍🌈 e\u0301 line\nbreak\ttab  two  spaces",
] * 4
SPECIALS = ["<pad>", "<s>", "</s>", "<mask>", "<unk>"]
_NAMES = {
    "pad_token": "<pad>",
    "bos_token": "<s>",
    "eos_token": "</s>",
    "mask_token": "<mask>",
    "unk_token": "<unk>",
}


def _around(
    single: str = "<s> $A </s>", pair: str = "<s> $A </s> $B:1 </s>:1"
) -> post.PostProcessor:
    return post.TemplateProcessing(
        single=single, pair=pair, special_tokens=[("<s>", 1), ("</s>", 2)]
    )


def _wrap(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **_NAMES)


def _with_byte_fallback(tokenizer: Tokenizer, *, on: bool) -> Tokenizer:
    """Make bytes ordinary entries of the vocabulary, as in the files of Llama 2 and Gemma."""
    state = json.loads(tokenizer.to_str())
    state["model"]["byte_fallback"] = on
    state["added_tokens"] = state["added_tokens"][: len(SPECIALS)]
    return Tokenizer.from_str(json.dumps(state))


def _bpe(*, normalizer=None, prefix=False, trim=False) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=SPECIALS,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.post_processor = post.ByteLevel(trim_offsets=True) if trim else _around()
    return _wrap(tokenizer)


def byte_level():
    """GPT-2's way, with <s> and </s> around."""
    return _bpe()


def byte_level_prefix():
    """A space before the first word, offsets trimmed: RoBERTa's way."""
    return _bpe(prefix=True, trim=True)


def byte_level_nfc():
    """Characters composed first: Qwen's way."""
    return _bpe(normalizer=normalizers.NFC())


def byte_level_nfkc():
    """Byte-level tokens of text that has been changed first."""
    return _bpe(normalizer=normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()]))


def sentencepiece_bpe():
    """BPE with a byte for what the vocabulary lacks: Llama 2's way."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=[*SPECIALS, *(f"<0x{byte:02X}>" for byte in range(256))],
        limit_alphabet=40,
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer = _with_byte_fallback(tokenizer, on=True)
    tokenizer.post_processor = _around("<s> $A", "<s> $A $B:1")
    return _wrap(tokenizer)


def _unigram(*, byte_fallback: bool, nfkc: bool) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    extra = [f"<0x{byte:02X}>" for byte in range(256)] if byte_fallback else []
    trainer = trainers.UnigramTrainer(
        vocab_size=400,
        special_tokens=[*SPECIALS, *extra],
        unk_token="<unk>",
        show_progress=False,
    )
    tokenizer.train_from_iterator([line.lower() for line in CORPUS[:2]], trainer)
    tokenizer = _with_byte_fallback(tokenizer, on=byte_fallback)
    if nfkc:
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.NFKC(), normalizers.Replace(" {2,}", " "), normalizers.Strip()]
        )
    tokenizer.post_processor = _around("$A </s>", "$A </s> $B </s>")
    return _wrap(tokenizer)


def unigram_bytes():
    """Unigram with a byte for what the vocabulary lacks."""
    return _unigram(byte_fallback=True, nfkc=False)


def unigram_nfkc():
    """Text normalised, unknown letters unknown: T5's way."""
    return _unigram(byte_fallback=False, nfkc=True)


def word_piece():
    """Lower case without accents: BERT's way."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=300, special_tokens=SPECIALS, show_progress=False, limit_alphabet=60
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.post_processor = _around()
    return _wrap(tokenizer)


def byt5():
    """Every byte a token, no offsets."""
    return ByT5Tokenizer()


class SlowTokenizer(PreTrainedTokenizer):
    """Words in lower case cut in pieces of three letters, in plain Python, no offsets."""

    def __init__(self, **settings):
        self.pieces = {token: i for i, token in enumerate(SPECIALS)}
        letters = "abcdefghijklmnopqrstuvwxyz,.!?"
        self.pieces.update({p: len(SPECIALS) + i for i, p in enumerate(letters)})
        words = sorted({w for line in CORPUS[:2] for w in line.lower().split()})
        for word in words:
            self.pieces.setdefault(word[:3], len(self.pieces))
            for cut in range(3, len(word), 3):
                self.pieces.setdefault("##" + word[cut : cut + 3], len(self.pieces))
        self.names = {i: piece for piece, i in self.pieces.items()}
        super().__init__(**_NAMES, **settings)

    @property
    def vocab_size(self):
        return len(self.pieces)

    def get_vocab(self):
        return dict(self.pieces)

    def _tokenize(self, text):
        cut = []
        for word in text.lower().split():
            cut.append(word[:3])
            cut += ["##" + word[i : i + 3] for i in range(3, len(word), 3)]
        return cut

    def _convert_token_to_id(self, token):
        return self.pieces.get(token, self.pieces["<unk>"])

    def _convert_id_to_token(self, index):
        return self.names[index]

    def build_inputs_with_special_tokens(self, token_ids_0, token_ids_1=None):
        joined = [1, *token_ids_0, 2]
        return joined if token_ids_1 is None else [*joined, *token_ids_1, 2]


def slow():
    """No offsets, no bytes: matched by its letters."""
    return SlowTokenizer()


ALL = {
    maker.__name__: maker
    for maker in (
        byte_level,
        byte_level_prefix,
        byte_level_nfc,
        byte_level_nfkc,
        sentencepiece_bpe,
        unigram_bytes,
        unigram_nfkc,
        word_piece,
        byt5,
        slow,
    )
}


@cache
def tokenizer_of(kind: str):
    """Return the shared tokenizer of a kind; read-only."""
    return ALL[kind]()
