"""Any function of text: scikit-learn, transformers, tensors, endpoints, n-grams, odd words."""

import functools
import pickle

import numpy as np
import pytest
import torch
from models import tiny_model, tiny_tokenizer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import lmwidget as lmw
from lmwidget.attribution import METHODS
from lmwidget.attribution.functions import attribute_function
from lmwidget.attribution.text_game import TextGame
from lmwidget.errors import InputError, UnknownNameError
from lmwidget.results import Attribution

TEXTS = ["a good day", "a bad day", "good food, good mood", "bad food and rain", "the day was good"]
LABELS = ["praise", "blame", "praise", "blame", "praise"]
VALUES = [name for name, method in METHODS.items() if method.needs == "values"]


@pytest.fixture(scope="module")
def pipeline():
    return make_pipeline(TfidfVectorizer(), LogisticRegression(C=50)).fit(TEXTS, LABELS)


@pytest.fixture(scope="module")
def counting():
    """Bag of words: linear in its counts."""
    return make_pipeline(CountVectorizer(), LogisticRegression(C=50)).fit(TEXTS, LABELS)


def weights(counting, words):
    vectorizer, model = counting.steps[0][1], counting.steps[1][1]
    return np.array([model.coef_[0][vectorizer.vocabulary_[w]] for w in words])


@pytest.mark.parametrize("method", ["exact_shapley", "partition_shap"])
def test_linear_pipeline_in_closed_form(counting, method):
    # Log-odds of a bag of words: each word's own weight, in whatever order words come.
    words = ["good", "rain", "day", "bad"]
    why = attribute_function(counting.decision_function, " ".join(words), method)
    np.testing.assert_allclose(why.scores, weights(counting, words), atol=1e-6)
    assert why.target.label == "praise"  # the second class, which a decision function speaks for
    assert why.model == "Pipeline"
    assert why.unit == "score"
    assert why.level == "word"


def test_sobol_of_a_linear_pipeline(counting):
    words = ["good", "rain", "day", "bad"]
    why = attribute_function(counting.decision_function, " ".join(words), "sobol", masks=64)
    squares = weights(counting, words) ** 2
    np.testing.assert_allclose(why.scores, squares / squares.sum(), atol=1e-5)


def test_taking_one_word_away_in_closed_form(pipeline):
    text = "a good day and rain"
    game = TextGame(pipeline.predict_proba, text, target="praise")
    rows = ~np.eye(5, dtype=bool)
    words = text.split()
    left = [" ".join(w for j, w in enumerate(words) if j != i) for i in range(5)]
    vectorizer, model = pipeline.steps[0][1], pipeline.steps[1][1]
    odds = vectorizer.transform(left) @ model.coef_[0] + model.intercept_[0]
    np.testing.assert_allclose(game.values(rows), 1 / (1 + np.exp(-odds)), rtol=1e-9)


@pytest.mark.parametrize("given", ["estimator", "method"])
def test_names_and_unit_of_scikit_learn(pipeline, given):
    function = pipeline if given == "estimator" else pipeline.predict_proba
    why = attribute_function(function, "a bad day", "exact_shapley")
    assert why.target.label == "blame"
    assert [p.label for p in why.predictions] == ["blame", "praise"]
    assert why.unit == "probability"
    assert sum(p.probability for p in why.predictions) == pytest.approx(1)
    both = attribute_function(function, "a bad day", "exact_shapley", target="praise", foil="blame")
    assert both.unit == "probability difference"
    np.testing.assert_allclose(both.scores, -2 * why.scores, atol=1e-6)
    with pytest.raises(UnknownNameError, match="Did you mean 'praise'"):
        attribute_function(function, "a bad day", "exact_shapley", target="prais")


@pytest.mark.parametrize("method", VALUES)
def test_every_method_that_takes_units_away(pipeline, method):
    why = attribute_function(pipeline, "a good day, then rain", method)
    assert why.scores.shape == (6,)
    assert np.isfinite(why.scores).all()
    again = attribute_function(pipeline, "a good day, then rain", method, **why.settings)
    np.testing.assert_array_equal(why.scores, again.scores)


