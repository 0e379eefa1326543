"""The units of a text as a tree: text, turns, paragraphs, sentences, clauses, words, tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from lmwidget.attribution.game import Game
from lmwidget.errors import InputError
from lmwidget.units import unit_of_tokens

_LEVELS = ("turn", "paragraph", "sentence")
_CLAUSE_ENDS = tuple(",;:–—，；：、،")


@dataclass(frozen=True)
class Node:
    """A group of players, and the groups that it is made of.

    Attributes
    ----------
    players : tuple of int
        Players of the game.
    parts : tuple of Node
        Empty for a single player.
    """

    players: tuple[int, ...]
    parts: tuple[Node, ...] = ()


def unit_tree(game: Game) -> Node:
    """Return the tree of a text, in which every group has two parts.

    Turns are made of paragraphs, these of sentences, words, and tokens. What has more than two
    parts is halved, sentences preferably behind a comma.

    Parameters
    ----------
    game : Game
        The text.

    Returns
    -------
    Node
        All players.

    Examples
    --------
    >>> from lmwidget.attribution.text_game import TextGame
    >>> tree = unit_tree(TextGame(lambda texts: [1.0] * len(texts), "Go on. I see it"))
    >>> [part.players for part in tree.parts]
    [(0, 1, 2), (3, 4, 5)]
    """
    first = [int(np.flatnonzero(game.units == unit)[0]) for unit in game.players]
    keys = [unit_of_tokens(game.tokens, level)[first].tolist() for level in _LEVELS]
    ends = [_ends_clause(game, int(unit)) for unit in game.players]
    keys.append(np.cumsum([0, *ends[:-1]]).tolist())
    words = game.tokens.words[first].tolist()
    # Special tokens belong to no word; each is one of its own.
    keys.append([word if word >= 0 else -2 - i for i, word in enumerate(words)])
    return _split(tuple(range(len(game))), keys)


def given_tree(nested: Any, count: int) -> Node:
    """Return a tree that is given as nested lists of players.

    Parameters
    ----------
    nested : sequence
        Such as ``[[0, 1], [2, [3, 4]]]``; groups may have any number of parts.
    count : int
        Players, each of which has to be in it once.

    Returns
    -------
    Node
        All players.

    Raises
    ------
    InputError
        When a player is missing, unknown, or there twice.

    Examples
    --------
    >>> given_tree([[0, 1], 2], 3).parts[0].players
    (0, 1)
    """
    tree = _given(nested)
    if sorted(tree.players) != list(range(count)):
        raise InputError(
            f"The tree holds {sorted(tree.players)}, but the text has {count} units.",
            f"Give nested lists with each of 0 to {count - 1} once.",
        )
    return tree


def _given(nested: Any) -> Node:
    if isinstance(nested, Sequence) and not isinstance(nested, str):
        return _group([_given(part) for part in nested])
    if isinstance(nested, bool) or not hasattr(nested, "__index__"):
        raise InputError(f"The tree holds {nested!r}.", "Give nested lists of numbers.")
    return Node((int(nested),))


def _group(parts: Sequence[Node]) -> Node:
    parts = [part for part in parts if part.players]
    if len(parts) == 1:
        return parts[0]
    return Node(tuple(player for part in parts for player in part.players), tuple(parts))


def _split(players: tuple[int, ...], keys: Sequence[Sequence[int]]) -> Node:
    """Group players by the coarsest key that tells them apart, and go on inside of the groups."""
    if len(players) == 1:
        return Node(players)
    if not keys:
        return _halved([Node((player,)) for player in players])
    borders = [
        i for i in range(1, len(players)) if keys[0][players[i]] != keys[0][players[i - 1]]
    ]  # fmt: skip
    cuts = [0, *borders, len(players)]
    groups = [players[a:b] for a, b in pairwise(cuts)]
    return _halved([_split(group, keys[1:]) for group in groups])


def _halved(parts: list[Node]) -> Node:
    """Return a group of two groups, as equal as they can be by the number of players."""
    if len(parts) <= 2:
        return _group(parts)
    sizes = np.cumsum([len(part.players) for part in parts])
    cut = 1 + int(np.abs(2 * sizes[:-1] - sizes[-1]).argmin())
    return _group([_halved(parts[:cut]), _halved(parts[cut:])])


def _ends_clause(game: Game, unit: int) -> bool:
    last = int(np.flatnonzero(game.units == unit)[-1])
    return game.tokens.pieces[last].rstrip().endswith(_CLAUSE_ENDS)
