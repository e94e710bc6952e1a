"""The finite master problem: optimality conditions from first principles, and a conic solver."""

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualscape.geometry import tall
from dualscape.model.losses import Squared, get_loss
from dualscape.model.losses.squared_hinge import SquaredHinge
from dualscape.solver.master import solve_master


def residuals(A, y, beta, loss, c):
    """(violation of A^T nu <= beta, complementarity), relative to beta."""
    surplus = -A.T @ loss.gradient(A @ c, y) / beta - 1
    return surplus.max(), np.abs(surplus[c > 0]).max(initial=0.0)


def random_columns(rng, n, k, kind):
    A = np.maximum(rng.standard_normal((n, k)), 0) * rng.choice([-1.0, 1.0], size=k)
    if kind == "dependent":
        A = np.hstack([A, A[:, : k // 2 + 1], 2 * A[:, :1], np.zeros((n, 1))])
    if kind == "integer":
        A = rng.integers(0, 3, size=(n, k)).astype(float)
    return A


@given(
    st.integers(0, 10**6),
    st.integers(1, 12),
    st.integers(1, 25),
    st.sampled_from(["general", "dependent", "integer"]),
    st.sampled_from(["squared", "logistic", "huber:0.3", "huber:0.01", "squared-hinge"]),
    st.sampled_from([0.5, 1e-2, 1e-4]),
)
def test_optimality_conditions(seed, n, k, kind, name, fraction):
    rng = np.random.default_rng(seed)
    A = random_columns(rng, n, k, kind)
    loss = get_loss(name)
    y = rng.choice([-1.0, 1.0], size=n) if loss.target == "two classes" else rng.standard_normal(n)
    beta_max = np.max(-A.T @ loss.gradient(np.zeros(n), y), initial=0.0)
    if beta_max <= 0:
        return
    beta = fraction * beta_max
    c = solve_master(A, y, beta, loss, np.zeros(A.shape[1]))
    violation, slackness = residuals(A, y, beta, loss, c)
    assert (c >= 0).all()
    # A row that is flat pulls with a slope of one: as a share of beta its rounding is that much greater.
    least = 1e-9 if loss.quadratic or loss.strictly_convex else max(1e-9, 1e-12 / fraction)
    assert violation <= least
    assert slackness <= least
    assert np.linalg.matrix_rank(A[:, c > 0]) == (c > 0).sum()


@pytest.mark.parametrize("start", [0.0, 1e3, 1e6])
def test_where_the_loss_is_flat_steps_go_as_far_as_it_is(start):
    """Beyond its margin a row pulls at nothing, and the price alone is less than any curvature that a step is given."""
    c = solve_master(np.array([[1.0]]), np.array([1.0]), 1e-9, SquaredHinge(), np.array([start]))
    assert c == pytest.approx(1.0 - 1e-9, abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n,k", [(60, 200), (200, 60), (120, 120)])
def test_optimality_conditions_where_many_columns_come_and_go(seed, n, k):
    """Columns of nearby units are nearly dependent, and most of those that enter have to leave again."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 5))
    units = np.repeat(rng.standard_normal((k // 4, 5)), 4, axis=0) + 1e-3 * rng.standard_normal((k, 5))
    A = np.maximum(X @ units.T, 0) * np.where(rng.random(k) < 0.5, 1.0, -1.0)
    y, loss = rng.standard_normal(n), get_loss("squared")
    beta = 1e-3 * float(np.max(A.T @ y))
    start = rng.random(k) * (rng.random(k) < 0.5)
    c = solve_master(A, y, beta, loss, start)
    violation, slackness = residuals(A, y, beta, loss, c)
    assert (c >= 0).all()
    assert violation <= 1e-8
    assert slackness <= 1e-8
    assert np.linalg.matrix_rank(A[:, c > 0]) == (c > 0).sum()


@pytest.mark.parametrize("name", ["squared", "logistic"])
def test_value_of_a_conic_solver(name):
    rng = np.random.default_rng(0)
    A, loss = random_columns(rng, 15, 40, "general"), get_loss(name)
    y = rng.choice([-1.0, 1.0], size=15)
    c, beta = cp.Variable(40, nonneg=True), 0.3
    fit = cp.sum_squares(A @ c - y) / 2 if name == "squared" else cp.sum(cp.logistic(-cp.multiply(y, A @ c)))
    value = cp.Problem(cp.Minimize(fit + beta * cp.sum(c))).solve(solver=cp.CLARABEL)
    ours = solve_master(A, y, beta, loss, np.zeros(40))
    assert loss.value(A @ ours, y) + beta * ours.sum() == pytest.approx(value, rel=1e-7)


@pytest.mark.parametrize("kind", ["general", "dependent"])
@pytest.mark.parametrize("name", ["squared", "logistic", "weighted"])
def test_a_tall_master_is_solved_by_its_triangular_factor(kind, name, monkeypatch):
    rng = np.random.default_rng(3)
    A = random_columns(rng, 200, 12, kind)
    y = rng.choice([-1.0, 1.0], size=200) if name == "logistic" else rng.standard_normal(200)
    loss, beta = Squared(weights=rng.uniform(0.1, 3.0, 200)) if name == "weighted" else get_loss(name), 0.5
    factored = []
    whole = solve_master(A, y, beta, loss, np.zeros(A.shape[1]))
    monkeypatch.setattr(tall, "TALL", 40)
    plain = tall.triangular_factor
    monkeypatch.setattr(tall, "triangular_factor", lambda parts: factored.append(1) or plain(parts))
    short = solve_master(A, y, beta, loss, np.zeros(A.shape[1]))
    assert factored
    values = [loss.value(A @ c, y) + beta * c.sum() for c in (whole, short)]
    assert values[1] == pytest.approx(values[0], rel=1e-13)
    violation, slack = residuals(A, y, beta, loss, short)
    assert max(violation, slack) < 1e-10


def test_a_step_is_bent_where_all_rows_are_flat():
    """Every row is beyond delta at the start, so that there is no curvature to go by."""
    A, y = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]]), np.array([50.0, -3.0, 80.0])
    loss, beta = get_loss("huber:0.5"), 0.2
    c = solve_master(A, y, beta, loss, np.zeros(2))
    assert max(residuals(A, y, beta, loss, c)) < 1e-12
    assert c.max() > 10
