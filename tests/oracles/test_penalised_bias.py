"""Rows on which a bias costs a little: what a bound on them is worth, for any t."""

import numpy as np
import pytest

from dualscape.oracles.base import NO_LIMITS, Question
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.oracles.centres import Centres
from dualscape.oracles.penalised_bias import PenalisedBias
from free_biases import KINDS, apart, balanced, dense


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("t", [0.3, 1.0, 20.0])
def test_bounds_on_the_rows_are_worth_bounds_on_the_units(kind, t):
    """And exact ones no more than the factor: a unit of these rows is one of a length of 1 at most."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        X, nu = apart(rng, 7, 2, kind), balanced(rng, 7)
        rows = PenalisedBias(Centres(X), t)
        there = CellsOracle(rows.hinges).best_units(Question(nu, above=0.0)).upper
        h = dense(X, nu, count=500)
        assert h <= rows.worth(there, nu) <= rows.worth(rows.ceiling(nu, NO_LIMITS), nu)
        assert rows.factor == pytest.approx((1 + 1 / t**2) ** 0.5)


def test_rounding_of_the_differences_is_in_it():
    """Far from 0 rows differ by few digits; nothing is worth less than what they round by."""
    X = 1e9 + np.array([[0.0], [1e-7], [3e-7]])
    rows = PenalisedBias(Centres(X), 1.0)
    assert rows.worth(0.0, np.ones(3)) > 0
