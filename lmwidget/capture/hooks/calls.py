"""From the arguments of an attention call to a record that recomputes its weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import torch
from torch import Tensor

from lmwidget.capture.hooks.applied import same_where_applied
from lmwidget.capture.hooks.interface import AttentionCall
from lmwidget.capture.hooks.masks import additive_mask, evaluated, four_axes, is_causal
from lmwidget.capture.hooks.multi_head import MultiHeadCall
from lmwidget.capture.kept.query_key import QueryKeyRecord
from lmwidget.capture.kept.records import DenseRecord, Record, UnavailableRecord
from lmwidget.capture.kept.trace import Trace, traced

Place = tuple[str, int]
_UNREADABLE = (
    "The attention of {} cannot be shown: something beyond queries, keys and masks goes into it."
)


class CallReader:
    """Turns attention calls of one forward pass into records.

    Parameters
    ----------
    batch : int
        Size of the batch; tells batch and heads apart where a model folds them into one axis.
    keep_values : bool
        Also keep the values, and what the heads put out.
    trace : bool, default False
        Also keep where gradients are read.
    """

    def __init__(self, *, batch: int, keep_values: bool, trace: bool = False) -> None:
        self._batch, self._keep_values, self._traces = batch, keep_values, trace
        self._block_masks: dict[int, Tensor] = {}

    def interface(
        self, place: Place, call: AttentionCall, result: Any, *, trusted: bool = False
    ) -> Record:
        """Return the record of a call through the attention interface of transformers.

        Parameters
        ----------
        place : tuple of (str, int)
            Module name and number of the call.
        call : AttentionCall
            What was called.
        result : tuple
            What it returned: output (batch, query, head, channel), weights or None.
        trusted : bool, default False
            Leave out the check, when many calls of the module have passed it.

        Returns
        -------
        Record
            Queries and keys when they explain the output; else the weights of the model's own
            eager function when those do; else unavailable.
        """
        given = call.arguments
        query, key, value = given["query"], given["key"], given["value"]
        flash = "flash" in call.implementation
        mask = self._mask(given["attention_mask"], query, key.shape[2], flash=flash)
        sinks = given.get("sinks") if given.get("s_aux") is None else given["s_aux"]
        bias = given.get("position_bias")
        record = QueryKeyRecord(
            *place,
            query=query,
            key=key,
            scale=_scale(given.get("scaling"), query),
            softcap=given.get("softcap"),
            bias=None if bias is None else four_axes(bias)[..., : key.shape[2]],
            mask=mask,
            causal=is_causal(given, call.implementation),
            offset=key.shape[2] - query.shape[2] if flash else 0,
            window=given.get("sliding_window") if flash else None,
            sinks=sinks.reshape(1, -1, 1, 1) if sinks is not None and sinks.dim() == 1 else sinks,
            value=value if self._keep_values else None,
            output=_heads_first(result[0]) if self._keep_values else None,
            trace=self._trace(result[0], _heads_first),
        )
        if trusted or record.explains(value, _heads_first(result[0])):
            return record
        weights = _own_eager_weights(record, call, result)
        if weights is not None:
            given = {name: getattr(record, name) for name in ("value", "output", "trace")}
            return DenseRecord(*place, weights.detach(), **given)
        return UnavailableRecord(*place, record.shape, _UNREADABLE.format(place[0]))

    def sdpa(self, place: Place, given: dict[str, Any], output: Tensor) -> Record:
        """Return the record of a direct call of ``scaled_dot_product_attention``.

        Parameters
        ----------
        place : tuple of (str, int)
            Module name and number of the call.
        given : dict
            Its arguments by name.
        output : Tensor, shape (batch, head, query, channel)
            What it returned; tensors of three axes have batch and heads folded, or no heads.

        Returns
        -------
        Record
            Queries and keys, or unavailable when they do not explain the output.
        """
        trace = self._trace(output, self._unfold)
        query, key, value, output = (
            self._unfold(tensor)
            for tensor in (given["query"], given["key"], given["value"], output)
        )
        mask = given.get("attn_mask")
        if mask is not None:
            mask = self._unfold(mask) if mask.dim() == 3 else four_axes(mask)
        record = QueryKeyRecord(
            *place,
            query=query,
            key=key,
            scale=_scale(given.get("scale"), query),
            mask=mask,
            causal=bool(given.get("is_causal", False)),
            value=value if self._keep_values else None,
            output=output if self._keep_values else None,
            trace=trace,
        )
        if record.explains(value, output):
            return record
        return UnavailableRecord(*place, record.shape, _UNREADABLE.format(place[0]))

    def softmax(
        self,
        place: Place,
        weights: Tensor,
        *,
        output: Tensor | None = None,
        arrange: Callable[[Tensor], Tensor] | None = None,
    ) -> Record:
        """Return the record of a softmax inside an attention module.

        Parameters
        ----------
        place : tuple of (str, int)
            Module name and number of the call.
        weights : Tensor, shape (batch, head, query, key) or (batch · head, query, key)
            As they were applied to values, in the layout of the softmax.
        output : Tensor, optional
            What the softmax returned; default: the same.
        arrange : callable, optional
            From that layout to the shape above; default: it is that.

        Returns
        -------
        Record
            The weights, kept whole.
        """

        def arranged(tensor: Tensor) -> Tensor:
            return self._unfold(tensor if arrange is None else arrange(tensor))

        output = weights if output is None else output
        trace = self._trace(output, arranged, "weights")
        kept = arranged(weights.detach())
        if output is not weights and not same_where_applied(arranged(output.detach()), kept):
            trace = None
        return DenseRecord(*place, kept, trace=trace)

    def product(self, record: DenseRecord, args: Any, output: Any) -> DenseRecord:
        """Return a record with the values that its weights were seen to be applied to.

        Parameters
        ----------
        record : DenseRecord
            Of the weights.
        args : sequence
            Arguments of the product.
        output : Any
            Its result.

        Returns
        -------
        DenseRecord
            The same where values are not kept, or where the product is not weights @ values.
        """
        tensors = [x for x in args if isinstance(x, Tensor)]
        if not self._keep_values or len(tensors) != 2:
            return record
        try:
            weights, value, mixed = (self._unfold(x.detach()) for x in (*tensors, output))
        except ValueError:
            return record
        batch, heads, _, keys = record.shape
        if weights.shape != record.shape or value.shape[:3] != (batch, heads, keys):
            return record
        return replace(record, value=value, output=mixed)

    def multi_head(self, place: Place, call: MultiHeadCall) -> Record:
        """Return the record of a call of ``torch.nn.MultiheadAttention``.

        Parameters
        ----------
        place : tuple of (str, int)
            Module name and number of the call.
        call : MultiHeadCall
            The call.

        Returns
        -------
        Record
            The weights, kept whole.
        """
        return call.record(place, keep_values=self._keep_values, trace=self._traces)

    def _trace(
        self, tensor: Tensor, arrange: Callable[[Tensor], Tensor], of: str = "output"
    ) -> Trace | None:
        return traced(tensor, arrange, of) if self._traces else None

    def _unfold(self, tensor: Tensor) -> Tensor:
        """Give a tensor of three axes its head axis."""
        if tensor.dim() == 4:
            return tensor
        if tensor.dim() == 3 and tensor.shape[0] % self._batch == 0:
            return tensor.reshape(self._batch, -1, *tensor.shape[1:])
        raise ValueError(f"attention over {tensor.dim()} axes")

    def _mask(self, mask: Any, query: Tensor, keys: int, *, flash: bool) -> Tensor | None:
        if mask is None:
            return None
        if hasattr(mask, "mask_mod"):  # flex attention's BlockMask, one object for many layers
            if id(mask) not in self._block_masks:
                self._block_masks[id(mask)] = evaluated(mask, query, keys)
            return self._block_masks[id(mask)]
        if flash and mask.dim() == 2:  # which keys are no padding
            return cast("Tensor", mask[:, None, None, -keys:].bool())
        return four_axes(cast("Tensor", mask))[..., :keys]


def _heads_first(output: Tensor) -> Tensor:
    return output.transpose(1, 2)


def _own_eager_weights(record: QueryKeyRecord, call: AttentionCall, result: Any) -> Tensor | None:
    """Weights by the model's own code, if they belong to what the model put out."""
    if len(result) > 1 and _are_weights(result[1], record):
        return cast("Tensor", result[1])
    if call.default is None:
        return None
    arguments = call.arguments | {"attention_mask": additive_mask(record)}
    with torch.no_grad():
        output, weights = call.default(**arguments)
    same = output.shape == result[0].shape and torch.allclose(
        output, result[0], rtol=1e-3, atol=1e-3, equal_nan=True
    )
    return weights if same and _are_weights(weights, record) else None


def _are_weights(weights: Any, record: QueryKeyRecord) -> bool:
    if not isinstance(weights, Tensor) or weights.shape != record.shape:
        return False
    return bool((weights >= 0).all() and (weights.sum(-1, dtype=torch.float32) <= 1.01).all())


def _scale(scale: float | None, query: Tensor) -> float:
    return float(query.shape[-1] ** -0.5 if scale is None else scale)
