"""SaliencyText by level, answer and check: what is sent, what Python sees, what a page keeps."""

import json

import numpy as np
import pytest

import lmwidget as lmw
from lmwidget import wire
from lmwidget.errors import InputError, UnknownNameError
from lmwidget.tokens import Tokens
from lmwidget.units import unit_of_tokens

TEXT = "The king. He said unto the men that they go. And he"


@pytest.fixture(scope="module")
def lm():
    return lmw.load("tiny")


def level_names(why):
    return [level["name"] for level in why._levels]


def parts_of(why, name):
    parts = next(level["parts"] for level in why._levels if level["name"] == name)
    return None if parts is None else wire.decode(parts)


def test_levels_that_make_a_difference_are_offered(lm):
    assert lmw.SaliencyText(lm, "the king")._levels[0] == {"name": "token", "parts": None}
    why = lmw.SaliencyText(lm, TEXT)
    assert "sentence" in level_names(why)
    assert "paragraph" not in level_names(why)  # there is one
    np.testing.assert_array_equal(
        parts_of(why, "sentence"), unit_of_tokens(why.result.tokens, "sentence")
    )
    two = lmw.SaliencyText(lm, "The king said.\n\nThe men said.")
    assert level_names(two)[-1] == "sentence"  # paragraphs are the same two units


def test_a_level_is_a_sum_and_nothing_is_sent_again(lm):
    why = lmw.SaliencyText(lm, TEXT, "input_x_gradient")
    fine, sent = why.result, why._scores
    why.set_state({"level": "sentence"})
    assert why._scores is sent
    assert why.result.level == "sentence"
    assert why.result.scores.sum() == pytest.approx(fine.scores.sum(), abs=1e-5)
    assert why._status["state"] == "ready"
    with pytest.raises(UnknownNameError, match="Did you mean 'sentence'"):
        why.level = "sentenc"


def test_methods_that_take_units_away_are_asked_anew(lm):
    why = lmw.SaliencyText(lm, TEXT, method="partition_shap", level="sentence")
    assert (why._figure["level"], why.result.level) == ("sentence", "sentence")
    assert wire.decode(why._scores).shape == (3,)
    assert len(why._tokens["text"]) > 3  # the model's own tokens, to be linked
    expected = lm.attribute(TEXT, "partition_shap", level="sentence")
    np.testing.assert_allclose(why.result.scores, expected.scores, rtol=1e-4, atol=1e-4)
    why.set_state({"level": "word"})
    why.wait()
    assert why._figure["level"] == "word"
    assert wire.decode(why._scores).shape == (len(why.result.tokens),)


def test_own_passages_by_text_and_by_characters(lm):
    why = lmw.SaliencyText(lm, TEXT, level=["The king.", "unto the men"])
    assert why.result.level == "passage"
    assert "passage" in level_names(why)
    sums = why.result.scores
    why.set_state({"level": "token"})
    why.set_state({"level": "passage"})  # as the browser names them
    np.testing.assert_array_equal(why.result.scores, sums)
    why.level = [(0, 9)]
    assert len(why.result.tokens) == 2
    assert parts_of(why, "passage").max() == 1
    with pytest.raises(InputError, match="does not hold the passage"):
        why.level = ["queen"]
    assert why.level == [[0, 9]]
    json.dumps(why.get_state(["level"]))
    why.text = "And he"
    assert why.level == "token"


def test_results_of_a_level_offer_only_what_they_can_be_summed_to(lm):
    by_sentence = lm.attribute(TEXT).by("sentence")
    why = lmw.SaliencyText.from_result(by_sentence)
    assert why.level == "sentence"
    assert level_names(why) == ["sentence"]
    with pytest.raises(InputError, match="Compute it again"):
        why.level = "word"
    assert why.level == "sentence"
    passages = lm.attribute(TEXT).by(["The king."])
    why = lmw.SaliencyText.from_result(passages)
    assert (why.level, level_names(why)) == ("passage", ["passage"])
    with pytest.raises(InputError, match="Compute it again"):
        lmw.SaliencyText.from_result(by_sentence, level="token")


def test_an_answer_is_sent_whole_and_stepped_through(lm):
    why = lmw.SaliencyText(lm, "the king", answer=" said unto the")
    answer = why.answer
    assert wire.decode(why._scores).shape == (len(answer), len(answer.tokens))
    steps = why._figure["answer"]
    assert steps["start"] == len(lm.tokenize("the king"))
    assert steps["places"] == list(range(steps["start"], len(answer.tokens)))
    assert why.text == "the king"
    np.testing.assert_array_equal(why.result.scores, answer.whole().scores)
    sent = why._scores
    why.set_state({"step": 1})
    assert why._scores is sent
    np.testing.assert_array_equal(why.result.scores, answer.step(1).scores)
    with pytest.raises(UnknownNameError, match="no step 9"):
        why.step = 9
    assert why.step == 1
    again = lmw.SaliencyText.from_result(answer, step=0)
    np.testing.assert_array_equal(again.result.scores, answer.step(0).scores)


def test_levels_of_an_answer_leave_its_own_tokens_apart(lm):
    why = lmw.SaliencyText(lm, "The king. He", answer=" said unto")
    start = why._figure["answer"]["start"]
    parts, count = parts_of(why, "sentence"), len(why.answer)
    assert parts.tolist() == [0] * (start - 1) + [1, *range(2, 2 + count)]
    why.level = "sentence"
    assert why.result.tokens.pieces == ("The king.", " He")


