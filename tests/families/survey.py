"""One model type and task: is its attention captured, all of it, and right?"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Iterator
from typing import Any

import torch
import transformers
from building import LENGTH, Built, Pair, build, can_pad, inputs_of
from expected import NoReferenceError, layer_numbers, reference
from outcome import CANNOT_RUN, NO_ATTENTION, Outcome
from torch import Tensor, nn

from lmwidget.capture.gradients import EmbeddingLeaves
from lmwidget.capture.hooks.recorder import record_attention
from lmwidget.capture.kept.query_key import QueryKeyRecord
from lmwidget.capture.kept.records import DenseRecord, Record, UnavailableRecord
from lmwidget.capture.kept.sparse import SparseRecord
from lmwidget.capture.layers import Layers, sort_layers
from lmwidget.errors import UnavailableError
from lmwidget.tokens import Tokens

TOLERANCE = 1e-5
_KEPT = {QueryKeyRecord: "Q, K", SparseRecord: "slots", DenseRecord: "weights"}


def survey(pair: Pair) -> Outcome:
    """Return what is found for a pair; never raises."""
    outcome = Outcome(pair.type, pair.task, pair.class_name)
    try:
        built, inputs = _running(pair, outcome)
    except Exception as error:  # noqa: BLE001, whatever a configuration or a package says
        outcome.note = CANNOT_RUN.get(pair.type, f"{type(error).__name__}: {error}"[:200])
        if pair.type not in CANNOT_RUN:
            outcome.problems.append(outcome.note)
        return outcome
    for step in (_capture, _pad, _half, _saliency, _differences):
        _try(step, built, inputs, outcome)
    return outcome


def _try(step: Any, built: Built, inputs: dict[str, Any], outcome: Outcome) -> None:
    try:
        step(built, inputs, outcome)
    except Exception as error:  # noqa: BLE001, one problem of one model
        outcome.problems.append(f"{step.__name__[1:]}: {type(error).__name__}: {error}"[:300])


def _running(pair: Pair, outcome: Outcome) -> tuple[Built, dict[str, Any]]:
    built = build(pair)
    outcome.implementation = built.config._attn_implementation or ""
    inputs = inputs_of(built)
    _run(built.model, inputs)
    return built, inputs


def _run(model: nn.Module, inputs: dict[str, Any]) -> Any:
    torch.manual_seed(0)  # Reformer hashes at random
    with torch.no_grad():
        return model(**inputs)


def captured(built: Built, inputs: dict[str, Any]) -> dict[str, Layers]:
    """Return the captured layers by kind, as ``lm.attention`` would sort them."""
    torch.manual_seed(0)
    records = record_attention(built.model, inputs)
    both = bool(built.config.is_encoder_decoder)
    outputs = inputs.get("decoder_input_ids", inputs["input_ids"]).shape[1]
    tokens, output_tokens = (Tokens.from_pieces(["a"] * n) for n in (LENGTH, outputs))
    return sort_layers(records, tokens, output_tokens if both else None, encoder_decoder=both)


def _capture(built: Built, inputs: dict[str, Any], outcome: Outcome) -> None:
    plain, before = _run(built.model, inputs), _Found(built.model)
    seen: list[Any] = []
    hook = built.model.register_forward_hook(lambda *call: seen.append(call[2]))
    kinds = captured(built, inputs)
    hook.remove()
    same = all(map(torch.equal, tensors_of(plain), tensors_of(seen[0])))
    outcome.unchanged = same and before == _Found(built.model)
    outcome.verdict = _verdict(outcome, kinds)
    records = [record for layers in kinds.values() for record in layers.records]
    outcome.kept = [name for cls, name in _KEPT.items() if any(isinstance(r, cls) for r in records)]
    outcome.note = "; ".join(dict.fromkeys(_refusal(r) for r in records if _refused(r)))
    for kind, layers in kinds.items():
        read = sum(not _refused(record) for record in layers.records)
        outcome.layers[kind] = [read, len(layers.records)]
        outcome.numbers[kind] = list(layers.numbers)
        numbers = layer_numbers(built.config, kind, len(layers.records))
        outcome.expected_numbers[kind] = numbers
    if outcome.verdict in ("exact", "dense", "partly"):
        errors, outcome.sharpest, outcome.reference = _errors(built, inputs, kinds)
        outcome.error = max(errors)


def _verdict(outcome: Outcome, kinds: dict[str, Layers]) -> str:
    records = [record for layers in kinds.values() for record in layers.records]
    if not records:
        if outcome.type not in NO_ATTENTION:
            outcome.problems.append("nothing captured")
        return "none"
    refused = sum(map(_refused, records))
    if refused == len(records):
        return "unavailable"
    if refused:
        return "partly"
    compact = all(isinstance(record, (QueryKeyRecord, SparseRecord)) for record in records)
    return "exact" if compact else "dense"


def _refused(record: Record) -> bool:
    return isinstance(record, UnavailableRecord)


def _refusal(record: Record) -> str:
    """What a user is told who asks for such a layer."""
    try:
        record.weights()
    except UnavailableError as error:
        return error.message
    raise AssertionError(f"{record} gives weights")


def _errors(
    built: Built, inputs: dict[str, Any], kinds: dict[str, Layers]
) -> tuple[list[float], float, str]:
    """Return the largest error of every layer, the flattest kind's strongest weight, the source."""
    expected = reference(built, inputs)
    if expected.kinds.keys() != kinds.keys():
        raise NoReferenceError(f"{sorted(kinds)} captured, {sorted(expected.kinds)} expected")
    mask = inputs.get("attention_mask")
    errors, sharpest = [], []
    for kind, layers in kinds.items():
        references = expected.kinds[kind]
        if len(references) != len(layers.records):
            raise NoReferenceError(
                f"{len(layers.records)} {kind} layers, {len(references)} expected"
            )
        strongest = 0.0
        for record, weights in zip(layers.records, references, strict=True):
            if _refused(record):
                continue
            found = record.weights()
            if found.shape != weights.shape:
                raise NoReferenceError(f"{found.shape} captured, {weights.shape} expected")
            difference = (found - weights).abs()
            if mask is not None and kind in ("self", "encoder"):  # padding's own rows mean nothing
                difference = difference.movedim(2, 1)[mask.bool()]
            errors.append(float(difference.max()))
            strongest = max(strongest, float(found.max()))
        sharpest.append(strongest or 1.0)
    return errors, min(sharpest), expected.source


