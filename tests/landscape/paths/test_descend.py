"""Paths that never climb, from networks of all kinds, looked at with code of the tests' own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neural_network import MLPRegressor

from along import check, flat, objective, rise
from dualscape.data.catalogue import get
from dualscape.errors import InputError
from dualscape.landscape.optimal_set import optimal_set
from dualscape.landscape.paths.descend import descend
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.solver import solve
from landscape_networks import FREE, anything, made


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.sampled_from(FREE))
def test_from_anywhere_to_an_optimum(seed, free):
    problem = made(seed, free)
    width = problem.n + 1
    start = anything(problem, width, seed)
    solution = solve(problem)
    rng = np.random.default_rng(seed)
    goal = solution.network
    goal = (goal.split(0, 0.3) if goal.width and goal.width < width else goal).pad(width)
    goal = goal.permute(rng.permutation(width))
    path = descend(problem, start, goal)
    values = check(path, start, goal, width)
    assert rise(values) < 1e-10
    assert path.falls
    assert path.note.startswith("never climbs")
    free_choice = descend(problem, start)
    assert free_choice.falls
    assert objective(problem, free_choice.end) == pytest.approx(solution.certificate.primal, rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_other_losses_and_ridge_features(seed):
    for problem in (made(seed, "constant", "logistic"), made(seed, "affine", free_decay=0.7)):
        start = anything(problem, problem.n + 1, seed)
        goal = solve(problem).network.pad(problem.n + 1)
        values = check(descend(problem, start, goal), start, goal, problem.n + 1)
        assert rise(values) < 1e-10


@pytest.mark.parametrize("architecture", ["leaky:0.2", "abs", "gated:8"])
def test_other_activations(architecture):
    rng = np.random.default_rng(4)
    problem = Problem(
        rng.standard_normal((6, 2)), rng.standard_normal(6), beta=0.1, bias="none", architecture=architecture
    )
    start = Network.from_weights(
        rng.standard_normal((7, 2)),
        rng.standard_normal(7),
        architecture=problem.architecture,
        gates=rng.integers(problem.architecture.outputs, size=7),
    )
    path = descend(problem, start)
    assert path.falls
    assert path.verify()
    assert path.objective(1.0) == pytest.approx(solve(problem).certificate.primal, rel=1e-9)


def test_too_few_slots_are_said_to_be_so():
    """At m* one may have to climb; the path then does, by what it says, and m* - 1 leads to no optimum."""
    found = []
    for seed in range(6):
        rng = np.random.default_rng(100 + seed)
        problem = Problem(rng.standard_normal((8, 2)), rng.standard_normal(8), beta=1.0, bias="none").at_fraction(0.1)
        least = optimal_set(solve(problem)).smallest()
        start = Network.from_weights(rng.standard_normal((least.width, 2)), rng.standard_normal(least.width))
        path = descend(problem, start, least)
        values = check(path, start, least, least.width)
        along = (values - np.minimum.accumulate(values)).max()
        assert along <= path.climb * (1 + 1e-9) + 1e-12
        assert path.falls == (along < 1e-9)
        found.append(path.falls)
        if not path.falls:
            assert "upper bound" in path.note
            assert along == pytest.approx(path.climb, rel=1e-6)
        if least.width > 1:
            short = descend(problem, start.prune(0.0)._select(np.arange(least.width - 1)))
            assert short.falls
            assert f"no network of width {least.width - 1} is optimal" in short.note
    assert not all(found)


def test_bad_local_minimum_of_a_trained_network():
    """XOR, trained to where it gets stuck: two neurons out of four are dead, the rest give a constant."""
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = np.array([0.0, 1.0, 1.0, 0.0])
    stuck = None
    for seed in range(20):
        model = MLPRegressor(hidden_layer_sizes=(5,), alpha=1e-3, solver="lbfgs", random_state=seed, max_iter=2000).fit(
            X, y
        )
        if model.loss_ > 0.05:
            stuck = model
            break
    assert stuck is not None
    U = np.vstack([stuck.coefs_[0], stuck.intercepts_[0]]).T
    problem = Problem(X, y, beta=1e-3, free="constant")
    start = Network.from_weights(
        U, stuck.coefs_[1].ravel(), bias="penalised", free="constant", free_weights=stuck.intercepts_[1]
    )
    path = descend(problem, start)
    assert path.falls
    assert path.verify()
    assert path.objective(1.0) < 0.3 * path.objective(0.0)


def test_wide_networks_on_real_data_take_seconds():
    table = get("diabetes-bmi-s5").problem()
    rng = np.random.default_rng(0)
    start = Network.from_weights(rng.standard_normal((443, 3)), rng.standard_normal(443), bias="penalised")
    path = descend(table, start)
    assert path.falls
    assert path.note.endswith("a proven global optimum")
    assert len(path.pieces) < 10


def test_bad_input():
    problem = get("two-points").problem()
    one = Network([[0.0, 1.0]], [1.0], [0.95])
    with pytest.raises(InputError, match="the network the lesser"):
        descend(problem, one, Network([[0.0, 1.0]], [1.0], [0.1]))
    with pytest.raises(InputError, match="width 2 was asked for, but a network is of width 3"):
        descend(problem, one, Network([[0.0, 1.0]] * 3, [1.0] * 3, [0.3] * 3), width=2)
    with pytest.raises(InputError, match="coordinates"):
        descend(problem, Network(np.eye(3), [1, 1, 1], [1, 1, 1]))
    with pytest.raises(InputError, match="takes a Network"):
        descend(problem, "network")
    with pytest.raises(InputError, match="takes a Solution"):
        descend(problem, one, "optimum")


def test_a_target_that_is_no_optimum():
    """What a unit of the start improves on need not be reached without climbing, and that is said."""
    problem = Problem(np.eye(2), [1.0, 2.0], beta=0.1, bias="none")
    start = Network(np.eye(2)[:1], [1.0], [5.0]).pad(3)
    target = Network(np.eye(2)[1:], [1.0], [1.9]).pad(3)
    path = descend(problem, start, target)
    assert check(path, start, target, 3).max() == pytest.approx(problem.objective(start))
    assert not path.falls
    assert "no optimum: units of the network improve on it" in path.note


def test_the_start_may_be_optimal():
    problem = get("two-points").problem()
    one = Network([[0.0, 1.0]], [1.0], [0.95])
    path = descend(problem, one, one)
    assert path.constant
    assert (flat(path.at(0.3)) == flat(one)).all()


def test_when_time_is_up_it_stays_with_its_own_units():
    rng = np.random.default_rng(1)
    problem = Problem(rng.standard_normal((9, 2)), rng.standard_normal(9), beta=0.01)
    start, goal = anything(problem, problem.n + 1, 4), solve(problem).network
    path = descend(problem, start, goal, width=problem.n + 1, time_limit=1e-9)
    assert path.falls
    assert "time ran out on the way to the target" in path.note
    assert problem.objective(goal) < path.objectives[-1] < path.objectives[0]
    assert rise(check(path, start, path.end, problem.n + 1)) < 1e-10
