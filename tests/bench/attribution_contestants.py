"""One contestant of the attribution benchmark, run once in a process of its own.

    python tests/bench/attribution_contestants.py '{"who": "captum", "method": …}'

Prints what it took and what it found as JSON. Wall and CPU seconds of the call; memory: peak
resident size during it above the size before it, model loaded and warmed up on eight tokens.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from attention import resident
from attribution_cases import PACKAGES
from attribution_models import Subject, subject
from shapes import text_of

LIMIT = 10 << 30  # bytes that a contestant may have
GENERATED = 20


@dataclass(frozen=True)
class Job:
    """What one process does."""

    who: str
    method: str
    shape: str
    tokens: int
    settings: dict[str, Any] = field(default_factory=dict)


Call = Callable[[], tuple[Any, dict[str, Any]]]  # -> scores, and what else there is to tell


def captum(job: Job, on: Subject) -> Call:
    """Return Captum's call; "lean" is what it can be given by who knows: one position's logits."""
    import torch
    from captum.attr import FeatureAblation, KernelShap, LayerIntegratedGradients

    lean = job.who.endswith("lean")
    if lean:
        on.model.requires_grad_(requires_grad=False)
    start = torch.full_like(on.ids, on.baseline_id)
    asked = {"baselines": start, "target": on.target, **job.settings}

    def output(ids: Any) -> Any:
        return on.output(ids, lean=lean)

    def call() -> tuple[Any, dict[str, Any]]:
        if job.method == "integrated_gradients":
            layer = LayerIntegratedGradients(output, on.embedding)
            return layer.attribute(on.ids, **asked)[0].sum(-1), {}
        explainer = {"leave_one_out": FeatureAblation, "kernel_shap": KernelShap}[job.method]
        with torch.no_grad():
            return explainer(output).attribute(on.ids, **asked)[0], {}

    return call


def lmwidget(job: Job, on: Subject) -> Call:
    """Return our call, as a user writes it."""
    import lmwidget as lmw

    lm = lmw.LanguageModel(on.model, on.tokenizer, name=job.shape)

    def call() -> tuple[Any, dict[str, Any]]:
        if job.method == "answer":
            text, answer = _answer(job)
            why = lm.attribute_answer(text, answer, method="input_x_gradient", **job.settings)
            return why.scores, {}
        token = "removal" if job.method in {"leave_one_out", "kernel_shap"} else "baseline"
        asked = {token: on.baseline, **job.settings}
        why = lm.attribute(on.text, job.method, **asked)
        return why.scores, {"passes": why.cost.get("passes")}

    return call


def inseq(job: Job, on: Subject) -> Call:
    """Return Inseq's call: its scores have the width of the embeddings, and are added up."""
    import inseq as library

    for name in ("pad_token", "eos_token", "bos_token"):
        setattr(on.tokenizer, name, on.baseline)
    attributor = library.load_model(on.model, "input_x_gradient", tokenizer=on.tokenizer)
    text, answer = _answer(job)

    def call() -> tuple[Any, dict[str, Any]]:
        made = attributor.attribute(
            text, text + answer, attributed_fn="logit", show_progress=False, **job.settings
        )
        scores = made.sequence_attributions[0].target_attributions
        return scores.sum(-1).T.nan_to_num(), {}

    return call


CONTESTANTS = {"captum": captum, "lmwidget": lmwidget, "inseq": inseq}


def _answer(job: Job) -> tuple[str, str]:
    words = text_of(job.tokens + GENERATED).split()
    return " ".join(words[: job.tokens]), " " + " ".join(words[job.tokens :])


def measured(job: Job) -> dict[str, Any]:
    """Run a job, and return what it took."""
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))
    on = subject(job.shape, job.tokens)
    warm = dict(job.settings)
    warm.update({name: 8 for name in ("n_samples", "samples", "n_steps") if name in warm})
    small = Job(job.who, job.method, job.shape, 8, warm)
    contestant = CONTESTANTS[PACKAGES[job.who]]
    contestant(small, on.shortened(8))()
    call = contestant(job, on)
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    began, used = time.perf_counter(), time.process_time()
    scores, told = call()
    took = {
        "wall_s": round(time.perf_counter() - began, 3),
        "cpu_s": round(time.process_time() - used, 3),
        "peak_mb": round(resident("VmHWM") - before, 1),
    }
    scores = np.asarray(scores.detach() if hasattr(scores, "detach") else scores, np.float64)
    if job.method == "integrated_gradients":
        end, start = on.change()
        took |= {"change": end - start, "gap": float(scores.sum()) - (end - start)}
    package = PACKAGES[job.who]
    load = round(os.getloadavg()[0], 2)
    return took | told | {"scores": scores.tolist(), "version": version(package), "load": load}


if __name__ == "__main__":
    print(json.dumps(measured(Job(**json.loads(sys.argv[1])))))
