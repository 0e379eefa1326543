"""What is explained: one number of a model's answer to a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from lmwidget.attribution.described import described, strongest_candidates
from lmwidget.attribution.number import Number
from lmwidget.attribution.place import find_place, surest_token
from lmwidget.attribution.targets import Wanted, resolve_wanted
from lmwidget.errors import InputError
from lmwidget.models.tasks import logits_at, takes
from lmwidget.results import Prediction

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel
    from lmwidget.tokens import Tokens


@dataclass(frozen=True)
class Term:
    """A part of the number: one candidate (or phrase), read at one or several places.

    Attributes
    ----------
    sign : float
        1 for the target, -1 for the foil.
    written : tuple of int
        Ids that stand behind the input (of an encoder-decoder: behind its output) while it is
        read: all but the last token of a phrase.
    positions : tuple of int
        As :func:`lmwidget.models.tasks.logits_at` takes them; of next tokens counted from the end.
    candidates : tuple of int or None
        One at each position; None when all of them count.
    """

    sign: float
    written: tuple[int, ...]
    positions: tuple[int, ...]
    candidates: tuple[int, ...] | None


class Question:
    """One number that a model computes from a text, as a function of its logits.

    It is complete once :meth:`resolve` has seen the model's answer to the text as it is, from which
    default targets and the predictions come.

    Parameters
    ----------
    lm : LanguageModel
        The model.
    tokens : Tokens
        What it reads.
    output_tokens : Tokens, optional
        What an encoder-decoder has written; default: its start token.
    target, foil : str, int, tuple of int, Prediction, optional
        See :func:`lmwidget.attribution.targets.resolve_wanted`.
    of : str or callable, optional
        One of ``OF``; default ``"logit"`` for one place, ``"log_probability"`` for a phrase. A
        function of one's own is given logits (text, candidate), or (text, position, candidate) for
        several positions, and returns (text,).
    position : int or str, optional
        Where the answer is read: a token of the text (its index, or its text for token labels); of
        answer spans ``"start"`` or ``"end"`` alone.

    Attributes
    ----------
    place : Readout
        Where the logits are read.
    number : Number
        What the logits are made into.
    terms : tuple of Term
        What the number is made of.
    target, foil : Prediction
        Described; the foil may be None.
    predictions : tuple of Prediction
        The strongest candidates.

    Raises
    ------
    InputError
        When target, foil, position or ``of`` do not go together.
    UnknownNameError
        When there is no such ``of``.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> tokens = lm.tokenize("the king")
    >>> question = Question(lm, tokens, target=" said")
    >>> question.resolve(lm.forward(tokens))
    >>> question.target.label
    ' said'
    """

    terms: tuple[Term, ...]
    target: Prediction
    foil: Prediction | None
    predictions: tuple[Prediction, ...]

    def __init__(
        self,
        lm: LanguageModel,
        tokens: Tokens,
        output_tokens: Tokens | None = None,
        target: Any = None,
        foil: Any = None,
        *,
        of: str | Callable[[Tensor], Tensor] | None = None,
        position: int | str | None = None,
    ) -> None:
        self.lm, self.tokens, self.output_tokens = lm, tokens, output_tokens
        if lm.task == "seq2seq" and output_tokens is None:
            self.output_tokens = lm.tokenize_output()
        read = tokens if self.output_tokens is None else self.output_tokens
        self.place, self.ends = find_place(lm, read, position)
        self.position = position
        self._asked = (target, foil, of)
        self.number = Number(lm, "logit" if of is None else of)

    @property
    def first_positions(self) -> tuple[int, ...]:
        """Where the model's answer to the text as it is must be read.

        Returns
        -------
        tuple of int
            As :func:`lmwidget.models.tasks.logits_at` takes them.
        """
        if self.place.kind == "span":
            return self.ends
        if self.place.kind == "next token":
            assert self.place.position is not None
            return (self.place.position - self.context,)
        return (self.place.position or 0,)

    @property
    def context(self) -> int:
        """Number of tokens in front of the one that is predicted."""
        return len(self.tokens if self.output_tokens is None else self.output_tokens)

    @property
    def asked_position(self) -> int | str | None:
        """What to give as ``position`` to ask the same again."""
        if self.place.kind == "token label":
            return self.place.position
        return self.position

    @property
    def masks(self) -> tuple[int, ...]:
        """Where the text's mask tokens are, of a masked model."""
        mask = self.lm.tokenizer.mask_token_id if self.place.kind == "masked token" else None
        return tuple(i for i, token in enumerate(self.tokens.ids.tolist()) if token == mask)

    @property
    def of(self) -> str:
        """What the logits are made into; ``"own function"`` for one of the user's."""
        return self.number.of

    @property
    def unit(self) -> str:
        """Unit of the number.

        Returns
        -------
        str
            ``"logit"``, ``"logit difference"``, ``"log-probability"``, …
        """
        unit = self.number.unit
        return unit if self.foil is None else f"{unit} difference"

    @property
    def label(self) -> str:
        """The target in words, against the foil if there is one."""
        against = "" if self.foil is None else f" rather than {self.foil.label!r}"
        return f"{self.target.label!r}{against}"

    @property
    def reads(self) -> list[tuple[tuple[int, ...], list[Term]]]:
        """What must be read: ids behind the text, and the terms that are taken from there."""
        found: dict[tuple[int, ...], list[Term]] = {}
        for term in self.terms:
            found.setdefault(term.written, []).append(term)
        return list(found.items())

    def anchors(self) -> list[int]:
        """Return the tokens at which something is read, which must not go missing."""
        if self.place.kind in {"masked token", "token label"}:
            return sorted({p for term in self.terms for p in term.positions})
        if self.place.kind == "span":
            return sorted({c for term in self.terms for c in term.candidates or ()})
        return []

    def inputs(self, written: Sequence[int] = (), keep: int | None = None) -> dict[str, Any]:
        """Return the arguments of a pass over the text with something written behind it.

        Parameters
        ----------
        written : sequence of int
            Ids behind the text, or behind what an encoder-decoder has written.
        keep : int, optional
            From how many last tokens logits are needed, where the model can be asked for that.

        Returns
        -------
        dict
            Keyword arguments of the model, batch of one.
        """
        ids, segments = self.tokens.ids, self.tokens.segments
        output = None if self.output_tokens is None else self.output_tokens.ids
        if written and output is None:
            ids = np.concatenate([ids, np.asarray(written)])
            segments = np.concatenate([segments, np.full(len(written), segments[-1])])
        elif written:
            output = np.concatenate([output, np.asarray(written)])
        inputs = self.lm.arguments(
            torch.tensor(ids)[None],
            segments=torch.tensor(segments)[None],
            output_ids=None if output is None else torch.tensor(output)[None],
        )
        return self.economical(inputs, keep)

    def first_inputs(self) -> dict[str, Any]:
        """Return the arguments of the pass over the text as it is, for :meth:`resolve`."""
        return self.inputs(keep=max(-place for place in self.first_positions))

    def economical(self, inputs: dict[str, Any], keep: int | None) -> dict[str, Any]:
        """Ask for the logits of the last ``keep`` tokens only, where the model can."""
        if self.place.kind == "next token" and keep is not None:
            # Logits of every position can be larger than the whole graph.
            for name in ("logits_to_keep", "num_logits_to_keep"):
                if takes(self.lm.model, name):
                    inputs[name] = keep
                    break
        return inputs

    def kept(self, terms: Sequence[Term]) -> int:
        """Return from how many last tokens logits are needed for some terms."""
        return max((-p for term in terms for p in term.positions if p < 0), default=1)

    def resolve(self, output: Any) -> None:
        """Take default targets and predictions from the model's answer to the text as it is.

        Parameters
        ----------
        output : transformers.utils.ModelOutput
            Of a pass with :meth:`inputs`.
        """
        target, foil, of = self._asked
        if self.place.kind == "token label" and self.place.position is None:
            self.place = surest_token(self, output, target)
        logits = logits_at(output, self.place.kind, self.first_positions)[0].detach().float()
        wanted = resolve_wanted(self.lm, self, target, foil, logits)
        several = max(len(one.ids) for one in wanted) > 1 and self.place.kind != "span"
        if of is None and several:
            self.number = Number(self.lm, "log_probability")
        unused = target is not None and self.place.kind != "token label"  # there it says where
        if self.number.of_all and (unused or foil is not None or several):
            raise InputError(
                f"of={self.of!r} is a number of all candidates.", "Leave target and foil out."
            )
        if self.place.kind != "span":
            self.number.check(logits)
        self.terms = tuple(
            self._term(sign, one) for sign, one in zip((1.0, -1.0), wanted, strict=False)
        )
        self.predictions = strongest_candidates(self, logits)
        found = [described(self, one, logits) for one in wanted]
        self.target, self.foil = found[0], found[1] if len(found) > 1 else None
        if self.number.of_all:
            self.target = Prediction(-1, self.number.label, float("nan"), float("nan"))

    def score(self, terms: Sequence[Term], logits: Sequence[Tensor]) -> Tensor:
        """Return the sum of some terms.

        Parameters
        ----------
        terms : sequence of Term
            Of one read.
        logits : sequence of Tensor, shape (text, position, candidate)
            At the positions of each term.

        Returns
        -------
        Tensor of float32, shape (text,)
            In the graph of the logits.
        """
        return torch.stack(
            [
                term.sign * self.number.value(own, term.candidates)
                for term, own in zip(terms, logits, strict=True)
            ]
        ).sum(0)

    def score_output(self, terms: Sequence[Term], output: Any) -> Tensor:
        """Return the sum of some terms of one pass over :meth:`inputs`.

        Parameters
        ----------
        terms : sequence of Term
            Of one read.
        output : transformers.utils.ModelOutput
            Of the pass.

        Returns
        -------
        Tensor of float32, shape (text,)
            In the graph of the output.
        """
        kind = self.place.kind
        return self.score(terms, [logits_at(output, kind, term.positions) for term in terms])

    def _term(self, sign: float, wanted: Wanted) -> Term:
        count, first = len(wanted.ids), self.first_positions
        ids = None if self.number.of_all else wanted.ids
        if self.place.kind == "span":
            return Term(sign, (), first, ids)
        if self.place.kind == "next token":
            return Term(sign, wanted.ids[:-1], tuple(range(first[0] + 1 - count, first[0] + 1)) if count > 1 else first, ids)  # fmt: skip
        return Term(sign, (), wanted.positions or first, ids)
