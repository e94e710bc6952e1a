"""Files of tensors: what is written is read, and bytes written by hand as the format says."""

import json
import struct

import numpy as np
import pytest

from dualscape.errors import InputError
from dualscape.prediction.models.safetensors import read_safetensors, written_safetensors


def by_hand(entries, body):
    header = json.dumps(entries).encode()
    return struct.pack("<Q", len(header)) + header + body


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16])
def test_round_trip(kind):
    tensors = {"a": np.arange(6, dtype=kind).reshape(2, 3), "b.bias": np.array([0.5], dtype=kind)}
    found = read_safetensors("here", written_safetensors(tensors))
    assert list(found) == list(tensors)
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        np.testing.assert_array_equal(found[name], tensor)


def test_bytes_by_hand():
    entries = {
        "__metadata__": {"format": "pt"},
        "w": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]},
        "v": {"dtype": "BF16", "shape": [1], "data_offsets": [8, 10]},
    }
    found = read_safetensors("here", by_hand(entries, struct.pack("<ffH", 1.5, -2.0, 0x3FC0)))
    assert {name: tensor.tolist() for name, tensor in found.items()} == {"w": [[1.5, -2.0]], "v": [1.5]}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no readable safetensors file"),
        (struct.pack("<Q", 999) + b"{}", "longer than the file"),
        (by_hand({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, b"1234"), "not where they should be"),
        (by_hand({"w": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]}}, b"12345678"), "has type I64"),
        (by_hand({"w": {"shape": [1]}}, b""), "no readable safetensors file"),
        (by_hand([1], b""), "no readable safetensors file"),
    ],
)
def test_damage_is_refused(data, said):
    with pytest.raises(InputError, match=said):
        read_safetensors("here", data)
