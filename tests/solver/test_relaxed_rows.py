"""What the relaxation sees of a problem: its rows, or rows on which a free bias costs a little."""

import numpy as np
import pytest

from dualscape import Problem
from dualscape.geometry.hinges import Hinges
from dualscape.oracles import Question
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.solver import relaxed_rows
from dualscape.solver.relaxed_rows import RelaxedRows
from dualscape.units import Units
from free_biases import balanced


def free_bias(seed, n=9, p=2, far=3.0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) + far
    return Problem(X, rng.standard_normal(n), beta=0.3, bias="free", free="constant")


def columns_of(rows, units, masses):
    """The columns that units have on the rows of hyperplanes, times their masses."""
    hinges = rows.hinges
    heights = np.abs(hinges.lengths)[:, None] * (hinges.rows @ units.T)[hinges.group]
    heights *= np.sign(hinges.lengths)[:, None]
    return np.maximum(heights, 0.0) * masses


@pytest.mark.parametrize("bias", ["none", "penalised", "free"])
def test_neurons_compute_the_same_on_the_rows(bias, monkeypatch):
    monkeypatch.setattr(relaxed_rows, "FEW", 0)
    rng = np.random.default_rng(1)
    problem = Problem(rng.standard_normal((8, 2)), np.ones(8), beta=0.1, bias=bias, free="constant")
    directions = rng.standard_normal((3, problem.d))
    priced = directions[:, :2] if bias == "free" else directions
    directions = directions / np.linalg.norm(priced, axis=1)[:, None]
    masses = np.array([0.5, 1.0, 2.0])
    network = problem.network(Units.signed(directions, np.ones(3)), masses)
    rows = RelaxedRows.of(problem)
    units, there = rows.start(network)
    np.testing.assert_allclose(np.linalg.norm(units, axis=1), 1.0)
    expected = np.maximum(problem.X @ directions.T, 0.0) * masses
    np.testing.assert_allclose(columns_of(rows, units, there), expected, atol=1e-12)


def test_a_bound_there_is_worth_one_for_units_with_a_free_bias(monkeypatch):
    """And training there, with its weight decay, asks for no more: tight units are no longer than the factor."""
    monkeypatch.setattr(relaxed_rows, "FEW", 0)
    for seed in range(4):
        problem = free_bias(seed)
        nu = balanced(np.random.default_rng(seed), problem.n)
        rows = RelaxedRows.of(problem)
        h = problem.oracle("cells").best_units(Question(nu, above=0.0)).lower
        there = CellsOracle(rows.hinges).best_units(Question(nu, above=0.0)).upper
        assert h <= rows.worth(there, nu)
        assert rows.worth(rows.beta, nu) == pytest.approx(problem.beta)


def test_whose_units_are_not_relaxed():
    few = free_bias(0, p=relaxed_rows.FEW - 1)
    assert RelaxedRows.of(few) is None
    assert RelaxedRows.of(free_bias(0, p=relaxed_rows.FEW)).oracle == "lifted"
    sparse = Problem(np.eye(3), np.ones(3), beta=0.1, bias="none", features_per_neuron=1)
    assert RelaxedRows.of(sparse) is None


def test_beyond_so_many_rows_it_is_not_begun(monkeypatch):
    problem = Problem(np.eye(3), np.ones(3), beta=0.1, bias="none")
    assert isinstance(RelaxedRows.of(problem).hinges, Hinges)
    monkeypatch.setattr(relaxed_rows, "MOST", 6)
    assert RelaxedRows.of(problem) is None
