"""What a network is given: unit neurons, masses and free weights, checked, and in the form in which they are kept."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import InputError
from dualscape.model.architectures import Architecture
from dualscape.model.design import Design, check_bias
from dualscape.model.free_features import GIVEN, check_free

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
UNIT = 1e-6  # how far from 1 the length of a direction may be


def numeric(values: ArrayLike, name: str) -> Vector:
    """An array of numbers, which may be NaN or inf."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be an array of numbers: {error}") from None


def lengths_of(directions: Matrix, bias: str) -> Vector:
    """|u_j| as weight decay sees it; without neurons there may be no coordinate of a bias."""
    return Design.of_coordinates(directions.shape[1], bias).lengths(directions) if len(directions) else np.zeros(0)


class Neurons(NamedTuple):
    """Unit neurons and their masses, in arrays that nobody else has and nobody can write to."""

    directions: Matrix
    signs: Vector
    masses: Vector
    imbalance: Vector
    gates: NDArray[np.intp]
    outputs: Matrix | None


def checked_neurons(
    directions: ArrayLike,
    signs: ArrayLike,
    masses: ArrayLike,
    bias: str,
    imbalance: ArrayLike | None,
    architecture: Architecture,
    gates: ArrayLike | None,
    outputs: ArrayLike | None,
) -> Neurons:
    """The neurons of a network.

    Raises:
        InputError: shapes, signs, masses, lengths, gates or outputs are none of a network of this architecture.
    """
    U = np.atleast_2d(numeric(directions, "directions"))
    s = numeric(signs, "signs").reshape(-1)
    c = numeric(masses, "masses").reshape(-1)
    uneven = np.zeros_like(c) if imbalance is None else numeric(imbalance, "imbalance")
    if len(c) == 0:
        U = U.reshape(0, U.shape[1])
    if not len(U) == len(s) == len(c) == len(uneven):
        raise InputError(
            f"a network needs one sign and one mass per direction, got {len(U)} directions, "
            f"{len(s)} signs, {len(c)} masses and {len(uneven)} imbalances"
        )
    if not all(np.isfinite(a).all() for a in (U, s, c, uneven)):
        raise InputError("network weights contain NaN or inf; check how they were trained or read")
    if (c < 0).any():
        raise InputError(f"masses must be >= 0, the least is {c.min():g}; put the sign into `signs`")
    if not np.isin(s, (-1.0, 1.0)).all():
        raise InputError("signs must be +1 or -1")
    check_bias(bias)
    if architecture.layers != 2 and (uneven < 0).any():
        raise InputError(f"imbalances of subnetworks must be >= 0, the least is {uneven.min():g}")
    open_on = _checked_gates(gates, architecture, len(c))
    _check_unit("direction", lengths_of(U, bias), c, "not 1; use Network.from_weights for weights")
    table = _checked_outputs(outputs, architecture, s, c)
    return Neurons(_kept(U), _kept(s), _kept(c), _kept(uneven), _kept(open_on), None if table is None else _kept(table))


def checked_free_weights(weights: ArrayLike, free: str, design: Design, architecture: Architecture) -> Vector:
    """The weights (q,), or (q c,), of the free features `free` beside neurons of this design and architecture, in an
    array of its own."""
    w = numeric(weights, "free_weights").reshape(-1)
    if not np.isfinite(w).all():
        raise InputError("free_weights contain NaN or inf; check how they were trained or read")
    check_free(free)
    q = 0 if free == "none" else len(design.free_names) * architecture.per_row
    if (free != GIVEN and len(w) != q) or len(w) % architecture.per_row:
        raise InputError(f"free={free!r} has {q} weights for these neurons, got {len(w)} free_weights")
    return _kept(w)


def needs_two_layers(architecture: Architecture, what: str) -> None:
    """Raise InputError where a network has three layers, and so nothing of this kind."""
    if architecture.layers != 2:
        raise InputError(
            f"networks of the architecture {architecture.title!r} have no {what} of two layers; their weights "
            "are those of ThreeLayers.of(network), and ThreeLayers(W, w, alpha).network() leads back"
        )


def _checked_gates(gates: ArrayLike | None, architecture: Architecture, width: int) -> NDArray[np.intp]:
    count = architecture.outputs // architecture.per_row
    if gates is None and width and count > 1:
        raise InputError(f"a network of {count} gates needs the gate of each neuron; give gates=...")
    given = np.zeros(width) if gates is None else numeric(gates, "gates").reshape(-1)
    if len(given) != width or not np.isin(given, np.arange(count)).all():
        raise InputError(f"gates must hold one number from 0 to {count - 1} for each of {width} neurons")
    return given.astype(np.intp)


def _checked_outputs(
    outputs: ArrayLike | None, architecture: Architecture, signs: Vector, masses: Vector
) -> Matrix | None:
    c = architecture.per_row
    if c == 1:
        if outputs is not None:
            raise InputError(f"networks of the architecture {architecture.title!r} have no `outputs`, but signs")
        return None
    table = np.zeros((0, c)) if outputs is None else np.atleast_2d(numeric(outputs, "outputs"))
    if table.size == 0:
        table = table.reshape(0, c)
    if table.shape != (len(masses), c) or not np.isfinite(table).all():
        raise InputError(f"outputs must hold {c} finite numbers for each of {len(masses)} neurons")
    _check_unit("output", np.linalg.norm(table, axis=1), masses, "not 1; use Network.from_weights")
    if (signs != 1).any():
        raise InputError("with several outputs signs are +1: the direction of `outputs` says where a neuron leads")
    return table


def _check_unit(what: str, lengths: Vector, masses: Vector, remedy: str) -> None:
    """Raise InputError where a neuron's vector has neither length 1 nor, as that of a zero neuron may, length 0."""
    wrong = np.flatnonzero((np.abs(lengths - 1) > UNIT) & ((lengths > 0) | (masses > 0)))
    if wrong.size:
        raise InputError(f"{what} {wrong[0]} has length {lengths[wrong[0]]:g}, {remedy}")


def _kept(array: NDArray[Any]) -> NDArray[Any]:
    own = array.copy()
    own.setflags(write=False)
    return own
