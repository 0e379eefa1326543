"""Rows are cut into passes as cheaply as any other cut of the same order."""

from itertools import combinations

import numpy as np
import pytest

from lmwidget.attribution.packing import PASS, pack


def cost_of(groups, starts, ends):
    return sum(
        len(group) * (max(ends[i] for i in group) - min(starts[i] for i in group)) + PASS
        for group in groups
    )


@pytest.mark.parametrize("seed", range(5))
def test_the_cheapest_cut_of_rows_by_length(seed):
    ends = np.random.default_rng(seed).integers(1, 60, 9)
    groups, cost = pack(np.zeros(9), ends, 150)
    order = np.argsort(ends)
    cuts = (
        np.split(order, list(at)) for many in range(9) for at in combinations(range(1, 9), many)
    )
    fits = (cut for cut in cuts if all(len(g) * ends[g].max() <= 150 or len(g) == 1 for g in cut))
    assert cost == min(cost_of(cut, [0] * 9, ends) for cut in fits)
    assert cost == cost_of(groups, [0] * 9, ends)
    assert sorted(i for group in groups for i in group.tolist()) == list(range(9))


def test_rows_that_may_not_be_filled_up():
    groups, _ = pack([0] * 6, [3, 5, 3, 4, 5, 3], 1000, equal=True)
    assert sorted(sorted(group.tolist()) for group in groups) == [[0, 2, 5], [1, 4], [3]]


def test_leave_one_out_of_a_long_text():
    """Little more than half of the whole, in few passes."""
    starts, ends = np.arange(512), np.full(512, 512)
    groups, cost = pack(starts, ends, 4096)
    assert cost < 0.6 * 512 * 512
    assert len(groups) < 80
    assert max(len(group) * (512 - starts[group].min()) for group in groups) <= 4096


def test_a_row_that_is_too_long_is_read_alone():
    groups, _ = pack([0, 0], [50, 5], 10)
    assert [group.tolist() for group in groups] == [[0], [1]]
