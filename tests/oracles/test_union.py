"""The oracle of several families at once against the oracle of all of them, and against what each says alone."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dualscape.oracles.union as union_module
from dualscape.errors import InputError
from dualscape.oracles import Question
from dualscape.oracles.ascent.oracle import AscentOracle
from dualscape.oracles.bisection.oracle import BisectionOracle
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.oracles.members import Member, Members
from dualscape.oracles.reach import Reach
from dualscape.oracles.union import UnionOracle
from dualscape.running.checkpoint import Checkpoint
from dualscape.running.effort import Effort
from dualscape.running.stopped import Stopped
from dualscape.units import Units


def on_features(X, which, kind=CellsOracle):
    """The family of units that see only these features: the others have weight 0."""
    which = np.asarray(which)
    others = np.setdiff1d(np.arange(X.shape[1]), which)

    def embed(units):
        directions = np.zeros((len(units), X.shape[1]))
        directions[:, which] = units.directions
        return units.turned(directions)

    def own(units):
        blind = (np.abs(units.directions[:, others]) < 1e-9).all(axis=1)
        return Units(units.directions[blind][:, which], units.outputs[blind])

    return Member(kind.on(np.ascontiguousarray(X[:, which])), embed, own)


def families(seed, kinds=(CellsOracle, CellsOracle)):
    """(X, nu, the union of units on features 0, 1 and of those on 1, 2, 3)."""
    rng = np.random.default_rng(seed)
    X, nu = rng.standard_normal((14, 4)), rng.standard_normal(14)
    members = [on_features(X, part, kind) for part, kind in zip(([0, 1], [1, 2, 3]), kinds, strict=True)]
    return X, nu, UnionOracle(members, 4)


def dense(X, nu, parts, count=4000):
    """Greatest value at random units of the families: from below."""
    rng = np.random.default_rng(0)
    best = 0.0
    for part in parts:
        u = rng.standard_normal((count, len(part)))
        u /= np.linalg.norm(u, axis=1, keepdims=True)
        best = max(best, np.abs(nu @ np.maximum(X[:, part] @ u.T, 0.0)).max())
    return best


@given(st.integers(0, 10**6))
def test_it_bounds_every_family_and_lists_all_of_them(seed):
    X, nu, union = families(seed)
    alone = [CellsOracle.on(np.ascontiguousarray(X[:, part])) for part in ([0, 1], [1, 2, 3])]
    answer = union.best_units(Question(nu, above=0.0))
    each = [oracle.best_units(Question(nu, above=0.0)) for oracle in alone]
    assert answer.upper == max(one.upper for one in each)
    assert answer.lower == max(one.lower for one in each)
    assert answer.looked_at == sum(one.looked_at for one in each)
    assert dense(X, nu, ([0, 1], [1, 2, 3])) <= answer.upper
    # Every unit of either is there, once (both may have the one that sees feature 1 alone), with its own value.
    values = answer.units.signs * (nu @ np.maximum(X @ answer.units.directions.T, 0.0))
    np.testing.assert_allclose(values, answer.values, rtol=1e-12)
    for one, part in zip(each, ([0, 1], [1, 2, 3]), strict=True):
        for direction, output in zip(one.units.directions, one.units.outputs, strict=True):
            whole = np.zeros(4)
            whole[part] = direction
            assert answer.units.find(whole, output, 1e-9) is not None
    assert len(answer.units.distinct()) == len(answer.units)


@given(st.integers(0, 10**6))
def test_what_need_not_be_listed_is_not_looked_for_below_what_was_found(seed):
    _, nu, union = families(seed)
    asked = []
    for member in union.members:
        original = member.oracle.best_units
        member.oracle.best_units = lambda question, original=original, **rest: (
            asked.append(question.above),
            original(question, **rest),
        )[1]
    whole = union.best_units(Question(nu, above=0.0))
    assert asked == [0.0, 0.0]
    best = union.best_units(Question(nu, above=0.0, listed=False))
    # The second one may not be asked at all: what the first has found may exceed what its rows allow.
    assert asked[2] == 0.0
    assert all(0.0 < above <= whole.lower for above in asked[3:])
    assert (best.lower, best.upper) == pytest.approx((whole.lower, whole.upper), rel=1e-9)


def test_enough_ends_it_with_a_bound_that_holds():
    X, nu, union = families(1)
    first = union.members[0].oracle.best_units(Question(nu, above=0.0)).lower
    answer = union.best_units(Question(nu, above=0.0, enough=0.5 * first))
    assert answer.stopped == "enough"
    assert dense(X, nu, ([0, 1], [1, 2, 3])) <= answer.upper < np.inf
    assert answer.upper >= union.members[1].oracle.best_units(Question(nu, above=0.0)).upper


def test_out_of_time_it_knows_what_lengths_of_rows_say():
    X, nu, union = families(2)
    answer = union.best_units(Question(nu, above=0.0), effort=Effort(deadline=time.monotonic() - 1))
    assert answer.stopped == "time"
    assert (len(answer.units), answer.units.d, answer.lower) == (0, 4, 0.0)
    assert dense(X, nu, ([0, 1], [1, 2, 3])) <= answer.upper < np.inf


def test_starts_reach_the_family_that_they_belong_to():
    _, nu, union = families(3, (AscentOracle, AscentOracle))
    given_to = []
    for member in union.members:
        original = member.oracle.best_units
        member.oracle.best_units = lambda question, original=original, **rest: (
            given_to.append(question.starts and len(question.starts)),
            original(question, **rest),
        )[1]
    starts = Units.signed(np.array([[1.0, 0, 0, 0], [0, 1.0, 0, 0], [0, 0, 0, 1.0], [0.6, 0, 0, 0.8]]), np.ones(4))
    answer = union.best_units(Question(nu, above=0.0, starts=starts))
    assert given_to == [2, 2]
    assert not answer.exact
    assert answer.upper == np.inf
    assert answer.seen.d == 4
    assert len(union.best_units(replace(Question(nu, above=0.0), seen=answer.seen, attempt=1)).units) > 0


def test_it_is_as_exact_as_its_members():
    _, _, union = families(4)
    assert union.exact
    assert union.counts == "activation patterns"
    _, _, mixed = families(4, (CellsOracle, AscentOracle))
    assert not mixed.exact
    _, _, both = families(4, (CellsOracle, BisectionOracle))
    assert (both.exact, both.lists, both.window) == (True, False, 1e-8)
    assert both.counts == "activation patterns and cones"
    # Where entries of one family may be negative, those of the union may be.
    both.members[0].oracle.reach = replace(both.members[0].oracle.reach, below=0.5)
    assert (both.reach.below, UnionOracle(list(both.members), 4).reach.below) == (0.0, 0.5)
    with pytest.raises(InputError, match="at least one member"):
        UnionOracle([], 4)


def test_a_threshold_that_is_asked_for_is_never_lowered():
    """What was found counts only where it is above."""
    _, nu, union = families(1)
    asked = []
    for member in union.members:
        original = member.oracle.best_units
        member.oracle.best_units = lambda question, original=original, **rest: (
            asked.append(question.above),
            original(question, **rest),
        )[1]
    h = union.best_units(Question(nu, above=0.0)).lower
    del asked[:]
    union.best_units(Question(nu, above=1.01 * h, listed=False))
    assert asked == [1.01 * h, 1.01 * h]
    # Beyond what rows allow there is nothing to ask for.
    union.best_units(Question(nu, above=2 * union.reach.bound(nu), listed=False))
    assert len(asked) == 2


def test_members_that_were_not_asked_are_bounded_by_their_own_rows():
    """The second family has rows a hundred times as long, and the first one is enough."""
    rng = np.random.default_rng(0)
    X, nu = rng.standard_normal((14, 4)) * [1.0, 1.0, 100.0, 100.0], rng.standard_normal(14)
    union = UnionOracle([on_features(X, [0, 1]), on_features(X, [2, 3])], 4)
    first = union.members[0].oracle.best_units(Question(nu, above=0.0)).lower
    answer = union.best_units(Question(nu, above=0.0, enough=0.5 * first))
    assert answer.stopped == "enough"
    assert union.members[1].oracle.best_units(Question(nu, above=0.0)).lower <= answer.upper
    # The reach of the union is that of whichever family reaches furthest, in both.
    for member in union.members:
        assert member.oracle.reach.bound(nu) <= union.reach.bound(nu)
        assert member.oracle.reach.rounding(nu) <= union.reach.rounding(nu)
    wide = UnionOracle([on_features(X, [0, 1]), on_features(X, [1, 2, 3])], 4)
    assert wide.reach.d == 3


class Lazy(Members):
    """Families of two features each, of which it is known which were made, in the order in which they were."""

    name, seconds = "cells", 1e-3

    def __init__(self, X, bounds=None):
        self.X, self.pairs, self.made, self._bounds = X, list(combinations(range(X.shape[1]), 2)), [], bounds
        self.reach = Reach.of(X)

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, at):
        self.made.append(at)
        return on_features(self.X, self.pairs[at])

    def bounds(self, nu):
        if self._bounds is not None:
            return self._bounds
        return np.array([on_features(self.X, pair).oracle.reach.bound(nu) for pair in self.pairs])

    def key(self):
        return (self.X,)


def pairs(seed, n=14, d=5, **options):
    rng = np.random.default_rng(seed)
    X, nu = rng.standard_normal((n, d)), rng.standard_normal(n)
    members = Lazy(X, **options)
    each = np.array([on_features(X, pair).oracle.best_units(Question(nu, 0.0)).lower for pair in members.pairs])
    return nu, members, each


def test_members_below_their_bounds_are_never_made():
    nu, members, each = pairs(0)
    members._bounds = 1.01 * each
    union = UnionOracle(members, 5)
    del members.made[:]
    above = np.sort(each)[-3] * 1.02
    answer = union.best_units(Question(nu, above=above))
    assert sorted(set(members.made)) == sorted(np.flatnonzero(1.01 * each > above).tolist())
    assert len(set(members.made)) < 3
    assert answer.upper == pytest.approx(each.max(), rel=1e-9)
    # Nor are those asked whose bound is below what others have, when that is all that is wanted.
    members.seconds = np.inf  # one at a time
    del members.made[:]
    assert union.best_units(Question(nu, above=0.0, listed=False)).upper == pytest.approx(each.max(), rel=1e-9)
    assert members.made == np.argsort(-each)[: len(members.made)].tolist()
    assert len(members.made) < 5


def test_it_is_the_same_in_parallel_and_one_after_the_other():
    nu, members, each = pairs(1)
    together = UnionOracle(members, 5).best_units(Question(nu, above=0.5 * each.max()))
    with ThreadPoolExecutor(3) as pool:
        shared = UnionOracle(members, 5).best_units(Question(nu, above=0.5 * each.max()), effort=Effort(executor=pool))
    members.seconds = np.inf
    alone = UnionOracle(members, 5).best_units(Question(nu, above=0.5 * each.max()))
    for other in (shared, alone):
        np.testing.assert_array_equal(together.units.directions, other.units.directions)
        assert (together.lower, together.upper, together.looked_at) == (other.lower, other.upper, other.looked_at)
    assert together.lower == pytest.approx(each.max(), rel=1e-12)


def test_progress_counts_families():
    nu, members, _ = pairs(2)
    events = []
    UnionOracle(members, 5).best_units(Question(nu, above=0.0), progress=events.append)
    assert (events[-1].stage, events[-1].done, events[-1].total) == ("cells", 10, 10)
    assert "families" in events[-1].note


def test_what_was_asked_is_in_the_checkpoint(tmp_path):
    nu, members, _ = pairs(3)
    union = UnionOracle(members, 5)
    whole = union.best_units(Question(nu, above=0.1))
    members.seconds = np.inf
    left = iter([False] * 4 + [True] * 100)

    class Short(Effort):
        def overdue(self):
            return next(left)

        def expired(self):
            return False

        def ended(self):
            return Stopped.TIME

    file = tmp_path / "proof.npz"
    part = union.best_units(Question(nu, above=0.1), effort=Short(checkpoint=Checkpoint(file)))
    assert part.stopped == "time"
    assert part.upper >= whole.upper
    done = list(members.made[-4:])
    del members.made[:]
    rest = union.best_units(Question(nu, above=0.1), effort=Effort(checkpoint=Checkpoint(file)))
    assert set(members.made) == set(range(10)) - set(done)
    np.testing.assert_array_equal(rest.units.directions, whole.units.directions)
    assert (rest.lower, rest.upper, rest.looked_at) == (whole.lower, whole.upper, whole.looked_at)
    # Another question, and other data, are not taken for it.
    del members.made[:]
    union.best_units(Question(nu, above=0.2), effort=Effort(checkpoint=Checkpoint(file)))
    assert len(set(members.made)) == 10
    members.X = 2 * members.X
    union.best_units(Question(nu, above=0.1), effort=Effort(checkpoint=Checkpoint(file)))
    assert len(members.made) == 20


def test_without_time_cheap_bounds_are_all_there_is():
    nu, members, each = pairs(4)
    answer = UnionOracle(members, 5).best_units(Question(nu, above=0.0), effort=Effort(deadline=0.0))
    assert each.max() <= answer.upper < np.inf
    assert answer.stopped == "time"


def test_a_search_of_many_families_asks_some_of_them_and_others_the_next_time(monkeypatch):
    monkeypatch.setattr(union_module, "SEARCHED", 4)
    nu, members, _ = pairs(5)
    monkeypatch.setattr(
        Lazy, "__getitem__", lambda self, at: self.made.append(at) or on_features(self.X, self.pairs[at], AscentOracle)
    )
    union = UnionOracle(members, 5)
    asked = []
    for attempt in range(20):
        del members.made[:]
        assert union.best_units(Question(nu, above=0.0, attempt=attempt)).upper == np.inf
        asked.append(set(members.made))
    assert all(len(some) == 4 for some in asked)
    assert len(set.intersection(*asked)) == 2
    assert set.union(*asked) == set(range(10))


def test_units_that_rise_in_another_family_are_left_out():
    nu, members, _ = pairs(6)
    whole = UnionOracle(members, 5).best_units(Question(nu, above=0.0))
    members.maximal = lambda nu, units: np.arange(len(units)) != 1
    fewer = UnionOracle(members, 5).best_units(Question(nu, above=0.0))
    np.testing.assert_array_equal(fewer.units.directions, np.delete(whole.units.directions, 1, axis=0))
    assert fewer.upper == whole.upper
