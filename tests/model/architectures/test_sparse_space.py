"""Units that see few features, on data: their families, and the oracle over all of them against brute force."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.errors import BudgetError
from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures import RELU, TwoLayerReLU, union_space
from dualscape.model.architectures.sparse_space import SparseSpace
from dualscape.oracles import Question
from dualscape.units import Units


def table(seed, n=9, p=4, always=1, kind="gaussian"):
    """Rows with a last column of ones, and features that may be doubled, zero, or of few values."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    if kind == "doubled":
        X[:, 1], X[:, 2] = X[:, 0], -X[:, 3]
    if kind == "zero":
        X[:, rng.integers(p)] = 0.0
    if kind == "one-hot":
        X = np.eye(p)[rng.integers(p, size=n)]
    return np.column_stack([X, np.ones((n, always))]), rng.standard_normal(n)


def subsets(p, q, d):
    return [[*some, *range(p, d)] for some in combinations(range(p), q)]


@settings(max_examples=30)
@given(
    st.integers(0, 10**6),
    st.sampled_from([1, 2, 3]),
    st.sampled_from(["gaussian", "doubled", "zero", "one-hot"]),
    st.sampled_from([RELU, RELU, TwoLayerReLU(0.3), TwoLayerReLU(-1.0)]),
)
def test_h_is_that_of_the_best_subset(seed, q, kind, base):
    X, nu = table(seed, kind=kind, always=seed % 2)
    d = X.shape[1]
    space = SparseSpace(base, X, q, seed % 2)
    families = [base.on(np.ascontiguousarray(X[:, S])) for S in subsets(4, q, d)]
    alone = [family.oracle("cells").best_units(Question(nu, 0.0)) for family in families]
    best = max(one.lower for one in alone)
    for name in ("cells", "bisection"):
        answer = space.oracle(name).best_units(Question(nu, above=0.3 * best))
        assert answer.oracle == name
        assert answer.lower == pytest.approx(best, rel=1e-9)
        assert best * (1 - 1e-12) <= answer.upper <= best * (1 + 1e-9)
        seen = (np.abs(answer.units.directions[:, :4]) > 0).sum(axis=1)
        assert (seen <= q).all()
        assert len(answer.units.distinct()) == len(answer.units)
        assert space.maximal(nu, answer.units).all()
        np.testing.assert_allclose(space.scores(nu, answer.units), answer.values, rtol=1e-12)
        # Every unit that some subset lists is there, or rises in another subset that has it too.
        for S, one in zip(subsets(4, q, d), alone, strict=True):
            for direction, output in zip(one.units.directions, one.units.outputs, strict=True):
                whole = np.zeros(d)
                whole[S] = direction
                unit = Units(whole[None], output[None])
                if space.scores(nu, unit)[0] > 0.31 * best and answer.units.find(whole, output, 1e-7) is None:
                    assert not space.maximal(nu, unit)[0]


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.sampled_from([1, 2, 3]))
def test_cheap_bounds_hold_for_every_family(seed, q):
    X, nu = table(seed, n=12)
    space = SparseSpace(RELU, X * 10.0 ** (seed % 7 - 3), q, 1)
    bounds = space.bounds(nu)
    for at in range(space.count):
        assert space.family(at).space.oracle("cells").best_units(Question(nu, 0.0)).upper <= bounds[at]


def test_families_are_numbered_in_order():
    X, _ = table(0, p=6)
    space = SparseSpace(RELU, X, 3, 1)
    assert space.count == comb(6, 3) == len(space.features)
    assert [space.number(features.tolist()) for features in space.features] == list(range(space.count))
    family = space.family(7)
    np.testing.assert_array_equal(family.lift.any(axis=1).nonzero()[0], [*space.features[7], 6])


def test_reach_is_that_of_the_family_that_sees_most():
    X, _ = table(1)
    space = SparseSpace(RELU, X, 2, 1)
    lengths = [np.linalg.norm(X[:, S], axis=1) for S in subsets(4, 2, 5)]
    np.testing.assert_allclose(space.reach.lengths, np.max(lengths, axis=0), rtol=1e-14)


def test_a_unit_of_fewer_features_belongs_to_several_families():
    X, nu = table(2)
    space = SparseSpace(RELU, X, 2, 1)
    alone, both = np.array([1.0, 0, 0, 0, 1]) / 2**0.5, np.array([0.6, 0, 0.8, 0, 0])
    assert [space.features[at].tolist() for at in space.homes(nu, both)] == [[0, 2]]
    assert {tuple(space.features[at].tolist()) for at in space.homes(nu, alone)} == {(0, 1), (0, 2), (0, 3)}
    assert len(space.homes(nu, np.array([0, 0, 0, 0, 1.0]))) == 6
    # It climbs in the best of them.
    start = Units.signed(alone[None], np.ones(1))
    each = [
        space.scores(nu, space.family(at).embed(space.family(at).space.climb(nu, space.family(at).near(start))))[0]
        for at in space.homes(nu, alone)
    ]
    assert space.scores(nu, space.climb(nu, start))[0] == pytest.approx(max(each), rel=1e-12)
    assert max(each) > min(each) * (1 + 1e-6)
    assert not space.maximal(nu, start)[0]


