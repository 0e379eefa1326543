"""A user's own PyTorch module, called the way the rest of lmwidget calls models."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from lmwidget.capture.guard import as_found
from lmwidget.errors import ModelMismatchError
from lmwidget.models.form import Form, find_form, probe_ids
from lmwidget.models.wrappers import is_transformers, name_of_class, serial

Forward = Callable[[Any, Tensor], Any]


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
        self.probe = probe_ids(2, torch.device("cpu")) if probe is None else probe
        self.output_form = Form(0)
        if form is None:
            with as_found(self):
                form = find_form(module, self.run, self.probe)
        self.output_form = form

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
        logits = self.run(input_ids, time_first=self.output_form.time_first, **kwargs)
        if logits.dim() == 3 and self.output_form.time_first:
            logits = logits.transpose(0, 1)
        return SimpleNamespace(logits=logits)

    def run(self, ids: Tensor, *, time_first: bool, **kwargs: Any) -> Tensor:
        """Return the logits as the module itself gives them.

        Parameters
        ----------
        ids : Tensor of int, shape (batch, token)
            Token ids.
        time_first : bool
            Whether the module gets them as (token, batch).
        **kwargs
            Passed on to the module.

        Returns
        -------
        Tensor
            Its first tensor, or what it calls logits.

        Raises
        ------
        ModelMismatchError
            When there is none.

        Examples
        --------
        >>> OwnModule(nn.Embedding(9, 9)).run(torch.tensor([[1, 2]]), time_first=True).shape
        torch.Size([2, 1, 9])
        """
        ids = ids.T if time_first else ids
        if self.takes("attention_mask"):
            mask = kwargs.get("attention_mask")
            given = mask.T if mask is not None and time_first else mask
            kwargs["attention_mask"] = torch.ones_like(ids) if given is None else given
        output = self.module(ids, **kwargs) if self.call is None else self.call(self.module, ids)
        return _logits_in(output, name_of_class(self.module))

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
                f"{name_of_class(self.module)} needs {' and '.join(needed)} besides token ids.",
                "Say how to call it: LanguageModel(model, tokenizer, "
                f"forward=lambda model, ids: model(ids, {needed[0]}=…)).",
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
