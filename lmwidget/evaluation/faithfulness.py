"""Faithfulness: does the model need what the map marks, and is that enough for it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lmwidget.attribution.game import Game
from lmwidget.attribution.method import Watch
from lmwidget.attribution.sampling import whole_number
from lmwidget.errors import InputError
from lmwidget.results import Check

SHARES = (0.1, 0.2, 0.3, 0.4, 0.5)
"Shares of the units that are taken away, or kept; at least one unit."
BEATEN = 0.9
"Share of the random maps that a map has to beat: every second random map beats their mean."


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
        mean over the random maps, ``passed`` whether the map beats ``BEATEN`` of them, where one
        that is exactly as good counts half; None where the model gives no numbers.

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
    random_maps, seed = whole_number("random_maps", random_maps, 1), whole_number("seed", seed, 0)
    generator = np.random.default_rng(seed)
    orders = [np.argsort(-values, kind="stable")]
    orders += [generator.permutation(len(values)) for _ in range(random_maps)]
    counts = sorted({max(1, round(share * len(values))) for share in SHARES})
    kept = np.array([_top(order, count) for order in orders for count in counts])
    asked = np.concatenate([~kept, kept, np.ones((1, len(values)), bool)])
    found = game.values(asked, watch, total=len(asked))
    falls = (found[-1] - found[:-1]).reshape(2, len(orders), len(counts)).mean(-1)
    return [
        _check("comprehensiveness", game.unit, *falls[0].tolist()),
        _check("sufficiency", game.unit, *falls[1].tolist()),
    ]


def _top(order: NDArray[np.intp], count: int) -> NDArray[np.bool_]:
    found = np.zeros(len(order), bool)
    found[order[:count]] = True
    return found


def _check(name: str, unit: str, own: float, *others: float) -> Check:
    """Return a check of a map whose value falls by ``own``, and by ``others`` of random maps."""
    random = float(np.mean(others))
    if name == "comprehensiveness":
        better = np.sign(own - np.array(others))
        said = (
            f"Without the strongest 10–50 % of the units the {unit} falls by {own:.3g} on average; "
            f"without as many at random by {random:.3g}."
        )
    else:
        better = np.sign(np.array(others) - own)
        said = (
            f"With nothing but the strongest 10–50 % of the units the {unit} falls by {own:.3g} on "
            f"average (less is better); with as many at random by {random:.3g}."
        )
    if np.isnan(better).any():
        return Check(name, own, f"{said} The model gives no number for some of these texts.", random=random)  # fmt: skip
    beaten = float(((better + 1) / 2).mean())
    equal = f" and equals {(better == 0).mean():.0%}" if (better == 0).any() else ""
    return Check(
        name=name,
        value=own,
        random=random,
        passed=beaten >= BEATEN,
        beaten=beaten,
        explanation=(
            f"{said} The map beats {(better > 0).mean():.0%} of {len(others)} random maps{equal}; "
            f"it passes from {BEATEN:.0%} on."
        ),
    )
