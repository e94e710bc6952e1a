"""Oracles over units with a free bias: bounds against brute force, and what they list."""

import time
from dataclasses import replace

import numpy as np
import pytest

from dualscape.oracles import Question
from dualscape.oracles.bisection.oracle import BisectionOracle
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.oracles.centred import AroundRow, AroundRows, CentredAscent, around_rows
from dualscape.oracles.centres import Centres
from dualscape.running.effort import Effort
from dualscape.tolerances import EPS
from dualscape.units import Units
from free_biases import KINDS, apart, balanced, dense

EXACT = (CellsOracle, BisectionOracle)


def values(X, nu, units):
    heights = X @ units.directions[:, :-1].T + units.directions[:, -1]
    return units.signs * (nu @ np.maximum(heights, 0.0))


@pytest.mark.parametrize("kind", EXACT)
@pytest.mark.parametrize("data", KINDS)
@pytest.mark.parametrize("p", [1, 2, 3])
def test_bounds_meet_above_everything_that_is_tried(kind, data, p):
    rng = np.random.default_rng(p)
    X, nu = apart(rng, 8, p, data), balanced(rng, 8)
    answer = around_rows(kind, Centres(X)).best_units(Question(nu, above=0.0))
    tried = dense(X, nu, 400)
    assert answer.exact
    assert tried <= answer.upper * (1 + 1e-12)
    assert answer.lower <= answer.upper <= answer.lower * (1 + 1e-9)
    if p < 3:
        assert answer.lower <= tried * (1 + 5e-3)
    np.testing.assert_allclose(values(X, nu, answer.units), answer.values, rtol=1e-9 * (1e3 if data == "far" else 1))
    np.testing.assert_allclose(np.linalg.norm(answer.units.directions[:, :-1], axis=1), 1.0, rtol=1e-12)


def test_both_list_the_same_units_once_each():
    rng = np.random.default_rng(2)
    X, nu = rng.standard_normal((12, 2)), balanced(rng, 12)
    one, other = (around_rows(kind, Centres(X)).best_units(Question(nu, above=0.1)) for kind in EXACT)
    assert len(one.units) == len(other.units) > 3
    for direction, output in zip(one.units.directions, one.units.outputs, strict=True):
        assert other.units.find(direction, output, 1e-9) is not None
    assert len(one.units.distinct(tolerance=1e-9)) == len(one.units)


@pytest.mark.parametrize("kind", EXACT)
def test_the_threshold_and_what_need_not_be_listed_change_no_bound(kind):
    rng = np.random.default_rng(3)
    X, nu = rng.standard_normal((9, 2)), balanced(rng, 9)
    oracle, every = around_rows(kind, Centres(X)), Question(nu, above=0.0)
    whole = oracle.best_units(every)
    short = oracle.best_units(replace(every, listed=False))
    assert short.upper == pytest.approx(whole.upper, rel=1e-11)
    above = oracle.best_units(Question(nu, above=2 * whole.lower))
    assert len(above.units) == 0
    assert above.upper == pytest.approx(2 * whole.lower, rel=1e-9)
    assert oracle.best_units(replace(every, enough=0.1)).upper >= whole.lower


@pytest.mark.parametrize("kind", EXACT)
@pytest.mark.parametrize("deadline", [0.0, 1e-9])
def test_what_is_not_asked_is_bounded_all_the_same(kind, deadline):
    rng = np.random.default_rng(4)
    X, nu = rng.standard_normal((9, 2)), balanced(rng, 9)
    h = around_rows(kind, Centres(X)).best_units(Question(nu, above=0.0)).lower
    answer = around_rows(kind, Centres(X)).best_units(Question(nu, above=0.0), effort=Effort(deadline=deadline))
    assert answer.stopped
    assert h <= answer.upper < np.inf


def test_a_search_finds_the_best_and_claims_nothing():
    rng = np.random.default_rng(5)
    for p in (1, 2, 4):
        X, nu = rng.standard_normal((12, p)), balanced(rng, 12)
        centres = Centres(X)
        h = around_rows(BisectionOracle, centres).best_units(Question(nu, above=0.0)).lower
        found = CentredAscent(centres).best_units(Question(nu, above=0.0))
        assert found.lower == pytest.approx(h, rel=1e-9)
        assert found.upper == np.inf
        again = CentredAscent(centres).best_units(Question(nu, above=0.5 * h, starts=found.units, seen=found.seen))
        assert again.lower == pytest.approx(h, rel=1e-9)


