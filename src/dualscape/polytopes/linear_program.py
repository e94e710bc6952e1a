"""Linear and mixed-integer programs over {x >= 0 : Q x = q}, in HiGHS; every answer is re-solved from its support.

Solver tolerances decide nothing here: the caller gets the basic solution recomputed by least squares.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InputError
from dualscape.running.interruption import check, watch

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
LP_TOLERANCE = 1e-10  # the least that HiGHS accepts
#: Rows of a kernel shorter than this are zero; and a direction rises where it does so by more than this angle.
STILL, POSITIVE = 1e-12, 1e-7


@dataclass(frozen=True)
class SparsestBound:
    """The least number of positive coordinates lies in [low, high]; `point` has `high` of them."""

    low: int
    high: int
    point: Vector


def basic_solution(Q: Matrix, q: Vector, support: NDArray[np.intp]) -> Vector:
    """The least-squares solution of Q x = q with x = 0 outside `support`, shape (k,); tiny negatives become 0."""
    x = np.zeros(Q.shape[1])
    left, R = np.linalg.qr(Q[:, support])
    diagonal = np.abs(np.diagonal(R))
    if len(support) <= len(q) and diagonal.min(initial=1.0) > 1e-10:
        x[support] = np.linalg.solve(R, left.T @ q)
    else:
        x[support] = np.linalg.lstsq(Q[:, support], q, rcond=None)[0]
    return np.maximum(x, 0.0)


def quiet_solver() -> Any:
    """A solver that prints nothing: the constructor of highspy.Highs enables callbacks, which prints a banner."""
    import highspy

    class Quiet(highspy.Highs):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            super(highspy.Highs, self).__init__()
            self.setOptionValue("output_flag", False)

    return Quiet()


def _model(Q: Matrix, q: Vector, upper: Vector, tolerance: float = LP_TOLERANCE) -> Any:
    import highspy

    solver = quiet_solver()
    for name, value in (
        ("threads", 1),
        ("random_seed", 1),
        ("small_matrix_value", 1e-12),
        ("primal_feasibility_tolerance", tolerance),
        ("dual_feasibility_tolerance", LP_TOLERANCE),
    ):
        solver.setOptionValue(name, value)
    k = Q.shape[1]
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = k, len(q)
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = np.zeros(k), np.zeros(k), upper
    lp.row_lower_ = lp.row_upper_ = q
    rows, columns = np.nonzero(Q.T)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.searchsorted(rows, np.arange(k + 1)).astype(np.int32)
    lp.a_matrix_.index_ = columns.astype(np.int32)
    lp.a_matrix_.value_ = Q.T[rows, columns]
    solver.passModel(lp)
    return solver


def _stop_when_interrupted(solver: Any) -> None:
    """Ends a branch-and-bound search early; HiGHS asks from threads of its own."""
    from highspy import cb

    over = watch()

    def ask(kind: Any, message: str, known: Any, answer: Any, data: Any) -> None:
        answer.user_interrupt = over()

    solver.setCallback(ask, None)
    for kind in (cb.HighsCallbackType.kCallbackMipInterrupt, cb.HighsCallbackType.kCallbackSimplexInterrupt):
        solver.startCallback(kind)


class Maximiser:
    """Maximises linear functionals over {x >= 0 : Q x = q}, warm-starting each from the one before.

    >>> value, x = Maximiser(np.array([[1.0, 1.0]]), np.array([2.0]))(np.array([3.0, 1.0]))
    >>> value, x
    (6.0, array([2., 0.]))
    """

    def __init__(self, Q: Matrix, q: Vector, *, tolerance: float = LP_TOLERANCE) -> None:
        self._Q, self._q = Q, q
        self._solver = _model(Q, q, np.full(Q.shape[1], np.inf), tolerance)
        self._solver.setOptionValue("simplex_strategy", 4)  # primal: the last basis stays feasible for the next w

    def __call__(self, w: Vector) -> tuple[float, Vector]:
        """(max w.x, a basic maximiser (k,)); raises InputError when there is none."""
        import highspy

        check()
        size = np.abs(w).max(initial=0.0)
        k = len(w)
        self._solver.changeColsCost(k, np.arange(k, dtype=np.int32), w / size if size > 0 else w)
        self._solver.run()
        status = self._solver.getModelStatus()
        if status == highspy.HighsModelStatus.kUnknown:
            # From the last basis it may lose its way; from none it finds one.
            self._solver.clearSolver()
            self._solver.run()
            status = self._solver.getModelStatus()
        if status in (highspy.HighsModelStatus.kUnbounded, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            raise InputError("{c >= 0 : A c = b} is unbounded; the columns of A must lie strictly on one side of 0")
        if status != highspy.HighsModelStatus.kOptimal:
            raise InputError("{c >= 0 : A c = b} is empty; b must be a combination of the columns with masses >= 0")
        basic = [j for j, s in enumerate(self._solver.getBasis().col_status) if s == highspy.HighsBasisStatus.kBasic]
        x = basic_solution(self._Q, self._q, np.asarray(basic, dtype=np.intp))
        return float(w @ x), x


def maximisers(Q: Matrix, q: Vector, functionals: Iterable[Vector]) -> list[tuple[float, Vector]]:
    """One (value, basic maximiser) per functional."""
    solve = Maximiser(Q, q)
    return [solve(w) for w in functionals]


def sparsest(
    Q: Matrix, q: Vector, upper: Vector, *, tolerance: float | Vector, nodes: int, seconds: float
) -> SparsestBound:
    """Bounds on the least number of coordinates above `tolerance` in {x >= 0 : Q x = q}, by a MILP.

    >>> Q, q = np.array([[1.0, 0, 1], [0, 1, 1]]), np.ones(2)
    >>> found = sparsest(Q, q, np.ones(3), tolerance=1e-9, nodes=100, seconds=10)
    >>> found.low, found.high, found.point.round(9).tolist()
    (1, 1, [0.0, 0.0, 1.0])

    Args:
        Q: (r, k) equations.
        q: (r,) right side.
        upper: (k,) valid upper bounds x_j <= upper_j, the big-M constants.
        tolerance: coordinates of at most this, one number or one for each, count as zero.
        nodes: limit on branch-and-bound nodes; the interval is wider when it strikes, and repeatable.
        seconds: time limit, a safeguard: what it cuts off is not repeatable.
    """
    import highspy

    k = Q.shape[1]
    # Variables t = x / upper in [0, 1] and binary z >= t: one big-M of size 1 for all.
    rows = np.block([[Q * upper, np.zeros_like(Q)], [np.eye(k), -np.eye(k)]])
    solver = _model(rows, np.concatenate([q, np.zeros(k)]), np.ones(2 * k))
    for row in range(len(q), len(q) + k):
        solver.changeRowBounds(row, -np.inf, 0.0)
    binary = np.arange(k, 2 * k, dtype=np.int32)
    solver.changeColsCost(k, binary, -np.ones(k))
    solver.changeColsIntegrality(k, binary, np.full(k, highspy.HighsVarType.kInteger))
    solver.setOptionValue("mip_max_nodes", nodes)
    solver.setOptionValue("time_limit", seconds)
    _stop_when_interrupted(solver)
    solver.run()
    check()
    info = solver.getInfo()
    low = max(int(np.ceil(-info.mip_dual_bound - 1e-6)), 0) if np.isfinite(info.mip_dual_bound) else 0
    best: Vector | None = None
    if info.primal_solution_status == 2:  # a feasible point was found
        t = np.asarray(solver.getSolution().col_value)[:k]
        chosen = np.flatnonzero(t * upper > tolerance)
        best = _vertex_within(Q, q, chosen)
    if best is None:
        best = Maximiser(Q, q)(np.zeros(k))[1]
    high = int((best > tolerance).sum())
    # The program wants Q x = q to its own tolerance, the vertex counts what is above rounding; a witness beats a bound.
    return SparsestBound(min(low, high), high, best)


def _vertex_within(Q: Matrix, q: Vector, chosen: NDArray[np.intp]) -> Vector | None:
    """A basic point supported on `chosen`, or None when rounding leaves none."""
    try:
        inner = Maximiser(Q[:, chosen], q)(np.zeros(len(chosen)))[1]
    except InputError:
        return None
    x = np.zeros(Q.shape[1])
    x[chosen] = inner
    return x


def widest_support(kernel: Matrix, positive: NDArray[np.bool_]) -> Vector:
    """A direction (k,) of the kernel (k, dim), at least 0 where not `positive`, and positive wherever one can be.

    A homogeneous question: how small the coordinates are that it starts from plays no part. What the direction has
    where it cannot be positive is rounding; it comes back as 0 there.

    >>> widest_support(np.array([[1.0], [-1.0], [0.0]]) / 2**0.5, np.array([False, True, False])) > 0
    array([ True, False, False])
    """
    import highspy

    dimension = kernel.shape[1]
    lengths = np.linalg.norm(kernel, axis=1)
    free = np.flatnonzero(~positive & (lengths > STILL))
    normals = kernel[free] / lengths[free, None]
    # 0 <= t <= 1 and normals z >= t: a direction can be lengthened, so that each t that can be positive becomes 1.
    solver = _model(
        np.hstack([normals, -np.eye(len(free))]), np.zeros(len(free)), np.ones(dimension + len(free)), LP_TOLERANCE
    )
    for row in range(len(free)):
        solver.changeRowBounds(row, 0.0, np.inf)
    solver.changeColsCost(len(free), np.arange(dimension, dimension + len(free), dtype=np.int32), np.ones(len(free)))
    # t ends at 0 or 1, so that rough duals will do; with fine ones the solver may end with "unknown" beside an optimum.
    solver.setOptionValue("dual_feasibility_tolerance", 1e-7)
    # In a wide box it may still do so, and again from where it ended; in a narrow one, directions that rise at a small
    # angle are missed.
    for longest, method in product((1.0 / POSITIVE, 1e4, 1e2), (("simplex_strategy", 4), ("simplex_strategy", 1))):
        for j in range(dimension):
            solver.changeColBounds(j, -longest, longest)
        solver.setOptionValue(*method)
        solver.clearSolver()
        solver.run()
        if solver.getModelStatus() == highspy.HighsModelStatus.kOptimal:
            break
    else:
        raise InputError("the linear program of the affine hull has no solution; the columns are too nearly dependent")
    found = np.asarray(solver.getSolution().col_value)
    direction = np.asarray(kernel @ found[:dimension])
    still = ~positive
    still[free[found[dimension:] > 0.5]] = False
    direction[still] = 0.0
    return direction
