"""What is found for one model type and task."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

# What the sources of transformers say of them; checked to be so, not assumed.
NO_ATTENTION = {
    "falcon_mamba": "state space",
    "fnet": "Fourier transform",
    "mamba": "state space",
    "mamba2": "state space",
    "rwkv": "recurrent",
    "xlstm": "recurrent",
}
CANNOT_RUN = {
    "gemma3n": "its vision part needs the package timm; gemma3n_text is the same text model",
    "gemma4_assistant": "a drafter that reads the keys and values of the main model",
    "gemma4_unified_assistant": "a drafter that reads the keys and values of the main model",
    "layoutlmv2": "needs the package detectron2",
    "voxtral_realtime": "reads sound only",
}


@dataclass
class Outcome:
    """What was found for one (type, task)."""

    type: str
    task: str
    class_name: str
    implementation: str = ""
    verdict: str = "not run"  # exact, dense, partly, none, unavailable, not run
    kept: list[str] = field(default_factory=list)  # what of the attention stays in memory
    note: str = ""
    layers: dict[str, list[int]] = field(default_factory=dict)  # kind: [read exactly, all]
    numbers: dict[str, list[int]] = field(default_factory=dict)
    expected_numbers: dict[str, list[int]] = field(default_factory=dict)
    reference: str = ""
    error: float = 0.0
    sharpest: float = 1.0  # strongest weight of the flattest kind: a flat map tells nothing
    unchanged: bool = True  # outputs under capture bit for bit, and the model as it was found
    padding: dict[str, float] = field(default_factory=dict)  # side: largest error on valid rows
    half: str = ""  # in bfloat16: yes, or what is not read any more
    saliency: str = ""  # yes, or why not
    difference: float | None = None  # saliency against finite differences, relative
    problems: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return asdict(self)
