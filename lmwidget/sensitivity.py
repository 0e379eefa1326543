"""Plain results of sensitivity analysis: how far a prediction moves under small changes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.errors import InputError, UnknownNameError, nearest
from lmwidget.results import Attribution, Prediction
from lmwidget.sensitivity_output import ALL, KINDS, SensitivityOutput
from lmwidget.tokens import Tokens

__all__ = ["ALL", "KINDS", "Sensitivity"]

_STATISTICS: dict[str, Callable[..., Any]] = {"mean": np.nanmean, "max": np.nanmax}


@dataclass(frozen=True, eq=False)
class Sensitivity(SensitivityOutput):
    """What a model makes of a text with one small change after the other.

    Attributes
    ----------
    tokens : Tokens
        The text.
    token : ndarray of int32, shape (change,)
        Which token was changed; -1 for all of them at once.
    kind : ndarray of int8, shape (change,)
        Index into ``KINDS``.
    size : ndarray of float32, shape (change,)
        Length of the change of the embedding by the length of the embedding itself; NaN of a
        deletion.
    draw : ndarray of int32, shape (change,)
        Number of the substitute, nearest first, or of the direction of the noise.
    replacement : ndarray of int64, shape (change,)
        Token that was put there; -1 for none.
    values : ndarray of float32, shape (change,)
        The number that is explained, after the change; NaN for what was not reached.
    outcome : ndarray of int32, shape (change,)
        What is predicted then: index into ``outcomes``; -1 where that is not known.
    outcomes : tuple of str
        Predictions in words; the first is that of the text as it is.
    names : tuple of str
        The substitutes in words, one a change; empty for other kinds.
    value : float
        The number that is explained, of the text as it is.
    smallest_noise : float
        Smallest relative noise on all tokens that was found to change the prediction; infinite when
        none did, NaN when none was tried.
    target : Prediction
        What was explained.
    foil : Prediction or None
        What it was contrasted with.
    predictions : tuple of Prediction
        The strongest candidates, of the text as it is.
    readout, of, unit, model : str
        As of :class:`lmwidget.Attribution`.
    settings, cost : dict
        Everything to repeat it; ``seconds`` and ``passes``.
    partial : bool
        True when the computation was stopped early.
    output : Tokens or None
        What an encoder-decoder had written.
    position : int, str or None
        Where the answer was read, if it was asked for.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> found = lmw.load("tiny").sensitivity("The king of the king of the")
    >>> 0 <= found.robustness <= 1
    True
    """

    tokens: Tokens
    token: NDArray[np.int32]
    kind: NDArray[np.int8]
    size: NDArray[np.float32]
    draw: NDArray[np.int32]
    replacement: NDArray[np.int64]
    values: NDArray[np.float32]
    outcome: NDArray[np.int32]
    outcomes: tuple[str, ...]
    names: tuple[str, ...]
    value: float
    target: Prediction
    foil: Prediction | None = None
    predictions: tuple[Prediction, ...] = ()
    smallest_noise: float = math.nan
    readout: str = "next token"
    of: str = "probability"
    unit: str = "probability"
    model: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    cost: dict[str, float] = field(default_factory=dict)
    partial: bool = False
    output: Tokens | None = None
    position: int | str | None = None

    def __repr__(self) -> str:
        shown = [f"{len(self.tokens)} tokens for {self.target.label!r}"]
        if not math.isnan(self.robustness):
            shown.append(f"{self.robustness:.0%} of substitutions keep the prediction")
        if math.isinf(self.smallest_noise):
            shown.append("no noise tried changes it")
        elif not math.isnan(self.smallest_noise):
            shown.append(f"noise of {self.smallest_noise:.2g} changes it")
        partial = ", partial" if self.partial else ""
        return f"<Sensitivity {'; '.join(shown)}; {self.unit}, {self.model}{partial}>"

    @property
    def changes(self) -> NDArray[np.float32]:
        """By how much each change moves the number that is explained.

        Returns
        -------
        ndarray of float32, shape (change,)
            Value after the change less the value of the text, in ``unit``.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> found = lmw.load("tiny").sensitivity("The king", kinds="deletion")
        >>> found.changes.shape
        (2,)
        """
        found: NDArray[np.float32] = (self.values - self.value).astype(np.float32)
        return found

    @property
    def robustness(self) -> float:
        """Share of the substitutions of one token that keep the prediction.

        Returns
        -------
        float
            0 to 1; NaN when none was tried, or there is nothing to keep, as of a regression.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.load("tiny").sensitivity("The king", kinds="deletion").robustness
        nan
        """
        own = self.outcome[(self.kind == 0) & (self.outcome >= 0)]
        return float((own == 0).mean()) if len(own) else math.nan

    def attribution(self, kind: str | None = None, statistic: str = "mean") -> Attribution:
        """Return one score a token, as a map of the text.

        Parameters
        ----------
        kind : str, optional
            ``"substitution"``, ``"deletion"`` or ``"noise"``; default: the first that was tried.
        statistic : str, default "mean"
            ``"mean"`` or ``"max"`` of the absolute changes.

        Returns
        -------
        Attribution
            Absolute changes, in ``unit``; of deletions what the token adds: the value of the text
            less that without the token.

        Raises
        ------
        InputError
            When this kind was not tried.
        UnknownNameError
            When there is no such kind or statistic.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> found = lmw.load("tiny").sensitivity("The king said")
        >>> found.attribution("noise").signed
        False
        """
        tried = [KINDS[code] for code in np.unique(self.kind[~np.isnan(self.values)])]
        kind = kind or (tried[0] if tried else KINDS[0])
        if kind not in KINDS or statistic not in [*_STATISTICS]:
            wrong, valid = (kind, KINDS) if kind not in KINDS else (statistic, _STATISTICS)
            raise UnknownNameError(f"There is no {wrong!r} here.", nearest(wrong, valid))
        if kind not in tried:
            raise InputError(f"No {kind} was tried.", f"Pass kinds={kind!r}, or another kind.")
        signed = kind == "deletion"
        scores = np.full(len(self.tokens), 0.0, np.float32)
        for i in range(len(self.tokens)):
            own = self.changes[(self.kind == KINDS.index(kind)) & (self.token == i)]
            if len(own):
                reached = own[~np.isnan(own)]
                score = _STATISTICS[statistic](np.abs(reached)) if len(reached) else math.nan
                scores[i] = -own[0] if signed else score
        return Attribution(
            tokens=self.tokens,
            scores=scores,
            method=f"sensitivity to {kind}",
            signed=signed,
            target=self.target,
            foil=self.foil,
            predictions=self.predictions,
            readout=self.readout,
            unit=self.unit,
            of=self.of,
            value=self.value,
            settings={**self.settings, "kind": kind, "statistic": statistic},
            model=self.model,
            cost=self.cost,
            partial=self.partial,
            output=self.output,
            position=self.position,
        )
