"""Records of cones: what is settled in them is right at every point of the cone, and nothing is lost on the way."""

from fractions import Fraction

import numpy as np
import pytest

from dualscape.oracles.bisection.cone_bound import drift, height_error
from dualscape.oracles.bisection.cone_stack import EXCESS, HEAD, cone_records, on_plane
from dualscape.oracles.bisection.frontier import HingeSum, orthants
from dualscape.running.compiled import kernel
from dualscape.tolerances import EPS
from exact_values import exactly, random_hinges


@kernel(cache=False)
def margins(N, r, depth, size):
    return drift(r, depth), height_error(N, r, depth, size), on_plane(r)


def test_settled_hyperplanes_are_a_linear_function_of_the_cone():
    """Against the sum itself at random points, for hyperplanes that do not cross the cone."""
    rng = np.random.default_rng(0)
    for seed in range(20):
        rows, kappa, linear = random_hinges(seed, N=20, r=3)
        form = HingeSum.of(rows, kappa, linear, 0.0)
        cones = orthants(3) + 0.3 * rng.random((8, 3, 3))
        records = cone_records(form.rows, form.c2, form.linear2, cones, np.zeros(8, dtype=np.int64), np.arange(8))
        for V, record in zip(cones, records, strict=True):
            heights = V @ form.rows.T
            crosses = (heights.min(axis=0) < 0) & (heights.max(axis=0) > 0)
            u = rng.random((50, 3)) @ V
            settled = u @ linear + np.maximum(u @ form.rows[~crosses].T, 0) @ form.c2[0][~crosses]
            np.testing.assert_allclose(u @ record[HEAD : HEAD + 3], settled, atol=1e-12)
            assert record[EXCESS] == 0.0


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_what_a_hyperplane_through_a_generator_loses_is_its_excess(sign):
    """It counts as settled, and is off by its weight times its height there where it is convex."""
    small = 1e-15
    rows = np.array([[small, 1.0, 0.0], [-small, 1.0, 0.0]])
    c2 = sign * np.array([[2.0, 3.0], [-2.0, -3.0]])
    cones, zero = np.eye(3)[None] * np.array([1.0, 1.0, 1.0]), np.zeros(1, dtype=np.int64)
    (record,) = cone_records(rows, c2, np.zeros((2, 3)), cones, zero, zero)
    # Both are on at the second generator and count as on at the first, where the second one is off.
    np.testing.assert_allclose(record[HEAD : HEAD + 3], sign * (2.0 * rows[0] + 3.0 * rows[1]), rtol=1e-15)
    assert record[EXCESS] == pytest.approx(3.0 * small if sign > 0 else 0.0, abs=1e-30)


def test_heights_are_off_by_less_than_is_said():
    """A sum over many hyperplanes at a generator, in doubles and in fractions."""
    worst = 0.0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        N, r = 40, 3
        rows, kappa, linear = random_hinges(seed, N, r)
        v = rng.dirichlet(np.ones(r))
        size = float(np.abs(kappa).sum() + np.linalg.norm(linear))
        exact = sum(a * b for a, b in zip(exactly(linear), exactly(v), strict=True))
        found = 0.0
        for a in range(r):
            found += linear[a] * v[a]
        for row, weight in zip(rows, kappa, strict=True):
            height = sum(a * b for a, b in zip(exactly(row), exactly(v), strict=True))
            exact += Fraction(float(weight)) * max(height, Fraction(0))
            product = 0.0
            for a in range(r):
                product += row[a] * v[a]
            found += weight * max(product, 0.0)
        off = abs(float(Fraction(float(found)) - exact))
        worst = max(worst, off)
        assert off <= margins(N, r, 0, size)[1]
    assert worst > 0.0
    # As many roundings as the longest sum has terms can all go one way.
    assert margins(N, r, 0, 1.0)[1] >= (N + r) * EPS


@pytest.mark.parametrize("depth", [10, 300])
def test_generators_drift_by_less_than_is_said(depth):
    """Cuts in doubles against the same cuts in fractions, always of the generator made last."""
    rng = np.random.default_rng(depth)
    V = np.eye(3)
    exact = [exactly(v) for v in V]
    for _ in range(depth):
        a, b = rng.permutation(3)[:2]
        share = float(rng.uniform(0.2, 0.8))
        V[a] = (1.0 - share) * V[a] + share * V[b]
        exact[a] = [(1 - Fraction(share)) * x + Fraction(share) * y for x, y in zip(exact[a], exact[b], strict=True)]
    off = max(
        float(sum((Fraction(float(x)) - y) ** 2 for x, y in zip(v, e, strict=True))) ** 0.5
        for v, e in zip(V, exact, strict=True)
    )
    assert 0.0 < off <= margins(5, 3, depth, 1.0)[0]
    # Three roundings a cut, each of up to an eps, can all go one way.
    assert margins(5, 3, depth, 1.0)[0] >= 3 * depth * EPS


def test_a_height_below_the_threshold_may_be_rounding():
    rng = np.random.default_rng(0)
    for r in (2, 5, 8):
        rows = rng.standard_normal((200, r))
        rows /= np.linalg.norm(rows, axis=1)[:, None]
        v = rng.dirichlet(np.ones(r), 200)
        off = [
            abs(float(Fraction(float(z @ w)) - sum(a * b for a, b in zip(exactly(z), exactly(w), strict=True))))
            for z, w in zip(rows, v, strict=True)
        ]
        assert 0.0 < max(off) <= margins(1, r, 0, 1.0)[2] < 1e-13
