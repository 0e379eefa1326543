"""What is known of a whole answer, summed up in every way; no model is needed."""

import json

import numpy as np
import pytest

from lmwidget.answers import AnswerAttribution
from lmwidget.errors import InputError, UnknownNameError
from lmwidget.results import Check, Prediction
from lmwidget.tokens import Tokens

PIECES = ["The", " cat", ".", " It", " sat", ".", " A", "b"]
SCORES = np.arange(32.0).reshape(4, 8) * np.tril(np.ones((4, 8)), 3)
WROTE = tuple(Prediction(i, piece, 0.5, 1.0) for i, piece in enumerate(PIECES[4:]))


def answer(**fields):
    given = {
        "tokens": Tokens.from_pieces(PIECES),
        "start": 4,
        "scores": SCORES,
        "predictions": WROTE,
        "method": "demo",
        "signed": True,
        "values": np.arange(4.0),
    }
    return AnswerAttribution(**given | fields)


def decoded():
    """Three tokens were read, then the start token and two written ones."""
    tokens = Tokens.from_pieces(["a", " b", "</s>", "<s>", " x", " y"])
    scores = np.array([[1, 2, 3, 4, 0, 0], [5, 6, 7, 8, 9, 0]])
    return AnswerAttribution(
        tokens, 4, scores, WROTE[:2], "demo", signed=False, input_length=3, model="m"
    )


def test_where_rows_end():
    found = answer()
    assert found.until.tolist() == [4, 5, 6, 7]
    assert found.places.tolist() == [4, 5, 6, 7]
    assert found.rows.tolist() == [[0, 1], [1, 2], [2, 3], [3, 4]]
    assert found.answer == " sat. Ab"
    assert len(found) == 4
    assert repr(found) == "<AnswerAttribution demo: 4 tokens written × 8 tokens, logit, >"


def test_a_step_is_an_ordinary_attribution():
    check = Check("completeness gap", 0.1, "It is small.")
    step = answer(foils=(None, WROTE[0], None, None), row_checks=(None, check, None, None)).step(1)
    assert step.tokens.pieces == tuple(PIECES[:5])
    assert step.tokens.text == "The cat. It sat"
    assert step.scores.tolist() == SCORES[1, :5].tolist()
    assert (step.target, step.foil, step.value) == (WROTE[1], WROTE[0], 1.0)
    assert (step.check, step.level, step.output) == (check, "token", None)
    assert answer().step(-1).scores.tolist() == answer().step(3).scores.tolist()
    assert answer().step(1, inputs_only=True).tokens.text == "The cat. It"
    for row in (4, -5):
        with pytest.raises(InputError, match="from 0 to 3"):
            answer().step(row)


def test_each_row_is_in_its_own_unit():
    found = answer(foils=(None, WROTE[0], None, WROTE[1]), unit="logit difference")
    alone, against = "logit", "logit difference"
    assert found.units == (alone, against, alone, against)
    assert [found.step(row).unit for row in range(-4, 0)] == list(found.units)
    assert found.step(0).foil is None
    by = found.by("sentence")
    assert by.units == (against, against)
    assert by.step(0).unit == found.whole().unit == against
    assert answer().units == ("logit",) * 4
    assert answer(foils=(None, *WROTE[:3]), unit="gradient norm").units == ("gradient norm",) * 4


def test_the_whole_is_the_sum():
    whole = answer().whole()
    assert whole.tokens.text == "The cat. It"
    assert whole.scores.tolist() == SCORES.sum(0)[:4].tolist()
    assert whole.value == 6.0
    assert whole.target == Prediction(0, " sat. Ab", 0.0625, whole.target.logit, (0, 1, 2, 3))
    assert answer().whole(inputs_only=False).scores.tolist() == SCORES.sum(0).tolist()


def test_both_sides_of_an_encoder_decoder():
    found = decoded()
    assert found.until.tolist() == [4, 5]
    assert found.step(1).tokens.pieces == ("a", " b", "</s>", "<s>", " x")
    alone = found.step(1, inputs_only=True)
    assert alone.tokens.pieces == ("a", " b", "</s>")
    assert alone.output.pieces == ("<s>", " x")
    assert alone.output.text == "<s> x"
    assert found.whole().scores.tolist() == [6, 8, 10]
    assert found.whole().output.pieces == ("<s>",)
    by = found.by("sentence")
    assert by.tokens.pieces == ("a b</s>", "<s>", " x y")
    assert (by.input_length, by.start) == (1, 2)
    assert by.scores.tolist() == [[24, 12, 9]]
    assert by.whole().scores.tolist() == [24]


