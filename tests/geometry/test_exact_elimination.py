"""Exact elimination: what depends on what."""

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.geometry.exact_elimination import dependencies, eliminated


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_dependencies_are_all_there_are(seed):
    """As many as the rank leaves, independent, and each makes nothing of the vectors."""
    draw = np.random.default_rng(seed)
    rows = draw.integers(-2, 3, size=tuple(draw.integers(1, 6, size=2)))
    found = dependencies([[Fraction(int(value)) for value in row] for row in rows])
    dense = np.array([[float(mu.get(i, 0)) for i in range(len(rows))] for mu in found]).reshape(-1, len(rows))
    assert len(found) == len(rows) - np.linalg.matrix_rank(rows)
    assert np.linalg.matrix_rank(dense) == len(found) if found else True
    assert all(
        sum(value * int(rows[i, j]) for i, value in mu.items()) == 0 for mu in found for j in range(rows.shape[1])
    )


def test_an_ulp_is_no_dependence():
    assert dependencies([[Fraction(1.0)], [Fraction(1.0 + 2**-52)]]) != []
    assert dependencies([[Fraction(1.0), Fraction(1.0)], [Fraction(1.0), Fraction(1.0 + 2**-52)]]) == []


def test_pivots_are_preferred_where_asked():
    done, pivots = eliminated([{0: Fraction(1), 1: Fraction(2)}, {1: Fraction(1)}], last=[0])
    assert pivots == [0, 1]
    assert done[1] == {1: Fraction(1)}
