"""Attention on disk: the records' tensors, each once, and a header."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lmwidget.capture.kept.query_key import QueryKeyRecord
from lmwidget.capture.kept.records import DenseRecord, Record, UnavailableRecord
from lmwidget.capture.kept.sparse import SparseRecord
from lmwidget.capture.layers import Layers
from lmwidget.capture.modules.part import PartRecord
from lmwidget.storage import read_arrays, write_arrays
from lmwidget.tokens import Tokens

_TYPES: dict[str, Any] = {
    "part": PartRecord,  # before what it is a kind of
    "query key": QueryKeyRecord,
    "sparse": SparseRecord,
    "dense": DenseRecord,
    "unavailable": UnavailableRecord,
}


def bytes_of(records: Iterable[Record]) -> int:
    """Return the memory held by records; what several share counts once.

    Parameters
    ----------
    records : iterable of Record
        The records.

    Returns
    -------
    int
        Bytes.

    Examples
    --------
    >>> bytes_of([DenseRecord("", 0, torch.zeros(1, 1, 2, 2))])
    16
    """
    storages = {
        tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes()
        for record in records
        for tensor in record.tensors.values()
    }
    return sum(storages.values())


def write(path: str | Path, parts: Mapping[str, Layers], header: dict[str, Any]) -> Path:
    """Write layers and return the path.

    Parameters
    ----------
    path : str or Path
        File to write.
    parts : mapping of str to Layers
        Layers by kind.
    header : dict
        What else to keep.

    Returns
    -------
    Path
        The file.
    """
    shelf = _Shelf()
    described = {
        kind: {
            "tokens": shelf.tokens(layers.tokens),
            "key_tokens": shelf.tokens(layers.key_tokens),
            "numbers": layers.numbers,
            "records": [shelf.record(record) for record in layers.records],
        }
        for kind, layers in parts.items()
    }
    texts = [
        {"wire": tokens.to_dict(), "text": tokens.text, "source": tokens.source}
        for tokens in shelf.texts
    ]
    header = {**header, "parts": described, "texts": texts}
    return write_arrays(path, "attention", shelf.arrays, header)


def read(path: str | Path) -> tuple[dict[str, Layers], dict[str, Any]]:
    """Return the layers and the header written by :func:`write`.

    Parameters
    ----------
    path : str or Path
        File to read.

    Returns
    -------
    tuple of (dict of str to Layers, dict)
        Layers by kind, and the header.

    Raises
    ------
    InputError
        When the file holds something else.
    """
    arrays, header = read_arrays(path, "attention")
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    texts = [Tokens.from_dict(**text) for text in header["texts"]]
    parts = {
        kind: Layers(
            tokens=texts[part["tokens"]],
            key_tokens=texts[part["key_tokens"]],
            numbers=tuple(part["numbers"]),
            records=tuple(_record(record, tensors) for record in part["records"]),
        )
        for kind, part in header["parts"].items()
    }
    return parts, header


class _Shelf:
    """Gives each tensor and each text one place."""

    def __init__(self) -> None:
        self.arrays: dict[str, NDArray[Any]] = {}
        self.texts: list[Tokens] = []
        self._names: dict[Any, str] = {}

    def tokens(self, tokens: Tokens) -> int:
        for place, known in enumerate(self.texts):
            if known is tokens:
                return place
        self.texts.append(tokens)
        return len(self.texts) - 1

    def record(self, record: Record) -> dict[str, Any]:
        kind = next(name for name, cls in _TYPES.items() if isinstance(record, cls))
        tensors = {field: self._tensor(tensor) for field, tensor in record.tensors.items()}
        return {"type": kind, "settings": record.settings, "tensors": tensors}

    def _tensor(self, tensor: Tensor) -> str:
        key = (tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype)
        if key not in self._names:
            self._names[key] = name = f"tensor {len(self._names)}"
            # NumPy has no bfloat16; float32 holds its numbers exactly.
            exact = tensor.float() if tensor.dtype == torch.bfloat16 else tensor
            self.arrays[name] = np.asarray(exact.cpu())
        return self._names[key]


def _record(described: dict[str, Any], tensors: dict[str, Tensor]) -> Record:
    kept = {field: tensors[name] for field, name in described["tensors"].items()}
    record: Record = _TYPES[described["type"]](**described["settings"], **kept)
    return record
