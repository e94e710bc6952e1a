"""Down in the slots that there are: every step is looked at with code of the tests' own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from along import check, rise
from dualscape.landscape.paths.descend import descend
from dualscape.landscape.paths.downhill import downhill
from dualscape.landscape.paths.exchange import best_masses
from dualscape.landscape.paths.path import Path
from dualscape.landscape.stationary.stationarity import stationarity
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.running.interruption import until
from dualscape.solver import solve
from landscape_networks import FREE, anything, made


def path_of(problem, start):
    corners, why = downhill(problem, start)
    return Path.of(problem, [*corners, corners[-1]]), why


@settings(max_examples=12)
@given(st.integers(0, 10_000), st.integers(1, 4), st.sampled_from(FREE))
def test_it_never_climbs(seed, width, free):
    problem = made(seed, free)
    start = anything(problem, width, seed)
    path, _ = path_of(problem, start)
    values = check(path, start, path.end, width)
    assert path.falls
    assert rise(values) < 1e-10
    assert values[-1] <= problem.objective(best_masses(problem, start)) * (1 + 1e-12)
    assert values[-1] >= solve(problem).certificate.primal * (1 - 1e-9)
    # No row crosses a hyperplane while its neuron turns.
    for piece in path.pieces:
        heights = [corner.weights()[0][piece.turning] @ problem.X.T for corner in (piece.start, piece.end)]
        size = np.abs(heights).max(initial=0.0)
        assert (np.sign(heights[0]) * np.sign(heights[1]) * np.minimum(*np.abs(heights)) >= -1e-9 * size).all()


@pytest.mark.parametrize("bias", ["none", "penalised", "free"])
def test_a_single_neuron_turns_to_a_stationary_point(bias):
    """Where all rows are on one side the best neuron is known: a ridge regression in the limit of one linear piece."""
    rng = np.random.default_rng(2)
    X = np.column_stack([rng.uniform(1, 2, 12), rng.uniform(-1, 1, (12, 2))])
    problem = Problem(
        X, X @ [2.0, 0.3, -0.2] + 0.5, beta=0.05, bias=bias, free="constant" if bias == "free" else "none"
    )
    U = np.zeros((1, problem.d))
    U[0, :2] = 1.0, 0.4
    start = Network.from_weights(U, [1.0], bias=bias, free=problem.free.kind, free_weights=np.zeros(problem.free.q))
    path, why = path_of(problem, start)
    assert why.startswith("no step leads further down in these slots")
    assert any(piece.turning.any() for piece in path.pieces)
    assert stationarity(problem, path.end).clarke
    assert path.objectives[-1] < 0.9 * problem.objective(best_masses(problem, start))


def test_units_take_free_slots():
    problem = Problem(np.eye(3), [1.0, 2.0, 3.0], beta=0.1, bias="none")
    start = Network([[0.0, 0.0, 1.0]], [1.0], [1.0]).pad(3)
    path, _ = path_of(problem, start)
    assert path.objectives[-1] == pytest.approx(solve(problem).certificate.primal, rel=1e-9)


def test_it_stops_with_what_it_has():
    problem = made(5)
    start = anything(problem, 3, 4)
    with until(0.0):
        corners, why = downhill(problem, start)
    assert why == "time ran out"
    assert [problem.objective(corner) for corner in corners[1:]] == [problem.objective(best_masses(problem, start))]


def test_below_the_least_width_descend_says_why_it_stops():
    rng = np.random.default_rng(8)
    problem = Problem(rng.standard_normal((8, 2)), rng.standard_normal(8), beta=0.02)
    start = anything(problem, 2, 1)
    path = descend(problem, start)
    assert path.falls
    assert path.verify()
    assert "never climbs, and ends where" in path.note
    assert "no network of width 2 is optimal, the least width is" in path.note
    assert path.objectives[-1] < problem.objective(best_masses(problem, start)) * (1 - 1e-3)
