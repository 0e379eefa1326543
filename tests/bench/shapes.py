"""What the benchmarks share: a model of GPT-2's shape with random weights, and its words."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import version
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

VOCABULARY = 50_257


def gpt2_small(**settings: Any) -> Any:
    """Return 12 layers of 12 heads, 768 wide, in evaluation mode."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    config = GPT2Config(vocab_size=VOCABULARY, bos_token_id=0, eos_token_id=0, **settings)
    return GPT2LMHeadModel(config).eval()


def word_tokenizer() -> Any:
    """Return a tokenizer in which every word is one token."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {f"w{index}": index for index in range(VOCABULARY)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="w0"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


def text_of(tokens: int) -> str:
    """Return a text of so many different tokens."""
    return " ".join(f"w{(7919 * index) % VOCABULARY}" for index in range(tokens))


def language_model(**settings: Any) -> Any:
    """Return the model as lmwidget takes it."""
    import lmwidget as lmw

    return lmw.LanguageModel(gpt2_small(**settings), word_tokenizer(), name="GPT-2 small shape")


def machine(*packages: str) -> dict[str, Any]:
    """Return what was measured on: versions, processors, load."""
    versions = {"python": platform.python_version(), **{name: version(name) for name in packages}}
    load = round(os.getloadavg()[0], 2)
    return {"versions": versions, "processors": os.cpu_count(), "load": load}


def report(**results: Any) -> None:
    """Print results as JSON."""
    print(json.dumps(results, indent=2))
