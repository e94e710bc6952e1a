"""A continuum of optimal units is recognised, and finitely many are not taken for one."""

import numpy as np
import pytest

from dualscape import Network, Problem, optimal_set, solve
from dualscape.errors import NotCertifiedError
from dualscape.landscape.eigenvalue_gaps import MULTIPLE, check_finitely_many

BETA, S = 0.1, np.array([[2.0, 1.0], [1.0, 2.0]])


def test_completely_positive_factorisations():
    """X = I, Y = S + beta I: every u >= 0 is tight, and S = sum_j w_j w_j^T with w_j >= 0 is an optimal network."""
    problem = Problem(np.eye(2), S + BETA * np.eye(2), beta=BETA, bias="none")
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    assert solution.certificate.primal == pytest.approx(BETA**2 + BETA * np.trace(S), rel=1e-12)
    with pytest.raises(NotCertifiedError, match=r"continuum.*connected from width 5 on"):
        optimal_set(solution)
    # Two arcs of factorisations with two factors: each begins with a u for which S - c u u^T is one more factor.
    for angle in np.radians([0.0, 10.0, 26.5]):
        u = np.array([np.cos(angle), np.sin(angle)])
        c = 1 / (u @ np.linalg.solve(S, u))
        rest, vectors = np.linalg.eigh(S - c * np.outer(u, u))
        w = vectors[:, 1] * np.sign(vectors[1, 1]) * rest[1] ** 0.5
        assert w.min() >= 0
        U = np.array([c**0.5 * u, w])
        network = Network.from_weights(U, U)
        assert problem.objective(network) == pytest.approx(solution.certificate.primal, rel=1e-12)


def test_gaps_of_problems_in_general_position_are_wide():
    rng = np.random.default_rng(0)
    problem = Problem(rng.standard_normal((10, 2)), rng.standard_normal((10, 3)), beta=1.0).at_fraction(0.1)
    solution = solve(problem)
    gaps = check_finitely_many(problem, solution.nu, solution.network.units)
    assert len(gaps) == solution.network.width
    assert gaps.min() > 1e4 * MULTIPLE


@pytest.mark.parametrize(("beta", "masses"), [(0.01, [0.5, 0.0]), (0.1, [0.3, 0.8]), (1.0, [2.0, 1.0])])
def test_a_double_value_of_one_unit_is_no_continuum(beta, masses):
    """Corners of a square with a bias: a double value whose plane meets its piece in the ray (0, -1, 1) alone."""
    X = np.array([[-1.0, -1.0, 1.0], [-1.0, 1.0, 1.0], [1.0, -1.0, 1.0], [1.0, 1.0, 1.0]])
    nu = beta / 2 * np.array([[0.0, -1.0], [0.0, 1.0], [1.0, 0.0], [-1.0, -1.0]])  # h = beta
    U, V = np.array([[0.0, -1.0, 1.0], [1.0, 1.0, 0.0]]), np.array([[1.0, -1.0], [-1.0, -1.0]])
    Y = nu + np.maximum(X @ U.T, 0) @ np.diag(masses) @ V
    solution = solve(Problem(X, Y, beta=beta, bias="none"))
    assert solution.certificate.primal == pytest.approx(0.5 * (nu**2).sum() + 2 * beta * sum(masses), rel=1e-12)
    optima = optimal_set(solution)
    assert (optima.k, optima.dimension) == (2, 0)
    for row in U / 2**0.5:
        assert np.linalg.norm(optima.directions - row, axis=1).min() < 1e-12


@pytest.mark.parametrize("turn", [0.0, 0.3, 1.0])
def test_a_narrow_arc_is_a_continuum(turn):
    """Two rows make G a rotation of u; two more, with outputs against it, bound an arc of 0.2 on either side."""
    angles = np.array([0.7, -0.7, 0.2 + np.pi / 2, -0.2 - np.pi / 2]) + turn
    X = np.column_stack([np.cos(angles), np.sin(angles)])
    nu = np.vstack([np.linalg.inv(X[:2].T), np.outer([-2.0, -2.0], [np.cos(turn), np.sin(turn)])])
    places = turn + np.linspace(-0.2, 0.2, 5)
    u = np.column_stack([np.cos(places), np.sin(places)])
    problem = Problem(X, nu + 0.5 * np.maximum(X @ u[[2]].T, 0) @ u[[2]], beta=1.0, bias="none")
    for where in u:  # all of them optimal
        assert np.linalg.norm(np.maximum(X @ where, 0) @ nu) == pytest.approx(1.0, rel=1e-12)
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    with pytest.raises(NotCertifiedError, match="continuum"):
        optimal_set(solution)
