"""What is asked of shares of attention is not answered for norms."""

from __future__ import annotations

import numpy as np
import pytest

import lmwidget as lmw
from lmwidget.errors import InputError
from lmwidget.inspection import (
    combine,
    difference,
    flow,
    head_statistics,
    mixing_of,
    norms,
    rollout,
    rollout_row,
    without,
)


@pytest.fixture(scope="module")
def found():
    return norms(lmw.load("tiny"), "the king said unto the king")


@pytest.mark.parametrize(
    "asked",
    [head_statistics, mixing_of, rollout, flow, lambda attention: rollout_row(attention, 1)],
)
def test_norms_are_no_shares(found, asked):
    for given in (found, combine(found)):
        with pytest.raises(InputError, match=r"the unit of these is norm.*attention itself"):
            asked(given)
    asked(found.attention)


def test_norms_are_not_renormalised(found):
    with pytest.raises(InputError, match="renormalise=False"):
        without(found, first=True)
    less = without(found, first=True, renormalise=False)
    assert less.unit == "norm"
    np.testing.assert_array_equal(less[0][:, :, 1:], found[0][:, :, 1:])


def test_differences_have_the_unit_of_both(found):
    other = norms(lmw.load("tiny"), "the old king said")
    assert difference(found, other).unit == "norm"
    for heads in (None, ((0, 0), (0, 1))):
        with pytest.raises(InputError, match="in share cannot be compared with weights in norm"):
            difference(found, found.attention, heads=heads)


def test_a_grid_of_norms_has_no_statistics(found):
    assert lmw.AttentionGrid.from_result(found).result is found
