"""Paths of networks with several outputs: the objective by hand, components by brute force, files, models, refusals."""

from itertools import combinations, pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from dualscape import (
    Problem,
    connect,
    connect_sublevel,
    descend,
    optimal_set,
    permutation_path,
    solve,
    staircase,
)
from dualscape.curves.beside import beside
from dualscape.errors import InputError, NotCertifiedError
from dualscape.landscape.paths.downhill import downhill
from dualscape.landscape.paths.path import Path
from dualscape.landscape.paths.pytorch import state_arrays
from dualscape.model.network import Network
from landscape_networks import anything, several

#: Two points of which one output has optima of one and of two neurons, and the staircase 1, 3, 1.
POINTS = np.array([[-(3**0.5), 1.0], [3**0.5, 1.0]])


def objective(problem, network):
    """The objective of a network by the formula in the docs, from its weights U (m, d), alpha (m, c), w (c,)."""
    U, alpha = network.weights()
    z = problem.X @ U.T
    f = np.maximum(z, problem.architecture.slope * z) @ alpha + (network.free_weights if problem.free.q else 0.0)
    if problem.loss.name == "squared":
        loss = 0.5 * ((f - problem.Y) ** 2).sum()
    else:
        loss = (np.log(np.exp(f).sum(axis=1)) - f[problem.Y == 1]).sum()
    return loss + 0.5 * problem.beta * ((U**2).sum() + (alpha**2).sum())


def along(path, each=5):
    """((T, m, d + c) weights and (T,) objectives of the networks at many times of a path."""
    times = np.unique(np.concatenate([np.linspace(*ends, each) for ends in pairwise(path.times)]))
    networks = [path.at(t) for t in times]
    values = np.array([objective(path.problem, network) for network in networks])
    return np.array([np.hstack(network.weights()) for network in networks]), values


def check(path, start, end=None):
    """A path is continuous, starts and ends there, and has the objective that it says."""
    weights, values = along(path)
    size = values.max()
    np.testing.assert_allclose(weights[0], np.hstack(start.weights()), atol=1e-12 * np.abs(weights).max())
    if end is not None:
        np.testing.assert_allclose(weights[-1], np.hstack(end.weights()), atol=1e-12 * np.abs(weights).max())
    assert path.verify(), path.verify().reason
    assert path.max_objective == pytest.approx(size, rel=1e-9)
    rise = (values - np.minimum.accumulate(values)).max()
    assert rise <= path.climb + 1e-9 * size
    return weights, values


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["squared", "multinomial"]), st.integers(1, 6))
def test_ways_down_never_climb(seed, loss, width):
    problem = several(seed, loss)
    start = anything(problem, width, seed)
    found = descend(problem, start)
    values = check(found, start)[1]
    if found.falls:
        assert (values - np.minimum.accumulate(values)).max() <= 1e-9 * values.max()
    corners, _ = downhill(problem, start)
    values = check(Path.of(problem, [*corners, corners[-1]]), start)[1]
    assert (values - np.minimum.accumulate(values)).max() <= 1e-9 * values.max()


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 10), st.booleans())
def test_paths_between_any_two_networks(seed, width, weight_decay):
    problem = several(seed)
    a, b = anything(problem, width, seed), anything(problem, width, seed + 1)
    order = np.random.default_rng(seed).permutation(width)
    turned = permutation_path(problem, a, order)
    check(turned, a, a.permute(order))
    path = connect_sublevel(problem, a, b, weight_decay=weight_decay)
    if weight_decay:
        check(path, a, b)
    else:
        assert path.verify()
    wide = connect_sublevel(problem, a, b, width=len(problem.y) + 1 + width)
    values = check(wide, a.pad(wide.width), b.pad(wide.width))[1]
    assert values.max() <= max(values[0], values[-1]) * (1 + 1e-9)


def test_from_one_more_than_rank_on_the_way_down_is_sure():
    problem = several(12)
    solution = solve(problem)
    width = len(problem.y) + 1
    for seed in range(4):
        start = anything(problem, width, seed)
        path = descend(problem, start, solution)
        values = check(path, start)[1]
        assert path.falls
        assert values[-1] == pytest.approx(solution.certificate.primal, rel=1e-9)


# --- components ---------------------------------------------------------------------------------------------
def problems():
    """Problems whose optimal masses are no single point, made of ones with one output, and some that are."""
    y = np.ones((2, 1))
    yield Problem(POINTS, np.hstack([y, 0 * y]), beta=0.1, bias="none")
    yield Problem(POINTS, y @ np.array([[0.6, -0.8, 0.0]]), beta=0.1, bias="none")
    square = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    yield Problem(square, np.outer([1.0, -1.0, 1.0, -1.0], [0.6, 0.8]), beta=0.1, bias="none")
    rng = np.random.default_rng(0)
    yield Problem(rng.standard_normal((3, 2)), rng.standard_normal((3, 2)), beta=0.5, bias="none")


