"""The last layer at the last places only: what it writes elsewhere nobody reads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from lmwidget.attribution.rounding import same_numbers
from lmwidget.capture.blocks import stacks


class LastLayer:
    """Spares a causal model work in its last layer.

    Only attention looks at other places, and no layer comes after it: what its last layer's
    feed-forward network makes of a place is read there or nowhere. Of twelve layers that is a
    twentieth of the work. A part that does not treat each place by itself is found out when it is
    first run; whether attention needs it has to be tried by the logits. Parts that somebody has
    hooks on are left alone, and so is what other threads do with the model meanwhile.

    Parameters
    ----------
    model : torch.nn.Module
        Any.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> inputs = lm.inputs(lm.tokenize("the king said"))
    >>> last = LastLayer(lm.model)
    >>> logits = last.only(1, (1, 3), lambda: lm.model(**inputs).logits[:, -1])
    >>> bool((logits - lm.model(**inputs).logits[:, -1]).abs().max() < 1e-4)
    True
    """

    def __init__(self, model: nn.Module) -> None:
        layers = [stack[-1] for stack in stacks(model)]
        parts = layers[-1].children() if layers else ()
        self._model, self._tried = model, set[nn.Module]()
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

    def only(self, count: int, shape: tuple[int, int], run: Callable[[], Any]) -> Any:
        """Return what a run of the model gives, right at its last places.

        Parameters
        ----------
        count : int
            Places, from the end.
        shape : tuple of (int, int)
            Rows, and places of each, that the model reads.
        run : callable
            Runs the model.

        Returns
        -------
        Any
            The same.
        """
        parts = [part for part in self._parts if _unheard(part)]
        if count >= shape[1] or shape[0] == shape[1]:  # could not tell places from rows
            parts = []
        hooks = []
        try:
            for part in parts:
                cut = _Cut(self, part, count, shape)
                hooks.append(part.register_forward_pre_hook(cut.enter, with_kwargs=True))
                hooks.append(part.register_forward_hook(cut.leave))
            return run()
        finally:
            for hook in hooks:
                hook.remove()

    def treats_places_alone(self, part: nn.Module, whole: Any, found: Tensor) -> bool:
        """Return whether a part gives at the last places what it gives when it is given all.

        Parameters
        ----------
        part : torch.nn.Module
            Run once more the first time.
        whole : tuple of Tensor
            All that it was to be given.
        found : Tensor, shape (row, place, channel)
            What it makes of the last places.

        Returns
        -------
        bool
            When it does not, nothing is cut again.
        """
        if part not in self._tried:
            self._tried.add(part)
            expected = _hidden(part.forward(*whole))[:, -found.shape[1] :]
            if not same_numbers(self._model, found, expected):
                self.off()
        return part in self._parts


class _Cut:
    """Hooks around one part in one run: the last places go in, and come out behind zeros."""

    def __init__(
        self, last: LastLayer, part: nn.Module, count: int, shape: tuple[int, int]
    ) -> None:
        self.last, self.part, self.count, self.shape = last, part, count, shape
        self.thread = threading.get_ident()
        self.given: list[tuple[Tensor, ...] | None] = []  # all places, of each call that is running

    def enter(self, _: nn.Module, args: tuple[Any, ...], kwargs: Any = None) -> Any:
        """Leave the last places of what is given place by place, and nothing else with it."""
        if threading.get_ident() != self.thread:  # hooks hear every thread
            return None
        places = [isinstance(one, Tensor) and one.dim() == 3 and one.shape[:2] == self.shape for one in args]  # fmt: skip
        self.given.append(args if all(places) and args and not kwargs else None)
        if self.given[-1] is None:
            return None
        return tuple(one[:, -self.count :].contiguous() for one in args), {}

    def leave(self, _: nn.Module, args: Any, output: Any) -> Any:
        """Put what came out at the end of all places."""
        del args
        whole = self.given.pop() if threading.get_ident() == self.thread else None
        if whole is None:
            return output
        found = _hidden(output)
        if not isinstance(found, Tensor) or found.shape[:2] != (self.shape[0], self.count):
            self.last.off()
            return self.part.forward(*whole)
        if not self.last.treats_places_alone(self.part, whole, found):
            return self.part.forward(*whole)
        filled = found.new_zeros(*self.shape, *found.shape[2:])
        filled[:, -self.count :] = found
        return (filled, *output[1:]) if isinstance(output, tuple) else filled


def _hidden(output: Any) -> Any:
    """Return the states that a part puts out; of experts there stands behind who was chosen."""
    return output[0] if isinstance(output, tuple) and output else output


def _unheard(part: nn.Module) -> bool:
    """Return whether nobody else listens to a part: the user's own hooks are given all places."""
    return not any(own._forward_hooks or own._forward_pre_hooks for own in part.modules())  # noqa: SLF001
