"""Points further apart than a tolerance, against the definition pair by pair."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualscape.geometry.distinct import distinct_points


def by_hand(points, order, tolerance):
    kept = []
    for j in order:
        if all(np.linalg.norm(points[i] - points[j]) > tolerance for i in kept):
            kept.append(j)
    return kept


@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 4), st.sampled_from([1e-9, 1e-3, 0.3, 1.0]))
def test_they_are_those_of_the_definition(seed, k, q, tolerance):
    """The first of those near to each other stays, also where nearness is no equivalence."""
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((k, q)).round(1)
    points += tolerance * rng.choice([0.0, 0.4, 0.8], (k, 1)) * rng.standard_normal((k, q))
    order = rng.permutation(k)[: int(rng.integers(1, k + 1))]
    assert distinct_points(points, order, tolerance).tolist() == by_hand(points, order, tolerance)


@pytest.mark.parametrize(("gap", "count"), [(0.999, 1), (1.001, 2)])
def test_the_tolerance_is_where_it_says(gap, count):
    points = np.array([[0.0, 0.0], [gap * 0.6, gap * 0.8]])
    assert len(distinct_points(points, np.arange(2), 1.0)) == count
    assert len(distinct_points(points, np.arange(0), 1.0)) == 0
