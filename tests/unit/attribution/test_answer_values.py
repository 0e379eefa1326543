"""What one pass says of several tokens of an answer: the same as one token after the other."""

import numpy as np
import pytest
import torch
import transformers
from models import CAUSAL, SEQ2SEQ, VOCABULARY, tiny_lm, tiny_tokenizer

from lmwidget.attribution.answer_text import read_answer
from lmwidget.attribution.answer_values import AnswerValues
from lmwidget.errors import CancelledError, InputError, UnknownNameError
from lmwidget.models.language_model import LanguageModel

TEXT, ANSWER = "the king said to the cat", " on a hat"


def alone(lm, found, row, method, **settings):
    """One row by `lm.attribute`, which knows nothing of the others."""
    step = found.step(row, inputs_only=lm.task == "seq2seq")
    output = {"output": step.output} if lm.task == "seq2seq" else {}
    given = {name: value for name, value in settings.items() if name != "keep_answer"}
    return lm.attribute(step.tokens, method, target=step.target.id, **output, **given)


@pytest.mark.parametrize("removal", [None, "delete", " a"])
@pytest.mark.parametrize("method", ["leave_one_out", "occlusion"])
@pytest.mark.parametrize("family", [*CAUSAL, *SEQ2SEQ, "mamba", "jamba"])
def test_rows_equal_single_tokens(family, method, removal):
    lm = tiny_lm(family)
    asked = {} if removal is None else {"removal": removal}
    found = lm.attribute_answer(TEXT, ANSWER, method, **asked)
    texts = found.cost["passes"]
    assert texts < 3 * len(found.tokens) or family == "xlnet"  # XLNet looks ahead
    for row in range(len(found)):
        one = alone(lm, found, row, method, **asked)
        scores = found.scores[row, : len(one.scores)]
        scale = max(1e-3, np.abs(one.scores).max())
        np.testing.assert_allclose(scores, one.scores, rtol=0, atol=2e-3 * scale)
        assert found.values[row] == pytest.approx(one.value, rel=1e-4, abs=1e-5)
        assert (found.scores[row, found.until[row] :] == 0).all()


@pytest.mark.parametrize("method", ["kernel_shap", "lime", "partition_shap", "sobol"])
def test_an_encoder_decoder_asks_once_for_all_rows(method):
    lm = tiny_lm("t5")
    found = lm.attribute_answer(TEXT, ANSWER, method)
    row = alone(lm, found, 2, method)
    assert found.cost["passes"] <= row.cost["passes"] + 3
    np.testing.assert_allclose(found.scores[2, : len(row.scores)], row.scores, rtol=0, atol=1e-4)


@pytest.mark.parametrize("family", ["gpt2", "llama"])
@pytest.mark.parametrize("method", ["kernel_shap", "exact_shapley", "leave_one_out"])
def test_only_the_input_may_be_taken_away(method, family):
    lm = tiny_lm(family)
    asked = ("the king said", ANSWER, method)
    whole = lm.attribute_answer(*asked, removal="delete")
    found = lm.attribute_answer(*asked, removal="delete", keep_answer=True)
    count = found.input_length
    assert found.cost["passes"] < whole.cost["passes"]
    assert found.settings["keep_answer"] is True
    for row in range(len(found)):
        assert np.isfinite(found.scores[row, :count]).all()
        assert np.isnan(found.scores[row, count : found.until[row]]).all()
        assert (found.scores[row, found.until[row] :] == 0).all()
        assert found.rows[row][0] == row
    # In plain PyTorch: tokens of the input are deleted, what was written stays.
    ids = found.tokens.ids.tolist()
    last = len(ids) - 1

    def logit(*without):
        given = [ids[i] for i in range(last) if i not in without]
        with torch.no_grad():
            return float(lm.model(torch.tensor([given])).logits[0, -1, ids[last]])

    if method == "leave_one_out":
        assert found.scores[-1, 1] == pytest.approx(logit() - logit(1), abs=1e-4)
    else:  # such scores sum to what the whole input adds
        added = logit() - logit(*range(count))
        assert found.scores[-1, :count].sum() == pytest.approx(added, abs=1e-4)


def test_own_numbers_contrasts_and_levels():
    lm = tiny_lm("gpt2")

    def best(logits):
        return logits.max(-1).values

    for asked in (
        {"of": best},
        {"of": "log_probability"},
        {"foils": 9},
        {"foils": [None, *[9] * 6]},
    ):
        found = lm.attribute_answer(TEXT, ANSWER, "leave_one_out", **asked)
        step = found.step(3)
        given = {"of": asked["of"]} if "of" in asked else {"foil": 9}
        target = {} if asked.get("of") is best else {"target": step.target.id}
        one = lm.attribute(step.tokens, "leave_one_out", **target, **given)
        np.testing.assert_allclose(step.scores, one.scores, rtol=0, atol=1e-4)
    words = lm.attribute_answer(TEXT, ANSWER, "leave_one_out", level="word")
    assert words.level == "word"
    assert words.cost["passes"] < 30


