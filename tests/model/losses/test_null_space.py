"""How far a vector is from one that is orthogonal to some columns, beside fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.model.losses.null_space import distance


def fractions(A):
    return [[Fraction(a) for a in row] for row in np.asarray(A).tolist()]


def solved(A, b):
    """One solution of A z = b (lists of fractions), or None: Gauss and Jordan."""
    rows, pivots = [[*row, right] for row, right in zip(A, b, strict=True)], []
    for j in range(len(A[0]) if A else 0):
        k = next((i for i in range(len(pivots), len(rows)) if rows[i][j]), None)
        if k is None:
            continue
        i = len(pivots)
        rows[i], rows[k] = rows[k], rows[i]
        rows[i] = [value / rows[i][j] for value in rows[i]]
        for other in range(len(rows)):
            if other != i and rows[other][j]:
                rows[other] = [a - rows[other][j] * c for a, c in zip(rows[other], rows[i], strict=True)]
        pivots.append(j)
    if any(row[-1] for row in rows[len(pivots) :]):
        return None
    z = [Fraction(0)] * len(A[0])
    for i, j in enumerate(pivots):
        z[j] = rows[i][-1]
    return z


def way(M, nu, room):
    """W M z with M^T (nu - W M z) = 0, W = diag(room), in fractions; None where there is none."""
    M, (nu,), (W,) = fractions(M), fractions([nu]), fractions([room])
    q = range(len(M[0]))
    gram = [[sum(w * r[i] * r[j] for w, r in zip(W, M, strict=True)) for j in q] for i in q]
    z = solved(gram, [sum(v * r[i] for v, r in zip(nu, M, strict=True)) for i in q])
    return None if z is None else [w * sum(a * b for a, b in zip(r, z, strict=True)) for w, r in zip(W, M, strict=True)]


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6))
def test_it_bounds_the_way_also_where_few_rows_have_room(seed):
    """Columns depend on one another in the rows with room: zero ones, multiples, sums; or what is held contradicts."""
    draw = np.random.default_rng(seed)
    n, q = int(draw.integers(1, 9)), int(draw.integers(1, 5))
    M = draw.integers(-2, 3, size=(n, q)) * 0.25
    room = np.where(draw.random(n) < 0.5, 0.0, draw.random(n))
    held = draw.integers(-1, 2, size=n) * (draw.random() < 0.3)
    nu = np.where(room > 0, draw.normal(size=n), held)
    off, exact = distance(M, nu, room), way(M, nu, room)
    assert (off[room == 0] == 0).all() or np.isinf(off).all()
    assert np.isfinite(off).all() == (exact is not None)
    if exact is not None:
        assert all(abs(a) <= Fraction(b) for a, b in zip(exact, off.tolist(), strict=True))
        assert np.linalg.norm(off) <= 100 * float(np.linalg.norm([float(a) for a in exact])) + 1e-20


@pytest.mark.parametrize("held", [1.0, 1.0 + 2**-52])
def test_what_is_held_decides_exactly(held):
    """Two opposite entries without room cancel, or are an ulp away from it and no move mends that."""
    M, nu = np.array([[1.0, 0.5], [1.0, 0.5], [0.5, 0.5]]), np.array([held, -1.0, 0.0])
    assert np.isfinite(distance(M, nu, np.zeros(3))).all() == (held == 1.0)


def test_many_columns_that_are_zero_where_there_is_room_cost_nothing():
    """As dummies of classes without a support vector."""
    n = 5000
    M = np.zeros((n, 40))
    M[np.arange(n), np.arange(n) % 40] = 1.0
    nu = np.where(np.arange(n) % 40 < 2, (-1.0) ** (np.arange(n) // 40), 0.0)
    off = distance(M, nu, np.abs(nu))
    assert 0 < off.max() < 1
    assert (off[nu == 0] == 0).all()
