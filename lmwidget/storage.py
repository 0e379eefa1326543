"""Results on disk: one safetensors file, its JSON header in the metadata. No pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from lmwidget.errors import InputError

FORMAT = "lmwidget/1"


def writable(path: Any) -> Path:
    """Return where to write a file.

    Parameters
    ----------
    path : str or Path
        What the user gave.

    Returns
    -------
    Path
        The same.

    Raises
    ------
    InputError
        When it is no path, or its folder does not exist.

    Examples
    --------
    >>> writable("why.safetensors").name
    'why.safetensors'
    """
    found = _as_path(path)
    if not found.resolve().parent.is_dir():
        raise InputError(f"There is no folder for {path}.", "Make it first.")
    return found


def _as_path(path: Any) -> Path:
    try:
        return Path(path)
    except TypeError as error:
        raise InputError(f"{path!r} is no path.", "Give the name of a file.") from error


def write_arrays(
    path: str | Path, kind: str, arrays: dict[str, NDArray[Any]], header: dict[str, Any]
) -> Path:
    """Write arrays and a JSON header and return the path.

    Parameters
    ----------
    path : str or Path
        File to write.
    kind : str
        What the file holds, checked when it is read.
    arrays : dict of str to ndarray
        The arrays, any shape.
    header : dict
        What JSON can say; infinities and NaN included.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        When the folder does not exist.

    Examples
    --------
    >>> import numpy as np, tempfile, os
    >>> path = os.path.join(tempfile.mkdtemp(), "x.safetensors")
    >>> write_arrays(path, "demo", {"a": np.zeros(2)}, {"n": 1}).name
    'x.safetensors'
    """
    metadata = {"format": FORMAT, "kind": kind, "header": json.dumps(header, default=_plain)}
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    path = writable(path)
    save_file(contiguous, str(path), metadata=metadata)
    return path


def read_arrays(path: str | Path, kind: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the arrays and the header written by :func:`write_arrays`.

    Parameters
    ----------
    path : str or Path
        File to read.
    kind : str
        What the file must hold.

    Returns
    -------
    tuple of (dict of str to ndarray, dict)
        Arrays by name, and the header.

    Raises
    ------
    InputError
        When there is no such file, it is not one of ours, or it holds another kind of result.

    Examples
    --------
    >>> import numpy as np, tempfile, os
    >>> path = os.path.join(tempfile.mkdtemp(), "x.safetensors")
    >>> _ = write_arrays(path, "demo", {"a": np.zeros(2)}, {"n": 1})
    >>> read_arrays(path, "demo")[1]
    {'n': 1}
    """
    path = _as_path(path)
    if not path.is_file():
        raise InputError(f"There is no file {path}.", "Save a result with result.save(path).")
    try:
        with safe_open(str(path), framework="np") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise InputError(
            f"{path} is not a result saved by lmwidget.", "Save one with result.save(path)."
        ) from error
    if metadata.get("format") != FORMAT or metadata.get("kind") != kind:
        found = metadata.get("kind", "another program's data")
        raise InputError(
            f"{path} holds {found}, not {kind}.", "Load it with the class that saved it."
        )
    return arrays, json.loads(metadata["header"])


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be saved")
