"""What attention heads write into the residual stream, kept as inner products.

Of what head ``h`` writes for position ``j``, ``f_h(x_j) = v_hj W_h``, only inner products between
heads are kept: they give the norm of any sum over heads, at a size linear in the length of the text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from lmwidget.capture.kept.records import Record, grouped

_CHUNK = 1 << 24  # numbers computed at once
_EXACT, _COARSE = 1e-4, 3e-2  # what heads write may differ from what was put out by this share


@dataclass(eq=False)
class Stream:
    """The residual stream beside one attention layer.

    Attributes
    ----------
    gram : Tensor, shape (head, head, position)
        As of :class:`Behind`, behind the norm if one follows the sum.
    cross : Tensor, shape (head, position)
        Inner product of what a head writes of a position and the stream there.
    square : Tensor, shape (position,)
        Squared norm of the stream.
    scale : Tensor, shape (position,)
        What the norm behind the sum multiplies a position by; ones when there is none.
    normalised : bool
        Whether a norm follows the sum (post-norm, as in BERT).
    """

    gram: Tensor
    cross: Tensor
    square: Tensor
    scale: Tensor
    normalised: bool = False


@dataclass(eq=False)
class Behind:
    """What stands behind the heads of one attention layer.

    Attributes
    ----------
    gram : Tensor or None, shape (head, head, position)
        Inner products of what two heads write of a position, in float64.
    stream : Stream or None
        The residual stream, where it was found.
    reason : str
        Why there is no ``gram``.
    """

    gram: Tensor | None
    stream: Stream | None = None
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Projected:
    """Values of one layer, and the matrix by which each head writes them.

    Attributes
    ----------
    values : Tensor, shape (head, position, channel)
        Values.
    matrix : Tensor, shape (head, channel, width)
        Output projection.

    Examples
    --------
    >>> values, matrix = torch.ones(1, 2, 1), torch.tensor([[[3.0, 4.0]]])
    >>> Projected(values, matrix).gram().sqrt().flatten().tolist()
    [5.0, 5.0]
    """

    values: Tensor
    matrix: Tensor

    @classmethod
    def by(
        cls, module: nn.Module, given: Tensor, output: Tensor, record: Record
    ) -> Projected | None:
        """Return the values of a record and their projection, if a module is that.

        Parameters
        ----------
        module : torch.nn.Module
            A module that was called.
        given, output : Tensor, shape (..., channel)
            What it was called with, and what it returned.
        record : Record
            An attention call, with values and outputs.

        Returns
        -------
        Projected or None
            None when the module was called with something else, or is not linear, that is when
            weights × values × matrix is not what it put out, to 1e-4 of the largest number.
        """
        assert record.output is not None
        assert record.value is not None
        heads = record.output.transpose(1, 2).flatten(2)
        if given.numel() != heads.numel() or given.shape[-1] != heads.shape[-1]:
            return None
        if not torch.equal(given.reshape(heads.shape), heads):
            return None
        found = _linear(module, given)
        if found is None or found[0].shape != (heads.shape[-1], output.shape[-1]):
            return None
        matrix, bias = found
        exact = _exact(heads)
        count = record.shape[1]
        projected = cls(
            grouped(record.value, count)[0].to(exact),
            matrix.to(exact).unflatten(0, (count, -1)),
        )
        return (
            projected if projected.gives(output.reshape(heads.shape[1], -1), bias, record) else None
        )

    def gives(self, output: Tensor, bias: Tensor, record: Record) -> bool:
        """Return whether weights × values × matrix + bias is what the projection put out.

        Parameters
        ----------
        output : Tensor, shape (query, width)
            What it put out.
        bias : Tensor, shape (width,)
            Its bias.
        record : Record
            The attention call.

        Returns
        -------
        bool
            Of two queries, in the middle and at the end.
        """
        count = len(output)
        rows = sorted({count // 2, count - 1})
        weights = record.weights(rows=rows)[0].to(self.values.dtype)
        made = ((weights @ self.values) @ self.matrix).sum(0) + bias
        tolerance = _COARSE if output.itemsize < 4 else _EXACT
        far = (made - output[rows]).abs() > tolerance * output[rows].abs().max()
        return not bool(far.any())

    def gram(self) -> Tensor:
        """Return inner products of what two heads write of a position.

        Returns
        -------
        Tensor, shape (head, head, position)
            On the CPU.
        """
        heads, count, _ = self.values.shape
        step = max(1, _CHUNK // max(1, heads * self.matrix.shape[-1]))
        parts = []
        for start in range(0, count, step):
            written = (self.values[:, start : start + step] @ self.matrix).transpose(0, 1)
            parts.append(written @ written.transpose(1, 2))
        return torch.cat(parts).permute(1, 2, 0).cpu()

    def stream(self, stream: Tensor) -> Stream:
        """Return the residual stream that the heads write into.

        Parameters
        ----------
        stream : Tensor, shape (1, position, width)
            The stream in front of the layer.

        Returns
        -------
        Stream
            With no norm behind it.
        """
        x = stream.reshape(-1, stream.shape[-1]).to(self.values.dtype)
        own = x @ self.matrix.transpose(1, 2)  # what each channel of a head would add to the stream
        ones = torch.ones(len(x), dtype=x.dtype)
        cross = (own * self.values).sum(-1).cpu()
        return Stream(self.gram(), cross, x.square().sum(-1).cpu(), ones)

    def normalised(
        self, module: nn.Module, stream: Tensor, summed: Tensor, output: Tensor
    ) -> Stream | None:
        """Return the residual stream behind a layer norm.

        A layer norm is linear, once it is known what it divides a position by.

        Parameters
        ----------
        module : torch.nn.Module
            What was called with the sum.
        stream, summed, output : Tensor, shape (1, position, width)
            The stream in front of the layer, with what the heads wrote, and behind the norm.

        Returns
        -------
        Stream or None
            None when the module is no layer norm.
        """
        exact = self.values.dtype
        weight: Any = getattr(module, "weight", None)
        bias: Any = getattr(module, "bias", None)
        epsilon = getattr(module, "eps", getattr(module, "variance_epsilon", None))
        if not isinstance(weight, Tensor) or epsilon is None:
            return None
        weight, x = weight.to(exact), summed.to(exact)
        centred = x - x.mean(-1, keepdim=True)
        scale = (centred.square().mean(-1) + epsilon).rsqrt()
        made = centred * scale[..., None] * weight + (0 if bias is None else bias.to(exact))
        tolerance = _COARSE if output.itemsize < 4 else _EXACT
        if bool(((made - output).abs() > tolerance * output.abs().max()).any()):
            return None
        inside = Projected(self.values, _centred(self.matrix) * weight)
        found = inside.stream(_centred(stream.to(exact)) * weight)
        return Stream(found.gram, found.cross, found.square, scale.flatten().cpu(), normalised=True)


def _centred(x: Tensor) -> Tensor:
    return x - x.mean(-1, keepdim=True)


def _exact(tensor: Tensor) -> torch.dtype:
    return torch.float32 if tensor.device.type == "mps" else torch.float64


def _linear(module: nn.Module, given: Tensor) -> tuple[Tensor, Tensor] | None:
    """Matrix (in, out) and bias of a linear module of any make (quantised, with adapters)."""
    exact = _exact(given)
    if type(module) is nn.Linear and not module.weight.is_meta:
        matrix, own = module.weight.T.to(exact), module.bias
        return matrix, matrix.new_zeros(matrix.shape[1]) if own is None else own.to(exact)
    if not [*module.parameters(), *module.buffers()]:  # dropout passes on what it is given
        return None
    size = given.shape[-1]
    zero = module(given.new_zeros(1, 1, size))
    if not isinstance(zero, Tensor) or zero.dim() != 3:
        return None
    unit = module(torch.eye(size, dtype=given.dtype, device=given.device)[None])
    bias = zero[0, 0].to(exact)
    return unit[0].to(exact) - bias, bias