def test_sums_by_sentence():
    by = answer().by("sentence")
    assert by.tokens.pieces == ("The cat.", " It", " sat.", " Ab")
    sentences = [slice(0, 3), slice(3, 4), slice(4, 6), slice(6, 8)]
    expected = [
        [SCORES[rows, columns].sum() for columns in sentences]
        for rows in (slice(0, 2), slice(2, 4))
    ]
    assert by.scores.tolist() == expected
    assert (by.level, by.row_level, by.start, by.input_length) == ("sentence", "sentence", 2, 2)
    assert [one.label for one in by.predictions] == [" sat.", " Ab"]
    assert by.predictions[0].ids == (0, 1)
    assert by.values.tolist() == [1.0, 5.0]
    # A sentence of the answer is used by itself: its first words by its last ones.
    assert by.until.tolist() == [3, 4]
    assert by.places.tolist() == [2, 3]
    assert by.scores.sum() == pytest.approx(SCORES.sum())


def test_rows_may_stay_tokens():
    by = answer(row_checks=(None,) * 4).by("sentence", rows="token")
    assert (by.level, by.row_level) == ("sentence", "token")
    assert by.until.tolist() == [2, 3, 3, 4]
    assert by.places.tolist() == [2, 2, 3, 3]
    step = by.step(1)
    assert step.tokens.pieces == ("The cat.", " It", " sat")
    assert step.level == "sentence"
    assert step.source.text == "The cat. It sat"
    assert step.by("paragraph").scores.tolist() == [SCORES[1, :5].sum()]
    assert by.whole().tokens.pieces == ("The cat.", " It")


def test_levels_one_after_the_other():
    word = answer().by("word")
    assert word.tokens.pieces[-1] == " Ab"
    assert word.by("sentence").scores.tolist() == answer().by("sentence").scores.tolist()
    with pytest.raises(InputError, match="computed by sentence"):
        word.by("sentence").by("word", rows="sentence")
    with pytest.raises(InputError, match="rows of this map are sentences"):
        answer().by("sentence").by("paragraph", rows="word")
    with pytest.raises(UnknownNameError, match="Did you mean 'sentence'"):
        answer().by("sentense")
    passages = answer().by(["cat", (9, 15)], rows="token")
    assert passages.level == "passage"
    assert passages.tokens.pieces == ("The", " cat", ".", " It", " sat", ". Ab")


def test_some_rows():
    found = answer(
        scores=SCORES[[0, 3]], predictions=(WROTE[0], WROTE[3]), rows=[(0, 1), (3, 4)], values=[]
    )
    assert found.until.tolist() == [4, 7]
    assert found.step(1).tokens.pieces == tuple(PIECES[:7])
    assert np.isnan(found.step(1).value)
    by = found.by("sentence")
    assert by.rows.tolist() == [[0, 1], [3, 4]]
    assert len(by.values) == 0


def test_dataframe():
    frame = answer().to_dataframe()
    assert len(frame) == 4 + 5 + 6 + 7
    last = frame.iloc[-1]
    assert last.to_dict() == {
        "row": 3, "generated": "b", "probability": 0.5, "column": 6, "token": " A",
        "side": "answer", "score": 30.0,
    }  # fmt: skip
    pivot = frame.pivot_table(index="row", columns="column", values="score", aggfunc="sum")
    assert np.nan_to_num(pivot.to_numpy()).tolist() == SCORES[:, :7].tolist()


def test_save_and_load(tmp_path):
    check = Check("completeness gap", 0.1, "It is small.", relative=0.2)
    for found in (
        answer(foils=(None, *WROTE[:3]), candidates=(WROTE,) * 4, row_checks=(check,) * 4),
        answer(checks=(check,), settings={"steps": 3}, cost={"passes": 1}, partial=True),
        answer().by("sentence"),
        decoded(),
    ):
        again = AnswerAttribution.load(found.save(tmp_path / "answer.safetensors"))
        for name in ("scores", "values", "rows", "parts"):
            np.testing.assert_array_equal(getattr(again, name), getattr(found, name))
        for name in ("tokens", "source", "start", "input_length", "foils", "candidates", "settings",
                     "checks", "row_checks", "cost", "partial", "level", "row_level", "of"):  # fmt: skip
            assert getattr(again, name) == getattr(found, name), name
        assert [p.label for p in again.predictions] == [p.label for p in found.predictions]
        assert again.step(0).tokens == found.step(0).tokens
        json.dumps(again.settings)


def test_what_does_not_fit():
    with pytest.raises(InputError, match="one row for each written token"):
        answer(scores=SCORES[:3])
    with pytest.raises(InputError, match="one row for each written token"):
        answer(scores=np.zeros((0, 8)), predictions=())
    for start in (0, 9):
        with pytest.raises(InputError, match="cannot start"):
            answer(start=start)
