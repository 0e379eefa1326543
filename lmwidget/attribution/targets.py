"""From what the user calls a target to an index among the model's candidates."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import Tensor

from lmwidget.errors import InputError, UnknownNameError, nearest
from lmwidget.models.predictions import candidate_label, strongest_spans
from lmwidget.models.tokenizing import tokenize_plain
from lmwidget.results import Prediction

if TYPE_CHECKING:
    from lmwidget.attribution.question import Question
    from lmwidget.models.language_model import LanguageModel
    from lmwidget.tokens import Tokens


@dataclass(frozen=True)
class Wanted:
    """A candidate that was asked for.

    Attributes
    ----------
    ids : tuple of int
        One index at each position: several for a phrase, or for start and end of an answer.
    label : str
        In words.
    positions : tuple of int
        Mask tokens that a phrase fills; empty where the question knows the place.
    span : tuple of (int, int) or None
        First and last token of an answer inside the text.
    """

    ids: tuple[int, ...]
    label: str
    positions: tuple[int, ...] = ()
    span: tuple[int, int] | None = None


def resolve_wanted(
    lm: LanguageModel, question: Question, target: Any, foil: Any, logits: Tensor
) -> list[Wanted]:
    """Return the target, and the foil if there is one.

    Parameters
    ----------
    lm : LanguageModel
        The model.
    question : Question
        Where it is read.
    target : str, int, tuple of int, Prediction or None
        A token as text, exactly (``" Paris"`` and ``"Paris"`` are different tokens), a phrase of
        several tokens, a class name, an index, ids of a phrase; of a question-answering model a
        part of the text, or its first and last token; None for the model's strongest candidate.
    foil : str, int, tuple of int, Prediction or None
        The alternative, likewise; None for none.
    logits : Tensor, shape (position, candidate)
        The model's answer at the question's first positions.

    Returns
    -------
    list of Wanted
        One or two.

    Raises
    ------
    InputError
        When a text cannot be a target, or target and foil are the same.
    UnknownNameError
        When there is no such class or index.

    Examples
    --------
    >>> import lmwidget as lmw, torch
    >>> from lmwidget.attribution.question import Question
    >>> lm = lmw.load("tiny")
    >>> question = Question(lm, lm.tokenize("the king"))
    >>> [wanted.ids for wanted in resolve_wanted(lm, question, None, 3, torch.eye(1, 4))]
    [(0,), (3,)]
    """
    chosen = _wanted(lm, question, target, logits, "target")
    if foil is None:
        return [chosen]
    against = _wanted(lm, question, foil, logits, "foil")
    if against.ids == chosen.ids:
        own = "" if target is not None else ", the model's strongest prediction"
        shown = chosen.ids[0] if len(chosen.ids) == 1 else repr(chosen.label)
        raise InputError(
            f"Target and foil are the same: {foil!r} is candidate {shown}{own}.",
            "Give another foil, or name the target.",
        )
    return [chosen, against]


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


def _wanted(lm: LanguageModel, question: Question, given: Any, logits: Tensor, role: str) -> Wanted:
    if question.place.kind == "span":
        return _answer(lm, question, given, logits, role)
    if given is None:
        chosen = int(logits[0].argmax())
        return Wanted((chosen,), candidate_label(lm, chosen))
    if isinstance(given, Prediction):
        given = given.ids or given.id
    if isinstance(given, str) and not lm.labels:
        ids = _phrase(lm, question, given, role)
    elif isinstance(given, tuple | list) and len(given) and not lm.labels:
        ids = tuple(_index(lm, one, logits.shape[-1], role) for one in given)
    elif isinstance(given, str):
        ids = (_class_index(lm, given, role),)
    else:
        ids = (_index(lm, given, logits.shape[-1], role),)
    if len(ids) == 1:
        return Wanted(ids, candidate_label(lm, ids[0]))
    label = given if isinstance(given, str) else "".join(lm.token_text(one) for one in ids)
    return Wanted(ids, label, _places(question, label, len(ids)))


def _phrase(lm: LanguageModel, question: Question, text: str, role: str) -> tuple[int, ...]:
    """Return one token, or the tokens of a phrase where the place has room for it."""
    try:
        return (token_id(lm, text, role),)
    except InputError as error:
        ids = _encoded(lm, text) if text else []
        roomy = question.place.kind == "next token" or len(question.masks) > 1
        # A text that is one token with (or without) a space before it was probably mistyped.
        if len(ids) < 2 or not roomy or lm.tokenizer.unk_token_id in ids or "Did you" in str(error):
            raise
        _check_space(lm, question, text, ids, role)
        return tuple(ids)


def _check_space(
    lm: LanguageModel, question: Question, text: str, ids: list[int], role: str
) -> None:
    """Raise when a phrase would be glued to the word in front of it, and is more common with a space."""
    read = question.tokens.text if question.output_tokens is None else ""
    if not read or read[-1].isspace() or text[0].isspace() or not read[-1].isalnum():
        return
    if len(_encoded(lm, f" {text}")) < len(ids):
        raise InputError(
            f"The {role} {text!r} would stand right behind {read[-12:]!r}, without a space.",
            f"Did you mean {' ' + text!r}, with a space before it? If not, give its ids: {tuple(ids)}.",
        )


def _places(question: Question, label: str, count: int) -> tuple[int, ...]:
    if question.place.kind == "next token":
        length = question.context
        if question.first_positions != (-1,):
            raise InputError("A phrase is explained behind the text.", "Leave position= out.")
        limit = question.lm.context_length
        if limit is not None and length + count - 1 > limit:
            raise InputError(
                f"The phrase {label!r} does not fit behind {length} tokens.", "Shorten the text."
            )
        return ()
    if len(question.masks) != count:
        raise InputError(
            f"The phrase {label!r} is {count} tokens, but the text has {len(question.masks)} masks.",
            "Write one mask for each token of it.",
        )
    return question.masks


def _answer(lm: LanguageModel, question: Question, given: Any, logits: Tensor, role: str) -> Wanted:
    """Return first and last token of an answer inside the text."""
    tokens = question.tokens
    if isinstance(given, Prediction):
        given = given.span or given.id
    if given is None:
        found: list[Prediction] = []
        if len(logits) == 2:
            found = strongest_spans(lm, tokens, logits, 1)
        span = found[0].span if found else None
        first, last = span or (int(logits[0].argmax()), int(logits[-1].argmax()))
    elif isinstance(given, str):
        places = _context_places(tokens, given)
        if not places:
            raise InputError(
                f"The text does not hold the {role} {given!r}.", "Copy a part of it exactly."
            )
        first, last = places[0], places[-1]
    elif isinstance(given, tuple | list) and len(given) == 2:
        first, last = (_index(lm, one, len(tokens), role) for one in given)
    else:
        first = last = _index(lm, given, len(tokens), role)
    start, end = int(tokens.spans[first, 0]), int(tokens.spans[last, 1])
    label = tokens.text[start:end].strip() if first <= last else ""
    ids = tuple((first, last)[end] for end in question.ends)
    return Wanted(ids, label or tokens.labels[first], span=(first, last))


def _context_places(tokens: Tokens, text: str) -> list[int]:
    """Return the tokens of the first place of a text, in the second part of a pair if it is there."""
    begins = [int(s) for s, g in zip(tokens.spans[:, 0], tokens.segments, strict=True) if g > 0]
    place = tokens.text.find(text, min(begins, default=0)) if text else -1
    place = tokens.text.find(text) if text and place < 0 else place
    if place < 0:
        return []
    end = place + len(text)
    spans = tokens.spans.tolist()
    return [i for i, (s, e) in enumerate(spans) if s < end and e > place and s < e]


def _index(lm: LanguageModel, given: Any, count: int, role: str) -> int:
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
