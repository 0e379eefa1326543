"""Write the golden wire fixtures that Python and JavaScript are both tested against.

Run it after a deliberate change of the wire format: ``python scripts/write_wire_fixtures.py``.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np

from lmwidget import wire
from lmwidget.widgets.array_attention import ArrayAttention

FOLDER = Path(__file__).parent.parent / "tests" / "fixtures" / "wire"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    for dtype in wire.DTYPES:
        array = (generator.random((2, 3)) * 200).astype(dtype)
        write(dtype, "envelope", wire.envelope(array, ["query", "key"]), array)
    weights = generator.dirichlet(np.full(5, 0.4), (2, 2, 4)).astype(np.float32)
    integers, scale = wire.quantise(weights[0, 0])
    scaled = wire.envelope(integers, ["query", "key"], scale)
    write("scaled", "envelope", scaled, wire.decode(scaled))
    integers, scale = wire.quantise(weights[0, 0] - weights[0, 1], signed=True)
    signed = wire.envelope(integers, ["query", "key"], scale)
    write("signed", "envelope", signed, wire.decode(signed))

    def rows(layer: int, head: int, part: slice) -> np.ndarray:
        return weights[layer, head, part]

    dense = wire.pack_dense(rows, [0, 1], [2, 2], (4, 5))
    write("attention_dense", "attention", dense, wire.decode(dense["weights"]))

    attention = ArrayAttention.from_arrays(weights, list("abcd"), list("vwxyz"))
    sparse = wire.pack_sparse(attention.strongest, [1], [2, 2], 4, 5, top=2)
    write("attention_csr", "attention", sparse, unpack_sparse(sparse, keys=5))
    weights[0, 0, 1, 2] = np.nan
    broken = wire.pack_dense(rows, [0], [2, 2], (4, 5))
    write("attention_nan", "attention", broken, wire.decode(broken["weights"]))


def unpack_sparse(packed: dict, keys: int) -> np.ndarray:
    offsets, scale = wire.decode(packed["offsets"]), wire.decode(packed["rowscale"])
    values = np.zeros((scale.size, keys), np.float32)
    for row, factor in enumerate(scale.ravel()):
        part = slice(offsets[row], offsets[row + 1])
        values[row, wire.decode(packed["columns"])[part]] = (
            wire.decode(packed["weights"])[part] * factor
        )
    return values.reshape(*scale.shape, keys)


def write(name: str, kind: str, packed: dict, values: np.ndarray) -> None:
    flat = [None if not np.isfinite(value) else float(value) for value in values.ravel()]
    record = {"kind": kind, "packed": textual(packed), "shape": list(values.shape), "values": flat}
    (FOLDER / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")


def textual(value: object) -> object:
    """Bytes become ``data_base64``; all else stays."""
    if not isinstance(value, dict):
        return value
    out = {}
    for key, item in value.items():
        if isinstance(item, bytes):
            out[f"{key}_base64"] = base64.b64encode(item).decode()
        else:
            out[key] = textual(item)
    return out


if __name__ == "__main__":
    main()