def test_results_are_plain(pipeline, tmp_path):
    why = attribute_function(pipeline, "Good. A bad day", "exact_shapley", level="sentence")
    assert why.tokens.pieces == ("Good.", " A bad day")
    loaded = Attribution.load(why.save(tmp_path / "why.safetensors"))
    np.testing.assert_array_equal(loaded.scores, why.scores)
    assert loaded.target.label == why.target.label
    fine = attribute_function(pipeline, "Good. A bad day", "exact_shapley")
    assert fine.by("sentence").tokens.pieces == why.tokens.pieces
    assert lmw.attribute_function is attribute_function
    assert why._repr_mimebundle_()


@pytest.fixture(scope="module")
def classifier():
    from transformers import TextClassificationPipeline

    model = tiny_model("bert-classifier")
    return TextClassificationPipeline(model=model, tokenizer=tiny_tokenizer("bert"), device="cpu")


def test_pipeline_of_transformers(classifier):
    """The pipeline returns its strongest class only, by itself; all of them are asked for."""
    text = "the king sat"
    why = attribute_function(classifier, text, "exact_shapley")
    scores = {one["label"]: one["score"] for one in classifier([text], top_k=None)[0]}
    strongest = max(scores, key=scores.get)
    assert why.target.label == strongest
    assert why.unit == "probability"
    assert why.target.probability == pytest.approx(scores[strongest], rel=1e-6)
    assert why.value == pytest.approx(scores[strongest], rel=1e-6)
    nothing = {one["label"]: one["score"] for one in classifier([""], top_k=None)[0]}
    assert why.scores.sum() == pytest.approx(scores[strongest] - nothing[strongest], abs=1e-6)
    lambdas = attribute_function(lambda texts: classifier(texts, top_k=None), text, "exact_shapley")
    np.testing.assert_allclose(lambdas.scores, why.scores, atol=1e-7)


def test_strongest_class_only_is_refused_when_it_changes():
    def only_strongest(texts):
        return [{"label": "long" if len(t) > 6 else "short", "score": 0.9} for t in texts]

    with pytest.raises(InputError, match="does not return every class"):
        attribute_function(only_strongest, "some words here", "exact_shapley")


def test_labels_and_scores_of_a_zero_shot_pipeline():
    def zero_shot(texts):
        return [
            {"sequence": t, "labels": ["far", "near"], "scores": [len(t), -len(t)]} for t in texts
        ]

    why = attribute_function(zero_shot, "one two", "exact_shapley")
    assert why.target.label == "far"
    np.testing.assert_allclose(why.scores, [3.5, 3.5])  # "one", " two" less the space


@pytest.mark.parametrize(
    "convert",
    [
        np.array,
        tuple,
        lambda rows: torch.tensor(rows, requires_grad=True),
        lambda rows: torch.tensor(rows, dtype=torch.bfloat16),
        lambda rows: [torch.tensor(float(row), requires_grad=True) for row in rows],
        lambda rows: np.array(rows)[:, None],
        lambda rows: [[-row, row] for row in rows],
        lambda rows: {"labels": ["b", "a"], "scores": [rows[0], 0]} if len(rows) == 1 else None,
    ],
)
def test_any_kind_of_numbers(convert):
    why = attribute_function(
        lambda texts: convert([float(len(t)) for t in texts]),
        "ab cd",
        "exact_shapley",
        batch_size=1,
    )
    np.testing.assert_allclose(why.scores, [2.5, 2.5])  # the space goes with either


def test_series_and_functools(pipeline):
    import pandas as pd

    series = attribute_function(lambda texts: pd.Series(texts).str.len(), "ab cd", "exact_shapley")
    assert series.value == 5

    def scaled(texts, by):
        return [by * len(text) for text in texts]

    why = attribute_function(functools.partial(scaled, by=2), "ab cd", "exact_shapley")
    assert why.value == 10
    assert why.model == "partial"
    assert attribute_function(lambda t: [1.0] * len(t), "ab", "exact_shapley").model == "function"


