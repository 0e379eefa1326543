"""From what the user calls a target to an index among the model's candidates."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from torch import Tensor

from lmwidget.errors import InputError, UnknownNameError, nearest
from lmwidget.models.tokenizing import tokenize_plain
from lmwidget.results import Prediction

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel


def resolve(lm: LanguageModel, target: Any, foil: Any, logits: Tensor) -> tuple[int, int | None]:
    """Return the indices of target and foil among the candidates.

    Parameters
    ----------
    lm : LanguageModel
        The model.
    target : str, int, Prediction or None
        A token as text, exactly (``" Paris"`` and ``"Paris"`` are different tokens), a class name,
        or an index; None for the model's strongest candidate.
    foil : str, int, Prediction or None
        The alternative, likewise; None for none.
    logits : Tensor, shape (candidate,)
        The model's answer.

    Returns
    -------
    tuple of (int, int or None)
        Indices of target and foil.

    Raises
    ------
    InputError
        When a text is not exactly one token, or target and foil are the same.
    UnknownNameError
        When there is no such class or index.

    Examples
    --------
    >>> import lmwidget as lmw, torch
    >>> resolve(lmw.load("tiny"), None, 3, torch.tensor([0.0, 2.0, 1.0, 0.0]))
    (1, 3)
    """
    count = len(logits)
    chosen = int(logits.argmax()) if target is None else _candidate(lm, target, count, "target")
    if foil is None:
        return chosen, None
    against = _candidate(lm, foil, count, "foil")
    if against == chosen:
        own = "" if target is not None else ", the model's strongest prediction"
        raise InputError(
            f"Target and foil are the same: {foil!r} is candidate {chosen}{own}.",
            "Give another foil, or name the target.",
        )
    return chosen, against


def token_id(lm: LanguageModel, text: str, role: str = "target") -> int:
    """Return the id of the one token that is exactly ``text``.

    Parameters
    ----------
    lm : LanguageModel
        The model.
    text : str
        Surface text with its leading space if it has one; the vocabulary's own spelling
        (``"ĠParis"``, ``"##ing"``, ``"[MASK]"``) is understood, too.
    role : str, default "target"
        What it is for, in messages.

    Returns
    -------
    int
        Token id.

    Raises
    ------
    InputError
        When it is no token, or several; names the pieces and what could be meant.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> lm.token_text(token_id(lm, " king"))
    ' king'
    """
    if not text:
        raise InputError(f"The {role} is empty.", "Give one token, such as ' the'.")
    ids = _encoded(lm, text)
    exact = [token for token in (ids if len(ids) == 1 else []) if lm.token_text(token) == text]
    spelled = [token for raw in _spellings(text) if (token := _entry(lm, raw)) is not None]
    exact += [token for token in spelled if lm.token_text(token) == text]
    # Last, what the tokenizer makes of it: lower case, or a space that it puts first by itself.
    for token in [*exact, *spelled, *(ids if len(ids) == 1 else [])]:
        if token != lm.tokenizer.unk_token_id or text == lm.tokenizer.unk_token:
            return token
    raise _not_one_token(lm, text, ids, role)


def _candidate(lm: LanguageModel, given: Any, count: int, role: str) -> int:
    if isinstance(given, Prediction):
        given = given.id
    if isinstance(given, str):
        return _class_index(lm, given, role) if lm.labels else token_id(lm, given, role)
    try:
        index = operator.index(given)
    except TypeError as error:
        raise InputError(
            f"The {role} is a {type(given).__name__}.", "Give text, or an index."
        ) from error
    if isinstance(given, bool) or not 0 <= index < count:
        kind = "class" if lm.labels else "token"
        raise UnknownNameError(
            f"There is no {kind} {given}: {lm.name} has {count}.",
            f"Choose an index from 0 to {count - 1}.",
        )
    return index


def _class_index(lm: LanguageModel, name: str, role: str) -> int:
    for same in (str, str.casefold):
        found = [index for index, label in lm.labels.items() if same(label) == same(name)]
        if len(found) == 1:
            return found[0]
    raise UnknownNameError(
        f"{lm.name} has no class {name!r} to take as {role}.", nearest(name, lm.labels.values())
    )


def _encoded(lm: LanguageModel, text: str) -> list[int]:
    tokens = tokenize_plain(lm.tokenizer, text, target=lm.task == "seq2seq")
    return [int(token) for token in tokens.ids]


def _spellings(text: str) -> list[str]:
    """How a vocabulary may write a text: SentencePiece marks spaces, others do not."""
    return list(dict.fromkeys([text.replace(" ", "▁"), text]))


def _entry(lm: LanguageModel, raw: str) -> int | None:
    token = lm.tokenizer.convert_tokens_to_ids(raw)
    if not isinstance(token, int) or lm.tokenizer.convert_ids_to_tokens(token) != raw:
        return None
    return token


def _not_one_token(lm: LanguageModel, text: str, ids: list[int], role: str) -> InputError:
    if not ids or lm.tokenizer.unk_token_id in ids:
        return InputError(
            f"The {role} {text!r} is not in the vocabulary of {lm.name}.",
            "Give another token, or the id of one.",
        )
    pieces = [lm.token_text(token) for token in ids]
    shown = ", ".join(repr(piece) for piece in pieces)
    other = text[1:] if text.startswith(" ") else f" {text}"
    alone = _encoded(lm, other) if other.strip() else []
    if len(alone) == 1 and lm.token_text(alone[0]) == other:
        difference = "without" if text.startswith(" ") else "with"
        remedy = f"Did you mean {other!r}, {difference} a space before it? That is one token."
    else:
        remedy = f"Give its first token, {pieces[0]!r} (id {ids[0]}), or another single token."
    return InputError(f"The {role} {text!r} is {len(ids)} tokens here: {shown}.", remedy)
