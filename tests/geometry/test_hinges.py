"""The hyperplanes of the data and the reduced form of f, against sums over the rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dualscape.geometry import hinges, tall
from dualscape.geometry.hinges import Hinges

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
@given(arrays(np.float64, (6, 3), elements=st.floats(-3, 3).map(lambda v: round(v, 1))), st.integers(0, 1000))
def test_hinges_are_the_function(X, seed):
    rng = np.random.default_rng(seed)
    X = np.vstack([X, -X[:2], 2 * X[2:4]])
    nu, u = rng.standard_normal(len(X)), rng.standard_normal(3)
    u /= np.linalg.norm(u)
    hinges = Hinges.of(X)
    kappa, linear = hinges.reduce(nu)
    v = hinges.basis.T @ u
    value = linear @ v + kappa @ np.maximum(hinges.rows @ v, 0)
    exact = nu @ np.maximum(X @ u, 0)
    assert abs(value - exact) <= hinges.slack(nu) + 1e-14 * (np.abs(nu) @ np.linalg.norm(X, axis=1))
    assert hinges.slack(nu) <= 1e-12 * (np.abs(nu) @ np.linalg.norm(X, axis=1)) + 1e-300
