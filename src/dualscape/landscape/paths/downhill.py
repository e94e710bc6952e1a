"""Down from a network in the slots that it has, as far as steps lead that never climb.

Masses go to the best ones, units that lead down take free slots, and neurons turn: with the outer weights as they are,
Newton's step in the inner ones, up to the first hyperplane that a row would cross. On every such step the objective is
convex, and it ends before it would rise. What is left in the end is a network that neither of the three lowers: a local
minimum, or a point at which many neurons are at kinks.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.leaky import slopes
from dualscape.landscape.paths.exchange import best_masses
from dualscape.landscape.paths.piece import alive
from dualscape.landscape.stationary.stationarity import stationarity
from dualscape.model.architectures import TwoLayerReLU
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.oracles.base import Question
from dualscape.running.interruption import interrupted
from dualscape.tolerances import DEFAULT

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Rounds at most, each of one step of every kind, and the share of the objective below which a round gains nothing.
ROUNDS, GAIN = 60, 1e-6
#: A row is at a kink when it is this near to the hyperplane, as a share of |x_i| |u_j|: where a step has led it.
AT = 1e-12
#: Newton's method has no more unknowns than this; beyond, neurons turn the steepest way.
UNKNOWNS = 1200
#: Halvings of the interval in which the least objective of a step lies.
HALVINGS = 60
#: Mass that a unit has before its best one is known; it counts for nothing.
LITTLE = 1e-300


def downhill(problem: Problem, network: Network) -> tuple[list[Network], str]:
    """(corners of a path from a network on which the objective never rises, each of its width; why it ends there).

    >>> problem = Problem([[1.0, 0.0], [0.0, 1.0]], [1.0, 2.0], beta=0.1, bias="none")
    >>> corners, why = downhill(problem, Network([[0.0, 1.0]], [1.0], [1.0]))
    >>> [round(problem.objective(corner), 6) for corner in corners], why
    ([1.1, 0.695, 0.22, 0.218607], 'no step leads further down in these slots by as much as a millionth')
    """
    corners, now = [network], network
    settled = "no step leads further down in these slots by as much as a millionth"
    steps: list[Callable[[Problem, Network], Network]] = [best_masses, _entered]
    if isinstance(problem.architecture, TwoLayerReLU):
        steps.append(_turned)
    if problem.loss.constraint:
        return corners, "the fit is prescribed"
    for _ in range(ROUNDS):
        begun = problem.objective(now)
        for step in steps:
            # The first step costs next to nothing, and there is time for it when there is for nothing else.
            found = now if interrupted() and len(corners) > 1 else step(problem, now)
            if problem.objective(found) < problem.objective(now):
                now = found
                corners.append(now)
        if begun - problem.objective(now) <= GAIN * abs(begun):
            return corners, "time ran out" if interrupted() else settled
    return corners, f"{ROUNDS} rounds of steps were taken"


def _entered(problem: Problem, network: Network) -> Network:
    """The best masses with units that lead down in the free slots."""
    free = np.flatnonzero(~alive(network))
    if free.size == 0:
        return network
    space = problem.space
    name = next((name for name, kind in space.kinds.items() if not kind.exact), "auto")
    question = Question(problem.dual_of(network), problem.beta * (1 + DEFAULT.violation), starts=network.prune().units)
    units = space.oracle(name).best_units(question).units
    units = units.take(np.arange(min(len(units), free.size)))
    if len(units) == 0:
        return network
    where = free[: len(units)]
    arrays = {name: getattr(network, name).copy() for name in ("directions", "signs", "masses", "gates")}
    arrays["directions"][where], arrays["signs"][where] = units.directions, units.signs
    arrays["gates"][where], arrays["masses"][where] = units.gates, LITTLE
    return best_masses(problem, replace(network, **arrays))


def _turned(problem: Problem, network: Network) -> Network:
    """The network with the least objective on the way that Newton's step, or the steepest, turns its neurons."""
    U, alpha = network.weights()
    used = np.flatnonzero(network.masses > 0)
    if used.size == 0:
        return network
    heights = U @ problem.X.T
    size = np.linalg.norm(U, axis=1)[:, None] * np.linalg.norm(problem.X, axis=1)
    kinks = np.abs(heights) <= AT * size
    steepest = np.where(network.masses[:, None] > 0, stationarity(problem, network, kink=AT).direction[0], 0.0)
    for way in (_newton(problem, network, np.where(kinks, steepest @ problem.X.T, heights)), steepest):
        if way is None or not way.any():
            continue
        moves = way @ problem.X.T
        # On which side of a kink a row is was decided by the steepest way: another way may not leave it.
        if way is not steepest and (kinks & (moves * (steepest @ problem.X.T) < 0)).any():
            continue
        found = _least(problem, network, U, alpha, way, _reach(heights, moves, kinks))
        if problem.objective(found) < problem.objective(network):
            return found
    return network


def _newton(problem: Problem, network: Network, sides: Matrix) -> Matrix | None:
    """(m, d) Newton's step in the inner weights, the rows being on the sides (m, n); None for too many unknowns."""
    (U, alpha), X, beta = network.weights(), problem.X, problem.beta
    used = np.flatnonzero(network.masses > 0)
    if used.size * problem.d > UNKNOWNS:
        return None
    fit = problem.fit_of(network)
    acting = slopes(sides[used] > 0, problem.architecture.slope) * alpha[used, None]  # type: ignore[attr-defined]
    J = (acting[:, :, None] * X).transpose(1, 0, 2).reshape(problem.n, -1)
    decay = np.tile(beta * problem.space.priced, used.size)
    slope = J.T @ problem.loss.gradient(fit, problem.y) + decay * U[used].ravel()
    root = problem.loss.hessian(fit, problem.y).root(J.copy(), overwrite=True)
    H = root.T @ root + np.diag(decay)
    H[np.diag_indices_from(H)] += 1e-12 * max(float(np.trace(H)) / len(H), 1e-300)
    way = np.zeros_like(U)
    way[used] = -np.linalg.solve(H, slope).reshape(used.size, -1)
    return way


def _reach(heights: Matrix, moves: Matrix, kinks: NDArray[np.bool_]) -> float:
    """How far a way leads until the first row crosses a hyperplane; inf where none does."""
    towards = ~kinks & (heights * moves < 0)
    return float((-heights[towards] / moves[towards]).min()) if towards.any() else np.inf


def _least(problem: Problem, network: Network, U: Matrix, alpha: Vector, way: Matrix, reach: float) -> Network:
    """The network of the least objective on the way, no further than it reaches."""
    far = min(reach, 2.0 * float(np.linalg.norm(U)) / float(np.linalg.norm(way)))

    def at(t: float) -> Network:
        return Network.from_weights(
            U + t * way,
            alpha,
            bias=problem.bias,
            architecture=problem.architecture,
            free=network.free,
            free_weights=network.free_weights,
        )

    fit = problem.fit_of(network)
    change = (problem.fit_of(at(far)) - fit) / far
    priced = way * problem.space.priced

    def slope(t: float) -> float:
        loss = float(problem.loss.gradient(fit + t * change, problem.y) @ change)
        return loss + problem.beta * float(((U + t * way) * priced).sum())

    low, high = 0.0, far
    if slope(far) <= 0:
        return at(far)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return at(low)
