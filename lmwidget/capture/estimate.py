"""What reading a text will cost, told before it is read: from two short passes and one kernel."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from lmwidget.capture import saved
from lmwidget.capture.attention import pass_inputs
from lmwidget.capture.hooks.recorder import record_attention
from lmwidget.capture.kept.query_key import QueryKeyRecord
from lmwidget.capture.kept.records import Record
from lmwidget.capture.memory import counting_alive
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel

_SHORT, _LONG = 32, 256  # tokens of the longer of the two passes
_SHARE = 16  # it reads this part of the text
_KERNEL = 1024  # most tokens of the attention kernel that is timed


@dataclass(frozen=True)
class Estimate:
    """What one capture of attention will take.

    Attributes
    ----------
    tokens : int
        Length of the text.
    seconds : float
        Time.
    peak_bytes : int
        Memory needed on top of the model while it runs.
    held_bytes : int
        Memory that the result keeps.
    """

    tokens: int
    seconds: float
    peak_bytes: int
    held_bytes: int

    def __repr__(self) -> str:
        return f"<Estimate {self}>"

    def __str__(self) -> str:
        time = "under a second" if self.seconds < 1 else f"about {self.seconds:.0f} s"
        return (
            f"{self.tokens:,} tokens: {time}, {_size(self.peak_bytes)} at the peak, "
            f"{_size(self.held_bytes)} kept"
        )


def estimate_attention(
    lm: LanguageModel,
    tokens: Tokens,
    output_tokens: Tokens | None = None,
    *,
    layers: int | Sequence[int] | None = None,
    precision: str = "full",
) -> Estimate:
    """Return what :func:`lmwidget.capture.attention.capture_attention` will take.

    Two passes over the first tokens (at most a sixteenth of a long text) give what grows with the
    length and what grows with its square; the time of the attention kernel itself is measured at
    its own shape. The time in which an encoder-decoder writes its output is not counted.

    Parameters
    ----------
    lm : LanguageModel
        The model.
    tokens : Tokens
        What it would read.
    output_tokens : Tokens, optional
        What the decoder has written.
    layers, precision
        As for the capture.

    Returns
    -------
    Estimate
        Time, peak memory, memory kept.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> estimate_attention(lm, lm.tokenize("the king said unto the king")).held_bytes > 0
    True
    """
    inputs, settings = pass_inputs(lm, tokens, output_tokens, layers, precision)
    length = len(tokens)
    second = min(length, max(_SHORT, min(_LONG, length // _SHARE)))
    first = max(1, second // 2)

    def run(size: int) -> list[Record]:
        return record_attention(lm.model, _first_tokens(inputs, size), **settings)

    try:
        run(first)  # whatever only the first pass of a process has to do
    except Exception:  # noqa: BLE001, some modules refuse short texts: then the whole is timed
        first = second = length
    held, alive, seconds = {}, {}, {}
    for size in (first, second):
        with counting_alive() as count:
            records = run(size)
        held[size], alive[size] = saved.bytes_of(records), count.peak
        seconds[size] = _fastest(lambda size=size: run(size), 2)  # type: ignore[misc]
    grown = length / second
    start, linear = _line(seconds, first, second)
    kernel = _kernel_seconds(records, length)
    return Estimate(
        tokens=length,
        seconds=start + linear * length + kernel * (1 - 1 / grown),
        peak_bytes=_grown(alive, first, second, length),
        held_bytes=_grown(held, first, second, length),
    )


def _line(seconds: dict[int, float], first: int, second: int) -> tuple[float, float]:
    """Return what every pass takes, and every token; noise may not make a token free."""
    mean = seconds[second] / second
    slope = (seconds[second] - seconds[first]) / max(1, second - first)
    slope = min(mean, max(slope, mean / 4))
    return seconds[second] - slope * second, slope


def _first_tokens(inputs: dict[str, Any], size: int) -> dict[str, Any]:
    return {
        name: value[:, :size] if isinstance(value, Tensor) and value.dim() == 2 else value
        for name, value in inputs.items()
    }


def _grown(measured: dict[int, int], first: int, second: int, length: int) -> int:
    """Return bytes at a length from ``a · n + b · n²`` through two measurements."""
    if length <= second:
        return measured[second]
    slopes = measured[first] / first, measured[second] / second
    square = max(0.0, (slopes[1] - slopes[0]) / max(1, second - first))
    return round((slopes[1] + square * (length - second)) * length)


def _kernel_seconds(records: Sequence[Record], length: int) -> float:
    """Return the time of all attention kernels at a length."""
    found: dict[Any, float] = {}
    total = 0.0
    for record in records:
        shape = (type(record), record.shape[1])
        if shape not in found:
            found[shape] = _one_kernel(record, length)
        total += found[shape]
    return total


def _one_kernel(record: Record, length: int) -> float:
    size = min(length, _KERNEL)
    heads = record.shape[1]
    if isinstance(record, QueryKeyRecord):
        width, causal = record.query.shape[-1], record.causal
        dtype, device = record.query.dtype, record.query.device
    else:
        width, causal, dtype, device = 64, False, torch.float32, torch.device("cpu")
    query = torch.randn(1, heads, size, width, device=device).to(dtype)

    def fused() -> Tensor:
        return F.scaled_dot_product_attention(query, query, query, is_causal=causal)

    def plain() -> Tensor:
        return (query @ query.transpose(-1, -2)).softmax(-1) @ query

    run: Callable[[], Tensor] = fused if isinstance(record, QueryKeyRecord) else plain
    return _fastest(run, 2) * (length / size) ** 2


def _fastest(run: Callable[[], Any], times: int) -> float:
    measured = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        measured.append(time.perf_counter() - start)
    return min(measured)


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(1, round(count / 1e6))} MB"
