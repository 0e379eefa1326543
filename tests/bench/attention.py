"""What reading attention costs: `lm.attention` beside a plain forward pass and `output_attentions`.

    python tests/bench/attention.py [--shapes gpt2 llama] [--tokens 512 1024 2048] [--rounds 7]

Random weights, float32, CPU, of GPT-2 small's shape and of Llama's with grouped queries. All
contestants compute the logits of the last position only, as `lm.attention` does, so nothing is won
by leaving out the output layer.

Time: medians over rounds in one process, the order rotated from round to round. Wall seconds, and
CPU seconds of the process, which other work on the machine disturbs less. "Head": one head of the
result asked for, milliseconds, median of all heads of the first layer.
Memory: a fresh process for each contestant; peak resident size during the pass (`VmHWM`, reset
through `/proc/self/clear_refs`) above the size before it, the result still held; "extra" is what
comes on top of the plain pass. Linux only. Queries and keys: their bytes, as the model makes them.

Bars: time at most 1.15 of the plain pass; extra memory at most twice the bytes of queries and
keys, and at most 1/5 of `output_attentions`'; a head of 2,048 tokens within 60 ms.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shapes import SHAPES, language_model, machine, report, text_of, word_tokenizer

CONTESTANTS = ("plain", "lmwidget", "output_attentions")
TIME_BAR, MEMORY_BAR, EAGER_BAR, HEAD_BAR = 1.15, 2.0, 0.2, 60.0

# Freed blocks go back to the system at once, so that the peak is what was alive.
PLAIN_MALLOC = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "65536"}


def contestant(name: str, shape: str) -> Callable[[int], Any]:
    """Return what runs a contestant on a text of so many tokens, and returns what it gives."""
    import torch

    if name == "lmwidget":
        lm = language_model(shape)
        return lambda tokens: lm.attention(text_of(tokens))
    eager = {"attn_implementation": "eager"} if name == "output_attentions" else {}
    model, tokenizer = SHAPES[shape](**eager), word_tokenizer()
    settings: dict[str, Any] = {"use_cache": False, "logits_to_keep": 1}
    if name == "output_attentions":
        settings["output_attentions"] = True

    def run(tokens: int) -> Any:
        ids = tokenizer(text_of(tokens), return_tensors="pt").input_ids
        with torch.no_grad():
            return model(ids, **settings)

    return run


def times(shape: str, lengths: list[int], rounds: int) -> dict[int, dict[str, Any]]:
    """Return median wall and CPU seconds of each contestant at each length, interleaved."""
    runs = {name: contestant(name, shape) for name in CONTESTANTS}
    found = {}
    for tokens in lengths:
        wall: dict[str, list[float]] = {name: [] for name in runs}
        cpu: dict[str, list[float]] = {name: [] for name in runs}
        heads: list[float] = []
        for turn in range(rounds + 1):
            start = turn % len(CONTESTANTS)
            for name in CONTESTANTS[start:] + CONTESTANTS[:start]:
                gc.collect()
                began, used = time.perf_counter(), time.process_time()
                held = runs[name](tokens)
                if turn:  # the first round warms up
                    wall[name].append(time.perf_counter() - began)
                    cpu[name].append(time.process_time() - used)
                    if name == "lmwidget":
                        heads += [_milliseconds(held, head) for head in range(held.heads(0))]
                del held
        found[tokens] = {
            "seconds": {
                name: {
                    "wall": round(statistics.median(wall[name]), 4),
                    "cpu": round(statistics.median(cpu[name]), 4),
                }
                for name in runs
            },
            "head_ms": round(statistics.median(heads), 2),
        }
    return found


def _milliseconds(attention: Any, head: int) -> float:
    start = time.perf_counter()
    attention[0, head]
    return 1000 * (time.perf_counter() - start)


def resident(field: str) -> float:
    """Return VmRSS or VmHWM of this process in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"/proc/self/status has no {field}")


def peak(name: str, shape: str, tokens: int) -> float:
    """Return the memory above what the process had before, in MB; for a fresh process."""
    run = contestant(name, shape)
    run(16)  # code and buffers that any pass brings in
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    held = run(tokens)
    above = resident("VmHWM") - before
    del held
    return above


def memory(shape: str, tokens: int) -> dict[str, float]:
    """Return the peak of each contestant, each in its own process."""
    peaks = {}
    for name in CONTESTANTS:
        command = [sys.executable, __file__, "--shapes", shape, "--tokens", str(tokens)]
        done = subprocess.run(
            [*command, "--peak-of", name],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, **PLAIN_MALLOC},
        )
        peaks[name] = round(json.loads(done.stdout)["peak_mb"], 1)
    return peaks


def queries_and_keys(shape: str, tokens: int) -> float:
    """Return the MB of all queries and keys of one pass, in float32."""
    config = SHAPES[shape]().config
    heads = config.num_attention_heads
    key_heads = getattr(config, "num_key_value_heads", heads)
    width = config.hidden_size // heads
    return config.num_hidden_layers * (heads + key_heads) * width * tokens * 4 / 1e6


def judged(shape: str, tokens: int, measured: dict[str, Any]) -> dict[str, Any]:
    """Return the measurements of one length with their ratios and bars."""
    peaks, seconds = memory(shape, tokens), measured["seconds"]
    extra = {name: round(peaks[name] - peaks["plain"], 1) for name in CONTESTANTS[1:]}
    ratios = {
        "wall_of_plain": seconds["lmwidget"]["wall"] / seconds["plain"]["wall"],
        "cpu_of_plain": seconds["lmwidget"]["cpu"] / seconds["plain"]["cpu"],
        "wall_of_output_attentions": seconds["lmwidget"]["wall"]
        / seconds["output_attentions"]["wall"],
        "extra_memory_of_queries_and_keys": extra["lmwidget"] / queries_and_keys(shape, tokens),
        "extra_memory_of_output_attentions": extra["lmwidget"] / extra["output_attentions"],
    }
    return {
        "shape": shape,
        "tokens": tokens,
        **measured,
        "peak_mb": peaks,
        "extra_mb": extra,
        "queries_and_keys_mb": round(queries_and_keys(shape, tokens), 1),
        "ratios": {name: round(value, 3) for name, value in ratios.items()},
        "bars": {
            "time": ratios["wall_of_plain"] <= TIME_BAR,
            "memory": ratios["extra_memory_of_queries_and_keys"] <= MEMORY_BAR,
            "output_attentions": ratios["extra_memory_of_output_attentions"] <= EAGER_BAR,
            "head": tokens > 2048 or measured["head_ms"] <= HEAD_BAR,
        },
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--tokens", nargs="+", type=int, default=[512, 1024, 2048])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peak-of", choices=CONTESTANTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak_of:
        report(peak_mb=peak(options.peak_of, options.shapes[0], options.tokens[0]))
        return
    runs = [
        judged(shape, tokens, measured)
        for shape in options.shapes
        for tokens, measured in times(shape, options.tokens, options.rounds).items()
    ]
    report(rounds=options.rounds, runs=runs, **machine("lmwidget", "torch", "transformers"))


if __name__ == "__main__":
    main()
