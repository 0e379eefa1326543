"""A user's own PyTorch module, called the way the rest of lmwidget calls models."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from lmwidget.capture.guard import as_found
from lmwidget.errors import InputError, ModelMismatchError
from lmwidget.models.wrappers import is_transformers, serial

Forward = Callable[[Any, Tensor], Any]
_BATCH, _LENGTH, _CHANGED = 2, 5, 2


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


class OwnModule(nn.Module):
    """Calls a module with token ids of shape (batch, token) and gives back its logits.

    The module itself is not changed; its parts keep their names here, and its attributes can be
    read here.

    Parameters
    ----------
    module : torch.nn.Module
        From token ids to logits: a tensor (batch, token, vocabulary) or (batch, class), a tuple
        whose first item it is, or something with ``.logits``.
    forward : callable, optional
        ``forward(module, ids)`` instead of ``module(ids)``, for modules that need more.
    form : Form, optional
        What it makes of ids; default: found out.
    probe : Tensor of int, shape (2, 5), optional
        Ids to find it out with.

    Raises
    ------
    ModelMismatchError
        When the module needs more than ids, cannot be run on them, or gives no logits.

    Examples
    --------
    >>> model = OwnModule(nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 9)))
    >>> model(torch.tensor([[1, 2, 3]])).logits.shape
    torch.Size([1, 3, 9])
    """

    def __init__(
        self,
        module: nn.Module,
        forward: Forward | None = None,
        *,
        form: Form | None = None,
        probe: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.module = module
        self.call = forward
        self._check_arguments()
        self.probe = (torch.arange(_BATCH * _LENGTH) % 2).reshape(_BATCH, -1)
        self.probe = self.probe if probe is None else probe
        self.output_form = Form(0)
        self.output_form = self._find_form(self.probe) if form is None else form

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == "module":
                raise
            return getattr(self.module, name)

    @property
    def differentiable(self) -> bool:
        """Whether gradients pass through it; a module without any says so itself.

        Returns
        -------
        bool
            The module's own ``differentiable``, or True.

        Examples
        --------
        >>> OwnModule(nn.Embedding(9, 9)).differentiable
        True
        """
        return bool(getattr(self.module, "differentiable", True))

    @property
    def config(self) -> Any:
        """The module's own settings.

        Returns
        -------
        object
            Its ``config``, or None.

        Examples
        --------
        >>> OwnModule(nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 9))).config is None
        True
        """
        return getattr(self.module, "config", None)

    def named_modules(
        self,
        memo: set[nn.Module] | None = None,
        prefix: str = "",
        remove_duplicate: bool = True,  # noqa: FBT001, FBT002, as in PyTorch
    ) -> Iterator[tuple[str, nn.Module]]:
        """Yield the parts of the module under their own names.

        Parameters
        ----------
        memo, prefix, remove_duplicate
            As in PyTorch.

        Yields
        ------
        tuple of (str, torch.nn.Module)
            This wrapper and the module both have the name ``""``.
        """
        yield prefix, self
        yield from self.module.named_modules(memo, prefix, remove_duplicate)

    def takes(self, argument: str) -> bool:
        """Return whether the module names an argument that can be passed on.

        Parameters
        ----------
        argument : str
            For example ``"attention_mask"``.

        Returns
        -------
        bool
            Never when it is called through a function of the user.

        Examples
        --------
        >>> OwnModule(nn.Embedding(9, 4)).takes("attention_mask")
        False
        """
        return self.call is None and argument in inspect.signature(self.module.forward).parameters

    def forward(self, input_ids: Tensor, **kwargs: Any) -> Any:
        """Return the logits for ids.

        Parameters
        ----------
        input_ids : Tensor of int, shape (batch, token)
            Token ids.
        **kwargs
            Passed on to the module.

        Returns
        -------
        types.SimpleNamespace
            ``logits``: (batch, token or 1, vocabulary), or (batch, class or vocabulary).
        """
        logits = self._run(input_ids, self.output_form.time_first, kwargs)
        if logits.dim() == 3 and self.output_form.time_first:
            logits = logits.transpose(0, 1)
        return SimpleNamespace(logits=logits)

    def _run(self, ids: Tensor, time_first: bool, kwargs: Mapping[str, Any]) -> Tensor:  # noqa: FBT001
        ids = ids.T if time_first else ids
        if self.takes("attention_mask"):
            kwargs = {"attention_mask": torch.ones_like(ids), **kwargs}
        output = self.module(ids, **kwargs) if self.call is None else self.call(self.module, ids)
        return _logits_in(output, type(self.module).__name__)

    def _check_arguments(self) -> None:
        if self.call is not None:
            return
        parameters = list(inspect.signature(self.module.forward).parameters.values())
        needed = [
            p.name
            for p in parameters[1:]
            if p.default is p.empty
            and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
            and p.name != "attention_mask"
        ]
        if needed:
            raise ModelMismatchError(
                f"{type(self.module).__name__} needs {' and '.join(needed)} besides token ids.",
                "Say how to call it: LanguageModel(model, tokenizer, "
                f"forward=lambda model, ids: model(ids, {needed[0]}=…)).",
            )

    def _find_form(self, ids: Tensor) -> Form:
        tables: list[nn.Embedding] = []
        hooks = [
            module.register_forward_hook(
                lambda table, args, _: tables.append(table) if _same(args, ids) else None
            )
            for module in self.module.modules()
            if isinstance(module, nn.Embedding)
        ]
        changed = ids.clone()
        changed[0, _CHANGED] = ids[ids != ids[0, _CHANGED]][0]
        time_first = False
        try:
            with as_found(self), torch.no_grad():
                shape, differs = self._compare(ids, changed, time_first=False)
                if shape is None or bool(differs[1].any()):
                    other = self._compare(ids, changed, time_first=True)
                    if other[0] is not None and not bool(other[1][1].any()):
                        time_first, (shape, differs) = True, other
        finally:
            for hook in hooks:
                hook.remove()
        if shape is None:
            raise ModelMismatchError(
                f"{type(self.module).__name__} gives numbers of another shape than logits.",
                "It has to give (batch, token, vocabulary) or (batch, class); say how with "
                "LanguageModel(model, tokenizer, forward=lambda model, ids: …).",
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
        self, ids: Tensor, changed: Tensor, *, time_first: bool
    ) -> tuple[tuple[int, ...] | None, Tensor]:
        """Return the shape of the output, and where it changes with one token: (batch, token)."""
        try:
            first, second = (self._run(given, time_first, {}) for given in (ids, changed))
        except ModelMismatchError:
            raise
        except Exception as error:
            if time_first:
                return None, torch.zeros(0)
            raise ModelMismatchError(
                f"{type(self.module).__name__} cannot be run on token ids of shape "
                f"({_BATCH}, {_LENGTH}): {type(error).__name__}: {error}",
                "Give its own tokenizer, or say how to call it: LanguageModel(model, tokenizer, "
                "forward=lambda model, ids: …).",
            ) from error
        if first.dim() not in (2, 3):
            return None, torch.zeros(0)
        scale = float(first.float().abs().max().nan_to_num()) if first.numel() else 0.0
        differs = ((second - first).float().abs() > 1e-6 * scale).any(-1)
        if first.dim() == 3:
            differs = differs.T if time_first else differs
            fits = differs.shape[0] == _BATCH and differs.shape[1] in (1, _LENGTH)
        else:
            fits = len(first) == _BATCH
            differs = differs[:, None]
        return (tuple(first.shape) if fits else None), differs


def _same(args: tuple[Any, ...], ids: Tensor) -> bool:
    given = args[0] if args else None
    return isinstance(given, Tensor) and (
        (given.shape == ids.shape and torch.equal(given, ids))
        or (given.shape == ids.T.shape and torch.equal(given, ids.T))
    )


def _logits_in(output: Any, name: str) -> Tensor:
    if isinstance(output, Mapping):
        output = output.get("logits", next(iter(output.values()), None))
    else:
        output = getattr(output, "logits", output)
    while isinstance(output, tuple | list) and output:
        output = output[0]
    if not isinstance(output, Tensor):
        raise ModelMismatchError(
            f"{name} returns a {type(output).__name__}, where logits are needed.",
            "Return a tensor, a tuple whose first item it is, or an object with .logits; or say "
            "where they are with LanguageModel(model, tokenizer, forward=…).",
        )
    return output


def as_model(
    model: nn.Module, forward: Forward | None, tokens: int | None
) -> tuple[nn.Module, str | None]:
    """Return a model as the rest of lmwidget calls it, and what it is for.

    Parameters
    ----------
    model : torch.nn.Module
        A model of transformers, returned as it is, or any other module.
    forward : callable, optional
        ``forward(model, ids)`` instead of ``model(ids)``.
    tokens : int or None
        Size of the tokenizer, where it is known.

    Returns
    -------
    tuple of (torch.nn.Module, str or None)
        The model, and its task where its output told it.

    Raises
    ------
    ModelMismatchError
        When the module cannot be called with ids alone, or gives no logits.

    Examples
    --------
    >>> bigram = nn.Embedding(9, 9)
    >>> as_model(bigram, None, 9)[1]
    'causal'
    """
    model = serial(model)
    if isinstance(model, OwnModule):
        return model, model.output_form.task(tokens)
    if forward is None and is_transformers(model):
        return model, None
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    own = OwnModule(model, forward, probe=probe_ids(tokens, device))
    return own, own.output_form.task(tokens)


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
