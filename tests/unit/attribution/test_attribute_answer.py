"""Attribution of whole answers: the same as asking about one token after the other."""

import copy
import math

import numpy as np
import pytest
import torch
from models import CAUSAL, SEQ2SEQ, fresh_model, tiny_lm, tiny_tokenizer
from torch import nn

from lmwidget.attribution import METHODS
from lmwidget.attribution.answers import attribute_answer
from lmwidget.errors import (
    CancelledError,
    InputError,
    ModelMismatchError,
    UnavailableError,
    UnknownNameError,
)
from lmwidget.models.language_model import LanguageModel
from lmwidget.results import Check

ANSWER = " on a hat"


def asked_alone(lm, answer, row, method, **settings):
    """One row by lm.attribute, over the columns of the input side."""
    step = answer.step(row, inputs_only=lm.task == "seq2seq")
    output = {"output": step.output} if lm.task == "seq2seq" else {}
    target = {} if settings.get("of") == "entropy" else {"target": step.target.id}
    return lm.attribute(step.tokens, method, **target, **output, **settings)


@pytest.mark.parametrize("method", ["input_x_gradient", "gradient"])
@pytest.mark.parametrize("family", [*CAUSAL, *SEQ2SEQ, "jamba", "mamba"])
def test_rows_equal_single_tokens(family, method):
    lm = tiny_lm(family)
    found = lm.attribute_answer("the king said", ANSWER, method)
    columns = found.input_length
    assert found.cost["passes"] == (len(found) if family == "xlnet" else 1)  # XLNet looks ahead
    assert found.answer.strip() == ANSWER.strip()
    for row in range(len(found)):
        alone = asked_alone(lm, found, row, method)
        scores = found.scores[row, : len(alone.scores)]
        # Bloom normalises its embeddings, so their product with the gradient is rounding.
        scale = 1.0 if family == "bloom" else np.abs(alone.scores).max()
        np.testing.assert_allclose(scores, alone.scores, rtol=0, atol=1e-5 * scale)
        assert found.values[row] == pytest.approx(alone.value, rel=1e-5, abs=1e-5)
        assert found.predictions[row].id == alone.target.id
        assert found.predictions[row].probability == pytest.approx(alone.target.probability, rel=1e-4)  # fmt: skip
        assert [p.id for p in found.candidates[row]] == [p.id for p in alone.predictions]
        assert (found.scores[row, found.start + row :] == 0).all()
        assert np.abs(found.scores[row, columns : found.start + row]).sum() > 0 or row == 0
    assert (found.unit, found.of) == (alone.unit, alone.of)


