"""What a function of text returns, whoever made it, as numbers with names."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.errors import InputError

Function = Callable[[list[str]], Any]

_PROBABLE = {"predict_proba": "probability", "predict_log_proba": "log-probability"}


@dataclass(frozen=True)
class Answers:
    """What a function makes of some texts.

    Attributes
    ----------
    table : ndarray of float64, shape (text, class)
        One column for functions that return one number.
    names : tuple of str
        Of the classes, where the function tells; otherwise empty.
    """

    table: NDArray[np.float64]
    names: tuple[str, ...] = ()


class TextFunction:
    """Any function of text, asked for all of its classes.

    Parameters
    ----------
    function : callable, or an estimator with ``predict_proba``
        ``function(texts)`` is given a list of texts and returns one number a text, an array (text,
        class), or what pipelines of transformers return: ``{"label", "score"}`` of each class, or
        ``{"labels", "scores"}``.

    Attributes
    ----------
    unit : str
        Of what it returns, as far as it can be told: ``"probability"``, ``"log-probability"`` or
        ``"score"``; of classifiers of transformers known after the first call.

    Raises
    ------
    InputError
        When it cannot be called.

    Examples
    --------
    >>> TextFunction(lambda texts: [len(text) for text in texts])(["ab", "c"]).table.tolist()
    [[2.0], [1.0]]
    """

    def __init__(self, function: Any) -> None:
        if not callable(function) and hasattr(function, "predict_proba"):
            function = function.predict_proba
        if not callable(function):
            raise InputError(
                f"A {type(function).__name__} is no function of text.",
                "Give function(texts); of a language model use lm.attribute(text).",
            )
        owner = getattr(function, "__self__", None)
        if getattr(function, "__name__", "") == "predict" and hasattr(owner, "classes_"):
            better = next(
                (n for n in ("predict_proba", "decision_function") if hasattr(owner, n)), ""
            )
            raise InputError(
                "predict tells the class, not how sure it is, so there is nothing to explain.",
                f"Give {better} of the same object." if better else "Give a function that scores.",
            )
        self._function = function
        self._names: tuple[str, ...] = ()
        self.unit = _PROBABLE.get(getattr(function, "__name__", ""), "score")

    @property
    def name(self) -> str:
        """What to call it on figures.

        Returns
        -------
        str
            Name of the function, or of the class that it belongs to.

        Examples
        --------
        >>> TextFunction(len).name
        'len'
        """
        owner = getattr(self._function, "__self__", None)
        if owner is not None and not isinstance(owner, type(math)):
            return type(owner).__name__
        found = getattr(self._function, "__name__", type(self._function).__name__)
        return "function" if found == "<lambda>" else str(found)

    def __call__(self, texts: Sequence[str]) -> Answers:
        """Return the numbers of some texts.

        Parameters
        ----------
        texts : sequence of str
            At least one.

        Returns
        -------
        Answers
            One row a text.

        Raises
        ------
        InputError
            When the function returns something else than one finite number, or one row of them,
            for each text. What the function raises itself goes through as it is.
        """
        given = self._function(list(texts), **self._everything())
        rows = _labelled(given)
        if rows is not None:
            return self._named(rows, len(texts))
        table = _numbers(given)
        if table.ndim not in {1, 2} or len(table) != len(texts) or table.size == 0:
            raise InputError(
                f"The function returned shape {table.shape} for a list of {len(texts)} texts.",
                "It is given a list: return one number, or one row of classes, for each text.",
            )
        table = table.reshape(len(texts), -1)
        _check_finite(table, texts)
        return Answers(table, _class_names(self._function, table.shape[1]))

    def _everything(self) -> dict[str, Any]:
        """Return what makes a text classifier of transformers return more than its strongest class."""
        return {"top_k": None} if self._classifies else {}

    @property
    def _classifies(self) -> bool:
        return "TextClassificationPipeline" in {c.__name__ for c in type(self._function).__mro__}

    def _own_order(self, found: Mapping[str, None]) -> tuple[str, ...]:
        """Return names in the order of the model that a pipeline wraps, where there is one."""
        config = getattr(getattr(self._function, "model", None), "config", None)
        known = [str(name) for _, name in sorted((getattr(config, "id2label", None) or {}).items())]
        return tuple(known) if set(known) == set(found) else tuple(sorted(found))

    def _named(self, rows: list[dict[str, float]], count: int) -> Answers:
        names = self._names or self._own_order({name: None for row in rows for name in row})
        if len(rows) != count or any(set(row) != set(names) for row in rows):
            raise InputError(
                "The function does not return every class for every text.",
                "Let it return all, such as a pipeline made with top_k=None.",
            )
        table = np.array([[row[name] for name in names] for row in rows])
        if not self._names and self._classifies and len(names) > 1:
            # It can be told to return logits, too.
            self.unit = "probability" if table.min() >= 0 and table.max() <= 1 else "score"
        self._names = names
        return Answers(table, names)


def _labelled(given: Any) -> list[dict[str, float]] | None:
    """Return scores by label, if that is what was given."""
    given = [given] if isinstance(given, Mapping) else given
    if not isinstance(given, list | tuple) or not given:
        return None
    rows = [row if isinstance(row, list) else [row] for row in given]
    found = []
    for row in rows:
        if not row or not all(isinstance(one, Mapping) for one in row):
            return None
        if all({"label", "score"} <= set(one) for one in row):
            found.append({str(one["label"]): float(one["score"]) for one in row})
        elif len(row) == 1 and {"labels", "scores"} <= set(row[0]):
            pairs = zip(row[0]["labels"], row[0]["scores"], strict=True)
            found.append({str(label): float(score) for label, score in pairs})
        else:
            return None
    return found


def _numbers(given: Any) -> NDArray[np.float64]:
    if isinstance(given, list | tuple) and any(hasattr(one, "detach") for one in given):
        given = [_plain(one) for one in given]
    try:
        return np.asarray(_plain(given), np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"The function returned a {type(given).__name__} that holds no numbers.",
            "Return one number, or one row of classes, a text.",
        ) from error


def _plain(given: Any) -> Any:
    """Return a tensor as an array."""
    return given.detach().cpu().double().numpy() if hasattr(given, "detach") else given


def _check_finite(table: NDArray[np.float64], texts: Sequence[str]) -> None:
    wrong = ~np.isfinite(table).all(1)
    if wrong.any():
        place = int(wrong.argmax())
        value = next(v for v in table[place].tolist() if not math.isfinite(v))
        text = texts[place] if len(texts[place]) < 60 else texts[place][:57] + "…"
        raise InputError(
            f"The function returned {value} for the text {text!r}.",
            "Return a finite number for every text, also where words are left out.",
        )


def _class_names(function: Any, count: int) -> tuple[str, ...]:
    """Return the names of the classes of an estimator of scikit-learn."""
    owner = getattr(function, "__self__", None)
    try:
        names = [str(name) for name in owner.classes_]  # type: ignore[union-attr]
    except (AttributeError, TypeError):
        return ()
    # A decision function of two classes is one number, high for the second.
    names = names[1:] if count == 1 and len(names) == 2 else names
    return tuple(names) if len(names) == count else ()
