"""The searching oracle: what it lists are local maximisers, and near known units it sees more of them."""

import numpy as np
import pytest

from dualscape import Problem, solve
from dualscape.oracles import Question
from dualscape.oracles.ascent import oracle as ascent
from dualscape.oracles.ascent.oracle import AscentOracle
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.solver import column_generation as columns
from dualscape.units import Units


def problem():
    rng = np.random.default_rng(1)
    X, nu = rng.standard_normal((150, 8)), rng.standard_normal(150)
    first = AscentOracle.on(X).best_units(Question(nu, above=0.0))
    return X, nu, 0.9 * first.lower, first


def near(directions, signs, direction, sign):
    return (np.linalg.norm(directions[signs == sign] - direction, axis=1) < 0.1).any()


def signed(directions):
    """Units with a sign that the search has to find out."""
    return Units.signed(directions, np.ones(len(directions)))


def without_starts(oracle, question, known, high, effort):
    """In place of `AscentOracle._risen`: nothing rises."""
    return Units.none(known.units.d), 0


@pytest.fixture(scope="module")
def fitted():
    """(X, solution) of a search that was cut short: many maxima are nearly as high as the known ones."""
    rng = np.random.default_rng(2)
    X, y = rng.standard_normal((300, 8)), rng.standard_normal(300)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "MOST_ROUNDS", 8)  # and no time limit: the same on every machine
        return X, solve(Problem(X, y, beta=1.0, bias="none"), oracle="ascent")


def late_answer(X, solution):
    """What a late call finds."""
    return AscentOracle.on(X).best_units(Question(solution.nu, above=0.95, starts=solution.network.units, attempt=15))


def test_starts_near_known_units_find_others_near_them(monkeypatch, fitted):
    known, signs = fitted[1].network.directions, fitted[1].network.signs
    monkeypatch.setattr(ascent, "FEW", 0)  # no hops, which see such units too
    monkeypatch.setattr(ascent, "KNOWN_HOPS", 0)
    share = []
    for far in (0.0, 0.7):
        monkeypatch.setattr(ascent, "FAR", far)
        monkeypatch.setattr(ascent, "EACH", 0 if far else 20)
        answer = late_answer(*fitted)
        found = sum(near(known, signs, *unit) for unit in zip(answer.units.directions, answer.units.signs, strict=True))
        share.append(found / len(answer.values))
    assert share[0] > 1.2 * share[1]


def test_starts_near_what_was_seen_find_others_near_it(monkeypatch, fitted):
    X, solution = fitted
    monkeypatch.setattr(ascent, "FEW", 0)
    all_found = late_answer(X, solution).units
    seen = all_found.take(slice(-20, None))
    monkeypatch.setattr(ascent, "FAR", 0.0)
    monkeypatch.setattr(ascent, "EACH", 20)
    found = []
    for given in (seen, None):
        answer = AscentOracle.on(X).best_units(
            Question(solution.nu, above=0.95, starts=all_found.take(slice(1)), seen=given, attempt=15)
        )
        distances = np.linalg.norm(answer.units.directions[:, None] - seen.directions, axis=2).min(axis=1)
        found.append(int((distances < 0.3).sum()))
    assert found[0] > 2 * found[1]


def test_hops_from_known_units_lead_higher(monkeypatch):
    monkeypatch.setattr(AscentOracle, "_risen", without_starts)
    rng = np.random.default_rng(0)
    X, nu, known = rng.standard_normal((300, 8)), rng.standard_normal(300), rng.standard_normal((30, 8))
    oracle, highest = AscentOracle.on(X), {}
    for hops, entries in ((5, X.size), (0, X.size), (5, X.size - 1)):
        monkeypatch.setattr(ascent, "KNOWN_HOPS", hops)
        monkeypatch.setattr(ascent, "KNOWN_HOPPED_ENTRIES", entries)
        answers = [oracle.best_units(Question(nu, above=0.0, starts=signed(unit[None]))).lower for unit in known]
        highest[hops, entries] = np.array(answers)
    with_hops, without, too_large = highest.values()
    assert (with_hops >= without * (1 - 1e-12)).all()
    assert (with_hops > without * (1 + 1e-9)).mean() > 0.5
    np.testing.assert_array_equal(too_large, without)


def test_a_later_search_goes_on_from_what_was_seen(monkeypatch):
    X, nu, _, _ = problem()
    highest = AscentOracle.on(X).best_units(Question(nu, above=0.0))
    above = highest.values[0] * 1.001
    answer = AscentOracle.on(X).best_units(Question(nu, above=above))
    assert len(answer.values) == 0
    assert len(answer.seen) > 0
    values = np.abs(nu @ np.maximum(X @ answer.seen.directions.T, 0.0))
    assert (values <= above).all()
    assert (values > ascent.NEARLY * above).all()
    # Without any start of its own, a later call still sees what it is given.
    monkeypatch.setattr(AscentOracle, "_risen", without_starts)
    above = 0.9999 * highest.values[0]
    for attempt, count in ((0, 0), (4, 1)):
        later = AscentOracle.on(X).best_units(Question(nu, above=above, seen=answer.seen, attempt=attempt))
        assert later.values[:1] == pytest.approx(highest.values[:count])
        assert len(later.seen) > 0
    assert AscentOracle.on(X).best_units(Question(nu, above=0.0)).lower == 0.0


def test_listed_values_are_those_of_the_units_and_local_maxima():
    X, nu, above, first = problem()
    answer = AscentOracle.on(X).best_units(Question(nu, above=above, starts=first.units, attempt=8))
    values = answer.units.signs * (nu @ np.maximum(X @ answer.units.directions.T, 0.0))
    assert answer.values == pytest.approx(values, rel=1e-12)
    rng = np.random.default_rng(2)
    for direction, sign, value in zip(answer.units.directions[:20], answer.units.signs, answer.values, strict=False):
        around = direction + 1e-5 * rng.standard_normal((200, 8))
        around /= np.linalg.norm(around, axis=1, keepdims=True)
        assert (sign * (nu @ np.maximum(X @ around.T, 0.0))).max() <= value * (1 + 1e-12)


def test_starts_that_no_row_sees_are_left_out():
    rng = np.random.default_rng(3)
    X = np.abs(rng.standard_normal((30, 3)))
    nu = rng.standard_normal(30)
    blind = -np.ones((1, 3)) / 3**0.5
    assert not (X @ blind.T > 0).any()
    for attempt in (0, 8):
        answer = AscentOracle.on(X).best_units(Question(nu, above=0.0, starts=signed(blind), attempt=attempt))
        assert np.isfinite(answer.values).all()
        assert answer.lower == pytest.approx(AscentOracle.on(X).best_units(Question(nu, above=0.0)).lower, rel=1e-9)


def test_search_finds_a_lower_bound_and_proves_nothing():
    rng = np.random.default_rng(4)
    X, nu = rng.standard_normal((30, 4)), rng.standard_normal(30)
    search, exact = (
        AscentOracle.on(X).best_units(Question(nu, above=0.0)),
        CellsOracle.on(X).best_units(Question(nu, above=0.0)),
    )
    assert not search.exact
    assert search.upper == np.inf
    assert search.lower == pytest.approx(exact.lower, rel=1e-9)
