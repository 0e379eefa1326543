"""LIME's explanations, made by the real package, placed on the text.

Needs ``pip install lime`` (the extra ``lime``), which the extra ``test`` leaves out for its size.
"""

import math

import numpy as np
import pytest

import lmwidget as lmw
from lmwidget.errors import InputError
from lmwidget.exchange import from_lime
from lmwidget.tokens import Tokens

TEXT = "A good, good film; not bad!\nReally 漢字 😀"


def judge(texts):
    points = np.array([0.1 * text.count("good") - 0.3 * ("bad" in text) + 0.5 for text in texts])
    return np.stack([1 - points, points], axis=1)


def explain(text=TEXT, labels=(1,), **settings):
    try:
        from lime.lime_text import LimeTextExplainer
    except ImportError:
        pytest.fail("lime is not installed: pip install 'lmwidget[lime]'")
    explainer = LimeTextExplainer(class_names=["no", "yes"], random_state=0, **settings)
    return explainer.explain_instance(text, judge, num_features=20, num_samples=400, labels=labels)


def test_weights_stand_at_their_words_and_add_up():
    explanation = explain()
    found = from_lime(explanation)
    assert found.tokens.text == TEXT
    by_word = dict(explanation.as_list(label=1))
    scores = list(zip((piece.strip() for piece in found.tokens.pieces), found.scores, strict=True))
    assert [score for word, score in scores if word == "good"] == pytest.approx([by_word["good"] / 2] * 2)  # fmt: skip
    assert dict(scores)["bad"] == pytest.approx(by_word["bad"])
    assert dict(scores)["漢字"] == pytest.approx(by_word["漢字"], abs=1e-6)
    assert dict(scores)["!"] == 0
    assert found.scores.sum() == pytest.approx(sum(by_word.values()), abs=1e-6)
    assert (found.target.label, found.unit, found.signed) == ("yes", "probability", True)
    assert found.value == found.target.probability == pytest.approx(judge([TEXT])[0, 1])


def test_places_of_their_own_with_bow_off():
    explanation = explain(bow=False)
    found = from_lime(explanation)
    goods = [s for p, s in zip(found.tokens.pieces, found.scores, strict=True) if p.strip() == "good"]  # fmt: skip
    weights = [weight for word, weight in explanation.as_list(label=1) if word == "good"]
    assert sorted(goods) == pytest.approx(sorted(weights))


def test_single_characters():
    explanation = explain("bad", char_level=True)
    found = from_lime(explanation)
    assert found.tokens.pieces == ("b", "a", "d")
    assert found.scores.sum() == pytest.approx(sum(w for _, w in explanation.as_list(label=1)))


def test_scores_on_the_model_s_own_tokens_keep_their_sum():
    tokens = lmw.load("tiny").tokenize(TEXT)
    explanation = explain()
    found = from_lime(explanation, tokens)
    words = from_lime(explanation)
    assert found.scores.sum() == pytest.approx(words.scores.sum(), abs=1e-6)
    at = TEXT.index("bad")
    inside = [i for i, (a, b) in enumerate(tokens.spans.tolist()) if a < at + 3 and b > at]
    bad = next(s for p, s in zip(words.tokens.pieces, words.scores, strict=True) if p == " bad")
    assert found.scores[inside].sum() == pytest.approx(bad, abs=1e-6)


def test_a_tokenizer_cuts_lime_s_text_and_strings_of_an_uncased_one_are_placed_on_it():
    lm = lmw.load("tiny")
    explanation = explain()
    own, cut = from_lime(explanation, lm.tokenize(TEXT)), from_lime(explanation, tokenizer=lm)
    assert cut.tokens == own.tokens
    np.testing.assert_array_equal(cut.scores, own.scores)
    plain = explain("Good and BAD plot")
    found = from_lime(plain, ["[CLS]", "good", "and", "ba", "##d", "plot", "[SEP]"])
    assert found.tokens.text == "Good and BAD plot"
    assert found.scores.sum() == pytest.approx(from_lime(plain).scores.sum(), abs=1e-6)
    with pytest.raises(InputError, match="not of the text"):
        from_lime(plain, ["[CLS]", "another", "text", "[SEP]"])


def test_the_class_is_named_when_there_are_several():
    explanation = explain(labels=(0, 1))
    with pytest.raises(InputError, match=r"label='no'"):
        from_lime(explanation)
    no, yes = from_lime(explanation, label="no"), from_lime(explanation, label=1)
    assert (no.target.label, yes.target.label) == ("no", "yes")
    np.testing.assert_allclose(no.scores, -yes.scores, atol=1e-6)
    with pytest.raises(InputError, match=r"labels=\(3,\)"):
        from_lime(explanation, label=3)


def test_a_regression_has_no_classes():
    explanation = explain()
    explanation.mode, explanation.dummy_label, explanation.predicted_value = "regression", 1, [0.75]
    explanation.predict_proba = None
    found = from_lime(explanation)
    assert (found.unit, found.target.label, found.value) == ("score", "", 0.75)
    assert math.isnan(found.target.probability)


def test_another_text_or_object_is_refused():
    with pytest.raises(InputError, match="not of the text"):
        from_lime(explain(), Tokens.from_pieces(["another"]))
    for wrong in (None, [("good", 0.5)], np.zeros(3)):
        with pytest.raises(InputError, match="LimeTextExplainer"):
            from_lime(wrong)
