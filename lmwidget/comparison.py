"""Several maps of one text side by side: do they agree, and which of them is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.errors import InputError
from lmwidget.frames import dataframe
from lmwidget.results import Attribution
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Comparison:
    """Maps of the same question to the same model, with their checks.

    Attributes
    ----------
    attributions : tuple of Attribution
        One a method, over the same units.
    agreement : ndarray of float32, shape (method, method)
        Spearman's rank correlation of the scores; of maps that cannot be below zero with the size
        of the others' scores. NaN where a map is constant.
    failures : dict of str to str
        Methods that could not be used, and why.

    Raises
    ------
    InputError
        When there is no map, or they are not of the same units.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> found = lm.compare("The king said", ["gradient", "input_x_gradient"])
    >>> found.agreement.shape
    (2, 2)
    """

    attributions: tuple[Attribution, ...]
    agreement: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    failures: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        maps = self.attributions
        if not isinstance(maps, tuple) or not all(isinstance(one, Attribution) for one in maps):
            raise InputError(
                "These are no maps to compare.", "Give a tuple of what lm.attribute(text) returned."
            )
        if not maps:
            raise InputError("There is no map to compare.", "Give at least one.")
        if len({one.tokens.pieces for one in self.attributions}) > 1:
            raise InputError(
                "These maps are not of the same units.", "Compare maps of one text at one level."
            )
        if not self.agreement.size:
            object.__setattr__(self, "agreement", _agreement(self.attributions))

    def __repr__(self) -> str:
        names = ", ".join(one.method for one in self.attributions)
        return f"<Comparison of {names}: {len(self.tokens)} {self.level}s, {self.model}>"

    def __len__(self) -> int:
        return len(self.attributions)

    @property
    def tokens(self) -> Tokens:
        """Units that all maps are over."""
        return self.attributions[0].tokens

    @property
    def level(self) -> str:
        """Level of the units."""
        return self.attributions[0].level

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.attributions[0].model

    @property
    def partial(self) -> bool:
        """Whether a map was stopped early."""
        return any(one.partial for one in self.attributions)

    @property
    def cost(self) -> dict[str, float]:
        """Sum of ``seconds`` and ``passes``."""
        names = ("seconds", "passes")
        return {name: sum(one.cost.get(name, 0) for one in self.attributions) for name in names}

    @property
    def scores(self) -> NDArray[np.float32]:
        """Scores of all maps, float32 (method, unit), each in its own unit."""
        return np.stack([one.scores for one in self.attributions])

    def by(self, level: Any) -> Comparison:
        """Return the comparison of coarser units.

        Parameters
        ----------
        level : str or sequence of spans
            As for :meth:`lmwidget.Attribution.by`.

        Returns
        -------
        Comparison
            Sums of scores; agreement is computed anew, and checks of the finer maps left out.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> found = lmw.load("tiny").compare("The king. He said", ["gradient"])
        >>> len(found.by("sentence").tokens)
        2
        """
        from dataclasses import replace

        coarser = [one.by(level) for one in self.attributions]
        maps = tuple(one if one.level == self.level else replace(one, checks=()) for one in coarser)
        return Comparison(maps, failures=self.failures)

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a method.

        Returns
        -------
        pandas.DataFrame
            Columns ``method``, ``unit``, one for each check (and ``… random``), ``passes``,
            ``seconds``, ``partial``, ``agreement`` (mean rank correlation with the other maps).

        Raises
        ------
        MissingDependencyError
            When pandas is not installed.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.load("tiny").compare("The king", ["gradient"]).to_dataframe()["method"].tolist()
        ['gradient']
        """
        return dataframe([self._row(i) for i in range(len(self))])

    def agreement_with_others(self, place: int) -> float:
        """Return the mean rank correlation of one map with the others; NaN when it is alone.

        Parameters
        ----------
        place : int
            Which map, from 0.

        Returns
        -------
        float
            From -1 to 1.

        Raises
        ------
        InputError
            When there is no such map.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.load("tiny").compare("The king", ["gradient"]).agreement_with_others(0)
        nan
        """
        if place not in range(len(self)):
            raise InputError(
                f"There is no map {place!r}.", f"Choose one from 0 to {len(self) - 1}."
            )
        others = np.delete(self.agreement[place], place)
        known = others[np.isfinite(others)]
        return float(known.mean()) if len(known) else float("nan")

    def _row(self, place: int) -> dict[str, Any]:
        one = self.attributions[place]
        row: dict[str, Any] = {"method": one.method, "unit": one.unit}
        if one.check is not None:
            own = one.check
            row[own.name] = own.value if own.relative is None else own.relative
        for check in one.checks:
            row[check.name] = check.value
            if check.random is not None:
                row[f"{check.name} random"] = check.random
        return {
            **row,
            "passes": one.cost.get("passes"),
            "seconds": one.cost.get("seconds"),
            "partial": one.partial,
            "agreement": self.agreement_with_others(place),
        }

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        from lmwidget.widgets.saliency_compare import SaliencyCompare

        return SaliencyCompare.from_result(self)._repr_mimebundle_(**kwargs)


def _agreement(maps: Sequence[Attribution]) -> NDArray[np.float32]:
    found = np.eye(len(maps), dtype=np.float32)
    for i, first in enumerate(maps):
        for j, second in enumerate(maps[:i]):
            pair = [first.scores, second.scores]
            if not (first.signed and second.signed):
                pair = [np.abs(scores) for scores in pair]
            found[i, j] = found[j, i] = rank_correlation(*pair)
    return found


def rank_correlation(first: Any, second: Any) -> float:
    """Return Spearman's rank correlation, ties sharing their mean rank.

    Parameters
    ----------
    first, second : array_like, shape (unit,)
        Scores.

    Returns
    -------
    float
        From -1 to 1, over the units that both have a score for; NaN when one of them is constant.

    Examples
    --------
    >>> round(rank_correlation([1, 2, 3], [10, 30, 20]), 2)
    0.5
    """
    both = np.stack([np.asarray(values, np.float64) for values in (first, second)])
    both = both[:, np.isfinite(both).all(0)]
    if both.shape[1] < 2:
        return float("nan")
    ranks = np.stack([_ranks(values) for values in both])
    centred = ranks - ranks.mean(1, keepdims=True)
    size = float(np.sqrt((centred**2).sum(1).prod()))
    return float((centred[0] * centred[1]).sum() / size) if size else float("nan")


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray(((ends - counts + ends - 1) / 2)[place])
