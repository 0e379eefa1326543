"""Tiny random models of every family, with tokenizers: seeds fixed, attention far from uniform.

`tiny_model("llama")` is built once a session and shared: tests must leave it as it is. For a model
to change, use `fresh_model`.
"""

from __future__ import annotations

import copy
import re
from functools import cache
from typing import Any, NamedTuple

import torch
import transformers
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers import models as subword
from tokenizers.processors import TemplateProcessing
from torch import Tensor, nn

PAD, START, END, MASK, UNKNOWN = range(5)
VOCABULARY = 300
CONTEXT = 128

_IDS = {"pad_token_id": PAD, "bos_token_id": START, "eos_token_id": END}
_MODERN = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": CONTEXT,
    "head_dim": 8,
}
_BERT = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": CONTEXT,
}
_BART = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 3,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 48,
    "decoder_ffn_dim": 48,
    "max_position_embeddings": CONTEXT,
    "decoder_start_token_id": START,
    "forced_eos_token_id": END,
}
_YARN = {
    "rope_type": "yarn",
    "rope_theta": 10000.0,
    "factor": 2.0,
    "original_max_position_embeddings": CONTEXT // 2,
}


class Family(NamedTuple):
    """How to build a tiny model: name of the class, of its configuration type, settings."""

    cls: str
    config: str
    settings: dict[str, Any]


