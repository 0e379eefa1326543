"""What is explained, and what an explanation is tested by: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Prediction:
    """One candidate answer of a model: a token of the vocabulary or a class.

    Attributes
    ----------
    id : int
        Index in the vocabulary, or of the class.
    label : str
        The candidate as text, leading space kept; the class name for classifiers.
    probability : float
        Softmax probability, 0 to 1.
    logit : float
        The raw score before softmax.
    ids : tuple of int
        Tokens of a phrase, when the candidate is more than one; otherwise empty.
    span : tuple of (int, int) or None
        First and last token of an answer that is a part of the input.
    """

    id: int
    label: str
    probability: float
    logit: float
    ids: tuple[int, ...] = ()
    span: tuple[int, int] | None = None


@dataclass(frozen=True)
class Check:
    """What tells whether a saliency map can be trusted.

    Attributes
    ----------
    name : str
        Made by a method for its own map: ``"completeness gap"`` where scores are shares of a
        whole, ``"relative standard error"`` (Kernel SHAP), ``"local fit"`` (LIME), ``"gains told
        apart"`` (Partition SHAP), ``"no context"`` (the answer without any passage). Made by
        ``lm.check`` for any map: ``"comprehensiveness"``, ``"sufficiency"``, ``"stability"``.
    value : float
        The figure; of a completeness gap ``total - expected``, in the unit of the attribution; of
        "local fit" and "gains told apart" a share, at most 1; of a relative standard error a share
        of the largest score; of "no context" what is explained, with all passages taken away.
    explanation : str
        One sentence for the figure.
    relative : float or None
        ``abs(value)`` divided by ``abs(expected)``, for a completeness gap; the value itself of a
        relative standard error.
    total : float or None
        Sum of the scores of all tokens, for a completeness gap; for "no context" the value with all
        passages.
    expected : float or None
        What the scores should sum to: the change of the target from baseline to input.
    random : float or None
        The same figure of a random map of the same text, for checks by perturbation: the mean of
        several.
    beaten : float or None
        Share of the random maps that the map beats, 0 to 1; of an equal one, half.
    passed : bool or None
        Whether the map does better than its threshold, or than nearly all random maps; None for no
        verdict.
    """

    name: str
    value: float
    explanation: str
    relative: float | None = None
    total: float | None = None
    expected: float | None = None
    random: float | None = None
    passed: bool | None = None
    beaten: float | None = None

    @property
    def verdict(self) -> str:
        """The verdict in words.

        Returns
        -------
        str
            ``"passed"``, ``"not passed"``, ``"deterministic"`` for the stability of what draws no
            random numbers, or ``""``.

        Examples
        --------
        >>> Check("sufficiency", 0.1, "It falls by 0.1.", passed=True).verdict
        'passed'
        """
        if self.passed is None:
            return "deterministic" if self.name == "stability" else ""
        return "passed" if self.passed else "not passed"


def prediction_from_dict(values: dict[str, Any]) -> Prediction:
    """Return a prediction from its fields, as they come out of a file.

    Parameters
    ----------
    values : dict
        ``vars(prediction)``, through JSON.

    Returns
    -------
    Prediction
        Equal to what was written.

    Examples
    --------
    >>> prediction_from_dict({"id": 3, "label": " a", "probability": 0.5, "logit": 1.0}).ids
    ()
    """
    span = values.get("span")
    return Prediction(
        **{
            **values,
            "ids": tuple(values.get("ids", ())),
            "span": None if span is None else (int(span[0]), int(span[1])),
        }
    )
