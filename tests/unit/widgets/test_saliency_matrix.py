"""SaliencyMatrix without a browser: its traits, what crosses, what Python sees."""

import json
import threading

import numpy as np
import pytest

import lmwidget as lmw
from lmwidget import wire
from lmwidget.errors import CancelledError, InputError, UnknownNameError
from lmwidget.widgets.saliency_matrix_static import static_matrix

TEXT = "The king said unto the people. And he"
ANSWER = " said the king"


@pytest.fixture(scope="module")
def lm():
    return lmw.load("tiny")


@pytest.fixture
def matrix(lm):
    return lmw.SaliencyMatrix(lm, TEXT, ANSWER)


def parts_of(widget, name):
    packed = next(level["parts"] for level in widget._levels if level["name"] == name)
    return None if packed is None else wire.decode(packed)


def test_scores_cross_as_they_are(matrix, lm):
    expected = lm.attribute_answer(TEXT, ANSWER)
    np.testing.assert_array_equal(wire.decode(matrix._scores), expected.scores)
    steps = matrix._figure["answer"]
    assert (steps["start"], steps["input"]) == (expected.start, expected.input_length)
    assert steps["seen"] == expected.until.tolist()
    assert [one["label"] for one in steps["predictions"]] == [" said", " the", " king"]


def test_each_row_is_what_lm_attribute_says_of_that_token(matrix, lm):
    row = lm.attribute(TEXT + " said", "input_x_gradient", target=" the", of="logit")
    np.testing.assert_allclose(
        matrix.result.scores[1, : len(row.tokens)], row.scores, rtol=1e-3, atol=1e-4
    )


def test_without_an_answer_the_model_writes_one_and_keeps_it(lm):
    matrix = lmw.SaliencyMatrix(lm, TEXT, max_new_tokens=4)
    wrote = matrix.result.answer
    matrix.method = "gradient"
    assert matrix.result.answer == wrote
    assert len(matrix.result) <= 4
    assert matrix._figure["method"] == "gradient"


def test_levels_pool_rows_and_columns_and_lose_nothing(matrix):
    total = matrix.result.scores.sum(dtype=np.float64)
    matrix.level = "sentence"
    assert matrix.result.scores.shape == (1, 3)
    assert matrix.result.scores.sum(dtype=np.float64) == pytest.approx(total, rel=1e-4)
    start, parts = matrix._figure["answer"]["start"], parts_of(matrix, "sentence")
    assert parts[start - 1] < parts[start], "no unit reaches from the input into the answer"
    np.testing.assert_array_equal(parts, matrix.result.parts)


def test_rows_have_a_level_of_their_own(matrix, lm):
    answer, total = matrix.answer, matrix.result.scores.sum(dtype=np.float64)
    matrix.row_level = "sentence"
    assert (matrix.result.level, matrix.result.row_level) == ("token", "sentence")
    np.testing.assert_array_equal(matrix.result.scores, answer.by("token", rows="sentence").scores)
    matrix.level, matrix.row_level = "sentence", "token"
    assert matrix.result.scores.shape == (3, 3)
    assert matrix.result.scores.sum(dtype=np.float64) == pytest.approx(total, rel=1e-4)
    matrix.row_level = "paragraph"  # makes no difference here, so the browser does not know it yet
    assert parts_of(matrix, "paragraph") is not None
    matrix.method = "gradient"
    assert parts_of(matrix, "paragraph") is not None
    assert "sentence" in matrix._static_html() or "paragraph" in matrix._static_html()
    made = lmw.SaliencyMatrix(lm, TEXT, ANSWER, level="sentence", row_level="token")
    assert made.result.scores.shape == (3, 3)
    steps = made._figure["answer"]
    assert steps["ends"] == [place + 1 for place in steps["places"]]


def test_a_page_knows_the_level_of_its_rows(lm):
    made = lmw.SaliencyMatrix(
        lm, TEXT, ANSWER, method="occlusion", level="sentence", row_level="token"
    )
    assert made.result.scores.shape == (3, 3)
    names = [level["name"] for level in made._published_state(10**6)["_levels"]]
    assert sorted(names) == ["sentence", "token"]


