"""Small quadratic programs: against a conic solver, and by their multipliers."""

import cvxpy as cp
import numpy as np
import pytest

from dualscape.polytopes.quadratic_program import least_quadratic


@pytest.mark.parametrize("seed", range(6))
def test_the_minimum_is_that_of_another_solver(seed):
    rng = np.random.default_rng(seed)
    q, p = 4 + seed, 12
    root = rng.standard_normal((q, q))
    H, g = root @ root.T + 0.1 * np.eye(q), rng.standard_normal(q)
    G, inside = rng.standard_normal((p, q)), rng.standard_normal(q)
    slack = np.abs(rng.standard_normal(p)) * (rng.random(p) < 0.7) - G @ inside
    z, pressure = least_quadratic(H, g, G, slack)
    x = cp.Variable(q)
    best = cp.Problem(cp.Minimize(cp.sum_squares(root.T @ x) / 2 + 0.05 * cp.sum_squares(x) + g @ x), [G @ x >= -slack])
    assert z @ H @ z / 2 + g @ z == pytest.approx(best.solve(solver=cp.CLARABEL), abs=1e-7)
    assert (G @ z >= -slack - 1e-11).all()
    assert (pressure >= 0).all()
    assert pressure.any()
    assert pytest.approx(G.T @ pressure, abs=1e-10) == H @ z + g
    assert np.abs(pressure * (G @ z + slack)).max() <= 1e-10


def test_without_walls_it_is_newtons_step():
    H, g = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([1.0, -1.0])
    z, pressure = least_quadratic(H, g, np.zeros((0, 2)), np.zeros(0))
    assert np.allclose(H @ z, -g)
    assert len(pressure) == 0


def test_what_has_no_minimum():
    assert least_quadratic(-np.eye(1), np.ones(1), np.zeros((0, 1)), np.zeros(0)) is None
    walls = np.array([[1.0], [-1.0]])  # z >= 1 and z <= -1
    assert least_quadratic(np.eye(1), np.zeros(1), walls, np.array([-1.0, -1.0])) is None
