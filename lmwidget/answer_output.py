"""What the attribution of an answer becomes outside of this package: tables, files, a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from typing_extensions import Self

from lmwidget.candidates import Check, prediction_from_dict
from lmwidget.errors import MissingDependencyError
from lmwidget.storage import read_arrays, write_arrays
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    import pandas as pd

    from lmwidget.answers import AnswerAttribution

_PLAIN = (
    "start", "method", "signed", "input_length", "unit", "of", "model", "settings", "cost",
    "partial", "level", "row_level",
)  # fmt: skip


class AnswerOutput:
    """Methods of :class:`~lmwidget.answers.AnswerAttribution` that give it to others."""

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
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingDependencyError(
                "to_dataframe() needs pandas.", "Run: pip install pandas"
            ) from error
        this = self._this()
        places = np.arange(len(this.tokens))
        rows, columns = np.nonzero(places[None] < this.until[:, None])
        labels = np.array([prediction.label for prediction in this.predictions], dtype=object)
        probabilities = np.array([prediction.probability for prediction in this.predictions])
        return pd.DataFrame(
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

    def save(self, path: str | Path) -> Path:
        """Write everything to one safetensors file and return its path.

        Parameters
        ----------
        path : str or Path
            File to write.

        Returns
        -------
        Path
            The file.

        Examples
        --------
        >>> import lmwidget as lmw, tempfile, os
        >>> why = lmw.load("tiny").attribute_answer("The king", " said And")
        >>> path = why.save(os.path.join(tempfile.mkdtemp(), "why.safetensors"))
        >>> lmw.AnswerAttribution.load(path).answer
        ' said And'
        """
        this = self._this()
        header = {
            "tokens": this.tokens.to_dict(),
            "text": this.tokens.text,
            "source": this.tokens.source,
            "units": None if this.source is None else this.source.to_dict(),
            "predictions": [vars(prediction) for prediction in this.predictions],
            "foils": [None if foil is None else vars(foil) for foil in this.foils],
            "candidates": [[vars(one) for one in row] for row in this.candidates],
            "checks": [vars(check) for check in this.checks],
            "row_checks": [None if check is None else vars(check) for check in this.row_checks],
            **{name: getattr(self, name) for name in _PLAIN},
        }
        arrays = {name: getattr(self, name) for name in ("scores", "values", "rows")}
        if this.parts is not None:
            arrays["parts"] = this.parts
        return write_arrays(path, "answer attribution", arrays, header)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return what :meth:`save` wrote.

        Parameters
        ----------
        path : str or Path
            File to read.

        Returns
        -------
        AnswerAttribution
            Equal to what was saved.

        Raises
        ------
        InputError
            When the file holds something else.

        Examples
        --------
        >>> import lmwidget as lmw, tempfile, os
        >>> why = lmw.load("tiny").attribute_answer("The king", " said And")
        >>> path = why.save(os.path.join(tempfile.mkdtemp(), "why.safetensors"))
        >>> bool((lmw.AnswerAttribution.load(path).scores == why.scores).all())
        True
        """
        arrays, header = read_arrays(path, "answer attribution")
        text, source, units = header["text"], header["source"], header["units"]
        described = prediction_from_dict
        fields: dict[str, Any] = {
            **{name: header[name] for name in _PLAIN},
            **arrays,
            "tokens": Tokens.from_dict(header["tokens"], text, source),
            "source": None if units is None else Tokens.from_dict(units, text, source),
            "predictions": tuple(described(values) for values in header["predictions"]),
            "foils": tuple(values and described(values) for values in header["foils"]),
            "candidates": tuple(tuple(map(described, row)) for row in header["candidates"]),
            "checks": tuple(Check(**check) for check in header["checks"]),
            "row_checks": tuple(check and Check(**check) for check in header["row_checks"]),
        }
        return cls(**fields)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        from lmwidget.widgets.saliency_matrix import SaliencyMatrix

        return SaliencyMatrix.from_result(self._this())._repr_mimebundle_(**kwargs)

    def _this(self) -> AnswerAttribution:
        return cast("AnswerAttribution", self)
