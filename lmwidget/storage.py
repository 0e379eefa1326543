"""Results on disk: one safetensors file, its JSON header in the metadata. No pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from typing_extensions import Self

from lmwidget.errors import InputError
from lmwidget.tokens import Tokens

FORMAT = "lmwidget/1"

Arrays = dict[str, NDArray[Any]]


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


class Stored:
    """A result that one file holds: what it is made of, there and back."""

    _kind: ClassVar[str]
    "What the file is said to hold."

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

        Raises
        ------
        InputError
            When the folder does not exist.

        Examples
        --------
        >>> import lmwidget as lmw, tempfile, os
        >>> why = lmw.load("tiny").attribute("The king said")
        >>> path = why.save(os.path.join(tempfile.mkdtemp(), "why.safetensors"))
        >>> lmw.Attribution.load(path).target == why.target
        True
        """
        return write_arrays(path, self._kind, *self._packed())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return the result written by :meth:`save`.

        Parameters
        ----------
        path : str or Path
            File to read.

        Returns
        -------
        Same class
            Equal to what was saved; the model is not needed.

        Raises
        ------
        InputError
            When there is no such file, or it holds something else.

        Examples
        --------
        >>> import lmwidget as lmw, tempfile, os
        >>> why = lmw.load("tiny").attribute_answer("The king", " said And")
        >>> path = why.save(os.path.join(tempfile.mkdtemp(), "why.safetensors"))
        >>> lmw.AnswerAttribution.load(path).answer
        ' said And'
        """
        return cls(**cls._unpacked(*read_arrays(path, cls._kind)))

    def _packed(self) -> tuple[Arrays, dict[str, Any]]:
        """Return arrays, and what else there is as JSON can say it."""
        raise NotImplementedError

    @classmethod
    def _unpacked(cls, arrays: Arrays, header: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of a result from what was packed."""
        raise NotImplementedError


def pack_tokens(tokens: Tokens, source: Tokens | None = None) -> dict[str, Any]:
    """Return tokens as a header says them.

    Parameters
    ----------
    tokens : Tokens
        Units of a text.
    source : Tokens, optional
        The model's own tokens of the same text.

    Returns
    -------
    dict
        For :func:`unpack_tokens`.

    Examples
    --------
    >>> from lmwidget.tokens import Tokens
    >>> sorted(pack_tokens(Tokens.from_pieces(["a"])))
    ['source', 'text', 'tokens', 'units']
    """
    units = None if source is None else source.to_dict()
    return {
        "tokens": tokens.to_dict(),
        "text": tokens.text,
        "source": tokens.source,
        "units": units,
    }


def unpack_tokens(header: dict[str, Any]) -> tuple[Tokens, Tokens | None]:
    """Return what :func:`pack_tokens` was given.

    Parameters
    ----------
    header : dict
        That holds it.

    Returns
    -------
    tuple of (Tokens, Tokens or None)
        Units, and the model's own tokens.

    Examples
    --------
    >>> from lmwidget.tokens import Tokens
    >>> unpack_tokens(pack_tokens(Tokens.from_pieces(["a"])))[0].pieces
    ('a',)
    """
    text, source, units = header["text"], header["source"], header.get("units")
    tokens = Tokens.from_dict(header["tokens"], text, source)
    return tokens, None if units is None else Tokens.from_dict(units, text, source)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be saved")
