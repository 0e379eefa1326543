"""Embeddings as leaves of a model's graph: gradients that never touch a parameter."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from lmwidget.capture.backward import ready_for_gradients
from lmwidget.errors import UnavailableError

if TYPE_CHECKING:
    from typing_extensions import Self

# Arguments of a forward pass whose embeddings become leaves, in the order models embed them.
_IDS = ("input_ids", "decoder_input_ids")


@dataclass(frozen=True)
class EmbeddingCall:
    """How a model turned ids into embeddings, to do the same with other ids.

    Attributes
    ----------
    module : torch.nn.Module
        The module that was called with the ids.
    args, kwargs : tuple, dict
        Its arguments.
    place : int or str
        Which of them holds the ids.
    transposed : bool
        True when the ids came as (token, batch), as in XLNet.
    """

    module: nn.Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    place: int | str
    transposed: bool

    def embed(self, ids: Tensor) -> Tensor:
        """Return the embeddings of other ids.

        Parameters
        ----------
        ids : Tensor of int, shape (batch, token)
            Token ids.

        Returns
        -------
        Tensor, shape (batch, token, width)
            Without gradient.

        Examples
        --------
        >>> import torch
        >>> call = EmbeddingCall(torch.nn.Embedding(5, 2), (None,), {}, 0, transposed=False)
        >>> call.embed(torch.tensor([[0, 4, 4]])).shape
        torch.Size([1, 3, 2])
        """
        given = ids.T if self.transposed else ids
        args, kwargs = list(self.args), dict(self.kwargs)
        if isinstance(self.place, int):
            args[self.place] = given
        else:
            kwargs[self.place] = given
        with torch.no_grad():
            out: Tensor = _tensor(self.module(*args, **kwargs))
        return out.transpose(0, 1) if self.transposed else out


class EmbeddingLeaves:
    """Runs a model with the embeddings of its input as leaves, in evaluation mode.

    The ids stay the model's input, so any family works: a hook on the module that is called with
    them replaces what it returns. Inside the ``with`` block gradients are on, whatever the caller
    switched off; the model is handed back as it was found.

    Parameters
    ----------
    model : torch.nn.Module
        Any model that is called with ``input_ids`` (and ``decoder_input_ids``).

    Attributes
    ----------
    leaves : dict of str to Tensor, shape (batch, token, width)
        Embeddings of the last pass, by the name of the argument that held the ids.
    calls : dict of str to EmbeddingCall
        How they were made.

    Raises
    ------
    ModelMismatchError
        When the model was made under ``torch.inference_mode()``: nothing can pass back through it.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> with EmbeddingLeaves(lm.model) as run:
    ...     logits = run.forward(lm.inputs(lm.tokenize("the king said"))).logits
    ...     run.gradient(logits[0, -1, 0]).shape == run.leaves["input_ids"].shape
    True
    """

    def __init__(self, model: nn.Module) -> None:
        self.leaves: dict[str, Tensor] = {}
        self.calls: dict[str, EmbeddingCall] = {}
        self._model = model
        self._table = _input_embeddings(model)
        self._ids: dict[str, Tensor] = {}
        self._values: Mapping[str, Tensor] = {}
        self._stack = ExitStack()
        self._thread = threading.get_ident()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(ready_for_gradients(self._model))
            for module in self._model.modules():
                if module is self._table or _embeds(module):
                    hook = module.register_forward_hook(self._replace, with_kwargs=True)
                    stack.callback(hook.remove)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ids = {}
        self.leaves.clear()
        self._stack.close()

    def forward(self, inputs: Mapping[str, Any], values: Mapping[str, Tensor] | None = None) -> Any:
        """Run the model once and return its output, with :attr:`leaves` in its graph.

        Parameters
        ----------
        inputs : dict
            Keyword arguments of the model, ``input_ids`` of shape (batch, token) among them.
        values : dict of str to Tensor, shape (batch, token, width), optional
            Embeddings to use instead of the model's own, by argument name.

        Returns
        -------
        transformers.utils.ModelOutput
            What the model returned.

        Raises
        ------
        UnavailableError
            When no module of the model is called with the ids.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> inputs = lm.inputs(lm.tokenize("the king"))
        >>> with EmbeddingLeaves(lm.model) as run:
        ...     _ = run.forward(inputs)
        ...     zero = {"input_ids": run.leaves["input_ids"].detach() * 0}
        ...     run.forward(inputs, zero).logits.isfinite().all().item()
        True
        """
        self.leaves.clear()
        self._ids = {name: inputs[name] for name in _IDS if name in inputs}
        self._values = values or {}
        try:
            output = self._model(**inputs)
        finally:
            self._ids = {}
        if "input_ids" not in self.leaves:
            raise UnavailableError(
                f"No embedding in {_class_name(self._model)} is called with the token ids, so "
                "their gradients cannot be read.",
                "Embed the ids in a torch.nn.Embedding, or use a method without gradients, such as "
                "'leave_one_out'.",
            )
        return output

    def gradient(self, score: Tensor, name: str = "input_ids") -> Tensor:
        """Return the gradient of the sum of ``score`` with respect to embeddings.

        Gradients of parameters are neither computed nor stored.

        Parameters
        ----------
        score : Tensor
            Computed from the output of the last pass; its graph is used up.
        name : str, default "input_ids"
            Which embeddings.

        Returns
        -------
        Tensor, shape (batch, token, width)
            In the type of the embeddings.

        Raises
        ------
        UnavailableError
            When the score does not depend on the embeddings in a differentiable way.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> with EmbeddingLeaves(lm.model) as run:
        ...     logits = run.forward(lm.inputs(lm.tokenize("the king"))).logits
        ...     run.gradient(logits[0, 0, 0])[0, 1].abs().max().item()
        0.0
        """
        (found,) = self.gradients(score, [self.leaves[name]])
        if found is None:
            raise self._cut_off()
        return found

    def gradients(self, score: Tensor, places: Sequence[Any]) -> list[Tensor | None]:
        """Return the gradient of the sum of ``score`` with respect to anything in its graph.

        Parameters
        ----------
        score : Tensor
            Computed from the output of the last pass; its graph is used up.
        places : sequence of Tensor or GradientEdge
            Where gradients are read.

        Returns
        -------
        list of (Tensor or None)
            None where the score does not depend on it.

        Raises
        ------
        UnavailableError
            When the score is no part of a graph.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> with EmbeddingLeaves(lm.model) as run:
        ...     logits = run.forward(lm.inputs(lm.tokenize("the king"))).logits
        ...     run.gradients(logits[0, -1, 0], [logits])[0].sum().item()
        1.0
        """
        if not score.requires_grad:
            raise self._cut_off()
        return list(torch.autograd.grad(score.sum(), list(places), allow_unused=True))

    def _cut_off(self) -> UnavailableError:
        return UnavailableError(
            f"No gradient reaches the embeddings of {_class_name(self._model)}: its forward "
            "pass is cut off from them.",
            "Check that it does not run under torch.no_grad() or detach() its embeddings, or use a "
            "method without gradients, such as 'leave_one_out'.",
        )

    def _replace(
        self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any = None
    ) -> Any:
        """Forward hook: return a leaf in place of the embeddings of our ids."""
        # Another thread may meet the hook before torch has noted that it takes kwargs.
        if threading.get_ident() != self._thread:
            return None
        out = _tensor(output)
        found = self._match(module, args, kwargs, out)
        if found is None:
            return None
        name, call = found
        own = out.transpose(0, 1) if call.transposed else out
        leaf = self._values.get(name, own).detach().to(own.device, own.dtype)
        self.leaves[name] = leaf = leaf.clone().requires_grad_()
        self.calls[name] = call
        # A copy, since CTRL, BLT and GIT multiply their embeddings in place.
        given = (leaf.transpose(0, 1) if call.transposed else leaf).clone()
        return (given, *output[1:]) if isinstance(output, tuple) else given

    def _match(
        self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
    ) -> tuple[str, EmbeddingCall] | None:
        if not isinstance(out, Tensor) or out.dim() != 3:
            return None
        arguments: dict[int | str, Any] = dict(enumerate(args))
        arguments.update(kwargs)
        place = next((key for key, value in arguments.items() if isinstance(value, Tensor)), None)
        if place is None or arguments[place].is_floating_point():
            return None
        given = arguments[place]
        for name, ids in self._ids.items():
            if name in self.leaves:
                continue
            same = _equal(given, ids)
            transposed = not same and _equal(given, ids.T)
            # Longformer pads its ids first, Gemma 4 replaces placeholders.
            changed = name == "input_ids" and module is self._table
            if same or transposed or changed:
                return name, EmbeddingCall(module, args, kwargs, place, transposed)
        return None


def _class_name(model: nn.Module) -> str:
    # A user's own module stands inside of a wrapper.
    return type(getattr(model, "module", model)).__name__


def _embeds(module: nn.Module) -> bool:
    return isinstance(module, nn.Embedding) or "embed" in type(module).__name__.lower()


def _input_embeddings(model: nn.Module) -> nn.Module | None:
    # Only a fallback: in T5, BART and thirty other families this module is never called.
    getter: Any = getattr(model, "get_input_embeddings", None)
    try:
        table = getter() if getter is not None else None
    except (AttributeError, NotImplementedError):
        return None
    return table if isinstance(table, nn.Module) else None


def _tensor(output: Any) -> Any:
    return output[0] if isinstance(output, tuple) else output  # I-BERT adds a scale


def _equal(given: Tensor, ids: Tensor) -> bool:
    return given.shape == ids.shape and bool(torch.equal(given.to(ids.device), ids))
