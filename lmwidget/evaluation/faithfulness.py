"""Faithfulness: does the model need what the map marks, and is that enough for it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lmwidget.attribution.game import Game
from lmwidget.attribution.method import Watch
from lmwidget.errors import InputError
from lmwidget.results import Check

SHARES = (0.1, 0.2, 0.3, 0.4, 0.5)
"Shares of the units that are taken away, or kept; at least one unit."


def faithfulness(
    game: Game,
    scores: ArrayLike,
    watch: Watch | None = None,
    *,
    random_maps: int = 10,
    seed: int = 0,
) -> list[Check]:
    """Return comprehensiveness and sufficiency of a map, and of random maps of the same text.

    DeYoung et al. (2020), ERASER: comprehensiveness is how far the value falls when the units with
    the highest scores are taken away; sufficiency, how far it falls when only these are kept (less
    is better). Both are averages over ``SHARES``.

    Parameters
    ----------
    game : Game
        The text; all coalitions are asked for in one go.
    scores : array_like, shape (player,)
        The map; NaN counts as lowest.
    watch : Watch, optional
        Progress and the wish to stop.
    random_maps : int, default 10
        Random orders of the units.
    seed : int, default 0
        Of the random orders.

    Returns
    -------
    list of Check
        ``"comprehensiveness"`` and ``"sufficiency"``, in the unit of the game; ``random`` is the
        mean over the random maps, ``passed`` whether the map is better than that.

    Raises
    ------
    InputError
        When there is not one score a player, or no random map.

    Examples
    --------
    >>> from lmwidget.attribution.text_game import TextGame
    >>> game = TextGame(lambda texts: [text.count("good") for text in texts], "a good day")
    >>> faithfulness(game, [0, 1, 0])[0].value
    1.0
    """
    values = np.nan_to_num(np.asarray(scores, np.float64), nan=-np.inf)
    if values.shape != (len(game),):
        raise InputError(
            f"There are {len(game)} units but scores of shape {values.shape}.",
            "Give one score for each unit.",
        )
    if random_maps < 1:
        raise InputError(f"random_maps is {random_maps}.", "Give at least 1.")
    generator = np.random.default_rng(seed)
    orders = [np.argsort(-values, kind="stable")]
    orders += [generator.permutation(len(values)) for _ in range(random_maps)]
    counts = sorted({max(1, round(share * len(values))) for share in SHARES})
    kept = np.array([_top(order, count) for order in orders for count in counts])
    asked = np.concatenate([~kept, kept, np.ones((1, len(values)), bool)])
    found = game.values(asked, watch, total=len(asked))
    falls = (found[-1] - found[:-1]).reshape(2, len(orders), len(counts)).mean(-1)
    return [_comprehensiveness(game, falls[0]), _sufficiency(game, falls[1])]


def _top(order: NDArray[np.intp], count: int) -> NDArray[np.bool_]:
    found = np.zeros(len(order), bool)
    found[order[:count]] = True
    return found


def _comprehensiveness(game: Game, falls: NDArray[np.float64]) -> Check:
    own, random = float(falls[0]), float(falls[1:].mean())
    beaten = float((own > falls[1:]).mean())
    return Check(
        name="comprehensiveness",
        value=own,
        random=random,
        passed=own > random,
        explanation=(
            f"Without the strongest 10–50 % of the text the {game.unit} falls by {own:.3g} on "
            f"average; without random parts of the same size by {random:.3g}. The map beats "
            f"{beaten:.0%} of {len(falls) - 1} random maps."
        ),
    )


def _sufficiency(game: Game, falls: NDArray[np.float64]) -> Check:
    own, random = float(falls[0]), float(falls[1:].mean())
    beaten = float((own < falls[1:]).mean())
    return Check(
        name="sufficiency",
        value=own,
        random=random,
        passed=own < random,
        explanation=(
            f"With nothing but the strongest 10–50 % of the text the {game.unit} falls by {own:.3g} "
            f"on average (less is better); with random parts of the same size by {random:.3g}. The "
            f"map beats {beaten:.0%} of {len(falls) - 1} random maps."
        ),
    )
