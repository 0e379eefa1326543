"""The wire against its golden fixtures, which JavaScript is tested against too."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lmwidget import wire
from lmwidget.widgets.array_attention import ArrayAttention

FIXTURES = sorted((Path(__file__).parent.parent / "fixtures" / "wire").glob("*.json"))


def with_bytes(value):
    if not isinstance(value, dict):
        return value
    return {
        key.removesuffix("_base64"): base64.b64decode(item)
        if key.endswith("_base64")
        else with_bytes(item)
        for key, item in value.items()
    }


def strongest_of(*heads):
    """Return the strongest weights of matrices, as an attention gives them."""
    tokens = [f"t{index}" for index in range(max(heads[0].shape))]
    weights = np.stack(heads)
    queries, keys = weights.shape[1:]
    return ArrayAttention.from_arrays(weights, tokens[:queries], tokens[:keys]).strongest


def dense_from_sparse(packed, keys):
    """Fill a matrix entry by entry, independently of the fixture writer."""
    offsets, columns = wire.decode(packed["offsets"]), wire.decode(packed["columns"])
    values, scale = wire.decode(packed["weights"]), wire.decode(packed["rowscale"])
    out = np.zeros((*scale.shape, keys), np.float64)
    for row, index in enumerate(np.ndindex(*scale.shape)):
        for entry in range(offsets[row], offsets[row + 1]):
            out[index][columns[entry]] = values[entry] * float(scale[index])
    return out


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_golden_fixtures_decode_to_their_values(path):
    record = json.loads(path.read_text())
    packed = with_bytes(record["packed"])
    values = np.array([np.nan if v is None else v for v in record["values"]], float)
    values = values.reshape(record["shape"])
    if record["kind"] == "envelope":
        decoded = wire.decode(packed)
    elif packed["format"] == "dense":
        decoded = wire.decode(packed["weights"])
    else:
        decoded = dense_from_sparse(packed, record["shape"][-1])
    np.testing.assert_allclose(decoded, values, rtol=1e-6)


@given(arrays(np.float32, (3, 7), elements=st.floats(0, 1, width=32)))
@example(np.full((3, 7), 1.309e-42, np.float32))
def test_weights_survive_to_four_digits_of_their_row_maximum(weights):
    integers, scale = wire.quantise(weights)
    error = np.abs(integers * scale[:, None].astype(float) - weights)
    assert (error <= weights.max(axis=1, keepdims=True) / wire.FULL * 0.51 + 1e-38).all()


def test_row_that_is_not_a_number_is_marked_and_spares_the_others():
    weights = np.array([[0.5, np.nan], [np.inf, 0.1], [0.25, 0.75]], np.float32)
    integers, scale = wire.quantise(weights)
    assert np.isnan(scale).tolist() == [True, True, False]
    assert integers[:2].sum() == 0
    np.testing.assert_allclose(integers[2] * scale[2], weights[2], rtol=1e-4)


def test_sparse_keeps_the_strongest_and_says_how_much_of_the_row_that_is():
    weights = np.array([[0.5, 0.1, 0.3, 0.1], [0.0, 0.0, 1.0, 0.0]], np.float32)
    packed = wire.pack_sparse(strongest_of(weights), [0], [1], 2, 4, top=2)
    np.testing.assert_allclose(
        dense_from_sparse(packed, 4)[0, 0], [[0.5, 0, 0.3, 0], [0, 0, 1, 0]], atol=1e-5
    )
    np.testing.assert_allclose(wire.decode(packed["kept"])[0, 0], [0.8, 1.0], atol=1e-4)


def test_sparse_of_some_heads():
    weights = np.stack([np.eye(3), np.eye(3)[::-1]]).astype(np.float32)
    packed = wire.pack_sparse(strongest_of(*weights), [0], [2], 3, 3, top=1, only=[1])
    assert packed["heads"] == [1]
    np.testing.assert_allclose(dense_from_sparse(packed, 3)[0, 0], weights[1], atol=1e-6)
    dense = wire.pack_dense(lambda layer, head, part: weights[head], [0], [2], (3, 3), only=[1])
    np.testing.assert_allclose(wire.decode(dense["weights"])[0, 0], weights[1], atol=1e-6)


def test_columns_of_very_long_inputs_are_wide_enough():
    row = np.zeros((1, 70_000), np.float32)
    row[0, 69_999] = 1
    packed = wire.pack_sparse(strongest_of(row), [0], [1], 1, 70_000, top=1)
    assert wire.decode(packed["columns"]).tolist() == [69_999]


def test_heads_that_a_layer_does_not_have_are_empty():
    def rows(layer, head, part):
        assert not (layer == 1 and head > 0)
        return np.eye(2, dtype=np.float32)[part]

    packed = wire.pack_dense(rows, [0, 1], [2, 1], (2, 2))
    assert wire.decode(packed["weights"])[1, 1].sum() == 0


def test_other_dtypes_are_refused():
    with pytest.raises(TypeError, match="float64 does not travel"):
        wire.envelope(np.zeros(2), ["token"])
