"""Which heads look where: at the token before, an earlier copy, or what came after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.capture.indexing import choose, whole
from lmwidget.errors import InputError, UnknownNameError, nearest
from lmwidget.inspection.attention.probes import TEXT, Region, excess, repeated_tokens, separators
from lmwidget.inspection.attention.statistics import head_statistics, heads_table

if TYPE_CHECKING:
    import pandas as pd

    from lmwidget.models.language_model import LanguageModel

Scores = NDArray[np.float32]

MIXED = "mixed"
_NEAR = 4  # tokens to each side
_PLACE, _REGION, _EVEN = 0.3, 0.5, 0.8
_SHOWN = 5  # heads in a line of the overview

DEFINITIONS = {
    "previous-token": ("looks at the token before (natural text)", _PLACE),
    "duplicate-token": ("looks at the earlier copy of the token (random tokens, twice)", _PLACE),
    "induction": (
        "looks at what came after the earlier copy of the token (random tokens, twice)",
        _PLACE,
    ),
    "self": ("looks at the token itself (natural text)", _PLACE),
    "next-token": ("looks at the token after; not in causal models (natural text)", _PLACE),
    "first-token": ("rests on the first token (natural text)", _REGION),
    "separator": (
        "looks at special tokens and punctuation, the first token left out (natural text)",
        _REGION,
    ),
    "local": (f"looks at tokens at most {_NEAR} away, itself included (natural text)", _REGION),
    "broad": ("looks at many tokens alike: evenness of its rows (natural text)", _EVEN),
}


@dataclass(frozen=True, eq=False)
class HeadTypes:
    """What each head of a model does, told from where it looks.

    A score is the mean weight on the place or region in question, corrected for chance: 0 is what
    even attention would give, 1 is all of the weight. A head is labelled when its score reaches the
    threshold: 0.3 for a single token (chance is a few hundredths; one head in twenty gets there),
    0.5 for a region (more than half of the weight that chance does not explain), and 0.8 for
    ``"broad"``, whose score is the evenness of :class:`HeadStatistics` (of 100 tokens it looks at
    about 40 alike). ``"local"`` is left out where the token itself, before or after is named.

    Attributes
    ----------
    scores : dict of str to ndarray of float32, shape (layer, head)
        By type. NaN where a head does not exist or cannot be read.
    thresholds : dict of str to float
        By type.
    labels : tuple of tuple of tuple of str
        ``labels[layer][head]``: the types of a head, the one first that lies highest above its
        threshold; ``("mixed",)`` when there is none.
    layer_numbers : tuple of int
        The model's own numbers of the layers.
    model : str
        Name of the model.
    settings : dict
        ``text``, ``seed`` and ``length``.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> types = head_types(lmw.load("tiny"))
    >>> types.of(1, 3)
    ('induction', 'first-token')
    """

    scores: dict[str, Scores]
    thresholds: dict[str, float]
    labels: tuple[tuple[tuple[str, ...], ...], ...]
    layer_numbers: tuple[int, ...]
    model: str = ""
    settings: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        heads = sum(map(len, self.labels))
        lines = [f"<HeadTypes {self.model}: {len(self.labels)} layers, {heads} heads>"]
        for name in self.scores:
            found = self.heads(name)
            shown = [f"L{self.layer_numbers[at]}H{head} {score:.2f}" for at, head, score in found]
            more = ", …" if len(shown) > _SHOWN else ""
            lines.append(
                f"  {name:<15} {len(found):>4}  {', '.join(shown[:_SHOWN])}{more}".rstrip()
            )
        mixed = sum(labels == (MIXED,) for layer in self.labels for labels in layer)
        return "\n".join([*lines, f"  {MIXED:<15} {mixed:>4}"])

    def of(self, layer: int, head: int) -> tuple[str, ...]:
        """Return the types of one head.

        Parameters
        ----------
        layer, head : int
            From 0.

        Returns
        -------
        tuple of str
            The plainest first; ``("mixed",)`` when there is none.

        Raises
        ------
        UnknownNameError
            When there is no such layer or head.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> head_types(lmw.load("tiny")).of(1, 3)[0]
        'induction'
        """
        (at,), _ = choose(whole(layer, "layer"), len(self.labels), "layer")
        (place,), _ = choose(whole(head, "head"), len(self.labels[at]), "head")
        return self.labels[at][place]

    def heads(self, kind: str) -> list[tuple[int, int, float]]:
        """Return the heads of a type, the strongest first.

        Parameters
        ----------
        kind : str
            ``"induction"``, ``"previous-token"``, …

        Returns
        -------
        list of tuple of (int, int, float)
            Layer and head from 0, and score.

        Raises
        ------
        UnknownNameError
            For a type that there is not; names the nearest.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> head_types(lmw.load("tiny")).heads("induction")[0][:2]
        (1, 3)
        """
        if kind not in self.scores:
            raise UnknownNameError(
                f"There is no type of heads {kind!r}.", nearest(kind, self.scores)
            )
        found = [
            (layer, head, float(self.scores[kind][layer, head]))
            for layer, row in enumerate(self.labels)
            for head, labels in enumerate(row)
            if kind in labels
        ]
        return sorted(found, key=lambda item: -item[2])

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a head.

        Returns
        -------
        pandas.DataFrame
            Columns ``layer`` (the model's own number), ``head``, a score for each type, and
            ``types``, separated by commas.

        Raises
        ------
        MissingDependencyError
            When pandas is not installed.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> head_types(lmw.load("tiny")).to_dataframe()["types"].iloc[-1]
        'induction, first-token'
        """
        table = heads_table(self.scores, self.layer_numbers)
        named = {
            (self.layer_numbers[layer], head): ", ".join(labels)
            for layer, row in enumerate(self.labels)
            for head, labels in enumerate(row)
        }
        places = zip(table["layer"], table["head"], strict=True)
        return table.assign(types=[named[place] for place in places])


