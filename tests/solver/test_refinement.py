"""The optimum refined to more digits than a double has, in exact arithmetic."""

import numpy as np

from dualscape.oracles import Question
from dualscape.solver.refinement import refine
from planted import two_near_parallel_units


def test_a_unit_that_the_solver_does_not_need_is_found_by_refinement():
    """The solver's network may lack a unit whose bound it violates by less than rounding shows."""
    problem, planted = two_near_parallel_units(2.0**-20, 2.0**-10)
    answer = problem.oracle("cells").best_units(
        Question(np.array([1.0, 2.0**-20, 2.0**-20]), above=0.99 * problem.beta)
    )
    start = np.array([planted.masses.sum(), 0.0])

    def refined(k):
        return refine(problem, problem.y * [0.5, 0.5, 1.0], answer.units.take(slice(k)), start[:k], rounding=2.0**-50)

    both, alone = refined(2), refined(1)
    np.testing.assert_allclose(np.sort(both.masses), np.sort(planted.masses), rtol=1e-8)
    assert both.error < 1e-25
    assert np.linalg.norm(alone.nu - both.nu) > 1e-11
