"""Whether a network is stationary, in both notions (THEORY section 9), and the steepest way down if it is not.

With nu = -grad L(f), z_i = x_i.u_j and an activation of slope a below 0, the objective changes along (du, dalpha) of
neuron j at the rate r_u.du + r_alpha dalpha - sum_i w_i (x_i.du)_+ over the rows i of its kinks, where z_i = 0, w_i =
(1 - a) alpha_j nu_i. It is concave where w_i > 0 and convex where w_i < 0:

* Clarke: 0 is among r_u - sum_i t_i w_i x_i, 0 <= t_i <= 1. The residual is the least length there is.
* First order: no direction of length one goes down. The steepest goes down at the rate max over t_i in {0, 1} where
  w_i > 0 of the min over 0 <= t_i <= 1 elsewhere of the same length; without rows of w_i > 0 the two agree.

With several outputs alpha_j nu_i is the product alpha_j . N_i of two vectors, and all else is the same.

Wang, Lacotte and Pilanci, The Hidden Convex Optimization Landscape of Regularized Two-Layer ReLU Networks (ICLR 2022).
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear

from dualscape.errors import InputError
from dualscape.geometry.leaky import leaky, slopes
from dualscape.model.architectures import TwoLayerReLU, VectorReLU
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.running.threads import one_blas_thread

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: A row is at a neuron's kink when it is no further from its hyperplane than this share of |x_i| |u_j|: training ends
#: beside kinks, not at them.
KINK = 1e-6
#: Residuals up to this share of what cancels in them are called zero: weights in single precision leave about 1e-6.
STATIONARY = 1e-5
#: Why what rests on convex programs over patterns is that of one output.
PAIRS = (
    "a stationary neuron of several outputs is any singular pair of its piece whose value is beta, not the greatest "
    "alone, so that it need not be the optimum of a convex program"
)
#: Of so many concave kinks at a neuron every choice of sides is tried; of more, only what alternating finds.
MOST_CONCAVE = 8


@dataclass(frozen=True, eq=False)
class Stationarity:
    """How far a network is from being stationary.

    Attributes:
        clarke: whether 0 is a Clarke subgradient of the objective in the weights.
        clarke_residual: the length of the shortest subgradient, as a share of that of the terms that cancel in it.
        first_order: whether no direction of the weights goes down to first order; None: none was found, and not all
            were tried.
        first_order_residual: the rate of the steepest way down, as the same share; at least, where not all were tried.
        slope: that rate itself, <= 0: the derivative of the objective along `direction`.
        direction: (dU (m, d), dalpha (m,) or (m, c), dw (q,)) the steepest way down, of length one; zeros where there
            is none.
        kinks: (m,) how many rows are at the kink of each neuron.
        tolerance: residuals up to this are called zero.
    """

    clarke: bool
    clarke_residual: float
    first_order: bool | None
    first_order_residual: float
    slope: float
    direction: tuple[Matrix, Vector, Vector]
    kinks: NDArray[np.intp]
    tolerance: float

    def __repr__(self) -> str:
        return (
            f"Stationarity(clarke {self.clarke} ({self.clarke_residual:.1e}), first order {self.first_order} "
            f"({self.first_order_residual:.1e}))"
        )


@one_blas_thread()
def stationarity(
    problem: Problem, network: Network, *, kink: float = KINK, tolerance: float = STATIONARY
) -> Stationarity:
    """Whether a network is stationary.

    Args:
        problem: a problem of two-layer networks: relu, leaky:a or abs.
        network: any network of the problem, with the weights that it has: balanced or not.
        kink: rows this near to a neuron's hyperplane, as a share of |x_i| |u_j|, are at its kink.
        tolerance: residuals up to this are called zero.

    Raises:
        InputError: the network is of another problem, or the problem has no weights that could move.

    >>> problem = Problem([[1.0, 0.0], [0.0, 1.0]], [1.0, 2.0], beta=0.1, bias="none")
    >>> half = Network([[0.0, 1.0]], [1], [1.9])
    >>> stationarity(problem, half).clarke, stationarity(problem, half).first_order
    (True, False)
    >>> stationarity(problem, Network([[0.0, 1.0]], [1], [1.0])).clarke
    False
    """
    problem.check(network, "stationarity")
    kind = problem.architecture
    if not isinstance(kind, TwoLayerReLU | VectorReLU):
        raise InputError(
            f"stationary points are those of two-layer networks (relu, leaky:a, abs), the problem has {kind.title!r}"
        )
    if problem.loss.constraint:
        raise InputError("an interpolation problem has no objective to go down; give a weight decay and another loss")
    neurons = _Neurons(problem, network, kind.slope, kink)
    clarke, steepest, tried = neurons.residuals()
    nu = neurons.N.ravel()
    free = problem.free.decay * network.free_weights - problem.free.matrix.T @ nu
    free_size = np.abs(problem.free.decay * network.free_weights) + np.abs(problem.free.matrix.T) @ np.abs(nu)
    size = float(np.sqrt(neurons.size**2 + free_size @ free_size)) or 1.0
    outer = float((neurons.outer**2).sum() + free @ free)
    shortest = float(np.sqrt(clarke @ clarke + outer)) / size
    slope = float(np.sqrt((steepest**2).sum() + outer))
    length = slope or 1.0
    down = -slope if slope / size > tolerance else 0.0
    return Stationarity(
        bool(shortest <= tolerance),
        shortest,
        False if down else True if tried else None,
        slope / size,
        -slope,
        (steepest / length, -neurons.outer.reshape(neurons.shape) / length, -free / length),
        neurons.at_kink.sum(axis=1),
        tolerance,
    )


class _Neurons:
    """The neurons of a network, each with its derivatives in its own weights.

    Attributes:
        N: (n, c) -grad L at the fit of the network, with the free weights that it has.
        alpha: (m, c) the outer weights.
        shape: that of the outer weights as the network gives them.
        led: (m, n) alpha_j . N_i, what row i would gain from neuron j.
        outer: (m, c) the derivative in alpha_j.
        size: the length of the terms that cancel in all derivatives of neurons.
        at_kink: (m, n) which rows are at whose kink.
    """

    def __init__(self, problem: Problem, network: Network, slope: float, kink: float) -> None:
        self.X, self.a = problem.X, slope
        U, alpha = network.weights()
        self.shape, self.alpha = alpha.shape, alpha.reshape(len(alpha), problem.c)
        self.N = -problem.loss.gradient(problem.fit_of(network), problem.y).reshape(problem.n, -1)
        rows, lengths = np.linalg.norm(self.X, axis=1), np.linalg.norm(self.alpha, axis=1)
        heights = U @ self.X.T
        reach = np.linalg.norm(U, axis=1)[:, None] * rows
        self.at_kink = (np.abs(heights) <= kink * reach) & (self.X.any(axis=1))
        # A zero neuron has no first-order derivative in any direction.
        self.at_kink[(lengths == 0) & ~U.any(axis=1)] = False
        sides = np.where(self.at_kink, slope, slopes(heights > 0, slope))
        self.led = self.alpha @ self.N.T
        pulls = (sides * self.led) @ self.X
        decays = problem.beta * U * problem.space.priced
        self.inner = decays - pulls
        scores = leaky(heights, slope) @ self.N
        self.outer = problem.beta * self.alpha - scores
        bends = (1 - slope) * lengths[:, None] * np.linalg.norm(self.N, axis=1) * rows
        parts = (decays, pulls, np.where(self.at_kink, bends, 0.0), problem.beta * self.alpha, scores)
        self.size = float(np.sqrt(sum(float((part * part).sum()) for part in parts)))

    def residuals(self) -> tuple[Vector, Matrix, bool]:
        """((m,) lengths of the shortest subgradients in u_j, (m, d) the steepest ways down times their rates, whether
        all sides of kinks were tried)."""
        clarke, steepest, tried = np.linalg.norm(self.inner, axis=1), -self.inner, True
        for j in np.flatnonzero(self.at_kink.any(axis=1)).tolist():
            weights = (1 - self.a) * self.led[j, self.at_kink[j]]
            rows = weights[:, None] * self.X[self.at_kink[j]]
            clarke[j] = np.linalg.norm(_shortest(self.inner[j], rows))
            steepest[j], all_of_them = _steepest(self.inner[j], rows, weights > 0)
            tried = tried and all_of_them
        return clarke, steepest, tried


def _shortest(r: Vector, rows: Matrix) -> Vector:
    """r - sum_i t_i rows_i, (d,), of the least length over 0 <= t_i <= 1."""
    if len(rows) == 0:
        return r
    scale = max(float(np.abs(r).max()), float(np.abs(rows).max()), 1e-300)
    t = lsq_linear(rows.T / scale, r / scale, bounds=(0.0, 1.0), method="bvls", tol=1e-15, max_iter=200).x
    return np.asarray(r - t @ rows)


def _steepest(r: Vector, rows: Matrix, concave: NDArray[np.bool_]) -> tuple[Vector, bool]:
    """(the steepest way down of r.u - sum_i (rows_i.u)_+ (where concave; else + ...) times its rate, whether all sides
    were tried)."""
    up, rest = rows[concave], rows[~concave]
    sides = product((0.0, 1.0), repeat=len(up)) if len(up) <= MOST_CONCAVE else _alternating(r, up, rest)
    best = np.zeros_like(r)
    for side in sides:
        down = -_shortest(r - np.asarray(side) @ up if len(up) else r, rest)
        best = max(best, down, key=np.linalg.norm)
    return best, len(up) <= MOST_CONCAVE


def _alternating(r: Vector, up: Matrix, rest: Matrix) -> list[Vector]:
    """Sides of concave kinks to which the ways down from some of them lead."""
    found = []
    for begun in (np.zeros(len(up)), np.ones(len(up)), *np.eye(len(up))[:MOST_CONCAVE]):
        side = begun
        for _ in range(20):
            down = -_shortest(r - side @ up, rest)
            turned = (up @ down > 0).astype(float)
            if (turned == side).all():
                break
            side = turned
        found.append(side)
    return found
