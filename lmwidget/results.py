"""Plain results of attribution, handed from computing to drawing."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.candidates import Check, Prediction, prediction_from_dict
from lmwidget.frames import dataframe
from lmwidget.results_output import AttributionOutput
from lmwidget.storage import Arrays, Stored, pack_tokens, unpack_tokens
from lmwidget.tokens import Tokens
from lmwidget.units import Spans, coarser_units, level_name, merged, unit_of_tokens

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Attribution", "Check", "Prediction", "prediction_from_dict"]


@dataclass(frozen=True)
class Attribution(AttributionOutput, Stored):
    """How much each token contributed to one prediction.

    Attributes
    ----------
    tokens : Tokens
        The units of the input that carry scores: tokens, or words, sentences … (``level``).
    scores : ndarray of float32, shape (unit,)
        Contribution of each unit, in ``unit``.
    method : str
        Name of the method in the registry.
    signed : bool
        Whether negative scores mean "speaks against the target".
    target : Prediction
        What was explained.
    foil : Prediction or None
        The alternative it was contrasted with.
    readout : str
        Where the target was read: ``"next token"``, ``"masked token"``, ``"class"``,
        ``"token label"``, ``"span"`` or ``"given"``.
    unit : str
        Of the scores: ``"logit"``, ``"logit difference"``, ``"log-probability"``,
        ``"probability"``, ``"entropy"``, ``"gradient norm"``, …
    of : str
        What is explained as a number of the logits: ``"logit"``, ``"log_probability"``,
        ``"probability"``, ``"entropy"``, ``"own function"``.
    value : float
        That number for this text; NaN when it is not known.
    predictions : tuple of Prediction
        The model's strongest candidates at the same place.
    check : Check or None
        The map's own test, for methods that have one.
    checks : tuple of Check
        Tests computed on demand by ``lm.check(attribution)``.
    settings : dict
        Everything needed to repeat the computation.
    model : str
        Name of the model.
    cost : dict
        ``seconds`` and ``passes`` (of one text each).
    partial : bool
        True when the computation was stopped early.
    level : str
        ``"token"``, ``"word"``, ``"sentence"``, ``"paragraph"``, ``"turn"`` or ``"passage"``.
    source : Tokens or None
        The model's own tokens, when the units are coarser.
    parts : ndarray of int32, shape (token,), or None
        Unit that each of the model's own tokens belongs to.
    output : Tokens or None
        What an encoder-decoder had written when the target was read.
    position : int, str or None
        Where the target was read, if it was asked for.
    """

    _kind = "attribution"

    tokens: Tokens
    scores: NDArray[np.float32]
    method: str
    signed: bool
    target: Prediction
    foil: Prediction | None = None
    readout: str = "next token"
    unit: str = "logit"
    of: str = "logit"
    value: float = math.nan
    predictions: tuple[Prediction, ...] = ()
    check: Check | None = None
    checks: tuple[Check, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    model: str = ""
    cost: dict[str, float] = field(default_factory=dict)
    partial: bool = False
    level: str = "token"
    source: Tokens | None = None
    parts: NDArray[np.int32] | None = None
    output: Tokens | None = None
    position: int | str | None = None

    def __repr__(self) -> str:
        against = f" against {self.foil.label!r}" if self.foil else ""
        return (
            f"<Attribution {self.method}: {len(self.tokens)} {self.level}s for "
            f"{self.target.label!r}{against}, {self.unit}, {self.model}>"
        )

    def by(self, level: str | Spans) -> Attribution:
        """Return the attribution of coarser units: their scores are sums, so nothing is lost.

        Parameters
        ----------
        level : str or sequence of (tuple of (int, int), or str)
            ``"word"``, ``"sentence"``, ``"paragraph"``, ``"turn"``, or own passages as character
            spans or as text.

        Returns
        -------
        Attribution
            One score a unit.

        Raises
        ------
        InputError
            When the level is finer than what was computed, or a passage is not in the text.
        UnknownNameError
            When there is no such level.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> why = lmw.load("tiny").attribute("The king. He said")
        >>> why.by("sentence").tokens.pieces
        ('The king.', ' He said')
        """
        if level == self.level:
            return self
        fine = self.tokens if self.source is None else self.source
        units = unit_of_tokens(fine, level)
        name = level_name(level)
        own = units if self.parts is None else coarser_units(self.parts, units, self.level, name)
        sums = np.bincount(own, weights=self.scores.astype(np.float64))
        return replace(
            self,
            tokens=merged(fine, units),
            scores=sums.astype(np.float32),
            level=name,
            source=fine,
            parts=units,
            checks=(),
        )

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a token.

        Returns
        -------
        pandas.DataFrame
            Columns ``token``, ``id``, ``start``, ``end``, ``word``, ``kind``, ``score``, ``rank``
            (1 is the largest absolute score).

        Raises
        ------
        MissingDependencyError
            When pandas is not installed.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.load("tiny").attribute("the king said").to_dataframe()["token"].tolist()[-1]
        ' said'
        """
        magnitude = np.nan_to_num(np.abs(self.scores), nan=-1.0)
        return dataframe(
            {
                "token": self.tokens.pieces,
                "id": self.tokens.ids,
                "start": self.tokens.spans[:, 0],
                "end": self.tokens.spans[:, 1],
                "word": self.tokens.words,
                "kind": self.tokens.kinds,
                "score": self.scores,
                "rank": np.argsort(np.argsort(-magnitude, kind="stable"), kind="stable") + 1,
            }
        )

    def _packed(self) -> tuple[Arrays, dict[str, Any]]:
        header = {
            **pack_tokens(self.tokens, self.source),
            "output": None if self.output is None else [self.output.to_dict(), self.output.text],
            "target": vars(self.target),
            "foil": vars(self.foil) if self.foil else None,
            "predictions": [vars(prediction) for prediction in self.predictions],
            "check": vars(self.check) if self.check else None,
            "checks": [vars(check) for check in self.checks],
            **{name: getattr(self, name) for name in _PLAIN},
        }
        parts = {} if self.parts is None else {"parts": self.parts}
        return {"scores": self.scores, **parts}, header

    @classmethod
    def _unpacked(cls, arrays: Arrays, header: dict[str, Any]) -> dict[str, Any]:
        tokens, source = unpack_tokens(header)
        output = header.get("output")
        return {
            "scores": arrays["scores"],
            "parts": arrays.get("parts"),
            **{name: header[name] for name in _PLAIN if name in header},
            "tokens": tokens,
            "source": source,
            "target": prediction_from_dict(header["target"]),
            "foil": prediction_from_dict(header["foil"]) if header["foil"] else None,
            "predictions": tuple(prediction_from_dict(values) for values in header["predictions"]),
            "check": Check(**header["check"]) if header["check"] else None,
            "checks": tuple(Check(**check) for check in header.get("checks", ())),
            "output": None if output is None else Tokens.from_dict(output[0], output[1]),
        }

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        from lmwidget.widgets.saliency_text import SaliencyText

        return SaliencyText.from_result(self)._repr_mimebundle_(**kwargs)


_PLAIN = (
    "method", "signed", "readout", "unit", "of", "value", "settings", "model", "cost", "partial",
    "level", "position",
)  # fmt: skip
