"""Problems made from their dual: what is planted is optimal, and found."""

import numpy as np
import pytest

from dualscape.analysis import analyze
from dualscape.data.catalogue import get
from dualscape.data.planted import circle_family, plant
from dualscape.errors import InputError
from dualscape.model.certificate import certify_dual


@pytest.mark.parametrize("angles", [(30, 90), (30, 60, 90), (30, 45, 60, 75, 90), (30, 35, 50, 52, 71, 84, 90)])
def test_circle_family_has_one_more_unit_than_points(angles):
    planted = circle_family(angles, beta=0.3)
    n = len(angles)
    certificate = certify_dual(planted.problem, planted.network, planted.nu)
    assert certificate.verdict == "global"
    assert certificate.primal == pytest.approx(planted.value, rel=1e-12)
    result = analyze(planted.problem)
    assert result.optimal_set is not None
    assert (result.optimal_set.k, result.optimal_set.rank, result.optimal_set.dimension) == (n + 1, n, 1)
    assert result.optimal_set.contains(planted.network)


@pytest.mark.parametrize(
    ("n", "p", "bias"), [(5, 2, "none"), (8, 2, "penalised"), (7, 3, "penalised"), (12, 1, "penalised")]
)
def test_planted_optima_are_found(n, p, bias):
    rng = np.random.default_rng(n)
    planted = plant(rng.standard_normal((n, p)), rng.standard_normal(n), beta=0.2, bias=bias)
    certificate = certify_dual(planted.problem, planted.network, planted.nu)
    assert certificate.verdict == "global"
    result = analyze(planted.problem)
    assert result.solution.certificate.primal == pytest.approx(planted.value, rel=1e-10)
    assert result.optimal_set is not None
    assert result.optimal_set.k == planted.network.width
    assert result.optimal_set.contains(planted.network)


def test_planting_on_the_dual_of_a_solved_problem():
    """New masses on the units of one problem give another with the same units."""
    first = analyze(get("random-10x2").problem())
    assert first.optimal_set is not None
    problem, k = first.problem, first.optimal_set.k
    masses = np.arange(1.0, k + 1)
    planted = plant(problem.inputs, first.solution.nu, beta=0.5, masses=masses, bias=problem.bias)
    second = analyze(planted.problem)
    assert second.optimal_set is not None
    assert second.optimal_set.k == k
    assert sorted(second.solution.network.masses) == pytest.approx(masses, rel=1e-7)


def test_planting_is_refused_where_nothing_can_grow():
    with pytest.raises(InputError, match="no unit neuron has a positive value at this nu"):
        plant([[1.0], [2.0]], [0.0, 0.0])
    with pytest.raises(InputError, match="1 units are tight at this nu, but 2 masses were given; give one each"):
        plant([[1.0], [2.0]], [1.0, 1.0], masses=[1.0, 2.0])
    with pytest.raises(InputError, match="the angles must increase from 30 to 90 degrees, got 30, 20, 90"):
        circle_family([30, 20, 90])
