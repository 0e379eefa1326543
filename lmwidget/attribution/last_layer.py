"""The last layer at the last places only: what it writes elsewhere nobody reads."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor, nn

from lmwidget.capture.blocks import stacks


class LastLayer:
    """Spares a causal model work in its last layer.

    Only attention looks at other places, and no layer comes after it: what its last layer's
    feed-forward network makes of a place is read there or nowhere. Of twelve layers that is a
    twentieth of the work. Parts that somebody has hooks on are left alone.

    Parameters
    ----------
    model : torch.nn.Module
        Any. Whether the same logits come out has to be tried.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> inputs = lm.inputs(lm.tokenize("the king said"))
    >>> last = LastLayer(lm.model)
    >>> logits = last.only(1, lambda: lm.model(**inputs).logits[:, -1])
    >>> bool((logits - lm.model(**inputs).logits[:, -1]).abs().max() < 1e-4)
    True
    """

    def __init__(self, model: nn.Module) -> None:
        layers = [stack[-1] for stack in stacks(model)]
        parts = layers[-1].children() if layers else ()
        self._parts = [part for part in parts if any(p.dim() > 1 for p in part.parameters())]

    def off(self) -> bool:
        """Compute all places from now on.

        Returns
        -------
        bool
            Whether that makes a difference.
        """
        had, self._parts = bool(self._parts), []
        return had

    def only(self, count: int, run: Callable[[], Any]) -> Any:
        """Return what a run of the model gives, right at its last places.

        Parameters
        ----------
        count : int
            Places, from the end.
        run : callable
            Runs the model.

        Returns
        -------
        Any
            The same.
        """
        hooks = []
        count = max(count, 2)  # a single place would fit where all are expected: a trial must fail
        try:
            for part in filter(_plain, self._parts):
                lengths: list[int] = []
                cut = partial(_cut, count, lengths)
                hooks.append(part.register_forward_pre_hook(cut, with_kwargs=True))
                hooks.append(part.register_forward_hook(partial(_filled, lengths)))
            return run()
        finally:
            for hook in hooks:
                hook.remove()


def _plain(part: nn.Module) -> bool:
    """Whether nobody else listens to a part: the user's own hooks are given all places."""
    return not any(own._forward_hooks or own._forward_pre_hooks for own in part.modules())  # noqa: SLF001


def _cut(
    count: int, lengths: list[int], module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Leave the last places of what is given place by place, and nothing else with it."""
    del module
    tensors = [one for one in args if isinstance(one, Tensor) and one.dim() == 3]
    alone = not kwargs and len(tensors) == len(args) > 0
    lengths.append(args[0].shape[1] if alone else 0)
    if lengths[-1] > count:
        args = tuple(one[:, -count:].contiguous() for one in args)
    return args, kwargs


def _filled(lengths: list[int], module: nn.Module, args: tuple[Any, ...], output: Any) -> Any:
    """Put what came out back at the end of all places."""
    del module, args
    length = lengths.pop()
    if isinstance(output, tuple) and output:  # of experts, with what chose among them
        return (_padded(output[0], length), *output[1:])
    return _padded(output, length)


def _padded(output: Any, length: int) -> Any:
    if not isinstance(output, Tensor) or output.dim() != 3 or output.shape[1] >= length:
        return output
    found = output.new_zeros(output.shape[0], length, output.shape[2])
    found[:, length - output.shape[1] :] = output
    return found