def test_some_rows_and_a_phrase_among_the_foils():
    lm = tiny_lm("gpt2")
    some = lm.attribute_answer(TEXT, ANSWER, "leave_one_out", rows=[1, 4])
    every = lm.attribute_answer(TEXT, ANSWER, "leave_one_out")
    np.testing.assert_allclose(some.scores, every.scores[[1, 4]], atol=1e-5)
    foils = [None] * len(every)
    foils[2] = " on a hat"
    mixed = lm.attribute_answer(TEXT, ANSWER, "leave_one_out", foils=foils)
    np.testing.assert_allclose(mixed.scores[[1, 4]], some.scores, atol=1e-5)
    assert not np.allclose(mixed.scores[2], every.scores[2])


def by_hand(lm, found, row, removal):
    """What is lost without each token, in plain PyTorch, one text at a time."""
    ids = found.tokens.ids.tolist()
    seen, decodes = found.until[row], lm.task == "seq2seq"
    read = ids[: found.input_length if decodes else seen]
    written = (
        {"decoder_input_ids": torch.tensor([ids[found.input_length : seen]])} if decodes else {}
    )

    def logit(given):
        with torch.no_grad():
            return float(
                lm.model(input_ids=torch.tensor([given]), **written).logits[0, -1, ids[seen]]
            )

    def without(i):
        if removal == "mask":
            return [*read[:i], lm.tokenizer.mask_token_id, *read[i + 1 :]]
        return [*read[:i], *read[i + 1 :]]

    whole = logit(read)
    kinds = found.tokens.kinds
    return [0.0 if kinds[i] == "special" else whole - logit(without(i)) for i in range(len(read))]


def turning_lm(limit):
    """Rotary positions that turn otherwise in texts of more than `limit` tokens."""
    rope = {
        "rope_type": "longrope", "rope_theta": 10_000.0, "factor": 4.0,
        "short_factor": [1.0] * 4, "long_factor": [3.0, 4.0, 6.0, 9.0],
        "original_max_position_embeddings": limit,
    }  # fmt: skip
    torch.manual_seed(0)
    config = transformers.Phi3Config(
        vocab_size=VOCABULARY, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=4, max_position_embeddings=128, rope_parameters=rope,
        original_max_position_embeddings=limit, pad_token_id=None, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    model = transformers.Phi3ForCausalLM(config).eval()
    return LanguageModel(model, tiny_tokenizer("llama"), name="turning")


@pytest.mark.parametrize("removal", ["delete", "mask"])
@pytest.mark.parametrize("family", ["gpt2", "mistral", "t5", "turning"])
def test_every_row_by_hand(family, removal):
    lm = turning_lm(30) if family == "turning" else tiny_lm(family)
    text = "the king said to the king said to the cat"
    found = lm.attribute_answer(text, ANSWER, "leave_one_out", removal=removal)
    for row in range(len(found)):
        expected = by_hand(lm, found, row, removal)
        np.testing.assert_allclose(found.scores[row, : len(expected)], expected, rtol=0, atol=2e-4)


def test_maps_that_keep_the_answer_are_checked():
    lm = tiny_lm("gpt2")
    found = lm.attribute_answer(TEXT, ANSWER, "kernel_shap", keep_answer=True, of="log_probability")
    assert {check.name for check in lm.check(found.whole()).checks} >= {
        "comprehensiveness",
        "stability",
    }
    assert "keep_answer" not in found.step(0).settings
    with pytest.raises(InputError, match=r"keep_answer is 'no'\. Give True or False"):
        lm.attribute_answer(TEXT, ANSWER, "kernel_shap", keep_answer="no")
    asked = tiny_lm("t5").attribute_answer(TEXT, ANSWER, "leave_one_out", keep_answer=True)
    assert asked.settings["keep_answer"] is True


def test_a_model_that_looks_ahead_is_read_row_by_row():
    values = AnswerValues(read_answer(tiny_lm("xlnet"), TEXT, ANSWER))
    assert not values.shared
    assert values.of(2) is None


@pytest.mark.parametrize("family", ["gpt2", "t5"])
def test_stopped_early(family):
    lm = tiny_lm(family)
    done = []
    whole = lm.attribute_answer(TEXT, ANSWER, "leave_one_out", max_memory=1000)
    part = lm.attribute_answer(
        TEXT, ANSWER, "leave_one_out", max_memory=1000,
        progress=lambda now, total, left: done.append((now, total)),
        cancelled=lambda: len(done) > 4,
    )  # fmt: skip
    assert part.partial
    assert not whole.partial
    assert all(now <= total for now, total in done)
    known = np.isfinite(part.scores)
    assert 0 < known.sum() < known.size
    rows = [part.rows[i][0] for i in range(len(part))]
    np.testing.assert_allclose(part.scores[known], whole.scores[rows][known], atol=1e-4)
    with pytest.raises(CancelledError):
        lm.attribute_answer(TEXT, ANSWER, "leave_one_out", cancelled=lambda: True)


def test_only_what_takes_units_away_can_keep_the_answer():
    with pytest.raises(UnknownNameError, match="keep_answer"):
        tiny_lm("gpt2").attribute_answer(TEXT, ANSWER, "gradient", keep_answer=True)