def head_types(
    lm: LanguageModel, text: Any = None, *, seed: int = 0, length: int = 64
) -> HeadTypes:
    """Return what each head of a model does, found on ordinary text and on repeated random tokens.

    Two passes: one over the text, one over random words that are written twice, where an earlier
    copy can be found by nothing but the repetition.

    Parameters
    ----------
    lm : LanguageModel
        Causal, masked or an encoder; of an encoder-decoder the encoder is looked at.
    text : str, list of dict, tuple of (str, str), or Tokens, optional
        Ordinary text; default: a paragraph in English.
    seed : int, default 0
        For the random tokens.
    length : int, default 64
        Random tokens before they are repeated; fewer when the context is too short.

    Returns
    -------
    HeadTypes
        Scores and labels of every head; as text, an overview.

    Raises
    ------
    InputError
        When the text is too long or has one token only, or the length is below 2.
    NoAttentionError
        When the model has no attention.

    References
    ----------
    Elhage et al. (2021), A Mathematical Framework for Transformer Circuits;
    Olsson et al. (2022), In-context Learning and Induction Heads;
    Voita et al. (2019), https://aclanthology.org/P19-1580;
    Clark et al. (2019), https://aclanthology.org/W19-4828

    Examples
    --------
    >>> import lmwidget as lmw
    >>> types = head_types(lmw.load("tiny"))
    >>> types.heads("induction")[0][:2]
    (1, 3)
    """
    if length < 2:
        raise InputError("Random tokens have to be at least 2.", "Leave out length.")
    natural = lm.attention(TEXT if text is None else text, truncate=text is None)
    if len(natural.tokens) < 2:
        raise InputError("One token has nothing else to look at.", "Give a longer text.")
    repeated, start, period = repeated_tokens(lm, natural.tokens, length, seed)
    second = list(range(start + period, start + 2 * period))
    copies: dict[str, Region] = {
        "duplicate-token": lambda query, key: key == query - period,
        "induction": lambda query, key: key == query - period + 1,
    }
    found = excess(natural, _places(natural))
    found |= excess(lm.attention(repeated), copies, second)
    found["broad"] = head_statistics(natural).evenness
    scores = {name: found[name] for name in DEFINITIONS if name in found}
    counts = [natural.heads(layer) for layer in range(len(natural))]
    return HeadTypes(
        scores,
        {name: DEFINITIONS[name][1] for name in scores},
        tuple(
            tuple(_labels(scores, layer, head) for head in range(count))
            for layer, count in enumerate(counts)
        ),
        layer_numbers=natural.layer_numbers,
        model=lm.name,
        settings={"text": natural.tokens.text, "seed": seed, "length": period},
    )


def _places(natural: Any) -> dict[str, Region]:
    breaks = separators(natural.tokens)
    places: dict[str, Region] = {
        "previous-token": lambda query, key: key == query - 1,
        "self": lambda query, key: key == query,
        "next-token": lambda query, key: key == query + 1,
        "first-token": lambda _, key: key == 0,
        "separator": lambda _, key: breaks[key],
        "local": lambda query, key: np.abs(query - key) <= _NEAR,
    }
    if natural.causal:
        del places["next-token"]
    return places


def _labels(scores: dict[str, Scores], layer: int, head: int) -> tuple[str, ...]:
    lead = {
        name: float(values[layer, head]) / DEFINITIONS[name][1] for name, values in scores.items()
    }
    named = sorted((name for name in lead if lead[name] >= 1), key=lambda name: -lead[name])
    if {"previous-token", "self", "next-token"} & set(named):
        named = [name for name in named if name != "local"]
    return tuple(named) or (MIXED,)