def test_rows_that_are_all_the_same_have_no_units():
    nu = np.array([1.0, -1.0])
    answer = around_rows(CellsOracle, Centres(np.ones((2, 2)))).best_units(Question(nu, above=0.0))
    assert (len(answer.units), answer.upper) == (0, 0.0)


def test_bounds_survive_the_rounding_of_differences():
    """Rows far from 0: what is bounded is h of the rows as they are, in fractions."""
    from fractions import Fraction

    rng = np.random.default_rng(6)
    X = 1e8 + rng.integers(0, 2**20, size=(6, 1)) * 2.0**-24
    nu = balanced(rng, 6)
    exact = Fraction(0)
    rows, weights = [Fraction(x) for x in X[:, 0]], [Fraction(v) for v in nu]
    for kink in rows:
        for way in (1, -1):
            exact = max(exact, abs(sum(v * max(way * (x - kink), 0) for v, x in zip(weights, rows, strict=True))))
    for kind in EXACT:
        began = time.monotonic()
        answer = around_rows(kind, Centres(X)).best_units(Question(nu, above=0.0))
        assert exact <= Fraction(answer.upper) <= exact * Fraction(1 + 1e-9)
        assert time.monotonic() - began < 60


@pytest.mark.parametrize("size", [1e-14, 1.0, 1e9])
def test_units_of_data_of_any_size_are_told_apart(size):
    """Kinks that are as near as the data are small are listed all the same, once each."""
    rng = np.random.default_rng(7)
    x, nu = np.arange(15.0)[:, None], balanced(rng, 15)
    found = around_rows(CellsOracle, Centres(size * x)).best_units(Question(nu, above=1e-3 * size))
    assert len(found.units) == len(around_rows(CellsOracle, Centres(x)).best_units(Question(nu, above=1e-3)).units) > 4


def test_the_rounding_of_differences_is_a_part_of_every_bound():
    rng = np.random.default_rng(8)
    X, nu = rng.standard_normal((7, 2)), balanced(rng, 7)
    question = Question(nu, above=0.0)
    for row in range(7):
        inner = CellsOracle.on(X - X[row]).best_units(question)
        outer = AroundRow(CellsOracle, Centres(X), row).best_units(question)
        assert outer.upper >= inner.upper + EPS * float(np.abs(nu) @ np.linalg.norm(X - X[row], axis=1))


def test_units_belong_to_the_rows_at_their_kinks():
    rng = np.random.default_rng(9)
    X, nu = rng.standard_normal((8, 2)), balanced(rng, 8)
    centres = Centres(X)
    members, units = AroundRows(BisectionOracle, centres), centres.climb(nu, some_units(rng, 8))[0]
    units = units.take(units.alive())
    rows = centres.nearest(units)
    for row, member in enumerate(members):
        own = member.own(units)
        assert len(own) >= (rows == row).sum()
        back = member.embed(own)
        np.testing.assert_allclose(X[row] @ back.directions[:, :-1].T + back.directions[:, -1], 0.0, atol=1e-12)
        for direction, output in zip(back.directions, back.outputs, strict=True):
            assert units.find(direction, output, 1e-9) is not None
    bounds = members.bounds(nu)
    for row, member in enumerate(members):
        assert member.oracle.best_units(Question(nu, above=0.0)).lower <= bounds[row] <= centres.reach.bound(nu)


def some_units(rng, count):
    w = rng.standard_normal((count, 2))
    w /= np.linalg.norm(w, axis=1)[:, None]
    return Units.signed(np.column_stack([w, rng.standard_normal(count)]), np.ones(count))


def test_units_are_listed_however_far_from_0_the_rows_lie():
    """The bias of a unit there is known to fewer digits than the rows are apart."""
    rng = np.random.default_rng(10)
    X, nu = rng.integers(0, 9, size=(10, 2)).astype(float), balanced(rng, 10)
    near = around_rows(CellsOracle, Centres(X)).best_units(Question(nu, above=0.1))
    far = around_rows(CellsOracle, Centres(X + 2.0**27)).best_units(Question(nu, above=0.1))
    # One that several rows find may be listed by each.
    assert np.unique(far.values.round(9)).tolist() == np.unique(near.values.round(9)).tolist()
    assert len(near.values) > 3
