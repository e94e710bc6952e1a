"""Maximisers of concave minorants: where leaps end is one of the function, and hops only lead higher."""

import itertools

import numpy as np
import pytest

from dualscape.geometry.minorants import Pieces, rise_by_hops
from exact_values import random_hinges


def value(rows, kappa, linear, u):
    return u @ linear + np.maximum(u @ rows.T, 0.0) @ kappa


def risen(rows, kappa, linear, starts, hops, sign=1.0):
    """(q, r) maximisers times their values."""
    piece = Pieces.both(rows, kappa, linear)[0 if sign > 0 else 1]
    found = np.empty_like(starts)
    rise_by_hops(piece.linear, piece.concave, piece.convex, starts, hops, found)
    return found


def starts_of(seed, r, count=30):
    u = np.random.default_rng(seed).standard_normal((count, r))
    return u / np.linalg.norm(u, axis=1)[:, None]


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("r", [2, 3, 5])
def test_either_piece_is_the_function_of_its_sign(r, sign):
    """What is found has the length of its value, and no point nearby is higher."""
    for seed in range(10):
        rows, kappa, linear = random_hinges(seed, N=9, r=r)
        starts = starts_of(seed, r)
        found = risen(rows, kappa, linear, starts, 0, sign)
        lengths = np.linalg.norm(found, axis=1)
        up = lengths > 0
        units = found[up] / lengths[up, None]
        tops = sign * value(rows, kappa, linear, units)
        np.testing.assert_allclose(tops, lengths[up], rtol=1e-9)
        assert (tops >= sign * value(rows, kappa, linear, starts[up]) - 1e-12).all()
        assert (sign * value(rows, kappa, linear, starts[~up]) <= 1e-12).all()
        rng = np.random.default_rng(seed)
        for unit, top in zip(units, tops, strict=True):
            near = unit + 1e-4 * rng.standard_normal((300, r))
            near /= np.linalg.norm(near, axis=1)[:, None]
            assert (sign * value(rows, kappa, linear, near)).max() <= top + 1e-10


def top_of_circle(rows, kappa, linear):
    """The greatest value on the circle: at a kink, or where the gradient of an arc points."""
    normals = np.arctan2(rows[:, 1], rows[:, 0])
    kinks = np.sort(np.concatenate([normals + np.pi / 2, normals - np.pi / 2]) % (2 * np.pi))
    middles = 0.5 * (kinks + np.append(kinks[1:], kinks[0] + 2 * np.pi))
    inside = np.column_stack([np.cos(middles), np.sin(middles)])
    gradients = linear + (inside @ rows.T > 0) @ (kappa[:, None] * rows)
    gradients /= np.linalg.norm(gradients, axis=1)[:, None]
    return value(rows, kappa, linear, np.vstack([gradients, np.column_stack([np.cos(kinks), np.sin(kinks)])])).max()


def test_with_as_many_hops_as_hyperplanes_most_starts_end_at_the_top():
    reached = {0: 0, 9: 0}
    for seed, hops in itertools.product(range(20), reached):
        rows, kappa, linear = random_hinges(seed, N=9, r=2)
        top = top_of_circle(rows, kappa, linear)
        lengths = np.linalg.norm(risen(rows, kappa, linear, starts_of(seed, 2), hops), axis=1)
        assert lengths.max() <= max(top, 0.0) * (1 + 1e-12)
        reached[hops] += int((lengths > top * (1 - 1e-9)).sum())
    assert reached[9] > reached[0]
    assert reached[9] > 0.5 * 20 * 30


def test_pieces_leave_out_what_has_no_slope():
    rows, kappa = np.eye(3), np.array([2.0, 0.0, -3.0])
    up, down = Pieces.both(rows, kappa, np.arange(3.0))
    assert (up.convex[2].tolist(), up.concave[2].tolist()) == ([2.0], [3.0])
    assert (down.convex[2].tolist(), down.concave[2].tolist()) == ([3.0], [2.0])
    assert (up.linear.tolist(), down.linear.tolist()) == ([0.0, 1.0, 2.0], [0.0, -1.0, -2.0])
    assert up.convex[0].tolist() == [[1.0, 0.0, 0.0]] == down.concave[0].tolist()
