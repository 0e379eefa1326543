"""A text with some of its tokens taken away, as a model reads it, and where the rest has gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lmwidget.errors import UnavailableError
from lmwidget.models.tasks import logit_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmwidget.attribution.question import Question, Term
    from lmwidget.models.reader import Reader
    from lmwidget.tokens import Tokens

_EMPTY = ("bos", "cls", "eos", "sep", "pad", "unk")


@dataclass(frozen=True, eq=False)
class Row:
    """One text as it is read with tokens taken away.

    Attributes
    ----------
    ids, segments : tuple of int
        What the model reads.
    upto : ndarray of int, shape (token + 1,)
        How many tokens of the row come from in front of each token of the whole text, and from all
        of it: token ``i`` is at place ``upto[i]`` of the row, if it is there.
    """

    ids: tuple[int, ...]
    segments: tuple[int, ...]
    upto: NDArray[np.intp]

    def place(self, index: int) -> int:
        """Return where to read what is read at token ``index`` of the whole text.

        Parameters
        ----------
        index : int
            A token; beyond the text, something written behind it.

        Returns
        -------
        int
            Its place in the row; of a token that is not there, the place in front of it.
        """
        count = len(self.upto) - 1
        if index >= count:
            return int(self.upto[-1]) + index - count
        return max(0, int(self.upto[index + 1]) - 1)


class Removal:
    """Takes tokens out of a text.

    Parameters
    ----------
    lm : Reader
        The model.
    tokens : Tokens
        The whole text.
    filling : int or None
        Id that is put in place of a token; None leaves it out.
    first : int, optional
        A row needs something up to here: the token at which it is read; default: the last.

    Examples
    --------
    >>> import lmwidget as lmw, numpy as np
    >>> lm = lmw.load("tiny")
    >>> removal = Removal(lm, lm.tokenize("The king said"), None)
    >>> len(removal.row(np.array([True, False, True])).ids)
    2
    """

    def __init__(
        self, lm: Reader, tokens: Tokens, filling: int | None, first: int | None = None
    ) -> None:
        self.lm, self.filling = lm, filling
        self.first = len(tokens) - 1 if first is None else first
        self.ids, self.segments = tokens.ids, tokens.segments
        self._whole = np.arange(len(tokens) + 1)

    @property
    def nothing(self) -> int:
        """Id that is read where all tokens are left out: no model reads a text without any.

        Raises
        ------
        UnavailableError
            When the tokenizer has no special token.
        """
        tokenizer: Any = self.lm.tokenizer
        names = ("eos", *_EMPTY) if self.lm.task == "seq2seq" else _EMPTY
        for name in names:
            token = getattr(tokenizer, f"{name}_token_id", None)
            if isinstance(token, int) and 0 <= token < (self.lm.rows or token + 1):
                return token
        raise UnavailableError(
            f"{self.lm.name} has no special token to read where the whole text is left out.",
            "Name a token to put in place of others, such as removal=' the'.",
        )

    def row(self, kept: NDArray[np.bool_]) -> Row:
        """Return the text without some tokens.

        Parameters
        ----------
        kept : ndarray of bool, shape (token,)
            Tokens that stay.

        Returns
        -------
        Row
            At least one token, up to ``first`` and in all: the tokenizer's token for the beginning
            (or else the end) of a text where nothing is left.
        """
        if self.filling is not None:
            filled = np.where(kept, self.ids, self.filling)
            return Row(tuple(filled.tolist()), tuple(self.segments.tolist()), self._whole)
        ids, segments = tuple(self.ids[kept].tolist()), tuple(self.segments[kept].tolist())
        upto: NDArray[np.intp] = np.concatenate([[0], np.cumsum(kept)])
        if upto[self.first + 1] == 0:
            ids, segments = (self.nothing, *ids), (int(self.segments[0]), *segments)
            upto = upto + 1
        return Row(ids, segments, upto)


class Reading:
    """What is read behind one thing written: places of each row, and the value of its logits.

    Parameters
    ----------
    question : Question
        Resolved.
    written : tuple of int
        What stands behind the text.
    terms : sequence of Term
        What is taken from there.

    Examples
    --------
    >>> import lmwidget as lmw, numpy as np
    >>> from lmwidget.attribution.question import Question
    >>> lm = lmw.load("tiny")
    >>> question = Question(lm, lm.tokenize("The king"))
    >>> question.resolve(lm.run(question.inputs()))
    >>> row = Removal(lm, question.tokens, None).row(np.array([False, True]))
    >>> Reading(question, *question.reads[0]).places(row)
    [[0]]
    """

    def __init__(self, question: Question, written: tuple[int, ...], terms: Sequence[Term]) -> None:
        self.question, self.terms = question, terms
        self.kind, behind = question.place.kind, question.output_tokens is None
        self.written = written if behind else ()
        "Ids behind the row."
        self.output = None if behind else (*question.output_tokens.ids.tolist(), *written)  # type: ignore[union-attr]
        "Ids that the decoder of an encoder-decoder reads."

    def places(self, row: Row) -> list[list[int]]:
        """Return where the logits of each term are read.

        Parameters
        ----------
        row : Row
            Any.

        Returns
        -------
        list of list of int
            As many of each term for any row; from the start of the row with what is written behind
            it, or of what the decoder reads.
        """
        if self.kind in {"span", "class"}:
            return [list(term.positions) for term in self.terms]
        if self.output is not None:
            return [[p % len(self.output) for p in term.positions] for term in self.terms]
        whole = len(row.upto) - 1 + len(self.written)
        return [[row.place(p % whole) for p in term.positions] for term in self.terms]

    def logits(self, rows: Sequence[Row], output: Any, length: int) -> list[Tensor]:
        """Return the logits of each row at the places of each term.

        Parameters
        ----------
        rows : sequence of Row
            What was read together.
        output : transformers.utils.ModelOutput
            What came out; of next tokens perhaps only for the last few places.
        length : int
            Places of the longest row, when all of them had come out.

        Returns
        -------
        list of Tensor, shape (row, position, candidate)
            One a term.
        """
        table = logit_table(output, self.kind)
        if self.kind == "span":
            table = self._by_token(rows, table)
        lacking = length - table.shape[1] if self.kind != "span" else 0
        places = [self.places(row) for row in rows]
        found = []
        for term in range(len(self.terms)):
            where = torch.tensor([place[term] for place in places], device=table.device) - lacking
            # A single place, of classes or of models that answer at the end only, is read anyhow.
            where = where.clamp(min=0) if table.shape[1] > 1 else where * 0
            found.append(table[torch.arange(len(rows), device=table.device)[:, None], where])
        return found

    def _by_token(self, rows: Sequence[Row], table: Tensor) -> Tensor:
        """Answers as parts of the whole text: what is not there cannot be one."""
        count = len(self.question.tokens)
        found = table.new_full((len(rows), table.shape[1], count), -torch.inf)
        for i, row in enumerate(rows):
            there = np.flatnonzero(np.diff(row.upto))
            places = row.upto[:-1][there]
            found[i][:, torch.from_numpy(there)] = table[i][:, torch.from_numpy(places)]
        return found
