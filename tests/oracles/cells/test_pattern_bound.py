"""Bounds of patterns are never below an attained value, in exact arithmetic: every margin is needed somewhere."""

from fractions import Fraction

import numpy as np
import pytest

from dualscape.geometry.arrangement.arrangement import TURN
from dualscape.geometry.cones import concave_caps
from dualscape.oracles.cells.pattern_bound import make_scratch, pattern_bound
from dualscape.running.compiled import kernel
from exact_values import attained, exact_hinges, exactly, greatest_value, just_below, random_hinges
from questions import bound_over_lines, forms_of


def greatest_bound(rows, kappa, linear, floor, **options):
    """Over all patterns of both signs."""
    return max(bound_over_lines(form)[0] for form in forms_of(rows, kappa, linear, floor, **options))


# Without a turn rounding is all that a bound can hide.
@pytest.mark.parametrize("turn", [TURN, 0.0])
@pytest.mark.parametrize("floor", ["nothing", "just below"])
def test_the_bound_of_the_best_pattern_includes_its_rounding(floor, turn):
    """Without it every other bound would be below the exact maximum."""
    for seed in range(30):
        hinges = random_hinges(seed)
        square = attained(*hinges)
        bound = greatest_bound(*hinges, 0.0 if floor == "nothing" else just_below(square), turn=turn)
        assert Fraction(bound) ** 2 >= square
        assert bound <= float(square) ** 0.5 * (1 + 1e-13)


def test_bounds_of_many_hyperplanes_include_the_rounding_of_long_sums():
    for seed in range(6):
        hinges = random_hinges(seed, N=60, r=2)
        square = attained(*hinges, tries=20)
        for floor in (0.0, just_below(square)):
            assert Fraction(greatest_bound(*hinges, floor, turn=0.0)) ** 2 >= square


@pytest.mark.parametrize("turn", [2.0**-50, 2.0**-22, 2.0**-10, 2.0**-5])
@pytest.mark.parametrize("seed", range(8))
def test_what_the_turn_hides_is_in_the_bound(seed, turn):
    """On a lattice, where a turn changes the cells: those it hides are bounded by what wrong sides may add.

    After a turn of hardly more than rounding, signs that rounding leaves open must be tried both ways.
    """
    rng = np.random.default_rng(seed)
    X, nu = rng.integers(-1, 2, size=(9, 3)).astype(float), rng.standard_normal(9)
    X = np.unique(X[X.any(axis=1)], axis=0)
    nu = nu[: len(X)]
    h = greatest_value(X, nu)
    rows, weights, linear = half_space_form(X, nu)
    for share in (0.0, 0.9, 1 - 1e-9):
        assert greatest_bound(rows, weights, linear, share * h, turn=turn) >= h * (1 - 1e-12)


