"""Games given by a function of the coalition, and values by definition: orders, one by one."""

from itertools import permutations

import numpy as np

from lmwidget.attribution.game import Game
from lmwidget.tokens import Tokens
from lmwidget.units import unit_of_tokens


class FunctionGame(Game):
    """Players are the words of a text; ``worth(present)`` is the value of one coalition."""

    def __init__(self, worth, count=None, pieces=None, level="token"):
        pieces = pieces or [f" w{i}" for i in range(count)]
        tokens = Tokens.from_pieces(pieces)
        units = unit_of_tokens(tokens, level)
        super().__init__(tokens, units, np.ones(int(units.max()) + 1, bool))
        self.worth, self.asked = worth, []

    def _evaluate(self, present, found):
        for i, row in enumerate(present):
            self.asked.append(tuple(np.flatnonzero(row).tolist()))
            if not found(np.array([i]), np.array([float(self.worth(row))])):
                return


def random_worth(count, seed=0):
    """Another number for every coalition: all interactions of any order."""
    table = np.random.default_rng(seed).standard_normal(2**count)
    return lambda row: table[int((row * 2 ** np.arange(count)).sum())]


def mean_over_orders(worth, count, orders):
    """What each player adds when it comes, averaged over orders."""
    found, number = np.zeros(count), 0
    for order in orders:
        present, before = np.zeros(count, bool), worth(np.zeros(count, bool))
        for player in order:
            present[player] = True
            after = worth(present)
            found[player] += after - before
            before = after
        number += 1
    return found / number


def all_orders(count):
    return permutations(range(count))


def orders_of_tree(nested):
    """All orders in which every group of the tree comes together as one."""
    if isinstance(nested, int):
        return [(nested,)]
    parts = [orders_of_tree(part) for part in nested]
    found = []
    for chosen in permutations(parts):
        rows = [()]
        for part in chosen:
            rows = [row + more for row in rows for more in part]
        found += rows
    return found
