"""Optimal values against a conic solver on the convex program (THEORY section 0), its patterns listed here."""

import numpy as np
import pytest

from conic import conic_optimum
from dualscape import Problem, Program, solve
from dualscape.data.catalogue import get


def patterns_of(X, samples=20_000):
    """Every activation pattern seen from many directions and from the hyperplanes' crossings."""
    rng = np.random.default_rng(0)
    directions = rng.standard_normal((samples, X.shape[1]))
    # Close to each row's hyperplane, where thin cones hide.
    for x in X[np.linalg.norm(X, axis=1) > 0]:
        near = rng.standard_normal((400, X.shape[1]))
        near -= np.outer(near @ x, x) / (x @ x)
        directions = np.vstack([directions, near + 1e-4 * x, near - 1e-4 * x])
    return np.unique(directions @ X.T >= 0, axis=0)


def random_problem(n, p, seed, **options):
    rng = np.random.default_rng(seed)
    y = rng.standard_normal(n)
    return Problem(
        rng.standard_normal((n, p)), np.sign(y) if options.get("loss") == "logistic" else y, beta=1.0, **options
    )


CASES = {
    "generic": lambda: random_problem(7, 2, 0, bias="none"),
    "generic with bias": lambda: random_problem(6, 2, 1),
    "logistic": lambda: random_problem(6, 2, 2, loss="logistic"),
    "three features": lambda: random_problem(6, 3, 3, bias="none"),
    "duplicates": lambda: Problem([[1.0, 2], [1, 2], [-2, 1], [3, 0]], [1.0, -1, 2, 0], beta=1.0),
    "antipodal rows": lambda: Problem([[1.0, 2], [-1, -2], [-2, 1], [2, -1]], [1.0, 2, 0, 1], beta=1.0, bias="none"),
    "zero row": lambda: Problem([[0.0, 0], [1, 1], [2, -1]], [5.0, 1, -1], beta=1.0, bias="none"),
    "parity": lambda: get("parity-3").problem(),
    "grid": lambda: get("grid-3").problem(),
}


@pytest.mark.parametrize("fraction", [0.5, 0.05])
@pytest.mark.parametrize("build", CASES.values(), ids=CASES)
def test_value_agrees_with_a_conic_solver(build, fraction):
    problem = build().at_fraction(fraction)
    certificate = solve(problem).certificate
    assert certificate.verdict == "global"
    value = conic_optimum(Program.of(problem, patterns_of(problem.X))).value
    assert certificate.primal == pytest.approx(value, rel=1e-6)
