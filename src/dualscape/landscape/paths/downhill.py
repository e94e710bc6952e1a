"""Down from a network in the slots that it has, as far as steps lead that never climb.

Masses go to the best ones, units that lead down take free slots, and neurons turn: with the outer weights as they are,
Newton's step in the inner ones, up to the first hyperplane that a row would cross; with several outputs also the other
way round. On every such step the objective is convex, and it ends before it would rise. What is left in the end is a
network that none of these lowers: a local minimum, or a point at which many neurons are at kinks.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.leaky import leaky, slopes
from dualscape.landscape.paths.exchange import best_masses
from dualscape.landscape.paths.piece import alive
from dualscape.landscape.stationary.stationarity import stationarity
from dualscape.model.architectures import TwoLayerReLU, VectorReLU
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.oracles.base import Question
from dualscape.running.interruption import interrupted
from dualscape.tolerances import DEFAULT
from dualscape.units import Units

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
    if isinstance(problem.architecture, TwoLayerReLU | VectorReLU):
        steps.append(_turned)
    if isinstance(problem.architecture, VectorReLU):
        steps.append(_led)
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
    where, own, masses = free[: len(units)], network.units, network.masses.copy()
    directions, outputs = own.directions.copy(), own.outputs.copy()
    directions[where], outputs[where], masses[where] = units.directions, units.outputs, LITTLE
    entered = Network.of(
        Units(directions, outputs), masses, network.bias, network.architecture, network.free, network.free_weights,
        network.imbalance,
    )  # fmt: skip
    return best_masses(problem, entered)


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
    newton = np.zeros_like(U)
    if used.size * problem.d <= UNKNOWNS:
        J = _in_inner(problem, np.where(kinks, steepest @ problem.X.T, heights)[used] > 0, alpha[used])
        newton[used] = _newton(problem, network, J, U[used], problem.space.priced)
    for way in (newton, steepest):
        moves = way @ problem.X.T
        # On which side of a kink a row is was decided by the steepest way: another way may not leave it.
        if not way.any() or (way is not steepest and (kinks & (moves * (steepest @ problem.X.T) < 0)).any()):
            continue
        found = _least(problem, network, way, np.zeros_like(alpha), _reach(heights, moves, kinks))
        if problem.objective(found) < problem.objective(network):
            return found
    return network


def _led(problem: Problem, network: Network) -> Network:
    """The network with the least objective on the way that Newton's step moves its outer weights (m, c)."""
    U, alpha = network.weights()
    used = np.flatnonzero(network.masses > 0)
    if used.size == 0 or used.size * problem.c > UNKNOWNS:
        return network
    J = np.einsum("ij,ab->iajb", leaky(problem.X @ U[used].T, _slope(problem)), np.eye(problem.c))
    way = np.zeros_like(alpha)
    way[used] = _newton(problem, network, J, alpha[used], np.ones(problem.c))
    if not way.any():
        return network
    found = _least(problem, network, np.zeros_like(U), way, np.inf)
    return found if problem.objective(found) < problem.objective(network) else network


def _slope(problem: Problem) -> float:
    """That of the activation below 0."""
    kind = problem.architecture
    assert isinstance(kind, TwoLayerReLU | VectorReLU)
    return kind.slope


def _in_inner(problem: Problem, active: NDArray[np.bool_], alpha: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, c, m, d) the derivatives of the fit in inner weights, where rows (m, n) are active and outer weights stay."""
    acting = slopes(active, _slope(problem))
    return np.einsum("ji,ja,ik->iajk", acting, alpha.reshape(len(alpha), problem.c), problem.X, optimize=True)


def _newton(problem: Problem, network: Network, J: NDArray[np.float64], weights: Matrix, priced: Vector) -> Matrix:
    """(m, q) Newton's step in weights (m, q) of one layer, in which the fit has the derivatives J (n, c, m, q)."""
    fit, J = problem.fit_of(network), J.reshape(len(problem.y), -1)
    decay = problem.beta * np.tile(priced, len(weights))
    slope = J.T @ problem.loss.gradient(fit, problem.y) + decay * weights.ravel()
    root = problem.loss.hessian(fit, problem.y).root(J.copy(), overwrite=True)
    H = root.T @ root + np.diag(decay)
    H[np.diag_indices_from(H)] += 1e-12 * max(float(np.trace(H)) / len(H), 1e-300)
    return np.asarray(-np.linalg.solve(H, slope).reshape(weights.shape))


def _reach(heights: Matrix, moves: Matrix, kinks: NDArray[np.bool_]) -> float:
    """How far a way leads until the first row crosses a hyperplane; inf where none does."""
    towards = ~kinks & (heights * moves < 0)
    return float((-heights[towards] / moves[towards]).min()) if towards.any() else np.inf


def _least(problem: Problem, network: Network, inner: Matrix, outer: NDArray[np.float64], reach: float) -> Network:
    """The network of the least objective on a way of inner weights (m, d) or outer ones, no further than it reaches."""
    (U, alpha), size = network.weights(), [float(np.linalg.norm(way)) for way in (inner, outer)]
    far = min(reach, 2.0 * float(np.linalg.norm(U if size[0] else alpha)) / max(size))

    def at(t: float) -> Network:
        return Network.from_weights(
            U + t * inner,
            alpha + t * outer,
            bias=problem.bias,
            architecture=problem.architecture,
            free=network.free,
            free_weights=network.free_weights,
        )

    fit = problem.fit_of(network)
    change = (problem.fit_of(at(far)) - fit) / far
    layers = ((U, inner, inner * problem.space.priced), (alpha, outer, outer))

    def slope(t: float) -> float:
        loss = float(problem.loss.gradient(fit + t * change, problem.y) @ change)
        return loss + problem.beta * sum(float(((W + t * way) * priced).sum()) for W, way, priced in layers)

    low, high = 0.0, far
    if slope(far) <= 0:
        return at(far)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return at(low)
