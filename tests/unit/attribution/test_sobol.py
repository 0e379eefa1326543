"""Total Sobol indices against closed forms and against all coalitions."""

import numpy as np
import pytest
from games import FunctionGame, random_worth

from lmwidget.attribution import METHODS
from lmwidget.attribution.method import Watch
from lmwidget.attribution.methods.sobol import changed, design
from lmwidget.attribution.shapley import coalitions
from lmwidget.errors import CancelledError, InputError


def sobol(game, watch=None, **settings):
    return METHODS["sobol"].function(game, watch or Watch(), **settings)


def exact(worth, count):
    """E[Var(value | all others)] / Var(value), over all coalitions."""
    rows = coalitions(count)
    values = np.array([worth(row) for row in rows])
    table = values.reshape([2] * count)  # axis k is player count - 1 - k
    return np.array([table.var(axis=count - 1 - i).mean() for i in range(count)]) / values.var()


def test_additive():
    # Var(a_i m_i) = a_i² / 4 for m_i of zero or one: shares of the squares.
    weights = np.array([3.0, -2.0, 1.0, 0.0])
    found = sobol(FunctionGame(lambda row: row @ weights, 4), masks=64)
    np.testing.assert_allclose(found.scores, weights**2 / (weights**2).sum(), atol=1e-6)
    assert found.scores.sum() == pytest.approx(1)


def test_multiplicative():
    # f = Π (1 + a_i m_i): E[f] = Π (1 + a_i/2), E[f²] = Π (1 + a_i + a_i²/2).
    weights = np.array([0.5, 1.0, 2.0])
    second, first = 1 + weights + weights**2 / 2, 1 + weights / 2
    variance = second.prod() - (first**2).prod()
    expected = [(w**2 / 4) * np.delete(second, i).prod() / variance for i, w in enumerate(weights)]
    found = sobol(FunctionGame(lambda row: np.prod(1 + weights * row), 3), masks=512)
    np.testing.assert_allclose(found.scores, expected, rtol=0.02)
    assert found.scores.sum() > 1  # interactions count for each that takes part


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_all_interactions(seed):
    worth = random_worth(5, seed)
    found = sobol(FunctionGame(worth, 5), masks=2048, seed=seed)
    np.testing.assert_allclose(found.scores, exact(worth, 5), atol=0.03)


def test_more_masks_come_closer_than_chance_would():
    worth = random_worth(6, seed=4)
    expected = exact(worth, 6)
    errors = []
    for masks in (16, 1024):
        runs = [sobol(FunctionGame(worth, 6), masks=masks, seed=s).scores for s in range(8)]
        errors.append(np.abs(np.array(runs) - expected).mean())
    assert errors[1] < errors[0] / 4


def test_masks_are_balanced_and_seeded():
    assert (design(7, 32, 0).sum(0) == 16).all()
    assert (design(7, 32, 0) == design(7, 32, 0)).all()
    assert not (design(7, 32, 0) == design(7, 32, 1)).all()
    rows = changed(design(3, 4, 0))
    assert (rows[:, 1:] ^ rows[:, :1] == np.eye(3, dtype=bool)).all()


def test_parts_that_are_small_in_memory(monkeypatch):
    worth = random_worth(6)
    whole = sobol(FunctionGame(worth, 6)).scores
    monkeypatch.setattr("lmwidget.attribution.methods.sobol._LARGEST", 100)
    np.testing.assert_array_equal(sobol(FunctionGame(worth, 6)).scores, whole)


def test_constant_and_stopped():
    assert sobol(FunctionGame(lambda row: 3.0, 3)).scores.tolist() == [0, 0, 0]
    calls = []

    def worth(row):
        calls.append(1)
        return float(row[0])

    found = sobol(FunctionGame(worth, 10), Watch(cancelled=lambda: len(calls) > 150), masks=64)
    assert found.partial
    assert found.scores.argmax() == 0
    with pytest.raises(CancelledError):
        sobol(FunctionGame(sum, 3), Watch(cancelled=lambda: True))


@pytest.mark.parametrize("masks", [0, 1, 2.5, True])
def test_masks_that_cannot_be(masks):
    with pytest.raises(InputError, match="masks is"):
        sobol(FunctionGame(sum, 3), masks=masks)


def test_of_a_model(causal_lm):
    first = causal_lm.attribute("the king sat on the mat", "sobol", level="word")
    again = causal_lm.attribute("the king sat on the mat", "sobol", level="word", **first.settings)
    assert (first.scores >= 0).all()
    assert first.unit == "share of the variance"
    np.testing.assert_array_equal(first.scores, again.scores)
