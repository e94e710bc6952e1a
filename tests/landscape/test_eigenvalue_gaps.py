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
