"""The tree of cones: what it proves is never below an attained value, in exact arithmetic, whatever the floor."""

from fractions import Fraction

import numpy as np
import pytest

from dualscape.oracles.bisection.cone_stack import BOUND, DEPTH, EXCESS, HEAD, WHICH, cone_records
from dualscape.oracles.bisection.cone_tree import CONE_ENTRIES, explore
from dualscape.oracles.bisection.frontier import HingeSum, orthants
from exact_values import attained, dense, exact_hinges, exactly, just_below, random_hinges

DEEP, ROOM = 400, 256


def all_orthants(form, r):
    """Records of every orthant, for both signs."""
    cones, signs = np.concatenate([orthants(r)] * 2), np.repeat([0, 1], 2**r)
    return cone_records(form.rows, form.c2, form.linear2, cones, signs, np.zeros(len(cones), dtype=np.int64))


def explored(form, records, target=-np.inf, budget=10**6, spread=None):
    """(records left, records done, units, greatest bound on what is done); the spread is that of orthants."""
    spread = form.rows.shape[1] ** 0.5 if spread is None else spread
    left, done, found, state = explore(
        form.rows, form.split, form.c2, form.linear2, form.size, records, max(target, form.floor), form.floor,
        spread, budget, DEEP, ROOM,
    )  # fmt: skip
    return left, done, found, state[0]


@pytest.mark.parametrize("r", [2, 3, 4])
def test_the_whole_sphere_is_bounded_to_the_last_digit(r):
    for seed in range(20):
        hinges = random_hinges(seed, N=9, r=r)
        square = attained(*hinges)
        for floor in (0.0, just_below(square)):
            form = HingeSum.of(*hinges, floor)
            left, _, _, bound = explored(form, all_orthants(form, r))
            assert len(left) == 0
            assert Fraction(bound) ** 2 >= square
            assert bound <= float(square) ** 0.5 * (1 + 1e-12)


def test_the_units_of_all_that_exceeds_the_floor_are_met():
    for seed in range(10):
        rows, kappa, linear = random_hinges(seed, N=9, r=3)
        square = attained(rows, kappa, linear)
        form = HingeSum.of(rows, kappa, linear, 0.99 * float(square) ** 0.5)
        found = explored(form, all_orthants(form, 3))[2]
        values = [s * exact_hinges(rows, kappa, linear, u) for *u, s in found.tolist()]
        lengths = [sum(v * v for v in exactly(u)) for *u, _ in found.tolist()]
        tops = [Fraction(value) ** 2 / length for value, length in zip(values, lengths, strict=True)]
        assert float(max(tops) / square) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("budget", [0, 5, 40])
def test_what_is_left_and_what_is_done_hold_everything(budget):
    """Cut short, the greatest of the bounds left and of those done still bounds the function."""
    for seed in range(10):
        hinges = random_hinges(seed, N=14, r=4)
        square = attained(*hinges)
        form = HingeSum.of(*hinges, 0.5 * float(square) ** 0.5)
        left, done, _, bound = explored(form, all_orthants(form, 4), budget=budget)
        rest = max([bound, *left[:, BOUND].tolist(), *done[:, BOUND].tolist()])
        assert Fraction(min(rest, 1e300)) ** 2 >= square
        # And what is left can be gone on with.
        again = explored(form, left)
        assert Fraction(max(bound, again[3])) ** 2 >= square
        assert len(again[0]) == 0


def test_a_task_ends_by_what_its_sides_have_met():
    """Where most cones are solved for all sides the number of cones says nothing of the time."""
    hinges = random_hinges(0, N=80, r=3)
    form, budget = HingeSum.of(*hinges, 0.03 * float(np.abs(hinges[1]).sum())), 500
    records = all_orthants(form, 3)
    left, done, _, state = explore(
        form.rows, form.split, form.c2, form.linear2, form.size, records, form.floor, form.floor, 3**0.5, budget, DEEP,
        ROOM,
    )  # fmt: skip
    assert len(left)
    assert len(done)
    assert state[2] < 0.8 * budget
    # The last cone may have taken it beyond.
    assert budget <= state[2] + state[3] / CONE_ENTRIES < 1.1 * budget


@pytest.mark.parametrize("share", [1.01, 1.2, 3.0])
def test_cones_below_the_target_are_left_for_later(share):
    for seed in range(5):
        hinges = random_hinges(seed, N=14, r=3)
        square = attained(*hinges)
        h = float(square) ** 0.5
        form = HingeSum.of(*hinges, 0.2 * h)
        left, _, _, bound = explored(form, all_orthants(form, 3), target=share * h)
        assert len(left)
        assert (left[:, BOUND] <= share * h).all()
        assert max(bound, left[:, BOUND].max()) >= h * (1 - 1e-15)


