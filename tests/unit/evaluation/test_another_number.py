"""Checks refuse to judge a map by another number than it explains; sums and units stay honest."""

from __future__ import annotations

import signal

import numpy as np
import pytest
from heads import headed_lm
from models import tiny_lm

from lmwidget.comparison import rank_correlation
from lmwidget.errors import InputError

TEXT = "the king sat. the cat"


def test_an_answer_is_checked_as_a_whole_or_not_at_all():
    lm = tiny_lm("gpt2")
    answer = lm.attribute_answer(TEXT, " on a hat", of="log_probability")
    assert len(lm.check(answer, random_maps=2).checks) == 3
    some = lm.attribute_answer(TEXT, " on a hat", of="log_probability", rows=[1, 2])
    with pytest.raises(InputError, match="asked again it is"):
        lm.check(some, random_maps=2)
    with pytest.raises(InputError, match="asked again it is"):
        lm.check(answer.step(2, inputs_only=True), random_maps=2)


def test_units_without_a_score_do_not_agree():
    assert rank_correlation([1, 2, np.nan, 4], [1, 2, 3, 0]) == pytest.approx(-0.5)
    assert np.isnan(rank_correlation([1, np.nan], [1, 2]))


def test_checks_of_finer_units_are_let_go():
    lm = tiny_lm("gpt2")
    why = lm.check(lm.attribute(TEXT), random_maps=1)
    assert why.checks
    assert not why.by("sentence").checks


def test_numbers_that_are_no_probabilities():
    lm = headed_lm("bert", "SequenceClassification", num_labels=3, problem_type="regression")
    for of in ("entropy", "probability", "log_probability"):
        with pytest.raises(InputError, match="no probabilities"):
            lm.attribute(TEXT, of=of)
    assert np.isfinite(lm.attribute(TEXT).scores).all()


def test_smoothed_norms_are_norms():
    lm = tiny_lm("gpt2")
    why = lm.attribute(TEXT, "smoothgrad", base="gradient", samples=2)
    assert (why.unit, why.signed) == ("gradient norm", False)
    assert lm.attribute(TEXT, "smoothgrad", samples=2).unit == "logit"


def test_a_method_that_refuses_the_question_does_not_lose_the_others():
    lm = tiny_lm("gpt2")
    found = lm.compare(TEXT, ["leave_one_out", "exact_shapley"], checks=False, settings={"exact_shapley": {"most": 2}})  # fmt: skip
    assert [one.method for one in found.attributions] == ["leave_one_out"]
    assert "coalitions" in next(iter(found.failures.values()))


def test_an_interrupt_is_never_swallowed():
    lm = tiny_lm("gpt2")
    before = signal.getsignal(signal.SIGINT)

    def interrupt(done, total, left):
        if done == total:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        lm.attribute(TEXT, progress=interrupt)
    assert signal.getsignal(signal.SIGINT) is before
    partial = lm.attribute(
        TEXT, "smoothgrad", samples=20,
        progress=lambda done, total, left: done == 3 and signal.raise_signal(signal.SIGINT),
    )  # fmt: skip
    assert partial.partial


def test_an_interrupt_stops_all_methods_of_a_comparison():
    lm = tiny_lm("gpt2")
    heard = []

    def interrupt(done, total, left):
        if 3 * done >= total and not heard:
            heard.append(done)
            signal.raise_signal(signal.SIGINT)

    found = lm.compare(TEXT, ["gradient", "leave_one_out", "random"], progress=interrupt)
    assert 1 <= len(found) < 3
    assert not found.attributions[0].checks
