"""Plain results of attribution, handed from computing to drawing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.errors import MissingDependencyError
from lmwidget.storage import read_arrays, write_arrays
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    import pandas as pd


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
    """

    id: int
    label: str
    probability: float
    logit: float


@dataclass(frozen=True)
class Check:
    """What tells whether a saliency map can be trusted.

    Attributes
    ----------
    name : str
        For example ``"completeness gap"``.
    value : float
        ``total - expected``, in the unit of the attribution.
    relative : float
        ``abs(value)`` divided by ``abs(expected)``.
    total : float
        Sum of the scores of all tokens.
    expected : float
        What the scores should sum to: the change of the target from baseline to input.
    explanation : str
        One sentence for the figure.
    """

    name: str
    value: float
    relative: float
    total: float
    expected: float
    explanation: str


@dataclass(frozen=True)
class Attribution:
    """How much each token contributed to one prediction.

    Attributes
    ----------
    tokens : Tokens
        The input that was explained.
    scores : ndarray of float32, shape (token,)
        Contribution of each token, in ``unit``.
    method : str
        Name of the method in the registry.
    signed : bool
        Whether negative scores mean "speaks against the target".
    target : Prediction
        What was explained.
    foil : Prediction or None
        The alternative it was contrasted with.
    readout : str
        Where the target was read: ``"next token"``, ``"masked token"`` or ``"class"``.
    unit : str
        ``"logit"``, ``"logit difference"`` or ``"gradient norm"``.
    predictions : tuple of Prediction
        The model's strongest candidates at the same place.
    check : Check or None
        The map's own test, for methods that have one.
    settings : dict
        Everything needed to repeat the computation.
    model : str
        Name of the model.
    cost : dict
        ``seconds`` and ``passes`` (forward and backward pairs).
    partial : bool
        True when the computation was stopped early.
    """

    tokens: Tokens
    scores: NDArray[np.float32]
    method: str
    signed: bool
    target: Prediction
    foil: Prediction | None = None
    readout: str = "next token"
    unit: str = "logit"
    predictions: tuple[Prediction, ...] = ()
    check: Check | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    model: str = ""
    cost: dict[str, float] = field(default_factory=dict)
    partial: bool = False

    def __repr__(self) -> str:
        against = f" against {self.foil.label!r}" if self.foil else ""
        return (
            f"<Attribution {self.method}: {len(self.tokens)} tokens for "
            f"{self.target.label!r}{against}, {self.unit}, {self.model}>"
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
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingDependencyError(
                "to_dataframe() needs pandas.", "Run: pip install pandas"
            ) from error
        magnitude = np.nan_to_num(np.abs(self.scores), nan=-1.0)
        return pd.DataFrame(
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
        >>> why = lmw.load("tiny").attribute("The king said")
        >>> path = why.save(os.path.join(tempfile.mkdtemp(), "why.safetensors"))
        >>> lmw.Attribution.load(path).target == why.target
        True
        """
        header = {
            "tokens": self.tokens.to_dict(),
            "text": self.tokens.text,
            "source": self.tokens.source,
            "target": vars(self.target),
            "foil": vars(self.foil) if self.foil else None,
            "predictions": [vars(prediction) for prediction in self.predictions],
            "check": vars(self.check) if self.check else None,
            **{name: getattr(self, name) for name in _PLAIN},
        }
        return write_arrays(path, "attribution", {"scores": self.scores}, header)

    @classmethod
    def load(cls, path: str | Path) -> Attribution:
        """Return the attribution written by :meth:`save`.

        Parameters
        ----------
        path : str or Path
            File to read.

        Returns
        -------
        Attribution
            Equal to what was saved.

        Raises
        ------
        InputError
            When the file holds something else.

        Examples
        --------
        >>> import lmwidget as lmw, tempfile, os
        >>> why = lmw.load("tiny").attribute("The king said")
        >>> path = why.save(os.path.join(tempfile.mkdtemp(), "why.safetensors"))
        >>> lmw.Attribution.load(path).method
        'input_x_gradient'
        """
        arrays, header = read_arrays(path, "attribution")
        return cls(
            tokens=Tokens.from_dict(header["tokens"], header["text"], header["source"]),
            scores=arrays["scores"],
            target=Prediction(**header["target"]),
            foil=Prediction(**header["foil"]) if header["foil"] else None,
            predictions=tuple(Prediction(**values) for values in header["predictions"]),
            check=Check(**header["check"]) if header["check"] else None,
            **{name: header[name] for name in _PLAIN},
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        from lmwidget.widgets.saliency_text import SaliencyText

        return SaliencyText.from_result(self)._repr_mimebundle_(**kwargs)


_PLAIN = ("method", "signed", "readout", "unit", "settings", "model", "cost", "partial")
