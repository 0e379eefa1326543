"""What attribution costs: lmwidget beside Captum and Inseq.

    python tests/bench/attribution.py [--rounds 3] [--only "kernel_shap*"]
    python tests/bench/attribution.py --who lmwidget captum "captum lean"
    python tests/bench/attribution.py --level         # also Captum with steps for our gap
    python tests/bench/attribution.py --tune          # which batch size suits Captum best

Shapes of GPT-2 small and BERT-base with random weights, as they are initialised and "sharp" (with
attention that decides: `attribution_models.sharpened`), and the real SmolLM2; float32, CPU. Every
contestant runs in a fresh process, interleaved, its turn rotated from round to round; medians. What
is measured is said in `attribution_contestants.py`. Inseq gets an environment of its own under
`build/peers`, with the torch and transformers of this one.

Captum has the batch size that takes it least CPU time, of 1, 2, 4, 8, 16, 50 (`--tune` finds it),
and the forward function that its manual shows, `model(ids).logits[:, -1]`. "captum lean" asks the
model for that position's logits only and wants no gradients of weights.

On rough ways, "lmwidget brief" may take 24 points (`max_steps`), half of Captum's: less time, more
gap. `--level` tells the steps, and time, that Captum takes until its gap is as small as ours.

Integrated gradients go the same way on both sides: from one token everywhere to the text. The gap
is what the scores miss of the change of the logit, by the same sum; "agreement" is the correlation
of the scores (of Kernel SHAP's, only rough: each side draws its own samples).

Bars: integrated gradients twice as fast as Captum at a gap no larger (gaps below 0.1 % of the
change count as closed), with half the memory; leave-one-out and Kernel SHAP twice as fast with a
quarter of the memory; the answer three times as fast as Inseq.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
from attribution_cases import BARS, BATCHES, CASES, PACKAGES, Case
from shapes import machine, report

HERE = Path(__file__).parent
PEERS = HERE.parents[1] / "build" / "peers"
INSEQ = "inseq==0.7.1"
CLOSED = 1e-3  # of the change
MOST_STEPS = 800
WHO = ["lmwidget", "lmwidget brief", "captum", "inseq"]  # "captum lean" on request


def inseq_python() -> Path:
    """Return the interpreter of an environment with Inseq; made where there is none."""
    python = PEERS / "bin" / "python"
    if not (PEERS / "ready").exists():
        venv.create(PEERS, with_pip=True, clear=True)
        place = subprocess.check_output(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
        )
        # A path file: the packages of this environment, behind Inseq's own.
        (Path(place.strip()) / "zz_lmwidget.pth").write_text(sysconfig.get_path("purelib"))
        # Captured, because pip complains of packages that are none of Inseq's.
        install = [python, "-m", "pip", "install", "--quiet", INSEQ]
        done = subprocess.run(install, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)
        (PEERS / "ready").touch()
    return python


Runs = dict[str, list[dict[str, Any]]]


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run a job in a process of its own; what goes wrong there is an "error"."""
    python = inseq_python() if job["who"] == "inseq" else sys.executable
    command = [str(python), str(HERE / "attribution_contestants.py"), json.dumps(job)]
    # Threads that wait asleep: otherwise their waiting counts as CPU time.
    quiet = {"OMP_WAIT_POLICY": "passive", "TRANSFORMERS_VERBOSITY": "error"}
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **quiet}, check=False
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit {done.returncode}"]
        return {"error": last[0][:300]}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def rounds(cases: list[Case], count: int, asked: list[str]) -> dict[str, Runs]:
    """Return every run of the contestants asked for, by case and contestant."""
    runs: dict[str, Runs] = {
        case.name: {who: [] for who in case.contestants if who in asked} for case in cases
    }
    for turn in range(count):
        for case in cases:
            names = list(runs[case.name])
            start = turn % max(len(names), 1)
            for who in names[start:] + names[:start]:
                one = run(case.job(who))
                runs[case.name][who].append(one)
                print(f"{case.name}, {who}: {_brief(one)}", file=sys.stderr, flush=True)
    return runs


def _brief(one: dict[str, Any]) -> str:
    return json.dumps({name: value for name, value in one.items() if name != "scores"})


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the medians of a contestant's runs."""
    good = [one for one in runs if "error" not in one]
    if not good:
        return {"error": runs[0]["error"]}
    kept = ("passes", "change", "gap", "version")
    medians = {
        name: round(statistics.median(one[name] for one in good), 3)
        for name in ("wall_s", "cpu_s", "peak_mb", "load")
    }
    return {**medians, "runs": len(good), **{name: good[0].get(name) for name in kept}}


