"""The game of any function of text: a pipeline, a remote endpoint, an n-gram model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.attribution.game import Coalitions, Game
from lmwidget.attribution.text_answers import Function, TextFunction
from lmwidget.errors import InputError, UnknownNameError, nearest
from lmwidget.results import Prediction
from lmwidget.tokens import Tokens
from lmwidget.units import Spans, merged, unit_of_tokens
from lmwidget.words import word_starts

_BATCH = 64


class TextGame(Game):
    """What a function makes of a text when some of it is missing.

    Parameters
    ----------
    function : callable, TextFunction, or an estimator with ``predict_proba``
        See :class:`lmwidget.attribution.text_answers.TextFunction`.
    text : str
        The text.
    target, foil : int or str, optional
        Class that is explained, and the one it is contrasted with; default: the class that is
        strongest for the whole text.
    level : str or sequence of spans, default "word"
        What is taken away as one.
    removal : str, default "delete"
        ``"delete"`` leaves units out, with the space in front of them, so that the function may be
        given the empty text; any other text stands in the place of each.
    names : sequence of str, optional
        Names of the classes, of functions that do not tell them.
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
        function: Function | TextFunction | Any,
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
        if isinstance(batch_size, bool) or not hasattr(batch_size, "__index__") or batch_size < 1:
            raise InputError(f"batch_size is {batch_size!r}.", "Give a whole number of at least 1.")
        self._function = function if isinstance(function, TextFunction) else TextFunction(function)
        self._batch_size, self._removal = int(batch_size), removal
        tokens = Tokens.from_pieces(_words(text))
        units = unit_of_tokens(tokens, level)
        super().__init__(tokens, units, np.ones(int(units.max()) + 1, bool))
        self._pieces = merged(tokens, units).pieces
        self.settings = {"removal": removal}
        self._ask(text, target, foil, names)

    def _ask(self, text: str, target: Any, foil: Any, names: Sequence[str] | None) -> None:
        """Ask about the whole text, from which the classes come."""
        answers = self._function([text])
        row = answers.table[0]
        named = answers.names or _checked(names, len(row))
        self._columns = _columns(row, named, target, foil)
        probable = self._function.unit == "probability"
        described = [
            Prediction(
                id=i,
                label=named[i] if named else _default_name(i, len(row)),
                probability=value if probable else float("nan"),
                logit=value,
            )
            for i, value in enumerate(row.tolist())
        ]
        self.target = described[self._columns[0]]
        self.foil = described[self._columns[1]] if len(self._columns) > 1 else None
        self.predictions = tuple(described[i] for i in np.argsort(-row) if len(row) > 1)
        self._texts = {text: self._picked(answers.table)[0]}
        self.values(np.ones((1, len(self)), bool))
        self.passes = 1

    def _evaluate(
        self,
        present: Coalitions,
        found: Callable[[NDArray[np.intp], NDArray[np.float64]], bool],
    ) -> None:
        texts = [self._text(row) for row in present]
        # Words that occur twice leave the same text behind: it is asked for once.
        new = list(dict.fromkeys(text for text in texts if text not in self._texts))
        batches = [new[i : i + self._batch_size] for i in range(0, len(new), self._batch_size)]
        waiting = np.arange(len(texts))
        for batch in batches or [[]]:
            if batch:
                picked = self._picked(self._function(batch).table)
                self._texts |= dict(zip(batch, picked.tolist(), strict=True))
            known = np.array([texts[i] in self._texts for i in waiting])
            done, waiting = waiting[known], waiting[~known]
            self.passes -= len(done) - len(batch)
            if not found(done, np.array([self._texts[texts[i]] for i in done])):
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
        if max(self._columns) >= table.shape[1]:
            raise InputError(
                f"The function returned {table.shape[1]} classes, but more for the whole text.",
                "Return the same classes for every text.",
            )
        found = table[:, self._columns[0]]
        return found if len(self._columns) == 1 else found - table[:, self._columns[1]]


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


def _checked(names: Sequence[str] | None, count: int) -> tuple[str, ...]:
    if names is not None and (isinstance(names, str) or not hasattr(names, "__iter__")):
        raise InputError(f"names is {names!r}.", "Give a list with one name for each class.")
    names = tuple(str(name) for name in names or ())
    if names and len(names) != count:
        raise InputError(
            f"There are {len(names)} names but {count} classes.", "Give one name for each class."
        )
    return names


def _columns(
    row: NDArray[np.float64], names: Sequence[str], target: Any, foil: Any
) -> tuple[int, ...]:
    """Return the columns of target and foil."""
    chosen = int(row.argmax()) if target is None else _column(target, len(row), names, "target")
    if foil is None:
        return (chosen,)
    against = _column(foil, len(row), names, "foil")
    if against == chosen:
        raise InputError(f"Target and foil are the same class, {foil!r}.", "Give another foil.")
    return chosen, against


def _column(given: Any, count: int, names: Sequence[str], role: str) -> int:
    if isinstance(given, str):
        if given not in names:
            remedy = nearest(given, names) if names else f"Give 0 to {count - 1}, or names=."
            raise UnknownNameError(f"There is no class {given!r} to take as {role}.", remedy)
        return list(names).index(given)
    if isinstance(given, bool) or not hasattr(given, "__index__") or not 0 <= given < count:
        raise UnknownNameError(
            f"There is no class {given!r} to take as {role}.", f"Give 0 to {count - 1}."
        )
    place = int(given)
    if str(place) in names and names[place] != str(place):
        raise InputError(
            f"{role} is {place}: class {names[place]!r} by its place, and there is a class {place}.",
            f"Give its name as text, {str(place)!r} or {names[place]!r}.",
        )
    return place


def _default_name(column: int, count: int) -> str:
    return f"class {column}" if count > 1 else ""
