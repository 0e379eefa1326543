"""SaliencyCompare sends what several methods found, aligned, and computes again when asked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from models import tiny_lm

import lmwidget as lmw
from lmwidget.errors import InputError, UnknownNameError
from lmwidget.results import Check

TEXT = "the king sat. the cat </script>"
METHODS = ["input_x_gradient", "leave_one_out", "random"]


def scores_of(widget):
    sent = widget._scores
    return np.frombuffer(sent["data"], np.float32).reshape(sent["shape"])


@pytest.fixture
def widget():
    return lmw.SaliencyCompare(tiny_lm("gpt2"), TEXT, methods=METHODS)


def test_a_row_a_method_with_its_checks(widget):
    figure = widget._figure
    assert [row["name"] for row in figure["rows"]] == METHODS
    assert [row["group"] for row in figure["rows"]] == ["Gradients", "Perturbation", "Control"]
    assert [c["name"] for c in figure["rows"][0]["checks"]] == ["comprehensiveness", "sufficiency"]
    assert np.array(figure["agreement"]).shape == (3, 3)
    np.testing.assert_array_equal(scores_of(widget), widget.result.scores)
    assert widget._tokens["text"] == list(widget.result.tokens.pieces)


def test_traits_ask_again(widget):
    target = widget.result.attributions[0].target.id
    widget.methods = ["gradient", "random"]
    assert [row["name"] for row in widget._figure["rows"]] == ["gradient", "random"]
    assert widget.result.attributions[0].target.id == target
    widget.level = "sentence"
    assert scores_of(widget).shape == (2, 2)
    assert widget._figure["level"] == "sentence"
    widget.text = "a cat"
    assert scores_of(widget).shape[1] == len(widget.result.tokens)
    with pytest.raises(UnknownNameError, match="Did you mean 'gradient'"):
        widget.methods = ["gradint"]
    with pytest.raises(UnknownNameError, match="no method 'gradint'"):
        lmw.SaliencyCompare(tiny_lm("gpt2"), TEXT, methods=["gradint"])


def test_without_a_model_levels_are_sums():
    lm = tiny_lm("gpt2")
    maps = [lm.attribute(TEXT, method) for method in METHODS]
    widget = lmw.SaliencyCompare.from_results(maps)
    assert widget.methods == METHODS
    assert not widget._figure["live"]
    widget.level = "sentence"
    np.testing.assert_allclose(widget.result.scores[0], maps[0].by("sentence").scores, rtol=1e-5)
    with pytest.raises(InputError, match="is no attribution"):
        lmw.SaliencyCompare.from_result(maps[0])


def test_the_default_methods_end_with_the_control():
    widget = lmw.SaliencyCompare(tiny_lm("gpt2"), "the king", checks=False)
    assert widget._figure["rows"][-1]["name"] == "random"
    assert widget.methods == []
    assert not widget._figure["rows"][0]["checks"]


def test_settings_are_those_of_each_method():
    widget = lmw.SaliencyCompare(
        tiny_lm("gpt2"), "the king", methods=["random"], settings={"random": {"seed": 3}}
    )
    assert widget.result.attributions[0].settings["seed"] == 3


def test_where_no_script_runs(widget):
    page = widget._static_html()
    assert "&lt;" in page
    assert "</script>" not in page
    assert "comprehensiveness" in page
    assert "input_x_gradient" in page


def test_a_page_of_its_own(widget, tmp_path):
    page = widget.to_html(tmp_path / "page.html")
    assert page.read_text(encoding="utf-8").count("saliency") > 0


def test_a_comparison_shows_itself(widget):
    bundle = widget.result._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert "text/html" in data


def test_settings_outlive_another_question(widget):
    widget.settings = {"random": {"seed": 3}}
    widget.of = "probability"
    assert widget.settings == {"random": {"seed": 3}}
    assert widget.result.attributions[2].settings["seed"] == 3


def test_another_text_from_the_browser_and_the_way_back(widget):
    assert widget._figure["editable"]
    count = len(widget.result.tokens)
    widget.set_state({"text": "a cat"})
    widget.wait()
    assert widget._tokens["text"] == list(widget.result.tokens.pieces) != count
    widget.set_state({"target": "no such token at all </s>" * 9000})
    widget.wait()
    assert (widget._status["state"], widget._status["about"]) == ("error", ["target"])
    assert widget._status["back"]
    widget.set_state({"_back": 1})
    assert (widget._status["state"], widget.target, widget.text) == ("ready", None, "a cat")
    assert not lmw.SaliencyCompare.from_result(widget.result)._figure["editable"]


def test_a_bare_name_is_one_method(widget):
    widget.methods = "gradient"
    assert widget.methods == ["gradient"]
    assert len(widget.result) == 1
    widget.methods = ("gradient", "random")
    assert len(widget.result) == 2


def test_settings_are_given_by_the_name_of_their_method(widget):
    with pytest.raises(InputError, match="by its name"):
        widget.settings = {"steps": 3}
    with pytest.raises(UnknownNameError, match="Did you mean 'random'"):
        widget.settings = {"randon": {"seed": 3}}
    assert widget.settings == {}


def test_what_is_no_question_is_refused_in_words(widget):
    with pytest.raises(UnknownNameError, match="takes no 'method'"):
        lmw.SaliencyCompare(tiny_lm("gpt2"), TEXT, method="random")
    with pytest.raises(InputError, match="checks of its own"):
        widget.check()
    with pytest.raises(InputError, match="methods is a int"):
        lmw.SaliencyCompare(tiny_lm("gpt2"), TEXT, methods=3)
    one = lmw.SaliencyCompare(tiny_lm("gpt2"), "the king", methods="gradient", checks=False)
    assert one.methods == ["gradient"]


def test_a_check_without_random_maps_is_written():
    why = tiny_lm("gpt2").attribute("the king", "gradient")
    given = replace(why, checks=(Check("sufficiency", 0.5, "from elsewhere"),))
    page = lmw.SaliencyCompare.from_results([given])._static_html()
    assert "0.5" in page
    assert "random" not in page
