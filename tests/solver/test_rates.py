"""Rates: how far an optimum moves with the data, against optima of data that were really changed."""

import numpy as np
import pytest

from dualscape.model.problem import Problem
from dualscape.solver import solve
from dualscape.solver.refinement import refine


def refined(problem):
    solution = solve(problem)
    return refine(problem, solution.nu, solution.network.units, solution.network.masses, rounding=2.0**-50)


@pytest.mark.parametrize("seed", range(4))
def test_no_change_of_the_data_moves_the_optimum_by_much_more_than_its_rate(seed):
    """Random changes of 1e-7 of every number, and the optimum solved again from nothing."""
    rng = np.random.default_rng(seed)
    X, y, change = rng.standard_normal((8, 2)), rng.standard_normal(8), 1e-7
    problem = Problem(X, y, beta=0.4, bias="none")
    found = refined(problem)
    moves = []
    for _ in range(6):
        near = Problem(
            X * (1 + change * rng.choice([-1, 1], X.shape)),
            y * (1 + change * rng.choice([-1, 1], 8)),
            beta=0.4 * (1 + change * rng.choice([-1, 1])),
            bias="none",
        )
        moves.append(np.linalg.norm(refined(near).fit - found.fit) / change)
    assert max(moves) <= 3 * found.rates.fit
    assert found.rates.fit <= 3 * max(moves)


def test_one_row_by_hand():
    """y* = y - beta / x: its relative changes add up, and a slack of 0 stays one, by at most its rounding."""
    x, y, beta = 2.0, 3.0, 0.5
    found = refined(Problem([[x]], [y], beta=beta, bias="none"))
    assert found.fit[0] == pytest.approx(y - beta / x)
    # The greatest over eight draws of the signs of three changes: at most the sum of all.
    assert 0.9 * (y - 2 * beta / x) <= found.rates.fit <= (y + 2 * beta / x) * (1 + 1e-12)
    assert found.rates.columns.tolist() == [pytest.approx(1.0)]
    assert found.rates.slacks.tolist() == [1.0]


def test_without_units_the_optimum_is_the_zero_network_of_any_such_data():
    problem = Problem([[1.0, 2.0], [0.5, -1.0]], [1.0, 1.0], beta=100.0, bias="none")
    found = refined(problem)
    assert len(found.masses) == 0
    assert found.rates.fit == 0.0
    assert found.rates.masses == 0.0
