"""What can be said of any network: how far it is from optimal, whether it is stationary, and a better one.

A network of mass 0 in one neuron that is a local minimum is a global one (Haeffele and Vidal, Global Optimality in
Neural Network Training, CVPR 2017): out of any other network a unit neuron with s nu^T (X u)_+ > beta leads down, in a
neuron of mass 0 or one that is added.
"""

import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InputError, expect
from dualscape.landscape.paths.descend import descend
from dualscape.landscape.paths.path import ROUNDING, Path
from dualscape.landscape.stationary.stationarity import KINK, STATIONARY, Stationarity, stationarity
from dualscape.model.architectures import TwoLayerReLU, VectorReLU
from dualscape.model.certificate import Certificate, certify_dual, percent
from dualscape.model.minimal import without_spare
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.oracles.base import OracleAnswer, Question
from dualscape.prediction.models.given import network_of
from dualscape.running.checkpoint import Checkpoint
from dualscape.running.effort import Effort
from dualscape.running.interruption import interruptible
from dualscape.running.progress import Progress, silent
from dualscape.running.threads import one_blas_thread
from dualscape.solver import Solution, solve
from dualscape.tolerances import DEFAULT, Tolerances

Vector = NDArray[np.float64]
#: The share of a time limit for the proof at the network's own dual variable.
OWN_SHARE = 0.25
#: Of what is left then, the share for a better network; the rest is for units that lead down and the path.
SOLVE_SHARE = 0.85
Stage = Callable[[str], AbstractContextManager[Progress]]


@dataclass(frozen=True, eq=False)
class Descent:
    """A unit neuron that leads down out of a network.

    Attributes:
        direction: (d,) its direction; of a subnetwork of three layers its slots (`ThreeLayerReLU`).
        sign: +1 or -1, of its outer weight; +1 with several outputs.
        slope: the derivative of the objective in its mass, beta - s nu^T (X u)_+ < 0, with (h)_+ for (X u)_+ in three
            layers.
        steepest: whether no unit leads down more steeply; otherwise none was found.
        output: (c,) the direction of its outer weights, where there are several outputs; otherwise None.
    """

    direction: Vector
    sign: int
    slope: float
    steepest: bool
    output: Vector | None = None


@dataclass(frozen=True, eq=False)
class Certification:
    """What is known of a network.

    Attributes:
        problem: the problem.
        network: the network.
        objective: its objective.
        balanced_objective: that of the same function when the layers of every neuron have one length.
        lower_bound: proven: no network of any width has a lesser objective; -inf when directions were only searched.
        relative_gap: (objective - lower_bound) / objective.
        verdict: "global": it is a global optimum up to the tolerance; "not global": a better network was found;
            "bounded": the optimum lies between the lower bound and the objective; "none": nothing is proven.
        stationarity: whether it is stationary; None for neurons of which this is not known.
        redundant: neurons that can be left out at no higher an objective and the same fit, once others have their mass.
        dead: neurons that compute nothing on the data.
        zero: neurons whose weights are all 0.
        descent: a unit neuron that leads down; None where none was found.
        path: from the network to a better one, where one was asked for and there is one; None with three layers.
        solution: the best network of any width that was found, with its certificate.
        certificate: what nu of the network itself proves.
        seconds: how long finding the solution took.
        tolerance: the relative gap up to which the verdict is "global".
        asked: whether a better network was asked for.
    """

    problem: Problem
    network: Network
    objective: float
    balanced_objective: float
    lower_bound: float
    relative_gap: float
    verdict: str
    stationarity: Stationarity | None
    redundant: tuple[int, ...]
    dead: tuple[int, ...]
    zero: tuple[int, ...]
    descent: Descent | None
    path: Path | None
    solution: Solution
    certificate: Certificate
    seconds: float
    tolerance: float
    asked: bool

    def __repr__(self) -> str:
        return (
            f"Certification({self.verdict}, objective {self.objective:.12g}, lower bound {self.lower_bound:.12g}, "
            f"relative gap {self.relative_gap:.1e})"
        )

    @property
    def better(self) -> Network | None:
        """The network that the path leads to, without zero neurons beyond the given width; None where there is none.

        With three layers, of which no path is known, the network of the solution.
        """
        if self.path is None:
            return self.solution.network if self._apart else None
        end, m = self.path.end, self.network.width
        return end if end.width == m else (few := end.prune()).pad(max(few.width, m))

    @property
    def better_objective(self) -> float | None:
        """Its objective."""
        if self.path is None:
            return self.solution.certificate.primal if self._apart else None
        return float(self.path.objectives[-1])

    @property
    def _apart(self) -> bool:
        """Whether there is a better network to which no path is known."""
        return self.asked and self.verdict == "not global" and self.problem.architecture.layers != 2

    @property
    def balanced(self) -> bool:
        """Whether balancing the layers of each neuron lowers the objective by no more than the tolerance."""
        return self.objective - self.balanced_objective <= self.tolerance * abs(self.objective)

    @property
    def excess(self) -> float:
        """How far the objective is above the optimum at most, as a share of the optimum."""
        above = max(self.objective - self.lower_bound, 0.0)
        return 0.0 if above == 0 else above / self.lower_bound if self.lower_bound > 0 else np.inf

    @property
    def local_minimum(self) -> bool | None:
        """Whether it is a local minimum; None where this is not decided.

        A global optimum is one. A network with a way down to first order is none, nor is one with a zero neuron and a
        unit that leads down, nor one of three layers that is not balanced.
        """
        if self.verdict == "global":
            return True
        still = self.stationarity
        down = not self.balanced if still is None else not (still.clarke and still.first_order)
        return False if down or (self.zero and self.descent is not None) else None

    def explain(self) -> str:
        """The verdict in plain words."""
        bound = (
            f"no network of any width{self.problem.architecture.among} has an objective below {self.lower_bound:.12g}"
        )
        if self.verdict == "global":
            return f"Globally optimal: the objective is {self.objective:.12g}, and {bound}."
        proven = f"; {bound}" if np.isfinite(self.lower_bound) else "; no lower bound is proven"
        if self.verdict == "not global":
            best = self.solution.certificate.primal
            share = (self.objective - best) / abs(self.objective) if self.objective else 0.0
            m, part = self.solution.network.width, self.problem.architecture.part
            return (
                f"Not optimal: the objective is {self.objective:.12g}, and a network of {m} "
                f"{part}{'s' * (m != 1)} with {best:.12g}, {percent(share)} less, was found in {self.seconds:.2g} "
                f"seconds{proven}."
            )
        if self.verdict == "bounded":
            above = f"at most {percent(self.excess)}" if np.isfinite(self.excess) else "an unknown share"
            return f"Bounded: the objective is {self.objective:.12g}, {above} above the optimum{proven}."
        return f"No certificate: the objective is {self.objective:.12g}, and nothing better was found{proven}."