def test_climbs_stay_in_the_features_of_a_unit_and_faces_are_their_pieces():
    X, nu = table(3, n=30)
    space = SparseSpace(RELU, X, 2, 1)
    units = space.random(12, np.random.default_rng(0))
    climbed, dimensions, faces_of = space.faces(nu, units)
    same = space.climb(nu, units)
    np.testing.assert_allclose(same.directions, climbed.directions, atol=1e-12)
    assert ((units.directions[:, :4] != 0).sum(axis=1) == 2).all()
    assert (climbed.directions[units.directions == 0] == 0).all()
    assert (space.scores(nu, climbed) >= space.scores(nu, units) - 1e-12).all()
    chosen = np.array([5, 0, 7, 3])
    faces = faces_of(chosen)
    assert np.bincount(faces.owner, minlength=4).tolist() == dimensions[chosen].tolist()
    for place, unit in enumerate(chosen):
        if not climbed.alive()[unit]:
            continue
        basis, jacobian = faces.basis[:, faces.owner == place], faces.jacobian[:, faces.owner == place]
        v = basis.T @ climbed.directions[unit]
        np.testing.assert_allclose(basis @ v, climbed.directions[unit], atol=1e-12)
        np.testing.assert_allclose(jacobian @ v, space.columns(climbed.take(np.array([unit])))[:, 0], atol=1e-12)


def test_pieces_stand_where_units_climb_to():
    X, nu = table(4, n=30)
    X[:, 1] = np.sign(X[:, 1])  # rows that hold units
    space = SparseSpace(RELU, X, 2, 1)
    climbed, pieces = space.pieces(nu, space.random(20, np.random.default_rng(1)))
    alive = np.flatnonzero(climbed.alive())
    at = pieces.take(alive).stand(TwoFloat.of(nu))
    np.testing.assert_allclose(at.directions.hi, climbed.directions[alive], atol=1e-9)
    np.testing.assert_allclose(at.values.hi, space.scores(nu, climbed.take(alive)), rtol=1e-9)
    for place, unit in enumerate(alive):
        free, columns = pieces.turning(unit)
        assert (free[~pieces.seen[unit]] == 0).all()
        np.testing.assert_allclose(free.T @ free, np.eye(free.shape[1]), atol=1e-12)
        np.testing.assert_allclose(free @ (free.T @ at.directions.hi[place]), at.directions.hi[place], atol=1e-9)
        v = free.T @ at.directions.hi[place]
        np.testing.assert_allclose(columns @ v, at.columns.hi[:, place], atol=1e-9)
    other = pieces.replaced(alive[:1], pieces.take(alive[1:2]))
    assert (other.seen[alive[0]] == pieces.seen[alive[1]]).all()


def test_what_it_moves_along_keeps_its_features():
    X, nu = table(5)
    space = SparseSpace(RELU, X, 1, 1)
    units = space.random(8, np.random.default_rng(0))
    pull = space.pull(nu, units)
    assert (pull[units.directions == 0] == 0).all()
    step = 1e-7
    moved = units.turned(units.directions + step * pull)
    slopes = (space.scores(nu, moved) - space.scores(nu, units)) / step
    np.testing.assert_allclose(slopes, (pull * pull).sum(axis=1), rtol=1e-5)


def test_multiples_of_data_share_their_hyperplanes():
    X, nu = table(6)
    space = SparseSpace(RELU, X, 2, 1)
    other = space.scaled(3)
    assert space.scaled(0) is space
    assert other.family(2).space.hinges.rows is space.family(2).space.hinges.rows
    there = other.oracle("cells").best_units(Question(nu, 0.0))
    here = space.oracle("cells").best_units(Question(nu, 0.0))
    assert there.upper == 8 * here.upper
    some = space.rows(np.array([0, 3, 4]))
    assert (some.n, some.count) == (3, 6)


def test_too_many_families_are_refused_in_one_line():
    with pytest.raises(BudgetError, match=r"400 features, 3 at a time, make 1.06e\+07 families of neurons, more than"):
        SparseSpace(RELU, np.ones((2, 400)), 3, 0)


def test_memory_holds_few_families(monkeypatch):
    monkeypatch.setattr(union_space, "KEPT_ENTRIES", 100)
    X, nu = table(7, p=9)
    space = SparseSpace(RELU, X, 2, 1)
    answer = space.oracle("cells").best_units(Question(nu, 0.0))
    assert len(space._kept) == union_space.FEWEST_KEPT < space.count == 36
    monkeypatch.undo()
    assert SparseSpace(RELU, X, 2, 1).oracle("cells").best_units(Question(nu, 0.0)).upper == answer.upper


def test_a_search_looks_where_most_is_promised():
    """Of 190 families one has the target's unit: a search that asks 64 of them has it among those."""
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.standard_normal((60, 20)), np.ones(60)])
    space = SparseSpace(RELU, X, 2, 1)
    nu = np.maximum(X[:, 7] + X[:, 13], 0.0)
    nu -= nu.mean()
    assert space.count > 64
    assert int(space.promise(nu, 0).argmax()) == space.number([7, 13])
    found = space.oracle("ascent").best_units(Question(nu, 0.0)).units
    assert np.flatnonzero(found.directions[0]).tolist() == [7, 13, 20]
