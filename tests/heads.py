"""Tiny models with other heads than a family's own: answers to questions, labels of tokens."""

from __future__ import annotations

from typing import Any

import torch
import transformers
from models import _IDS, FAMILIES, VOCABULARY, _sharpen, tiny_tokenizer
from torch import Tensor

_BERT = FAMILIES["bert"].settings
_SETTINGS: dict[str, dict[str, Any]] = {
    "deberta-v2": {
        **_BERT,
        "relative_attention": True,
        "pos_att_type": ["p2c", "c2p"],
        "max_relative_positions": 64,
        "type_vocab_size": 0,
    },
    "electra": {**_BERT, "embedding_size": 32},
    "roberta": {**_BERT, "type_vocab_size": 1},
}
# These tell the parts of a pair apart by segments.
_SEGMENTS = {"bert", "electra", "xlnet"}


def headed(family: str, head: str, **settings: Any) -> Any:
    """A model of a family with the head that ``AutoModelFor…`` gives it; the same on every call."""
    known = _SETTINGS[family] if family in _SETTINGS else FAMILIES[family].settings
    settings = {"vocab_size": VOCABULARY, **_IDS, **known, **settings}
    config = transformers.AutoConfig.for_model(family, **settings)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = getattr(transformers, f"AutoModelFor{head}").from_config(config)
        _sharpen(model)
    return model.eval()


def tokenizer_of(family: str) -> Any:
    """A tokenizer with the special tokens that the family has."""
    pieces = {"bert", "electra", "deberta-v2", "distilbert", "xlnet"}
    tokenizer = tiny_tokenizer("bert" if family in pieces else family)
    if family == "roberta":
        tokenizer.cls_token = "<s>"
    return tokenizer


def headed_lm(family: str, head: str, **settings: Any) -> Any:
    """A LanguageModel around ``headed``."""
    from lmwidget.models.language_model import LanguageModel

    return LanguageModel(headed(family, head, **settings), tokenizer_of(family), name=family)


def by_hand(family: str, *text: str) -> dict[str, Tensor]:
    """What transformers' own tokenizer makes of a text or a pair."""
    made = tokenizer_of(family)(*text, return_tensors="pt", return_token_type_ids=True)
    names = ["input_ids", "attention_mask", *(["token_type_ids"] if family in _SEGMENTS else [])]
    return {name: made[name] for name in names}
