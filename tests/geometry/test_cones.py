"""Projections onto pattern cones against nonnegative and bounded least squares."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import lsq_linear, nnls

from dualscape.geometry.cones import UNBOUNDED, project
from unit_rows import unit_rows


def random_cone(seed, N, r, lattice):
    """(rng, rows, bits of a pattern, vector to project)."""
    rng = np.random.default_rng(seed)
    rows = unit_rows(rng, N, r, lattice)
    return rng, rows, rows @ rng.standard_normal(r) > 0, rng.standard_normal(r)


def run_project(rows, bits, g, caps, known=(), most=UNBOUNDED):
    r = rows.shape[1]
    u, active, lam = np.empty(r), np.empty(r + 1, dtype=np.int64), np.empty(r + 1)
    active[: len(known)] = known
    bits, g = bits.copy(), g.copy()
    held = np.int64(len(known))
    m, _ = project(rows, np.ascontiguousarray(rows.T), bits, g, caps, 0.0, u, active, lam, held, most)
    return u, bits, g, active[: max(m, 0)], lam[: max(m, 0)], m < 0


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 20), st.integers(1, 5), st.booleans())
def test_projection_agrees_with_nnls(seed, N, r, lattice):
    _, rows, bits, g = random_cone(seed, N, r, lattice)
    u, after, _, active, lam, _ = run_project(rows, bits, g, np.full(len(rows), np.inf))
    C = np.where(bits, 1.0, -1.0)[:, None] * rows
    _, distance = nnls(C.T, -g)
    assert (after == bits).all()
    assert np.linalg.norm(u) == pytest.approx(distance, abs=1e-9)
    assert (lam >= 0).all()
    assert (C @ u >= -1e-9).all()
    np.testing.assert_allclose(u, g + lam @ C[active], atol=1e-12)


def test_a_walk_gives_up_when_it_has_met_too_much():
    _, rows, bits, g = random_cone(0, 20, 5, False)
    caps = np.full(20, np.inf)
    whole = run_project(rows, bits, g, caps)
    given_up = [run_project(rows, bits, g, caps, most=np.int64(most))[-1] for most in (99, 100 * 100)]
    assert given_up == [True, False]
    np.testing.assert_array_equal(run_project(rows, bits, g, caps, most=np.int64(100 * 100))[0], whole[0])


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 20), st.integers(1, 5), st.booleans())
def test_capped_projection_agrees_with_bounded_least_squares(seed, N, r, lattice):
    rng, rows, bits, g = random_cone(seed, N, r, lattice)
    caps = rng.exponential(0.5, size=len(rows))
    caps[rng.random(len(rows)) < 0.3] = np.inf
    caps[rng.random(len(rows)) < 0.1] = 0.0
    u, *_ = run_project(rows, bits, g, caps)
    C = np.where(bits, 1.0, -1.0)[:, None] * rows
    solved = lsq_linear(C.T, -g, bounds=(0, np.maximum(caps, 1e-300)), tol=1e-14, max_iter=1000)
    best = np.linalg.norm(C.T @ solved.x + g)
    assert np.linalg.norm(u) <= best + 1e-7
    assert np.linalg.norm(u) >= best - 1e-6


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 20), st.integers(1, 5), st.booleans())
def test_whatever_is_guessed_to_hold_the_projection_is_the_same(seed, N, r, lattice):
    rng, rows, bits, g = random_cone(seed, N, r, lattice)
    caps = rng.exponential(0.5, size=len(rows))
    # On a lattice, guesses may be dependent.
    guess = rng.permutation(len(rows))[: rng.integers(0, r + 1)]
    free, guessed = run_project(rows, bits, g, caps)[0], run_project(rows, bits, g, caps, guess)[0]
    np.testing.assert_allclose(guessed, free, atol=1e-8)


def test_guesses_that_depend_on_each_other_are_left_out():
    rows, bits = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]), np.ones(3, dtype=bool)
    g, caps = np.array([-1.0, -0.5]), np.full(3, 10.0)
    free, guessed = run_project(rows, bits, g, caps)[0], run_project(rows, bits, g, caps, (0, 1, 2))[0]
    np.testing.assert_allclose(guessed, free, atol=1e-12)