def test_another_method_explains_the_same_answer(lm):
    why = lmw.SaliencyText(lm, "the king", answer=True, max_new_tokens=3)
    written = why.answer.answer
    assert len(why.answer) == 3
    why.method = "gradient"
    assert (why.answer.answer, why.answer.method) == (written, "gradient")
    why.step = 2
    why.set_state({"text": "and he said"})
    why.wait()
    assert (why.step, why.text) == (None, "and he said")
    assert why.answer.tokens.text.startswith("and he said")
    with pytest.raises(InputError, match="its own target"):
        why.target = " a"
    with pytest.raises(InputError, match="answer is a int"):
        lmw.SaliencyText(lm, "the king", answer=3)


def test_steps_need_an_answer(lm):
    why = lmw.SaliencyText(lm, "the king")
    assert why.answer is None
    with pytest.raises(UnknownNameError, match="it has no steps"):
        why.step = 0


def test_checks_are_computed_on_demand_and_belong_to_what_was_checked(lm):
    why = lmw.SaliencyText(lm, TEXT)
    assert why._figure["checks"] is None
    why.set_state({"_check": 1})
    why.wait()
    shown = why._figure["checks"]
    expected = lm.check(lm.attribute(TEXT)).checks
    assert [row["name"] for row in shown["rows"]] == [check.name for check in expected]
    assert shown["rows"][0]["value"] == pytest.approx(expected[0].value, abs=1e-4)
    assert (shown["level"], shown["where"]) == ("token", None)
    assert shown["seconds"] > 0
    assert why.result.checks[0].name == expected[0].name
    why.level = "sentence"
    assert why.result.checks == ()
    assert why.check(random_maps=2)[0].random is not None
    assert why._figure["checks"]["level"] == "sentence"
    why.method = "gradient"
    assert why._figure["checks"] is None


def test_steps_and_whole_answers_are_checked_apart(lm):
    why = lmw.SaliencyText(lm, "The king of the", answer=" king and the")
    assert why.check(random_maps=2)[0].name == "comprehensiveness"
    assert (why._figure["checks"]["where"], len(why.result.checks)) == (None, 3)
    why.step = 1
    assert why.result.checks == ()
    why.set_state({"_check": 1})
    why.wait()
    assert why._status["state"] == "ready"
    assert (why._figure["checks"]["where"], len(why.result.checks)) == (1, 3)


def test_checks_need_a_model_and_come_with_results(lm):
    checked = lm.check(lm.attribute(TEXT))
    why = lmw.SaliencyText.from_result(checked)
    assert len(why._figure["checks"]["rows"]) == len(checked.checks)
    with pytest.raises(InputError, match="no model to check"):
        why.check()


def test_a_newer_question_goes_before_a_check(lm):
    why = lmw.SaliencyText(lm, TEXT)
    why.set_state({"_check": 1, "method": "gradient"})
    why.wait()
    assert why.result.method == "gradient"
    assert why._status["state"] == "ready"


def test_pages_without_scripts_keep_levels_steps_and_checks(lm):
    why = lmw.SaliencyText(lm, TEXT)
    why.check(random_maps=2)
    html = why._static_html()
    assert "By sentence" in html
    assert "comprehensiveness" in html
    answered = lmw.SaliencyText(lm, "the king", answer=" said unto")._static_html()
    assert "Token 1 of the answer: &#x27; said&#x27;" in answered


def test_a_page_holds_levels_and_steps(lm, tmp_path):
    why = lmw.SaliencyText(lm, "The king. He", answer=" said unto", level="sentence", step=1)
    page = why.to_html(tmp_path / "page.html").read_text("utf-8")
    data = json.loads(page.split("data-lmwidget>")[1].split("</script>")[0])
    state = data["widgets"][0]["state"]
    assert (state["level"], state["step"]) == ("sentence", 1)
    assert {tuple(buffer["path"][:2]) for buffer in data["widgets"][0]["buffers"]} >= {
        ("_scores", "data"), ("_levels", len(state["_levels"]) - 1),
    }  # fmt: skip


@pytest.mark.parametrize(
    "pieces", [["مرحبا", " يا", " ملك", "."], ["a"], ["😀", "\u200d", "x" * 500]]
)
def test_odd_texts_have_levels(pieces):
    why = lmw.SaliencyText.from_arrays(np.arange(len(pieces)), Tokens.from_pieces(pieces))
    assert level_names(why)[0] == "token"
    for level in level_names(why):
        why.level = level
        assert np.nansum(why.result.scores) == pytest.approx(sum(range(len(pieces))))


def test_a_score_that_is_no_number_stays_one_in_its_sum():
    why = lmw.SaliencyText.from_arrays([1.0, np.nan, 2.0], ["un", "real", " king"])
    why.level = "word"
    assert np.isnan(why.result.scores[0])
    assert why.result.scores[1] == 2.0
    assert "nan" in why._static_html()


def test_a_chat_has_turns(lm):
    tokens = lm.tokenize("the king said")
    roles = ("user", "user", *("assistant",) * (len(tokens) - 2))
    chat = Tokens(
        tokens.text, tokens.ids, tokens.pieces, tokens.raw, tokens.spans, tokens.kinds,
        tokens.words, roles, tokens.segments, "chat",
    )  # fmt: skip
    why = lmw.SaliencyText.from_arrays(np.ones(len(chat)), chat)
    assert level_names(why)[-1] == "turn"
