"""What the attention of every step of a generated text costs, beside `model.generate` alone.

    python tests/bench/generation.py [--model smollm2] [--prompt 128] [--new 64] [--rounds 7]

Both write the same tokens, greedily, on the CPU, alternating in one process; medians of wall and
CPU seconds, and of the ratio in each round. lmwidget makes one step more than it is asked for, so
that the last token has its attention, too; so does `generate` here.

Bar: at most 1.25 times the time.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

from shapes import SHAPES, language_model, machine, report, text_of

BAR = 1.25


def loaded(name: str, prompt: int) -> tuple[Any, Any]:
    """Return a model, and the tokens of a prompt."""
    import lmwidget as lmw

    if name in SHAPES:
        lm = language_model(name)
        return lm, lm.tokenize(text_of(prompt))
    lm = lmw.load()
    words = "The old lighthouse keeper climbed the stairs every evening and lit the lamp. "
    tokens = lm.tokenize(words * (1 + prompt // 10)).ids[:prompt]
    return lm, lm.tokenize(lm.tokenizer.decode(tokens))


def timed(run: Callable[[], Any]) -> tuple[float, float]:
    """Return wall and CPU seconds."""
    gc.collect()
    start, used = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - start, time.process_time() - used


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", choices=[*SHAPES, "smollm2"], default="smollm2")
    parser.add_argument("--prompt", type=int, default=128)
    parser.add_argument("--new", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    import torch

    lm, tokens = loaded(options.model, options.prompt)
    inputs = {name: lm.inputs(tokens)[name] for name in ("input_ids", "attention_mask")}
    steps = {"max_new_tokens": options.new + 1, "min_new_tokens": options.new + 1}

    def plain() -> list[int]:
        with torch.no_grad():
            made = lm.model.generate(**inputs, **steps, do_sample=False, pad_token_id=0)
        return made[0].tolist()

    def ours() -> list[int]:
        made = lm.generate(tokens, options.new, min_new_tokens=options.new + 1)
        return made.tokens.ids.tolist()

    same = plain()[:-1] == ours()
    rounds = []
    for turn in range(options.rounds):
        pair = [timed(run) for run in ((plain, ours) if turn % 2 else (ours, plain))]
        rounds.append(pair if turn % 2 else pair[::-1])
    medians = [
        [statistics.median(one[who][what] for one in rounds) for what in (0, 1)] for who in (0, 1)
    ]
    ratio = statistics.median(ours[0] / plain[0] for plain, ours in rounds)
    cpu = statistics.median(ours[1] / plain[1] for plain, ours in rounds)
    report(
        model=lm.name,
        prompt=len(tokens),
        new=options.new,
        rounds=options.rounds,
        same_tokens=same,
        plain={"wall_s": round(medians[0][0], 3), "cpu_s": round(medians[0][1], 3)},
        lmwidget={"wall_s": round(medians[1][0], 3), "cpu_s": round(medians[1][1], 3)},
        ratios={"wall": round(ratio, 3), "cpu": round(cpu, 3)},
        bar=same and ratio <= BAR,
        **machine("lmwidget", "torch", "transformers"),
    )


if __name__ == "__main__":
    main()
