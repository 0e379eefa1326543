"""The tokens that a model holds for most alike: nearest in its table of embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from lmwidget.capture.gradients import EmbeddingCall

if TYPE_CHECKING:
    from lmwidget.models.reader import Reader

_CHUNK = 8192  # rows of the table at once
_LOOKED_AT = 256  # nearest tokens, of which those of another kind are left out


@dataclass(frozen=True)
class Neighbours:
    """What may stand in the place of one token.

    Attributes
    ----------
    ids : ndarray of int64, shape (neighbour,)
        Nearest first.
    distances : ndarray of float32, shape (neighbour,)
        Length of the difference by the length of the token's own embedding.
    """

    ids: NDArray[np.int64]
    distances: NDArray[np.float32]


def neighbours(
    lm: Reader, call: EmbeddingCall, ids: NDArray[np.int64], count: int
) -> list[Neighbours]:
    """Return the nearest tokens of the same kind, by the cosine of their embeddings.

    The same kind is: with or without a space in front, or as a continuation; letters in the same
    case, digits, or other signs. Special tokens are left out.

    Parameters
    ----------
    lm : Reader
        Knows what tokens are as text.
    call : EmbeddingCall
        How the model embeds them.
    ids : ndarray of int, shape (token,)
        Tokens.
    count : int
        Most neighbours of each.

    Returns
    -------
    list of Neighbours
        One a token; fewer, or none, where there are not as many of its kind among the nearest.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> from lmwidget.capture.gradients import EmbeddingLeaves
    >>> lm = lmw.load("tiny")
    >>> tokens = lm.tokenize("The king")
    >>> with EmbeddingLeaves(lm.model) as run:
    ...     _ = run.forward(lm.inputs(tokens))
    ...     found = neighbours(lm, run.calls["input_ids"], tokens.ids, 3)
    >>> [lm.token_text(int(i))[0] for i in found[1].ids]
    [' ', ' ', ' ']
    """
    distinct = np.unique(ids)
    own = _embedded(lm, call, torch.as_tensor(distinct))
    near = _nearest(lm, call, normalize(own, dim=-1))
    special = set(getattr(lm.tokenizer, "all_special_ids", ()))
    found: dict[int, Neighbours] = {}
    for row, token in enumerate(distinct.tolist()):
        kind = _kind(lm, token)
        same = [
            other
            for other in near[row].tolist()
            if other != token and other not in special and _kind(lm, other) == kind
        ][:count]
        vectors = _embedded(lm, call, torch.as_tensor(same, dtype=torch.long))
        lengths = (vectors - own[row]).norm(dim=-1) / own[row].norm()
        found[token] = Neighbours(np.asarray(same, np.int64), lengths.cpu().numpy())
    return [found[token] for token in ids.tolist()]


def _nearest(lm: Reader, call: EmbeddingCall, own: Tensor) -> NDArray[np.int64]:
    """Return the nearest rows of the table, nearest first, shape (token, near)."""
    best = torch.full((len(own), 0), 0.0, device=own.device)
    which = torch.zeros((len(own), 0), dtype=torch.long, device=own.device)
    for ids in torch.arange(_rows(lm, call)).split(_CHUNK):
        cosines = own @ normalize(_embedded(lm, call, ids), dim=-1).T
        best = torch.cat([best, cosines], dim=1)
        which = torch.cat([which, ids.to(own.device).expand(len(own), -1)], dim=1)
        best, order = best.topk(min(_LOOKED_AT, best.shape[1]), dim=1)
        which = which.gather(1, order)
    return which.cpu().numpy()


def _rows(lm: Reader, call: EmbeddingCall) -> int:
    table: Any = getattr(call.module, "weight", None)
    rows = int(table.shape[0]) if isinstance(table, Tensor) else len(lm.tokenizer)
    return min(rows, len(lm.tokenizer) or rows)


def _embedded(lm: Reader, call: EmbeddingCall, ids: Tensor) -> Tensor:
    # Through the module, not its table: Gemma scales what it looks up.
    if not len(ids):
        ids = torch.zeros(1, dtype=torch.long)
        return call.embed(ids[None].to(lm.device))[0, :0].float()
    return call.embed(ids[None].to(lm.device))[0].float()


def _kind(lm: Reader, token: int) -> tuple[bool, bool, str]:
    text = lm.token_text(token)
    raw = str(lm.tokenizer.convert_ids_to_tokens(token))
    bare = text.strip()
    if bare.isalpha():
        case = "lower" if bare.islower() else "title" if bare.istitle() else "upper" if bare.isupper() else "letters"  # fmt: skip
    else:
        case = "digits" if bare.isdigit() else "signs" if bare else "space"
    return text[:1].isspace(), raw.startswith("##"), case
