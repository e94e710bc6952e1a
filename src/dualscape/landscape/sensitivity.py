"""How the optimum moves with the target y and the weight decay beta: derivatives.

The optimal value has derivatives wherever the fit is unique (Danskin): dV/dbeta is the sum of masses and dV/dy the
gradient of the loss in y. Where the optimum is unique as well, with every tight unit of positive mass, so have fit,
masses and directions (implicit function theorem). A tight unit stands at the maximiser u_j(nu) of its score on its
linear piece: where hyperplanes of rows hold it in all directions it stays, elsewhere it turns as nu moves, with several
outputs as the greatest singular pair of a matrix does. With columns
a_j(nu) and scores g_j(nu) the conditions

    f = sum_j c_j a_j(nu),    g_j(nu) = beta,    nu = -grad L(f, y)

are differentiated. The gradient of a score in nu is the unit's column, turning or not (Danskin again).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import InputError, NotCertifiedError, expect
from dualscape.geometry.two_float import TwoFloat
from dualscape.landscape.optimal_set import OptimalSet
from dualscape.model.arrays import finite_array
from dualscape.running.interruption import interruptible
from dualscape.running.threads import one_blas_thread
from dualscape.solver.optimality import Linearised
from dualscape.solver.task import Task

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Change:
    """What a change of y and beta does, to first order, per unit of it.

    Attributes:
        value: of the optimal value.
        fit: (n,), or (n c,) row by row with c outputs, of the optimal fit, free features included.
        masses: (k,) of the masses.
        directions: (k, d) of the directions of the units, across them.
        outputs: (k, c) of their outputs, where there are several, with gates as `Units` has them; otherwise None.
    """

    value: float
    fit: Vector
    masses: Vector
    directions: Matrix
    outputs: Matrix | None = None


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """The derivatives of an optimum.

    Attributes:
        optima: the optimal set.
        value_beta: dV/dbeta, the sum of masses.
        value_y: (n,) dV/dy, (n c,) row by row with c outputs; None where y holds labels.
        unique: "" where fit, masses and directions have derivatives; otherwise why not.

    >>> from dualscape.model.problem import Problem
    >>> from dualscape.landscape.optimal_set import optimal_set
    >>> from dualscape.solver import solve
    >>> found = sensitivity(optimal_set(solve(Problem([[1.0], [2.0]], [2.0, 3.0], beta=0.5, bias="none"))))
    >>> found.value_beta, (found.value_y.round(12) + 0.0).tolist()
    (1.5, [0.5, 0.0])
    >>> found.change(beta=1.0).masses.round(12), found.fit_y.round(12).tolist()
    (array([-0.2]), [[0.2, 0.4], [0.4, 0.8]])
    """

    optima: OptimalSet
    value_beta: float
    value_y: Vector | None
    unique: str

    def change(self, *, beta: float = 0.0, y: ArrayLike | None = None) -> Change:
        """The derivative in one direction of (beta, y).

        Args:
            beta: the change of beta.
            y: (n,) or (n, c) the change of y; none where it is not given.

        Raises:
            InputError: y holds labels, or its change has another shape.
            NotCertifiedError: masses and fit have no derivatives; `unique` says why.
        """
        size = len(self.optima.problem.y)
        move = np.zeros(size) if y is None else finite_array(np.ravel(y), "y", 1)
        if len(move) != size:
            raise InputError(f"a change of y needs {size} entries, got {len(move)}")
        if self.value_y is None and y is not None:
            raise InputError("y holds labels, which do not change by a little; ask for beta alone")
        return self._changes(beta, move)

    @cached_property
    def fit_y(self) -> Matrix:
        """(n, n), or (n c, n c), d fit_i / d y_l: symmetric; its trace is the degrees of freedom of the fit.

        Raises:
            InputError, NotCertifiedError: as `change`.
        """
        return np.column_stack([self.change(y=row).fit for row in np.eye(len(self.optima.problem.y))])

    @cached_property
    def masses_y(self) -> Matrix:
        """(k, n), or (k, n c), d c_j / d y_l, likewise."""
        return np.column_stack([self.change(y=row).masses for row in np.eye(len(self.optima.problem.y))])

    @cached_property
    def _linear(self) -> "_Linear":
        if self.unique:
            raise NotCertifiedError(f"masses and fit have no derivatives here: {self.unique}")
        return _Linear(self.optima)

    def _changes(self, beta: float, y: Vector) -> Change:
        moved = self._linear(beta, y)
        value = beta * self.value_beta + (0.0 if self.value_y is None else float(self.value_y @ y))
        return Change(value, *moved)


class _Linear:
    """The conditions at a unique optimum, linearised, in the user's units of length."""

    def __init__(self, optima: OptimalSet) -> None:
        problem = optima.problem
        task, masses = Task.of(problem), optima.vertices[0]
        _, self._pieces = problem.space.pieces(optima.nu, optima.units)
        self._at = self._pieces.stand(TwoFloat.of(optima.nu))
        fit = self._at.columns.hi @ masses
        self._solve = Linearised.of(task, fit, self._pieces, self._at, masses)
        self._seen, self._whole = task.loss.hessian(fit, task.y), problem.loss.hessian(optima.y_star, problem.y)
        self._free = problem.free.rank > 0

    def __call__(self, beta: float, y: Vector) -> tuple[Vector, Vector, Matrix, Matrix | None]:
        """(of the fit, of the masses, of the directions, of the outputs)."""
        # In the residual r = f - y, of which nu is a function alone, a change of y is one of the fit that is missing.
        moved, masses = self._solve(y, np.full(len(self._at.directions.hi), -beta))
        nu = -self._seen.times(moved)
        if self._free:
            # What the free features add to the fit is seen in nu.
            moved = -self._whole.unroot(self._whole.unroot(nu))
        each = [self._pieces.turned(j, self._at, nu) for j in range(len(masses))]
        at = self._at
        directions = np.array([turned for turned, _ in each]).reshape(at.directions.hi.shape)
        outputs = None if at.outputs is None else np.array([led for _, led in each]).reshape(at.outputs.shape)
        return moved + y, masses, directions, outputs


@interruptible()
@one_blas_thread()
def sensitivity(optima: OptimalSet) -> Sensitivity:
    """The derivatives of an optimum in y and beta.

    Args:
        optima: what `optimal_set` returned.

    Returns:
        Those of the value in any case. Those of fit, masses and directions only exist where the optimum is unique and
        no unit is about to enter; otherwise `unique` says what is in the way.
    """
    expect(optima, OptimalSet, "sensitivity", Solution="optimal_set(solution)", Problem="optimal_set(solve(problem))")
    optima.problem.needs_two_layers("sensitivity")
    problem = optima.problem
    value_y = None
    if problem.loss.target == "numbers":
        # Losses of numbers depend on f - y alone.
        value_y = optima.nu.copy()
    return Sensitivity(optima, optima.total_mass, value_y, _hindrance(optima))


def _hindrance(optima: OptimalSet) -> str:
    """Why an optimum has no derivatives, or ""."""
    if optima.dimension > 0:
        return f"the optimal masses form a polytope of dimension {optima.dimension}"
    if len(optima.active) < optima.k:
        idle = optima.k - len(optima.active)
        return f"{idle} tight {'unit has' if idle == 1 else 'units have'} no mass and would enter one way only"
    return ""
