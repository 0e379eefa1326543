"""Where figures go: back to the caller, or into a file."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from lmwidget.storage import writable

Content = TypeVar("Content", str, bytes)


def given(content: Content, path: str | Path | None) -> Content | Path:
    """Return what was made, or write it and return where.

    Parameters
    ----------
    content : str or bytes
        A figure.
    path : str, Path or None
        File to write.

    Returns
    -------
    str, bytes or Path
        The content, without a path.

    Raises
    ------
    InputError
        When the folder does not exist.

    Examples
    --------
    >>> given("a figure", None)
    'a figure'
    """
    if path is None:
        return content
    path = writable(path)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
