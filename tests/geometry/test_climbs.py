"""Climbs against dense search: they rise, and end on a local maximum."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.geometry.climbs import climb
from unit_rows import unit_rows


def test_bits_of_a_climb_are_sides_where_nu_is_zero_too():
    rng = np.random.default_rng(0)
    rows, kappa, linear = unit_rows(rng, 39, 4), rng.standard_normal(40), rng.standard_normal(4)
    kappa[::2] = 0.0
    u = rng.standard_normal(4)
    bits, active, lam = np.empty(40, dtype=bool), np.empty(5, dtype=np.int64), np.empty(5)
    climb(rows, np.ascontiguousarray(rows.T), kappa, linear, 1.0, u, bits, active, lam)
    clear = np.abs(rows @ u) > 1e-9
    assert (bits == (rows @ u > 0))[clear].all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 15), st.integers(2, 3), st.sampled_from([-1.0, 1.0]), st.booleans())
def test_climb_ends_on_a_local_maximum_and_never_falls(seed, N, r, sign, lattice):
    rng = np.random.default_rng(seed)
    rows = unit_rows(rng, N, r, lattice)
    kappa, linear = rng.standard_normal(len(rows)), rng.standard_normal(r)

    def value(v):
        return sign * (v @ linear + np.maximum(v @ rows.T, 0) @ kappa)

    start = rng.standard_normal(r)
    start /= np.linalg.norm(start)
    u = start.copy()
    bits, active, lam = np.empty(len(rows), dtype=bool), np.empty(r + 1, dtype=np.int64), np.empty(r + 1)
    top, _, _ = climb(rows, np.ascontiguousarray(rows.T), kappa, linear, sign, u, bits, active, lam)
    assert top >= value(start) - 1e-9
    if top > 1e-9:
        u /= np.linalg.norm(u)
        assert value(u) == pytest.approx(top, abs=1e-9)
        near = u + 1e-4 * rng.standard_normal((2000, r))
        near /= np.linalg.norm(near, axis=1)[:, None]
        assert value(near).max() <= top + 1e-9
