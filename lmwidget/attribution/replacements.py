"""What could stand in the place of each token, according to a language model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lmwidget.attribution.rows import Removal
from lmwidget.attribution.targets import token_id
from lmwidget.errors import InputError, UnavailableError
from lmwidget.models.tasks import logit_table

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel
    from lmwidget.tokens import Tokens

MOST = 10
"Candidates for one place."
_LOOKED_AT = 50


@dataclass(frozen=True)
class Candidates:
    """What could stand in one place.

    Attributes
    ----------
    ids : ndarray of int64, shape (candidate,)
        Other tokens than the one that stands there, likeliest first.
    shares : ndarray of float64, shape (candidate,)
        Their probabilities, scaled to sum to 1.
    """

    ids: NDArray[np.int64]
    shares: NDArray[np.float64]


def candidates(
    lm: LanguageModel, tokens: Tokens, places: NDArray[np.intp], filler: LanguageModel | None
) -> list[Candidates]:
    """Return what could stand in some places of a text.

    Parameters
    ----------
    lm : LanguageModel
        The model that reads the text.
    tokens : Tokens
        The text.
    places : ndarray of int, shape (place,)
        Tokens.
    filler : LanguageModel, optional
        A causal or masked model that fills the places; default: the model itself.

    Returns
    -------
    list of Candidates
        One a place; empty where there is nothing, such as for a part of a character.

    Raises
    ------
    InputError
        When the filler fills nothing.

    Examples
    --------
    >>> import lmwidget as lmw, numpy as np
    >>> lm = lmw.load("tiny")
    >>> found = candidates(lm, lm.tokenize("The king said"), np.array([1]), None)
    >>> len(found[0].ids)
    10
    """
    fills = filler or lm
    if fills.task not in {"causal", "masked"}:
        raise InputError(
            f"{fills.name} fills no gaps, so there is nothing to put in the place of tokens.",
            "Give filler=, a causal or masked language model.",
        )
    if fills is lm and lm.task == "causal":
        return _continued(lm, tokens, places)
    if fills is lm:
        return [_chosen(lm, _masked(lm, tokens, int(i)), {int(tokens.ids[i])}) for i in places]
    return [_translated(lm, tokens, int(i), fills) for i in places]


def _continued(lm: LanguageModel, tokens: Tokens, places: NDArray[np.intp]) -> list[Candidates]:
    """Each place is filled behind what stands in front of it, all in one pass."""
    ids, moved = tokens.ids.tolist(), 0
    if lm.context_length is None or len(ids) < lm.context_length:
        try:
            ids, moved = [Removal(lm, tokens, None).nothing, *ids], 1
        except UnavailableError:
            moved = 0
    table = logit_table(lm.run(lm.arguments(torch.tensor(ids)[None])), "next token")[0]
    if len(table) < len(ids):
        raise InputError(f"{lm.name} predicts at the end of a text only.", "Give filler=.")
    found = []
    for i in places.tolist():
        at = i - 1 + moved
        own = {int(tokens.ids[i])}
        found.append(_chosen(lm, table[at], own) if at >= 0 else _none())
    return found


def _masked(lm: LanguageModel, tokens: Tokens, place: int) -> Tensor:
    ids = tokens.ids.copy()
    ids[place] = lm.tokenizer.mask_token_id
    segments = torch.tensor(tokens.segments)[None]
    output = lm.run(lm.arguments(torch.tensor(ids)[None], segments=segments))
    return logit_table(output, "masked token")[0, place]


def _chosen(lm: LanguageModel, logits: Tensor, without: set[int]) -> Candidates:
    special = set(getattr(lm.tokenizer, "all_special_ids", ()))
    logits = logits.detach().double().cpu()
    order = logits.topk(min(len(logits), MOST + len(without | special))).indices.tolist()
    ids = [token for token in order if token not in without | special][:MOST]
    return _shared(ids, logits[ids])


def _translated(lm: LanguageModel, tokens: Tokens, place: int, filler: LanguageModel) -> Candidates:
    """Let a model with other tokens fill the gap, and find what it says among our tokens, as text."""
    start, end = tokens.spans[place].tolist()
    piece = tokens.text[start:end]
    if tokens.kinds[place] != "text" or not piece.strip():
        return _none()
    lead = piece[: len(piece) - len(piece.lstrip())]
    if filler.task == "causal":
        before = tokens.text[:start]
        if not before.strip():
            return _none()
        read = filler.tokenize(before, truncate=True)
        logits = logit_table(filler.forward(read), "next token")[0, -1]
    else:
        gap = f"{tokens.text[:start]}{lead}{filler.tokenizer.mask_token}{tokens.text[end:]}"
        read = filler.tokenize(gap)
        (at,) = np.flatnonzero(read.ids == filler.tokenizer.mask_token_id)
        logits = logit_table(filler.forward(read), "masked token")[0, at]
    logits = logits.detach().double().cpu()
    found: dict[int, float] = {}
    for token in logits.topk(min(len(logits), _LOOKED_AT)).indices.tolist():
        text = lead + filler.token_text(token).strip()
        try:
            found.setdefault(token_id(lm, text), float(logits[token]))
        except InputError:
            continue
    found.pop(int(tokens.ids[place]), None)
    ids = list(found)[:MOST]
    return _shared(ids, torch.tensor([found[i] for i in ids], dtype=torch.float64))


def _shared(ids: list[int], logits: Tensor) -> Candidates:
    if not bool(logits.isfinite().all()):
        raise UnavailableError(
            "What the model puts in a gap has logits that are no numbers.",
            "Run it in a higher precision.",
        )
    return Candidates(np.asarray(ids, np.int64), logits.softmax(-1).numpy()) if ids else _none()


def _none() -> Candidates:
    return Candidates(np.zeros(0, np.int64), np.zeros(0))
