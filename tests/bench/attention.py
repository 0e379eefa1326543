"""What reading attention costs: `lm.attention` beside a plain forward pass and `output_attentions`.

    python tests/bench/attention.py [--tokens 1024] [--rounds 7]

GPT-2 small shape, random weights, float32, CPU. All contestants compute the logits of the last
position only, as `lm.attention` does, so nothing is won by leaving out the output layer; the
plain pass with all logits is listed for information.

Time: medians over rounds in one process, the order rotated from round to round. Wall seconds, and
CPU seconds of the process, which other work on the machine disturbs less.
Memory: a fresh process for each contestant; peak resident size during the pass (`VmHWM`, reset
through `/proc/self/clear_refs`) above the size before it, the result still held; "extra" is what
comes on top of the plain pass. Linux only.

Bars: wall time of lmwidget at most 1.15 of the plain pass; extra memory at most 1/5 of
`output_attentions`.
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

from shapes import gpt2_small, language_model, machine, report, text_of, word_tokenizer

CONTESTANTS = ("plain", "lmwidget", "output_attentions", "plain_all_logits")
TIME_BAR = 1.15
MEMORY_BAR = 0.2

# Freed blocks go back to the system at once, so that the peak is what was alive.
PLAIN_MALLOC = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "65536"}


def contestant(name: str) -> Callable[[int], Any]:
    """Return what runs a contestant on a text of so many tokens, and returns what it gives."""
    import torch

    if name == "lmwidget":
        lm = language_model()
        return lambda tokens: lm.attention(text_of(tokens))
    eager = {"attn_implementation": "eager"} if name == "output_attentions" else {}
    model, tokenizer = gpt2_small(**eager), word_tokenizer()
    settings: dict[str, Any] = {"use_cache": False}
    if name != "plain_all_logits":
        settings["logits_to_keep"] = 1
    if name == "output_attentions":
        settings["output_attentions"] = True

    def run(tokens: int) -> Any:
        ids = tokenizer(text_of(tokens), return_tensors="pt").input_ids
        with torch.no_grad():
            return model(ids, **settings)

    return run


def times(tokens: int, rounds: int) -> dict[str, dict[str, float]]:
    """Return median wall and CPU seconds of each contestant, interleaved."""
    runs = {name: contestant(name) for name in CONTESTANTS}
    for run in runs.values():
        run(tokens)
    wall: dict[str, list[float]] = {name: [] for name in runs}
    cpu: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(rounds):
        start = turn % len(CONTESTANTS)
        for name in CONTESTANTS[start:] + CONTESTANTS[:start]:
            gc.collect()
            began, used = time.perf_counter(), time.process_time()
            held = runs[name](tokens)
            wall[name].append(time.perf_counter() - began)
            cpu[name].append(time.process_time() - used)
            del held
    return {
        name: {
            "wall_s": round(statistics.median(wall[name]), 4),
            "cpu_s": round(statistics.median(cpu[name]), 4),
        }
        for name in runs
    }


def resident(field: str) -> float:
    """Return VmRSS or VmHWM of this process in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/self/status has no {field}")


def peak(name: str, tokens: int) -> float:
    """Return the memory above what the process had before, in MB; for a fresh process."""
    run = contestant(name)
    run(16)  # code and buffers that any pass brings in
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    held = run(tokens)
    above = resident("VmHWM") - before
    del held
    return above


def memory(tokens: int) -> dict[str, float]:
    """Return the peak of each contestant, each in its own process."""
    peaks = {}
    for name in CONTESTANTS:
        command = [sys.executable, __file__, "--tokens", str(tokens), "--peak-of", name]
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, env={**os.environ, **PLAIN_MALLOC}
        )
        peaks[name] = round(json.loads(done.stdout)["peak_mb"], 1)
    return peaks


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tokens", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peak-of", choices=CONTESTANTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak_of:
        report(peak_mb=peak(options.peak_of, options.tokens))
        return
    peaks = memory(options.tokens)
    seconds = times(options.tokens, options.rounds)
    plain, ours, eager = (seconds[name] for name in CONTESTANTS[:3])
    extra = {name: round(peaks[name] - peaks["plain"], 1) for name in CONTESTANTS[1:3]}
    ratios = {
        "wall_of_plain": round(ours["wall_s"] / plain["wall_s"], 3),
        "cpu_of_plain": round(ours["cpu_s"] / plain["cpu_s"], 3),
        "wall_of_output_attentions": round(ours["wall_s"] / eager["wall_s"], 3),
        "extra_memory_of_output_attentions": round(
            extra["lmwidget"] / extra["output_attentions"], 3
        ),
        "peak_memory_of_output_attentions": round(
            peaks["lmwidget"] / peaks["output_attentions"], 3
        ),
    }
    report(
        tokens=options.tokens,
        rounds=options.rounds,
        seconds=seconds,
        peak_mb=peaks,
        extra_mb=extra,
        ratios=ratios,
        bars={
            "time": ratios["wall_of_plain"] <= TIME_BAR,
            "memory": ratios["extra_memory_of_output_attentions"] <= MEMORY_BAR,
        },
        **machine("lmwidget", "torch", "transformers"),
    )


if __name__ == "__main__":
    main()
