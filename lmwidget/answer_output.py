"""What the attribution of an answer becomes outside of this package: tables, files, a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from lmwidget.candidates import Check, prediction_from_dict
from lmwidget.frames import dataframe
from lmwidget.storage import Arrays, Stored, pack_tokens, unpack_tokens

if TYPE_CHECKING:
    import pandas as pd

    from lmwidget.answers import AnswerAttribution

_PLAIN = (
    "start", "method", "signed", "input_length", "unit", "of", "model", "settings", "cost",
    "partial", "level", "row_level",
)  # fmt: skip


class AnswerOutput(Stored):
    """Methods of :class:`~lmwidget.answers.AnswerAttribution` that give it to others."""

    _kind = "answer attribution"

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row for each score: what was written, and each column written before.

        Returns
        -------
        pandas.DataFrame
            Columns ``row``, ``generated``, ``probability``, ``column``, ``token``, ``side``
            (``"input"`` or ``"answer"``), ``score``.

        Raises
        ------
        MissingDependencyError
            When pandas is not installed.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.load("tiny").attribute_answer("The king", " said And").to_dataframe().shape
        (5, 7)
        """
        this = self._this()
        places = np.arange(len(this.tokens))
        rows, columns = np.nonzero(places[None] < this.until[:, None])
        labels = np.array([prediction.label for prediction in this.predictions], dtype=object)
        probabilities = np.array([prediction.probability for prediction in this.predictions])
        return dataframe(
            {
                "row": rows,
                "generated": labels[rows],
                "probability": probabilities[rows],
                "column": columns,
                "token": np.array(this.tokens.pieces, dtype=object)[columns],
                "side": np.where(columns < this.input_length, "input", "answer"),
                "score": this.scores[rows, columns],
            }
        )

    def _packed(self) -> tuple[Arrays, dict[str, Any]]:
        this = self._this()
        header = {
            **pack_tokens(this.tokens, this.source),
            "predictions": [vars(prediction) for prediction in this.predictions],
            "foils": [None if foil is None else vars(foil) for foil in this.foils],
            "candidates": [[vars(one) for one in row] for row in this.candidates],
            "checks": [vars(check) for check in this.checks],
            "row_checks": [None if check is None else vars(check) for check in this.row_checks],
            **{name: getattr(self, name) for name in _PLAIN},
        }
        arrays = {name: getattr(self, name) for name in ("scores", "values", "rows")}
        return arrays if this.parts is None else {**arrays, "parts": this.parts}, header

    @classmethod
    def _unpacked(cls, arrays: Arrays, header: dict[str, Any]) -> dict[str, Any]:
        described = prediction_from_dict
        tokens, source = unpack_tokens(header)
        return {
            **{name: header[name] for name in _PLAIN},
            **arrays,
            "tokens": tokens,
            "source": source,
            "predictions": tuple(described(values) for values in header["predictions"]),
            "foils": tuple(values and described(values) for values in header["foils"]),
            "candidates": tuple(tuple(map(described, row)) for row in header["candidates"]),
            "checks": tuple(Check(**check) for check in header["checks"]),
            "row_checks": tuple(check and Check(**check) for check in header["row_checks"]),
        }

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        from lmwidget.widgets.saliency_matrix import SaliencyMatrix

        return SaliencyMatrix.from_result(self._this())._repr_mimebundle_(**kwargs)

    def _this(self) -> AnswerAttribution:
        return cast("AnswerAttribution", self)
