"""Hidden states, cells and gates of recurrent layers, step by step.

PyTorch's recurrent modules return the hidden states of their top layer only. Each layer is run once
more for its own; then every gate follows from the hidden states before it, in one product for all
steps together. Checked against the final states that the module itself returned.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from lmwidget.capture.guard import as_found
from lmwidget.capture.hooks.interface import uncompiled
from lmwidget.errors import ModelMismatchError, UnavailableError
from lmwidget.states import LayerStates, States
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel

_RECURRENT = (nn.RNNBase, nn.RNNCellBase)
_FORWARD, _BACKWARD = "forward", "backward"


def is_recurrent(model: nn.Module) -> bool:
    """Return whether a model has recurrent layers of PyTorch.

    Parameters
    ----------
    model : torch.nn.Module
        Any model.

    Returns
    -------
    bool
        True for ``nn.RNN``, ``nn.LSTM``, ``nn.GRU`` and their cells.

    Examples
    --------
    >>> is_recurrent(nn.Sequential(nn.LSTM(2, 2)))
    True
    """
    return any(isinstance(module, _RECURRENT) for module in model.modules())


def recurrent_backward(model: nn.Module) -> AbstractContextManager[None]:
    """Return a context in which gradients pass back through recurrent layers in evaluation mode.

    cuDNN refuses that; PyTorch's own kernels do it, slower. The switch is process-wide.

    Parameters
    ----------
    model : torch.nn.Module
        Any model; nothing is switched unless it has recurrent layers on a GPU.

    Returns
    -------
    context manager
        To be entered around forward and backward pass.

    Examples
    --------
    >>> with recurrent_backward(nn.LSTM(2, 2)):
    ...     pass
    """
    layers = (module for module in model.modules() if isinstance(module, nn.RNNBase))
    if any(parameter.is_cuda for layer in layers for parameter in layer.parameters()):
        return torch.backends.cudnn.flags(enabled=False)
    return nullcontext()


def capture_states(lm: LanguageModel, tokens: Tokens) -> States:
    """Return every hidden state, cell and gate of one pass over a text.

    Parameters
    ----------
    lm : LanguageModel
        With ``nn.LSTM``, ``nn.GRU``, ``nn.RNN`` or cells called in a loop.
    tokens : Tokens
        What it reads.

    Returns
    -------
    States
        One entry a layer and direction, in the order of the model.

    Raises
    ------
    ModelMismatchError
        When the model has no such layer.
    UnavailableError
        When a layer is not over the tokens, or does not compute what its class does.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> class Reader(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.embed, self.rnn = nn.Embedding(9, 4), nn.GRU(4, 3, batch_first=True)
    ...         self.out = nn.Linear(3, 9)
    ...     def forward(self, ids):
    ...         return self.out(self.rnn(self.embed(ids))[0])
    >>> lm = lmw.LanguageModel(Reader(), {letter: i for i, letter in enumerate("abcdefghi")})
    >>> capture_states(lm, lm.tokenize("abba"))[0]["update_gate"].shape
    (4, 3)
    """
    if not is_recurrent(lm.model):
        raise ModelMismatchError(
            f"{lm.name} has no recurrent layer.",
            "States are those of nn.LSTM, nn.GRU, nn.RNN and their cells; for transformers look at "
            "lm.attention(text).",
        )
    start = time.perf_counter()
    recorder = _Recorder(lm.model)
    with uncompiled(), torch.no_grad(), as_found(lm.model), recorder:
        lm.model(**lm.inputs(tokens))
        found = [
            LayerStates(
                name=layer.name,
                layer=0,
                direction=layer.direction,
                kind=layer.kind,
                arrays={name: _plain(value) for name, value in layer.values.items()},
            )
            for layer in recorder.layers(len(tokens))
        ]
    cost = {"seconds": time.perf_counter() - start, "passes": 1}
    return States(tokens=tokens, layers=_numbered(found), model=lm.name, cost=cost)


def _numbered(found: list[LayerStates]) -> tuple[LayerStates, ...]:
    """Count layers from 0; both directions of a layer have one number."""
    numbered: list[LayerStates] = []
    number = -1
    for layer in found:
        number += layer.direction == _FORWARD
        numbered.append(LayerStates(layer.name, number, layer.direction, layer.kind, layer.arrays))
    return tuple(numbered)


@dataclass
class _Layer:
    name: str
    direction: str
    kind: str
    values: dict[str, Tensor]


@dataclass
class _Run:
    """Calls of one module: input, initial state and output of each."""

    name: str
    module: Any
    calls: list[tuple[Any, Any, Any]] = field(default_factory=list)


class _Recorder:
    """Notes what recurrent modules are called with, and what they return."""

    def __init__(self, model: nn.Module) -> None:
        self._names: dict[nn.Module, str] = {
            m: n for n, m in model.named_modules() if isinstance(m, _RECURRENT)
        }
        self._runs: dict[nn.Module, _Run] = {}
        self._hooks = ExitStack()

    def __enter__(self) -> _Recorder:  # noqa: PYI034, typing.Self is newer than Python 3.10
        for module in self._names:
            self._hooks.callback(module.register_forward_hook(self._note, with_kwargs=True).remove)
        return self

    def __exit__(self, *exception: object) -> None:
        self._hooks.close()

    def _note(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        run = self._runs.setdefault(module, _Run(self._names[module], module))
        given = args[0] if args else kwargs["input"]
        state = args[1] if len(args) > 1 else kwargs.get("hx")
        run.calls.append((given, state, output))

    def layers(self, length: int) -> Iterator[_Layer]:
        for run in self._runs.values():
            if isinstance(run.module, nn.RNNCellBase):
                yield _of_cell(run, length)
            else:
                yield from _of_module(run, length)


def _of_module(run: _Run, length: int) -> Iterator[_Layer]:
    """Unroll ``nn.LSTM``, ``nn.GRU`` or ``nn.RNN``, layer by layer."""
    rnn, (given, state, output) = run.module, run.calls[0]
    inputs, top = (_steps(sequence, rnn.batch_first) for sequence in (given, output[0]))
    if len(run.calls) != 1 or len(inputs) != length:
        raise _unavailable(run, f"{len(run.calls)} × {len(inputs)} steps", length)
    sides = 2 if rnn.bidirectional else 1
    final = _as_pair(output[1])
    for layer in range(rnn.num_layers):
        places = range(layer * sides, (layer + 1) * sides)
        weights = [_weights(rnn, layer, side) for side in range(sides)]
        begin = [_initial(rnn, state, place, inputs) for place in places]
        last = layer == rnn.num_layers - 1
        hidden = top if last else _run_layer(rnn, inputs, weights, begin)
        for side, (part, own, first) in enumerate(
            zip(hidden.chunk(sides, -1), weights, begin, strict=True)
        ):
            back = side == 1
            values = _unrolled(rnn.mode, inputs, part, own, first, backward=back)
            _check(run, values, final, layer * sides + side, backward=back)
            suffix = f".l{layer}" if rnn.num_layers > 1 else ""
            yield _Layer(
                run.name + suffix, _BACKWARD if back else _FORWARD, rnn.mode.split("_")[0], values
            )
        inputs = hidden


def _of_cell(run: _Run, length: int) -> _Layer:
    """Unroll a cell that the model calls once a step; steps are in the order of the calls."""
    if len(run.calls) != length:
        raise _unavailable(run, f"{len(run.calls)} steps", length)
    cell, kind = run.module, type(run.module).__name__.removesuffix("Cell")
    zero = run.calls[0][0].new_zeros(cell.hidden_size)
    states = [_as_pair(zero if state is None else state) for _, state, _ in run.calls]
    inputs = torch.stack([given.reshape(-1) for given, _, _ in run.calls])
    before = torch.stack([state[0].reshape(-1) for state in states])
    weights = (cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)
    mode = f"RNN_{cell.nonlinearity.upper()}" if kind == "RNN" else kind
    values = {"hidden": torch.stack([_as_pair(out)[0].reshape(-1) for _, _, out in run.calls])}
    if kind == "LSTM":
        values["cell"] = torch.stack([out[1].reshape(-1) for _, _, out in run.calls])
    return _Layer(run.name, _FORWARD, kind, values | _gates(mode, inputs, before, weights))


def _unrolled(
    mode: str,
    inputs: Tensor,
    hidden: Tensor,
    weights: tuple[Tensor | None, ...],
    begin: tuple[Tensor, ...],
    *,
    backward: bool,
) -> dict[str, Tensor]:
    """Return all states of one layer in one direction, each (step, unit), in order of the text."""
    if backward:
        before = torch.cat([hidden[1:], begin[0][None]])
    else:
        before = torch.cat([begin[0][None], hidden[:-1]])
    gates = _gates(mode, inputs, before, weights)
    if mode != "LSTM":
        return {"hidden": hidden, **gates}
    added = gates["input_gate"] * gates["cell_gate"]
    cell, cells = begin[1], [begin[1]] * len(hidden)
    for step in reversed(range(len(hidden))) if backward else range(len(hidden)):
        cells[step] = cell = gates["forget_gate"][step] * cell + added[step]
    return {"hidden": hidden, "cell": torch.stack(cells), **gates}


def _gates(
    mode: str, inputs: Tensor, before: Tensor, weights: tuple[Tensor | None, ...]
) -> dict[str, Tensor]:
    """Return the gates of all steps, from the inputs and the hidden states before them."""
    to_input, to_hidden, input_bias, hidden_bias = weights[:4]
    assert to_input is not None
    assert to_hidden is not None
    own = F.linear(inputs, to_input, input_bias)
    past = F.linear(before, to_hidden, hidden_bias)
    if mode == "LSTM":
        first, forget, cell, last = (own + past).chunk(4, -1)
        return {
            "input_gate": first.sigmoid(),
            "forget_gate": forget.sigmoid(),
            "cell_gate": cell.tanh(),
            "output_gate": last.sigmoid(),
        }
    if mode == "GRU":
        (reset, update, new), (past_reset, past_update, past_new) = (
            own.chunk(3, -1),
            past.chunk(3, -1),
        )
        reset, update = (reset + past_reset).sigmoid(), (update + past_update).sigmoid()
        new = (new + reset * past_new).tanh()
        return {"reset_gate": reset, "update_gate": update, "new_gate": new}
    return {}


def _run_layer(
    rnn: Any, inputs: Tensor, weights: list[tuple[Tensor | None, ...]], begin: list[Any]
) -> Tensor:
    """Return the hidden states of one layer, both directions side by side."""
    run: Any = {
        "LSTM": torch.lstm,
        "GRU": torch.gru,
        "RNN_TANH": torch.rnn_tanh,
        "RNN_RELU": torch.rnn_relu,
    }[rnn.mode]
    flat = [weight for own in weights for weight in own if weight is not None]
    states = [torch.stack(parts)[:, None] for parts in zip(*begin, strict=True)]
    state: Any = states if rnn.mode == "LSTM" else states[0]
    # has_biases, num_layers, dropout, train, bidirectional, batch_first
    output: tuple[Tensor, ...] = run(
        inputs[:, None], state, flat, rnn.bias, 1, 0.0, False, rnn.bidirectional, False
    )
    return output[0][:, 0]


def _weights(rnn: Any, layer: int, side: int) -> tuple[Tensor | None, ...]:
    suffix = f"_l{layer}" + ("_reverse" if side else "")
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
    return tuple(getattr(rnn, name + suffix, None) for name in names)


def _initial(rnn: Any, state: Any, place: int, inputs: Tensor) -> tuple[Tensor, ...]:
    """Return hidden state and cell before the first step."""
    if state is None:
        sizes = [rnn.proj_size or rnn.hidden_size]
        sizes += [rnn.hidden_size] if rnn.mode == "LSTM" else []
        return tuple(inputs.new_zeros(size) for size in sizes)
    return tuple(part[place].reshape(-1) for part in _as_pair(state))


def _steps(sequence: Any, batch_first: bool) -> Tensor:  # noqa: FBT001
    """Return the one sequence of a batch as (step, feature)."""
    if isinstance(sequence, PackedSequence):
        return sequence.data
    if sequence.dim() == 2:
        return sequence  # type: ignore[no-any-return]
    return sequence[0] if batch_first else sequence[:, 0]  # type: ignore[no-any-return]


def _check(
    run: _Run, values: dict[str, Tensor], final: tuple[Tensor, ...], place: int, *, backward: bool
) -> None:
    """Compare with the final states that the module itself has returned."""
    end = 0 if backward else -1
    for name, own in zip(("hidden", "cell"), final, strict=False):
        found, expected = values[name][end], own[place].reshape(-1)
        tolerance = 1e-3 if found.dtype in (torch.float32, torch.float64) else 3e-2
        if not torch.allclose(found, expected, rtol=tolerance, atol=tolerance, equal_nan=True):
            raise UnavailableError(
                f"The states of {run.name} could not be recomputed: it does not compute what an "
                f"{type(run.module).__name__} does.",
                "Look at saliency instead: lm.attribute(text).",
            )


def _unavailable(run: _Run, found: str, length: int) -> UnavailableError:
    return UnavailableError(
        f"{run.name or 'The recurrent layer'} takes {found}, not one for each of the {length} tokens.",
        "Look at saliency instead: lm.attribute(text).",
    )


def _as_pair(state: Any) -> tuple[Tensor, ...]:
    return (state,) if isinstance(state, Tensor) else tuple(state)


def _plain(value: Tensor) -> Any:
    exact = value if value.dtype in (torch.float32, torch.float64) else value.float()
    return np.ascontiguousarray(exact.detach().cpu().numpy())