@pytest.mark.parametrize("turn", [2.0**-22, 2.0**-12, 2.0**-7])
def test_what_is_thinner_than_the_turn_is_in_the_bound(turn):
    """Pairs of hyperplanes nearer to each other than they are turned: the cells between them may be listed nowhere."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        rows, kappa, linear = random_hinges(seed, N=4, r=3)
        near = rows + 0.3 * turn * rng.standard_normal(rows.shape)
        rows = np.vstack([rows, near / np.linalg.norm(near, axis=1)[:, None]])
        weights = np.concatenate([kappa, rng.standard_normal(4)]) * 3
        square = attained(rows, weights, linear, tries=30)
        for floor in (0.0, just_below(square)):
            assert Fraction(greatest_bound(rows, weights, linear, floor, turn=turn)) ** 2 >= square


@pytest.mark.parametrize("turn", [2.0**-9, 2.0**-5])
def test_a_maximum_in_a_cell_thinner_than_the_turn_is_bounded(turn):
    """Between two planes 0.4 turns apart, on both of which F has a slight kink: where they are turned past each other,
    no listed pattern has the maximum, and what its neighbours may lack is all that bounds it."""
    for seed in range(60):
        rng = np.random.default_rng(seed)
        half, angle, others = 0.2 * turn, rng.uniform(0, 2 * np.pi), int(rng.integers(1, 5))
        normals = angle + np.array([np.pi / 2 - half, half - np.pi / 2, *rng.uniform(0.2, 1.4, others)])
        rows = np.column_stack([np.cos(normals), np.sin(normals)])
        kappa = np.array([0.5 * half, 0.5 * half, *np.full(others, 1e-12)])
        top = np.array([np.cos(angle), np.sin(angle)])
        value, square = exact_hinges(rows, kappa, top, top), sum(v * v for v in exactly(top))
        for floor in (0.0, just_below(value * value / square)):
            assert Fraction(greatest_bound(rows, kappa, top, floor, turn=turn)) ** 2 * square >= value * value


@kernel(cache=False)
def bound_of(rows, kappa, linear, bits, turn, size, floor):
    scratch = make_scratch(*rows.shape)
    concave_caps(kappa, 1.0, scratch[4])
    return pattern_bound(rows, np.ascontiguousarray(rows.T), kappa, linear, bits, turn, size, floor, scratch)[0]


def test_a_pattern_is_bounded_wherever_its_sides_are_wrong_by_less_than_the_turn():
    """Against dense directions; and there is more beyond its own cone than within it."""
    turn, needed = 0.05, 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        rows, kappa, linear = random_hinges(seed, N=6, r=3)
        kappa = np.abs(kappa) * np.where(np.arange(6) < 3, 1.0, -1.0)
        size = float(np.abs(kappa).sum() + np.abs(linear).sum())
        u = rng.standard_normal((20_000, 3))
        u /= np.linalg.norm(u, axis=1)[:, None]
        heights, values = u @ rows.T, u @ linear + np.maximum(u @ rows.T, 0) @ kappa
        # Many of the cone of the highest one, moved a little.
        bits = heights[values.argmax()] > 0
        bits[rng.integers(3)] ^= True
        wrong = -(np.where(bits, heights, -heights)[:, :3]).min(axis=1)
        beyond = values[wrong <= turn].max(initial=0.0)
        for floor in (0.0, beyond * (1 - 1e-9)):
            assert beyond <= bound_of(rows, kappa, linear, bits.copy(), turn, size, floor)
        needed += beyond > bound_of(rows, kappa, linear, bits.copy(), 0.0, size, 0.0)
    assert needed > 5


def half_space_form(X, nu):
    """The reduced form by hand: rows that are multiples of each other share a hyperplane."""
    rows, weights, linear = [], [], np.zeros(X.shape[1])
    for x, v in zip(X, nu, strict=True):
        z = x / np.linalg.norm(x)
        for g, known in enumerate(rows):
            if np.allclose(z, known):
                weights[g] += v * np.linalg.norm(x)
                break
            if np.allclose(z, -known):
                weights[g] += v * np.linalg.norm(x)
                linear += v * x
                break
        else:
            rows.append(z)
            weights.append(v * np.linalg.norm(x))
    return np.array(rows), np.array(weights), linear


def test_the_reference_is_exact_where_it_can_be_done_by_hand():
    """F(u) = 2 (u_1)_+ + (u_2)_+ - u_1 at (3, 4)."""
    value = exact_hinges(np.eye(2), [2.0, 1.0], [-1.0, 0.0], [3.0, 4.0])
    assert value == 7
    assert exactly([0.5, -2.0]) == [Fraction(1, 2), -2]
    square = attained(np.eye(2), np.array([2.0, 1.0]), np.array([-1.0, 0.0]))  # at (1, 1) / sqrt(2)
    assert abs(square - 2) < Fraction(1, 10**30)
    assert just_below(Fraction(2)) ** 2 < 2 < np.nextafter(just_below(Fraction(2)), 2.0) ** 2
