"""What is asked from Python: settings behind a method, places of arguments, stops."""

from __future__ import annotations

import pytest

import lmwidget as lmw
from lmwidget.errors import InterruptedRunError
from lmwidget.widgets.base import ModelWidget

TEXT = "the king said unto the servants"


@pytest.fixture(scope="module")
def lm():
    return lmw.load("tiny")


def test_settings_given_right_after_a_method_are_kept(lm):
    why = lmw.SaliencyText(lm, TEXT, "input_x_gradient")
    why.method = "kernel_shap"
    why.settings = {"samples": 60}
    assert why.settings == {"samples": 60}
    assert why.result.settings["samples"] == 60
    why.method = "gradient"
    assert why.settings == {}
    why.method = "kernel_shap"
    assert why.settings == {"samples": 60}
    assert why.result.settings["samples"] == 60


def test_a_method_and_its_settings_come_together(lm):
    why = lmw.SaliencyText(lm, TEXT, method="integrated_gradients", settings={"steps": 9})
    why.set_state({"method": "kernel_shap", "settings": {"samples": 40}})
    why.wait()
    assert why.result.settings["samples"] == 40


def test_the_method_may_stand_behind_the_text(lm):
    assert lmw.SaliencyText(lm, TEXT, "leave_one_out").result.method == "leave_one_out"
    compared = lmw.SaliencyCompare(lm, TEXT, ["gradient", "random"], checks=False)
    assert compared.methods == ["gradient", "random"]


def test_a_stop_button_stands_only_where_it_is_heard(lm, monkeypatch):
    seen = []
    monkeypatch.setattr(lmw.SaliencyText, "_progress", ModelWidget._progress)
    why = lmw.SaliencyText(lm, TEXT, "input_x_gradient")
    why.observe(lambda change: seen.append(change.new["progress"]), "_status")
    why.comm = why.comm or object()
    why.method = "leave_one_out"
    assert {one["deaf"] for one in seen if one} == {True}
    seen.clear()
    why.set_state({"method": "lime"})
    why.wait()
    assert {one["deaf"] for one in seen if one} == {False}


def test_an_interrupted_cell_ends_and_the_picture_stays(lm, monkeypatch):
    why = lmw.SaliencyText(lm, TEXT, "input_x_gradient")

    def interrupted(*_args, **_settings):
        raise InterruptedRunError("Stopped.", "")

    monkeypatch.setattr(why, "_attributed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        why.method = "lime"
    assert why.method == why.result.method == "input_x_gradient"
    assert why._status["state"] == "ready"


def test_each_step_of_an_answer_crosses_with_its_unit(lm):
    answer = lm.attribute_answer("The king", " said And", foils=[3, None])
    matrix = lmw.SaliencyMatrix.from_result(answer)
    assert matrix._figure["answer"]["units"] == ["logit difference", "logit"]


def test_beside_turns_stand_the_tokens_of_the_answer(lm):
    matrix = lmw.SaliencyMatrix(lm, "The king", " said And", level="turn")
    assert matrix.result.scores.shape[0] == 2
    matrix.row_level = "turn"
    assert matrix.result.scores.shape[0] == 1