def test_an_endpoint_is_asked_as_little_as_can_be():
    calls = []

    def endpoint(texts):
        calls.append(list(texts))
        return [len(text) for text in texts]

    why = attribute_function(endpoint, "a rose is a rose is a rose", "exact_shapley", batch_size=7)
    asked = [text for call in calls for text in call]
    assert len(asked) == len(set(asked)) < 2**8  # equal texts once
    assert max(map(len, calls)) <= 7
    assert why.cost["passes"] == len(asked)
    assert all(type(text) is str for text in asked)


def test_what_the_function_raises_goes_through():
    class OutOfQuotaError(RuntimeError):
        pass

    def endpoint(texts):
        if "" in texts:
            raise OutOfQuotaError("come back tomorrow")
        return [len(text) for text in texts]

    with pytest.raises(OutOfQuotaError, match=r"^come back tomorrow$"):
        attribute_function(endpoint, "one two", "exact_shapley")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_named(value):
    def function(texts):
        return [value if not text else 1.0 for text in texts]

    with pytest.raises(InputError, match=f"returned {value} for the text ''"):
        attribute_function(function, "one two", "exact_shapley")


@pytest.mark.parametrize(
    ("returned", "match"),
    [
        (lambda texts: 3, "returned shape \\(\\) for a list of 1 texts"),
        (lambda texts: [1, 2, 3], "returned shape \\(3,\\)"),
        (lambda texts: [["x"]], "holds no numbers"),
        (lambda texts: None, "returned nan|holds no numbers|shape"),
        (lambda texts: [], "shape \\(0,\\)"),
        (lambda texts: [[] for _ in texts], "shape \\(1, 0\\)"),
        (lambda texts: np.zeros((1, 2, 2)), "shape \\(1, 2, 2\\)"),
        (lambda texts: {"label": "a"}, "holds no numbers"),
    ],
)
def test_answers_that_cannot_be_used(returned, match):
    with pytest.raises(InputError, match=match):
        attribute_function(returned, "one two", "exact_shapley")


@pytest.mark.parametrize(
    ("kwargs", "error", "match"),
    [
        ({"text": " "}, InputError, "empty"),
        ({"text": ["a"]}, InputError, "empty"),
        ({"method": "gradient"}, InputError, "looks inside a model"),
        ({"method": "exact_shapely"}, UnknownNameError, "Did you mean 'exact_shapley'"),
        ({"function": "name"}, InputError, "A str is no function of text"),
        ({"function": 3}, InputError, "A int is no function"),
        ({"batch_size": 0}, InputError, "batch_size is 0"),
        ({"removal": None}, InputError, "removal is None"),
        ({"names": ["a"]}, InputError, "1 names but 2 classes"),
        ({"target": 2}, UnknownNameError, "Give 0 to 1"),
        ({"target": True}, UnknownNameError, "no class True"),
        ({"target": "a"}, UnknownNameError, "or names="),
        ({"target": 1, "foil": 1}, InputError, "same class"),
        ({"level": "clause"}, UnknownNameError, "level"),
        ({"samples": 3}, UnknownNameError, "takes no 'samples'"),
        ({"most": 1}, InputError, "2 units"),
    ],
)
def test_questions_that_cannot_be_asked(kwargs, error, match):
    given = {
        "function": lambda texts: [[len(t), 1.0] for t in texts],
        "text": "one two",
        "method": "exact_shapley",
        **kwargs,
    }
    with pytest.raises(error, match=match):
        attribute_function(**given)


def test_names_of_classes_can_be_given():
    why = attribute_function(
        lambda texts: [[len(t), 1.0] for t in texts],
        "one two",
        "exact_shapley",
        names=["long", "short"],
        foil="short",
    )
    assert (why.target.label, why.foil.label) == ("long", "short")


STRANGE = [
    "👩‍👩‍👧 🇩🇪 ok 👍🏽",
    "東京は雨です。",
    "مرحبا بالعالم, שלום",
    "</script> <b>&amp;",
    "  spaced \t out\n\nlines  ",
    "e\u0301te\u0301 na\u00efve don't",
    "\u200bzero\u200b width",
    "1,000.50 $",
]


