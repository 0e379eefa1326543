"""What a sensitivity becomes outside of this package: tables, files, a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from typing_extensions import Self

from lmwidget.candidates import prediction_from_dict
from lmwidget.errors import MissingDependencyError
from lmwidget.storage import read_arrays, write_arrays
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    import pandas as pd

    from lmwidget.sensitivity import Sensitivity

KINDS = ("substitution", "deletion", "noise")
ALL = -1
"In place of a token: the change is of all of them."

_ARRAYS = ("token", "kind", "size", "draw", "replacement", "values", "outcome")
_PLAIN = (
    "outcomes", "names", "value", "smallest_noise", "readout", "of", "unit", "model", "settings",
    "cost", "partial", "position",
)  # fmt: skip


class SensitivityOutput:
    """Methods of :class:`~lmwidget.sensitivity.Sensitivity` that give it to others."""

    def to_dataframe(self, *, each: bool = False) -> pd.DataFrame:
        """Return the curves: one row a token, kind and size.

        ``found.to_dataframe().query("kind == 'noise'").pivot(index="size", columns="label",
        values="mean").plot()`` draws them.

        Parameters
        ----------
        each : bool, default False
            One row a change instead.

        Returns
        -------
        pandas.DataFrame
            Columns ``index`` (of the token; -1 for all), ``token``, ``label`` (the token and its
            index), ``kind``, ``size``, then ``count``, ``min``, ``mean``, ``max`` of the changes
            and ``kept``, the share that keeps the prediction. With ``each``: ``draw``,
            ``replacement``, ``value``, ``change``, ``outcome``, ``kept``.

        Raises
        ------
        MissingDependencyError
            When pandas is not installed.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> found = lmw.load("tiny").sensitivity("The king said", noise=(0.1, 1.0))
        >>> table = found.to_dataframe().query("kind == 'noise'")
        >>> table.pivot(index="size", columns="label", values="mean").shape
        (2, 4)
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingDependencyError(
                "to_dataframe() needs pandas.", "Run: pip install pandas"
            ) from error
        this = self._this()
        pieces = ["(all)" if i == ALL else this.tokens.labels[i] for i in this.token.tolist()]
        known = this.outcome >= 0
        table = pd.DataFrame(
            {
                "index": this.token,
                "token": pieces,
                "label": [p if i == ALL else f"{p} {i}" for p, i in zip(pieces, this.token, strict=True)],
                "kind": [KINDS[code] for code in this.kind.tolist()],
                "size": this.size,
                "draw": this.draw,
                "replacement": list(this.names),
                "value": this.values,  # noqa: PD011, not of pandas
                "change": this.changes,
                "outcome": [this.outcomes[i] if i >= 0 else None for i in this.outcome.tolist()],
                "kept": np.where(known, this.outcome == 0, np.nan),
            }
        )  # fmt: skip
        if each:
            return table
        keys = ["index", "token", "label", "kind", "size"]
        groups = table.groupby(keys, sort=False, dropna=False)
        found: pd.DataFrame = groups.agg(
            count=("change", "count"),
            min=("change", "min"),
            mean=("change", "mean"),
            max=("change", "max"),
            kept=("kept", "mean"),
        ).reset_index()
        return found

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
        >>> found = lmw.load("tiny").sensitivity("The king", kinds="deletion")
        >>> path = found.save(os.path.join(tempfile.mkdtemp(), "found.safetensors"))
        >>> lmw.Sensitivity.load(path).value == found.value
        True
        """
        this = self._this()
        header = {
            "tokens": this.tokens.to_dict(),
            "text": this.tokens.text,
            "source": this.tokens.source,
            "output": None if this.output is None else [this.output.to_dict(), this.output.text],
            "target": vars(this.target),
            "foil": vars(this.foil) if this.foil else None,
            "predictions": [vars(prediction) for prediction in this.predictions],
            **{name: getattr(self, name) for name in _PLAIN},
        }
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        return write_arrays(path, "sensitivity", arrays, header)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return the result written by :meth:`save`.

        Parameters
        ----------
        path : str or Path
            File to read.

        Returns
        -------
        Sensitivity
            Equal to what was saved.

        Raises
        ------
        InputError
            When the file holds something else.

        Examples
        --------
        >>> import lmwidget as lmw, tempfile, os
        >>> found = lmw.load("tiny").sensitivity("The king", kinds="deletion")
        >>> path = found.save(os.path.join(tempfile.mkdtemp(), "found.safetensors"))
        >>> lmw.Sensitivity.load(path).outcomes == found.outcomes
        True
        """
        arrays, header = read_arrays(path, "sensitivity")
        output = header["output"]
        fields: dict[str, Any] = {**arrays, **{name: header[name] for name in _PLAIN}}
        fields |= {name: tuple(header[name]) for name in ("outcomes", "names")}
        fields |= {
            "tokens": Tokens.from_dict(header["tokens"], header["text"], header["source"]),
            "target": prediction_from_dict(header["target"]),
            "foil": prediction_from_dict(header["foil"]) if header["foil"] else None,
            "predictions": tuple(map(prediction_from_dict, header["predictions"])),
            "output": None if output is None else Tokens.from_dict(output[0], output[1]),
        }
        return cls(**fields)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return self._this().attribution()._repr_mimebundle_(**kwargs)

    def _this(self) -> Sensitivity:
        return cast("Sensitivity", self)
