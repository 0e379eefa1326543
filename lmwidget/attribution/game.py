"""A text as a game: its units are players, and any coalition of them has a value."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.attribution.method import Watch
from lmwidget.errors import InputError
from lmwidget.tokens import Tokens

Coalitions = NDArray[np.bool_]


class Game(ABC):
    """What a model makes of a text when some of its units are taken away.

    Parameters
    ----------
    tokens : Tokens
        The text.
    units : ndarray of int32, shape (token,)
        Unit of each token, from :func:`lmwidget.units.unit_of_tokens`.
    playing : ndarray of bool, shape (unit,)
        Units that may be taken away; the others are always there.

    Attributes
    ----------
    players : ndarray of int, shape (player,)
        Unit of each player.
    unit : str
        Unit of the values.
    passes : int
        Texts that were read.
    settings : dict
        How units are taken away, to repeat it.

    Raises
    ------
    InputError
        When no unit may be taken away.
    """

    unit: str = "score"

    def __init__(
        self, tokens: Tokens, units: NDArray[np.int32], playing: NDArray[np.bool_]
    ) -> None:
        self.tokens, self.units = tokens, units
        self.players = np.flatnonzero(playing)
        self.passes = 0
        self.settings: dict[str, Any] = {}
        self._known: dict[bytes, float] = {}
        if len(self.players) == 0:
            raise InputError(
                "The text has nothing that can be taken away.",
                "Give more than special tokens and what is read at them.",
            )

    def __len__(self) -> int:
        return len(self.players)

    @property
    def full(self) -> float:
        """Value of the whole text."""
        return float(self.values(np.ones((1, len(self)), bool))[0])

    @property
    def empty(self) -> float:
        """Value with all players taken away."""
        return float(self.values(np.zeros((1, len(self)), bool))[0])

    def values(
        self, present: Coalitions, watch: Watch | None = None, *, before: int = 0, total: int = 0
    ) -> NDArray[np.float64]:
        """Return the value of some coalitions; each is computed once, however often it is asked.

        Parameters
        ----------
        present : ndarray of bool, shape (coalition, player)
            Which players are there.
        watch : Watch, optional
            Told at the start and after every batch, asked before every pass.
        before, total : int
            Coalitions evaluated before and in all, for the progress.

        Returns
        -------
        ndarray of float64, shape (coalition,)
            NaN for what was not reached when it was stopped.
        """
        watch = watch or Watch()
        keys = [row.tobytes() for row in np.packbits(present, axis=1)]
        new = self._unknown(keys, present)
        done = 0

        def found(places: NDArray[np.intp], values: NDArray[np.float64]) -> bool:
            nonlocal done
            for place, value in zip(places.tolist(), values.tolist(), strict=True):
                self._known[keys[new[place]]] = value
            done += len(places)
            self.passes += len(places)
            if len(places):
                watch.report(before + done, max(total, before + len(new)))
            return not watch.stopped

        if new and not watch.stopped:
            if not before:
                watch.report(0, max(total, len(new)))
            self._evaluate(present[new], found)
        return np.array([self._known.get(key, np.nan) for key in keys])

    def scores(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Return scores of all units from those of the players: 0 for the others.

        Parameters
        ----------
        values : ndarray, shape (player,)
            Scores of the players.

        Returns
        -------
        ndarray of float32, shape (unit,)
            Scores.
        """
        found = np.zeros(int(self.units.max()) + 1, np.float32)
        found[self.players] = values
        return found

    def _unknown(self, keys: list[bytes], present: Coalitions) -> list[int]:
        """Return the first place of each coalition whose value is not known yet."""
        new: list[int] = []
        seen: set[bytes] = set()
        for i, key in enumerate(keys):
            if key in self._known or key in seen:
                continue
            recalled = self._recalled(present[i])
            if recalled is None:
                new.append(i)
                seen.add(key)
            else:
                self._known[key] = recalled
        return new

    def _recalled(self, present: NDArray[np.bool_]) -> float | None:
        """Return the value of a coalition that was found elsewhere, if it was."""
        del present
        return None

    @abstractmethod
    def _evaluate(
        self,
        present: Coalitions,
        found: Callable[[NDArray[np.intp], NDArray[np.float64]], bool],
    ) -> None:
        """Compute new coalitions, in any order, and hand over each batch.

        ``found(rows, values)`` returns False when the rest is not wanted any more.
        """
