"""Baselines: embeddings that stand for "nothing said"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lmwidget.attribution.completeness import completeness_gap
from lmwidget.attribution.target_function import TargetFunction
from lmwidget.attribution.targets import token_id
from lmwidget.errors import InputError, UnknownNameError, nearest
from lmwidget.results import Check

BASELINES = ("mean", "pad", "mask", "zero")
_CHUNK = 4096


@dataclass(frozen=True)
class Baseline:
    """Where a path begins.

    Attributes
    ----------
    name : str
        What was asked for, resolved.
    embeddings : Tensor of float32, shape (token, width)
        One embedding a token.
    description : str
        For sentences.
    """

    name: str
    embeddings: Tensor
    description: str


def make_baseline(f: TargetFunction, name: str | None, *, keep_special: bool) -> Baseline:
    """Return the embeddings of a baseline.

    Parameters
    ----------
    f : TargetFunction
        What is explained.
    name : str or None
        ``"mean"``: average embedding of the vocabulary; ``"pad"``, ``"mask"``: that token;
        ``"zero"``: zeros; any other text: the token that is exactly this text. None takes the
        padding token where the tokenizer has one for nothing else, otherwise the average.
    keep_special : bool
        True leaves special tokens such as ``[CLS]`` as they are.

    Returns
    -------
    Baseline
        Name and embeddings.

    Raises
    ------
    InputError
        When the tokenizer has no such token.
    UnknownNameError
        When the text is no token at all.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> from lmwidget.attribution.question import Question
    >>> lm = lmw.load("tiny")
    >>> with TargetFunction(Question(lm, lm.tokenize("the king"))) as f:
    ...     float(make_baseline(f, "zero", keep_special=True).embeddings.norm())
    0.0
    """
    name = _default(f) if name is None else name
    own = f.embeddings.float()
    if name == "zero":
        values, description = torch.zeros_like(own), "zeros"
    elif name == "mean":
        values, description = _mean(f).expand_as(own).clone(), "the vocabulary's average embedding"
    else:
        token = _token(f, name)
        values, description = (
            embed_text(f, np.full(len(own), token)),
            f"{f.lm.token_text(token)!r} at every token",
        )
    return Baseline(name, keep_specials(f, values) if keep_special else values, description)


def keep_specials(f: TargetFunction, values: Tensor) -> Tensor:
    """Put the text's own special tokens into other embeddings.

    Parameters
    ----------
    f : TargetFunction
        What is explained.
    values : Tensor of float32, shape (…, token, width)
        Changed in place.

    Returns
    -------
    Tensor
        The same.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> from lmwidget.attribution.question import Question
    >>> lm = lmw.load("tiny")
    >>> with TargetFunction(Question(lm, lm.tokenize("the king"))) as f:
    ...     float(keep_specials(f, f.embeddings.float() * 0).norm())  # it has none
    0.0
    """
    own = f.embeddings.float()
    special = [i for i, kind in enumerate(f.tokens.kinds) if kind == "special"]
    values[..., special, :] = own[special]
    return values


def gain_check(f: TargetFunction, start: str, total: float, expected: float) -> Check:
    """Return whether scores sum to what the target gains from a baseline to the text.

    Parameters
    ----------
    f : TargetFunction
        What is explained.
    start : str
        The baseline in words.
    total : float
        Sum of the scores.
    expected : float
        What the target gains.

    Returns
    -------
    Check
        The completeness gap; not passed above a tenth.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> from lmwidget.attribution.question import Question
    >>> lm = lmw.load("tiny")
    >>> with TargetFunction(Question(lm, lm.tokenize("the king"))) as f:
    ...     gain_check(f, "zeros", 3.0, 4.0).relative
    0.25
    """
    unit = f.question.unit
    beside = f"the {unit} changes by {expected:.3g} from the baseline ({start}) to the text"
    return completeness_gap(total, expected, beside)


def _default(f: TargetFunction) -> str:
    tokenizer: Any = f.lm.tokenizer
    others = (tokenizer.eos_token_id, tokenizer.bos_token_id, tokenizer.unk_token_id)
    pad = tokenizer.pad_token_id
    return "mean" if pad is None or pad in others or pad >= _vocabulary(f) else "pad"


def _token(f: TargetFunction, name: str) -> int:
    if not isinstance(name, str):
        raise InputError(f"The baseline is a {type(name).__name__}.", nearest(name, BASELINES))
    if name in {"pad", "mask"}:
        token = getattr(f.lm.tokenizer, f"{name}_token_id")
        if token is None or token >= _vocabulary(f):
            raise InputError(
                f"{f.lm.name} has no {name} token to use as baseline.", "Use 'mean' or 'zero'."
            )
        return int(token)
    try:
        return token_id(f.lm, name, "baseline")
    except InputError as error:
        guess = nearest(name, BASELINES)
        if guess.startswith("Did"):
            raise UnknownNameError(f"There is no baseline {name!r}.", guess) from error
        raise


def embed_text(f: TargetFunction, ids: NDArray[np.int64]) -> Tensor:
    """Return the model's embeddings of another text of the same length.

    Parameters
    ----------
    f : TargetFunction
        What is explained.
    ids : ndarray of int64, shape (token,)
        Token ids.

    Returns
    -------
    Tensor of float32, shape (token, width)
        Where the text's own embeddings are.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> from lmwidget.attribution.question import Question
    >>> lm = lmw.load("tiny")
    >>> with TargetFunction(Question(lm, lm.tokenize("the king"))) as f:
    ...     bool((embed_text(f, f.tokens.ids) == f.embeddings).all())
    True
    """
    given = torch.tensor(np.asarray(ids)[None], device=f.lm.device)
    return f.call.embed(given)[0].to(f.embeddings.device, torch.float32)


def _mean(f: TargetFunction) -> Tensor:
    # Through the module, not its table: Gemma scales what it looks up.
    rows = _vocabulary(f)
    total = torch.zeros(f.embeddings.shape[-1], device=f.embeddings.device)
    for ids in torch.arange(rows, device=f.lm.device).split(_CHUNK):
        total += f.call.embed(ids[None])[0].float().sum(0).to(total.device)
    return total / rows


def _vocabulary(f: TargetFunction) -> int:
    table: Any = getattr(f.call.module, "weight", None)
    return int(table.shape[0]) if isinstance(table, Tensor) else len(f.lm.tokenizer)
