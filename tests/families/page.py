"""The survey as a page: counts, what they mean, one row a type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import transformers
from building import TASKS
from survey import TOLERANCE

# A map without a weight larger than this would look right whatever was captured.
_TOO_FLAT = 0.15
Outcomes = list[dict[str, Any]]
Results = dict[str, Outcomes]

_PAGE = """# Model families

Written by `make families` (`tests/families/table.py`), never by hand, with transformers \
{transformers} and torch {torch}.

{summary}

| verdict | types | meaning |
|---|---|---|
{verdicts}

Every text model type that transformers registers is built tiny from its configuration (2 to 4 \
layers, 4 heads, 12 tokens, batch 2), with random weights that make attention far from uniform. \
Every head of every layer is compared with the eager `output_attentions` of a copy with the same \
weights, checked to be attention (rows ≥ 0 that sum to at most 1). Where that is missing or is \
something else, the note names the reference: *probe* gives each token a value that names its \
position, so that what the module's own code puts out is its weights; the others are described in \
`tests/families/expected.py`.

Tasks: {tasks}.
Kept: Q, K (queries and keys), slots (the few weights that a query has in local or sparse \
attention), weights (whole matrices).
Layers: read exactly / all.
Error: largest absolute difference of a weight, over all tasks, with padding, too.
Padding: the sides on which a text in a batch was padded and its weights compared.
Saliency: whether a gradient arrives at the embeddings of the tokens, and its relative difference \
from finite differences, where the model computes in float64.

