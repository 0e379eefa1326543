"""The rows of the attribution benchmark: who is measured on what, with which settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

STEPS, SAMPLES = 50, 200
PACKAGES = {
    "lmwidget": "lmwidget",
    "lmwidget brief": "lmwidget",
    "captum": "captum",
    "captum lean": "captum",
    "inseq": "inseq",
}
BATCHES = (1, 2, 4, 8, 16, 50)
BARS = {  # times as fast, share of the memory
    "integrated_gradients": (2.0, 0.5),
    "leave_one_out": (2.0, 0.25),
    "kernel_shap": (2.0, 0.25),
    "answer": (3.0, None),
}
# Captum's best batch size by shape and tokens: least CPU time of `--tune`.
BEST = {
    "integrated_gradients": {
        "gpt2": {32: 16, 128: 8, 512: 1},
        "bert": {32: 16, 128: 8, 512: 2},
        "smollm2": {128: 8},
    },
    "leave_one_out": {"gpt2": {128: 8}},
    "kernel_shap": {"gpt2": {128: 8}},
}


@dataclass(frozen=True)
class Case:
    """One row of the table: who is measured on what."""

    method: str
    shape: str
    tokens: int
    peer: str = "captum"
    ours: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.method} {self.shape} {self.tokens}"

    @property
    def contestants(self) -> tuple[str, ...]:
        """Everybody who can be asked."""
        rough = self.shape == "smollm2" or self.shape.endswith("sharp")
        brief = ("lmwidget brief",) if rough else ()
        lean = ("captum lean",) if self.peer == "captum" else ()
        return ("lmwidget", *brief, self.peer, *lean)

    def job(self, who: str, batch: int | None = None) -> dict[str, Any]:
        """Return what a process of a contestant is told."""
        what = {"method": self.method, "shape": self.shape, "tokens": self.tokens}
        if who.startswith("lmwidget"):
            fewer = {"max_steps": STEPS // 2 - 1} if who.endswith("brief") else {}
            return {"who": who, **what, "settings": self.ours | fewer}
        return {"who": who, **what, "settings": self._captums(batch) if "captum" in who else {}}

    def _captums(self, batch: int | None) -> dict[str, Any]:
        batch = batch or BEST[self.method][self.shape.split()[0]][self.tokens]
        if self.method == "integrated_gradients":
            return {"n_steps": STEPS, "internal_batch_size": batch}
        samples = {"n_samples": SAMPLES} if self.method == "kernel_shap" else {}
        return {"perturbations_per_eval": batch, **samples}


CASES = (
    Case("integrated_gradients", "gpt2", 32),
    Case("integrated_gradients", "gpt2", 128),
    Case("integrated_gradients", "gpt2", 512),
    Case("integrated_gradients", "bert", 32),
    Case("integrated_gradients", "bert", 128),
    Case("integrated_gradients", "bert", 512),
    Case("integrated_gradients", "gpt2 sharp", 32),
    Case("integrated_gradients", "gpt2 sharp", 128),
    Case("integrated_gradients", "bert sharp", 32),
    Case("integrated_gradients", "smollm2", 128),
    Case("leave_one_out", "gpt2", 128),
    Case("kernel_shap", "gpt2", 128, ours={"samples": SAMPLES}),
    Case("answer", "gpt2", 32, "inseq"),
)
