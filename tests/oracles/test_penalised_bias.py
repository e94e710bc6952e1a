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


def test_units_are_seen_and_found_again():
    """What the rows see of a unit computes the same; a direction along the bias alone is none."""
    rng = np.random.default_rng(5)
    X, w = rng.standard_normal((6, 2)) + 4.0, rng.standard_normal((3, 2))
    rows = PenalisedBias(Centres(X, one=0.5), 2.0)
    units = np.column_stack([w / np.linalg.norm(w, axis=1)[:, None], rng.standard_normal(3)])
    seen = rows.seen(units)
    np.testing.assert_allclose(rows.hinges.X @ seen.T, np.column_stack([X, np.full(6, 0.5)]) @ units.T)
    found = rows.units(np.vstack([3.0 * seen, [0.0, 0.0, 1.0]]))
    np.testing.assert_allclose(found, units)


def test_rounding_of_the_differences_is_in_it():
    """Far from 0 rows differ by few digits; nothing is worth less than what they round by."""
    X = 1e9 + np.array([[0.0], [1e-7], [3e-7]])
    rows = PenalisedBias(Centres(X), 1.0)
    assert rows.worth(0.0, np.ones(3)) > 0
