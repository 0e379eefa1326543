"""From LIME's ``Explanation`` of a text: weights of words, placed on the text."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.errors import InputError
from lmwidget.exchange.given_tokens import given_tokens, tokens_of_text
from lmwidget.exchange.results import chosen, one_map, refuse_others, wrong_object
from lmwidget.results import Attribution
from lmwidget.tokens import Tokens


def from_lime(
    explanation: Any,
    tokens: Tokens | Sequence[str] | None = None,
    *,
    label: str | int | None = None,
    method: str = "lime",
    tokenizer: Any = None,
    **unknown: Any,
) -> Attribution:
    """Return what ``LimeTextExplainer`` found for one text.

    LIME weighs words. A word that occurs several times has one weight unless ``bow=False``; here
    its places share it equally, so that the scores still add up to LIME's.

    Parameters
    ----------
    explanation : lime.explanation.Explanation
        From ``explain_instance`` of a ``LimeTextExplainer``.
    tokens : Tokens or sequence of str, optional
        Other pieces of the same text; a word's weight is shared by the letters that each holds.
        Default: LIME's own words.
    label : str or int, optional
        Class that is explained, by name or number; needed when several are.
    method : str
        Name of the method, for the figure.
    tokenizer : transformers tokenizer or LanguageModel, optional
        Cuts LIME's text into its tokens, in place of ``tokens``.

    Returns
    -------
    Attribution
        In ``"probability"``; of a regression in ``"score"``.

    Raises
    ------
    InputError
        For other objects, for another text, or when a class must be named.
    UnknownNameError
        For an argument that there is not.

    References
    ----------
    Ribeiro, Singh and Guestrin (2016), "Why should I trust you?": explaining the predictions of
    any classifier.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> words = SimpleNamespace(raw_string=lambda: "so bad", word=lambda i: ["so", "bad"][i],
    ...     string_position=lambda i: np.array([[0], [3]][i]))
    >>> explanation = SimpleNamespace(local_exp={1: [(1, -0.5)]}, class_names=["no", "yes"],
    ...     mode="classification", domain_mapper=SimpleNamespace(indexed_string=words))
    >>> from_lime(explanation).tokens.pieces, from_lime(explanation).scores.tolist()
    (('so', ' bad'), [0.0, -0.5])
    """
    refuse_others(from_lime, unknown)
    indexed = getattr(getattr(explanation, "domain_mapper", None), "indexed_string", None)
    if indexed is None or not hasattr(explanation, "local_exp"):
        raise wrong_object(explanation, "an Explanation of LIME's LimeTextExplainer")
    weights, name, number = _weights(explanation, label)
    text = indexed.raw_string()
    words = [
        (int(start), int(start) + len(indexed.word(word)), float(weight) / len(places))
        for word, weight in weights
        for places in [np.ravel(indexed.string_position(word))]
        for start in places
    ]
    if tokenizer is not None:
        found = given_tokens(text, tokenizer)
    elif tokens is None:
        found = Tokens.from_pieces(_pieces(text, indexed))
    else:
        found = tokens if isinstance(tokens, Tokens) else tokens_of_text(tokens, text)
    if found.text != text:
        raise InputError(
            "These tokens are not of the text that LIME explained.",
            f"Tokenize {text[:40]!r}{'…' if len(text) > 40 else ''}.",
        )
    known = getattr(explanation, "predict_proba", None)
    probability = math.nan if known is None else float(known[number])
    return one_map(
        found,
        _placed(found, text, words),
        method=method,
        target=name,
        unit="probability" if explanation.mode == "classification" else "score",
        signed=True,
        value=probability if known is not None else _value(explanation),
        probability=probability,
    )


def _weights(explanation: Any, label: str | int | None) -> tuple[list[tuple[int, float]], str, int]:
    """Return the words' weights, the name of the class and its number."""
    found: dict[int, Any] = explanation.local_exp
    if explanation.mode != "classification":
        return found[explanation.dummy_label], "", explanation.dummy_label
    labels = list(found)
    class_names = explanation.class_names
    names = [str(class_names[i]) if class_names is not None else f"class {i}" for i in labels]
    if isinstance(label, int | np.integer):
        if label not in found:
            raise InputError(
                f"LIME did not explain class {label}.",
                f"Choose one of {', '.join(map(str, labels))}, or ask LIME for it: labels=({label},).",
            )
        place = labels.index(int(label))
    else:
        place = chosen(label, names, "explained classes", "label")
    return found[labels[place]], names[place], labels[place]


def _pieces(text: str, indexed: Any) -> list[str]:
    """Return the text cut at LIME's words, the space before a word in its piece."""
    starts: dict[int, int] = {}
    for word in range(indexed.num_words() if hasattr(indexed, "num_words") else 0):
        for start in np.ravel(indexed.string_position(word)):
            starts[int(start)] = int(start) + len(indexed.word(word))
    if not starts:
        return [piece for piece in _split(text) if piece]
    pieces, place = [], 0
    for start, end in sorted(starts.items()):
        between = text[place:start]
        mark = between.rstrip()
        if mark:
            pieces.append(mark)
        pieces.append(between[len(mark) :] + text[start:end])
        place = end
    return [*pieces, text[place:]] if text[place:] else pieces


def _split(text: str) -> list[str]:
    return re.findall(r"\s*\S+|\s+$", text)


def _placed(tokens: Tokens, text: str, words: list[tuple[int, int, float]]) -> NDArray[np.float64]:
    """Return the score of each token: its part of the letters of the words that it holds."""
    scores = np.zeros(len(tokens))
    shared = np.zeros(len(text))
    for start, end, weight in words:
        shared[start:end] += weight / (end - start)
    holders = np.zeros(len(text))
    for start, end in tokens.spans.tolist():
        holders[start:end] += 1  # a character cut into bytes is held by several tokens
    for i, (start, end) in enumerate(tokens.spans.tolist()):
        scores[i] = (shared[start:end] / np.maximum(holders[start:end], 1)).sum()
    return scores


def _value(explanation: Any) -> float:
    value = getattr(explanation, "predicted_value", None)
    return math.nan if value is None else float(np.ravel(value)[0])
