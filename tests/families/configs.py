"""A tiny configuration of any model type: its own defaults, with every size made small."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
from collections.abc import Sequence
from typing import Any

from sizes import (
    EXCEPTIONS,
    HEAD_NAMES,
    HEADS,
    KEY_HEAD_NAMES,
    KEY_HEADS,
    LAYER_NAMES,
    LAYERS,
    ORDINARY_IDS,
    SIZES,
    VOCABULARY,
)
from transformers import PretrainedConfig
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

# Rotary embeddings derive theirs from the sizes; labels are not sizes; the rest is about storage.
_LEFT_ALONE = frozenset(
    [
        "rope_parameters",
        "rope_scaling",
        "id2label",
        "label2id",
        "transformers_version",
        "architectures",
        "dtype",
        "chunk_size_feed_forward",
    ]
)
_SPECIAL_IDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "sep_token_id": 2}


def tiny_config(model_type: str) -> PretrainedConfig:
    """Return a configuration of 2 to 4 layers, 4 heads and 200 tokens.

    Raises whatever the configuration class raises: a part may need a package that is not there.
    """
    return CONFIG_MAPPING[model_type](**tiny_settings(CONFIG_MAPPING[model_type]))


def tiny_settings(cls: type[Any], default: Any = None) -> dict[str, Any]:
    """Return arguments for a configuration class, nested configurations as dictionaries."""
    own = _Defaults(cls, default)
    settings = {}
    for name in own.names:
        if name in _LEFT_ALONE or name in own.parts:
            continue
        small = _small(name, own)
        if small is not None:
            settings[name] = small
    for name, part in own.parts.items():
        settings[name] = tiny_settings(type(part), part) | {"model_type": part.model_type}
    return _merged(settings, EXCEPTIONS.get(cls.model_type, {}))


class _Defaults:
    """Settings that a configuration class has when nothing is given."""

    def __init__(self, cls: type[Any], config: Any) -> None:
        self.names = _argument_names(cls)
        self._config = cls() if config is None else config
        kinds = self["layer_types"] if "layer_types" in self.names else None
        self.layer_kinds: list[str] | None = None
        if _all(kinds, str):
            self.layer_kinds = list(dict.fromkeys(kinds))  # one layer of every kind
            if len(self.layer_kinds) == 1:
                self.layer_kinds *= 2
        self.layers = len(self.layer_kinds) if self.layer_kinds else LAYERS
        counts = (self[name] for name in LAYER_NAMES if name in self.names)
        self.default_layers = next((n for n in counts if isinstance(n, int)), 0)
        parts = {name: self[name] for name in getattr(cls, "sub_configs", {})}
        self.parts = {name: part for name, part in parts.items() if hasattr(part, "model_type")}

    def __getitem__(self, name: str) -> Any:
        with contextlib.suppress(Exception):  # a few settings may be asked for by layer only
            return getattr(self._config, name, None)
        return vars(type(self._config)).get(name)


def _small(name: str, own: _Defaults) -> Any:
    """Return the value of one setting, or None to leave it at its default."""
    value = own[name]
    if name == "layer_types":
        return own.layer_kinds
    if name in KEY_HEAD_NAMES:
        return _key_heads(value, own)
    if name in SIZES:
        return _resized(name, value, own)
    if name.endswith(("token_id", "token_index")):
        return _special_id(name, value)
    if _all(value, object) and len(value) == own.default_layers > 4:  # one entry a layer
        return type(value)(value[: own.layers])
    return None


def _key_heads(value: Any, own: _Defaults) -> int | None:
    if not isinstance(value, int):
        return None
    if value == 1:
        return 1
    heads = next((own[name] for name in HEAD_NAMES if isinstance(own[name], int)), None)
    return KEY_HEADS if heads and value < heads else HEADS


def _resized(name: str, value: Any, own: _Defaults) -> Any:
    if isinstance(value, bool) or value is None:
        return None
    size = own.layers if name in LAYER_NAMES else SIZES[name]
    if isinstance(value, (int, float)):
        return size
    if _all(value, int):
        return type(value)(
            [size] * (own.layers if len(value) == own.default_layers else len(value))
        )
    return None


def _special_id(name: str, value: Any) -> int | None:
    """Move ids that the tiny vocabulary does not have to one that it has."""
    if _all(value, int):
        return 2 if max(value) >= VOCABULARY else None
    if isinstance(value, bool) or not isinstance(value, int) or value < VOCABULARY:
        return None
    free = VOCABULARY - ORDINARY_IDS.stop
    return _SPECIAL_IDS.get(name, ORDINARY_IDS.stop + sum(map(ord, name)) % free)


def _argument_names(cls: type[Any]) -> list[str]:
    names = (
        [field.name for field in dataclasses.fields(cls)] if dataclasses.is_dataclass(cls) else []
    )
    if "__init__" in vars(cls):
        parameters = inspect.signature(cls.__init__).parameters.values()
        names += [p.name for p in parameters if p.default is not p.empty]
    return list(dict.fromkeys(names))


def _merged(settings: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Return settings with others over them, nested dictionaries joined."""
    joined = {
        name: _merged(settings[name], value)
        for name, value in more.items()
        if isinstance(value, dict) and isinstance(settings.get(name), dict)
    }
    return settings | more | joined


def _all(value: Any, kind: type) -> bool:
    """Whether this is a list with something in it, all of one kind."""
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    return bool(is_list and value and all(isinstance(x, kind) for x in value))