def test_rows_cannot_be_finer_than_they_were_computed(matrix):
    shown = lmw.SaliencyMatrix.from_result(matrix.answer.by("token", rows="sentence"))
    with pytest.raises(InputError, match="none by token"):
        shown.row_level = "token"
    assert shown.row_level is None
    shown.level = "word"
    assert shown.result.row_level == "sentence"


def test_methods_that_take_units_away_are_asked_by_level(lm):
    matrix = lmw.SaliencyMatrix(lm, TEXT, " said", method="occlusion", level="sentence")
    assert matrix._figure["level"] == "sentence"
    expected = lm.attribute_answer(TEXT, " said", "occlusion", level="sentence")
    np.testing.assert_allclose(wire.decode(matrix._scores), expected.scores, rtol=1e-5)


def test_own_passages(lm):
    matrix = lmw.SaliencyMatrix(lm, TEXT, ANSWER, level=["The king", "the people"])
    assert "passage" in [level["name"] for level in matrix._levels]
    np.testing.assert_array_equal(parts_of(matrix, "passage"), matrix.result.parts)


def test_a_result_by_own_passages_is_drawn_as_it_is(lm):
    passages = ["the king said.", "And it came to pass."]
    text = "the king said. And it came to pass. The king"
    answer = lm.attribute_answer(text, " said unto", "leave_one_out", level=passages)
    shown = lmw.SaliencyMatrix.from_result(answer).result
    assert shown.level == "passage"
    np.testing.assert_array_equal(shown.scores, answer.scores)


def test_foil_contrasts_every_token(lm):
    matrix = lmw.SaliencyMatrix(lm, TEXT, ANSWER, foil=" of")
    assert matrix._figure["unit"] == "logit difference"
    assert {one["label"] for one in matrix._figure["foils"]} == {" of"}


def test_the_whole_answer_is_checked(matrix, lm):
    found = matrix.check(random_maps=2)
    assert [one.name for one in found][:2] == ["comprehensiveness", "sufficiency"]
    assert matrix.result.checks == found
    shown = matrix._figure["checks"]
    assert (shown["level"], shown["where"]) == ("token", None)
    own = lm.check(matrix.answer, random_maps=2).checks
    assert found[0].value == pytest.approx(own[0].value)
    matrix.step = 1
    assert matrix.check(random_maps=2)[0].value == pytest.approx(own[0].value)
    matrix.level = "sentence"
    assert matrix.result.checks == ()


def test_rows_and_tokens_are_pinned(matrix):
    matrix.step = 2
    with pytest.raises(UnknownNameError, match="There is no step 3"):
        matrix.step = 3
    matrix.token = 4
    matrix.set_state({"text": "The king said"})
    matrix.wait()
    assert (matrix.step, matrix.token) == (None, None)
    assert matrix.result.tokens.text.startswith("The king said")


def test_linked_with_the_text(matrix, lm):
    text = lmw.SaliencyText(lm, TEXT)
    lmw.link(text, matrix)
    text.token = 3
    assert matrix.token == 3
    matrix.token = 1
    assert text.token == 1


def test_stopped_early_the_finished_rows_stand(matrix, lm):
    shares = [0.0]
    found = lm.attribute_answer(
        TEXT,
        ANSWER,
        "integrated_gradients",
        progress=lambda done, total, _left: shares.append(done / total),
        cancelled=lambda: shares[-1] > 0.5,
        steps=30,
    )
    assert found.partial
    shown = lmw.SaliencyMatrix.from_result(found)
    assert shown._figure["partial"]
    assert wire.decode(shown._scores).shape[0] == len(found) < 3
    assert "Stopped early" in shown._static_html()


def test_stop_button_ends_the_computation(matrix, monkeypatch):
    begun = threading.Event()

    def slow(*_, cancelled, **__):
        begun.set()
        while not cancelled():
            threading.Event().wait(0.01)
        raise CancelledError("Stopped.", "Ask again.")

    monkeypatch.setattr(matrix._lm, "attribute_answer", slow)
    matrix.set_state({"method": "gradient"})
    assert begun.wait(20)
    matrix.set_state({"_stop": 1})
    matrix.wait()
    assert matrix._status["state"] == "ready"
    assert matrix.result.method == "input_x_gradient"


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"answer": ""}, InputError, "The answer is empty"),
        ({"answer": 3}, InputError, "answer is a int"),
        ({"target": " king"}, InputError, "its own target"),
        ({"method": "gradeint"}, UnknownNameError, "Did you mean 'gradient'"),
        ({"strongset": True}, UnknownNameError, "Did you mean 'strongest'"),
        ({"row_level": "sentense"}, UnknownNameError, "Did you mean 'sentence'"),
        ({"row_level": 3}, UnknownNameError, "no row_level 3"),
    ],
)
def test_what_cannot_be_used_is_said(lm, settings, error, message):
    with pytest.raises(error, match=message):
        lmw.SaliencyMatrix(lm, TEXT, **settings)


