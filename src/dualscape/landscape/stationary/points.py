"""All stationary values of small problems: one convex program for each set of faces that neurons may be on.

At a stationary point every neuron is inside a face, where its direction is beta u = s (D X)^T nu. Neurons of one face
and sign agree, and by Caratheodory as many suffice as there are rows. So every stationary value is the optimum of a
group lasso

    min L(sum_i s_i A_i x_i) + beta sum_i |x_i|,     A_i = D_i X B_i for the faces i of a set,

whose x_i are inside their faces. Without a way down to first order it is the optimum of the subsampled program of its
patterns, and hence a local minimum of networks of its width (Wang, Lacotte and Pilanci, ICLR 2022). With a zero neuron
beside it, only a global minimum is one (Haeffele and Vidal, CVPR 2017).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import comb

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import BudgetError, InputError, expect
from dualscape.landscape.stationary.faces import Face, faces
from dualscape.landscape.stationary.group_lasso import GroupLassos
from dualscape.landscape.stationary.stationarity import PAIRS, Stationarity, stationarity
from dualscape.model.architectures import TwoLayerReLU
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.running.interruption import interruptible
from dualscape.running.threads import one_blas_thread
from dualscape.solver.solution import Solution
from dualscape.units import Units

Vector = NDArray[np.float64]
#: Fits and objectives this near, as a share of their size, are the same.
SAME = 1e-6
#: An objective above the certified optimum by no more than this share is optimal.
OPTIMAL = 1e-8
#: Rows of a neuron inside a face are further from their hyperplanes than this share of their length.
INSIDE = 1e-7
SIGNS = (1.0, -1.0)
GLOBAL, LOCAL, SADDLE = "global minimum", "local minimum", "saddle"


@dataclass(frozen=True, eq=False)
class StationaryPoint:
    """A stationary point, up to the order and the splitting of neurons.

    Attributes:
        network: a network of independent columns.
        objective: its objective.
        kind: "global minimum"; "local minimum": one of networks of its width, which one more neuron leaves; "saddle":
            Clarke stationary, and yet there is a way down, at a concave kink or for a zero neuron.
        stationarity: the residuals.
    """

    network: Network
    objective: float
    kind: str
    stationarity: Stationarity

    def __repr__(self) -> str:
        return f"StationaryPoint({self.kind}, objective {self.objective:.9g}, {self.network.width} neurons)"


@dataclass(frozen=True, eq=False)
class StationaryPoints:
    """The stationary points of a problem.

    Attributes:
        problem: the problem.
        points: by rising objective.
        sets: how many sets of faces were gone over.
        width: points of so many independent neurons were looked for, at most.
        unresolved: sets whose program did not converge, so that a point may be missing.
    """

    problem: Problem
    points: tuple[StationaryPoint, ...]
    sets: int
    width: int
    unresolved: int

    @property
    def values(self) -> Vector:
        """The objectives, rising."""
        return np.array([point.objective for point in self.points])

    @property
    def complete(self) -> bool:
        """Whether these are all there are, at every width."""
        return self.unresolved == 0 and self.width >= _enough(self.problem)

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{sum(point.kind == kind for point in self.points)} x {kind}" for kind in (GLOBAL, LOCAL, SADDLE)
        )
        return f"StationaryPoints({counts})"


@interruptible()
@one_blas_thread()
def stationary_points(
    problem: Problem, solution: Solution, *, width: int | None = None, most_sets: int = 20_000
) -> StationaryPoints:
    """All Clarke stationary points of a small problem, up to order and splitting.

    Args:
        problem: a problem of two-layer networks (relu, leaky:a, abs) with a penalised bias or none.
        solution: its certified optimum: what is a global minimum.
        width: look for points of at most so many independent neurons; all that there can be when not given.
        most_sets: no more sets of faces are gone over.

    Raises:
        InputError: the problem is of another kind, or its optimum is not certified.
        BudgetError: there are more sets.

    >>> from dualscape.solver import solve
    >>> problem = Problem([[1.0, 0.0], [0.0, 1.0]], [1.0, 2.0], beta=0.1, bias="none")
    >>> found = stationary_points(problem, solve(problem))
    >>> [(point.kind, round(point.objective, 6)) for point in found.points]
    [('global minimum', 0.218607), ('saddle', 0.29), ('saddle', 0.695), ('saddle', 2.095), ('saddle', 2.5)]
    """
    slope = _checked(problem, solution)
    most = _enough(problem) if width is None else width
    every = list(faces(problem.X, slope))
    sets = sum(comb(len(every), k) * 2**k for k in range(min(most, len(every)) + 1))
    if sets > most_sets:
        raise BudgetError(
            f"{len(every)} faces make {sets:,} sets of up to {most} neurons, more than {most_sets:,}; give fewer "
            "neurons (width=...) or more sets (most_sets=...)"
        )
    found: list[StationaryPoint] = []
    fits: list[Vector] = []
    # Block 2 i is face i with sign +, block 2 i + 1 the same with sign -.
    blocks = [sign * face.columns for face in every for sign in SIGNS]
    lassos = GroupLassos(problem.profile, problem.target, blocks, problem.beta)
    for chosen in _sets(len(every), most):
        parts = lassos.optimum(chosen) if chosen else []
        network = None if parts is None else _network(problem, every, chosen, parts)
        if network is None:
            continue
        fit, still = problem.fit_of(network), stationarity(problem, network, kink=INSIDE)
        if not still.clarke or any(np.abs(fit - other).max() <= SAME * np.abs(problem.y).max() for other in fits):
            continue
        fits.append(fit)
        found.append(_point(problem, network, still, solution))
    found.sort(key=lambda point: point.objective)
    return StationaryPoints(problem, tuple(found), sets, most, lassos.unresolved)


def _checked(problem: Problem, solution: Solution) -> float:
    """The slope of the activation.

    Raises:
        InputError: the stationary points of the problem are not known.
    """
    expect(problem, Problem, "stationary_points", Solution="solution.problem")
    problem.needs_two_layers("stationary_points")
    problem.needs_one_output("stationary_points", PAIRS)
    expect(solution, Solution, "stationary_points", Problem="solve(problem)")
    kind = problem.architecture
    if not isinstance(kind, TwoLayerReLU) or problem.design.has_free_bias or problem.loss.constraint:
        raise InputError(
            "stationary points are listed for two-layer networks (relu, leaky:a, abs) with a weight decay and a "
            f"penalised bias or none, got {problem.title}"
        )
    if solution.certificate.verdict != "global":
        raise InputError("the optimum is not certified, so that no point can be called global; see solve")
    return kind.slope


def _enough(problem: Problem) -> int:
    """So many independent columns there are at most."""
    return problem.n - problem.free.spared


def _sets(count: int, most: int) -> Iterator[tuple[int, ...]]:
    """Sets of blocks, the small ones first, each face at most once: of its two signs nu allows one."""
    for size in range(min(most, count) + 1):
        for chosen in combinations(range(count), size):
            for turned in product((0, 1), repeat=size):
                yield tuple(2 * i + minus for i, minus in zip(chosen, turned, strict=True))


def _network(
    problem: Problem, every: Sequence[Face], blocks: tuple[int, ...], parts: Sequence[Vector]
) -> Network | None:
    """The network of the optimum over a set of blocks; None where a neuron leaves its face."""
    if not blocks:
        return problem.network(Units.none(problem.d), np.zeros(0))
    chosen, signs = [every[i // 2] for i in blocks], np.array([SIGNS[i % 2] for i in blocks])
    directions = np.array([face.basis @ part for face, part in zip(chosen, parts, strict=True)])
    masses = np.linalg.norm(directions, axis=1)
    directions /= masses[:, None]
    heights = directions @ problem.X.T
    reach = INSIDE * np.linalg.norm(problem.X, axis=1)
    sides = np.array([face.sides for face in chosen])
    # On its face: the rows that go through it aside.
    if (heights * sides <= reach)[sides != 0].any():
        return None
    return problem.network(Units.signed(directions, signs), masses)


def _point(problem: Problem, network: Network, still: Stationarity, solution: Solution) -> StationaryPoint:
    objective, best = problem.objective(network), solution.certificate
    if objective <= best.primal + best.primal_error + OPTIMAL * abs(best.primal):
        kind = GLOBAL
    else:
        kind = LOCAL if still.first_order and network.width else SADDLE
    return StationaryPoint(network, objective, kind, still)
