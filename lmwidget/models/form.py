"""What a user's own module makes of token ids, found by running it on a few."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from lmwidget.capture.hooks.interface import uncompiled
from lmwidget.errors import InputError, ModelMismatchError
from lmwidget.models.wrappers import name_of_class

_LENGTHS = (5, 40)  # the second for modules that read no shorter text, such as convolutions
_CHANGED = 2
_REMEDY = "LanguageModel(model, tokenizer, forward=lambda model, ids: …)."


@dataclass(frozen=True)
class Form:
    """What a module makes of token ids, found by running it on a few.

    Attributes
    ----------
    width : int
        Numbers in its last axis: candidates, classes or channels.
    per_token : bool
        Whether there is one row a token; else one a text.
    time_first : bool
        Whether it reads (token, batch).
    looks_ahead : bool
        Whether a token changes what is given for those before it.
    rows : int or None
        Size of the embedding table that is called with the ids.
    last_only : bool
        Whether it gives the last token's row only.
    """

    width: int
    per_token: bool = True
    time_first: bool = False
    looks_ahead: bool = False
    rows: int | None = None
    last_only: bool = False

    def task(self, tokens: int | None) -> str:
        """Return the task that this output is for.

        Parameters
        ----------
        tokens : int or None
            Size of the tokenizer, where it is known.

        Returns
        -------
        str
            ``"causal"``, ``"masked"``, ``"sequence-classification"`` or ``"encoder"``.

        Examples
        --------
        >>> Form(3, per_token=False).task(100)
        'sequence-classification'
        """
        sizes = [size for size in (tokens, self.rows) if size]
        if sizes and self.width < min(sizes):
            return "encoder" if self.per_token else "sequence-classification"
        return "masked" if self.per_token and self.looks_ahead else "causal"


def probe_ids(tokens: int | None, device: torch.device) -> Tensor:
    """Return ids to try a module on.

    Parameters
    ----------
    tokens : int or None
        Size of the tokenizer, where it is known.
    device : torch.device
        Where the module is.

    Returns
    -------
    Tensor of int64, shape (2, 5)
        Two different ids, past the first few where special tokens stand.

    Raises
    ------
    InputError
        When the tokenizer has less than two tokens.

    Examples
    --------
    >>> probe_ids(100, torch.device("cpu")).tolist()
    [[6, 7, 6, 6, 7], [7, 6, 7, 7, 6]]
    """
    if tokens is not None and tokens < 2:
        raise InputError("The tokenizer has a single token.", "Give the model's own tokenizer.")
    base = 6 if tokens is not None and tokens >= 12 else 0
    pattern = torch.tensor([[0, 1, 0, 0, 1], [1, 0, 1, 1, 0]], device=device)
    return pattern + base


def find_form(module: nn.Module, run: Callable[..., Tensor], ids: Tensor) -> Form:
    """Return what a module makes of token ids.

    One token is changed, and which rows of the output change with it is looked at. So it is told
    whether the first axis is the batch or time, and whether tokens are read in both directions.

    Parameters
    ----------
    module : torch.nn.Module
        The module, in evaluation mode.
    run : callable
        ``run(ids, time_first=…)`` calls it and returns a tensor.
    ids : Tensor of int, shape (2, 5)
        Two texts of two different ids.

    Returns
    -------
    Form
        With the size of the embedding table that was called with the ids.

    Raises
    ------
    ModelMismatchError
        When the module cannot be run, or gives no logits.

    Examples
    --------
    >>> bigram = nn.Embedding(9, 9)
    >>> find_form(bigram, lambda ids, time_first: bigram(ids), probe_ids(9, torch.device("cpu")))
    Form(width=9, per_token=True, time_first=False, looks_ahead=False, rows=9, last_only=False)
    """
    failure: Exception | None = None
    with uncompiled(), torch.no_grad():
        for length in _LENGTHS:
            longer = ids.repeat(1, -(-length // ids.shape[1]))[:, :length]
            try:
                return _tried(module, run, longer)
            except ModelMismatchError:
                raise
            except Exception as error:  # noqa: BLE001, whatever a module may raise
                failure = failure or error
    raise ModelMismatchError(
        f"{name_of_class(module)} cannot be run on token ids of shape {tuple(ids.shape)}: "
        f"{type(failure).__name__}: {failure}",
        f"Give its own tokenizer, or say how to call it: {_REMEDY}",
    ) from failure


def _tried(module: nn.Module, run: Callable[..., Tensor], ids: Tensor) -> Form:
    changed = ids.clone()
    changed[0, _CHANGED] = ids[ids != ids[0, _CHANGED]][0]
    time_first = False
    with _CalledTables(module, ids) as tables:
        shape, differs = _compare(run, ids, changed, time_first=False)
        if shape is None or bool(differs[1].any()):
            try:
                other = _compare(run, ids, changed, time_first=True)
            except Exception:  # noqa: BLE001, then it is not time first
                other = (None, differs)
            if other[0] is not None and not bool(other[1][1].any()):
                time_first, (shape, differs) = True, other
    if shape is None:
        raise ModelMismatchError(
            f"{name_of_class(module)} gives numbers of another shape than logits.",
            f"It has to give (batch, token, vocabulary) or (batch, class); say how with {_REMEDY}",
        )
    one_row = len(shape) == 3 and differs.shape[1] == 1
    return Form(
        width=shape[-1],
        per_token=len(shape) == 3,
        time_first=time_first,
        looks_ahead=len(shape) == 3 and not one_row and bool(differs[0, :_CHANGED].any()),
        rows=tables[0].num_embeddings if tables else None,
        last_only=one_row or len(shape) == 2,
    )


def _compare(
    run: Callable[..., Tensor], ids: Tensor, changed: Tensor, *, time_first: bool
) -> tuple[tuple[int, ...] | None, Tensor]:
    """Return the shape of the output, and where it changes with one token: (batch, token)."""
    first, second = (run(given, time_first=time_first) for given in (ids, changed))
    batch, length = ids.shape
    if first.dim() not in (2, 3):
        return None, torch.zeros(0)
    scale = float(first.float().abs().max().nan_to_num()) if first.numel() else 0.0
    differs = ((second - first).float().abs() > 1e-6 * scale).any(-1)
    if first.dim() == 3:
        differs = differs.T if time_first else differs
        fits = differs.shape[0] == batch and differs.shape[1] in (1, length)
    else:
        fits = len(first) == batch
        differs = differs[:, None]
    return (tuple(first.shape) if fits else None), differs


class _CalledTables:
    """Collects the embedding tables that are called with the ids themselves."""

    def __init__(self, module: nn.Module, ids: Tensor) -> None:
        self._module, self._ids, self._hooks = module, ids, ExitStack()
        self._found: list[nn.Embedding] = []

    def __enter__(self) -> list[nn.Embedding]:
        for table in self._module.modules():
            if isinstance(table, nn.Embedding):
                self._hooks.callback(table.register_forward_hook(self._note).remove)
        return self._found

    def __exit__(self, *exception: object) -> None:
        self._hooks.close()

    def _note(self, table: nn.Module, args: tuple[Any, ...], _: Any) -> None:
        given = args[0] if args else None
        same = (self._ids, self._ids.T)
        if isinstance(given, Tensor) and any(
            given.shape == ids.shape and torch.equal(given, ids) for ids in same
        ):
            assert isinstance(table, nn.Embedding)
            self._found.append(table)
