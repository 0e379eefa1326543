"""SaliencyText without a browser: its traits, what crosses, what Python sees."""

import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

import lmwidget as lmw
from lmwidget import wire
from lmwidget.errors import CancelledError, InputError, UnknownNameError

TEXT = "The king said unto the"


@pytest.fixture(scope="module")
def lm():
    return lmw.load("tiny")


@pytest.fixture
def why(lm):
    return lmw.SaliencyText(lm, TEXT)


def test_scores_cross_as_they_are(why, lm):
    expected = lm.attribute(TEXT).scores
    np.testing.assert_array_equal(wire.decode(why._scores), expected)
    assert why._figure["target"]["label"] == lm.predict(TEXT)[0].label


def test_click_on_a_prediction_makes_it_the_target(why):
    second = why._predictions[1]["id"]
    why.set_state({"target": second})
    why.wait()
    assert why._figure["target"]["id"] == second
    assert why.result.target.id == second


def test_foil_makes_it_a_contrast(why, lm):
    first, second = (prediction["id"] for prediction in why._predictions[:2])
    why.set_state({"target": first, "foil": second})
    why.wait()
    assert why._figure["unit"] == "log-probability difference"
    alone = [lm.attribute(TEXT, target=target).scores for target in (first, second)]
    np.testing.assert_allclose(why.result.scores, alone[0] - alone[1], rtol=1e-3, atol=1e-5)


def test_method_switch_recomputes_and_shows_the_check(why):
    why.method = "integrated_gradients"
    check = why._figure["check"]
    assert check["name"] == "completeness gap"
    total = float(why.result.scores.sum())
    assert check["total"] == pytest.approx(total, rel=1e-4)


def test_new_text_forgets_the_old_target(why):
    why.target = why._predictions[3]["id"]
    why.token = 2
    why.set_state({"text": "And God saw the"})
    why.wait()
    assert (why.target, why.token) == (None, None)
    assert why.result.tokens.text == "And God saw the"


def test_progress_is_reported_while_a_slow_method_runs(why):
    seen = []
    why.observe(lambda change: seen.append(change["new"]["progress"]), "_status")
    why.set_state({"method": "integrated_gradients"})
    why.wait()
    done = [progress for progress in seen if progress]
    assert done, "no progress reached the widget"
    assert all(0 <= progress["done"] <= progress["total"] for progress in done)
    assert why._status["state"] == "ready"


def test_settings_reach_the_method(lm):
    why = lmw.SaliencyText(lm, TEXT, method="integrated_gradients", settings={"steps": 7})
    assert why.result.settings["steps"] == 7


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"method": "gradeint"}, UnknownNameError, "Did you mean 'gradient'"),
        ({"target": ""}, InputError, "The target is empty"),
        ({"methd": "gradient"}, UnknownNameError, "Did you mean 'method'"),
    ],
)
def test_what_does_not_exist_is_named_with_what_does(lm, settings, error, message):
    with pytest.raises(error, match=message):
        lmw.SaliencyText(lm, TEXT, **settings)


def test_an_unknown_method_set_later_is_refused(why):
    with pytest.raises(UnknownNameError, match="Did you mean 'gradient'"):
        why.method = "gradeint"
    assert why.method == "leave_one_out"


def test_results_and_arrays_need_no_model(why):
    again = lmw.SaliencyText.from_result(why.result)
    assert again._figure["editable"] is False
    np.testing.assert_array_equal(wire.decode(again._scores), why.result.scores)
    given = lmw.SaliencyText.from_arrays([0.5, np.nan], ["so", " good"], unit="SHAP value")
    assert (given._figure["unit"], given._figure["signed"]) == ("SHAP value", False)
    with pytest.raises(InputError, match="one score for each token"):
        lmw.SaliencyText.from_arrays([0.5], ["so", " good"])


def test_state_is_json_even_when_numbers_are_not(lm):
    import json

    given = lmw.SaliencyText.from_arrays([np.nan, np.inf], ["a", "b"], target="x")
    json.dumps([given._figure, given._predictions, given._status], allow_nan=False)


def test_empty_text_waits_for_one(lm):
    why = lmw.SaliencyText(lm)
    assert why._status["state"] == "empty"
    why.text = TEXT
    assert why._status["state"] == "ready"


def test_a_refused_change_leaves_inputs_and_picture_as_they_were(why):
    before = why.result
    with pytest.raises(InputError):
        why.target = ""
    assert why.target is None
    assert why.result is before
    why.method = "gradient"
    assert why.result.method == "gradient"


def test_a_target_given_before_the_text_is_kept(lm):
    why = lmw.SaliencyText(lm, target=" king")
    why.text = "The king said unto the"
    assert why.result.target.label == " king"


def test_tensors_with_gradients_and_misfits(lm):
    import torch

    given = lmw.SaliencyText.from_arrays(torch.ones(2, requires_grad=True), ["a", "b"])
    assert given.result.scores.tolist() == [1.0, 1.0]
    with pytest.raises(InputError, match="is no attribution"):
        lmw.SaliencyText.from_result(lm.attention(TEXT))


def test_a_change_in_python_stops_what_the_browser_started(lm):
    why = lmw.SaliencyText(lm, TEXT)
    started = threading.Event()
    stopped = threading.Event()

    def endless(*args, cancelled, **kwargs):
        started.set()
        while not cancelled():
            time.sleep(0.01)
        stopped.set()
        raise CancelledError("Stopped.")

    real = lm.attribute
    why._lm = SimpleNamespace(attribute=endless, task=lm.task, name=lm.name, tokenize=lm.tokenize)
    why.set_state({"method": "integrated_gradients"})
    assert started.wait(30)
    why._lm = SimpleNamespace(attribute=real, task=lm.task, name=lm.name, tokenize=lm.tokenize)
    why.method = "gradient"
    assert stopped.is_set()
    assert why.result.method == "gradient"


@pytest.mark.parametrize(
    ("text", "asked", "method"),
    [
        ("the king said", {}, "leave_one_out"),
        ("the king said " * 12, {}, "input_x_gradient"),
        ("the king said " * 12, {"level": "sentence"}, "leave_one_out"),
        ("the king said", {"method": "gradient"}, "gradient"),
        ("the king said", {"answer": True, "max_new_tokens": 2}, "input_x_gradient"),
        ("", {}, "input_x_gradient"),
    ],
)
def test_the_method_of_the_first_picture(text, asked, method):
    why = lmw.SaliencyText(lmw.load("tiny"), text, **asked)
    assert why.method == method
    if text:
        assert why._figure["method"] == method
