"""Every pattern of the convex hyperplanes is bounded, once, along the lines of their arrangement."""

import itertools

import numpy as np
import pytest

from dualscape.geometry.arrangement.arrangement import Arrangement, count_cells
from dualscape.oracles import Question
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.running.stopped import Stopped
from exact_values import greatest_value


def test_a_sweep_visits_few_of_the_patterns():
    rng = np.random.default_rng(9)
    X, nu = rng.standard_normal((40, 4)), rng.standard_normal(40)
    visited = CellsOracle.on(X).best_units(Question(nu, above=0.0)).looked_at
    convex = int((nu > 0).sum())
    assert visited == count_cells(convex, 4) + count_cells(40 - convex, 4) < count_cells(40, 4) / 3


def test_what_is_listed_is_a_maximum_where_many_hyperplanes_meet():
    """At a point on several convex hyperplanes the function rises into some cone around it."""
    rng = np.random.default_rng(2)
    X = np.column_stack([rng.integers(0, 4, size=(20, 2)), np.ones(20)]).astype(float)
    nu = rng.standard_normal(20)
    answer = CellsOracle.on(X).best_units(Question(nu, above=0.0))
    for direction, sign, value in zip(answer.units.directions, answer.units.signs, answer.values, strict=True):
        near = direction + 1e-3 * rng.standard_normal((20_000, 3))
        near /= np.linalg.norm(near, axis=1, keepdims=True)
        assert (sign * np.maximum(near @ X.T, 0) @ nu).max() <= value


@pytest.mark.parametrize("share", [0.0, 0.9, 0.95, 0.99])
def test_hyperplanes_parallel_to_a_line_keep_their_side(share):
    """A concave one that a line never meets was subtracted where it is not: its share of the slope left [0, 1]."""
    X = np.array(
        [[0, -1.0, 0, 0], [0, 0, 0, -8], [2, 0, 0, 0], [0, 0, 0, 0.5], [0, 0, -4, 0], [8, 0, 0, 0], [0, 0.125, 0, 0]]
    )
    nu = np.array([3.7e-4, -0.25, 0.25, 2.0, -7.6e-6, 0.1875, 1.9e-3])
    truth = greatest_value(X, nu)
    for signs in itertools.product([1.0, -1.0], repeat=4):
        answer = CellsOracle.on(X * signs).best_units(Question(nu, above=share * truth))
        assert greatest_value(X * signs, nu) <= answer.upper * (1 + 1e-12)
    assert truth > 2


@pytest.mark.parametrize(("turn", "stopped"), [(2.0**-22, Stopped.FINISHED), (0.0, Stopped.ROUNDING)])
def test_more_signs_than_can_be_tried_both_ways_are_no_bound(turn, stopped):
    """Eighty planes through one line: without a turn all of them pass through each vertex on it, up to rounding."""
    angles = np.linspace(0.1, 3.0, 80)
    X = np.column_stack([np.cos(angles), np.sin(angles), np.zeros(80)])
    X = np.vstack([X, [[0.3, 0.2, 1.0], [0.1, -0.5, 1.0]]])
    nu = np.random.default_rng(0).standard_normal(82)
    oracle = CellsOracle.on(X)
    oracle._arrangement = Arrangement.of_hinges(oracle.hinges, turn=turn)
    answer = oracle.best_units(Question(nu, above=0.0))
    assert answer.stopped is stopped
    assert (answer.upper <= answer.lower * (1 + 1e-10)) == (stopped is Stopped.FINISHED)
