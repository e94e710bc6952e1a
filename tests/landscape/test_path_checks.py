from dataclasses import replace

import numpy as np
import pytest

from dualscape.errors import ContradictionError
from dualscape.landscape.path_checks import Lines, better_elsewhere, check_points
from dualscape.landscape.path_point import PathPoint
from dualscape.model.problem import Problem
from dualscape.solver import solve


@pytest.fixture(scope="module")
def points():
    """One unit of the column (1, 2), y = (2, 3): mass c = (8 - beta) / 5."""
    problem = Problem([[1.0], [2.0]], [2.0, 3.0], beta=1.0, bias="none")
    return [PathPoint(solve(problem.with_beta(beta))) for beta in (4.0, 2.0, 1.0)]


def with_certificate(point, **changes):
    solution = point.solution
    return replace(point, solution=replace(solution, certificate=replace(solution.certificate, **changes)))


def test_lines_are_those_of_the_networks(points):
    lines = Lines(points)
    for other in points:
        values, errors = lines.at(other.beta)
        for point, value, error in zip(points, values, errors, strict=True):
            truth = other.solution.problem.objective(point.solution.network)
            assert abs(value - truth) <= error + 1e-14
        assert (errors < 1e-12).all()


def test_what_must_hold_holds(points):
    checks = check_points(points)
    assert (checks.value, checks.mass, checks.loss) == (0.0, 0.0, 0.0)
    assert checks.shortfall < 1e-12
    assert np.isfinite(checks.allowed).all()
    assert checks.explain().startswith("With rising beta")


def test_a_bound_above_the_line_of_another_point_is_a_contradiction(points):
    """At beta = 2 the networks found at beta = 4 and 1 have the objectives 3.3 and 3.0: a bound above is none."""
    value = Lines(points).at(2.0)[0][[0, 2]].min()
    wrong = with_certificate(points[1], dual=value + 0.1, primal=value + 0.2)
    with pytest.raises(ContradictionError, match=r"proven at beta = 2\.0"):
        check_points([points[0], wrong, points[2]])
    check_points([points[0], with_certificate(points[1], dual=value - 1e-9, primal=value + 0.2), points[2]])


def test_what_is_wrong_without_a_bound_is_told(points):
    """A search that found too little at beta = 2: the objective falls there, and another network is better."""
    worse = with_certificate(points[1], primal=points[0].objective + 0.3, dual=-np.inf, gap=np.inf, verdict="none")
    found = [points[0], worse, points[2]]
    checks = check_points(found)
    assert checks.value == pytest.approx(0.3 / worse.objective)
    assert checks.shortfall > 0.1
    assert "better at some point" in checks.explain()
    assert "not all of them are certified" in checks.explain()
    value = Lines(found).at(2.0)[0]
    assert better_elsewhere(found) == [(1, int(value.argmin()))]
    assert better_elsewhere(points) == []


def test_masses_that_rise_are_told(points):
    """The points in the wrong order of mass: 1.2 at beta = 1 after 1.4 at beta = 2."""
    light = replace(points[2], solution=replace(points[2].solution, network=points[1].solution.network))
    heavy = replace(points[1], solution=replace(points[1].solution, network=points[2].solution.network))
    checks = check_points(
        [with_certificate(heavy, dual=-np.inf, gap=np.inf), with_certificate(light, dual=-np.inf, gap=np.inf)]
    )
    assert checks.mass == pytest.approx((1.4 - 1.2) / 1.4)
