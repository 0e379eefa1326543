"""SaliencyText for every kind of answer: labels, masks, spans, classes, phrases, own functions."""

import json

import numpy as np
import pytest
from heads import headed_lm
from models import tiny_lm

import lmwidget as lmw
from lmwidget import wire
from lmwidget.errors import CancelledError, InputError, UnknownNameError

TEXT = "The king said unto the"
LABELS = {0: "O", 1: "PER", 2: "LOC"}


@pytest.fixture(scope="module")
def lm():
    return lmw.load("tiny")


@pytest.fixture(scope="module")
def tagger():
    return headed_lm("bert", "TokenClassification", id2label=LABELS, label2id={v: k for k, v in LABELS.items()})  # fmt: skip


@pytest.fixture(scope="module")
def reader():
    return headed_lm("bert", "QuestionAnswering")


def test_a_click_on_a_token_explains_its_label(tagger):
    why = lmw.SaliencyText(tagger, "the king sat")
    assert why._figure["readout"] == "token label"
    before = why._figure["position"]
    other = 1 if before != 1 else 2
    why.set_state({"position": other, "token": other})
    why.wait()
    assert (why._figure["position"], why.token) == (other, other)
    expected = tagger.attribute("the king sat", position=other)
    np.testing.assert_allclose(why.result.scores, expected.scores, atol=1e-6)
    assert why.result.target.label == expected.target.label


def test_masks_are_known_and_the_first_is_read():
    bert = tiny_lm("bert")
    mask = bert.tokenizer.mask_token
    why = lmw.SaliencyText(bert, f"the {mask} said {mask}")
    masks = why._figure["masks"]
    assert [int(why.result.tokens.ids[i]) for i in masks] == [bert.tokenizer.mask_token_id] * 2
    assert why._figure["position"] == masks[0]
    first = why.result.scores
    why.set_state({"position": masks[1]})
    why.wait()
    assert why._figure["position"] == masks[1]
    assert not np.allclose(first, why.result.scores)


def test_an_answer_inside_the_text_is_a_span_of_tokens(reader):
    why = lmw.SaliencyText(reader, ("the king", "sat un believing"))
    span = why._figure["target"]["span"]
    assert [span[0] <= span[1], why._figure["ends"]] == [True, None]
    other = next(one["span"] for one in why._predictions if one["span"] != span)
    why.set_state({"target": list(other)})
    why.wait()
    assert why.result.target.span == tuple(other)
    why.set_state({"position": "start"})
    why.wait()
    assert why._figure["ends"] == "start"
    expected = reader.attribute(why.result.tokens, target=tuple(other), position="start")
    np.testing.assert_allclose(why.result.scores, expected.scores, atol=1e-6)


def test_several_classes_say_that_each_has_its_probability():
    lm = headed_lm("bert", "SequenceClassification", num_labels=3, problem_type="multi_label_classification")  # fmt: skip
    why = lmw.SaliencyText(lm, "the king sat")
    assert why._figure["multi_label"] is True
    assert sum(one["probability"] for one in why._predictions) != pytest.approx(1.0, abs=1e-3)
    name = why._predictions[2]["label"]
    why.target = name
    assert why.result.target.label == name
    why.text = "the king"
    assert why.target == name  # a classifier keeps its classes


def test_a_typed_phrase_is_explained_and_its_chip_asks_for_it_again(lm):
    why = lmw.SaliencyText(lm, TEXT)
    why.set_state({"target": " king and"})
    why.wait()
    target = why._figure["target"]
    assert target["label"] == " king and"
    assert len(target["ids"]) > 1
    why.set_state({"target": target["ids"], "foil": None})
    why.wait()
    assert why.result.target.ids == tuple(target["ids"])
    assert why.result.of == "log_probability"


def test_predictions_and_tuples_are_targets(lm):
    prediction = lm.predict(TEXT)[1]
    why = lmw.SaliencyText(lm, TEXT, target=prediction, foil=(lm.predict(TEXT)[0].id,))
    assert (why.target, why.result.target.id) == (prediction.id, prediction.id)
    assert why.foil == [lm.predict(TEXT)[0].id]
    json.dumps(why.get_state(["target", "foil"]))
    with pytest.raises(InputError, match="is no target"):
        why.target = 1.5


def test_other_numbers_can_be_explained(lm):
    why = lmw.SaliencyText(lm, TEXT, of="probability")
    assert why._figure["unit"] == "probability"
    why.set_state({"of": "entropy"})
    why.wait()
    assert (why._figure["of"], why._figure["target"]["label"]) == ("entropy", "entropy")
    assert why.result.value == pytest.approx(lm.attribute(TEXT, of="entropy").value)
    with pytest.raises(UnknownNameError, match="Did you mean 'logit'"):
        why.of = "logits"


def test_a_function_of_ones_own_is_kept_in_python(lm):
    def margin(logits):
        top = logits.topk(2).values
        return top[:, 0] - top[:, 1]

    why = lmw.SaliencyText(lm, TEXT, of=margin)
    assert (why.of, why._figure["of"], why._figure["target"]["label"]) == (
        "own function", "own function", "margin",
    )  # fmt: skip
    why.method = "gradient"
    assert why.result.value == pytest.approx(lm.attribute(TEXT, of=margin).value)
    json.dumps(why.get_state(["of", "_figure"]))


