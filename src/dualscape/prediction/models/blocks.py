"""Parallel three-layer networks as three linear layers with ReLU between, the second one in blocks.

Unit k of the second hidden layer is subnetwork k, and the units of the first layer that it sees are its inner neurons.
So a unit of the first layer feeds no more than one of the second.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InputError

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
WANTED = "give parallel subnetworks, each with inner neurons of its own, or a network of one hidden layer"


class Blocks(NamedTuple):
    """The weights of m subnetworks of at most r inner neurons: W (m, r, p), w (m, r), bias (m, r) or None."""

    W: NDArray[np.float64]
    w: Matrix
    bias: Matrix | None


def blocks_of(first: Matrix, second: Matrix, bias: Vector | None, source: str) -> Blocks:
    """The subnetworks of a first layer (h, p), with its bias (h,), and a second one (m, h).

    Raises:
        InputError: shapes do not fit, or an inner neuron feeds several subnetworks.

    >>> blocks = blocks_of(np.array([[1.0], [2.0], [3.0]]), np.array([[1.0, 0.0, -1.0], [0.0, 4.0, 0.0]]), None, "net")
    >>> blocks.W[:, :, 0].tolist(), blocks.w.tolist()
    ([[1.0, 3.0], [2.0, 0.0]], [[1.0, -1.0], [4.0, 0.0]])
    """
    if second.shape[1] != len(first):
        raise InputError(f"{source}: the second layer takes {second.shape[1]} numbers, the first gives {len(first)}")
    fed = second != 0
    shared = np.flatnonzero(fed.sum(axis=0) > 1)
    if shared.size:
        several = np.flatnonzero(fed[:, shared[0]])
        raise InputError(
            f"{source} has 2 hidden layers, and unit {shared[0]} of the first feeds units {several[0]} and "
            f"{several[1]} of the second; {WANTED}"
        )
    idle = np.flatnonzero(~fed.any(axis=0) & (first.any(axis=1) | (False if bias is None else bias != 0)))
    if idle.size:
        raise InputError(
            f"{source} has 2 hidden layers, and unit {idle[0]} of the first feeds none of the second, so that it is "
            "open which subnetwork pays for it; set its weights to 0"
        )
    m, r = len(second), max(int(fed.sum(axis=1).max(initial=0)), 1)
    W, w = np.zeros((m, r, first.shape[1])), np.zeros((m, r))
    inner = None if bias is None else np.zeros((m, r))
    for k in range(m):
        own = np.flatnonzero(fed[k])
        W[k, : len(own)], w[k, : len(own)] = first[own], second[k, own]
        if inner is not None and bias is not None:
            inner[k, : len(own)] = bias[own]
    return Blocks(W, w, inner)


def layers_of(blocks: Blocks) -> tuple[Matrix, Matrix, Vector | None]:
    """(first layer (h, p), second layer (m, h), bias (h,) or None) of subnetworks: back from `blocks_of`."""
    on = blocks.w != 0
    owner = np.nonzero(on)[0]
    second = np.zeros((len(on), len(owner)))
    second[owner, np.arange(len(owner))] = blocks.w[on]
    return blocks.W[on], second, None if blocks.bias is None else blocks.bias[on]
