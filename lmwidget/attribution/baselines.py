"""Baselines: embeddings that stand for "nothing said"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lmwidget.attribution.target_function import TargetFunction
from lmwidget.attribution.targets import token_id
from lmwidget.errors import InputError, UnknownNameError, nearest

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
        values, description = _embed(f, token), f"{f.lm.token_text(token)!r} at every token"
    if keep_special:
        special = torch.tensor([kind == "special" for kind in f.tokens.kinds], device=own.device)
        values[: len(special)][special] = own[: len(special)][special]
    return Baseline(name, values, description)


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


def _embed(f: TargetFunction, token: int) -> Tensor:
    ids = torch.full((1, len(f.embeddings)), token, device=f.lm.device)
    return f.call.embed(ids)[0].to(f.embeddings.device, torch.float32)


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
