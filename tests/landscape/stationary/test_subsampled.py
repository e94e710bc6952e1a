"""The subsampled program: it is attained iff no direction goes down to first order."""

import numpy as np
import pytest

from dualscape.errors import InputError
from dualscape.landscape.stationary.points import stationary_points
from dualscape.landscape.stationary.subsampled import subsampled
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.model.program import Program
from dualscape.solver import solve


def test_attained_iff_there_is_no_way_down():
    rng = np.random.default_rng(3)
    problem = Problem(rng.standard_normal((3, 1)), rng.standard_normal(3), beta=0.05)
    kinds = set()
    for point in stationary_points(problem, solve(problem)).points:
        if point.network.width:
            found = subsampled(problem, point.network)
            assert found.attained == bool(point.stationarity.first_order)
            assert found.objective <= point.objective * (1 + 1e-9)
            kinds.add(found.attained)
    assert kinds == {True, False}


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("activation", ["relu", "leaky:0.3"])
def test_optimality_over_random_points_of_the_program(loss, activation):
    rng = np.random.default_rng(5)
    X, y = rng.standard_normal((12, 3)), np.where(rng.random(12) < 0.5, 1.0, -1.0)
    problem = Problem(X, y, beta=0.3, bias="none", loss=loss, activation=activation)
    U = rng.standard_normal((6, 3))
    network = Network.from_weights(U, rng.standard_normal(6), architecture=activation)
    found = subsampled(problem, network)
    assert found.violation <= 1e-9
    assert not found.attained
    assert found.objective >= solve(problem).certificate.dual
    # Neurons of those patterns and signs: any masses of them do no better.
    for _ in range(50):
        masses = rng.random(6) * rng.integers(0, 2, 6)
        other = problem.network(network.units, masses)
        assert problem.objective(other) >= found.objective * (1 - 1e-9)
    program = Program.of(problem, np.unique(found.patterns, axis=0))
    assert program.violation(program.point(found.network)) < 1e-9


def test_all_patterns_give_the_optimum():
    rng = np.random.default_rng(6)
    problem = Problem(rng.standard_normal((5, 2)), rng.standard_normal(5), beta=0.1, bias="none")
    optimum = solve(problem)
    wide = Network.from_weights(rng.standard_normal((300, 2)), np.where(np.arange(300) % 2, 1.0, -1.0))
    assert subsampled(problem, wide).objective == pytest.approx(optimum.certificate.primal, rel=1e-9)
    assert subsampled(problem, optimum.network).attained


def test_other_problems_are_refused():
    free = Problem([[1.0], [2.0], [4.0]], [1.0, 2.0, 0.0], beta=0.1, bias="free", free="constant")
    with pytest.raises(InputError, match="penalised bias or none"):
        subsampled(free, solve(free).network)
