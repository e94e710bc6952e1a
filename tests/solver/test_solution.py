"""What the solver returns, also while it has not ended."""

import numpy as np
import pytest

from dualscape.errors import InputError
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.running.stopped import Stopped
from dualscape.solver import solve
from dualscape.solver.solution import Log, at_once, unfinished
from frames import Frame

X, Y = np.random.default_rng(0).standard_normal((12, 2)), np.random.default_rng(1).standard_normal(12)


@pytest.fixture(scope="module")
def problem():
    return Problem(X, Y, beta=0.3, feature_names=("a", "b"))


def test_columns_of_a_data_frame_are_found_by_name(problem):
    solution = solve(problem)
    swapped = Frame(["b", "a"], X[:, ::-1])
    np.testing.assert_array_equal(solution.predict(swapped), solution.predict(X))
    np.testing.assert_array_equal(solution.predict(X), solution.network.predict(X))
    with pytest.raises(InputError, match="'b'"):
        solution.predict(Frame(["a", "c"], X))


def test_what_has_not_ended_is_certified_as_it_stands(problem):
    """The bound that can be had at once is one: no network is below it."""
    optimum = solve(problem).certificate.primal
    rough = Network.from_weights([[1.0, 0.0, 0.5]], [0.3], bias="penalised")
    for network in (rough, None):
        found = unfinished(problem, network, "bisection")
        zero = 0.5 * Y @ Y
        assert found.stopped is Stopped.INTERRUPTED
        assert found.history == ()
        assert found.certificate.primal == pytest.approx(zero if network is None else problem.objective(rough))
        assert 0.0 < found.certificate.dual <= optimum
        assert found.network.width == (network is not None)


def test_what_has_not_ended_is_completed_where_the_fit_is_prescribed():
    problem = Problem(X, Y, loss="interpolation")
    optimum = solve(problem).certificate.primal
    rough = Network.from_weights([[1.0, 0.0, 0.5]], [0.3], bias="penalised")
    for network in (rough, None):
        found = unfinished(problem, network, "bisection")
        assert np.linalg.norm(found.predict(X) - Y) <= 1e-12
        assert 0.0 < found.certificate.dual <= optimum < found.certificate.primal < np.inf


def test_the_dual_variable_is_minus_the_slope_at_the_fit(problem):
    network = solve(problem).network
    nu, certificate = at_once(problem, network, "cells")
    np.testing.assert_allclose(nu, Y - network.predict(X), atol=1e-12)
    assert certificate.oracle == "cells"


def test_the_log_tells_of_its_rounds_and_knows_the_last_violation():
    told = []
    log = Log()
    assert log.violation == np.inf
    network = Network([[1.0, 0.0]], [1], [0.5])
    for violation in (0.5, -1e-3):
        log.add(2.0, violation, "ascent", network, told.append)
        assert log.violation == violation
    assert [event.done for event in told] == [1, 2]
    assert told[1].network is network
    assert log.rounds[0].seconds <= log.rounds[1].seconds
    assert "1 neurons, violation 5.0e-01 (ascent)" in told[0].note
