"""How far Kernel SHAP's estimates are from Shapley values, at equal samples: ours, Captum's, SHAP's.

    python tests/bench/kernel_error.py [--seeds 60] [--samples 64 128 256 512]

Sentences of eleven words, SmolLM2's next token, words deleted or replaced: a coalition of words has
a value, and all 2,048 are computed first, so that exact Shapley values are known and a sample costs
nothing more. "independent" is our sample with every pair drawn by itself, without siblings that
begin alike: what sharing beginnings costs. Mean squared errors as ratios to ours, and the share of
tokens that have to be read where what texts begin with is read once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapes import machine, report

from lmwidget.attribution.linear import with_sum
from lmwidget.attribution.sampling import ALIKE, kernel_sample

Array = NDArray[np.float64]
TEXTS = (
    ("The capital of France is a very large city, called", "delete"),
    ("When Mary and John went out, John gave the book to", "delete"),
    ("The capital of France is a very large city, called", "pad"),
    ("Nobody had seen the old captain since the ship was", " the"),
)


class Table:
    """All values of a game.

    Parameters
    ----------
    values : ndarray, shape (2 ** players,)
        Bit ``i`` of the place says whether player ``i`` is there.
    """

    def __init__(self, values: Array) -> None:
        self.values, self.count = values, len(values).bit_length() - 1
        self.bits = 1 << np.arange(self.count)

    def __call__(self, present: NDArray[Any]) -> Array:
        found: Array = self.values[np.asarray(present, bool) @ self.bits]
        return found

    def shapley(self) -> Array:
        """Return what each player adds, averaged over all orders."""
        count, places = self.count, np.arange(len(self.values))
        sizes = np.array([place.bit_count() for place in places.tolist()])
        weights = np.array([1 / (count * comb(count - 1, size)) for size in range(count)])
        found = []
        for bit in self.bits:
            without = places[(places & bit) == 0]
            gains = self.values[without | bit] - self.values[without]
            found.append((weights[sizes[without]] * gains).sum())
        return np.array(found)


def table(lm: Any, text: str, removal: str) -> Table:
    """Return all values of a sentence's next token."""
    from lmwidget.attribution.model_game import ModelGame
    from lmwidget.attribution.question import Question
    from lmwidget.units import unit_of_tokens

    tokens = lm.tokenize(text)
    game = ModelGame(Question(lm, tokens), unit_of_tokens(tokens, "word"), removal=removal)
    places = np.arange(2 ** len(game))[:, None]
    return Table(game.values((places >> np.arange(len(game)) & 1).astype(bool)))


def ours(game: Table, samples: int, seed: int, **how: Any) -> Array:
    """Return our estimate."""
    present, weights = kernel_sample(game.count, samples, seed, **how)
    return with_sum(present, game(present), weights, game.values[0], game.values[-1])[0]


def independent(game: Table, samples: int, seed: int) -> Array:
    """Return our estimate without siblings."""
    return ours(game, samples, seed, alike=None)


def captum(game: Table, samples: int, seed: int) -> Array:
    """Return Captum's estimate."""
    import torch
    from captum.attr import KernelShap

    torch.manual_seed(seed)
    explainer = KernelShap(lambda rows: torch.from_numpy(game(rows.numpy())))
    one = torch.ones(1, game.count)
    found = explainer.attribute(one, baselines=0 * one, n_samples=samples)
    return np.asarray(found[0], np.float64)


def shap(game: Table, samples: int, seed: int) -> Array:
    """Return SHAP's estimate."""
    from shap import KernelExplainer

    np.random.seed(seed)  # noqa: NPY002, SHAP draws from there
    explainer = KernelExplainer(game, np.zeros((1, game.count)), silent=True)
    found = explainer.shap_values(np.ones(game.count), nsamples=samples, l1_reg=0, silent=True)
    return np.asarray(found, np.float64)


CONTESTANTS: dict[str, Callable[[Table, int, int], Array]] = {
    "lmwidget": ours,
    "independent": independent,
    "captum": captum,
    "shap": shap,
}


def error(
    game: Table, estimate: Callable[[Table, int, int], Array], samples: int, seeds: int
) -> float:
    """Return the mean squared error over several seeds."""
    exact = game.shapley()
    return float(np.mean([(estimate(game, samples, seed) - exact) ** 2 for seed in range(seeds)]))


def read_share(count: int, samples: int, alike: float | None) -> float:
    """Return the share of tokens to read, where every common beginning is read once."""
    rows = kernel_sample(count, samples, 0, alike)[0].tolist()
    rows += [[True] * count, [False] * count]
    beginnings = sum(len({tuple(row[:end]) for row in rows}) for end in range(1, count + 1))
    return round(beginnings / (count * samples), 3)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=60)
    parser.add_argument("--samples", type=int, nargs="+", default=[64, 128, 256, 512])
    options = parser.parse_args()
    import lmwidget as lmw

    lm = lmw.load()
    games = [table(lm, *one) for one in TEXTS]
    rows = []
    for samples in options.samples:
        errors = {
            who: [error(game, estimate, samples, options.seeds) for game in games]
            for who, estimate in CONTESTANTS.items()
        }
        ratios = {
            who: [round(one / own, 2) for one, own in zip(found, errors["lmwidget"], strict=True)]
            for who, found in errors.items()
        }
        rows.append({"samples": samples, "error_beside_ours": ratios})
        print(rows[-1], file=sys.stderr, flush=True)
    read = {"siblings": read_share(128, 200, ALIKE), "independent": read_share(128, 200, None)}
    report(rows=rows, read_of_128_tokens_200_samples=read, **machine("lmwidget", "captum", "shap"))


if __name__ == "__main__":
    main()
