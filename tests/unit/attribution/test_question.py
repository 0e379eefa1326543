"""Whatever can be asked is the number that plain torch computes from the model's logits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from heads import headed_lm
from models import tiny_lm

from lmwidget.attribution.question import Question
from lmwidget.attribution.target_function import TargetFunction
from lmwidget.errors import InputError, UnavailableError, UnknownNameError
from lmwidget.inspection import relevance

TEXT = "the king said"
CAUSAL = ["gpt2", "llama", "gemma2"]


def value_and_gradient(lm, tokens, *asked, **settings):
    with TargetFunction(Question(lm, tokens, None, *asked, **settings)) as f:
        return f.value, f.gradient().numpy(), f.question


def logits_of(lm, ids):
    with torch.no_grad():
        return lm.model(torch.tensor([ids])).logits[0].double()


@pytest.mark.parametrize("family", CAUSAL)
def test_a_phrase_is_the_chain_of_its_tokens(family):
    lm = tiny_lm(family)
    tokens = lm.tokenize(TEXT)
    phrase = lm.tokenizer.encode(" a king", add_special_tokens=False)
    assert len(phrase) > 2
    logs = logits_of(lm, [*tokens.ids.tolist(), *phrase]).log_softmax(-1)
    start = len(tokens) - 1
    expected = sum(float(logs[start + i, token]) for i, token in enumerate(phrase))
    value, _, question = value_and_gradient(lm, tokens, " a king")
    assert value == pytest.approx(expected, abs=1e-4)
    assert (question.unit, question.of, question.target.ids) == (
        "log-probability", "log_probability", tuple(phrase),
    )  # fmt: skip
    probability, _, _ = value_and_gradient(lm, tokens, tuple(phrase), of="probability")
    assert probability == pytest.approx(np.exp(expected), rel=1e-4)


@pytest.mark.parametrize("family", CAUSAL)
def test_gradient_of_a_phrase_against_finite_differences(family):
    lm = tiny_lm(family)
    with TargetFunction(Question(lm, lm.tokenize(TEXT), target=" a king", foil="the")) as f:
        gradient = f.gradient()
        direction = torch.randn(f.embeddings.shape, generator=torch.Generator().manual_seed(0))
        step = 1e-2
        up, down = f.values(torch.stack([f.embeddings + step * direction, f.embeddings - step * direction]))  # fmt: skip
    numeric = float(up - down) / (2 * step)
    assert float((gradient * direction).sum()) == pytest.approx(numeric, rel=2e-2, abs=2e-3)


def test_foil_phrase_of_another_length_is_read_on_its_own():
    lm = tiny_lm("gpt2")
    tokens = lm.tokenize(TEXT)
    both, _, question = value_and_gradient(lm, tokens, " a king", "the")
    target = value_and_gradient(lm, tokens, " a king")[0]
    foil = value_and_gradient(lm, tokens, "the", of="log_probability")[0]
    assert both == pytest.approx(target - foil, abs=1e-4)
    assert question.unit == "log-probability difference"


@pytest.mark.parametrize("of", ["logit", "log_probability", "probability", "entropy"])
def test_numbers_of_the_next_token(of):
    lm = tiny_lm("gpt2")
    tokens = lm.tokenize(TEXT)
    logits = logits_of(lm, tokens.ids.tolist())[-1]
    best = int(logits.argmax())
    logs = logits.log_softmax(-1)
    expected = {
        "logit": logits[best],
        "log_probability": logs[best],
        "probability": logs[best].exp(),
        "entropy": -(logs.exp() * logs).sum(),
    }[of]
    value, gradient, question = value_and_gradient(lm, tokens, of=of)
    assert value == pytest.approx(float(expected), rel=1e-5)
    assert np.abs(gradient).sum() > 0
    assert question.of == of


def test_own_function_sees_the_logits_of_the_place():
    lm = tiny_lm("gpt2")
    tokens = lm.tokenize(TEXT)

    def margin(logits):
        best = logits.topk(2, -1).values
        return best[:, 0] - best[:, 1]

    best = logits_of(lm, tokens.ids.tolist())[-1].topk(2).values
    value, _, question = value_and_gradient(lm, tokens, of=margin)
    assert value == pytest.approx(float(best[0] - best[1]), abs=1e-4)
    assert (question.of, question.target.label, question.unit) == (
        "own function", "margin", "own function",
    )  # fmt: skip
    with pytest.raises(InputError, match=r"returned \(\) for 1 texts"):
        lm.attribute(TEXT, of=lambda logits: logits.sum())
    with pytest.raises(InputError, match="a number of all candidates"):
        lm.attribute(TEXT, of="entropy", foil="k")
    with pytest.raises(InputError, match="a number of all candidates"):
        lm.attribute(TEXT, of="entropy", target=5)


def test_an_earlier_position_is_the_shorter_text():
    lm = tiny_lm("gpt2")
    tokens = lm.tokenize(TEXT)
    value, gradient, _ = value_and_gradient(lm, tokens, position=3)
    logits = logits_of(lm, tokens.ids[:4].tolist())[-1]
    assert value == pytest.approx(float(logits.max()), abs=1e-4)
    assert np.abs(gradient[4:]).sum() == 0


def test_phrase_over_several_masks():
    lm = tiny_lm("bert")
    tokens = lm.tokenize("the [MASK] [MASK] sat")
    with pytest.warns(UserWarning, match="2 mask tokens"):
        lm.attribute(tokens)
    places = [i for i, token in enumerate(tokens.ids) if token == lm.tokenizer.mask_token_id]
    ids = lm.tokenizer.encode("king said", add_special_tokens=False)
    with torch.no_grad():
        logits = lm.model(**lm.inputs(tokens)).logits[0].double().log_softmax(-1)
    expected = sum(float(logits[place, token]) for place, token in zip(places, ids, strict=True))
    value, _, _ = value_and_gradient(lm, tokens, "king said")
    assert value == pytest.approx(expected, abs=1e-4)
    with pytest.raises(InputError, match="3 tokens, but the text has 2 masks"):
        lm.attribute(tokens, target="king said the")


def test_answer_spans_their_ends_and_their_foils():
    lm = headed_lm("bert", "QuestionAnswering")
    tokens = lm.tokenize(("the king said", "the cat sat on the king"))
    with torch.no_grad():
        output = lm.model(**lm.inputs(tokens))
    start, end = output.start_logits[0].double(), output.end_logits[0].double()
    first, last = tokens.find("cat")[0], tokens.find("sat")[-1]
    value, gradient, question = value_and_gradient(lm, tokens, "cat sat")
    assert value == pytest.approx(float(start[first] + end[last]), abs=1e-4)
    assert (question.target.label, question.target.span) == ("cat sat", (first, last))
    assert np.abs(gradient).sum() > 0
    assert value_and_gradient(lm, tokens, "cat sat", position="end")[0] == pytest.approx(
        float(end[last]), abs=1e-4
    )
    chance = value_and_gradient(lm, tokens, (first, last), of="probability")[0]
    assert chance == pytest.approx(float(start.softmax(0)[first] * end.softmax(0)[last]), rel=1e-4)
    other = value_and_gradient(lm, tokens, "cat sat", "cat")[0]
    assert other == pytest.approx(value - float(start[first] + end[first]), abs=1e-4)
    best = lm.predict(tokens)[0]
    assert value_and_gradient(lm, tokens)[2].target.span == best.span
    with pytest.raises(InputError, match="does not hold the target 'dog'"):
        lm.attribute(tokens, target="dog")


def test_token_labels():
    lm = headed_lm("bert", "TokenClassification", num_labels=3)
    tokens = lm.tokenize(TEXT)
    with torch.no_grad():
        logits = lm.model(**lm.inputs(tokens)).logits[0].double()
    place = tokens.find("king")[0]
    value, _, question = value_and_gradient(lm, tokens, "LABEL_2", position="king")
    assert value == pytest.approx(float(logits[place, 2]), abs=1e-5)
    assert (question.anchors(), question.place.position) == ([place], place)
    why = lm.attribute(TEXT)
    assert why.position in range(1, len(tokens) - 1)
    again = lm.attribute(TEXT, target=why.target, position=why.position)
    np.testing.assert_array_equal(again.scores, why.scores)


def test_several_labels_at_once_have_their_own_probabilities():
    lm = headed_lm(
        "bert", "SequenceClassification", num_labels=3, problem_type="multi_label_classification"
    )
    tokens = lm.tokenize(TEXT)
    with torch.no_grad():
        logits = lm.model(**lm.inputs(tokens)).logits[0].double()
    value, _, question = value_and_gradient(lm, tokens, 1, of="probability")
    assert value == pytest.approx(float(logits[1].sigmoid()), rel=1e-5)
    assert question.target.probability == pytest.approx(value, rel=1e-5)


def test_what_an_encoder_decoder_writes():
    lm = tiny_lm("t5")
    tokens, phrase = lm.tokenize(TEXT), " a king"
    ids = lm.tokenizer.encode(phrase, add_special_tokens=False)
    start = lm.tokenize_output().ids.tolist()
    with torch.no_grad():
        logits = lm.model(
            torch.tensor(tokens.ids)[None], decoder_input_ids=torch.tensor([[*start, *ids]])
        ).logits[0]
    logs = logits.double().log_softmax(-1)
    expected = sum(float(logs[len(start) - 1 + i, token]) for i, token in enumerate(ids))
    assert value_and_gradient(lm, tokens, phrase)[0] == pytest.approx(expected, abs=1e-4)


def test_mistakes_are_named():
    lm = tiny_lm("gpt2")
    with pytest.raises(UnknownNameError, match="Did you mean 'entropy'"):
        lm.attribute(TEXT, of="entrop")
    with pytest.raises(InputError, match="of is a int"):
        lm.attribute(TEXT, of=3)
    with pytest.raises(InputError, match="A phrase is explained behind the text"):
        lm.attribute(TEXT, target=" a king", position=2)
    with pytest.raises(InputError, match="The text does not hold 'queen'"):
        lm.attribute(TEXT, position="queen")
    with pytest.raises(UnavailableError, match="single token"):
        relevance(lm, TEXT, target=" a king")