class Cells:
    """Networks of m slots by which unit each slot may hold: cells of masses, joined where one lies within another.

    A cell gives each slot a unit or none. It is a polytope, hence connected; two cells meet in the cell of the slots
    in which they agree. So components are those of all cells under leaving out one slot.
    """

    def __init__(self, A, fit, m):
        self.A, self.fit, self._known = A, fit, {}
        cells = [cell for cell in product(range(-1, A.shape[1]), repeat=m) if self.reaches(frozenset(cell) - {-1})]
        self.of = {cell: cell for cell in cells}
        for cell in cells:
            for j in np.flatnonzero(np.array(cell) >= 0):
                lesser = (*cell[:j], -1, *cell[j + 1 :])
                if lesser in self.of:
                    self.of[self.root(cell)] = self.root(lesser)
        self.count = len({self.root(cell) for cell in cells})

    def reaches(self, units):
        """Whether masses on some units have the optimal fit."""
        if units not in self._known:
            off = nnls(self.A[:, sorted(units)], self.fit)[1] if units else np.linalg.norm(self.fit)
            self._known[units] = off <= 1e-7 * np.linalg.norm(self.fit)
        return self._known[units]

    def root(self, cell):
        while self.of[cell] != cell:
            cell = self.of[cell]
        return cell


@pytest.mark.parametrize("problem", list(problems()), ids=["zero output", "turned", "square", "generic"])
def test_components_are_those_of_brute_force_and_paths_agree(problem):
    optima = optimal_set(solve(problem))
    heights = np.maximum(problem.X @ optima.units.directions.T, 0.0)
    A = (heights[:, None, :] * optima.units.outputs.T[None]).reshape(-1, optima.k)
    fit = problem.fit_of(optima.choose("most"))
    rows = {row.m: row.components for row in staircase(optima).rows}
    rng = np.random.default_rng(0)
    for m in range(1, 6):
        cells = Cells(A, fit, m)
        assert cells.count == rows.get(m, 0 if m < min(rows) else 1)
        fitting = [v for v in optima.vertices if (v > 0).sum() <= m]
        ends = [optima.network(v).prune().pad(m).permute(rng.permutation(m)) for v in fitting for _ in range(2)]
        for a, b in combinations(ends, 2):
            cell = [tuple(np.where(e.masses > 0, optima.contains(e).units, -1).tolist()) for e in (a, b)]
            found = connect(optima, a, b)
            assert bool(found) == (cells.root(cell[0]) == cells.root(cell[1]))
            if found:
                values = check(found, a, b)[1]
                assert np.ptp(values) <= 1e-9 * values[0]
            else:
                assert found.decided
                assert found.components == cells.count
                assert connect(optima, a, b, width=found.connects_at)


def test_a_continuum_is_refused():
    problem = Problem(np.eye(2), np.array([[2.1, 1.0], [1.0, 2.1]]), beta=0.1, bias="none")
    with pytest.raises(NotCertifiedError, match="form a continuum"):
        optimal_set(solve(problem))


# --- files and models ---------------------------------------------------------------------------------------
def test_a_saved_path_is_the_same_one(tmp_path):
    problem = several(8)
    path = connect_sublevel(problem, anything(problem, 7, 1), anything(problem, 7, 2))
    path.save(tmp_path / "path.npz")
    again = Path.load(tmp_path / "path.npz", problem)
    for t in (0.0, 0.3, 0.71, 1.0):
        for one, other in zip(path.at(t).weights(), again.at(t).weights(), strict=True):
            np.testing.assert_array_equal(one, other)


def test_layers_compute_what_the_network_does():
    for seed in (2, 5, 7):
        problem = several(seed)
        network = anything(problem, 4, 1)
        state = state_arrays(network)
        assert state["2.weight"].shape == (problem.c, 4)
        X = problem.design.features(problem.X)
        f = np.maximum(X @ state["0.weight"].T + state.get("0.bias", 0.0), 0.0) @ state["2.weight"].T
        np.testing.assert_allclose(f + state.get("2.bias", 0.0), network.predict(X), rtol=1e-12, atol=1e-12)


def test_curves_are_learned_beside_a_path():
    problem = several(6)
    a = anything(problem, 3, 2)
    path = permutation_path(problem, a, [2, 0, 1], width=4)
    found = beside(path, count=11, steps=30)
    np.testing.assert_allclose(found.matched.values, path.objectives[0], rtol=1e-12)
    (U, alpha), (V, gamma) = path.start.weights(), path.end.weights()
    halfway = Network.from_weights(0.5 * (U + V), 0.5 * (alpha + gamma), bias=problem.bias)
    assert found.straight.values[5] == pytest.approx(objective(problem, halfway), rel=1e-12)
    assert found.learned.barrier <= found.straight.barrier


def test_a_network_with_other_outputs_is_refused():
    problem = several(2)
    network = anything(Problem(problem.X, np.ones((problem.n, problem.c + 1)), beta=1.0, bias="none"), 3, 0)
    with pytest.raises(InputError, match="the network is of the architecture"):
        descend(problem, network)
