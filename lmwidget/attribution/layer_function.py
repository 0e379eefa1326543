"""The number that is explained, as a function of what one layer hands to the next."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from lmwidget.attribution.target_function import TargetFunction
from lmwidget.capture.blocks import stacks
from lmwidget.errors import InputError, UnavailableError


class LayerFunction:
    """A ``TargetFunction`` of the output of a layer instead of the embeddings.

    Parameters
    ----------
    f : TargetFunction
        Entered.
    layer : int
        Number of the block whose output it is, from 0; negative from the last. Of an
        encoder-decoder a block of the encoder, which reads the tokens.

    Attributes
    ----------
    embeddings : Tensor, shape (token, width)
        Output of the layer for the text itself.
    value : float
        The number that is explained.

    Raises
    ------
    InputError
        When there is no such layer.
    UnavailableError
        When the model has no layers that can be found.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> from lmwidget.attribution.question import Question
    >>> lm = lmw.load("tiny")
    >>> with TargetFunction(Question(lm, lm.tokenize("the king"))) as f:
    ...     layer = LayerFunction(f, 0)
    ...     float(layer.values(layer.embeddings[None])[0]) == f.value
    True
    """

    def __init__(self, f: TargetFunction, layer: int) -> None:
        self.f, self.value = f, f.value
        self._text = f.embeddings
        self._block, self.embeddings = self._found(layer)

    def of(self, embeddings: Tensor) -> Tensor:
        """Return the output of the layer for other embeddings of the tokens.

        Parameters
        ----------
        embeddings : Tensor, shape (token, width)
            In place of the text's own.

        Returns
        -------
        Tensor of float32, shape (token, width)
            Without graph.
        """
        found = self._read(self._block, embeddings)
        assert found is not None
        return found.float()

    def at(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Return value and gradient at other outputs of the layer, in one batch.

        Parameters
        ----------
        points : Tensor, shape (point, token, width)
            In place of the text's own.

        Returns
        -------
        tuple of Tensor
            Values, float32 (point,), and gradients, float32 (point, token, width).
        """
        values = torch.zeros(len(points), device=points.device)
        gradients = torch.zeros(points.shape, device=points.device)
        leaf = points.to(self.embeddings.dtype).requires_grad_()
        with _Replaced(self._block, leaf):
            for score in self.f.scores(self._text.expand(len(points), -1, -1)):
                (found,) = torch.autograd.grad(score.sum(), [leaf])
                values += score.detach().to(values.device)
                gradients += found.float().to(gradients.device)
        return values, gradients

    def values(self, points: Tensor) -> Tensor:
        """Return the value at other outputs of the layer, in one batch, without gradients.

        Parameters
        ----------
        points : Tensor, shape (point, token, width)
            In place of the text's own.

        Returns
        -------
        Tensor of float32, shape (point,)
            Values.
        """
        with _Replaced(self._block, points.to(self.embeddings.dtype)):
            return self.f.values(self._text.expand(len(points), -1, -1))

    def _found(self, layer: int) -> tuple[nn.Module, Tensor]:
        """Return a block of the stack that reads the tokens, and its output."""
        if isinstance(layer, bool) or not isinstance(layer, int):
            raise InputError(f"layer is {layer!r}.", "Give the number of a layer, such as 0.")
        for blocks in stacks(self.f.lm.model):
            output = self._read(blocks[0], self._text)
            if output is None:
                continue
            if not -len(blocks) <= layer < len(blocks):
                raise InputError(
                    f"There is no layer {layer}: {self.f.lm.name} has {len(blocks)}.",
                    f"Choose one from 0 to {len(blocks) - 1}.",
                )
            found = self._read(blocks[layer], self._text)
            if found is not None:
                return blocks[layer], found
        raise UnavailableError(
            f"The layers of {self.f.lm.name} cannot be told apart.", "Leave layer= out."
        )

    def _read(self, block: nn.Module, embeddings: Tensor) -> Tensor | None:
        """Return what a block puts out, if it has a row for each token."""
        outputs: list[Any] = []
        hook = block.register_forward_hook(lambda module, args, output: outputs.append(output))  # noqa: ARG005
        try:
            with torch.no_grad():
                next(self.f.scores(embeddings[None]))
        finally:
            hook.remove()
        hidden = _hidden(outputs[0]) if outputs else None
        if not isinstance(hidden, Tensor) or hidden.dim() != 3 or len(hidden) != 1:
            return None
        return hidden[0, : len(embeddings)] if hidden.shape[1] >= len(embeddings) else None


class _Replaced:
    """Puts something in place of what a block puts out, for the tokens of the text."""

    def __init__(self, block: nn.Module, points: Tensor) -> None:
        self._block, self._points = block, points

    def __enter__(self) -> None:
        self._hook = self._block.register_forward_hook(self._replace)

    def __exit__(self, *exception: object) -> None:
        self._hook.remove()

    def _replace(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> Any:
        del module, args
        hidden = _hidden(output)
        behind = hidden[:, self._points.shape[1] :]  # tokens of a phrase
        given = torch.cat([self._points.to(hidden.device), behind], dim=1)
        return (given, *output[1:]) if isinstance(output, tuple) else given


def _hidden(output: Any) -> Any:
    return output[0] if isinstance(output, tuple) else output
