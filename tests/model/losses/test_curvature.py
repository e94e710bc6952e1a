"""The curvature along free features, beside fractions."""

from fractions import Fraction

import numpy as np
import pytest

from dualscape.model.losses.curvature import Curvature


def exact(N, decay, right):
    """(N^T N + rho I)^-1 right for N (n, 2), in fractions."""
    rows, (a, b) = [[Fraction(x) for x in row] for row in N.tolist()], map(Fraction, right.tolist())
    g = [[sum(r[i] * r[j] for r in rows) + (Fraction(decay) if i == j else 0) for j in range(2)] for i in range(2)]
    det = g[0][0] * g[1][1] - g[0][1] ** 2
    return np.array([float((g[1][1] * a - g[0][1] * b) / det), float((g[0][0] * b - g[0][1] * a) / det)])


@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize("size", [1.0, 1e6, 1e9])
def test_a_decay_far_below_the_curvature(size, n):
    """Of one row too, which sees one direction of two."""
    draw = np.random.default_rng(n)
    N = size * draw.normal(size=(n, 2))
    right = N.T @ draw.normal(size=n)
    expected = exact(N, 0.5, right)
    # One row leaves a direction in which the rounding of `right` itself counts.
    noise = 0 if n > 1 else 2 * 2.0**-53 * np.linalg.norm(right) / 0.5
    assert Curvature.of(N, 0.5).solve(right) == pytest.approx(expected, rel=1e-9, abs=noise)


def test_without_a_decay_what_is_not_seen_stays_zero():
    found = Curvature.of(np.array([[3.0, 4.0]]), 0.0).solve(np.array([3.0, 4.0]))
    assert found == pytest.approx([3 / 25, 4 / 25])


def test_curvatures_below_all_numbers():
    assert Curvature.of(1e-200 * np.eye(2), 0.0).solve(np.array([1e-300, 0.0])) == pytest.approx([1e100, 0.0])
