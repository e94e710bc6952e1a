"""What an exact interpolator costs on top of one up to rounding: against exact arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.errors import InputError
from dualscape.model.problem import Problem
from dualscape.units import Units


def exact_solve(B, r):
    """x with B x = r, in fractions."""
    rows = [[*map(Fraction, row), Fraction(value)] for row, value in zip(B, r, strict=True)]
    n = len(rows)
    for k in range(n):
        pivot = next(i for i in range(k, n) if rows[i][k])
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [value / rows[k][k] for value in rows[k]]
        for i in range(n):
            if i != k and rows[i][k]:
                rows[i] = [a - rows[i][k] * b for a, b in zip(rows[i], rows[k], strict=True)]
    return [row[-1] for row in rows]


def exact_columns(X, directions):
    """(X u)_+ of rows and directions as they are."""
    return [
        [max(sum(Fraction(a) * Fraction(b) for a, b in zip(x, u, strict=True)), Fraction(0)) for u in directions]
        for x in X.tolist()
    ]


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), size=st.sampled_from([1e-16, 1e-3, 1.0]), scale=st.sampled_from([1e-9, 1.0, 1e9]))
def test_the_price_is_no_less_than_that_of_the_exact_masses(seed, size, scale):
    rng = np.random.default_rng(seed)
    X, r = scale * rng.standard_normal((5, 2)), size * rng.standard_normal(5)
    found = Problem(X, r, loss="interpolation", bias="none").completion
    masses = exact_solve(exact_columns(X, found.units.directions.tolist()), r.tolist())
    lengths = [sum(Fraction(v) ** 2 for v in u) for u in found.units.directions.tolist()]
    price = sum(abs(c) * (1 + length) / 2 for c, length in zip(masses, lengths, strict=True))
    assert price <= Fraction(found.price(r))
    # No more than what the signs of a residual that is known up to its size may hide.
    assert found.price(r) <= 1.01 * float(np.abs(found.inverse).sum(axis=0) @ np.abs(r))


def test_the_error_covers_the_rounding_of_the_inverse():
    """Nearly parallel rows: the computed inverse is off by far more than rounding of its entries."""
    X = np.array([[1.0, 0.0], [1.0, 1e-11], [0.3, 1.0]])
    found = Problem(X, np.ones(3), loss="interpolation", bias="none").completion
    B = exact_columns(X, found.units.directions.tolist())
    off = [
        [Fraction(int(i == j)) - sum(Fraction(s) * B[k][j] for k, s in enumerate(row)) for j in range(3)]
        for i, row in enumerate(found.inverse.tolist())
    ]
    actual = max(sum(abs(row[j]) for row in off) for j in range(3))
    assert 1e-8 < float(actual) <= found.error < 0.5


@given(seed=st.integers(0, 10**6), n=st.integers(1, 30), p=st.integers(0, 4))
def test_any_target_is_taken(seed, n, p):
    rng = np.random.default_rng(seed)
    problem = Problem(rng.standard_normal((n, p)) if p else np.zeros((n, 0)), np.ones(n), loss="interpolation")
    zero = problem.network(Units.none(problem.d), np.zeros(0))
    assert np.linalg.norm(problem.fit_of(problem.completed(zero)) - problem.y) <= 1e-9


def test_rows_that_rounding_hides_are_named():
    X = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1e-16]])
    problem = Problem(X, [1.0, 2.0, 3.0], loss="interpolation", bias="none")
    with pytest.raises(InputError, match="interpolation is beyond 64-bit numbers here: rows 0, 2 of X are so nearly"):
        _ = problem.completion


def test_rows_of_any_sizes_do():
    rng = np.random.default_rng(2)
    sizes = 10.0 ** rng.integers(-30, 31, 8)
    X, y = sizes[:, None] * rng.standard_normal((8, 3)), sizes * rng.standard_normal(8)
    assert Problem(X, y, loss="interpolation", bias="none").completion.error < 1e-10
