"""Tables of results, as pandas has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lmwidget.errors import MissingDependencyError

if TYPE_CHECKING:
    import pandas as pd


def dataframe(*parts: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return a table.

    Parameters
    ----------
    *parts : mapping of str to array-like, or sequence of mapping
        Columns by name, or rows; several parts stand one below the other.

    Returns
    -------
    pandas.DataFrame
        Numbered from 0.

    Raises
    ------
    MissingDependencyError
        When pandas is not installed.

    Examples
    --------
    >>> dataframe({"a": [1, 2]}, {"a": [3]})["a"].tolist()
    [1, 2, 3]
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingDependencyError(
            "to_dataframe() needs pandas.", "Run: pip install pandas"
        ) from error
    frames = [pd.DataFrame(part) for part in parts]
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
