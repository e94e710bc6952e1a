"""Newton's method on directions and outputs together ends at a stationary point, to rounding."""

from dataclasses import replace

import numpy as np
import pytest

from dualscape import Problem, solve
from dualscape.solver.newton_on_faces import slide
from dualscape.solver.newton_on_products import _Flat, newton_work
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


@pytest.mark.parametrize("weights", [None, np.arange(1.0, 13.0)])
def test_the_curvature_from_factors_is_that_of_the_derivative(weights):
    """The Hessian of F against differences of its gradient."""
    rng = np.random.default_rng(1)
    X, Y = rng.standard_normal((12, 2)), rng.standard_normal((12, 3))
    task = Task.of(Problem(X, Y, beta=0.3, sample_weight=weights))
    units = task.space.random(4, rng)
    climbed, _, faces_of = task.space.faces(rng.standard_normal(36), units)
    pieces = faces_of(np.arange(4))
    p, q = pieces.weights(climbed, rng.uniform(0.5, 2.0, 4))
    x = np.concatenate([p, q.ravel()])
    uneven = replace(task, loss=task.loss.weighted(np.arange(1.0, 37.0)))
    for each in (task, uneven):
        flat = _Flat(each, pieces, 4)
        H = flat.system(x)[1]
        for i in range(len(x)):
            step = 1e-6 * np.eye(len(x))[i]
            rates = (flat.system(x + step)[0] - flat.system(x - step)[0]) / 2e-6
            np.testing.assert_allclose(H[i], rates, atol=1e-6 * np.abs(H).max())
    assert uneven.loss.hessian(task.y, task.y).alike(3) is None
    assert newton_work(task, 10) < newton_work(uneven, 10)
