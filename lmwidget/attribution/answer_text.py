"""What an answer is explained on: the text that was read, and what was written behind it."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lmwidget.answer_levels import tokens_between
from lmwidget.attribution.question import Question
from lmwidget.capture.indexing import whole
from lmwidget.errors import InputError, ModelMismatchError
from lmwidget.models import decoding, editing, limits, tokenizing
from lmwidget.models.tasks import has_head
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel


@dataclass(frozen=True)
class Written:
    """Input and answer of a model, column by column, and which tokens are explained.

    Attributes
    ----------
    lm : LanguageModel
        The model.
    tokens : Tokens
        The input, the start tokens of a decoder, the answer.
    input_length, start : int
        Where the input ends, and where the answer starts.
    rows : tuple of int
        Tokens of the answer that are explained, ascending.
    foils : tuple
        One for each row, or None.
    of : str, callable or None
        What is explained as a number of the logits.
    """

    lm: LanguageModel
    tokens: Tokens
    input_length: int
    start: int
    rows: tuple[int, ...]
    foils: tuple[Any, ...]
    of: Any

    def __len__(self) -> int:
        return len(self.rows)

    def seen(self, number: int) -> int:
        """Return how many columns had been written before a row."""
        return self.start + self.rows[number]

    def question(self, number: int) -> Question:
        """Return what is asked in a row.

        Parameters
        ----------
        number : int
            Row.

        Returns
        -------
        Question
            Not resolved yet.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> written = read_answer(lmw.load("tiny"), "The king", " said And")
        >>> written.question(1).tokens.pieces
        ('The', ' king', ' said')
        """
        seen = self.seen(number)
        decodes = self.lm.task == "seq2seq"
        of_all = self.of == "entropy" or callable(self.of)
        return Question(
            self.lm,
            tokens_between(self.tokens, 0, self.input_length if decodes else seen),
            tokens_between(self.tokens, self.input_length, seen) if decodes else None,
            target=None if of_all else int(self.tokens.ids[seen]),
            foil=self.foils[number],
            of=self.of,
        )


def read_answer(
    lm: LanguageModel,
    text: Any,
    answer: str | Tokens | Sequence[int] | None = None,
    *,
    max_new_tokens: int = 32,
    truncate: bool = False,
    rows: int | str | Sequence[int] | None = None,
    foils: Any = None,
    of: Any = None,
) -> Written:
    """Return input and answer as tokens; without an answer, the model writes one.

    Parameters
    ----------
    lm, text, answer, max_new_tokens, truncate, rows, foils, of
        As for :func:`lmwidget.attribution.answers.attribute_answer`.

    Returns
    -------
    Written
        At least one row.

    Raises
    ------
    InputError
        When the answer is empty or too long, or there is no such row.
    ModelMismatchError
        When the model cannot write.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> read_answer(lmw.load("tiny"), "The king of the king of the", max_new_tokens=1).tokens.pieces
    ('The', ' king', ' of', ' the', ' king', ' of', ' the', ' king')
    """
    if lm.task not in {"causal", "seq2seq"} or not has_head(lm.model):
        raise ModelMismatchError(
            f"{lm.name} cannot write text.", "Use lm.attribute, or a model that writes."
        )
    if not hasattr(max_new_tokens, "__index__"):
        raise InputError(
            f"max_new_tokens is {max_new_tokens!r}.", "Give a whole number, such as 32."
        )
    if max_new_tokens < 1:
        raise InputError("There is nothing to write.", "Ask for max_new_tokens=1 or more.")
    prompt = lm.tokenize(text, truncate=truncate)
    read = _decoded if lm.task == "seq2seq" else _continued
    tokens, input_length, start = read(lm, prompt, answer, int(max_new_tokens), truncate)
    if len(tokens) == start:
        said = "The answer is empty." if answer is not None else f"{lm.name} ends at once."
        raise InputError(said, "Give an answer to explain.")
    chosen = _rows(tokens, start, rows)
    return Written(lm, tokens, input_length, start, chosen, _foils(foils, len(chosen)), of)


def _continued(
    lm: LanguageModel,
    prompt: Tokens,
    answer: Any,
    most: int,
    truncate: bool,  # noqa: FBT001
) -> tuple[Tokens, int, int]:
    """Return prompt and answer of a causal model."""
    given = None if answer is None else _answer_tokens(lm, answer)
    room = most if given is None else len(given)
    limit = lm.context_length
    if limit is not None and len(prompt) + room > limit + 1:
        if not truncate or room > limit:
            raise InputError(
                f"A prompt of {len(prompt)} tokens and {room} of the answer do not fit into the "
                f"{limit} tokens that {lm.name} reads.",
                "Shorten them, or pass truncate=True.",
            )
        prompt = editing.truncate(prompt, limit + 1 - room, keep_end=True)
    written = decoding.greedy_continuation(lm, prompt, room) if given is None else given
    written = replace(
        written,
        roles=(("assistant" if any(prompt.roles) else None),) * len(written),
        segments=written.segments * 0 + int(prompt.segments[-1]),
    )
    return (editing.join(prompt, written) if len(written) else prompt), len(prompt), len(prompt)


def _decoded(
    lm: LanguageModel,
    prompt: Tokens,
    answer: Any,
    most: int,
    truncate: bool,  # noqa: FBT001
) -> tuple[Tokens, int, int]:
    """Return input and output of an encoder-decoder."""
    del truncate  # both sides have a context of their own
    if answer is None:
        output = lm.write_output(prompt, limit=most)
    elif isinstance(answer, str | Tokens):
        output = lm.tokenize_output(answer)
    else:
        ids = [decoding.start_id(lm), *_ids(lm, answer)]
        output = lm.tokenize_output(tokenizing.tokens_from_ids(lm.tokenizer, ids))
    output = replace(output, segments=output.segments * 0 + int(prompt.segments.max()) + 1)
    return editing.join(prompt, output), len(prompt), len(prompt) + 1


def _answer_tokens(lm: LanguageModel, answer: Any) -> Tokens:
    if isinstance(answer, Tokens):
        tokens = answer
    elif isinstance(answer, str):
        tokens = tokenizing.tokenize_plain(lm.tokenizer, answer)
    else:
        tokens = tokenizing.tokens_from_ids(lm.tokenizer, _ids(lm, answer))
    limits.check_ids(lm.name, tokens, lm.rows)
    return tokens


def _ids(lm: LanguageModel, answer: Any) -> list[int]:
    """Return an answer that is given as ids."""
    try:
        found = [operator.index(token) for token in answer]
    except TypeError as error:
        raise InputError(f"The answer is {answer!r}.", "Give text, Tokens, or ids.") from error
    outside = [token for token in found if not 0 <= token < (lm.rows or token + 1)]
    if outside:
        raise InputError(
            f"There is no token {outside[0]}: {lm.name} has {lm.rows}.", "Give ids of its tokens."
        )
    return found


def _rows(tokens: Tokens, start: int, rows: Any) -> tuple[int, ...]:
    count = len(tokens) - start
    if rows is None:
        return tuple(range(count))
    if isinstance(rows, str):
        found = tuple(place - start for place in tokens.find(rows) if place >= start)
        if not found:
            raise InputError(f"The answer does not hold {rows!r}.", "Copy a part of it exactly.")
        return found
    asked = list(rows) if hasattr(rows, "__iter__") else [rows]
    chosen = {whole(row, "row") for row in asked}
    outside = [row for row in chosen if not -count <= row < count]
    if outside or not chosen:
        which = f"token {outside[0]}" if outside else "row"
        raise InputError(
            f"There is no {which} in an answer of {count} tokens.",
            f"Choose from 0 to {count - 1}.",
        )
    return tuple(sorted({row % count for row in chosen}))


def _foils(foils: Any, count: int) -> tuple[Any, ...]:
    if not isinstance(foils, list | tuple):
        return (foils,) * count
    if len(foils) != count:
        raise InputError(
            f"{len(foils)} foils for {count} tokens.", "Give one for each, or one for all."
        )
    return tuple(foils)
