"""The hyperplanes of the data and the reduced form of f, against sums over the rows."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dualscape.geometry import hinges, tall
from dualscape.geometry.hinges import Hinges
from exact_values import exactly

small = st.integers(-2, 2).map(float)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 12).flatmap(lambda n: st.integers(1, 4).flatmap(lambda d: arrays(float, (n, d), elements=small))))
def test_distinct_rows_are_those_of_numpy(values):
    _, first, labels = np.unique(values, axis=0, return_index=True, return_inverse=True)
    mine = hinges._distinct_rows(values + 0.0)
    np.testing.assert_array_equal(mine[0], first)
    np.testing.assert_array_equal(mine[1], labels.reshape(-1))


@pytest.mark.parametrize("rows", [3, 4096])
@pytest.mark.parametrize("data", ["gaussian", "lattice", "few dimensions"])
def test_the_reduced_form_is_the_function(data, rows, monkeypatch):
    monkeypatch.setattr(tall, "ROWS", rows)
    rng = np.random.default_rng(7)
    X = rng.standard_normal((40, 4))
    if data == "lattice":
        X = rng.integers(-1, 2, size=(40, 4)).astype(float)
    elif data == "few dimensions":
        X = X[:, :2] @ rng.standard_normal((2, 4))
    found, nu = Hinges.of(X), rng.standard_normal(40)
    kappa, linear = found.reduce(nu)
    u = rng.standard_normal((100, 4))
    inside = u @ found.basis
    mine = inside @ linear + np.maximum(inside @ found.rows.T, 0.0) @ kappa
    np.testing.assert_allclose(mine, np.maximum(u @ X.T, 0.0) @ nu, rtol=0, atol=1e-13 * np.abs(nu).sum() * 10)
    assert (found.error <= 1e-13).all()
    assert (np.abs(mine - np.maximum(u @ X.T, 0.0) @ nu) <= np.linalg.norm(u, axis=1) * (found.slack(nu) + 1e-12)).all()


@pytest.mark.parametrize("factor", [2.0**-40, 0.25, 2.0**60])
def test_a_multiple_has_the_same_hyperplanes(factor):
    X = np.random.default_rng(8).integers(-3, 4, size=(30, 3)) / 7.0
    scaled = factor * X
    known, found = Hinges.of(X).of_multiple(scaled, factor), Hinges.of(scaled)
    for name in ("basis", "rows", "group", "lengths", "X", "member", "error"):
        np.testing.assert_array_equal(getattr(known, name), getattr(found, name))


@settings(max_examples=50, deadline=None)
@given(X=arrays(np.float64, (6, 3), elements=st.floats(-3, 3).map(lambda v: round(v, 1))), seed=st.integers(0, 1000))
@pytest.mark.parametrize("slope", [0.0, 0.3, -0.7, -1.0])
def test_hinges_are_the_function(slope, X, seed):
    rng = np.random.default_rng(seed)
    X = np.vstack([X, -X[:2], 2 * X[2:4]])
    nu, u = rng.standard_normal(len(X)), rng.standard_normal(3)
    u /= np.linalg.norm(u)
    hinges = Hinges.of(X, slope)
    kappa, linear = hinges.reduce(nu)
    v = hinges.basis.T @ u
    value = linear @ v + kappa @ np.maximum(hinges.rows @ v, 0)
    exact = nu @ np.maximum(X @ u, slope * (X @ u))
    assert abs(value - exact) <= hinges.slack(nu) + 1e-14 * (np.abs(nu) @ np.linalg.norm(X, axis=1))
    assert hinges.slack(nu) <= 1e-12 * (np.abs(nu) @ np.linalg.norm(X, axis=1)) + 1e-300


def exact_difference(hinges, nu, u):
    """|nu^T (X u)_+ - f(u)| of the reduced form as it stands, at a point of the ball, as a fraction."""
    kappa, linear = hinges.reduce(nu)
    place = exactly(u)
    heights = [sum(a * b for a, b in zip(exactly(x), place, strict=True)) for x in hinges.X]
    slope = Fraction(hinges.slope)
    true = sum(v * max(h, slope * h) for v, h in zip(exactly(nu), heights, strict=True))
    inside = [sum(a * b for a, b in zip(exactly(column), place, strict=True)) for column in hinges.basis.T]
    reduced = sum(a * b for a, b in zip(exactly(linear), inside, strict=True))
    for z, weight in zip(hinges.rows, exactly(kappa), strict=True):
        reduced += weight * max(sum(a * b for a, b in zip(exactly(z), inside, strict=True)), Fraction(0))
    return abs(true - reduced)


def rows_of_one_line(rng, data):
    """(X, nu) of rows on one line, and what rounding can lose of them."""
    x = rng.standard_normal(3)
    if data == "told apart by less than is kept":
        return np.vstack([x, x * (1 + np.array([4e-15, -4e-15, 0.0]))]), np.array([0.3, 2.0])
    if data == "a pair that leaves a linear part":
        return np.vstack([x, -x]), np.array([1.0, -1.0])
    if data == "many that nearly cancel":
        nu = rng.standard_normal(40)
        nu[-1] = -nu[:-1].sum() * (1 + 1e-10)
        return np.tile(x, (40, 1)), nu
    return np.vstack([x, -3 * x, 0.1 * x, x]), rng.standard_normal(4)


@pytest.mark.parametrize(
    "data",
    ["told apart by less than is kept", "a pair that leaves a linear part", "many that nearly cancel", "multiples"],
)
@pytest.mark.parametrize("slope", [0.0, 0.3, -0.7])
def test_the_slack_covers_what_is_lost_in_exact_arithmetic(data, slope):
    """Along the line, where all of it shows, and in random directions."""
    largest = 0.0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        X, nu = rows_of_one_line(rng, data)
        hinges = Hinges.of(X, slope)
        for u in (X[0], -X[0], rng.standard_normal(3), np.cross(X[0], rng.standard_normal(3))):
            u = u / np.linalg.norm(u) * (1 - 2.0**-50)  # within the ball, for sure
            lost = exact_difference(hinges, nu, u)
            assert lost <= Fraction(hinges.slack(nu))
            largest = max(largest, float(lost))
    assert largest > 0.0


def test_patterns_are_the_signs_of_the_rows():
    """Rows against their normal are on where it is off; rows of zeros always are."""
    X = np.array([[1.0, 2.0], [-2.0, -4.0], [0.0, 0.0], [3.0, -1.0]])
    hinges = Hinges.of(X)
    rng = np.random.default_rng(0)
    u = rng.standard_normal((20, 2))
    bits = (u @ hinges.basis) @ hinges.rows.T > 0
    np.testing.assert_array_equal(hinges.patterns(bits), (u @ X.T > 0) | (X == 0).all(axis=1))