@pytest.mark.parametrize("text", STRANGE)
@pytest.mark.parametrize("removal", ["delete", "[GAP]", ""])
def test_strange_words_come_out_whole(text, removal):
    seen = []

    def function(texts):
        seen.extend(texts)
        return [len(t) for t in texts]

    game = TextGame(function, text, removal=removal)
    assert "".join(game.tokens.pieces) == text
    assert all(piece.strip() for piece in game.tokens.pieces)
    game.values(~np.eye(len(game), dtype=bool))
    assert (
        game.empty
        == {
            "delete": 0,
            "[GAP]": 5 * len(game) + len(seen[-1].replace("[GAP]", "")),
            "": len(seen[-1]),
        }[removal]
    )
    for single in seen:  # no half of an emoji, no lone surrogate
        single.encode()
        assert not single.endswith("\u200d")


def test_level_and_removal():
    seen = []

    def function(texts):
        seen.extend(texts)
        return [len(t) for t in texts]

    text = "One, two. Three four! Five"
    game = TextGame(function, text, level="sentence", removal="…")
    game.values(np.array([[False, True, True], [True, False, True]]))
    assert seen == [text, "… Three four! Five", "One, two. … Five"]
    own = attribute_function(function, text, "exact_shapley", level=["two. Three", "Five"])
    assert own.tokens.pieces == ("One,", " two. Three", " four!", " Five")
    assert own.level == "passage"


def test_progress_and_stopping():
    told = []
    why = attribute_function(
        lambda texts: [len(t) for t in texts],
        "a b c d",
        "exact_shapley",
        batch_size=4,
        progress=lambda done, total, left: told.append((done, total)),
    )
    assert told[-1][0] <= told[-1][1]
    assert len(told) >= 4
    assert not why.partial
    calls = []

    def slow(texts):
        calls.append(texts)
        return [len(texts[0])]

    stopped = attribute_function(
        slow,
        "a b c d e f g h i j k l",
        "partition_shap",
        batch_size=1,
        cancelled=lambda: len(calls) > 20,
    )
    assert stopped.partial
    assert stopped.scores.sum() == pytest.approx(len("a b c d e f g h i j k l"), rel=1e-4)
    assert len(calls) == 21


def test_ngrams_as_a_model_and_as_a_function():
    lm = lmw.NGramModel.fit(["the king said", "the king sat", "the cat sat on the mat"], order=3)
    why = lm.attribute("the king", "exact_shapley", target=" sat", removal="delete")
    assert why.check.relative < 1e-6

    def log_probability(texts):
        sat = int(lm.tokenize("the sat").ids[-1])
        rows = [lm.tokenize(t) if t else [lm.tokenizer.eos_token_id] for t in texts]
        return [lm.logits([row])[0, sat] for row in rows]

    by_text = attribute_function(log_probability, "the king", "exact_shapley")
    assert by_text.value == pytest.approx(why.value, rel=1e-5)


def test_functions_are_only_called():
    """A function that cannot be copied or pickled is good enough."""
    function = lambda texts: [len(t) for t in texts]  # noqa: E731
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(function)
    assert attribute_function(function, "one two", "exact_shapley").scores.sum() == 7


def test_a_stopped_run_counts_what_it_read():
    asked = []

    def score(texts):
        asked.extend(texts)
        return [len(text) for text in texts]

    text = "one two three four five six seven eight nine ten"
    found = attribute_function(
        score, text, "kernel_shap", samples=400, batch_size=50, cancelled=lambda: len(asked) > 120
    )
    assert found.partial
    assert found.cost["passes"] == len(asked) < 200


def test_predictions_are_no_scores(pipeline):
    with pytest.raises(InputError, match=r"Give predict_proba"):
        attribute_function(pipeline.predict, "good film")


def test_a_number_that_is_a_label_and_a_place():
    def stars(texts):
        return [[0.1, 0.2, 0.3, 0.2, 0.2]] * len(texts)

    asked = {"names": ["1", "2", "3", "4", "5"], "method": "leave_one_out"}
    with pytest.raises(InputError, match=r"class '5' by its place, and there is a class 4"):
        attribute_function(stars, "good film", target=4, **asked)
    assert attribute_function(stars, "good film", target="4", **asked).target.label == "4"
    assert attribute_function(stars, "good film", target=0, **asked).target.label == "1"