def _pad(built: Built, _inputs: dict[str, Any], outcome: Outcome) -> None:
    if outcome.verdict not in ("exact", "dense", "partly") or not can_pad(built):
        return
    for side in ("left", "right"):
        inputs = inputs_of(built, side)
        errors, _, _ = _errors(built, inputs, captured(built, inputs))
        if max(errors) < TOLERANCE or _same_outputs(built, inputs):
            outcome.padding[side] = max(errors)
        else:
            outcome.note += f" With {side} padding the eager model computes something else."


def _same_outputs(built: Built, inputs: dict[str, Any]) -> bool:
    """Whether the model and its eager twin agree on real tokens, so that one can judge the other."""
    model, eager = (next(tensors_of(_run(m, inputs))) for m in (built.model, built.eager))
    if model.shape[:2] == inputs["attention_mask"].shape:
        model, eager = (x[inputs["attention_mask"].bool()] for x in (model, eager))
    return torch.allclose(model, eager, rtol=1e-2, atol=1e-2)


def _half(built: Built, inputs: dict[str, Any], outcome: Outcome) -> None:
    """Read the same layers of the model in bfloat16, where it runs in that."""
    model = copy.deepcopy(built.model).bfloat16()
    try:
        _run(model, inputs)
    except (RuntimeError, NotImplementedError):
        return
    kinds = captured(built._replace(model=model), inputs)
    layers = {
        kind: [sum(not _refused(r) for r in found.records), len(found.records)]
        for kind, found in kinds.items()
    }
    records = [r for found in kinds.values() for r in found.records if not _refused(r)]
    sums = [float(record.weights().sum(-1).nan_to_num().max()) for record in records]
    if layers != outcome.layers:
        outcome.problems.append(f"in bfloat16 {layers} instead of {outcome.layers} layers")
    elif sums and max(sums) > 1.02:  # rounding of up to 12 weights
        outcome.problems.append(f"in bfloat16 a row sums to {max(sums)}")
    else:
        outcome.half = "yes"