@interruptible()
@one_blas_thread()
def certify(
    problem: Problem,
    network: object,
    *,
    oracle: str = "auto",
    time_limit: float | None = None,
    better: bool = True,
    stationary: float = STATIONARY,
    kink: float = KINK,
    executor: Executor | None = None,
    checkpoint: Checkpoint | None = None,
    device: str | None = None,
    tolerances: Tolerances = DEFAULT,
    stage: Stage = lambda _: nullcontext(silent),
) -> Certification:
    """How good a network is, however it was trained, and a better one.

    Args:
        problem: the problem that the network was trained on: data, loss, weight decay, biases.
        network: a `Network`, arrays (U, alpha[, bias[, output_bias]]), a PyTorch Sequential(Linear, ReLU, Linear) or
            its state, a scikit-learn MLP with one hidden layer; of three layers `ThreeLayers`, arrays (W, w, alpha[,
            bias[, output_bias]]) or a Sequential(Linear, ReLU, Linear, ReLU, Linear) with a second layer in blocks.
        oracle: as for `solve`.
        time_limit: seconds for proof, search and path, or None.
        better: whether to look for a path down from it.
        stationary: residuals up to this are called zero.
        kink: rows this near to a neuron's hyperplane, as a share of |x_i| |u_j|, are at its kink.
        executor, checkpoint, device: as for `solve`.
        tolerances: `relative_gap` decides whether it is called global.
        stage: gives the progress of a stage by its name.

    Returns:
        A Certification. Its path keeps the width of the network where an optimum of that width is reached without
        climbing; otherwise neurons are added until it is. With three layers it has no path, and `better` is the best
        network that was found.

    Raises:
        InputError: the network is none of this problem, or the problem has no weight decay.

    >>> problem = Problem([[1.0, 0.0], [0.0, 1.0]], [1.0, 2.0], beta=0.1, bias="none")
    >>> found = certify(problem, ([[0.0, 1.9**0.5]], [1.9**0.5]))
    >>> found.verdict, found.stationarity.clarke, found.stationarity.first_order, found.descent.sign
    ('not global', True, False, 1)
    >>> found.path.falls, round(found.objective, 6), round(found.better_objective, 6)
    (True, 0.695, 0.218607)
    """
    expect(problem, Problem, "certify", Solution="solution.problem")
    if problem.loss.constraint:
        raise InputError("an interpolation problem has no weight decay; certify takes networks trained with one")
    whole = Effort.within(time_limit, executor=executor, device=device)
    given = network_of(problem, network)
    objective, error = problem.objective_bounds(given, precision=0.01 * tolerances.relative_gap)
    assert given.imbalance is not None
    balanced = problem.objective(given.balance()) if given.imbalance.any() else objective
    kept, _ = without_spare(problem, given)
    dead = _dead(problem, given)
    still = stationarity(problem, given, kink=kink, tolerance=stationary) if _known(problem) else None
    own = whole.first(OWN_SHARE)
    if time_limit is None and not problem.space.choice(oracle, None).complete:
        own = Effort(deadline=0.0)
    nu = problem.dual_of(given)
    with stage("certify") as progress:
        certificate = certify_dual(
            problem, given, nu, oracle=oracle, starts=given.prune().units, effort=own, tolerances=tolerances,
            progress=progress,
        )  # fmt: skip
    descent, begun = _descent(problem, certificate.answer), time.monotonic()
    left = None if time_limit is None else max(SOLVE_SHARE * whole.remaining(), 1e-3)
    how = {"oracle": oracle, "time_limit": left, "executor": executor, "checkpoint": checkpoint, "device": device}
    with stage("solve") as progress:
        solution = solve(problem, start=given.prune(), tolerances=tolerances, progress=progress, **how)  # type: ignore[arg-type]
    seconds = time.monotonic() - begun
    bound = min(max(certificate.dual, solution.certificate.dual), objective)
    gap = objective + error - bound
    relative = 0.0 if gap <= 0 else gap / abs(objective) if objective else np.inf
    verdict = _verdict(problem, objective, relative, gap, solution, tolerances)
    if descent is None and verdict != "global":
        # The proof may have been too dear to look around: a search from the units of the better network does.
        with stage("search"):
            descent = _descent(problem, _searched(problem, nu, solution, whole.share(0.5)))
    path = None
    if better and verdict == "not global" and problem.architecture.layers == 2:
        with stage("path"):
            path = _down(problem, given, solution, whole)
    redundant = sorted(set(range(given.width)) - {*kept.tolist(), *dead})
    return Certification(
        problem, given, objective, balanced, bound, relative, verdict, still, tuple(redundant), dead, _zero(given),
        descent, path, solution, certificate, seconds, tolerances.relative_gap, better,
    )  # fmt: skip


