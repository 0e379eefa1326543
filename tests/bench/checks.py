"""Do the checks know a map from noise? Every method on real texts, beside random scores.

    python tests/bench/checks.py                    # 100 texts a model
    python tests/bench/checks.py --texts 10 --model classifier

For each text the model's own prediction is explained by every method, and all maps are checked in
the same passes: how far the prediction's probability falls without the strongest 10–50 % of the
tokens (comprehensiveness, more is better), and with nothing else (sufficiency, less is better).
Beside each figure stands the standard error of its difference to that of random scores. Models: the
sentiment classifier of scripts/train_sentiment.py on film reviews that it was not trained on, and
SmolLM2, which continues the beginnings of such reviews. The tables are those of docs/saliency.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from shapes import machine, report

import lmwidget as lmw

sys.path.append(str(Path(__file__).parents[2] / "scripts"))
from train_sentiment import held_out, sentiment_model

SAMPLED = {"samples": 128}
METHODS: dict[str, dict[str, dict[str, Any]]] = {
    "classifier": {
        "input_x_gradient": {},
        "gradient": {},
        "integrated_gradients": {},
        "attention": {},
        "rollout": {},
        "relevance": {},
        "leave_one_out": {},
        "occlusion": {},
        "lime": SAMPLED,
        "kernel_shap": SAMPLED,
        "partition_shap": SAMPLED,
        "random": {},
    },
    "language model": {
        "input_x_gradient": {},
        "gradient": {},
        "integrated_gradients": {"max_steps": 31},
        "relevance": {},
        "leave_one_out": {},
        "random": {},
    },
}
RANDOM_MAPS = 10
CHECKS = ("comprehensiveness", "sufficiency")


def texts_of(kind: str, lm: Any, reviews: list[dict[str, Any]], count: int) -> list[Any]:
    """Return short reviews, or their beginnings where the model is fairly sure how to go on."""
    if kind == "classifier":
        return [row["text"] for row in reviews if 6 <= len(row["text"].split()) <= 16][:count]
    found = []
    for row in reviews:
        words = row["text"].split()
        for length in range(6, min(len(words), 12)):
            text = " ".join(words[:length])
            if lm.predict(text, 1)[0].probability > 0.3:
                found.append(text)
                break
        if len(found) == count:
            break
    return found


def measured(kind: str, lm: Any, texts: list[Any]) -> dict[str, Any]:
    """Return the mean of each check, and how often it is passed, by method."""
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    spread: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    methods = METHODS[kind]
    for number, text in enumerate(texts):
        found = lm.compare(
            text,
            list(methods),
            of="probability",
            settings={**methods, "random": {"seed": number}},
            random_maps=RANDOM_MAPS,
            seed=number,
            progress=False,
        )
        control = {check.name: check.value for check in _last(found.attributions).checks}
        for one in found.attributions:
            for check in one.checks:
                values[one.method][check.name].append(check.value)
                spread[one.method][check.name].append(check.value - control[check.name])
                values[one.method][f"{check.name} passed"].append(bool(check.passed))
            values[one.method]["passes"].append(one.cost["passes"])
        if found.failures:
            raise SystemExit(f"{kind}: {found.failures}")
    return {
        method: {name: float(np.mean(numbers)) for name, numbers in rows.items()}
        | {f"{name} error": _error(numbers) for name, numbers in spread[method].items()}
        for method, rows in values.items()
    }


def _last(attributions: Any) -> Any:
    """Return the random map."""
    return next(one for one in attributions if one.method == "random")


def _error(differences: list[float]) -> float:
    """Return the standard error of the mean difference to random scores, text by text."""
    return float(np.std(differences, ddof=1) / np.sqrt(len(differences)))


def table(rows: dict[str, Any]) -> str:
    """Return the figures as Markdown, best first."""
    lines = [
        "| method | comprehensiveness | sufficiency | checks passed | passes a text |",
        "|---|---|---|---|---|",
    ]
    for method, row in sorted(rows.items(), key=lambda item: -item[1]["comprehensiveness"]):
        passed = np.mean([row[f"{name} passed"] for name in CHECKS])
        lines.append(
            f"| `{method}` | {_figure(row, 'comprehensiveness')} | {_figure(row, 'sufficiency')} "
            f"| {passed:.0%} | {row['passes']:.0f} |"
        )
    return "\n".join(lines)


def _figure(row: dict[str, float], name: str) -> str:
    error = row[f"{name} error"]
    return f"{row[name]:.3f} ± {error:.3f}" if error else f"{row[name]:.3f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--texts", type=int, default=100)
    parser.add_argument("--model", choices=list(METHODS), nargs="+", default=list(METHODS))
    options = parser.parse_args()
    folder = sentiment_model()
    reviews = held_out(folder)
    results: dict[str, Any] = {}
    for kind in options.model:
        lm = lmw.load(folder) if kind == "classifier" else lmw.load()
        texts = texts_of(kind, lm, reviews, options.texts)
        begin = time.perf_counter()
        rows = measured(kind, lm, texts)
        last = {
            "comprehensiveness": min(rows, key=lambda name: rows[name]["comprehensiveness"]),
            "sufficiency": max(rows, key=lambda name: rows[name]["sufficiency"]),
        }
        print(f"{kind}, {len(texts)} texts\n{table(rows)}\n", file=sys.stderr, flush=True)
        results[kind] = {
            "texts": len(texts),
            "seconds": round(time.perf_counter() - begin, 1),
            "last": last,
            "random_last": set(last.values()) == {"random"},
            "methods": rows,
        }
    report(checks=results, **machine("torch", "transformers"))


if __name__ == "__main__":
    main()
