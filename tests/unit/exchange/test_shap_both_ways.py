"""SHAP's explanations, made by the real package, in and out."""

import re
import sys

import matplotlib as mpl
import numpy as np
import pytest
from peers import shap

import lmwidget as lmw
from lmwidget.errors import InputError, MissingDependencyError
from lmwidget.exchange import from_shap

WORTH = {"good": 2.0, "bad": -3.0, "very": 0.5}


def judge(texts):
    """Two classes of a bag of words, whose Shapley values are the worths themselves."""
    points = np.array(
        [sum(WORTH.get(word, 0.0) for word in re.findall(r"\w+", text)) for text in texts]
    )
    return np.stack([points, -points], axis=1)


@pytest.fixture(scope="module")
def explained():
    masker = shap.maskers.Text(r"\W+")
    explainer = shap.Explainer(judge, masker, output_names=["liked", "disliked"], silent=True)
    return explainer(["very good film", "a bad one"])


def test_exact_values_of_a_bag_of_words(explained):
    found = from_shap(explained, row=0, output="liked")
    assert found.tokens.text.split() == ["very", "good", "film"]
    by_word = dict(zip((p.strip() for p in found.tokens.pieces), found.scores, strict=True))
    assert by_word["very"] == pytest.approx(0.5)
    assert by_word["good"] == pytest.approx(2.0)
    assert by_word["film"] == pytest.approx(0.0)
    assert found.value == pytest.approx(2.5)
    assert found.target.label == "liked"


def test_slices_of_an_explanation(explained):
    whole = from_shap(explained, row=1, output=1)
    for part in (explained[1], explained[1:2]):
        np.testing.assert_array_equal(from_shap(part, output="disliked").scores, whole.scores)
    one_class = explained[1][:, "disliked"]
    np.testing.assert_array_equal(from_shap(one_class).scores, whole.scores)
    assert from_shap(one_class).value == pytest.approx(3.0)
    assert whole.value == pytest.approx(3.0)


def test_several_texts_or_classes_must_be_named(explained):
    with pytest.raises(InputError, match=r"2 texts.*row=0"):
        from_shap(explained, output="liked")
    with pytest.raises(InputError, match=r"'liked', 'disliked'.*output='liked'"):
        from_shap(explained[0])
    with pytest.raises(InputError, match=r"no output 'like'.*'liked'"):
        from_shap(explained[0], output="like")
    with pytest.raises(InputError, match="no row 5"):
        from_shap(explained, row=5, output=0)


@pytest.mark.parametrize("wrong", [None, np.zeros(3), {"values": 1}, "text"])
def test_other_objects_are_refused(wrong):
    with pytest.raises(InputError, match=r"not a shap\.Explanation"):
        from_shap(wrong)


def test_empty_pieces_are_special_tokens_and_left_out():
    values, data = np.array([0.0, 0.5, -1.0, 0.0]), ["", "so ", "bad", ""]
    explanation = shap.Explanation(values=values, base_values=0.25, data=np.array(data, object))
    found = from_shap(explanation)
    assert (found.tokens.pieces, found.scores.tolist()) == (("so ", "bad"), [0.5, -1.0])
    assert found.value == -0.25
    explanation = shap.Explanation(
        values=values + 0.5, base_values=0.25, data=np.array(data, object)
    )
    assert from_shap(explanation).scores.sum() == 1.5  # what counts is not dropped
    parts = shap.Explanation(
        values=np.ones(3), base_values=0.0, data=np.array(["un", "real", "!"], object)
    )
    assert from_shap(parts).tokens.text == "unreal!"  # SHAP's own pieces hold their spaces


def test_values_without_text_need_tokens():
    bare = shap.Explanation(values=np.array([0.5, -1.0]), base_values=0.0)
    with pytest.raises(InputError, match="tokens="):
        from_shap(bare)
    assert from_shap(bare, ["so", " bad"]).tokens.text == "so bad"


def given(scores, pieces, target=""):
    return lmw.SaliencyText.from_arrays(scores, pieces, target=target).result


ATTRIBUTIONS = {
    "tokens": lambda lm: lm.attribute("The king said unto the", "integrated_gradients"),
    "sentences": lambda lm: lm.attribute("The king. He said", foil=" the").by("sentence"),
    "odd": lambda _: given([0.5, -1.0, 0.0], ["a", " </script>", " 😀漢"]),
    "named": lambda _: given([0.5, -1.0], ["same", "same"], target="yes"),
}


@pytest.fixture(params=ATTRIBUTIONS)
def why(request):
    return ATTRIBUTIONS[request.param](lmw.load("tiny"))


def test_out_and_in_again_is_the_same(why):
    out = why.to_shap()
    back = from_shap(out)
    np.testing.assert_allclose(back.scores, why.scores, rtol=1e-6)
    assert back.tokens.pieces == why.tokens.pieces
    assert back.target.label == why.target.label
    if np.isfinite(why.value):
        assert out.base_values + out.values.sum() == pytest.approx(why.value, abs=1e-5)
        assert back.value == pytest.approx(why.value, abs=1e-5)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.filterwarnings("ignore:Glyph.*missing from font")
def test_shap_s_own_plots_take_it(why):
    html = shap.plots.text(why.to_shap(), display=False)
    assert why.tokens.pieces[0].strip() in html
    mpl.use("agg")
    axes = shap.plots.bar(why.to_shap(), show=False, max_display=50)
    widths = sorted(round(float(bar.get_width()), 4) for bar in axes.patches if bar.get_width())
    assert widths == sorted(round(float(score), 4) for score in why.scores if score)
    mpl.pyplot.close("all")


def test_without_shap_the_remedy_is_the_pip_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "shap", None)
    why = given([0.5], ["a"])
    with pytest.raises(MissingDependencyError, match=r"pip install 'lmwidget\[shap\]'"):
        why.to_shap()
