"""The exact oracle for one feature and a free bias, against sums in fractions over all kinks."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualscape.oracles import Question
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.oracles.centred import around_rows
from dualscape.oracles.centres import Centres
from dualscape.oracles.thresholds import ThresholdsOracle
from free_biases import balanced


def greatest(x, nu):
    """h(nu) in fractions."""
    x, nu = [Fraction(v) for v in x], [Fraction(v) for v in nu]
    return max(
        abs(sum(v * max(way * (a - kink), 0) for v, a in zip(nu, x, strict=True))) for kink in x for way in (1, -1)
    )


@given(st.integers(0, 10**6), st.integers(1, 9), st.sampled_from([1e-30, 1.0, 1e30]), st.sampled_from([0.0, 1e6]))
def test_bounds_enclose_the_exact_value(seed, n, scale, shift):
    rng = np.random.default_rng(seed)
    x = scale * (shift + rng.integers(-4, 5, size=n))
    nu = balanced(rng, n)
    answer = ThresholdsOracle(Centres(x[:, None])).best_units(Question(nu, above=0.0))
    exact = greatest(x, nu)
    assert exact <= Fraction(answer.upper)
    assert Fraction(answer.upper) <= exact * Fraction(1 + 1e-13) + Fraction(1e-12) * Fraction(scale)
    assert answer.lower == pytest.approx(float(exact), rel=1e-12, abs=1e-13 * scale)


def test_it_lists_what_the_oracle_over_patterns_lists():
    rng = np.random.default_rng(1)
    x, nu = rng.standard_normal(12), balanced(rng, 12)
    question, centres = Question(nu, above=0.2), Centres(x[:, None])
    one, other = (
        oracle.best_units(question) for oracle in (ThresholdsOracle(centres), around_rows(CellsOracle, centres))
    )
    assert len(one.units) == len(other.units) > 2
    for direction, output in zip(other.units.directions, other.units.outputs, strict=True):
        assert one.units.find(direction, output, 1e-9) is not None
    heights = np.maximum(x[:, None] * one.units.directions[:, 0] + one.units.directions[:, 1], 0.0)
    np.testing.assert_allclose(one.units.signs * (nu @ heights), one.values, rtol=1e-12)
    assert (np.diff(one.values) <= 0).all()
