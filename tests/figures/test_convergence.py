"""The figure of convergence shows what the verdict says."""

from dataclasses import replace

import pytest

from dualscape import figures
from dualscape.figures.layers import Points
from scenes import layers
from solved import solved


def with_bound(solution, share):
    """The solution with a lower bound of that share of its objective."""
    found = solution.certificate
    dual = share * found.primal
    gap = found.primal + found.primal_error - dual
    return replace(solution, certificate=replace(found, verdict="bounded", dual=dual, gap=gap))


def test_convergence_shows_what_the_verdict_says():
    solution = with_bound(solved("parity")[0], 0.25)
    certificate = solution.certificate
    assert certificate.excess == pytest.approx(3.0)
    assert "(301 %)" in certificate.explain()  # 300 % and the rounding of the objective, rounded up
    scene = figures.convergence(solution)
    (objective,) = layers(scene, Points, "objective above the proven lower bound (relative)")
    assert objective.at[-1, 1] == pytest.approx(3.0)
    assert "the objective at most 301 % above the optimum" in scene.caption


@pytest.mark.parametrize("share", [0.0, 1e-4])
def test_convergence_without_a_useful_bound(share):
    solution = with_bound(solved("parity")[0], share)
    assert "no useful bound" in solution.certificate.explain()
    scene = figures.convergence(solution)
    (objective,) = layers(scene, Points, "objective above the final one (relative)")
    assert objective.at[-1, 1] < 1e-12
    assert "above the optimum" not in scene.caption
