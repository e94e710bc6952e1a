"""Newton's method on directions and outputs together ends at a stationary point, to rounding."""

import numpy as np

from dualscape import Problem, solve
from dualscape.solver.newton_on_faces import slide
from dualscape.solver.task import Task
from dualscape.units import Units


def test_a_slide_restores_what_was_moved():
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((12, 2)), rng.standard_normal((12, 3))
    problem = Problem(X, Y, beta=1.0).at_fraction(0.1)
    found, task = solve(problem).network, Task.of(problem)
    assert found.width > 3
    moved = Units(
        found.directions + 1e-3 * rng.standard_normal(found.directions.shape),
        found.units.outputs + 1e-3 * rng.standard_normal(found.units.outputs.shape),
    )
    moved = Units(*(part / np.linalg.norm(part, axis=1)[:, None] for part in (moved.directions, moved.outputs)))
    nu = problem.dual_of(found)
    units, masses = slide(task, moved, found.masses * 1.01, nu, 1e-15)
    np.testing.assert_allclose(units.directions, found.directions, atol=1e-11)
    np.testing.assert_allclose(units.outputs, found.units.outputs, atol=1e-11)
    np.testing.assert_allclose(masses, found.masses, rtol=1e-10)