def judged(case: Case, runs: Runs, *, level: bool) -> dict[str, Any]:
    """Return medians, and how each of ours stands to each peer, of one case."""
    found = {who: summary(runs[who]) for who in runs}
    settings = {who: case.job(who)["settings"] for who in runs}
    good = [who for who in runs if "error" not in found[who]]
    pairs = [(our, peer) for our in good for peer in good if ours(our) and not ours(peer)]
    row: dict[str, Any] = {"case": case.name, "contestants": found, "settings": settings}
    row["beside"] = {}
    for our, peer in pairs:
        agreement = correlation(runs[our][0]["scores"], runs[peer][0]["scores"])
        stand = beside(case, found[our], found[peer])
        row["beside"][f"{our}, {peer}"] = {**stand, "agreement": agreement}
    if level and ("lmwidget", "captum") in pairs and found["captum"]["gap"] is not None:
        row["captum_at_our_gap"] = at_gap(case, found["lmwidget"], found["captum"])
    return row


def ours(who: str) -> bool:
    return who.startswith("lmwidget")


def beside(case: Case, found: dict[str, Any], peer: dict[str, Any]) -> dict[str, Any]:
    """Return how we stand to a peer, and which bars that meets."""
    times = round(peer["wall_s"] / found["wall_s"], 2)
    memory = round(found["peak_mb"] / peer["peak_mb"], 3)
    faster, share = BARS[case.method]
    bars = {"faster": times >= faster}
    if share is not None:
        bars["memory"] = memory <= share
    if found["gap"] is not None:
        bars["gap"] = closed(found) or abs(found["gap"]) <= abs(peer["gap"])
    by_cpu = round(peer["cpu_s"] / found["cpu_s"], 2)
    return {"times_as_fast": times, "by_cpu": by_cpu, "memory": memory, "bars": bars}


def correlation(mine: list[Any], yours: list[Any]) -> float:
    return round(float(np.corrcoef(np.ravel(mine), np.ravel(yours))[0, 1]), 4)


def at_gap(case: Case, found: dict[str, Any], first: dict[str, Any]) -> dict[str, Any]:
    """Return what Captum takes with the fewest steps, doubled, that leave a gap as small as ours."""
    job, one = case.job("captum"), first
    steps = job["settings"]
    while not closed(one) and abs(one["gap"]) > abs(found["gap"]) and steps["n_steps"] < MOST_STEPS:
        steps["n_steps"] *= 2
        one = run(job)
        print(f"{case.name}, {steps}: {_brief(one)}", file=sys.stderr, flush=True)
        if "error" in one:
            return one
    reached = closed(one) or abs(one["gap"]) <= abs(found["gap"])
    took = {name: one[name] for name in ("wall_s", "cpu_s", "gap")}
    by_cpu = round(one["cpu_s"] / found["cpu_s"], 2)
    return {"steps": steps["n_steps"], **took, "reached": reached, "by_cpu": by_cpu}


def closed(found: dict[str, Any]) -> bool:
    """Return whether the scores add up to the change, as far as a map can show."""
    return abs(found["gap"]) <= CLOSED * abs(found["change"])


def tuned(cases: list[Case]) -> Iterator[dict[str, Any]]:
    """Yield what every batch size costs Captum: CPU seconds of one step of a shortened run."""
    for case in cases:
        if case.peer != "captum" or "sharp" in case.name:
            continue
        for batch in BATCHES:
            job = case.job("captum", batch)
            fewest = {32: 16, 128: 8, 512: 2}[case.tokens]
            shorter = {"n_steps": max(batch, fewest), "n_samples": max(batch, 32)}
            job["settings"] |= {name: shorter[name] for name in shorter if name in job["settings"]}
            one = run(job)
            one.pop("scores", None)
            print(f"{case.name}, {batch}: {_brief(one)}", file=sys.stderr, flush=True)
            settings = job["settings"]
            steps = settings.get("n_steps") or settings.get("n_samples") or case.tokens
            if "error" not in one:
                one["cpu_s_a_step"] = round(one["cpu_s"] / steps, 4)
            yield {"case": case.name, "batch": batch, "steps": steps, **one}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="*", help="a pattern of cases: method shape tokens")
    parser.add_argument("--who", nargs="+", choices=PACKAGES, default=WHO, help="contestants")
    parser.add_argument("--level", action="store_true", help="also Captum at a gap like ours")
    parser.add_argument("--tune", action="store_true", help="Captum's batch sizes instead")
    options = parser.parse_args()
    cases = [case for case in CASES if fnmatch(case.name, options.only)]
    if options.tune:
        report(tuned=list(tuned(cases)), **machine("captum", "torch", "transformers"))
        return
    if "inseq" in options.who and any(case.peer == "inseq" for case in cases):
        inseq_python()  # before the clock
    runs = rounds(cases, options.rounds, options.who)
    report(
        rounds=options.rounds,
        cases=[judged(case, runs[case.name], level=options.level) for case in cases],
        **machine("lmwidget", "captum", "torch", "transformers"),
    )


if __name__ == "__main__":
    main()
