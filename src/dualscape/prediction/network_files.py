"""Networks in files: weights as arrays (.npz), or the network of a result (.json)."""

import os
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InputError
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.prediction.predictor import load_result

Vector = NDArray[np.float64]
WEIGHTS = "an .npz file with arrays U (m, p) and alpha (m,), and bias (m,) and output_bias where there are any"


def read_network(path: str | os.PathLike[str], problem: Problem) -> Network:
    """The network of a file, as one of a problem.

    Args:
        path: an .npz file with arrays `U` (m, p), the weights of p features in m neurons, and `alpha` (m,); `bias`
            (m,), `output_bias` and `free_weights` (q,) where there are any, and `gates` (m,). Or a .json file that
            `dualscape analyze --json` has written.
        problem: the problem.

    Raises:
        InputError: the file cannot be read, or its network is none of the problem.
    """
    source = Path(path)
    network = load_result(source).network if source.suffix == ".json" else _from_arrays(source, problem)
    problem.check(network, "reading a network")
    return network


def _from_arrays(source: Path, problem: Problem) -> Network:
    try:
        with np.load(source, allow_pickle=False) as content:
            arrays = {name: np.asarray(content[name], dtype=np.float64) for name in content.files}
    except OSError as error:
        raise InputError(f"{source} cannot be read: {error.strerror or error}; check the path") from None
    except (ValueError, TypeError, BadZipFile, EOFError, AttributeError):
        raise InputError(f"{source} is no network; give {WEIGHTS}, or the JSON of `dualscape analyze`") from None
    if not {"U", "alpha"} <= arrays.keys():
        raise InputError(f"{source} holds no weights; give {WEIGHTS}")
    U, alpha, p = np.atleast_2d(arrays["U"]), arrays["alpha"].reshape(-1), problem.design.p
    if U.ndim != 2 or len(U) != len(alpha):
        raise InputError(f"{source}: U has shape {U.shape}, alpha {len(alpha)} entries; U needs one row for each")
    if U.shape[1] != p:
        raise InputError(f"{source}: the neurons see {U.shape[1]} features, the problem has {p}")
    bias = arrays.get("bias", np.zeros(len(U))).reshape(-1)
    if problem.design.has_bias:
        if len(bias) != len(U):
            raise InputError(f"{source}: bias has {len(bias)} entries for {len(U)} neurons")
        U = np.column_stack([U, bias])
    elif bias.any():
        raise InputError(f"{source}: the neurons have biases, the problem none; give --bias penalised or --bias free")
    return Network.from_weights(
        U,
        alpha,
        bias=problem.bias,
        architecture=problem.architecture,
        free=problem.free.kind,
        free_weights=_free_weights(source, arrays, problem),
        gates=arrays.get("gates"),
    )


def _free_weights(source: Path, arrays: dict[str, Vector], problem: Problem) -> Vector:
    weights = arrays.get("free_weights", np.zeros(problem.free.q)).reshape(-1).copy()
    if len(weights) != problem.free.q:
        raise InputError(f"{source}: there are {len(weights)} free_weights, the problem has {problem.free.q}")
    constant = float(arrays.get("output_bias", np.zeros(1)).reshape(-1)[:1].sum())
    if constant and problem.free.kind not in ("constant", "affine"):
        raise InputError(f"{source}: the network has an output bias, the problem none; give --free constant")
    if constant:
        weights[0] = constant
    return np.asarray(weights)