CAUSAL = {
    "gpt2": Family(
        "GPT2LMHeadModel", "gpt2", {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": CONTEXT}
    ),
    "llama": Family("LlamaForCausalLM", "llama", _MODERN),
    "mistral": Family("MistralForCausalLM", "mistral", {**_MODERN, "sliding_window": 5}),
    "gemma2": Family(
        "Gemma2ForCausalLM",
        "gemma2",
        {**_MODERN, "sliding_window": 5, "attn_logit_softcapping": 2.0, "query_pre_attn_scalar": 8},
    ),
    "qwen2": Family(
        "Qwen2ForCausalLM", "qwen2", {k: v for k, v in _MODERN.items() if k != "head_dim"}
    ),
    "qwen3": Family("Qwen3ForCausalLM", "qwen3", _MODERN),
    "phi": Family("PhiForCausalLM", "phi", {k: v for k, v in _MODERN.items() if k != "head_dim"}),
    "opt": Family("OPTForCausalLM", "opt", {**_BERT, "ffn_dim": 48, "word_embed_proj_dim": 32}),
    "bloom": Family("BloomForCausalLM", "bloom", {"hidden_size": 32, "n_layer": 2, "n_head": 4}),
    "gptj": Family(
        "GPTJForCausalLM",
        "gptj",
        {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": CONTEXT, "rotary_dim": 4},
    ),
    "falcon": Family(
        "FalconForCausalLM",
        "falcon",
        {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4},
    ),
    "falcon-alibi": Family(
        "FalconForCausalLM",
        "falcon",
        {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "alibi": True},
    ),
    "gpt_oss": Family(
        "GptOssForCausalLM",
        "gpt_oss",
        {
            **_MODERN,
            "sliding_window": 5,
            "num_local_experts": 2,
            "num_experts_per_tok": 1,
            "rope_parameters": _YARN,
        },
    ),
    "glm": Family("GlmForCausalLM", "glm", _MODERN),
    "xlnet": Family(
        "XLNetLMHeadModel", "xlnet", {"d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 48}
    ),
}
MASKED = {
    "bert": Family("BertForMaskedLM", "bert", _BERT),
    "roberta": Family("RobertaForMaskedLM", "roberta", _BERT),
    "distilbert": Family(
        "DistilBertForMaskedLM",
        "distilbert",
        {
            "dim": 32,
            "hidden_dim": 48,
            "n_layers": 2,
            "n_heads": 4,
            "max_position_embeddings": CONTEXT,
        },
    ),
    "albert": Family(
        "AlbertForMaskedLM", "albert", {**_BERT, "embedding_size": 16, "num_hidden_layers": 3}
    ),
}
SEQ2SEQ = {
    "t5": Family(
        "T5ForConditionalGeneration",
        "t5",
        {
            "d_model": 32,
            "d_kv": 8,
            "d_ff": 48,
            "num_layers": 2,
            "num_decoder_layers": 3,
            "num_heads": 4,
            "relative_attention_num_buckets": 8,
            "relative_attention_max_distance": 16,
            "decoder_start_token_id": PAD,
        },
    ),
    "bart": Family("BartForConditionalGeneration", "bart", _BART),
    "marian": Family("MarianMTModel", "marian", {**_BART, "decoder_vocab_size": VOCABULARY}),
}
CLASSIFIERS = {
    "bert-classifier": Family("BertForSequenceClassification", "bert", {**_BERT, "num_labels": 3}),
}
OTHER = {
    "minilm": Family("BertModel", "bert", _BERT),
    "jamba": Family(
        "JambaForCausalLM",
        "jamba",
        {
            **{k: v for k, v in _MODERN.items() if k != "head_dim"},
            "num_hidden_layers": 4,
            "attn_layer_period": 2,
            "attn_layer_offset": 1,
            "num_experts": 2,
            "num_experts_per_tok": 1,
            "mamba_d_state": 4,
            "mamba_dt_rank": 4,
        },
    ),
    "mamba": Family(
        "MambaForCausalLM",
        "mamba",
        {"hidden_size": 32, "state_size": 4, "num_hidden_layers": 2, "time_step_rank": 4},
    ),
}
FAMILIES = CAUSAL | MASKED | SEQ2SEQ | CLASSIFIERS | OTHER


def fresh_model(family: str, implementation: str | None = None, dtype: Any = torch.float32) -> Any:
    """A model of its own, in evaluation mode; the same weights on every call."""
    cls, config_type, settings = FAMILIES[family]
    settings = {"vocab_size": VOCABULARY, **_IDS, **settings}
    config = transformers.AutoConfig.for_model(config_type, **settings)
    extra = {} if implementation is None else {"attn_implementation": implementation}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = getattr(transformers, cls)._from_config(config, **extra)
        _sharpen(model)
    return model.to(dtype).eval()


@cache
def tiny_model(family: str, implementation: str | None = None) -> Any:
    """The shared, read-only model of a family."""
    return fresh_model(family, implementation)


def _sharpen(model: nn.Module) -> None:
    """Redraw weights so that attention scores spread over several units, sinks and biases too."""
    for name, parameter in model.named_parameters():
        with torch.no_grad():
            if "sinks" in name:
                parameter.normal_(0.0, 1.5)
            elif re.search("embed|wte|wpe|shared", name):
                parameter.normal_(0.0, 1.0)
            elif re.search(r"\bquery\b|\bkey\b|[qk]_lin", name) and parameter.dim() > 1:
                parameter.normal_(0.0, 0.45)  # tokens of post-norm encoders grow alike
            elif re.search(r"Attention\.[qk]\b", name):
                parameter.normal_(0.0, 0.15)  # T5 does not scale its scores
            elif parameter.dim() > 1:
                parameter.normal_(0.0, 0.3)
            else:
                parameter.add_(torch.randn_like(parameter) * 0.1)


def random_ids(batch: int = 1, length: int = 12, seed: int = 1) -> Tensor:
    """Ids without special tokens, shape (batch, length)."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(UNKNOWN + 1, VOCABULARY, (batch, length), generator=generator)


def padded_inputs(side: str, lengths: tuple[int, ...] = (12, 7)) -> dict[str, Tensor]:
    """Inputs of several lengths, padded left or right."""
    ids, mask = random_ids(len(lengths), max(lengths)), torch.zeros(len(lengths), max(lengths))
    for row, length in enumerate(lengths):
        mask[row, -length:] = 1
        if side == "right":
            mask[row] = mask[row].flip(0)
    return {"input_ids": ids.masked_fill(mask == 0, PAD), "attention_mask": mask.long()}


@cache
def _byte_tokenizer() -> Tokenizer:
    """Every byte a token, and the most common English pairs; nothing is out of vocabulary."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("i", "n"), ("Ġ", "a"), ("e", "r"), ("o", "n")]
    specials = ["<pad>", "<s>", "</s>", "<mask>", "<unk>"]
    pieces = [*specials, *alphabet, *("".join(merge) for merge in merges)]
    tokenizer = Tokenizer(
        subword.BPE(vocab={piece: i for i, piece in enumerate(pieces)}, merges=merges)
    )
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


@cache
def _word_piece_tokenizer() -> Tokenizer:
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'-"
    words = ["the", "king", "said", "cat", "sat", "##ing", "##ed", "un", "##believ", "##able"]
    pieces = ["[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]", *letters]
    pieces += [f"##{letter}" for letter in letters] + words
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(subword.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", START), ("[SEP]", END)],
    )
    return tokenizer


def tiny_tokenizer(family: str) -> Any:
    """A tokenizer whose ids fit the tiny models: WordPiece for BERT's kin, else bytes."""
    if family in {"bert", "distilbert", "albert", "bert-classifier", "minilm"}:
        return transformers.PreTrainedTokenizerFast(
            tokenizer_object=copy.deepcopy(_word_piece_tokenizer()),
            pad_token="[PAD]",
            cls_token="[CLS]",
            sep_token="[SEP]",
            mask_token="[MASK]",
            unk_token="[UNK]",
            model_max_length=CONTEXT,
        )
    tokenizer = copy.deepcopy(_byte_tokenizer())
    if family in SEQ2SEQ:
        tokenizer.post_processor = TemplateProcessing(
            single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", END)]
        )
    elif family == "roberta":
        tokenizer.post_processor = TemplateProcessing(
            single="<s> $A </s>",
            pair="<s> $A </s> </s> $B </s>",
            special_tokens=[("<s>", START), ("</s>", END)],
        )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        mask_token="<mask>",
        unk_token="<unk>",
        model_max_length=CONTEXT,
    )


def tiny_lm(family: str) -> Any:
    """A LanguageModel around the shared tiny model of a family."""
    from lmwidget.models.language_model import LanguageModel

    return LanguageModel(tiny_model(family), tiny_tokenizer(family), name=family)
