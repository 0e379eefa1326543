"""Which coalitions are asked for when there are too many to ask for all."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from lmwidget.attribution.game import Coalitions
from lmwidget.attribution.method import Watch
from lmwidget.errors import CancelledError, InputError

Weights = NDArray[np.float64]

ALIKE = 0.4
"Share of a coalition that its sibling begins with."


def whole_number(name: str, value: object, least: int) -> int:
    """Return a setting that counts something.

    Parameters
    ----------
    name : str
        For the message.
    value : object
        What was given.
    least : int
        Smallest that makes sense.

    Returns
    -------
    int
        The same.

    Raises
    ------
    InputError
        When it is no whole number, or too small.

    Examples
    --------
    >>> whole_number("samples", 3, 1)
    3
    """
    if isinstance(value, bool) or not hasattr(value, "__index__") or value.__index__() < least:
        raise InputError(f"{name} is {value!r}.", f"Give a whole number of at least {least}.")
    return int(value.__index__())


def reached(values: NDArray[np.float64], watch: Watch, least: int) -> NDArray[np.bool_]:
    """Return which values were computed before it was stopped.

    Parameters
    ----------
    values : ndarray of float64, shape (coalition,)
        From :meth:`lmwidget.attribution.game.Game.values`.
    watch : Watch
        Who stopped it, if anybody.
    least : int
        How few are enough to show something.

    Returns
    -------
    ndarray of bool, shape (coalition,)
        All of them unless it was stopped, also where the model gives NaN.

    Raises
    ------
    CancelledError
        When there are fewer.

    Examples
    --------
    >>> reached(np.array([1.0, np.nan]), Watch(cancelled=lambda: True), 1)
    array([ True, False])
    """
    there = ~np.isnan(values) if watch.stopped else np.ones(len(values), bool)
    if there.sum() < min(least, len(values)):
        raise CancelledError(
            "The computation was stopped before there was anything to show.", "Run it again."
        )
    return there


def kernel_sample(
    count: int, samples: int, seed: int, alike: float | None = ALIKE
) -> tuple[Coalitions, Weights]:
    """Return coalitions and weights whose weighted least squares give Shapley values.

    The Shapley kernel of Lundberg and Lee (2017) gives the sizes ``s`` and ``count - s`` together
    the weight ``1 / (s (count - s))``, shared equally by their coalitions. As in their
    implementation, sizes are taken whole from the outside while there are at least as many samples
    to expect of them as they have coalitions; the rest is drawn by the kernel, every coalition
    together with its complement, and every other one as the sibling of the one before: of the same
    size, alike in its first part (``alike``), and behind that with other players, as far as there are. Each is
    still drawn as the kernel says; what siblings begin with has to be read but once. (That costs
    about as much accuracy as their being different behind wins: ``tests/bench/kernel_error.py``.)
    One that is drawn again counts again, but is not another sample.

    Parameters
    ----------
    count : int
        Players, at least 2.
    samples : int
        Most coalitions, of those with some but not all players.
    seed : int
        Of the draws.
    alike : float, optional
        Share of a coalition that its sibling begins with; None for no siblings.

    Returns
    -------
    tuple of (ndarray of bool, shape (coalition, player); ndarray of float64, shape (coalition,))
        Coalitions, and weights with sum 1.

    Examples
    --------
    >>> present, weights = kernel_sample(4, 100, 0)
    >>> len(present), round(float(weights.sum()), 9)
    (14, 1.0)
    """
    whole, rest, mass = _whole_sizes(count, samples)
    present = [np.zeros((0, count), bool)]
    weights = [np.zeros(0)]
    for size in whole:
        rows = _subsets(count, size)
        rows = rows if 2 * size == count else np.concatenate([rows, ~rows])
        present.append(rows)
        weights.append(np.full(len(rows), mass[size] / len(rows)))
    left = samples - sum(map(len, present))
    if rest and left > 0:
        chances = np.array([mass[size] for size in rest])
        drawn, times = _drawn(count, rest, chances / chances.sum(), left, seed, alike)
        present.append(drawn)
        weights.append(times / times.sum() * chances.sum())
    found = np.concatenate(weights)
    return np.concatenate(present), found / max(found.sum(), 1e-300)


def removal_sample(count: int, samples: int, seed: int) -> Coalitions:
    """Return coalitions as LIME draws them from a text.

    Ribeiro, Singh and Guestrin (2016), as in their ``LimeTextExplainer``: how many players are
    taken away is drawn evenly from 1 to all, then which.

    Parameters
    ----------
    count : int
        Players.
    samples : int
        Coalitions.
    seed : int
        Of the draws.

    Returns
    -------
    ndarray of bool, shape (coalition, player)
        The first has all players.

    Examples
    --------
    >>> removal_sample(3, 5, 0)[0].tolist()
    [True, True, True]
    """
    generator = np.random.default_rng(seed)
    sizes = np.append(0, generator.integers(1, count + 1, samples - 1))
    ranks = generator.random((samples, count)).argsort(1)
    found: Coalitions = ranks >= sizes[:, None]
    return found


def _whole_sizes(count: int, samples: int) -> tuple[list[int], list[int], dict[int, float]]:
    """Sizes (up to half) that are taken whole, the others, and the kernel's weight of each pair."""
    sizes = range(1, count // 2 + 1)
    everything = samples >= 2**count - 2
    mass = {s: (1 if 2 * s == count else 2) / (s * (count - s)) for s in sizes}
    whole: list[int] = []
    left, total = float(samples), sum(mass.values())
    for size in sizes:
        rows = comb(count, size) * (1 if 2 * size == count else 2)
        if not everything and left * mass[size] / total < rows * (1 - 1e-9):
            break
        whole.append(size)
        left, total = left - rows, max(total - mass[size], 1e-300)
    return whole, [size for size in sizes if size not in whole], mass


def _subsets(count: int, size: int) -> Coalitions:
    chosen = np.array(list(combinations(range(count), size)))
    rows = np.zeros((len(chosen), count), bool)
    rows[np.arange(len(chosen))[:, None], chosen] = True
    return rows


def _drawn(
    count: int, sizes: list[int], chances: Weights, most: int, seed: int, alike: float | None
) -> tuple[Coalitions, Weights]:
    """Draw coalitions with their complements, and how often each was drawn."""
    generator = np.random.default_rng(seed)
    times: dict[bytes, int] = {}
    row: NDArray[np.bool_] | None = None
    for _ in range(50 * most):  # the last few of a size may never be drawn
        if len(times) + 1 >= max(most, 2):
            break
        if row is None or alike is None:
            row = drawn = generator.permutation(count) < generator.choice(sizes, p=chances)
        else:
            drawn, row = _sibling(row, alike, generator), None
        for one in (drawn.tobytes(), (~drawn).tobytes()):
            times[one] = times.get(one, 0) + 1
    rows: Coalitions = np.frombuffer(b"".join(times), bool).reshape(-1, count)
    return rows, np.array(list(times.values()), float)


def _sibling(
    row: NDArray[np.bool_], alike: float, generator: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw as many others as there are behind the beginning: others than before, while there are."""
    begin = round(alike * len(row))
    behind = row[begin:]
    order = np.lexsort((generator.random(len(behind)), behind))
    found: NDArray[np.bool_] = row.copy()
    found[begin:] = False
    found[begin + order[: behind.sum()]] = True
    return found
