"""Owen values: the definition by all orders of a tree, the package shap, budgets and trees."""

import numpy as np
import pytest
from games import FunctionGame, mean_over_orders, orders_of_tree, random_worth
from peers import shap

from lmwidget.attribution import METHODS
from lmwidget.attribution.method import Watch
from lmwidget.attribution.unit_tree import unit_tree
from lmwidget.errors import CancelledError, InputError

TREES = [
    ([0, 1], 2),
    ([[0, 1], 2], 3),
    ([[0, [1, 2]], [3, 4]], 5),
    ([[0, 1], [2, 3], [4, 5]], 6),
    ([0, 1, 2, [3, 4]], 5),
    ([[[[0, 1], 2], 3], 4], 5),
]


def partition(game, watch=None, **settings):
    return METHODS["partition_shap"].function(game, watch or Watch(), **settings)


@pytest.mark.parametrize(("tree", "count"), TREES)
def test_mean_over_all_orders_of_the_tree(tree, count):
    worth = random_worth(count)
    found = partition(FunctionGame(worth, count), tree=tree, samples=10_000)
    expected = mean_over_orders(worth, count, orders_of_tree(tree))
    np.testing.assert_allclose(found.scores, expected, atol=1e-5)
    assert "Every unit was told apart" in found.check.explanation
    assert (found.check.value, found.check.passed) == (1.0, True)


def test_one_unit_and_flat_trees():
    assert partition(FunctionGame(sum, 1)).scores.tolist() == [1.0]
    # All units in one group: plain Shapley values.
    worth = random_worth(4, seed=3)
    flat = partition(FunctionGame(worth, 4), tree=[0, 1, 2, 3])
    exact = METHODS["exact_shapley"].function(FunctionGame(worth, 4), Watch())
    np.testing.assert_allclose(flat.scores, exact.scores, atol=1e-6)


def clustering(tree, count):
    """The same binary tree as shap wants it: rows (left, right, distance, size)."""
    rows = []

    def add(node):
        if isinstance(node, int):
            return node, 1
        (left, a), (right, b) = add(node[0]), add(node[1])
        rows.append([left, right, float(len(rows) + 1), a + b])
        return count + len(rows) - 1, a + b

    add(tree)
    return np.array(rows)


def nested(node):
    if not node.parts:
        return node.players[0]
    return [nested(part) for part in node.parts]


@pytest.mark.parametrize("own", [False, True])
def test_equal_to_shap_on_the_same_tree(own):
    """At full budget, for an own tree and for that of a text: 1e-6 absolute."""
    count, tree = 8, [[[0, 1], [2, [3, 4]]], [5, [6, 7]]]
    worth = random_worth(count, seed=5)
    pieces = ["He", " saw", ",", " then", " went", ".", " It", " rained"]
    game = FunctionGame(worth, pieces=pieces)
    tree = nested(unit_tree(game)) if own else tree
    masker = shap.maskers.Partition(np.zeros((1, count)), clustering=clustering(tree, count))
    explainer = shap.PartitionExplainer(lambda x: np.array([worth(row > 0) for row in x]), masker)
    theirs = explainer(np.ones((1, count)), max_evals=10_000, silent=True).values[0]
    ours = partition(game, tree=None if own else tree, samples=10_000)
    np.testing.assert_allclose(ours.scores, theirs, atol=1e-6)


@pytest.mark.parametrize("samples", [2, 3, 4, 10, 33, 100])
def test_any_budget_is_kept_and_complete(samples):
    game = FunctionGame(random_worth(16, seed=1), 16)
    found = partition(game, samples=samples)
    assert len(game.asked) <= samples
    assert float(found.scores.sum()) == pytest.approx(game.full - game.empty, abs=1e-5)
    assert found.check.total is None  # the sum comes out whatever was asked for: it is no evidence
    if samples == 2:
        assert (found.check.value, found.check.passed) == (0.0, False)
    assert not found.partial


def test_the_largest_gain_is_opened_first():
    # Everything comes from the last four of 64 units: no sample is lost on the other half.
    game = FunctionGame(lambda row: row[60:].sum() + 0.001 * row.sum(), 64)
    found = partition(game, samples=130)
    assert set(np.argsort(-found.scores)[:4]) == {60, 61, 62, 63}
    np.testing.assert_allclose(found.scores[60:], 1.001, atol=1e-5)
    np.testing.assert_allclose(found.scores[:32], 0.001, atol=1e-5)
    assert "% of all gains are shared out equally" in found.check.explanation


def test_additive_games_need_no_samples_to_be_shared_by_size():
    found = partition(FunctionGame(lambda row: row.sum(), 8), samples=2)
    assert found.scores.tolist() == [1.0] * 8


def test_tree_of_a_text():
    pieces = [
        "Mr",
        ".",
        " K",
        " came",
        ",",
        " and",
        " went",
        ".",
        " So",
        "?",
        "\n\n",
        "New",
        " one",
    ]
    tree = unit_tree(FunctionGame(sum, pieces=pieces))
    groups = []

    def walk(node):
        groups.append("".join(pieces[i] for i in node.players))
        for part in node.parts:
            walk(part)

    walk(tree)
    assert "Mr. K came, and went. So?\n\n" in groups  # paragraph
    assert "Mr. K came, and went." in groups  # sentence
    assert "Mr. K came," in groups  # clause
    subwords = unit_tree(FunctionGame(sum, pieces=["un", "bel", "iev", "able", " fact"]))
    assert subwords.parts[0].players == (0, 1, 2, 3)


def test_stopped_early_is_still_complete():
    calls = []
    watch = Watch(cancelled=lambda: len(calls) > 20)

    def worth(row):
        calls.append(1)
        return random_worth(16)(row)

    game = FunctionGame(worth, 16)
    found = partition(game, watch, samples=200)
    assert found.partial
    assert float(found.scores.sum()) == pytest.approx(game.full - game.empty, abs=1e-5)
    assert len(calls) < 30
    with pytest.raises(CancelledError):
        partition(FunctionGame(sum, 4), Watch(cancelled=lambda: True))


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"samples": 1}, "samples is 1"),
        ({"samples": True}, "samples is True"),
        ({"tree": [0, 1]}, "tree holds \\[0, 1\\], but the text has 3 units"),
        ({"tree": [[0, 1], [1, 2]]}, "tree holds"),
        ({"tree": "abc"}, "tree holds 'abc'"),
        ({"tree": [0, 1, "2"]}, "tree holds '2'"),
    ],
)
def test_what_cannot_be_used(settings, match):
    with pytest.raises(InputError, match=match):
        partition(FunctionGame(sum, 3), **settings)


def test_of_a_model_by_token_and_by_word(causal_lm):
    text = "the king sat on the mat. he said so"
    by_token = causal_lm.attribute(text, "partition_shap", samples=60)
    by_word = causal_lm.attribute(text, "partition_shap", level="word", samples=200)
    assert len(by_word.scores) < len(by_token.scores)
    assert by_word.scores.sum() == pytest.approx(by_token.scores.sum(), rel=1e-3)
