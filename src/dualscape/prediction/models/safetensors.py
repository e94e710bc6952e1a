"""Files of tensors in the safetensors format: the length of a header, a header in JSON, and the numbers.

The format is that of https://github.com/huggingface/safetensors: 8 bytes of length, least first; for each name a type,
a shape and where its numbers begin and end after the header; `__metadata__` holds texts.
"""

import json
import struct
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InputError

TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
NAMES = {np.dtype("<f8"): "F64", np.dtype("<f4"): "F32", np.dtype("<f2"): "F16"}
#: A longer header is none.
LONGEST = 100_000_000


def read_safetensors(source: str, data: bytes) -> dict[str, NDArray[Any]]:
    """The tensors of a file by name.

    Raises:
        InputError: it is damaged, or holds numbers that are not real.
    """
    try:
        (length,) = struct.unpack("<Q", data[:8])
        if length > min(len(data) - 8, LONGEST):
            raise ValueError("the header is longer than the file")
        header = json.loads(data[8 : 8 + length])
        body = data[8 + length :]
        return {name: _tensor(source, name, entry, body) for name, entry in header.items() if name != "__metadata__"}
    except InputError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, struct.error, RecursionError) as error:
        raise InputError(f"{source} is no readable safetensors file ({error}); write it again") from None


def _tensor(source: str, name: str, entry: Mapping[str, Any], body: bytes) -> NDArray[Any]:
    kind, shape, (begin, end) = entry["dtype"], [int(size) for size in entry["shape"]], entry["data_offsets"]
    if kind not in TYPES:
        raise InputError(f"{source}: {name} has type {kind}, known: {', '.join(TYPES)}; save it as one of these")
    raw = np.dtype(TYPES[kind])
    if not 0 <= begin <= end <= len(body) or end - begin != prod(shape) * raw.itemsize:
        raise ValueError(f"the numbers of {name} are not where they should be")
    numbers = np.frombuffer(body[begin:end], dtype=raw).reshape(shape)
    # The upper half of a number in single precision.
    return (numbers.astype(np.uint32) << 16).view(np.float32) if kind == "BF16" else numbers.copy()


def written_safetensors(tensors: Mapping[str, NDArray[Any]]) -> bytes:
    """The bytes of a file.

    >>> read_safetensors("here", written_safetensors({"0.weight": np.array([[1.0, 2.0]])}))
    {'0.weight': array([[1., 2.]])}
    """
    header, body = {}, b""
    for name, tensor in tensors.items():
        array = np.ascontiguousarray(tensor, dtype=tensor.dtype.newbyteorder("<"))
        part = array.tobytes()
        where = [len(body), len(body) + len(part)]
        header[name] = {"dtype": NAMES[array.dtype], "shape": list(tensor.shape), "data_offsets": where}
        body += part
    text = json.dumps(header).encode("utf-8")
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + body