| type | tasks | captured | kept | layers | error | padding | saliency | note |
|---|---|---|---|---|---|---|---|---|
{rows}
"""

_SUMMARY = """\
* {all_types} types, {all_pairs} pairs of type and task; {types} types run here.
* **{read} of the {softmax} types with softmax attention ({read_share:.1%}) are read exactly in \
every layer**; largest error {error:.0e}. {approximate} more approximate attention and have no \
weights, {without} have none by design.
* **Saliency arrives on {salient} of the {types} types ({salient_share:.1%})**; {close} of the \
{compared} pairs that compute in float64 are within 1 % of finite differences.
* Outputs bit for bit the same under capture, and the model as it was found: {unchanged} of \
{pairs} pairs.
* The same layers are read in bfloat16: {half} of the {coarse} pairs that run in it.
* Right in a batch with padding left and right: {both_sides} of the {padded} pairs with a mask."""

# Best first: the verdict on a type is the last of those on its tasks.
VERDICTS = {
    "exact": "every layer, recomputed from what is kept, in memory linear in the length of the text",
    "dense": "every layer, some kept as whole matrices, since the model has no queries and keys "
    "that explain it (relative positions of its own, and the like)",
    "partly": "every layer that is over tokens; the others are over pooled or other places, and "
    "raise an error that says so",
    "none": "no attention by design: `NoAttentionError`, and saliency works",
    "unavailable": "a clear error, since attention is approximate and has no weights, or is not "
    "between tokens",
    "not run": "the tiny model cannot be run here",
    "failed": "differs from the reference",
}


def verdict_of(outcomes: Sequence[dict[str, Any]]) -> str:
    """Return the verdict on a type."""
    if any(is_wrong(outcome) for outcome in outcomes):
        return "failed"
    return max((outcome["verdict"] for outcome in outcomes), key=list(VERDICTS).index)


def is_wrong(outcome: dict[str, Any]) -> bool:
    """Whether anything about a (type, task) is not as it should be."""
    errors = [outcome["error"], *outcome["padding"].values()]
    return (
        bool(outcome["problems"])
        or not all(error < TOLERANCE for error in errors)
        or outcome["sharpest"] < _TOO_FLAT
        or not outcome["unchanged"]
        or outcome["numbers"] != outcome["expected_numbers"]
    )


def page(results: Results) -> str:
    """Return the page: counts, what they mean, one row a type."""
    verdicts = {kind: verdict_of(outcomes) for kind, outcomes in results.items()}
    count = {name: list(verdicts.values()).count(name) for name in VERDICTS}
    tasks = ", ".join(f"{letter} {name}" for letter, (name, _) in TASKS.items())
    rows = [_row(kind, verdicts[kind], outcomes) for kind, outcomes in results.items()]
    verdict_rows = [f"| {name} | {count[name]} | {meaning} |" for name, meaning in VERDICTS.items()]
    return _PAGE.format(
        transformers=transformers.__version__,
        torch=torch.__version__.split("+")[0],
        summary=_summary(results, verdicts),
        verdicts="\n".join(verdict_rows),
        tasks=tasks,
        rows="\n".join(rows),
    )


def _summary(results: Results, verdicts: dict[str, str]) -> str:
    outcomes = [outcome for found in results.values() for outcome in found]
    run = [outcome for outcome in outcomes if outcome["verdict"] != "not run"]
    types = {kind for kind, verdict in verdicts.items() if verdict != "not run"}
    approximate = {kind for kind in types if is_approximate(results[kind])}
    softmax = sum(verdicts[kind] != "none" for kind in types - approximate)
    read = sum(verdict in ("exact", "dense") for verdict in verdicts.values())
    salient = sum(all(o["saliency"] == "yes" for o in results[kind]) for kind in types)
    padded = [outcome for outcome in outcomes if outcome["padding"]]
    compared = [o["difference"] for o in outcomes if o["difference"] is not None]
    return _SUMMARY.format(
        all_types=len(results),
        all_pairs=len(outcomes),
        types=len(types),
        pairs=len(run),
        read=read,
        approximate=len(approximate),
        without=sum(verdict == "none" for verdict in verdicts.values()),
        softmax=softmax,
        read_share=read / softmax,
        error=max(max([o["error"], *o["padding"].values()]) for o in outcomes),
        salient=salient,
        salient_share=salient / len(types),
        close=sum(difference < 0.01 for difference in compared),
        compared=len(compared),
        unchanged=sum(outcome["unchanged"] for outcome in run),
        half=sum(outcome["half"] == "yes" for outcome in run),
        coarse=sum(bool(outcome["half"]) or _in_bfloat16(outcome) for outcome in run),
        both_sides=sum(len(outcome["padding"]) == 2 for outcome in padded),
        padded=len(padded),
    )


def is_approximate(outcomes: Sequence[dict[str, Any]]) -> bool:
    """Whether the attention of a type is hashed or sampled instead of a softmax over tokens."""
    return all("cannot be shown: it" in outcome["note"] for outcome in outcomes)


def _in_bfloat16(outcome: dict[str, Any]) -> bool:
    return any("bfloat16" in problem for problem in outcome["problems"])


def _row(kind: str, verdict: str, outcomes: Outcomes) -> str:
    tasks = "".join(outcome["task"] for outcome in outcomes)
    kept = ", ".join(dict.fromkeys(name for o in outcomes for name in o["kept"]))
    errors = [e for o in outcomes if o["reference"] for e in (o["error"], *o["padding"].values())]
    error = f"{max(errors):.0e}" if errors else "–"
    cells = [
        kind,
        tasks,
        verdict,
        kept or "–",
        _layers(outcomes),
        error,
        _padding(outcomes),
        _saliency(outcomes),
        _note(outcomes),
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _layers(outcomes: Outcomes) -> str:
    most: dict[str, list[int]] = {}
    for outcome in outcomes:
        for kind, (read, total) in outcome["layers"].items():
            most[kind] = max(most.get(kind, [0, 0]), [read, total], key=lambda pair: pair[1])
    return ", ".join(f"{kind} {read}/{total}" for kind, (read, total) in most.items()) or "–"


def _padding(outcomes: Outcomes) -> str:
    sides = [set(outcome["padding"]) for outcome in outcomes if outcome["padding"]]
    common = set.intersection(*sides) if sides else set()
    return "both" if len(common) == 2 else ", ".join(common) or "–"


def _saliency(outcomes: Outcomes) -> str:
    found = [outcome["saliency"] for outcome in outcomes if outcome["verdict"] != "not run"]
    if not found or any(saliency != "yes" for saliency in found):
        return "no" if found else "–"
    differences = [o["difference"] for o in outcomes if o["difference"] is not None]
    return f"yes, {max(differences):.0e}" if differences else "yes"


def _note(outcomes: Outcomes) -> str:
    notes = [
        f"reference: {o['reference']}" for o in outcomes if o["reference"] not in ("", "eager")
    ]
    hybrid = [o["numbers"]["self"] for o in outcomes if _is_hybrid(o)]
    notes += [f"attention in layers {', '.join(map(str, numbers))}" for numbers in hybrid]
    notes += [note for o in outcomes for note in _shortened(o["note"])]
    notes += [o["saliency"] for o in outcomes if o["saliency"] not in ("", "yes")]
    notes += [problem for o in outcomes for problem in o["problems"]]
    return "; ".join(dict.fromkeys(notes))


def _shortened(note: str) -> list[str]:
    """Return the first refusal of a layer, how many there are, and what else is said."""
    refusals, _, rest = note.partition(". ") if ". With " in note else (note, "", "")
    first, *others = refusals.split("; ")
    more = f"{first.rstrip('.')} (and {len(others)} more layers)" if others else first
    return [part for part in (more, rest) if part]


def _is_hybrid(outcome: dict[str, Any]) -> bool:
    numbers = outcome["numbers"].get("self", [])
    return numbers != list(range(len(numbers)))
