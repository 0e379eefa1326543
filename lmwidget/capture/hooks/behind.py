"""Record attention together with what comes behind its heads: projection, residual stream, norm."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lmwidget.capture.hooks.calls import Place
from lmwidget.capture.hooks.interface import current_listener
from lmwidget.capture.hooks.recorder import Recorder
from lmwidget.capture.kept.behind import Behind, Projected
from lmwidget.capture.kept.records import Record


class _Pending(NamedTuple):
    """A layer whose projection is known, while it is awaited who reads what it is added to."""

    place: Place
    projected: Projected
    output: Tensor
    streams: list[Tensor]
    direct: Tensor | None


class BehindRecorder(Recorder):
    """Context in which attention calls are recorded with what their heads write.

    The output projection is the linear module that is called with the outputs of the heads side by
    side. The residual stream is that input of a surrounding module which, added to what the
    projection puts out, is what the next module reads (or, with a perceptron in parallel, what the
    layer puts out). Both are recognised by their numbers and checked, never by their names.

    Parameters
    ----------
    model : torch.nn.Module
        The model.
    tokens : int, optional
        Number of ids that the model (its encoder) reads.

    Attributes
    ----------
    behind : dict of (str, int) to Behind
        By the name of the attention module and the number of its call.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> with torch.no_grad(), BehindRecorder(lm.model) as recorder:
    ...     _ = lm.model(**lm.inputs(lm.tokenize("the king said")))
    >>> [behind.gram.shape for behind in recorder.behind.values()]
    [torch.Size([4, 4, 4]), torch.Size([4, 4, 4])]
    """

    def __init__(self, model: nn.Module, *, tokens: int | None = None) -> None:
        super().__init__(model, tokens=tokens, keep_values=True)
        self.behind: dict[Place, Behind] = {}
        self._stack: list[tuple[nn.Module, Tensor | None]] = []
        self._waiting: tuple[Record, Tensor | None] | None = None
        self._pending: _Pending | None = None
        self._norm: tuple[nn.Module, Tensor] | None = None
        self._beside: Tensor | None = None
        self._busy = False

    def __enter__(self) -> BehindRecorder:  # noqa: PYI034, typing.Self is newer than Python 3.10
        super().__enter__()
        for module in self._model.modules():
            enter = module.register_forward_pre_hook(self._before, with_kwargs=True)
            self._undo.callback(enter.remove)
            leave = module.register_forward_hook(self._after, with_kwargs=True, always_call=True)
            self._undo.callback(leave.remove)
        return self

    def _add(self, record: Record) -> None:
        super()._add(record)
        self._await(record)

    def _change(self, number: int, record: Record) -> None:
        super()._change(number, record)
        self._await(record)

    def _await(self, record: Record) -> None:
        if record.value is not None and record.output is not None:
            self._waiting = record, self._stack[-1][1] if self._stack else None

    def _before(self, module: nn.Module, args: Any, *rest: Any) -> None:
        # Without keyword arguments torch calls for another thread, once this pass is over.
        if self._busy or current_listener() is not self:
            return
        (kwargs,) = rest
        given = next(iter(_tensors(args, kwargs)), None)
        self._stack.append((module, given))
        if self._pending is not None and given is not None:
            self._find_stream(module, given, self._pending)

    def _after(self, module: nn.Module, args: Any, *rest: Any) -> None:
        if self._busy or current_listener() is not self:
            return
        kwargs, output = rest
        if module not in (entered for entered, _ in self._stack):
            return
        while self._stack.pop()[0] is not module:
            pass
        output = output[0] if isinstance(output, tuple) else output
        if not isinstance(output, Tensor):
            return
        if self._pending is not None and output.shape == self._pending.output.shape:
            self._find_beside(output, self._pending)
        tensors = _tensors(args, kwargs)
        if self._waiting is not None and len(tensors) == 1:
            self._project(module, tensors[0], output, *self._waiting)
        if self._norm is not None and self._norm[0] is module and self._pending is not None:
            self._normalise(module, self._norm[1], output, self._pending)

    def _project(
        self,
        module: nn.Module,
        given: Tensor,
        output: Tensor,
        record: Record,
        direct: Tensor | None,
    ) -> None:
        """Keep what the projection makes of the heads, if this module is it."""
        place = (record.name, record.call)
        try:
            with self._apart():
                projected = Projected.by(module, given, output, record)
                if projected is None:
                    return
                self.behind[place] = Behind(projected.gram())
        except Exception as error:  # noqa: BLE001, the user's model must run on
            self._pending = None
            self.behind[place] = Behind(None, reason=f"Reading it failed: {error!r}.")
            return
        shape = output.shape
        streams = [
            x.to(output.device) for _, x in self._stack if x is not None and x.shape == shape
        ]
        self._beside = None
        self._pending = _Pending(place, projected, output.detach(), streams, direct)

    def _find_stream(self, module: nn.Module, given: Tensor, pending: _Pending) -> None:
        """Look whether a module reads the sum of a stream and what the projection put out."""
        put_out = pending.output
        if given.numel() != put_out.numel() or given.shape[-1] != put_out.shape[-1]:
            return
        with self._apart():
            read = given.reshape(put_out.shape).to(put_out.device)
            stream = next((x for x in pending.streams if torch.equal(x + put_out, read)), None)
        if stream is None:
            return
        if pending.projected.values.shape[1] != stream.numel() // stream.shape[-1]:
            self._pending = None  # another text is looked at
        elif pending.direct is not None and _same(stream, pending.direct) and _is_norm(module):
            # Values made of the stream itself, and a norm that reads the sum: it stands behind.
            self._norm = module, stream
        else:
            with self._apart():
                self.behind[pending.place].stream = pending.projected.stream(stream)
            self._pending = None

    def _find_beside(self, output: Tensor, pending: _Pending) -> None:
        """Look whether a module puts out a stream plus the projection plus something beside it.

        So it is in layers that compute attention and perceptron in parallel (GPT-J, Falcon, Phi).
        """
        ours, beside = pending.output, self._beside
        with self._apart():
            self._beside = output.clone()  # Falcon adds in place
            if beside is None:
                return
            for x in pending.streams:
                sums = ((ours + beside) + x, (x + ours) + beside, (x + beside) + ours)
                if any(torch.equal(summed, output) for summed in sums):
                    if pending.projected.values.shape[1] == x.numel() // x.shape[-1]:
                        self.behind[pending.place].stream = pending.projected.stream(x)
                    self._pending = None
                    return

    def _normalise(
        self, module: nn.Module, stream: Tensor, output: Tensor, pending: _Pending
    ) -> None:
        """Keep the stream with the norm behind it, if that is a layer norm."""
        self._norm = self._pending = None
        with self._apart():
            summed = stream + pending.output
            found = pending.projected.normalised(
                module, stream, summed, output.reshape(summed.shape)
            )
            self.behind[pending.place].stream = found

    @contextmanager
    def _apart(self) -> Iterator[None]:
        """Compute something of our own, unheard by the hooks."""
        self._busy = True
        try:
            with torch.no_grad(), torch._C.DisableTorchFunction():  # noqa: SLF001
                yield
        finally:
            self._busy = False


def _tensors(args: Any, kwargs: Any) -> list[Tensor]:
    """Return what a module was given to work on."""
    found = [x for x in (*args, *kwargs.values()) if isinstance(x, Tensor)]
    return [x for x in found if x.is_floating_point() and x.dim() in (2, 3)]


def _is_norm(module: nn.Module) -> bool:
    weight = getattr(module, "weight", None)
    return isinstance(weight, Tensor) and weight.dim() == 1


def _same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and torch.equal(one, other)
