"""Where a model's answer is read, as the user names the place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lmwidget.attribution.targets import resolve_wanted
from lmwidget.errors import InputError
from lmwidget.models.predictions import labelled_token
from lmwidget.models.tasks import Readout, logits_at, readout

if TYPE_CHECKING:
    from lmwidget.attribution.question import Question
    from lmwidget.models.language_model import LanguageModel
    from lmwidget.tokens import Tokens

_ENDS: dict[Any, tuple[int, ...]] = {None: (0, 1), "start": (0,), "end": (1,), 0: (0,), 1: (1,)}


def find_place(
    lm: LanguageModel, read: Tokens, position: int | str | None
) -> tuple[Readout, tuple[int, ...]]:
    """Return where an answer is read, and which ends of it, of an answer span.

    Parameters
    ----------
    lm : LanguageModel
        The model.
    read : Tokens
        The text; of an encoder-decoder what it has written.
    position : int, str or None
        A token's place, or its text; of an answer span ``"start"`` or ``"end"``; None: as
        :func:`lmwidget.models.tasks.readout` chooses, and both ends.

    Returns
    -------
    tuple of (Readout, tuple of int)
        The ends are 0 for the start and 1 for the end; empty where no span is read.

    Raises
    ------
    InputError
        When there is no such place.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> place, ends = find_place(lm, lm.tokenize("the king"), None)
    >>> place.kind, place.position, ends
    ('next token', 2, ())
    """
    if isinstance(position, bool) or not (
        position is None or isinstance(position, str) or hasattr(position, "__index__")
    ):
        raise InputError(f"position is {position!r}.", "Give a token's place, or its text.")
    if position is not None and lm.task == "sequence-classification":
        raise InputError(f"{lm.name} gives one answer for the whole text.", "Leave position= out.")
    if lm.task == "question-answering":
        if position not in _ENDS:
            raise InputError(
                f"There is no place {position!r} in an answer.", "Give 'start' or 'end'."
            )
        return readout(lm, read), _ENDS[position]
    if isinstance(position, str):
        found = read.find(position)
        if not found:
            raise InputError(f"The text does not hold {position!r}.", "Copy it exactly.")
        position = found[0]
    return readout(lm, read, position), ()


def surest_token(question: Question, output: Any, target: Any) -> Readout:
    """Return the token whose label is surest, of a model that labels tokens.

    Parameters
    ----------
    question : Question
        Its place is not yet known.
    output : transformers.utils.ModelOutput
        Of a pass over the text.
    target : object
        A label, as for :func:`lmwidget.attribution.targets.resolve_wanted`: then the token for
        which that label is surest.

    Returns
    -------
    Readout
        With a position.
    """
    lm, tokens = question.lm, question.tokens
    if target is None:
        found = labelled_token(lm, tokens, output)
    else:
        logits = logits_at(output, "token label", [0])[0]
        (wanted,) = resolve_wanted(lm, question, target, None, logits)
        found = labelled_token(lm, tokens, output, wanted.ids[0])
    return replace(found, note="")
