"""Partition SHAP: Owen values, where words, sentences and paragraphs come together as groups."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.attribution.game import Coalitions, Game
from lmwidget.attribution.method import Method, Scores, Watch
from lmwidget.attribution.shapley import coalitions, weight
from lmwidget.attribution.unit_tree import Node, given_tree, unit_tree
from lmwidget.errors import InputError
from lmwidget.results import Check

_CLOSE = 0.5
"Groups with at least this share of the largest gain are opened together."

_GOOD = 0.9  # of all gains


def partition_shap(game: Game, watch: Watch, *, samples: int = 500, tree: Any = None) -> Scores:
    """Return the Owen value of each unit in the tree of the text.

    Owen (1977), for several levels Winter (1989): Shapley values in which only those orders count
    where groups come together as one: a sentence is complete before the next begins. Groups are
    tokens in words, in clauses, sentences, paragraphs and turns; where there are more than two in
    one, they are halved, so that ``n`` units need about ``n²`` coalitions, not ``2ⁿ``.

    With fewer ``samples`` the groups with the largest gain are opened first, and the gain of a
    group that stays closed is shared out equally: the scores always sum to
    value(text) − value(nothing). This is the recursion of ``PartitionExplainer`` of SHAP (Lundberg),
    and equal to it on the same tree. It differs in the tree: that of SHAP's text masker
    joins neighbouring tokens by rules for punctuation, ours follows the levels of
    :mod:`lmwidget.units`; and ties are broken by the order of the text, not by chance.

    Parameters
    ----------
    game : Game
        The text.
    watch : Watch
        Progress and the wish to stop; when stopped, groups not opened yet share equally.
    samples : int, default 500
        Most coalitions to ask for; exact when they are enough for the whole tree.
    tree : nested lists of int, optional
        A tree of one's own over the units that can be taken away, counted from 0, such as
        ``[[0, 1], [2, 3, 4]]``. A group of ``k`` parts needs ``2ᵏ`` coalitions.

    Returns
    -------
    Scores
        Signed, in the unit of the game. As they add up whatever was asked for, the check is
        another: the share of all gains, without sign, that went to single units and not to groups
        which stayed closed; passed from nine tenths.

    Raises
    ------
    CancelledError
        When stopped before the text and nothing were asked for.
    InputError
        When ``samples`` or the tree cannot be used.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> why = lmw.load("tiny").attribute("the king said", "partition_shap")
    >>> why.check.name, why.check.value
    ('gains told apart', 1.0)
    """
    if isinstance(samples, bool) or not hasattr(samples, "__index__") or samples < 2:
        raise InputError(f"samples is {samples!r}.", "Give a whole number of at least 2.")
    root = unit_tree(game) if tree is None else given_tree(tree, len(game))
    watch.check()
    ends = game.values(np.array([[False] * len(game), [True] * len(game)]), watch, total=samples)
    if np.isnan(ends).any():
        watch.check()
    search = _Search(game, watch, samples, enough=_cost(root) + 2 <= samples)
    search.push(_Open(root, np.zeros(len(game), bool), float(ends[0]), float(ends[1]), 1.0))
    search.run()
    scores, closed = search.shared_out()
    said = "Every unit was told apart from its neighbours."
    if closed:
        said = f"{closed:.0%} of all gains are shared out equally within groups not opened."
    check = Check("gains told apart", 1 - closed, said, passed=1 - closed >= _GOOD)
    settings = {"samples": samples, "tree": tree}
    return Scores(scores.astype(np.float32), settings, check, watch.stopped and closed > 0)


@dataclass(frozen=True)
class _Open:
    """A group that is added to some others: what it adds is still to be shared by its parts."""

    node: Node
    context: NDArray[np.bool_]
    before: float
    after: float
    weight: float

    @property
    def gain(self) -> float:
        return (self.after - self.before) * self.weight

    @property
    def inner(self) -> Coalitions:
        """Coalitions with some of its parts, but neither none nor all."""
        subsets = coalitions(len(self.node.parts))[1:-1]
        found = np.tile(self.context, (len(subsets), 1))
        for i, part in enumerate(self.node.parts):
            found[:, part.players] |= subsets[:, i, None]
        return found

    def opened(self, inner: NDArray[np.float64]) -> list[_Open]:
        """Return what each part adds to each set of the others, with the weights of Shapley."""
        parts = self.node.parts
        values = [self.before, *inner.tolist(), self.after]
        subsets, found = coalitions(len(parts)), []
        for i, part in enumerate(parts):
            for number in np.flatnonzero(~subsets[:, i]).tolist():
                there = subsets[number]
                context = self.context.copy()
                for other in np.flatnonzero(there):
                    context[list(parts[other].players)] = True
                share = weight(len(parts), int(there.sum()))
                after = values[number + (1 << i)]
                found.append(_Open(part, context, values[number], after, self.weight * share))
        return found


@dataclass
class _Search:
    """Opens groups, largest gain first, as long as samples last; all at once if they suffice."""

    game: Game
    watch: Watch
    samples: int
    enough: bool
    asked: int = 2
    waiting: list[tuple[float, int, _Open]] = field(default_factory=list)
    single: list[_Open] = field(default_factory=list)
    _numbers: Any = field(default_factory=count)

    def push(self, item: _Open) -> None:
        if item.node.parts:
            heapq.heappush(self.waiting, (-abs(item.gain), next(self._numbers), item))
        else:
            self.single.append(item)

    def run(self) -> None:
        while self.waiting and not self.watch.stopped:
            batch = self._next()
            if not batch:
                return
            asked = [item.inner for item in batch]
            values = self.game.values(
                np.concatenate(asked), self.watch, before=self.asked, total=self.samples
            )
            self.asked += len(values)
            ends = np.cumsum([len(rows) for rows in asked])[:-1]
            for item, own in zip(batch, np.split(values, ends), strict=True):
                if np.isnan(own).any():  # stopped before it was reached
                    self.waiting.append((0.0, next(self._numbers), item))
                    continue
                for part in item.opened(own):
                    self.push(part)

    def _next(self) -> list[_Open]:
        """Take the groups with the largest gain, as many as are asked for at once."""
        batch: list[_Open] = []
        cost = 0
        least = 0.0 if self.enough else _CLOSE * -self.waiting[0][0]
        while self.waiting and -self.waiting[0][0] >= least:
            needed = 2 ** len(self.waiting[0][2].node.parts) - 2
            if self.asked + cost + needed > self.samples:
                break
            batch.append(heapq.heappop(self.waiting)[2])
            cost += needed
        return batch

    def shared_out(self) -> tuple[NDArray[np.float64], float]:
        """Return scores, and the share of gains, without sign, in groups that stayed closed."""
        scores = np.zeros(len(self.game))
        for item in self.single:
            scores[list(item.node.players)] += item.gain
        for _, _, item in self.waiting:
            scores[list(item.node.players)] += item.gain / len(item.node.players)
        closed = sum(abs(item.gain) for _, _, item in self.waiting)
        total = closed + sum(abs(item.gain) for item in self.single)
        return scores, (closed / total if total else float(bool(self.waiting)))


def _cost(node: Node, contexts: int = 1) -> int:
    """Return how many coalitions the whole tree needs, without all and none."""
    count = len(node.parts)
    if not count:
        return 0
    inner = contexts << (count - 1)
    return contexts * ((1 << count) - 2) + sum(_cost(part, inner) for part in node.parts)


METHOD = Method(
    name="partition_shap",
    label="Partition SHAP",
    signed=True,
    slow=True,
    summary="What each unit adds, where words, sentences and paragraphs come together as groups.",
    paper="Owen 1977; Lundberg (SHAP)",
    function=partition_shap,
    needs="values",
    order=43,
)
