"""Rows of ids to logits: the same as one row at a time, in every family."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from models import FAMILIES, fresh_model, tiny_lm, tiny_tokenizer
from own_modules import GPT, SIZE, VOCABULARY, Recurrent, SdpaAttention, Torch, seeded
from transformers import FunnelConfig, FunnelForMaskedLM

import lmwidget as lmw
from lmwidget.errors import InputError, ModelMismatchError
from lmwidget.models.batches import _batches, _read

LENGTHS = (12, 7, 12, 3, 9, 1)


def rows_for(lm, size):
    rng = np.random.default_rng(0)
    rows = [rng.integers(5, size - 5, length).tolist() for length in LENGTHS]
    for row in rows:
        if lm.task == "masked" and lm.tokenizer.mask_token_id is not None:
            row[len(row) // 2] = lm.tokenizer.mask_token_id
    return rows


def plain(lm, row):
    """The same logits from one ordinary call of the model."""
    inputs = {"input_ids": torch.tensor([row])}
    if lm.task == "seq2seq":
        inputs["decoder_input_ids"] = torch.tensor([[lm.config.decoder_start_token_id]])
    with torch.no_grad():
        logits = lm.model(**inputs).logits[0]
    if lm.task == "sequence-classification":
        return logits.numpy()
    return logits[row.index(lm.tokenizer.mask_token_id) if lm.task == "masked" else -1].numpy()


@pytest.mark.parametrize("family", [family for family in FAMILIES if family != "minilm"])
def test_rows_filled_up_and_masked_are_the_same_as_rows_alone(family):
    lm = tiny_lm(family)
    rows = rows_for(lm, 300)
    found = lm.logits(rows)
    expected = np.stack([plain(lm, row) for row in rows])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=3e-5)


@pytest.mark.parametrize(
    "make",
    [
        lambda: GPT(SdpaAttention),
        lambda: GPT(SdpaAttention, last_only=True),
        lambda: Torch(head=3),
        lambda: Recurrent("LSTM"),
        lambda: Recurrent("GRU", batch_first=False),
        lambda: Recurrent("LSTM", head=3, bidirectional=True, pool=1),
    ],
)
def test_modules_of_ones_own_get_rows_of_one_length(make):
    lm = lmw.LanguageModel(seeded(make), VOCABULARY)
    rows = rows_for(lm, SIZE)
    found = lm.logits(rows)
    for row, logits in zip(rows, found, strict=True):
        np.testing.assert_allclose(logits, lm.logits([row])[0], atol=1e-6)
        if lm.task == "causal":
            text = "".join("abcdefghijklmnopqrstuvwxyz .,"[i] for i in row)
            assert int(logits.argmax()) == lm.predict(text)[0].id


def test_candidates_positions_and_log_probabilities():
    lm = tiny_lm("gpt2")
    rows = rows_for(lm, 300)
    full = lm.logits(rows, normalize=True)
    np.testing.assert_allclose(np.exp(full.astype(np.float64)).sum(-1), 1.0, atol=1e-5)
    np.testing.assert_array_equal(
        lm.logits(rows, candidates=[9, 4], normalize=True), full[:, [9, 4]]
    )
    first = lm.logits(rows, position=0)
    np.testing.assert_allclose(first, lm.logits([row[:1] for row in rows]), atol=2e-5)
    np.testing.assert_allclose(lm.logits(rows, batch_size=2), lm.logits(rows), atol=2e-5)
    np.testing.assert_array_equal(
        lm.logits(np.array(rows[::2][:1])), lm.logits([torch.tensor(rows[0])])
    )


def test_tokens_keep_their_segments():
    lm = tiny_lm("bert-classifier")
    pair, other = lm.tokenize(("the king", "said the cat")), lm.tokenize(("a", "b"))
    expected = [lm.forward(tokens).logits[0].numpy() for tokens in (pair, other)]
    np.testing.assert_allclose(lm.logits([pair, other]), expected, atol=1e-5)
    by_hand = lm.logits([pair.ids, other.ids], segments=[pair.segments, other.segments])
    np.testing.assert_allclose(by_hand, expected, atol=1e-5)
    assert np.abs(lm.logits([pair.ids])[0] - expected[0]).max() > 1e-3


def test_decoders_that_classify_without_a_padding_token():
    import transformers

    config = fresh_model("gpt2").config
    model = transformers.GPT2ForSequenceClassification(config).eval()
    model.config.pad_token_id = None
    lm = lmw.LanguageModel(model, tiny_tokenizer("gpt2"))
    rows = rows_for(lm, 300)
    with torch.no_grad():
        expected = [model(torch.tensor([row])).logits[0].numpy() for row in rows]
    np.testing.assert_allclose(lm.logits(rows), expected, atol=1e-5)


def test_an_output_that_was_written():
    lm = tiny_lm("bart")
    rows = rows_for(lm, 300)
    written = lm.tokenize_output("the")
    expected = [lm.forward(lm.tokenize("the king"), written).logits[0, -1].numpy()]
    found = lm.logits([lm.tokenize("the king"), *rows], output="the")
    np.testing.assert_allclose(found[:1], expected, atol=2e-5)


def test_batches_stay_within_their_size():
    lm = tiny_lm("gpt2")
    rows = [_read(lm, i, [7] * (1 + i % 100), None, None, None) for i in range(300)]
    for batch in _batches(lm, rows, None):
        assert len(batch) * len(batch[0].ids) <= 4096
    lengths = [len(row.ids) for batch in _batches(lm, rows, None) for row in batch]
    assert lengths == sorted(lengths, reverse=True)
    assert len(lengths) == 300


def funnel():
    config = FunnelConfig(
        vocab_size=300, block_sizes=[1, 1], d_model=32, n_head=4, d_head=8, d_inner=48
    )
    torch.manual_seed(0)
    model = FunnelForMaskedLM(config).eval()
    for parameter in model.parameters():
        parameter.data.normal_(0, 0.3)
    return lmw.LanguageModel(model, tiny_tokenizer("bert"), task="masked")


def test_models_that_pool_over_the_filled_length_get_rows_of_one_length():
    lm = funnel()
    short, long = [[7 + i % 90 for i in range(count)] for count in (11, 80)]
    together = lm.logits([short, long], position=2)
    np.testing.assert_allclose(together[0], lm.logits([short], position=2)[0], rtol=1e-5)


def test_refused():
    lm = tiny_lm("gpt2")
    with pytest.raises(InputError, match="no row"):
        lm.logits([5, 6, 7])
    with pytest.raises(InputError, match=r"lm.logits\(\[tokens\]\)"):
        lm.logits(lm.tokenize("the king"))
    with pytest.raises(InputError, match="no rows"):
        lm.logits([])
    with pytest.raises(InputError, match="Row 1 has 0 ids"):
        lm.logits([[5], []])
    with pytest.raises(InputError, match="Row 0 has 200 tokens"):
        lm.logits([[5] * 200])
    with pytest.raises(ModelMismatchError, match="outside of the 300"):
        lm.logits([[-1]])
    with pytest.raises(InputError, match="no mask token"):
        tiny_lm("bert").logits([[5, 6]])
    with pytest.raises(ModelMismatchError, match="no output head"):
        tiny_lm("minilm").logits([[5, 6]])