def test_results_need_no_model(matrix, lm):
    again = lmw.SaliencyMatrix.from_result(matrix.answer.by("sentence"))
    assert (again.level, again._figure["editable"]) == ("sentence", False)
    assert again.result.scores.shape == (1, 3)
    rows = lmw.SaliencyMatrix.from_result(matrix.answer.by("token", rows="sentence"))
    assert rows.result.scores.shape[0] == 1
    assert rows._figure["answer"]["level"] == "sentence"
    with pytest.raises(InputError, match="no attribution"):
        lmw.SaliencyMatrix.from_result(lm.attribute(TEXT))


def test_arrays():
    made = lmw.SaliencyMatrix.from_arrays(
        [[1, 2], [3, -4]], ["a", " b"], [" x", " y"], unit="SHAP value"
    )
    np.testing.assert_array_equal(made.result.scores, [[1, 2, 0, 0], [3, -4, 0, 0]])
    assert (made._figure["signed"], made._figure["unit"]) == (True, "SHAP value")
    assert made.result.answer == " x y"
    full = lmw.SaliencyMatrix.from_arrays([[1, 2, 9], [3, 4, 5], [6, 7, 8]][:1], ["a", "b"], ["x"])
    np.testing.assert_array_equal(full.result.scores, [[1, 2, 0]])
    with pytest.raises(InputError, match="2 tokens of input and 1 of answer"):
        lmw.SaliencyMatrix.from_arrays([[1.0]], ["a", "b"], ["x"])


def test_state_is_json_even_when_numbers_are_not():
    made = lmw.SaliencyMatrix.from_arrays([[np.nan, np.inf]], ["a", "</script>"], ["x"])
    json.dumps([made._figure, made._status], allow_nan=False)


def test_page_and_static_picture(matrix, tmp_path):
    page = matrix.to_html(tmp_path / "page.html").read_text("utf-8")
    assert "<table>" in page
    odd = lmw.SaliencyMatrix.from_arrays([[np.nan, 1.0]], ["<b>", "</script>"], ["<i>"])
    static = odd._static_html()
    assert "&lt;b&gt;" in static
    assert "<b>" not in static
    assert "</script>" not in static.replace("&lt;/script&gt;", "")


def test_large_static_pictures_are_summaries(lm):
    scores = np.random.default_rng(0).normal(size=(80, 2000)).astype(np.float32)
    made = lmw.SaliencyMatrix.from_arrays(
        scores, [f" w{i}" for i in range(2000)], [f" a{i}" for i in range(80)]
    )
    static = static_matrix(made.result)
    assert len(static) < 400_000
    best = int(np.abs(scores[0]).argmax())
    assert f"w{best} {scores[0, best]:.2g}" in static
    assert "Only the first 1,500 columns" in static
    assert "Only the first 64 rows" in static


def test_empty_text_waits_for_one(lm):
    matrix = lmw.SaliencyMatrix(lm)
    assert matrix._status["state"] == "empty"
    matrix.text = TEXT
    assert matrix._status["state"] == "ready"
    assert len(matrix.result) >= 1


def test_encoder_decoder_columns(lm):
    del lm
    tokens = lmw.Tokens.from_pieces(["a", " b", "<s>", " x", " y"])
    from lmwidget.answers import AnswerAttribution

    found = AnswerAttribution(
        tokens,
        3,
        np.array([[1, 2, 3, 0, 0], [1, 2, 3, 4, 0]], np.float32),
        (lmw.Prediction(3, " x", 0.5, 1.0), lmw.Prediction(4, " y", 0.5, 1.0)),
        "demo",
        signed=True,
        input_length=2,
    )
    steps = lmw.SaliencyMatrix.from_result(found)._figure["answer"]
    assert (steps["input"], steps["start"], steps["seen"]) == (2, 3, [3, 4])
