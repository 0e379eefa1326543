"""Exact Shapley values: closed forms, the definition by all orders, and the package shap."""

import numpy as np
import pytest
from games import FunctionGame, all_orders, mean_over_orders, random_worth
from peers import shap

import lmwidget as lmw
from lmwidget.attribution import METHODS
from lmwidget.attribution.method import Watch
from lmwidget.errors import CancelledError, InputError


def shapley(game, **settings):
    return METHODS["exact_shapley"].function(game, Watch(), **settings)


@pytest.mark.parametrize("members", [[0], [1, 3], [0, 2, 4]])
def test_unanimity_game(members):
    # All of the worth is shared by those without whom there is none.
    found = shapley(FunctionGame(lambda row: row[members].all(), 5))
    expected = np.zeros(5)
    expected[members] = 1 / len(members)
    np.testing.assert_allclose(found.scores, expected, atol=1e-6)
    assert found.check.relative < 1e-6


def test_glove_game():
    # One left glove, two right ones: Shapley values 2/3, 1/6, 1/6.
    found = shapley(FunctionGame(lambda row: row[0] and row[1:].any(), 3))
    np.testing.assert_allclose(found.scores, [2 / 3, 1 / 6, 1 / 6], atol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 5, 6])
def test_mean_over_all_orders(count):
    worth = random_worth(count)
    found = shapley(FunctionGame(worth, count))
    expected = mean_over_orders(worth, count, all_orders(count))
    np.testing.assert_allclose(found.scores, expected, atol=1e-5)


def test_every_coalition_is_asked_for_once():
    game = FunctionGame(random_worth(4), 4)
    shapley(game)
    assert len(game.asked) == len(set(game.asked)) == 16


def test_too_many_units_and_stopping():
    with pytest.raises(InputError, match="17 units, so there are 131,072 coalitions"):
        shapley(FunctionGame(sum, 17))
    assert len(shapley(FunctionGame(sum, 3), most=3).scores) == 3
    asked = iter([False] * 4)
    watch = Watch(cancelled=lambda: next(asked, True))
    with pytest.raises(CancelledError, match="need every coalition"):
        METHODS["exact_shapley"].function(FunctionGame(sum, 4), watch)


@pytest.mark.parametrize(
    ("fixture", "text"), [("causal_lm", "the king"), ("classifier_lm", "the king sat on the mat")]
)
def test_equal_to_shap(fixture, text, request):
    """The exact explainer of shap over token ids, with the same replacement: 1e-4 relative."""
    lm = request.getfixturevalue(fixture)
    tokens = lm.tokenize(text)
    target = lm.predict(tokens)[0].id
    own = lm.attribute(tokens, "exact_shapley", target=target, removal="pad", most=10)
    players = [i for i, kind in enumerate(tokens.kinds) if kind != "special"]
    assert len(players) <= 10

    def logits(masks):
        rows = np.tile(tokens.ids, (len(masks), 1))
        filled = np.where(masks.astype(bool), rows[:, players], lm.tokenizer.pad_token_id)
        rows[:, players] = filled
        return lm.logits(list(rows), candidates=[target])[:, 0]

    explainer = shap.explainers.Exact(logits, np.zeros((1, len(players))))
    theirs = explainer(np.ones((1, len(players)))).values[0]
    scale = np.abs(theirs).max()
    np.testing.assert_allclose(own.scores[players], theirs, rtol=1e-4, atol=1e-4 * scale)


def test_levels_of_a_model(causal_lm):
    why = causal_lm.attribute("Go on. I see. Now", "exact_shapley", level="sentence")
    assert why.tokens.pieces == ("Go on. ", "I see. ", "Now")
    assert why.check.relative < 1e-4
    assert why.cost["passes"] >= 8
    again = causal_lm.attribute(
        "Go on. I see. Now", "exact_shapley", level="sentence", **why.settings
    )
    np.testing.assert_array_equal(again.scores, why.scores)


def test_tiny_model_by_name():
    assert lmw.load("tiny").attribute("a b", "exact_shapley").signed
