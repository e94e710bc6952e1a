"""Two-layer ReLU networks of one width as points of R^N: their weights in a row, objective and gradient."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import InputError, expect
from dualscape.model.architectures import TwoLayerReLU, VectorReLU
from dualscape.model.network import Network
from dualscape.model.problem import Problem

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WeightSpace:
    """The weights theta = (U, alpha, w) of networks of `width` neurons, with the objective of a problem.

    Attributes:
        problem: the problem, of ReLU networks with a loss.
        width: number of neurons m; N = m (d + c) + q with c outputs.

    Raises:
        InputError: another architecture, or a fit that is prescribed.

    >>> space = WeightSpace(Problem([[1.0], [-1.0]], [1.0, 0.0], beta=0.1, bias="none"), 1)
    >>> value, gradient = space.slope(np.array([0.5, 1.0]))
    >>> round(value, 12), gradient.round(12).tolist()
    (0.1875, [-0.45, -0.15])
    """

    problem: Problem
    width: int

    def __post_init__(self) -> None:
        expect(self.problem, Problem, "WeightSpace", Solution="solution.problem")
        self.problem.needs_two_layers("WeightSpace")
        kind = self.problem.architecture
        if not isinstance(kind, TwoLayerReLU | VectorReLU) or kind.slope:
            raise InputError(f"gradients are those of ReLU networks, not of {kind.words!r}")
        if self.problem.loss.constraint:
            raise InputError("a fit that is prescribed has no loss along a curve; give the problem a weight decay")

    def vector(self, network: Network) -> Vector:
        """(N,) the weights of a network, zero neurons added until it has the width."""
        self.problem.check(network, "WeightSpace.vector")
        U, alpha = network.pad(self.width).weights()
        return np.concatenate([U.ravel(), alpha.ravel(), network.free_weights])

    def network(self, theta: ArrayLike) -> Network:
        """The network of weights (N,)."""
        U, alpha, w = self._parts(np.asarray(theta, dtype=float))
        free = self.problem.free.kind
        kind = self.problem.architecture
        return Network.from_weights(U, alpha, bias=self.problem.bias, architecture=kind, free=free, free_weights=w)

    def value(self, theta: Vector) -> float:
        """The objective at weights (N,)."""
        return self.slope(theta)[0]

    def slope(self, theta: Vector) -> tuple[float, Vector]:
        """(objective, gradient (N,)) at weights (N,); at a kink a ReLU has the slope 0, as automatic gradients have."""
        problem, (U, alpha, w) = self.problem, self._parts(theta)
        heights = problem.X @ U.T
        outputs = np.maximum(heights, 0.0)
        fit = (outputs @ alpha).ravel() + problem.free.matrix @ w
        nu = problem.loss.gradient(fit, problem.y)
        pull = nu.reshape(problem.n, problem.c)
        decayed = U * self._decayed
        penalty = 0.5 * float((decayed * decayed).sum() + (alpha * alpha).sum())
        value = problem.loss.value(fit, problem.y) + problem.beta * penalty + problem.free.penalty(w)
        inner = ((heights > 0) * (pull @ alpha.T)).T @ problem.X + problem.beta * decayed
        outer = outputs.T @ pull + problem.beta * alpha
        rest = problem.free.matrix.T @ nu + problem.free.decay * w
        return value, np.concatenate([inner.ravel(), outer.ravel(), rest])

    @property
    def _decayed(self) -> Vector:
        """(d,) 1 for coordinates of a neuron that weight decay sees, 0 for a bias that is free."""
        return self.problem.design.lengths(np.eye(self.problem.d))

    def _parts(self, theta: Vector) -> tuple[Matrix, Matrix, Vector]:
        """(U (m, d), alpha (m, c), w (q,))."""
        m, d, c = self.width, self.problem.d, self.problem.c
        if theta.shape != (m * (d + c) + self.problem.free.q,):
            raise InputError(
                f"networks of {m} neurons have {m * (d + c) + self.problem.free.q} weights here, got {theta.shape}"
            )
        return theta[: m * d].reshape(m, d), theta[m * d : m * (d + c)].reshape(m, c), theta[m * (d + c) :]
