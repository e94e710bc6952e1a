"""Stationary points of small problems, against descents from many starts with code of the tests' own."""

import numpy as np
import pytest
from scipy.optimize import minimize

from dualscape.errors import BudgetError, InputError
from dualscape.landscape.stationary.points import stationary_points
from dualscape.model.problem import Problem
from dualscape.solver import solve


def descents(problem, width, starts, seed):
    """(value, length of the gradient) where descents of a network of that width end."""
    rng, X, y, beta = np.random.default_rng(seed), problem.X, problem.y, problem.beta
    d = problem.d

    def value(theta):
        U, alpha = theta[: width * d].reshape(width, d), theta[width * d :]
        Z = X @ U.T
        r = np.maximum(Z, 0) @ alpha - y
        gradient = np.append(((r[:, None] * (Z > 0) * alpha).T @ X).ravel(), np.maximum(Z, 0).T @ r) + beta * theta
        return 0.5 * r @ r + 0.5 * beta * theta @ theta, gradient

    how = {"maxiter": 3000, "ftol": 1e-15, "gtol": 1e-10}
    for _ in range(starts):
        found = minimize(value, rng.standard_normal(width * (d + 1)), jac=True, method="L-BFGS-B", options=how)
        yield found.fun, float(np.abs(found.jac).max())


@pytest.mark.parametrize("seed", range(3))
def test_descents_end_at_listed_values(seed):
    rng = np.random.default_rng(seed)
    problem = Problem(rng.standard_normal((3, 1)), rng.standard_normal(3), beta=0.05)
    found = stationary_points(problem, solve(problem))
    assert found.complete
    ended = [value for width in (1, 2) for value, left in descents(problem, width, 25, seed) if left < 1e-7]
    assert len(ended) >= 5
    for value in ended:
        assert np.abs(found.values - value).min() < 1e-6 * max(1.0, value)
    for point in found.points:
        assert point.stationarity.clarke
        assert point.objective == pytest.approx(problem.objective(point.network), rel=1e-12)
    lowest = [point for point in found.points if point.kind == "global minimum"]
    assert lowest
    assert lowest[0] is found.points[0]


def test_local_minima_are_left_only_upwards():
    rng = np.random.default_rng(3)
    problem = Problem(rng.standard_normal((3, 1)), rng.standard_normal(3), beta=0.05)
    found = stationary_points(problem, solve(problem))
    local = [point for point in found.points if point.kind == "local minimum"]
    saddles = [point for point in found.points if point.kind == "saddle" and point.network.width]
    assert local
    assert saddles
    for point in local:
        U, alpha = point.network.weights()
        for _ in range(200):
            step = 1e-4 * rng.standard_normal((U.shape[0], U.shape[1] + 1))
            near = type(point.network).from_weights(U + step[:, :-1], alpha + step[:, -1], bias="penalised")
            assert problem.objective(near) >= point.objective - 1e-10
    for point in saddles:
        assert point.stationarity.first_order is False
        dU, dalpha, _ = point.stationarity.direction
        U, alpha = point.network.weights()
        near = type(point.network).from_weights(U + 1e-4 * dU, alpha + 1e-4 * dalpha, bias="penalised")
        assert problem.objective(near) < point.objective


def test_of_a_narrow_width_and_above_beta_max():
    problem = Problem([[1.0, 0.0], [0.0, 1.0]], [1.0, 2.0], beta=0.1, bias="none")
    narrow = stationary_points(problem, solve(problem), width=1)
    assert not narrow.complete
    assert [point.network.width for point in narrow.points] == [1, 1, 1, 0]
    heavy = problem.with_beta(3.0)
    assert [point.kind for point in stationary_points(heavy, solve(heavy)).points] == ["global minimum"]


def test_what_cannot_be_listed_is_refused():
    rng = np.random.default_rng(0)
    large = Problem(rng.standard_normal((8, 2)), rng.standard_normal(8), beta=0.1)
    with pytest.raises(BudgetError, match="more than 20,000; give fewer"):
        stationary_points(large, solve(large))
    free = Problem([[1.0], [2.0], [4.0]], [1.0, 2.0, 0.0], beta=0.1, bias="free", free="constant")
    with pytest.raises(InputError, match="penalised bias or none"):
        stationary_points(free, solve(free))
    searched = solve(large, oracle="ascent")
    with pytest.raises(InputError, match="not certified"):
        stationary_points(large, searched)
