"""Is a network one of the optimal networks, and if not, what is the first thing wrong with it?"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dualscape.landscape.plateaus import Plateaus
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.tolerances import DEFAULT, Tolerances
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


class Optima(Protocol):
    """What must be known of all optimal networks to tell whether one is among them; see `OptimalSet`."""

    @property
    def problem(self) -> Problem:
        """The problem."""

    @property
    def nu(self) -> Vector:
        """(n,) the dual optimum."""

    @property
    def units(self) -> Units:
        """The optimal units."""

    @property
    def y_star(self) -> Vector:
        """(n,) the optimal fit."""

    @property
    def vertices(self) -> Matrix:
        """(V, k) masses of the irreducible optimal networks."""

    @property
    def vertices_complete(self) -> bool:
        """Whether these are all."""

    @property
    def mass_scale(self) -> float:
        """What masses are compared with."""

    @property
    def plateaus(self) -> Plateaus:
        """Where optimal units are not finitely many."""


@dataclass(frozen=True, eq=False)
class Membership:
    """Whether a network is optimal, with the evidence.

    Attributes:
        member: the answer.
        reason: why, with the numbers, in one line.
        units: (m,) the unit of the optimal set that each neuron is, the nearer end where it lies on a plateau, -1 for a
            zero neuron; None when some is neither.
        masses: (k,) the mass on each unit; None when some neuron is no unit.
        fit_error: |f(X) - y*| / |y*| of the network.
        neuron: the first neuron at fault, or None.
    """

    member: bool
    reason: str
    units: NDArray[np.intp] | None
    masses: Vector | None
    fit_error: float
    neuron: int | None = None

    def __bool__(self) -> bool:
        return self.member


def membership(optimal: Optima, network: Network, tolerances: Tolerances = DEFAULT) -> Membership:
    """Whether the network is in the optimal set (THEORY section 6): balanced, optimal units, optimal fit.

    Zero neurons are allowed, and several neurons may share a unit.

    Raises:
        InputError: the network does not belong to the problem (another number of inputs or another bias).
    """
    optimal.problem.check(network, "contains")
    assert network.imbalance is not None
    error = _fit_error(optimal, network)
    scale = optimal.mass_scale
    allowed = tolerances.direction * np.sqrt(scale)
    lopsided = np.flatnonzero(np.abs(network.imbalance) > allowed)
    if lopsided.size:
        j = int(lopsided[0])
        reason = f"neuron {j} is not balanced: |u| - |alpha| = {network.imbalance[j]:.3g}, where optima have 0"
        return Membership(False, reason, None, None, error, j)
    units = np.full(network.width, -1, dtype=np.intp)
    masses = np.zeros(len(optimal.units))
    asked, twins = network.units, network.architecture.twin(network.units)
    for j in np.flatnonzero(network.masses > 0).tolist():
        space, one = optimal.problem.space, np.array([j])
        unit, shares = optimal.plateaus.place(space, optimal.units, asked.take(one), tolerances.direction)
        if unit is None:
            unit, shares = optimal.plateaus.place(space, optimal.units, twins.take(one), tolerances.direction)
        if unit is None and network.masses[j] <= tolerances.mass * scale:
            continue
        if unit is None:
            return Membership(False, _not_a_unit(optimal, network, j), None, None, error, j)
        units[j] = unit
        masses += network.masses[j] * shares
    if error > tolerances.fit:
        reason = f"all neurons are optimal units, but the fit is off by {error:.3g} of the size of the optimal fit"
        return Membership(False, reason, units, masses, error)
    present = masses > 0
    if optimal.vertices_complete and (optimal.vertices[:, ~present] > 0).any(axis=1).all():
        reason = (
            f"the fit is optimal up to {error:.1e} only: no optimal network does with these {int(present.sum())} units "
            "alone, however little mass the missing ones need"
        )
        return Membership(False, reason, units, masses, error)
    used = int(present.sum())
    reason = f"balanced, every neuron is one of {used} optimal units, and the fit is optimal up to {error:.1e}"
    return Membership(True, reason, units, masses, error)


def _fit_error(optimal: Optima, network: Network) -> float:
    size = float(np.linalg.norm(optimal.y_star)) or float(np.linalg.norm(optimal.problem.y)) or 1.0
    return float(np.linalg.norm(optimal.problem.fit_of(network) - optimal.y_star)) / size


def _not_a_unit(optimal: Optima, network: Network, j: int) -> str:
    problem = optimal.problem
    unit = network.units.take(np.array([j]))
    twin = network.architecture.twin(unit)
    value = float(problem.space.scores(optimal.nu, unit)[0])
    text = (
        f"neuron {j} is no optimal unit: nu^T a = {value:.9g} of its column a, "
        f"where optimal units have beta = {problem.beta:.9g}"
    )
    if problem.space.turning_outputs:
        nearest = min(optimal.units.gaps(unit.directions[0], unit.outputs[0]), default=np.inf)
        return f"{text}; the nearest optimal unit is {nearest:.3g} away in direction and output"
    chords = [
        np.linalg.norm(optimal.units.directions[optimal.units.signs == one.signs[0]] - one.directions[0], axis=1)
        for one in (unit, twin)
    ]
    chord = min(part.min(initial=np.inf) for part in chords)
    if chord == np.inf:
        return f"{text}, and there is no optimal unit of its sign"
    angle = np.degrees(2 * np.arcsin(min(chord / 2, 1.0)))
    return f"{text}; the nearest optimal unit of its sign is {angle:.3g} degrees away"