def _saliency(built: Built, inputs: dict[str, Any], outcome: Outcome) -> None:
    try:
        with EmbeddingLeaves(built.model) as run:
            gradient = run.gradient(_score(run.forward(inputs)))
            outcome.saliency = "yes" if _arrives(gradient) else "the gradient is zero or not finite"
    except UnavailableError as error:
        outcome.saliency = str(error)
    if "decoder_input_ids" in inputs:
        with EmbeddingLeaves(built.model) as run:
            gradient = run.gradient(_score(run.forward(inputs)), "decoder_input_ids")
            if not _arrives(gradient):
                outcome.saliency = "no gradient in the decoder"


def _arrives(gradient: Tensor) -> bool:
    return bool(gradient.isfinite().all()) and float(gradient.abs().max()) > 0


def _differences(built: Built, inputs: dict[str, Any], outcome: Outcome) -> None:
    """Compare with finite differences in float64, where the model computes in that."""
    if outcome.saliency != "yes":
        return
    model = copy.deepcopy(built.model).double()
    try:
        with EmbeddingLeaves(model) as run:
            gradient = run.gradient(_score(run.forward(inputs)))
            start = run.leaves["input_ids"].detach()
            generator = torch.Generator().manual_seed(4)
            direction = torch.randn(start.shape, generator=generator, dtype=start.dtype)
            direction = direction * (start.std() + 1e-3)

            def moved(step: float) -> float:
                return float(_score(run.forward(inputs, {"input_ids": start + step * direction})))

            # Parts of many models compute in float32 anyway: the best of a small and a large step.
            slopes = [
                (moved(step) - moved(-step)) / (2 * step) for step in (1e-6, 1e-4, 1e-3, 1e-2)
            ]
    except (RuntimeError, ValueError, UnavailableError):  # some kernels know float32 only
        return
    found = float((gradient * direction).sum())
    best = min(abs(slope - found) / max(abs(slope), 1e-12) for slope in slopes)
    outcome.difference = best if math.isfinite(best) else None


def _score(output: Any) -> Tensor:
    values = next(tensors_of(output))
    generator = torch.Generator().manual_seed(5)
    weights = torch.randn(values.shape, generator=generator, dtype=torch.float64)
    return (values.double() * weights).mean()


def tensors_of(output: Any) -> Iterator[Tensor]:
    """Return every tensor of a model's output."""
    if isinstance(output, Tensor):
        yield output
    elif isinstance(output, dict):
        for value in output.values():
            yield from tensors_of(value)
    elif isinstance(output, (list, tuple)):
        for value in output:
            yield from tensors_of(value)


class _Found:
    """All that a capture might change in a model."""

    def __init__(self, model: nn.Module) -> None:
        self.state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        self.modules = [
            (name, m.training, len(m._forward_hooks)) for name, m in model.named_modules()
        ]
        self.config = copy.deepcopy(model.config.to_dict())

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Found)
            and self.state.keys() == other.state.keys()
            and all(torch.equal(t, other.state[name]) for name, t in self.state.items())
            and (self.modules, self.config) == (other.modules, other.config)
        )

    __hash__ = None


def quiet() -> None:
    """Keep the warnings of tiny configurations out of the way."""
    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
