"""Linear pieces of units: where they stand, in which directions they turn, and who has left one."""

from fractions import Fraction

import numpy as np
import pytest

from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures.pieces import Pieces
from exact_values import exactly

X = np.random.default_rng(3).standard_normal((9, 4))
NU = np.random.default_rng(4).standard_normal(9)


def pieces_of(held):
    """The pieces around three directions, of signs +, -, +, each held by so many rows."""
    rng = np.random.default_rng(5)
    slopes, active, rows = np.zeros((3, 9)), np.zeros((3, 9), dtype=bool), []
    for j, sign in enumerate((1.0, -1.0, 1.0)):
        kept = rng.permutation(9)[: held[j]]
        direction = rng.standard_normal(4)
        active[j] = X @ direction > 0
        active[j, kept] = False
        slopes[j] = sign * active[j]
        rows.append(np.sort(kept))
    return Pieces(X, slopes, active, tuple(rows))


@pytest.mark.parametrize("held", [(0, 0, 0), (1, 2, 3), (2, 0, 1)])
def test_units_stand_at_the_maximiser_of_their_piece(held):
    """Against random directions along the rows that hold each, and to thirty digits of the pull itself."""
    pieces = pieces_of(held)
    stand = pieces.stand(TwoFloat.of(NU))
    rng = np.random.default_rng(0)
    for j, rows in enumerate(pieces.held):
        u = stand.directions.hi[j]
        assert np.linalg.norm(u) == pytest.approx(1.0, abs=1e-15)
        np.testing.assert_allclose(X[rows] @ u, 0.0, atol=1e-14)
        pull = X.T @ (pieces.slopes[j] * NU)
        assert stand.values.hi[j] == pytest.approx(pull @ u, rel=1e-13)
        np.testing.assert_allclose(stand.columns.hi[:, j], pieces.slopes[j] * (X @ u), atol=1e-15)
        others = rng.standard_normal((2000, 4))
        if len(rows):
            others -= others @ np.linalg.pinv(X[rows]) @ X[rows]
        others /= np.linalg.norm(others, axis=1)[:, None]
        assert (others @ pull).max() <= stand.values.hi[j] + 1e-12


@pytest.mark.parametrize("held", [(0, 0, 0), (1, 2, 3)])
def test_units_turn_in_all_directions_along_what_holds_them(held):
    pieces = pieces_of(held)
    for j, rows in enumerate(pieces.held):
        free, columns = pieces.turning(j)
        assert free.shape == (4, 4 - len(rows))
        np.testing.assert_allclose(free.T @ free, np.eye(4 - len(rows)), atol=1e-14)
        np.testing.assert_allclose(X[rows] @ free, 0.0, atol=1e-13)
        np.testing.assert_allclose(columns, pieces.slopes[j][:, None] * (X @ free), atol=1e-14)


def test_some_pieces_are_those_and_replaced_ones_the_others():
    pieces, others = pieces_of((1, 2, 3)), pieces_of((0, 1, 0))
    some = pieces.take(np.array([2, 0]))
    np.testing.assert_array_equal(some.slopes, pieces.slopes[[2, 0]])
    assert [rows.tolist() for rows in some.held] == [pieces.held[j].tolist() for j in (2, 0)]
    np.testing.assert_array_equal(some.active, pieces.active[[2, 0]])
    mixed = pieces.replaced(np.array([1]), others.take(np.array([1])))
    np.testing.assert_array_equal(mixed.slopes, np.vstack([pieces.slopes[0], others.slopes[1], pieces.slopes[2]]))
    np.testing.assert_array_equal(mixed.active != 0, mixed.slopes != 0)
    assert mixed.held[1].tolist() == others.held[1].tolist()
    doubled = pieces.changed(lambda X: 2 * X)
    np.testing.assert_array_equal(doubled.X, 2 * X)
    assert doubled.slopes is pieces.slopes
    stand = pieces.stand(TwoFloat.of(NU))
    np.testing.assert_array_equal(stand.take(np.array([1])).columns.hi, stand.columns.hi[:, [1]])


@pytest.mark.parametrize(("beyond", "left"), [(0.5e-9, []), (2e-9, [0])])
def test_a_unit_has_left_its_piece_when_a_row_is_on_its_other_side(beyond, left):
    """By more than the tolerance, and of rows that hold it nothing is asked."""
    data = np.array([[2.0, 0.0], [0.0, 3.0]])
    pieces = Pieces(data, np.array([[1.0, 1.0]]), np.array([[True, True]]), (np.zeros(0, dtype=np.intp),))
    direction = np.array([[1.0, -beyond]])
    assert pieces.left(direction, 1e-9).tolist() == left
    held = Pieces(data, np.array([[1.0, 0.0]]), np.array([[True, False]]), (np.array([1]),))
    assert held.left(np.array([[1.0, -0.5]]), 1e-9).tolist() == []
    off = Pieces(data, np.array([[1.0, 0.0]]), np.array([[True, False]]), (np.zeros(0, dtype=np.intp),))
    assert off.left(np.array([[1.0, beyond]]), 1e-9).tolist() == left


def test_units_stand_to_thirty_digits_whatever_their_slopes():
    """A slope of 0.3 rounds every product in double precision; against fractions."""
    pieces = pieces_of((0, 0, 0))
    slopes = np.where(pieces.active, 1.0, 0.3) * np.array([[1.0], [-1.0], [1.0]])
    stand = Pieces(X, slopes, pieces.active, pieces.held).stand(TwoFloat.of(NU))
    for j, row in enumerate(slopes):
        pull = [
            sum(s * v * x for s, v, x in zip(exactly(row), exactly(NU), exactly(X[:, a]), strict=True))
            for a in range(4)
        ]
        value = Fraction(float(stand.values.hi[j])) + Fraction(float(stand.values.lo[j]))
        assert abs(value * value - sum(p * p for p in pull)) <= Fraction(1, 10**28)
        direction = [
            Fraction(float(hi)) + Fraction(float(lo))
            for hi, lo in zip(stand.directions.hi[j], stand.directions.lo[j], strict=True)
        ]
        for i in range(9):
            column = Fraction(float(stand.columns.hi[i, j])) + Fraction(float(stand.columns.lo[i, j]))
            height = sum(x * u for x, u in zip(exactly(X[i]), direction, strict=True))
            assert abs(column - Fraction(float(row[i])) * height) <= Fraction(1, 10**28)
