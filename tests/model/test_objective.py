"""The objective of a network and its error bound, against exact rational and 60-digit arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualscape.geometry.two_float import TwoFloat
from dualscape.model.certificate import certify_dual
from dualscape.model.losses import LOSSES
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.solver import solve
from exact_objectives import cancelling, exact_loss, exact_objective

ALL = pytest.mark.parametrize(
    "loss", [name for name, loss in LOSSES.items() if not loss.constraint and loss.target != "classes"]
)


@ALL
@given(seed=st.integers(0, 10**6), apart=st.integers(-15, 0), mass=st.integers(-3, 10))
def test_the_error_bound_holds(loss, seed, apart, mass):
    problem, network = cancelling(loss, seed, 10.0**apart, 10.0**mass)
    exact = exact_objective(problem, network)
    for precision in (1e-11, np.inf):
        value, error = problem.objective_bounds(network, precision=precision)
        assert abs(Fraction(value) - exact) <= Fraction(error)
    value, error = problem.objective_bounds(network)
    assert error <= 1e-11 * value


def test_masses_that_cancel_are_not_lost():
    """Rows equal to 3e-10, masses of 6e9: double precision alone is some 1e-7 off, and the error bound knows it."""
    problem, network = cancelling("squared", 3, 3e-10, 6e9)
    exact = exact_objective(problem, network)
    plain = problem.loss.value(network.fit(problem.X), problem.y) + problem.beta * network.cost()
    assert abs(Fraction(plain) / exact - 1) > 1e-9
    value, error = problem.objective_bounds(network)
    assert abs(Fraction(value) / exact - 1) < 1e-15
    assert error < 1e-14 * value
    assert problem.objective(network) == value
    assert problem.objective_bounds(network, precision=np.inf)[1] > abs(plain - float(exact))


@pytest.mark.parametrize("scale", [1e-60, 1.0, 1e60])
def test_units_of_length_change_nothing(scale):
    plain, network = cancelling("squared", 3, 3e-10, 6e9)
    scaled = Problem(plain.X * scale, plain.y, beta=plain.beta * scale, bias="none")
    other = Network(network.directions, network.signs, network.masses / scale)
    value, error = scaled.objective_bounds(other)
    assert value == pytest.approx(plain.objective_bounds(network)[0], rel=1e-9)
    assert 0 < error < 1e-11 * value


@ALL
@given(seed=st.integers(0, 10**6), size=st.integers(-20, 3))
def test_the_loss_of_an_interval(loss, seed, size):
    """Values at random fits within `off` lie within the error of the value in the middle."""
    rng = np.random.default_rng(seed)
    y = rng.choice([-1.0, 1.0], size=5) if LOSSES[loss].target == "two classes" else rng.standard_normal(5)
    f, off = TwoFloat(rng.standard_normal(5), 1e-17 * rng.standard_normal(5)), 10.0**size * rng.random(5)
    value, error = LOSSES[loss].value_bounds(f, off, y)
    for _ in range(3):
        inside = [
            Fraction(h) + Fraction(l) + Fraction(o) * Fraction(rng.choice([-1.0, 1.0]))
            for h, l, o in zip(f.hi.tolist(), f.lo.tolist(), off.tolist(), strict=True)
        ]
        assert abs(Fraction(value) - exact_loss(LOSSES[loss], inside, y.tolist())) <= Fraction(error)


@ALL
def test_what_double_precision_leaves_of_a_fit_counts(loss):
    """The squared residual of a fit that is the target up to 1e-20; the change of the others."""
    y, rest = np.array([1.0, -1.0]), np.array([-3e-20, 1e-20])
    value, error = LOSSES[loss].value_bounds(TwoFloat(y, rest), np.zeros(2), y)
    exact = exact_loss(
        LOSSES[loss], [Fraction(a) + Fraction(b) for a, b in zip(y.tolist(), rest.tolist(), strict=True)], y
    )
    assert abs(Fraction(value) - exact) <= Fraction(error)
    assert error <= 1e-14 * value
    if loss != "logistic":
        assert value == pytest.approx(5e-40, rel=1e-14)


@pytest.mark.parametrize("share", [1 - 9e-7, 1 + 9e-7])
def test_directions_that_are_not_quite_of_length_one_decide_nothing(share):
    """Shorter directions with larger masses: what the lengths hide is in the error, and is no contradiction."""
    problem = Problem([[-(3**0.5), 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none")
    solution = solve(problem)
    network = solution.network
    off = Network(share * network.directions, network.signs, network.masses / share)
    certificate = certify_dual(problem, off, solution.nu)
    assert certificate.verdict == "bounded"
    assert abs(Fraction(certificate.primal) - exact_objective(problem, off)) <= Fraction(certificate.primal_error)
    assert 1e-8 < certificate.primal_error / certificate.primal < 1e-5


def test_the_gap_covers_the_rounding_of_the_objective(monkeypatch):
    """With an error bound above the tolerance the verdict is not "global", whatever the value."""
    problem = Problem([[-(3**0.5), 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none")
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    assert solution.certificate.gap >= solution.certificate.primal_error > 0
    bounds = Problem.objective_bounds
    monkeypatch.setattr(Problem, "objective_bounds", lambda *a, **k: (bounds(*a, **k)[0], 1e-8))
    assert solve(problem).certificate.verdict == "bounded"


def test_the_gap_covers_the_error_of_the_primal_value():
    """Two neurons of mass 6e9 that nearly cancel: plain summation is off by far more than the verdict allows."""
    X = np.array([[1.0, 0.0], [1.0, 3e-10], [1.0, -3e-10]])
    U = np.array([[1.0, 1e-9], [1.0, -1e-9]])
    network = Network(U / np.linalg.norm(U, axis=1)[:, None], [1.0, -1.0], [6e9, 6e9])
    problem = Problem(X, [0.5, 1.0, 0.1], beta=1e-12, bias="none")
    certificate = certify_dual(problem, network, problem.dual_at_zero())
    exact = exact_objective(problem, network)
    assert abs(Fraction(certificate.primal) - exact) <= Fraction(certificate.primal_error)
    assert Fraction(certificate.dual) + Fraction(certificate.gap) >= exact
