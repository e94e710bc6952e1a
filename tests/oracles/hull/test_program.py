"""The linear program over a hull: against scipy, and with columns that come one after the other."""

import numpy as np
import pytest
from scipy.optimize import linprog

from dualscape.oracles.hull.program import HullProgram


@pytest.mark.parametrize("seed", range(4))
def test_value_and_multipliers_are_those_of_another_solver(seed):
    rng = np.random.default_rng(seed)
    n, p = 5, 12
    A, nu = np.maximum(rng.standard_normal((n, p)), 0.0), rng.standard_normal(n)
    gain, price = np.maximum(nu, 0.0), np.maximum(-nu, 0.0)
    program = HullProgram(gain, -gain, price)
    for part in np.split(A, 3, axis=1):
        program.add(part)
        point = program.solve()
    both, costly = np.hstack([A, -A]), np.flatnonzero(price)
    upper = np.block([[both[costly], -np.eye(len(costly))], [np.ones(2 * p), np.zeros(len(costly))]])
    cost = np.concatenate([-gain @ both, price[costly]])
    found = linprog(cost, A_ub=upper, b_ub=np.append(np.zeros(len(costly)), 1.0), method="highs")
    assert point.value == pytest.approx(-found.fun, abs=1e-9)
    h = A @ (point.up - point.down)
    assert gain @ h - price @ np.maximum(h, 0.0) == pytest.approx(point.value, abs=1e-9)
    # The multipliers bound what every column gains, and so every h.
    assert (point.mu >= 0).all()
    assert (point.mu <= price).all()
    assert np.abs((gain - point.mu) @ A).max() <= point.value + 1e-9
