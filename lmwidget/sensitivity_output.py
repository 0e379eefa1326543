"""What a sensitivity becomes outside of this package: tables, files, a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from lmwidget.candidates import prediction_from_dict
from lmwidget.frames import dataframe
from lmwidget.storage import Arrays, Stored, pack_tokens, unpack_tokens
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


class SensitivityOutput(Stored):
    """Methods of :class:`~lmwidget.sensitivity.Sensitivity` that give it to others."""

    _kind = "sensitivity"

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
        this = self._this()
        pieces = ["(all)" if i == ALL else this.tokens.labels[i] for i in this.token.tolist()]
        known = this.outcome >= 0
        table = dataframe(
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

    def _packed(self) -> tuple[Arrays, dict[str, Any]]:
        this = self._this()
        header = {
            **pack_tokens(this.tokens),
            "output": None if this.output is None else [this.output.to_dict(), this.output.text],
            "target": vars(this.target),
            "foil": vars(this.foil) if this.foil else None,
            "predictions": [vars(prediction) for prediction in this.predictions],
            **{name: getattr(self, name) for name in _PLAIN},
        }
        return {name: getattr(self, name) for name in _ARRAYS}, header

    @classmethod
    def _unpacked(cls, arrays: Arrays, header: dict[str, Any]) -> dict[str, Any]:
        output = header["output"]
        return {
            **arrays,
            **{name: header[name] for name in _PLAIN},
            **{name: tuple(header[name]) for name in ("outcomes", "names")},
            "tokens": unpack_tokens(header)[0],
            "target": prediction_from_dict(header["target"]),
            "foil": prediction_from_dict(header["foil"]) if header["foil"] else None,
            "predictions": tuple(map(prediction_from_dict, header["predictions"])),
            "output": None if output is None else Tokens.from_dict(output[0], output[1]),
        }

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return self._this().attribution()._repr_mimebundle_(**kwargs)

    def _this(self) -> Sensitivity:
        return cast("Sensitivity", self)
