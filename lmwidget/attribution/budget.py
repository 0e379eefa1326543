"""How much memory a computation may take."""

from __future__ import annotations

import re
from typing import Any

from lmwidget.errors import InputError

DEFAULT_MEMORY = 1 << 30
"Bytes for one batch, its gradients included, unless told otherwise."

_UNITS = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "ki": 2**10, "mi": 2**20, "gi": 2**30}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmg]i?)?b?\s*", re.IGNORECASE)


def memory_bytes(max_memory: Any) -> int:
    """Return a budget in bytes.

    Parameters
    ----------
    max_memory : int, float, str or None
        Bytes, or text such as ``"500 MB"`` or ``"2GiB"``; None for ``DEFAULT_MEMORY``.

    Returns
    -------
    int
        Bytes.

    Raises
    ------
    InputError
        When it is no size.

    Examples
    --------
    >>> memory_bytes("500 MB"), memory_bytes(None)
    (500000000, 1073741824)
    """
    if max_memory is None:
        return DEFAULT_MEMORY
    if isinstance(max_memory, str) and (match := _SIZE.fullmatch(max_memory)):
        size = float(match[1]) * _UNITS[(match[2] or "").lower()]
    elif isinstance(max_memory, int | float) and not isinstance(max_memory, bool):
        size = float(max_memory)
    else:
        size = 0.0
    if not 1 <= size < float("inf"):
        raise InputError(f"max_memory is {max_memory!r}.", "Give bytes, or a size such as '2 GB'.")
    return int(size)
