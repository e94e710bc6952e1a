"""Bounds from the group lasso: feasible, below the primal value of a conic solver, and near it."""

import numpy as np
import pytest

from dualscape.landscape.paths.confined import dual_lower_bound
from dualscape.model.problem import Problem

cvxpy = pytest.importorskip("cvxpy")


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("seed", range(4))
def test_against_a_conic_solver(seed, loss):
    rng = np.random.default_rng(seed)
    n, d = 8, 3
    y = rng.standard_normal(n) if loss == "squared" else np.resize([1.0, -1.0], n)
    problem = Problem(rng.standard_normal((n, d)), y, beta=0.3, loss=loss, bias="none")
    groups = [(rng.uniform(size=n) < 0.6)[:, None] * problem.X for _ in range(3)]
    signs = [(0, 1.0), (3, -1.0), (4, 1.0), (4, -1.0)]
    bound, nu, slack = dual_lower_bound(problem, groups, signs)
    v, w = cvxpy.Variable((3, d)), cvxpy.Variable(len(signs), nonneg=True)
    columns = np.zeros((n, len(signs)))
    for j, (row, sign) in enumerate(signs):
        columns[row, j] = sign
    fit = sum(B @ v[g] for g, B in enumerate(groups)) + columns @ w
    losses = {
        "squared": 0.5 * cvxpy.sum_squares(fit - y),
        "logistic": cvxpy.sum(cvxpy.logistic(-cvxpy.multiply(y, fit))),
    }
    value = cvxpy.Problem(cvxpy.Minimize(losses[loss] + 0.3 * sum(cvxpy.norm(v[g]) for g in range(3)))).solve(
        solver="CLARABEL"
    )
    assert bound <= value + 1e-7
    assert bound == pytest.approx(value, abs=2e-5)
    assert all(np.linalg.norm(B.T @ nu) + slack <= 0.3 for B in groups)
    assert 0 < slack < 1e-10
    assert all(sign * nu[row] <= 0 for row, sign in signs)
