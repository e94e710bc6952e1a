"""Networks of a path as states of a PyTorch `Sequential(Linear, ReLU, Linear)`; torch is imported late."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InputError
from dualscape.model.architectures import SparseNeurons, TwoLayerReLU, VectorReLU
from dualscape.model.free_features import CONSTANT
from dualscape.model.network import Network

#: Names of the parameters: inner weights and biases, outer weights, output bias.
INNER, HIDDEN, OUTER, OUTPUT = "0.weight", "0.bias", "2.weight", "2.bias"


def state_arrays(network: Network) -> dict[str, NDArray[np.float64]]:
    """The parameters of a network by the names of PyTorch.

    Args:
        network: a ReLU network of m slots on p features with c outputs.

    Returns:
        `0.weight` (m, p) and `2.weight` (c, m); `0.bias` (m,) where neurons have a bias, `2.bias` (c,) where the
        outputs have one.

    Raises:
        InputError: it has another activation, or a part that is no layer of such a model.

    >>> found = state_arrays(Network.from_weights([[1.0, 2.0]], [-3.0], bias="penalised"))
    >>> {name: array.round(9).tolist() for name, array in found.items()}
    {'0.weight': [[1.0]], '2.weight': [[-3.0]], '0.bias': [2.0]}
    """
    kind = network.architecture
    kind = kind.base if isinstance(kind, SparseNeurons) else kind
    if not isinstance(kind, TwoLayerReLU | VectorReLU) or kind.slope != 0:
        raise InputError(f"a Sequential(Linear, ReLU, Linear) cannot hold a network of the architecture {kind.title!r}")
    named = () if network.free == "none" else network.design.free_names
    other = [name for name in named if name != CONSTANT]
    if other or len(named) * kind.per_row != len(network.free_weights):
        raise InputError(
            f"a Sequential(Linear, ReLU, Linear) has no place for free features {network.free!r} beside the neurons; "
            "Path.save keeps them"
        )
    U, alpha = network.weights()
    found = {INNER: network.design.features(U), OUTER: alpha.reshape(len(alpha), network.architecture.per_row).T}
    if network.design.has_bias:
        found[HIDDEN] = U[:, -1]
    if named:
        found[OUTPUT] = np.array(network.free_weights)
    return {name: np.ascontiguousarray(array, dtype=np.float64) for name, array in found.items()}


def torch_state(network: Network) -> dict[str, Any]:
    """The same as tensors in double precision, for `load_state_dict`.

    Raises:
        InputError: PyTorch is not installed, or the network does not fit into such a model.
    """
    arrays = state_arrays(network)
    try:
        import torch
    except ImportError:
        raise InputError(
            "a state of a PyTorch model needs PyTorch, which is not installed; pip install torch, or use "
            "path.at(t).weights()"
        ) from None
    return {name: torch.from_numpy(array) for name, array in arrays.items()}