def _known(problem: Problem) -> bool:
    return isinstance(problem.architecture, TwoLayerReLU | VectorReLU)


def _verdict(
    problem: Problem, objective: float, relative: float, gap: float, solution: Solution, tolerances: Tolerances
) -> str:
    if relative <= tolerances.relative_gap or gap <= problem.negligible:
        return "global"
    best = solution.certificate.primal + solution.certificate.primal_error
    if objective - best > tolerances.relative_gap * abs(objective):
        return "not global"
    return "bounded" if np.isfinite(relative) else "none"


def _dead(problem: Problem, network: Network) -> tuple[int, ...]:
    """Neurons that compute nothing on the data."""
    columns = problem.space.columns(network.units)
    return tuple(np.flatnonzero((network.masses == 0) | ~columns.any(axis=0)).tolist())


def _zero(network: Network) -> tuple[int, ...]:
    assert network.imbalance is not None
    return tuple(np.flatnonzero((network.masses == 0) & (network.imbalance == 0)).tolist())


def _searched(problem: Problem, nu: Vector, solution: Solution, effort: Effort) -> OracleAnswer:
    """What a search finds at nu."""
    space = problem.space
    name = next((name for name, kind in space.kinds.items() if not kind.exact), "auto")
    nu = problem.profile.nearest_dual(nu, problem.target) if problem.free.rank else nu
    question = Question(nu, problem.beta * (1 + DEFAULT.violation), starts=solution.network.prune().units)
    return space.oracle(name).best_units(question, effort=effort)


def _descent(problem: Problem, answer: OracleAnswer) -> Descent | None:
    """The best unit that an oracle found, if it leads down by more than rounding."""
    if len(answer.units) == 0 or answer.values[0] <= problem.beta * (1 + DEFAULT.violation):
        return None
    top = float(answer.values[0])
    exact = answer.exact and answer.upper <= top * (1 + 1e-6)
    output = answer.units.opened(problem.c)[1][0] if problem.c > 1 else None
    sign = int(answer.units.signs[0]) if output is None else 1
    return Descent(answer.units.directions[0], sign, problem.beta - top, exact, output)


def _down(problem: Problem, network: Network, solution: Solution, effort: Effort) -> Path | None:
    """A path that never climbs, of the width of the network if there is one, or with neurons added; the lower one."""
    widths, found = [network.width + solution.network.width], []
    if solution.network.width <= network.width:
        widths.insert(0, network.width)
    for width in widths:
        left = None if effort.deadline is None else max(0.5 * effort.remaining(), 1e-3)
        path = descend(problem, network, solution, width=width, time_limit=left)
        if path.falls and _arrives(problem, path, solution):
            return path
        found.append(path)
    falling = [path for path in found if path.falls]
    return min(falling or found, key=lambda path: float(path.objectives[-1]))


def _arrives(problem: Problem, path: Path, solution: Solution) -> bool:
    """Whether a path ends as low as a solution is."""
    best = solution.certificate
    return float(path.objectives[-1]) <= best.primal + best.primal_error + ROUNDING * path.size
