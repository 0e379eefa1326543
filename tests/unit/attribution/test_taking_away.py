"""Methods that take units away, on sums of words, whose scores are known: within 1e-5."""

import numpy as np
import pytest

from lmwidget.attribution.functions import attribute_function

WORTH = {"good": 2.0, "rain": -1.5, "day": 0.25, "bad": -3.0, "so": 0.0}
TEXT = "so good day rain bad"
WEIGHTS = np.array([WORTH[word] for word in TEXT.split()])


def worth(texts):
    return [sum(WORTH[word] for word in text.split()) for text in texts]


@pytest.mark.parametrize(
    ("method", "settings"),
    [("leave_one_out", {}), ("kernel_shap", {}), ("lime", {"penalty": 1e-9, "samples": 400})],
)
def test_a_sum_of_words_gives_each_its_own_worth(method, settings):
    why = attribute_function(worth, TEXT, method, **settings)
    np.testing.assert_allclose(why.scores, WEIGHTS, atol=1e-5)


def test_kernel_shap_of_a_sum_needs_few_samples():
    why = attribute_function(worth, TEXT, "kernel_shap", samples=12, seed=3)
    np.testing.assert_allclose(why.scores, WEIGHTS, atol=1e-5)


@pytest.mark.parametrize("window", [1, 2, 3])
def test_occlusion_is_the_mean_of_the_windows_on_a_word(window):
    why = attribute_function(worth, TEXT, "occlusion", window=window)
    firsts = range(len(WEIGHTS) - window + 1)
    expected = [
        np.mean([WEIGHTS[f : f + window].sum() for f in firsts if f <= i < f + window])
        for i in range(len(WEIGHTS))
    ]
    np.testing.assert_allclose(why.scores, expected, atol=1e-5)