@pytest.mark.parametrize("convex", [1.0, -1.0])
@pytest.mark.parametrize("settled", ["some", "all"])
def test_what_settled_hyperplanes_may_lose_is_in_the_bound(convex, settled):
    """The settled part of a cone is told too low by some amount, which its record owns up to."""
    for seed in range(10):
        rows, kappa, linear = random_hinges(seed, N=5, r=3)
        kappa = convex * np.abs(kappa)
        if settled == "all":
            # The planes between the orthants cross none of them.
            rows, kappa = np.eye(3), kappa[:3]
        square = attained(rows, kappa, linear)
        for floor in (0.0, just_below(square)):
            form = HingeSum.of(rows, kappa, linear, floor)
            records = all_orthants(form, 3)
            for record in records:
                V = record[HEAD + 3 :].reshape(3, 3)
                # Lower by up to 0.01 at every generator.
                record[HEAD : HEAD + 3] -= 0.01 * np.random.default_rng(seed).random(3) @ V
                record[EXCESS] += 0.01
            assert Fraction(explored(form, records)[3]) ** 2 >= square


def test_cones_that_are_too_deep_keep_the_bound_they_have():
    hinges = random_hinges(1, N=30, r=4)
    form = HingeSum.of(*hinges, 0.0)
    records = all_orthants(form, 4)
    records[:, DEPTH] = 10**4
    left, done, _, bound = explored(form, records)
    assert len(left) == 0
    assert len(done) > 0
    assert Fraction(bound) ** 2 >= attained(*hinges)
    assert bound >= done[done[:, DEPTH] == 10**4, BOUND].max(initial=0.0)


def test_either_sign_is_that_of_its_record():
    """u_1 alone is at most 1, and minus it as well; (u_1)_+ times -1 is never above 0."""
    rows, kappa, linear = np.eye(2)[:1], np.array([1.0]), np.zeros(2)
    form = HingeSum.of(rows, kappa, linear, 1e-9)
    records = all_orthants(form, 2)
    bounds = [explored(form, records[records[:, WHICH] == which])[3] for which in (0, 1)]
    assert bounds[0] == pytest.approx(1.0, rel=1e-12)
    assert bounds[1] == 1e-9
    assert dense(rows, np.ones(1), 1000) <= bounds[0]


def test_a_hyperplane_that_is_on_at_one_generator_only_counts_there():
    """It passes it by so little that it is settled as off; at that generator it adds its weight times so little."""
    small, weight = 5e-15, 20.0
    rows, kappa, linear = np.array([[small, -1.0]]), np.array([weight]), np.array([1.0, 0.0])
    form = HingeSum.of(rows, kappa, linear, 0.0)
    zero = np.zeros(1, dtype=np.int64)
    record = cone_records(form.rows, form.c2, form.linear2, np.eye(2)[None].copy(), zero, zero)
    bound = explored(form, record)[3]
    assert exact_hinges(rows, kappa, linear, [1.0, 0.0]) <= Fraction(bound)
    assert bound <= 1 + 100 * small * weight


def test_multipliers_of_sides_that_are_hardly_wrong_are_in_the_bound():
    """A generator lies beyond two planes by less than tells; between them there is room for little else.

    They leave the wedge u_2 >= small u_1, u_2 <= narrow u_3 - small u_1, in which u_3 is at least 2 small / narrow.
    """
    small, narrow = 5e-15, 1e-5
    rows = np.array([[small, -1.0, 0.0], [small, 1.0, -narrow]])
    kappa, linear = np.full(2, 1e-3), np.array([1.0, 0.0, -1.0])
    V = np.array([[[1.0, 0.0, 0.0], [1.0, 0.0, 1.0], [1.0, narrow / 2, 1.0]]])
    zero = np.zeros(1, dtype=np.int64)
    for floor in (0.0, 1.0 - 1e-11):
        form = HingeSum.of(rows, kappa, linear, floor)
        record = cone_records(form.rows, form.c2, form.linear2, V, zero, zero)
        bound = explored(form, record)[3]
        assert exact_hinges(rows, kappa, linear, V[0, 0]) <= Fraction(bound)
        assert bound <= 1 + 1e-7


def test_a_hyperplane_that_is_on_here_and_off_there_is_in_the_bound():
    """Settled as on by one generator, and as off by the sum of all: a flat cone, all of it next to the hyperplane."""
    r = 8
    above = 94 * 2.0**-52
    below = above / 6.9
    V = np.eye(r)
    V[:, 0], V[:, -1] = 1.0, -below
    V[-1, -1] = above
    rows, kappa, linear = np.eye(r)[-1:], np.array([1.0]), np.array([1e-3, *np.zeros(r - 1)])
    form, zero = HingeSum.of(rows, kappa, linear, 0.0), np.zeros(1, dtype=np.int64)
    record = cone_records(form.rows, form.c2, form.linear2, V[None].copy(), zero, zero)
    assert record[0, EXCESS] == below
    bound = explored(form, record, spread=1.0)[3]
    assert exact_hinges(rows, kappa, linear, V[-1]) <= Fraction(bound)
    assert bound <= 1e-3 + 1e-12
