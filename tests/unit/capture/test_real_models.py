"""The same on real weights: parity with eager attention, and what is known of their heads."""

import copy

import numpy as np
import pytest
import torch

pytestmark = pytest.mark.real_model

TEXT = (
    "Naïve café 🙂: the quick brown fox jumps over the lazy dog, and the quick brown fox jumps "
    "over the lazy dog again.\n\tdef f(x):\n        return x + 1  # 東京 مرحبا"
)


def assert_parity(lm, attention):
    eager = copy.deepcopy(lm.model)
    eager.set_attn_implementation("eager")
    with torch.no_grad():
        references = eager(**lm.inputs(attention.tokens), output_attentions=True).attentions
    assert len(references) == len(attention)
    for found, reference in zip(attention, references, strict=True):
        np.testing.assert_allclose(found, reference[0].numpy(), atol=1e-5, rtol=0)


def test_smollm2(smollm2):
    assert smollm2.model.config._attn_implementation == "sdpa"
    attention = smollm2.attention(TEXT)
    assert attention.shape[:2] == (30, 9)
    assert attention.causal
    assert_parity(smollm2, attention)


def test_minilm(minilm):
    attention = minilm.attention(TEXT)
    assert attention.shape[:2] == (6, 12)
    assert not attention.causal
    assert_parity(minilm, attention)


def test_logits_of_smollm2_are_bit_identical(smollm2):
    inputs = smollm2.inputs(smollm2.tokenize(TEXT))
    with torch.no_grad():
        before = smollm2.model(**inputs).logits
        smollm2.attention(TEXT)
        after = smollm2.model(**inputs).logits
    assert torch.equal(before, after)


def test_heads_of_smollm2_that_stand_out_on_repeated_text_are_its_induction_heads(smollm2):
    # Random tokens, twice: nothing but the repetition can be attended to (Olsson et al. 2022).
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(1000, 40000, (30,), generator=generator).tolist()
    text = smollm2.tokenizer.decode(ids)
    tokens = smollm2.tokenize(text + text)
    half = len(tokens) // 2
    assert tokens.ids[:half].tolist() == tokens.ids[half:].tolist()
    attention = smollm2.attention(tokens)
    place = np.arange(half, len(tokens) - 1)
    induction = np.stack([weights[:, place, place - half + 1].mean(-1) for weights in attention])
    found = attention.structure_scores()
    strongest = np.unravel_index(found.argmax(), found.shape)
    assert induction[strongest] > 0.5
    assert induction[strongest] >= np.sort(induction.ravel())[-3]
