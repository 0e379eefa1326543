"""Small changes of a text, one after the other, and what a model makes of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lmwidget.attribution.method import Watch
from lmwidget.attribution.question import Question
from lmwidget.attribution.rows import Removal, Row
from lmwidget.attribution.variants import Answer, Asked, Variants
from lmwidget.capture.gradients import EmbeddingLeaves
from lmwidget.errors import UnavailableError
from lmwidget.inspection.sensitivity.neighbours import neighbours
from lmwidget.inspection.sensitivity.noise import Noise, Push
from lmwidget.sensitivity import ALL, KINDS


@dataclass
class Search:
    """Changes, and what came of them.

    Parameters
    ----------
    question : Question
        Resolved.
    places : ndarray of int, shape (place,)
        Tokens that may be changed.
    settings : dict
        ``kinds``, ``substitutes``, ``noise``, ``draws``, ``seed``.
    max_memory : int
        Bytes for one batch.

    Attributes
    ----------
    value : float
        The number that is explained, of the text as it is.
    smallest : float
        Smallest noise on all tokens that changes the prediction.
    """

    question: Question
    places: NDArray[np.intp]
    settings: dict[str, Any]
    max_memory: int
    value: float = math.nan
    smallest: float = math.nan
    changes: list[tuple[int, int, float, int, int]] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    answers: list[Answer | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.variants = Variants(self.question, self.max_memory)

    @property
    def reached(self) -> bool:
        """Whether any change was made before it was stopped."""
        return not all(math.isnan(value) for value in self.values)

    def run(self, watch: Watch) -> None:
        """Make all changes, or as many as there is time for."""
        asked = self.variants.ask([self.variants.whole])
        self.value, self.own = float(asked.values[0]), asked.answers[0]
        kinds = self.settings["kinds"]
        count, draws, sizes = len(self.places), self.settings["draws"], self.settings["noise"]
        self.total = sum(
            {
                "substitution": count * self.settings["substitutes"],
                "deletion": count,
                "noise": (count + 1) * draws * len(sizes),
            }[kind]
            for kind in kinds
        )
        if "substitution" not in kinds and "noise" not in kinds:
            self._delete(watch)
            return
        with EmbeddingLeaves(self.question.lm.model) as run:
            _embed(run, self.question)
            if "substitution" in kinds:
                self._substitute(run, watch)
            if "deletion" in kinds:
                self._delete(watch)
            if "noise" in kinds:
                self._push(run, watch)

    def arrays(self, *, known: bool) -> dict[str, Any]:
        """Return the fields of the result that hold changes."""
        given = [answer for answer in self.answers if answer is not None]
        distinct = list(dict.fromkeys([self.own, *given]))
        number = {answer: i for i, answer in enumerate(distinct)}
        outcome = [number[a] if a is not None and known else -1 for a in self.answers]
        kind, token, size, draw, replacement = zip(*self.changes, strict=True)
        lm = self.question.lm
        return {
            "kind": np.array(kind, np.int8),
            "token": np.array(token, np.int32),
            "size": np.array(size, np.float32),
            "draw": np.array(draw, np.int32),
            "replacement": np.array(replacement, np.int64),
            "values": np.array(self.values, np.float32),
            "outcome": np.array(outcome, np.int32),
            "outcomes": tuple(self.variants.label(a) for a in distinct if a is not None),
            "names": tuple(lm.token_text(one) if one >= 0 else "" for one in replacement),
        }

    def _add(self, changes: Sequence[tuple[int, int, float, int, int]], asked: Asked) -> None:
        self.changes += changes
        self.values += asked.values.tolist()
        self.answers += asked.answers

    def _substitute(self, run: EmbeddingLeaves, watch: Watch) -> None:
        ids = self.question.tokens.ids
        lm, call = self.question.lm, run.calls["input_ids"]
        found = neighbours(lm, call, ids[self.places], self.settings["substitutes"])
        changes, rows = [], []
        for place, near in zip(self.places.tolist(), found, strict=True):
            pairs = zip(near.ids.tolist(), near.distances.tolist(), strict=True)
            for draw, (other, size) in enumerate(pairs):
                changed = ids.copy()
                changed[place] = other
                rows.append(self.variants.replaced(changed))
                changes.append((KINDS.index("substitution"), place, size, draw, other))
        self.total -= len(self.places) * self.settings["substitutes"] - len(rows)
        self._add(
            changes, self.variants.ask(rows, watch, before=len(self.values), total=self.total)
        )

    def _delete(self, watch: Watch) -> None:
        question = self.question
        tokens = question.tokens
        first = question.place.position if question.place.kind == "next token" else None
        first = None if question.output_tokens is not None else first
        removal = Removal(question.lm, tokens, None, first)
        rows: list[Row] = [removal.row(np.arange(len(tokens)) != i) for i in self.places]
        changes = [(KINDS.index("deletion"), int(i), math.nan, 0, -1) for i in self.places]
        self._add(
            changes, self.variants.ask(rows, watch, before=len(self.values), total=self.total)
        )

    def _push(self, run: EmbeddingLeaves, watch: Watch) -> None:
        made = {name: self.settings[name] for name in ("draws", "seed")}
        noise = Noise(self.variants, run, self.places, max_memory=self.max_memory, **made)
        pushes = [
            Push(token, size, draw)
            for token in [ALL, *self.places.tolist()]
            for size in self.settings["noise"]
            for draw in range(self.settings["draws"])
        ]
        asked = noise.ask(pushes, watch, before=len(self.values), total=self.total)
        changes = [(KINDS.index("noise"), p.token, p.size, p.draw, -1) for p in pushes]
        self._add(changes, asked)
        everywhere = [i for i, push in enumerate(pushes) if push.token == ALL]
        if asked.answers[everywhere[-1]] is None or self.own is None:
            return
        flipped = [asked.answers[i] != self.own for i in everywhere]
        self.smallest = noise.smallest([pushes[i] for i in everywhere], flipped, self.own, watch)


def _embed(run: EmbeddingLeaves, question: Question) -> None:
    try:
        with torch.no_grad():
            run.forward(question.inputs(keep=1))
    except UnavailableError as error:
        raise UnavailableError(
            f"{question.lm.name} has no embeddings to change.", "Pass kinds='deletion'."
        ) from error
