"""A linear program over K = conv{+-(X u)_+} from finitely many of its points, by HiGHS.

Its multipliers are what bounds rest on, and any multipliers within their box prove something: the tolerances of the
solver decide nothing.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dualscape.polytopes.linear_program import quiet_solver

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
TOLERANCE = 1e-10  # the least that HiGHS accepts
#: What a basis that is solved anew may differ by, relative to the greatest number.
ROUGH = 1e-6


class Point(NamedTuple):
    """A maximiser over the hull of p columns and their negatives.

    Attributes:
        value: the maximum.
        up, down: (p,) the weights of the columns and of their negatives.
        mu: (n,) the multipliers of the rows that cost something where they are positive; 0 elsewhere.
    """

    value: float
    up: Vector
    down: Vector
    mu: Vector


class HullProgram:
    """max over h = A (up - down), up and down >= 0 of sum at most one, of

    up . (A^T gain_up) + down . (A^T gain_down) - sum_i price_i (h_i)_+ .

    Columns may be added; the program goes on from where it was.

    >>> program = HullProgram(np.array([1.0, 0.0]), np.array([-1.0, 0.0]), np.array([0.0, 0.5]))
    >>> program.add(np.array([[1.0, 0.9], [1.0, 0.0]]))
    >>> round(program.solve().value, 9)
    0.9
    """

    def __init__(self, gain_up: Vector, gain_down: Vector, price: Vector) -> None:
        """From (n,) what a column and what its negative gains in each row, and (n,) prices >= 0."""
        import highspy

        self._up, self._down, self._price = gain_up, gain_down, price
        self._costly = np.flatnonzero(price > 0)
        q = len(self._costly)
        solver: Any = quiet_solver()
        for name, value in (
            ("threads", 1),
            ("random_seed", 1),
            ("presolve", "off"),
            ("small_matrix_value", 1e-12),
            ("primal_feasibility_tolerance", TOLERANCE),
            ("dual_feasibility_tolerance", TOLERANCE),
            ("simplex_strategy", 4),  # primal: the last basis stays feasible as columns come
        ):
            solver.setOptionValue(name, value)
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = q, q + 1
        lp.sense_ = highspy.ObjSense.kMaximize
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = -price[self._costly], np.zeros(q), np.full(q, np.inf)
        lp.row_lower_ = np.full(q + 1, -np.inf)
        lp.row_upper_ = np.append(np.zeros(q), 1.0)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_ = np.arange(q + 1, dtype=np.int32)
        lp.a_matrix_.index_ = np.arange(q, dtype=np.int32)
        lp.a_matrix_.value_ = -np.ones(q)
        solver.passModel(lp)
        self._solver = solver
        #: The program's matrix and costs; unknowns are z >= h in the costly rows, then each column and its negative.
        self._matrix, self._cost = np.vstack([-np.eye(q), np.zeros((1, q))]), -price[self._costly]

    def add(self, columns: Matrix) -> None:
        """More columns (n, p) >= 0, each with its negative."""
        p, q = columns.shape[1], len(self._costly)
        if p == 0:
            return
        part = np.vstack([columns[self._costly], np.ones(p)])
        both = np.empty((q + 1, 2 * p))
        both[:, ::2] = part
        both[:, 1::2] = part
        both[:q, 1::2] *= -1.0
        cost = np.empty(2 * p)
        cost[::2], cost[1::2] = self._up @ columns, self._down @ columns
        rows, index = np.nonzero(both.T)
        starts = np.searchsorted(rows, np.arange(2 * p)).astype(np.int32)
        self._solver.addCols(
            2 * p, cost, np.zeros(2 * p), np.full(2 * p, np.inf), len(rows), starts, index.astype(np.int32),
            both.T[rows, index],
        )  # fmt: skip
        self._matrix, self._cost = np.hstack([self._matrix, both]), np.concatenate([self._cost, cost])

    def solve(self) -> Point | None:
        """The maximiser over the columns so far; None where the solver finds none."""
        import highspy

        self._solver.run()
        if self._solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            self._solver.clearSolver()
            self._solver.run()
            if self._solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                return None
        q = len(self._costly)
        x, duals = self._basic()
        weights, mu = np.maximum(x[q:], 0.0), np.zeros(len(self._price))
        mu[self._costly] = np.clip(duals[:q], 0.0, self._price[self._costly])
        return Point(float(duals[-1]), weights[::2], weights[1::2], mu)

    def _basic(self) -> tuple[Vector, Vector]:
        """(unknowns, multipliers) of the basis, solved anew: those of the solver are good to its tolerance alone."""
        import highspy

        found, basis = self._solver.getSolution(), self._solver.getBasis()
        x, duals = np.asarray(found.col_value, dtype=float), np.asarray(found.row_dual, dtype=float)
        basic = highspy.HighsBasisStatus.kBasic
        unknowns = np.array([j for j, status in enumerate(basis.col_status) if status == basic], dtype=np.intp)
        slack = [i for i, status in enumerate(basis.row_status) if status == basic]
        square = np.hstack([self._matrix[:, unknowns], np.eye(len(duals))[:, slack]])
        right = np.append(np.zeros(len(duals) - 1), 1.0)
        try:
            finer = np.linalg.solve(square, right)
            prices = np.linalg.solve(square.T, np.append(self._cost[unknowns], np.zeros(len(slack))))
        except np.linalg.LinAlgError:
            return x, duals
        off = np.abs(finer[: len(unknowns)] - x[unknowns]).max(initial=0.0)
        if off > ROUGH or np.abs(prices - duals).max() > ROUGH * np.abs(duals).max():
            return x, duals  # a basis too nearly singular to be of use
        x = np.zeros(len(x))
        x[unknowns] = finer[: len(unknowns)]
        return x, np.asarray(prices, dtype=float)