def test_an_error_from_the_browser_can_be_taken_back(lm):
    why = lmw.SaliencyText(lm, TEXT)
    before = why.result
    why.set_state({"target": ""})
    why.wait()
    assert (why._status["state"], why._status["about"], why._status["back"]) == (
        "error", ["target"], True,
    )  # fmt: skip
    why.set_state({"_back": 1})
    assert (why._status["state"], why.target, why.result) == ("ready", None, before)


def test_a_text_that_fails_leaves_the_last_one_readable(lm):
    why = lmw.SaliencyText(lm, TEXT)
    why.set_state({"text": "king " * 500})
    why.wait()
    assert why._status["about"] == ["text"]
    why.set_state({"_back": 1})
    why.method = "gradient"
    assert why.result.tokens.text == TEXT


def test_settings_belong_to_their_method(lm):
    why = lmw.SaliencyText(lm, TEXT, method="integrated_gradients", settings={"steps": 7})
    why.set_state({"method": "gradient"})
    why.wait()
    assert (why._status["state"], why.settings) == ("ready", {})
    why.set_state({"method": "integrated_gradients"})
    why.wait()
    assert why.settings == {"steps": 7}
    assert why.result.settings["steps"] == 7
    assert why._figure["settings"]["steps"] == 7
    why.settings = {"steps": 9}
    assert why.result.settings["steps"] == 9
    with pytest.raises(UnknownNameError, match="stps"):
        why.settings = {"stps": 9}
    assert why.settings == {"steps": 9}


def test_methods_come_in_groups_with_plain_settings(lm):
    methods = lmw.SaliencyText(lm, TEXT)._figure["methods"]
    groups = [method["group"] for method in methods]
    order = ["Gradients", "Attention", "Perturbation", "Control"]
    assert [order.index(group) for group in groups] == sorted(
        order.index(group) for group in groups
    )
    fields = {method["name"]: method["settings"] for method in methods}
    assert {"name": "steps", "kind": "int", "default": None} in fields["integrated_gradients"]
    json.dumps(methods, allow_nan=False)


def test_a_method_without_scores_of_that_kind_leaves_the_picture(lm):
    why = lmw.SaliencyText(lm, TEXT)
    scores = wire.decode(why._scores)
    long = "the king said unto the man and the men of the land that they should go"
    why.text = long
    scores = wire.decode(why._scores)
    why.set_state({"method": "exact_shapley"})
    why.wait()
    assert why._status["state"] == "error"
    np.testing.assert_array_equal(wire.decode(why._scores), scores)
    why.set_state({"_back": 1})
    assert (why.method, why._status["state"]) == ("leave_one_out", "ready")


@pytest.mark.parametrize(
    "wrong", [{"level": 3}, {"level": [3]}, {"position": 1.5}, {"settings": [1]}]
)
def test_what_is_no_question_is_refused_in_words(lm, wrong):
    with pytest.raises(InputError, match=r"no level|no position|settings is a list"):
        lmw.SaliencyText(lm, TEXT, **wrong)


@pytest.mark.parametrize("wrong", [{"position": 1}, {"output": "a"}])
def test_an_answer_takes_no_place_of_its_own(lm, wrong):
    with pytest.raises(InputError, match=r"Every token of an answer|start of an answer"):
        lmw.SaliencyText(lm, TEXT, answer=" people", **wrong)


def test_a_method_without_a_text_is_answered(lm, monkeypatch):
    why = lmw.SaliencyText(lm)
    sent = []
    monkeypatch.setattr(why, "send_state", lambda key=None: sent.append(key))
    why.set_state({"method": "gradient"})
    why.wait()
    assert "_status" in sent


def test_a_text_that_was_cut_is_not_a_new_text(lm):
    why = lmw.SaliencyText(lm, TEXT)
    why._input_text = lambda: why._result.tokens.text[:5]  # as after truncate=True
    target = why._predictions[2]["id"]
    why.set_state({"text": TEXT + " king"})
    why.wait()
    why.set_state({"target": target})
    why.wait()
    assert (why.target, why.result.target.id) == (target, target)


def test_a_stop_by_the_reader_brings_the_question_back(lm, monkeypatch):
    why = lmw.SaliencyText(lm, TEXT)

    def stopped(_asked):
        why._stop += 1
        raise CancelledError("Stopped.")

    monkeypatch.setattr(why, "_compute_result", stopped)
    why.set_state({"method": "gradient"})
    why.wait()
    assert (why.method, why._status["state"]) == ("leave_one_out", "ready")


def test_a_shorter_answer_forgets_the_step(lm):
    why = lmw.SaliencyText(lm, TEXT, answer=True, max_new_tokens=4)
    why.step = len(why.answer) - 1
    why._result = lm.attribute_answer(TEXT, " people")
    why._show(why._drawn())
    assert why.step is None


def test_a_page_is_written_of_the_picture_that_stands(lm):
    why = lmw.SaliencyText(lm, TEXT, method="leave_one_out", level="word")
    why.set_state({"settings": {"nonsense": 1}})
    why.wait()
    assert why._status["state"] == "error"
    page = why._published_state(10**6)
    assert (page["_status"]["state"], page["settings"]) == ("ready", {})
    assert "token" in [level["name"] for level in why._levels]
    assert "token" not in [level["name"] for level in page["_levels"]]
