"""The model inside the package: small, with an induction head, and it reads anything."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
import torch
from transformers import GPT2LMHeadModel

from lmwidget.models.loading import load

FOLDER = Path(str(files("lmwidget.models") / "tiny"))


def test_at_most_one_megabyte():
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) <= 1_000_000


def test_it_has_an_induction_head():
    """Computed here, on its own: eager attention over random tokens repeated."""
    model = GPT2LMHeadModel.from_pretrained(
        FOLDER, attn_implementation="eager", dtype=torch.float32
    )
    generator = torch.Generator().manual_seed(20_22)
    period = 30
    half = torch.randint(1, model.config.vocab_size, (8, period), generator=generator)
    with torch.no_grad():
        output = model(torch.cat([half, half], dim=1), output_attentions=True)
    scores = [layer[:, :, period:-1].diagonal(1, 2, 3).mean((0, 2)) for layer in output.attentions]
    assert [layer.shape for layer in output.attentions] == [(8, 4, 60, 60)] * 2
    assert float(torch.stack(scores).max()) >= 0.9


def test_it_repeats_what_it_has_read():
    found = load("tiny").predict("The king of the king of the", top=1)[0]
    assert found.label == " king"
    assert found.probability > 0.3


@pytest.mark.parametrize("text", ["日本語 😀", "العربية", "e\u0301\x00\n\t", "</script>", "A"])
def test_it_reads_any_text(text):
    lm = load("tiny")
    tokens = lm.tokenize(text)
    assert lm.tokenizer.decode(tokens.ids) == text
    assert "unknown" not in tokens.kinds
    assert len(lm.predict(tokens)) == 10


def test_loaded_in_evaluation_mode_and_float32():
    lm = load("tiny")
    assert repr(lm) == "<LanguageModel tiny: gpt2, causal, context 128>"
    assert not lm.model.training
    assert {parameter.dtype for parameter in lm.model.parameters()} == {torch.float32}
