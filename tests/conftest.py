"""Shared fixtures: tiny models, built once a session. Tests leave them as they find them."""

from __future__ import annotations

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
