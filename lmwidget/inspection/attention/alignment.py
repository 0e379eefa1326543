"""Which source word each target word was made from, by the cross-attention of a translator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.capture.indexing import choose, whole
from lmwidget.derived import DerivedAttention
from lmwidget.errors import InputError, UnknownNameError, nearest
from lmwidget.tokens import Tokens

LEVELS = ("word", "token")
STEPS = ("output", "input")


class Alignment(DerivedAttention):
    """A soft alignment of target and source, read like attention of one layer with one head.

    Attributes
    ----------
    tokens, key_tokens : Tokens
        Target and source units: words or tokens, special ones left out.
    soft : ndarray of float32, shape (target, source)
        How much of each target unit comes from each source unit; rows sum to 1, or are 0 where
        all the weight lay on special tokens.
    outside : float
        Share of the weight that lay on special source tokens and was given to the others.

    Examples
    --------
    >>> words = [Tokens.from_pieces(pieces) for pieces in (["das", " Haus"], ["the", " house"])]
    >>> found = Alignment(np.array([[0.9, 0.1], [0.2, 0.8]], np.float32), words[0], words[1])
    >>> found.links()
    [(0, 0), (1, 1)]
    """

    title = "Soft alignment"

    def __init__(
        self,
        soft: NDArray[np.float32],
        tokens: Tokens,
        key_tokens: Tokens,
        *,
        outside: float = 0.0,
        layer_number: int = 0,
        model: str = "",
        note: str = "",
    ) -> None:
        super().__init__(
            tokens,
            key_tokens,
            [1],
            kind="cross",
            model=model,
            layer_numbers=[layer_number],
            note=note,
        )
        self.soft, self.outside = soft, outside

    def _weights(self, layer: int, heads: list[int], queries: list[int]) -> NDArray[np.float32]:
        del layer
        return np.repeat(self.soft[None, queries], len(heads), axis=0)

    def links(self) -> list[tuple[int, int]]:
        """Return the hard alignment: the strongest source unit of each target unit.

        Returns
        -------
        list of (int, int)
            Target and source index; a target unit without weight has none.

        Examples
        --------
        >>> words = Tokens.from_pieces(["a"])
        >>> Alignment(np.ones((1, 1), np.float32), words, words).links()
        [(0, 0)]
        """
        best = self.soft.argmax(-1)
        return [(i, int(j)) for i, j in enumerate(best) if self.soft[i, j] > 0]

    def to_pharaoh(self) -> str:
        """Return the hard alignment as ``source-target`` pairs, the format of alignment tools.

        Returns
        -------
        str
            Such as ``"0-0 1-2"``, in the order of the source.

        Examples
        --------
        >>> words = Tokens.from_pieces(["a"])
        >>> Alignment(np.ones((1, 1), np.float32), words, words).to_pharaoh()
        '0-0'
        """
        return " ".join(f"{j}-{i}" for j, i in sorted((j, i) for i, j in self.links()))


def alignment(
    attention: Any,
    *,
    layer: int | None = None,
    heads: int | Sequence[int] = (),
    level: str = "word",
    step: str = "output",
) -> Alignment:
    """Return the soft alignment of what an encoder-decoder has written with what it has read.

    The mean of the heads of one layer: by default the last but one, where Garg et al. (2019,
    "Jointly Learning to Align and Translate with Transformer Models") found it closest to what
    people would draw; of models with one or two layers the last. Weight on special source tokens is left out and the rest renormalised.
    Tokens are gathered into words: summed over the tokens of a source word, averaged over those of
    a target word. White space that is a token of its own belongs to the word behind it.

    Parameters
    ----------
    attention : Attention
        Of an encoder-decoder that has written something: ``lm.attention(text, output=…)``.
    layer : int, optional
        Index of the layer; default: the last but one, or the last of two.
    heads : int or sequence of int
        Heads to average; default: all.
    level : str, default "word"
        ``"word"`` or ``"token"``.
    step : str, default "output"
        Which row belongs to a target token: ``"output"``, the step that wrote it; or ``"input"``,
        the step that read it, which Kobayashi et al. (2020) found to be the better one in some
        translators.

    Returns
    -------
    Alignment
        Reads like attention with one layer and one head; every widget of attention draws it.

    Raises
    ------
    InputError
        When there is no cross-attention, or nothing but special tokens.
    UnknownNameError
        For an unknown layer, head, level or step.

    Examples
    --------
    >>> import torch
    >>> from transformers import T5Config, T5ForConditionalGeneration
    >>> import lmwidget as lmw
    >>> tiny = lmw.load("tiny")
    >>> config = T5Config(vocab_size=tiny.rows, d_model=16, d_kv=4, d_ff=16, num_layers=2,
    ...     num_heads=2, decoder_start_token_id=0)
    >>> lm = lmw.LanguageModel(T5ForConditionalGeneration(config), tiny.tokenizer)
    >>> found = alignment(lm.attention("the king said", output="the queen"))
    >>> found.soft.shape
    (2, 3)
    """
    for name, value, known in (("level", level, LEVELS), ("step", step, STEPS)):
        if value not in known:
            raise UnknownNameError(f"There is no {name} {value!r}.", nearest(value, known))
    if "cross" not in attention.kinds:
        raise InputError(
            "Only the cross-attention of an encoder-decoder aligns a target with a source.",
            "Give lm.attention(text, output=…) of a translator.",
        )
    cross = attention.select("cross")
    target, source = _written(cross.tokens), _ordinary(cross.key_tokens)
    if not target or not source:
        raise InputError(
            "There is nothing to align: one side has only special tokens.",
            'Pass what was written: lm.attention(text, output="…").',
        )
    last = len(cross) - 1
    at = choose(last - (last > 1) if layer is None else whole(layer, "layer"), len(cross), "layer")[
        0
    ][0]
    shown = choose(heads if np.size(heads) else slice(None), cross.heads(at), "head")[0]
    rows = [i - 1 if step == "output" else i for i in target]
    weights = cross.rows(at, shown, rows).mean(0)
    total = weights.sum(-1, keepdims=True)
    inside = weights[:, source]
    left = inside.sum(-1, keepdims=True)
    soft = inside / np.where(left > 0, left, 1)
    outside = float(1 - left.sum() / total.sum()) if total.sum() > 0 else 0.0
    words = level == "word"
    target_groups = _groups(cross.tokens, target, words=words)
    source_groups = _groups(cross.key_tokens, source, words=words)
    by_word = np.stack(
        [
            [soft[np.ix_(rows, columns)].sum(-1).mean() for columns in source_groups]
            for rows in target_groups
        ]
    )
    number = cross.layer_numbers[at]
    which = _head_names(shown, cross.heads(at))
    return Alignment(
        by_word.astype(np.float32),
        _units(cross.tokens, target, target_groups),
        _units(cross.key_tokens, source, source_groups),
        outside=outside,
        layer_number=number,
        model=cross.model,
        note=f"Mean of {which} of cross-attention layer {number}, at the step that "
        f"{'wrote' if step == 'output' else 'read'} each {level}; {100 * outside:.0f} % of the weight "
        "lay on special tokens and is given to the others.",
    )


def _head_names(heads: list[int], count: int) -> str:
    if sorted(heads) == list(range(count)):
        return "all heads"
    return f"head{'s' if len(heads) > 1 else ''} {', '.join(map(str, heads))}"


def _written(tokens: Tokens) -> list[int]:
    """Tokens that the decoder wrote: not the first, which it was started with."""
    return [i for i in _ordinary(tokens) if i > 0]


def _ordinary(tokens: Tokens) -> list[int]:
    return [i for i, kind in enumerate(tokens.kinds) if kind != "special"]


def _groups(tokens: Tokens, kept: list[int], *, words: bool) -> list[list[int]]:
    """Places in ``kept`` that make one unit."""
    if not words:
        return [[place] for place in range(len(kept))]
    found: dict[int, list[int]] = {}
    for place, index in enumerate(kept):
        found.setdefault(int(tokens.words[index]), []).append(place)
    groups: list[list[int]] = []
    space: list[int] = []
    for group in found.values():
        if _unit([kept[place] for place in group], tokens).strip():
            groups.append(space + group)
            space = []
        else:
            space += group
    if not groups:
        return [space]
    groups[-1] += space  # at the end there is no word behind it
    return groups


def _units(tokens: Tokens, kept: list[int], groups: list[list[int]]) -> Tokens:
    """Units as tokens of their own: the text of each, with the space before it."""
    return Tokens.from_pieces([_unit([kept[place] for place in group], tokens) for group in groups])


def _unit(indices: list[int], tokens: Tokens) -> str:
    start, end = tokens.spans[indices, 0].min(), tokens.spans[indices, 1].max()
    return tokens.text[start:end] or "".join(tokens.pieces[i] for i in indices)
