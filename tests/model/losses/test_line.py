"""The least along a line, beside a minimiser that knows nothing of it, and beyond every jump."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from dualscape.model.losses import Huber
from dualscape.model.losses.line import least_along


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.sampled_from([1e-6, 1.0, 1e6]), st.booleans())
def test_it_lowers_the_value_and_ends_beyond_the_least(seed, size, known):
    rng = np.random.default_rng(seed)
    loss, y = Huber(10.0 ** rng.uniform(-6, 0)), rng.standard_normal(8)
    along = size * rng.standard_normal(8)
    along *= np.sign(-loss.gradient(np.zeros(8), y) @ along)
    asked = []

    def rise(t):
        asked.append(t)
        return float(loss.gradient(t * along, y) @ along)

    t = least_along(rise, jumps=loss.jumps(np.zeros(8), along, y) if known else np.zeros(0))
    best = minimize_scalar(lambda s: loss.value(s * along / size, y), bracket=(0, 1), tol=1e-12).x / size
    assert loss.value(t * along, y) < loss.value(np.zeros(8), y)
    assert t >= best * (1 - 1e-6)
    assert 0 <= rise(t) <= -0.5 * rise(0.0) or t == pytest.approx(best, rel=1e-6)
    assert len(asked) < (40 if known else 120)


def test_jumps_are_where_the_curvature_changes():
    loss, y, along = Huber(0.5), np.zeros(2), np.array([1.0, -2.0])
    jumps = np.sort(loss.jumps(np.array([-1.0, 0.0]), along, y))
    assert jumps.tolist() == [-0.25, 0.25, 0.5, 1.5]
    for t in jumps:
        sides = [loss.hessian(np.array([-1.0, 0.0]) + s * along, y).times(np.ones(2)) for s in (t - 1e-9, t + 1e-9)]
        assert not np.array_equal(*sides)
