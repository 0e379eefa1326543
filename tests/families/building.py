"""Every text model of transformers, built tiny, with random weights and inputs that fit it."""

from __future__ import annotations

import copy
import inspect
from typing import Any, NamedTuple

import torch
import transformers
from configs import tiny_config
from sizes import ORDINARY_IDS
from torch import Tensor, nn
from transformers.models.auto import modeling_auto

BATCH, LENGTH, OUTPUT_LENGTH, PADDED = 2, 12, 9, 4
_LABELS = 3
# Large enough that attention is far from uniform, small enough that float32 keeps six digits.
_SPREAD = 0.15
# T5 has no 1/√d in its attention, MobileBERT no normalisation between its layers.
_SPREADS = {
    **dict.fromkeys(("t5", "mt5", "umt5", "longt5", "switch_transformers"), 0.1),
    "mobilebert": 0.1,
}

TASKS = {
    "C": ("causal LM", modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES),
    "S": ("sequence to sequence", modeling_auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES),
    "M": ("masked LM", modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES),
    "Q": ("sequence classification", modeling_auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES),
    "E": ("text encoding", modeling_auto.MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES),
}


class Pair(NamedTuple):
    """A model type and one of the tasks that it is registered for."""

    type: str
    task: str

    @property
    def class_name(self) -> str:
        """The class of transformers."""
        name = TASKS[self.task][1][self.type]
        return name if isinstance(name, str) else name[0]


def all_pairs() -> list[Pair]:
    """Return every (type, task) that the installed transformers registers for text."""
    pairs = [Pair(kind, task) for task, (_, mapping) in TASKS.items() for kind in mapping]
    return sorted(pairs, key=lambda pair: (pair.type, list(TASKS).index(pair.task)))


def all_types() -> list[str]:
    """Return every model type, sorted."""
    return sorted({pair.type for pair in all_pairs()})


class Built(NamedTuple):
    """A tiny model and a twin with the same weights whose attention is computed eagerly."""

    model: nn.Module
    eager: nn.Module
    pair: Pair

    @property
    def config(self) -> Any:
        """Configuration of the model."""
        return self.model.config


def build(pair: Pair) -> Built:
    """Return a model and its eager twin."""
    cls = getattr(transformers, pair.class_name)
    config = _prepared(tiny_config(pair.type), cls, pair.task)
    torch.manual_seed(0)
    model = cls._from_config(copy.deepcopy(config), dtype=torch.float32).eval()
    eager = cls._from_config(
        copy.deepcopy(config), dtype=torch.float32, attn_implementation="eager"
    )
    redraw(model, _SPREADS.get(pair.type, _SPREAD))
    eager.load_state_dict(model.state_dict())
    return Built(model, eager.eval(), pair)


def redraw(model: nn.Module, spread: float) -> None:
    """Draw new weights, so that attention says something."""
    generator = torch.Generator().manual_seed(3)
    words = _word_embeddings(model)
    with torch.no_grad():
        for parameter in model.parameters():
            if not parameter.requires_grad:  # sines and cosines of positions
                continue
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter is words:  # what tells tokens apart, beside positions and the like
                parameter.copy_(noise)
            elif parameter.dim() > 1:
                parameter.copy_(noise * spread)
            else:
                parameter.nan_to_num_().add_(noise * 0.1)


def _word_embeddings(model: Any) -> Tensor | None:
    try:
        return getattr(model.get_input_embeddings(), "weight", None)
    except (AttributeError, NotImplementedError):
        return None


def inputs_of(built: Built, padding: str | None = None, batch: int = BATCH) -> dict[str, Any]:
    """Return arguments of the forward pass; the last text is shorter when there is padding."""
    make = _INPUTS.get(built.pair.type, _text)
    inputs = make(built, batch)
    end = getattr(built.config, "eos_token_id", None)
    if built.pair.task == "Q" and isinstance(end, int):
        inputs["input_ids"][:, -1] = end  # BART reads its answer there
    if "use_cache" in _arguments(built.model):
        inputs["use_cache"] = False
    if padding is not None:
        mask = torch.ones_like(inputs["input_ids"])
        mask[-1, slice(PADDED) if padding == "left" else slice(-PADDED, None)] = 0
        inputs["attention_mask"] = mask
        ids = inputs["input_ids"]
        if padding == "right":
            ids[-1] = ids[-1].roll(-PADDED)  # the last id stays the last one before the padding
        inputs["input_ids"] = ids.masked_fill(mask == 0, _padding_id(built.config))
    return inputs


def can_pad(built: Built) -> bool:
    """Whether the model takes a mask of the padding of its ids."""
    return "attention_mask" in _arguments(built.model) and built.pair.type not in _WITHOUT_PADDING


def _prepared(config: Any, cls: Any, task: str) -> Any:
    if not isinstance(config, cls.config_class):  # the text part of a model for text and images
        config = getattr(config, "decoder", None) or config.get_text_config()
    if getattr(config, "pad_token_id", 0) is None:
        config.pad_token_id = 0
    if config.is_encoder_decoder and getattr(config, "decoder_start_token_id", None) is None:
        config.decoder_start_token_id = 0
    for part in (config, config.get_text_config()):
        part.use_cache = False  # one pass over the whole text
    if task == "C" and getattr(config, "is_decoder", None) is False:
        config.is_decoder = not config.is_encoder_decoder
    if task == "E":
        config.is_encoder_decoder = False
    if task == "Q":
        config.num_labels = _LABELS
        if getattr(config.get_text_config(), "pad_token_id", 0) is None:
            config.get_text_config().pad_token_id = 0
    return config


def _arguments(model: nn.Module) -> set[str]:
    return set(inspect.signature(model.forward).parameters)


def _ids(length: int, batch: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(
        ORDINARY_IDS.start, ORDINARY_IDS.stop, (batch, length), generator=generator
    )


def _text(built: Built, batch: int) -> dict[str, Any]:
    inputs = {"input_ids": _ids(LENGTH, batch, 1)}
    if built.config.is_encoder_decoder and built.pair.task == "S":
        inputs["decoder_input_ids"] = _ids(OUTPUT_LENGTH, batch, 2)
    return inputs


def _audio_codes(built: Built, batch: int) -> dict[str, Any]:
    return {"input_ids": _ids(LENGTH, batch * built.config.num_codebooks, 1)}


def _boxes(built: Built, batch: int) -> dict[str, Any]:
    corners = torch.arange(LENGTH)[:, None] + torch.tensor([0, 1, 3, 5])
    return _text(built, batch) | {"bbox": corners.expand(batch, -1, -1)}


_INPUTS = {
    "musicgen": _audio_codes,
    "musicgen_melody": _audio_codes,
    "layoutlm": _boxes,
    "layoutlmv3": _boxes,
    "lilt": _boxes,
}
# Their mask is about another length than that of their ids.
_WITHOUT_PADDING = {"musicgen", "musicgen_melody"}


def _padding_id(config: Any) -> int:
    pad = getattr(config, "pad_token_id", None)
    return pad if isinstance(pad, int) and 0 <= pad < ORDINARY_IDS.stop else 0
