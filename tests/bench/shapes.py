"""What the benchmarks share: models of common shapes with random weights, and their words."""

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
    special = {"bos_token_id": 0, "eos_token_id": 0}
    config = GPT2Config(vocab_size=VOCABULARY, n_positions=8192, **special, **settings)
    return GPT2LMHeadModel(config).eval()


def llama(**settings: Any) -> Any:
    """Return 16 layers, 1,024 wide, of 16 heads that share 4 heads of keys (grouped queries)."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    shape = {
        "hidden_size": 1024,
        "intermediate_size": 2816,
        "num_hidden_layers": 16,
        "num_attention_heads": 16,
        "num_key_value_heads": 4,
        "max_position_embeddings": 8192,
    }
    config = LlamaConfig(vocab_size=VOCABULARY, **shape, **settings)
    return LlamaForCausalLM(config).eval()


SHAPES = {"gpt2": gpt2_small, "llama": llama}


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


def language_model(shape: str = "gpt2", **settings: Any) -> Any:
    """Return the model as lmwidget takes it."""
    import lmwidget as lmw

    names = {"gpt2": "GPT-2 small shape", "llama": "Llama shape"}
    return lmw.LanguageModel(SHAPES[shape](**settings), word_tokenizer(), name=names[shape])


def machine(*packages: str) -> dict[str, Any]:
    """Return what was measured on: versions, processors, load."""
    versions = {"python": platform.python_version(), **{name: version(name) for name in packages}}
    load = round(os.getloadavg()[0], 2)
    return {"versions": versions, "processors": os.cpu_count(), "load": load}


def report(**results: Any) -> None:
    """Print results as JSON."""
    print(json.dumps(results, indent=2))
