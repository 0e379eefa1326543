"""The game of any function of text: a pipeline, a remote endpoint, an n-gram model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.attribution.game import Coalitions, Game
from lmwidget.errors import InputError, UnknownNameError, nearest
from lmwidget.results import Prediction
from lmwidget.tokens import Tokens
from lmwidget.units import Spans, merged, unit_of_tokens
from lmwidget.words import word_starts

Function = Callable[[list[str]], Any]
_BATCH = 64


class TextGame(Game):
    """What a function makes of a text when some of it is missing.

    Parameters
    ----------
    function : callable
        ``function(texts)`` is given a list of texts and returns one number a text, an array (text,
        class), or what pipelines of transformers return: lists of ``{"label", "score"}``.
    text : str
        The text.
    target, foil : int or str, optional
        Class that is explained, and the one it is contrasted with; default: the class that is
        strongest for the whole text.
    level : str or sequence of spans, default "word"
        What is taken away as one.
    removal : str, default "delete"
        ``"delete"`` leaves units out; any other text stands in the place of each.
    names : sequence of str, optional
        Names of the classes.
    batch_size : int, default 64
        Most texts in one call.

    Attributes
    ----------
    target, foil : Prediction
        Described; the foil may be None.
    predictions : tuple of Prediction
        All classes, strongest first; empty for functions that return one number.

    Raises
    ------
    InputError
        When the text is empty, or the function returns something else.
    UnknownNameError
        When there is no such class.

    Examples
    --------
    >>> game = TextGame(lambda texts: [len(text) for text in texts], "one two")
    >>> game.full, game.empty
    (7.0, 0.0)
    """

    def __init__(
        self,
        function: Function,
        text: str,
        *,
        target: int | str | None = None,
        foil: int | str | None = None,
        level: str | Spans = "word",
        removal: str = "delete",
        names: Sequence[str] | None = None,
        batch_size: int = _BATCH,
    ) -> None:
        if not isinstance(text, str) or not text.strip():
            raise InputError("The text is empty.", "Give at least one word.")
        if not isinstance(removal, str):
            raise InputError(f"removal is {removal!r}.", "Give 'delete', or a text.")
        if batch_size < 1:
            raise InputError(f"batch_size is {batch_size}.", "Give at least 1.")
        self._function, self._batch_size = function, batch_size
        tokens = Tokens.from_pieces(_words(text))
        units = unit_of_tokens(tokens, level)
        super().__init__(tokens, units, np.ones(int(units.max()) + 1, bool))
        self._pieces = merged(tokens, units).pieces
        self._removal = removal
        self.settings = {"removal": removal}
        table, self._names = self._read([text])
        names = names or self._names
        self._columns = _columns(table[0], names, target, foil)
        described = _described(table[0], names)
        self.target = described[self._columns[0]]
        self.foil = described[self._columns[1]] if len(self._columns) > 1 else None
        several = len(described) > 1
        self.predictions = tuple(described[i] for i in np.argsort(-table[0]) if several)
        self._known[np.packbits(np.ones((1, len(self)), bool), axis=1)[0].tobytes()] = float(
            self._picked(table)[0]
        )
        self.passes = 1

    def _evaluate(
        self,
        present: Coalitions,
        found: Callable[[NDArray[np.intp], NDArray[np.float64]], bool],
    ) -> None:
        texts = [self._text(row) for row in present]
        for first in range(0, len(texts), self._batch_size):
            batch = texts[first : first + self._batch_size]
            table, _ = self._read(batch)
            places = np.arange(first, first + len(batch))
            if not found(places, self._picked(table)):
                return

    def _text(self, present: NDArray[np.bool_]) -> str:
        kept: list[str] = []
        for piece, there in zip(self._pieces, present.tolist(), strict=True):
            if there:
                kept.append(piece)
            elif self._removal != "delete":
                kept.append(piece[: len(piece) - len(piece.lstrip())] + self._removal)
        text = "".join(kept)
        # The space before the first word goes with the word in front of it.
        return text if present[0] or self._removal != "delete" else text.lstrip()

    def _picked(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        found = table[:, self._columns[0]]
        return found if len(self._columns) == 1 else found - table[:, self._columns[1]]

    def _read(self, texts: list[str]) -> tuple[NDArray[np.float64], list[str] | None]:
        """Return one row a text, and the names of the classes where the function gives them."""
        given = self._function(list(texts))
        if isinstance(given, list | tuple) and given and _labelled(given[0]):
            return _table(given)
        detach = getattr(given, "detach", None)
        given = given if detach is None else detach().cpu().float().numpy()
        try:
            table = np.asarray(given, np.float64)
        except (TypeError, ValueError) as error:
            raise InputError(_expected(given), "Return one number, or one row, a text.") from error
        if table.ndim not in {1, 2} or len(table) != len(texts):
            raise InputError(
                f"The function returned shape {table.shape} for {len(texts)} texts.",
                "Return one number, or one row of classes, a text.",
            )
        return table.reshape(len(texts), -1), None


def _words(text: str) -> list[str]:
    """Return words with the space in front of them, and marks; joined they are the text."""
    starts = word_starts(text)
    places = [
        i for i, start in enumerate(starts) if start and not (i and text[i - 1].isspace())
    ]  # fmt: skip
    places = places if places and places[0] == 0 else [0, *places]
    found = [text[a:b] for a, b in zip(places, [*places[1:], len(text)], strict=True)]
    if len(found) > 1 and not found[-1].strip():
        found[-2:] = ["".join(found[-2:])]
    return found


def _labelled(row: Any) -> bool:
    rows = row if isinstance(row, list) else [row]
    return bool(rows) and all(isinstance(one, Mapping) and "score" in one for one in rows)


def _table(given: Sequence[Any]) -> tuple[NDArray[np.float64], list[str]]:
    rows = [row if isinstance(row, list) else [row] for row in given]
    names = sorted({str(one["label"]) for row in rows for one in row})
    if any(len(row) != len(names) for row in rows):
        raise InputError(
            "The pipeline returned its strongest class only.", "Make it with top_k=None."
        )
    scores = [{str(one["label"]): float(one["score"]) for one in row} for row in rows]
    return np.array([[row[name] for name in names] for row in scores]), names


def _columns(
    row: NDArray[np.float64], names: Sequence[str] | None, target: Any, foil: Any
) -> tuple[int, ...]:
    """Return the columns of target and foil."""
    if names is not None and len(names) != len(row):
        raise InputError(
            f"There are {len(names)} names but {len(row)} classes.", "Give one name for each class."
        )
    chosen = int(row.argmax()) if target is None else _column(target, len(row), names, "target")
    if foil is None:
        return (chosen,)
    against = _column(foil, len(row), names, "foil")
    if against == chosen:
        raise InputError(f"Target and foil are the same class, {chosen}.", "Give another foil.")
    return chosen, against


def _column(given: Any, count: int, names: Sequence[str] | None, role: str) -> int:
    if isinstance(given, str):
        if given not in (names or ()):
            raise UnknownNameError(
                f"There is no class {given!r} to take as {role}.", nearest(given, names or ())
            )
        return list(names or ()).index(given)
    if isinstance(given, bool) or not hasattr(given, "__index__") or not 0 <= given < count:
        raise UnknownNameError(
            f"There is no class {given!r} to take as {role}.", f"Give 0 to {count - 1}."
        )
    return int(given)


def _expected(given: Any) -> str:
    return f"The function returned a {type(given).__name__} that holds no numbers."


def _described(row: NDArray[np.float64], names: Sequence[str] | None) -> list[Prediction]:
    names = list(names or ([""] if len(row) == 1 else [f"class {i}" for i in range(len(row))]))
    return [
        Prediction(i, name, float("nan"), float(value))
        for i, (name, value) in enumerate(zip(names, row.tolist(), strict=True))
    ]