@pytest.mark.parametrize("family", list(SEQ2SEQ))
def test_what_a_decoder_had_written(family):
    """The columns of the decoder, against its own decoder_inputs_embeds."""
    lm = tiny_lm(family)
    found = lm.attribute_answer("the king said", ANSWER)
    row = len(found) - 1
    step = found.step(row, inputs_only=True)
    inputs = lm.inputs(step.tokens, step.output)
    table = lm.model.get_decoder().get_input_embeddings()
    embeds = table(inputs.pop("decoder_input_ids")).detach().requires_grad_()
    logit = lm.model(decoder_inputs_embeds=embeds, **inputs).logits[0, -1, step.target.id]
    expected = (embeds * torch.autograd.grad(logit, embeds)[0]).sum(-1)[0].detach()
    own = found.scores[row, found.input_length : found.until[row]]
    np.testing.assert_allclose(own, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("of", ["log_probability", "probability", "entropy"])
@pytest.mark.parametrize("family", ["gpt2", "t5"])
def test_any_number(family, of):
    lm = tiny_lm(family)
    found = lm.attribute_answer("the king said", ANSWER, of=of)
    for row in range(len(found)):
        alone = asked_alone(lm, found, row, "input_x_gradient", of=of)
        scores = found.scores[row, : len(alone.scores)]
        np.testing.assert_allclose(scores, alone.scores, rtol=0, atol=1e-4 * np.abs(alone.scores).max())  # fmt: skip
        assert found.values[row] == pytest.approx(alone.value, rel=1e-4)
    assert (found.of, found.unit) == (alone.of, alone.unit)
    assert "".join(p.label for p in found.predictions).strip() == ANSWER.strip()


def test_own_function_and_contrast():
    lm = tiny_lm("llama")

    def best(logits):
        return logits.max(-1).values

    found = lm.attribute_answer("the king said", ANSWER, of=best)
    alone = asked_alone(lm, found, 2, "input_x_gradient")
    by_hand = lm.attribute(found.step(2).tokens, "input_x_gradient", of=best)
    np.testing.assert_allclose(found.step(2).scores, by_hand.scores, rtol=1e-4, atol=1e-5)
    assert not np.allclose(found.step(2).scores, alone.scores, rtol=0.01)
    for foils in (9, [9] * len(found), [None, *[9] * (len(found) - 1)]):
        contrast = lm.attribute_answer("the king said", ANSWER, foils=foils)
        again = lm.attribute(
            contrast.step(2).tokens, "input_x_gradient", target=contrast.step(2).target.id, foil=9
        )
        np.testing.assert_allclose(contrast.step(2).scores, again.scores, rtol=1e-4, atol=1e-5)
        assert contrast.unit == "logit difference"
        assert (contrast.foils[0] is None) == (isinstance(foils, list) and foils[0] is None)
    with pytest.raises(InputError, match="2 foils for 7 tokens"):
        lm.attribute_answer("the king said", ANSWER, foils=[9, 9])


def test_a_foil_of_several_tokens_is_asked_row_by_row():
    lm = tiny_lm("gpt2")
    found = lm.attribute_answer("the king", " a", foils=" on a hat")
    alone = lm.attribute("the king", "input_x_gradient", target=" a", foil=" on a hat")
    np.testing.assert_allclose(found.step(0).scores, alone.scores, rtol=1e-5)
    assert found.unit == alone.unit == "log-probability difference"


@pytest.mark.parametrize("family", ["gpt2", "bart"])
def test_the_whole_is_the_phrase(family):
    lm = tiny_lm(family)
    found = lm.attribute_answer("the king said", ANSWER, of="log_probability")
    whole = found.whole()
    ids = tuple(p.id for p in found.predictions)
    alone = lm.attribute("the king said", "input_x_gradient", target=ids, of="log_probability")
    assert whole.tokens == alone.tokens
    np.testing.assert_allclose(whole.scores, alone.scores, rtol=1e-4, atol=1e-5)
    assert whole.value == pytest.approx(alone.value, rel=1e-5)
    assert whole.target.ids == alone.target.ids
    assert whole.target.probability == pytest.approx(math.exp(alone.value), rel=1e-4)


@pytest.mark.parametrize("method", [name for name in METHODS if name != "input_x_gradient"])
@pytest.mark.parametrize("family", ["gpt2", "bart"])
def test_every_method(family, method):
    lm = tiny_lm(family)
    refused = {
        "reagent": (InputError, "Give filler="),
        "lrp": (UnavailableError, "no rules for bart"),
    }
    if family == "bart" and method in refused:
        error, said = refused[method]
        with pytest.raises(error, match=said):
            lm.attribute_answer("the king", " as", method)
        return
    found = lm.attribute_answer("the king", " as", method, progress=False)
    assert found.scores.shape == (len(found), len(found.tokens))
    assert np.abs(np.nan_to_num(found.scores[:, : found.input_length])).max() > 0
    for row in range(len(found)):
        assert (found.scores[row, found.until[row] :] == 0).all()
        alone = asked_alone(lm, found, row, method)
        np.testing.assert_allclose(
            found.scores[row, : len(alone.scores)], alone.scores, rtol=1e-3, atol=1e-4
        )
    assert (found.method, found.signed) == (method, METHODS[method].signed)
    assert isinstance(found.settings, dict)


def test_each_row_has_its_own_check():
    found = tiny_lm("gpt2").attribute_answer("the king", " as", "integrated_gradients", steps=4)
    assert [type(check) for check in found.row_checks] == [Check] * len(found)
    assert found.step(1).check == found.row_checks[1]
    assert found.settings["steps"] == 4


def test_columns_that_were_not_measured():
    found = tiny_lm("bart").attribute_answer("the king", " as", "integrated_gradients", steps=2)
    assert np.isfinite(found.scores[1, : found.input_length]).all()
    assert np.isnan(found.scores[1, found.input_length : found.until[1]]).all()
    assert np.isfinite(found.whole().scores).all()


def test_levels():
    lm = tiny_lm("gpt2")
    fine = lm.attribute_answer("the king. he said", " on a hat. the")
    found = lm.attribute_answer("the king. he said", " on a hat. the", level="sentence")
    assert (found.level, found.row_level) == ("sentence", "token")
    np.testing.assert_allclose(found.scores, fine.by("sentence", rows="token").scores, rtol=1e-6)
    assert found.tokens.pieces == ("the king. ", "he said", " on a hat.", " the")
    taken = lm.attribute_answer(
        "the king. he said", " on a hat. the", "leave_one_out", level="sentence"
    )
    assert taken.tokens == found.tokens
    assert taken.until.tolist() == found.until.tolist()
    alone = lm.attribute("the king. he said", "leave_one_out", target=taken.predictions[0].id, level="sentence")  # fmt: skip
    np.testing.assert_allclose(taken.scores[0, :2], alone.scores, rtol=1e-4, atol=1e-5)
    assert taken.by("paragraph").scores.shape == (1, 2)


def test_some_rows():
    lm = tiny_lm("llama")
    every = lm.attribute_answer("the king said", ANSWER)
    for rows, places in (([1, 5], [1, 5]), (-1, [6]), ("hat", [4, 5, 6]), ([5, 1, 1], [1, 5])):
        some = lm.attribute_answer("the king said", ANSWER, rows=rows)
        assert some.rows[:, 0].tolist() == places
        np.testing.assert_allclose(some.scores, every.scores[places], rtol=0, atol=1e-5)
    for rows, said in ((7, "no token 7"), ([], "no row"), ("king", "does not hold 'king'")):
        with pytest.raises(InputError, match=said):
            lm.attribute_answer("the king said", ANSWER, rows=rows)


@pytest.mark.parametrize("family", ["gpt2", "llama", "t5", "bart", "mamba"])
def test_the_answer_that_the_model_gives(family):
    lm = tiny_lm(family)
    found = lm.attribute_answer("the king said", max_new_tokens=4)
    assert 1 <= len(found) <= 4
    for row in range(len(found)):
        step = found.step(row, inputs_only=lm.task == "seq2seq")
        assert lm.predict(step.tokens, 1, output=step.output)[0].id == found.predictions[row].id


def test_own_modules_write_and_are_explained():
    class Bag(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.table, self.head = nn.Embedding(300, 8), nn.Linear(8, 300)

        def forward(self, ids):
            return self.head(torch.tanh(self.table(ids).cumsum(1)))

    class LastOnly(Bag):
        def forward(self, ids):
            return super().forward(ids)[:, -1]

    for module in (Bag(), LastOnly()):
        lm = LanguageModel(module, tiny_tokenizer("gpt2"))
        found = lm.attribute_answer("the king", max_new_tokens=3)
        assert found.cost["passes"] == (3 if isinstance(module, LastOnly) else 1)
        for row in range(3):
            alone = asked_alone(lm, found, row, "input_x_gradient")
            np.testing.assert_allclose(found.step(row).scores, alone.scores, rtol=1e-4, atol=1e-6)


def test_ids_tokens_and_text_are_the_same_answer():
    for family in ("gpt2", "bart"):
        lm = tiny_lm(family)
        by_text = lm.attribute_answer("the king", " a hat")
        ids = [p.id for p in by_text.predictions]
        assert (lm.attribute_answer("the king", ids).scores == by_text.scores).all()
        tokens = lm.tokenize_output(" a hat") if family == "bart" else lm.tokenize(" a hat")
        assert (lm.attribute_answer("the king", tokens).scores == by_text.scores).all()


def test_chat_answers_are_the_assistants():
    tokenizer = tiny_tokenizer("gpt2")
    tokenizer.chat_template = (
        "{% for m in messages %}<{{m.role}}>{{m.content}}{% endfor %}"
        "{% if add_generation_prompt %}<assistant>{% endif %}"
    )
    lm = LanguageModel(tiny_lm("gpt2").model, tokenizer)
    messages = [{"role": "system", "content": "be kind"}, {"role": "user", "content": "a hat?"}]
    found = lm.attribute_answer(messages, "no")
    assert found.tokens.roles[found.start :] == ("assistant",) * len(found)
    turns = found.by("turn")
    assert turns.tokens.pieces == ("<system>be kind", "<user>a hat?", "<assistant>", "no")
    assert turns.scores.shape == (1, 4)


def test_small_memory_gives_the_same():
    lm = tiny_lm("gpt2")
    wide = lm.attribute_answer("the king said", ANSWER)
    tight = lm.attribute_answer("the king said", ANSWER, max_memory="1 kB")
    np.testing.assert_allclose(tight.scores, wide.scores, rtol=1e-4, atol=1e-6)


def test_the_model_is_left_as_it_was():
    model = fresh_model("gpt2").train()
    lm = LanguageModel(model, tiny_tokenizer("gpt2"))
    before = copy.deepcopy(model.state_dict())
    hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]
    lm.attribute_answer("the king said", ANSWER)
    lm.attribute_answer("the king said", max_new_tokens=2)
    with pytest.raises(InputError):
        lm.attribute_answer("the king said", ANSWER, foils=[2])
    assert model.training
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    assert hooks == [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]
    assert all((value == before[name]).all() for name, value in model.state_dict().items())


@pytest.mark.parametrize("method", ["input_x_gradient", "integrated_gradients"])
def test_stopped_early(method):
    lm = tiny_lm("gpt2")
    with pytest.raises(CancelledError):
        lm.attribute_answer("the king said", ANSWER, method, cancelled=lambda: True)
    done = []

    def progress(now, total, left):
        done.append(now / total)

    whole = lm.attribute_answer("the king said", ANSWER, method, max_memory=1000, progress=progress)
    assert done == sorted(done)
    assert not whole.partial
    done.clear()
    part = lm.attribute_answer(
        "the king said", ANSWER, method, max_memory=1000, progress=progress,
        cancelled=lambda: bool(done) and done[-1] > 0.4,
    )  # fmt: skip
    assert part.partial
    assert 1 <= len(part) < len(whole)
    np.testing.assert_allclose(part.scores, whole.scores[: len(part)], rtol=1e-4, atol=1e-6)
    assert part.step(0).partial


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_broken_model_is_shown(value):
    model = fresh_model("gpt2")
    model.transformer.h[0].mlp.c_fc.weight.data[3, 3] = value
    found = LanguageModel(model, tiny_tokenizer("gpt2")).attribute_answer("the king", " a hat")
    assert np.isnan(found.scores[1, : found.until[1]]).all()
    assert (found.scores[1, found.until[1] :] == 0).all()


def test_what_cannot_be_asked():
    lm = tiny_lm("gpt2")
    with pytest.raises(InputError, match="answer is empty"):
        lm.attribute_answer("the king", "")
    with pytest.raises(InputError, match="nothing to write"):
        lm.attribute_answer("the king", max_new_tokens=0)
    with pytest.raises(ModelMismatchError, match="cannot write text"):
        tiny_lm("bert").attribute_answer("the king", " a")
    with pytest.raises(ModelMismatchError, match="cannot write text"):
        tiny_lm("bert-classifier").attribute_answer("the king", " a")
    with pytest.raises(UnknownNameError, match="takes no 'steps'"):
        lm.attribute_answer("the king", " a", steps=3)
    with pytest.raises(UnknownNameError, match="no method 'gradeint'"):
        lm.attribute_answer("the king", " a", "gradeint")
    with pytest.raises(InputError, match="do not fit into the 128 tokens"):
        lm.attribute_answer("k" * 120, "a" * 20)
    cut = lm.attribute_answer("k" * 140, "a" * 20, truncate=True)
    assert (cut.start, len(cut)) == (109, 20)
    assert len(lm.attribute_answer("k" * 109, "a" * 20)) == 20


def test_a_model_that_writes_nothing():
    model = fresh_model("gpt2")
    model.lm_head = nn.Linear(32, 300)
    model.lm_head.weight.data.zero_()
    model.lm_head.bias.data = torch.eye(300)[2] * 9
    lm = LanguageModel(model, tiny_tokenizer("gpt2"))
    with pytest.raises(InputError, match="ends at once"):
        lm.attribute_answer("the king")


def test_the_function_itself():
    lm = tiny_lm("gpt2")
    assert (attribute_answer(lm, "the", " a").scores == lm.attribute_answer("the", " a").scores).all()  # fmt: skip


@pytest.mark.real_model
def test_a_real_answer(smollm2):
    """One pass over a chat is as good as one for each token."""
    chat = [{"role": "user", "content": "What is the capital of France?"}]
    found = smollm2.attribute_answer(chat, max_new_tokens=8, of="log_probability")
    assert found.answer == "The capital of France is Paris."
    row = [one.label for one in found.predictions].index(" Paris")
    step = found.step(row)
    alone = smollm2.attribute(
        step.tokens, "input_x_gradient", target=" Paris", of="log_probability"
    )
    scale = np.abs(alone.scores).max()
    np.testing.assert_allclose(step.scores, alone.scores, rtol=0, atol=1e-4 * scale)
