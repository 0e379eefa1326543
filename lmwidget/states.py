"""Plain results of recurrent models: hidden states, cells and gates, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.errors import UnknownNameError, nearest
from lmwidget.frames import dataframe
from lmwidget.storage import Arrays, Stored, pack_tokens, unpack_tokens
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    import pandas as pd

Values = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class LayerStates:
    """What one recurrent layer did in one direction.

    Attributes
    ----------
    name : str
        The module, and the layer within it where it has several: ``"rnn.l1"``.
    layer : int
        Number of the layer in the model, from 0; both directions have the same.
    direction : str
        ``"forward"`` or ``"backward"``.
    kind : str
        ``"LSTM"``, ``"GRU"`` or ``"RNN"``.
    arrays : mapping of str to ndarray, shape (token, unit)
        ``"hidden"``, the state after the token was read; of an LSTM also ``"cell"`` and the gates
        ``"input_gate"``, ``"forget_gate"``, ``"output_gate"`` (0 to 1) and ``"cell_gate"`` (what is
        offered to the cell, -1 to 1); of a GRU ``"reset_gate"``, ``"update_gate"`` (0 to 1: how
        much of the state before is kept) and ``"new_gate"`` (-1 to 1). In the precision of the
        model, at least float32.

    Examples
    --------
    >>> LayerStates("rnn", 0, "forward", "RNN", {"hidden": np.zeros((5, 3))})
    <LayerStates rnn: RNN, forward, 5 tokens × 3 units: hidden>
    """

    name: str
    layer: int
    direction: str
    kind: str
    arrays: Mapping[str, Values]

    def __post_init__(self) -> None:
        frozen = {name: np.asarray(value) for name, value in self.arrays.items()}
        for value in frozen.values():
            value.setflags(write=False)
        object.__setattr__(self, "arrays", MappingProxyType(frozen))

    def __repr__(self) -> str:
        steps, units = self.arrays["hidden"].shape
        names = ", ".join(self.arrays)
        return (
            f"<LayerStates {self.name}: {self.kind}, {self.direction}, "
            f"{steps} tokens × {units} units: {names}>"
        )

    def __getitem__(self, name: str) -> Values:
        if name not in self.arrays:
            raise UnknownNameError(
                f"The {self.kind} {self.name!r} has no state {name!r}.", nearest(name, self.arrays)
            )
        return self.arrays[name]


@dataclass(frozen=True, eq=False)
class States(Stored):
    """Hidden states, cells and gates of every recurrent layer over a text.

    ``states[0]["forget_gate"]`` is an array (token, unit); ``states.get("hidden", layer=1,
    direction="backward")`` looks it up by layer and direction.

    Attributes
    ----------
    tokens : Tokens
        What was read.
    layers : tuple of LayerStates
        One entry a layer and direction, in the order of the model.
    model : str
        Name of the model.
    cost : dict
        ``seconds`` and ``passes``.

    Examples
    --------
    >>> layer = LayerStates("rnn", 0, "forward", "RNN", {"hidden": np.zeros((2, 3))})
    >>> States(Tokens.from_pieces(["a", " b"]), (layer,), "mine")
    <States 1 RNN layer, 2 tokens, mine>
    """

    _kind = "states"

    tokens: Tokens
    layers: tuple[LayerStates, ...]
    model: str = ""
    cost: dict[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        count = len({layer.layer for layer in self.layers})
        kinds = "/".join(dict.fromkeys(layer.kind for layer in self.layers))
        both = ", both directions" if {x.direction for x in self.layers} >= {"backward"} else ""
        layers = "layer" if count == 1 else "layers"
        return f"<States {count} {kinds} {layers}{both}, {len(self.tokens)} tokens, {self.model}>"

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[LayerStates]:
        return iter(self.layers)

    def __getitem__(self, index: int) -> LayerStates:
        return self.layers[index]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all states that some layer has.

        Returns
        -------
        tuple of str
            Hidden state first.

        Examples
        --------
        >>> layer = LayerStates("rnn", 0, "forward", "RNN", {"hidden": np.zeros((2, 3))})
        >>> States(Tokens.from_pieces(["a", " b"]), (layer,)).names
        ('hidden',)
        """
        return tuple(dict.fromkeys(name for layer in self.layers for name in layer.arrays))

    def get(self, name: str = "hidden", layer: int = 0, direction: str = "forward") -> Values:
        """Return one state of one layer.

        Parameters
        ----------
        name : str, default "hidden"
            One of ``names``.
        layer : int, default 0
            Number of the layer.
        direction : str, default "forward"
            Or ``"backward"``.

        Returns
        -------
        ndarray, shape (token, unit)
            Row ``i`` belongs to token ``i``, in both directions.

        Raises
        ------
        UnknownNameError
            When there is no such state, layer or direction.

        Examples
        --------
        >>> layer = LayerStates("rnn", 0, "forward", "RNN", {"hidden": np.zeros((2, 3))})
        >>> States(Tokens.from_pieces(["a", " b"]), (layer,)).get("hidden").shape
        (2, 3)
        """
        places = {(entry.layer, entry.direction): entry for entry in self.layers}
        if (layer, direction) not in places:
            known = [f"{number} {side}" for number, side in places]
            raise UnknownNameError(
                f"There is no recurrent layer {layer} that reads {direction}.",
                nearest(f"{layer} {direction}", known),
            )
        return places[layer, direction][name]

    def to_dataframe(self, name: str | None = None, layer: int | None = None) -> pd.DataFrame:
        """Return one row a number.

        Parameters
        ----------
        name : str, optional
            Only this state; default: all.
        layer : int, optional
            Only this layer; default: all.

        Returns
        -------
        pandas.DataFrame
            Columns ``layer``, ``direction``, ``state``, ``position``, ``token``, ``unit``,
            ``value``.

        Raises
        ------
        MissingDependencyError
            When pandas is not installed.
        UnknownNameError
            When there is no such state or layer.

        Examples
        --------
        >>> layer = LayerStates("rnn", 0, "forward", "RNN", {"hidden": np.zeros((2, 3))})
        >>> len(States(Tokens.from_pieces(["a", " b"]), (layer,)).to_dataframe())
        6
        """
        if name is not None and name not in self.names:
            raise UnknownNameError(f"There is no state {name!r}.", nearest(name, self.names))
        numbers = sorted({entry.layer for entry in self.layers})
        if layer is not None and layer not in numbers:
            raise UnknownNameError(f"There is no recurrent layer {layer}.", nearest(layer, numbers))
        parts = []
        for entry in self.layers:
            for state, values in entry.arrays.items():
                if name in (None, state) and layer in (None, entry.layer):
                    position, unit = (axis.ravel() for axis in np.indices(values.shape))
                    columns = {
                        "layer": entry.layer,
                        "direction": entry.direction,
                        "state": state,
                        "position": position,
                        "token": np.array(self.tokens.pieces, object)[position],
                        "unit": unit,
                        "value": values.ravel(),
                    }
                    parts.append(columns)
        return dataframe(*parts)

    def _packed(self) -> tuple[Arrays, dict[str, Any]]:
        arrays = {
            f"{number}/{name}": value
            for number, entry in enumerate(self.layers)
            for name, value in entry.arrays.items()
        }
        described = [
            {**{name: getattr(entry, name) for name in _PLAIN}, "states": list(entry.arrays)}
            for entry in self.layers
        ]
        about = {"layers": described, "model": self.model, "cost": self.cost}
        return arrays, {**pack_tokens(self.tokens), **about}

    @classmethod
    def _unpacked(cls, arrays: Arrays, header: dict[str, Any]) -> dict[str, Any]:
        layers = tuple(
            LayerStates(
                **{name: entry[name] for name in _PLAIN},
                arrays={name: arrays[f"{number}/{name}"] for name in entry["states"]},
            )
            for number, entry in enumerate(header["layers"])
        )
        about = {name: header[name] for name in ("model", "cost")}
        return {"tokens": unpack_tokens(header)[0], "layers": layers, **about}


_PLAIN = ("name", "layer", "direction", "kind")
