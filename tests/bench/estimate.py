"""How true `lm.estimate` is: the time and memory it says, beside those that `lm.attention` takes.

    python tests/bench/estimate.py [--models gpt2 llama smollm2] [--tokens 128 512 2048]

Peak memory is counted by PyTorch's own allocations during the pass, on top of the model. The time
is the median of three passes. Bar: within a factor of two.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

from generation import loaded
from shapes import SHAPES, machine, report


def judged(name: str, tokens: int) -> dict[str, Any]:
    """Return what was said and what was taken."""
    from lmwidget.capture.memory import counting_alive

    lm, text = loaded(name, tokens)
    start = time.perf_counter()
    said = lm.estimate(text)
    took = time.perf_counter() - start
    with counting_alive() as alive:
        held = lm.attention(text).cost["bytes"]
    seconds = statistics.median(lm.attention(text).cost["seconds"] for _ in range(3))
    ratios = {
        "seconds": said.seconds / seconds,
        "peak": said.peak_bytes / alive.peak,
        "held": said.held_bytes / held,
    }
    return {
        "model": lm.name,
        "tokens": len(text),
        "said": str(said),
        "estimating_s": round(took, 2),
        "took": {"seconds": round(seconds, 2), "peak_mb": alive.peak // 10**6},
        "said_of_taken": {name: round(value, 3) for name, value in ratios.items()},
        "bar": all(0.5 <= value <= 2 for value in ratios.values()),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    models = [*SHAPES, "smollm2"]
    parser.add_argument("--models", nargs="+", choices=models, default=models)
    parser.add_argument("--tokens", nargs="+", type=int, default=[128, 512, 2048])
    options = parser.parse_args()
    runs = [judged(name, tokens) for name in options.models for tokens in options.tokens]
    report(runs=runs, **machine("lmwidget", "torch", "transformers"))


if __name__ == "__main__":
    main()
