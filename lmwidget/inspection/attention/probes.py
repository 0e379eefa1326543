"""Texts that bring out what a head does, and the places where it should look then."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from itertools import takewhile
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lmwidget.errors import InputError, UnavailableError
from lmwidget.inspection.attention.reading import ReadableAttention, blocks
from lmwidget.models.tokenizing import tokens_from_ids
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel

Region = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.bool_]]

TEXT = (
    "The old lighthouse keeper climbed the stairs every evening, lit the lamp, and wrote a few "
    "lines in his book. “The sea is calm tonight,” he wrote, “but the wind has turned to the "
    "north.” In the village below, people said that he had once been a sailor; nobody knew for "
    "certain. When the storm came in March, three ships were lost, and the keeper did not leave "
    "his tower for nine days. Afterwards he told the children about a whale, a song, and a light "
    "under the water."
)

_TRIES = 50  # drawn for each token that is wanted


def repeated_tokens(
    lm: LanguageModel, natural: Tokens, length: int, seed: int
) -> tuple[Tokens, int, int]:
    """Return random tokens, written twice: nothing but the repetition can be known from them.

    Words are drawn from the vocabulary, without special tokens; around them stand the special
    tokens that the tokenizer puts around every text.

    Parameters
    ----------
    lm : LanguageModel
        Whose vocabulary it is.
    natural : Tokens
        Any text that the tokenizer reads; one piece of it shows what is put around a text.
    length : int
        Tokens of one half; fewer when the vocabulary or the context is smaller.
    seed : int
        For the draw.

    Returns
    -------
    tokens : Tokens
        What the model is to read.
    start, length : int
        Where the first half begins, and tokens of one half.

    Raises
    ------
    InputError
        When fewer than two different tokens can be drawn.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> tokens, start, length = repeated_tokens(lm, lm.tokenize("the king"), 5, seed=0)
    >>> len(tokens), start, length, tokens.pieces[:5] == tokens.pieces[5:]
    (10, 0, 5, True)
    """
    pieces = zip(natural.kinds, natural.pieces, strict=True)
    piece = next((piece for kind, piece in pieces if kind == "text" and piece.strip()), "a")
    frame = lm.tokenize(piece)
    before = len(list(takewhile(lambda kind: kind == "special", frame.kinds)))
    after = len(list(takewhile(lambda kind: kind == "special", frame.kinds[::-1])))
    if lm.context_length is not None:
        length = min(length, (lm.context_length - before - after) // 2)
    drawn = _drawn(lm, frame, length, np.random.default_rng(seed))
    if len(drawn) < 2:
        raise InputError(
            f"{lm.name} has too few tokens to repeat some of them.", "Give a longer length."
        )
    ids = [*frame.ids[:before].tolist(), *drawn, *drawn, *frame.ids[len(frame) - after :].tolist()]
    return tokens_from_ids(lm.tokenizer, ids), before, len(drawn)


def _drawn(lm: LanguageModel, frame: Tokens, length: int, draw: np.random.Generator) -> list[int]:
    """Ids of different words; of any tokens but special ones where words are few."""
    size = min(len(lm.tokenizer), lm.rows or len(lm.tokenizer))
    special = {int(i) for i, kind in zip(frame.ids, frame.kinds, strict=True) if kind == "special"}
    special |= {int(i) for i in getattr(lm.tokenizer, "all_special_ids", ())}
    special |= {int(i) for i in getattr(lm.tokenizer, "added_tokens_decoder", {})}
    order = [int(i) for i in draw.permutation(size)[: _TRIES * length] if int(i) not in special]
    words = [i for i in order if lm.token_text(i).strip().isalpha()]
    rest = [i for i in order if i not in set(words)]
    return [*words, *(rest if len(words) < min(length, 8) else [])][:length]


def separators(tokens: Tokens) -> NDArray[np.bool_]:
    """Return which tokens are special or punctuation.

    Parameters
    ----------
    tokens : Tokens
        Any text.

    Returns
    -------
    ndarray of bool, shape (token,)
        Without the first token, which is a place of its own.

    Examples
    --------
    >>> separators(Tokens.from_pieces(["So", ",", " bad", " ..."])).tolist()
    [False, True, False, True]
    """
    found = [
        kind == "special"
        or (bool(piece.strip()) and all(unicodedata.category(c)[0] == "P" for c in piece.strip()))
        for kind, piece in zip(tokens.kinds, tokens.pieces, strict=True)
    ]
    found[:1] = [False] * len(found[:1])
    return np.array(found, bool)


def excess(
    attention: ReadableAttention, regions: dict[str, Region], queries: list[int] | None = None
) -> dict[str, NDArray[np.float32]]:
    """Return how much more than its share of the tokens a region gets of each head's attention.

    Parameters
    ----------
    attention : Attention or DerivedAttention
        Self-attention.
    regions : dict of str to callable
        ``region(query, key)`` tells which keys belong to it for a query; both are index arrays
        that broadcast against one another.
    queries : list of int, optional
        Rows that are looked at; default: all.

    Returns
    -------
    dict of str to ndarray of float32, shape (layer, head)
        ``(weight − chance) / (1 − chance)``, where the weight is the mean over rows of what lies in
        the region, and chance what it would be if all visible tokens got the same: 0 is chance, 1
        all. Only rows that see more than one token, and some of the region, count. NaN where there
        are none.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> attention = lmw.load("tiny").attention("the king said")
    >>> excess(attention, {"before": lambda query, key: key < query})["before"].shape
    (2, 4)
    """
    layers, heads = attention.shape[:2]
    found = {name: np.full((layers, heads), np.nan, np.float32) for name in regions}
    keys = np.arange(len(attention.key_tokens))[None, :]
    for layer in range(layers):
        held = {name: np.zeros(attention.heads(layer)) for name in regions}
        chance, rows = dict.fromkeys(regions, 0.0), dict.fromkeys(regions, 0)
        try:
            for here, weights in blocks(attention, layer, None, queries):
                seen = (weights > 0).any(0)
                for name, region in regions.items():
                    inside = region(np.asarray(here)[:, None], keys) & seen
                    use = inside.any(-1) & (seen.sum(-1) > 1)
                    sums = np.einsum("hqk,qk->h", np.nan_to_num(weights), inside & use[:, None])
                    held[name] += sums
                    chance[name] += (inside.sum(-1) / np.maximum(seen.sum(-1), 1))[use].sum()
                    rows[name] += int(use.sum())
        except UnavailableError:
            continue
        for name in regions:
            by_chance = chance[name] / max(rows[name], 1)
            if rows[name] and by_chance < 1:
                score = (held[name] / rows[name] - by_chance) / (1 - by_chance)
                found[name][layer, : len(score)] = score
    return found
