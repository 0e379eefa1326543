"""Several maps of one question: the same target, the same random maps, honest agreement."""

from __future__ import annotations

import numpy as np
import pytest
from models import tiny_lm
from scipy.stats import spearmanr

from lmwidget.attribution import METHODS as METHODS_BY_NAME
from lmwidget.comparison import Comparison
from lmwidget.errors import CancelledError, InputError, UnavailableError, UnknownNameError

TEXT = "the king sat. the cat sat on the hat"
METHODS = ["input_x_gradient", "gradient", "leave_one_out", "random"]


def test_every_method_explains_the_target_of_the_first():
    lm = tiny_lm("gpt2")
    found = lm.compare(TEXT, METHODS, random_maps=3)
    assert [one.method for one in found.attributions] == METHODS
    assert len({one.target.id for one in found.attributions}) == 1
    for one in found.attributions:
        alone = lm.attribute(TEXT, one.method, target=one.target)
        np.testing.assert_allclose(one.scores, alone.scores, atol=1e-5)
        checked = lm.check(alone, random_maps=3, seeds=0).checks
        assert [c.value for c in one.checks] == pytest.approx([c.value for c in checked], abs=1e-4)
    randoms = {round(one.checks[0].random, 5) for one in found.attributions}
    assert len(randoms) == 1


def test_agreement_is_the_rank_correlation_of_scores_or_of_their_sizes():
    lm = tiny_lm("gpt2")
    found = lm.compare(TEXT, METHODS, checks=False)
    scores = found.scores
    signed = spearmanr(scores[0], scores[2]).statistic
    sizes = spearmanr(np.abs(scores[0]), scores[1]).statistic
    assert found.agreement[0, 2] == pytest.approx(signed, abs=1e-6)
    assert found.agreement[1, 0] == pytest.approx(sizes, abs=1e-6)
    np.testing.assert_array_equal(found.agreement, found.agreement.T)
    assert found.agreement_with_others(0) == pytest.approx(found.agreement[0, 1:].mean())
    table = found.to_dataframe()
    assert table["method"].tolist() == METHODS
    assert table["agreement"][0] == pytest.approx(found.agreement_with_others(0))


@pytest.mark.parametrize("level", ["word", "sentence", [(0, 13), (14, 36)]])
def test_levels(level):
    lm = tiny_lm("gpt2")
    found = lm.compare(TEXT, METHODS, level=level, random_maps=2)
    assert found.scores.shape == (4, len(found.tokens))
    assert all(len(one.checks) == 2 for one in found.attributions)
    whole = lm.compare(TEXT, METHODS[:2]).by(level)
    assert whole.tokens.pieces == found.tokens.pieces
    assert not whole.attributions[0].checks


def test_methods_that_cannot_be_used_are_named():
    lm, without = tiny_lm("gpt2"), tiny_lm("mamba")
    found = without.compare(TEXT, ["input_x_gradient", "relevance"], checks=False)
    assert list(found.failures) == [METHODS_BY_NAME["relevance"].label]
    with pytest.raises(InputError, match="None of these methods can be used"):
        without.compare(TEXT, ["relevance"])
    with pytest.raises(UnavailableError, match="DeepLIFT has no rule"):
        lm.compare(TEXT, ["deeplift"])
    with pytest.raises(UnknownNameError, match="no method 'gradeint'"):
        lm.compare(TEXT, ["gradeint"])
    with pytest.raises(UnknownNameError, match="random_maps"):
        lm.compare(TEXT, random_map=3)
    with pytest.raises(InputError, match="named twice"):
        lm.compare(TEXT, ["random", "random"])
    with pytest.raises(InputError, match="not of the same units"):
        Comparison((lm.attribute("the king"), lm.attribute("a cat")))


def test_stopped_with_what_is_done():
    lm = tiny_lm("gpt2")
    asked = iter([False, False] + [True] * 99)
    found = lm.compare(TEXT, ["input_x_gradient", "gradient", "random"], cancelled=lambda: next(asked))  # fmt: skip
    assert 1 <= len(found) < 3
    with pytest.raises(CancelledError):
        lm.compare(TEXT, cancelled=lambda: True)


def test_progress_never_goes_back():
    lm = tiny_lm("gpt2")
    heard = []
    lm.compare(TEXT, METHODS, checks=False, progress=lambda done, total, left: heard.append((done, total)))  # fmt: skip
    assert heard == sorted(heard)
    assert heard[-1][0] == heard[-1][1]
