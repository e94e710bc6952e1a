"""The bisection oracle against projections onto all cones, dense directions and the other exact oracle."""

import itertools
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes

from dualscape.geometry.hinges import Hinges
from dualscape.oracles import Question
from dualscape.oracles.bisection import frontier
from dualscape.oracles.bisection import oracle as bisection
from dualscape.oracles.bisection.cone_bound import cone_bound, frame_cone, make_bound_work, side_bound
from dualscape.oracles.bisection.frontier import orthants
from dualscape.oracles.bisection.oracle import BisectionOracle
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.running.checkpoint import Checkpoint
from dualscape.running.effort import Effort
from exact_values import CASES, dense, greatest_value


def random_question(n=60, d=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)), rng.standard_normal(n)


def same(first, second):
    np.testing.assert_array_equal(first.units.directions, second.units.directions)
    np.testing.assert_array_equal(first.values, second.values)
    assert first.upper == second.upper


class Impatient(Effort):
    """Time is up when it has been asked for the tenth time."""

    asked = itertools.count()

    def expired(self):
        return next(self.asked) > 10


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("seed", [0, 1])
def test_bounds_meet_at_h(name, seed):
    rng = np.random.default_rng(seed)
    X = CASES[name](rng)
    nu = rng.standard_normal(len(X))
    exact = greatest_value(X, nu)
    answer = BisectionOracle.on(X).best_units(Question(nu, above=0.99 * exact))
    assert answer.stopped == ""
    assert answer.lower == pytest.approx(exact, rel=1e-8)
    assert exact * (1 - 1e-8) <= answer.upper <= answer.lower * (1 + 1e-10)
    assert dense(X, nu, 20_000) <= answer.upper
    np.testing.assert_allclose(
        answer.units.signs * (nu @ np.maximum(X @ answer.units.directions.T, 0)), answer.values, rtol=1e-12
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(1, 4), st.sampled_from([1e-12, 1.0, 1e12]))
def test_integer_data_at_any_scale(seed, n, d, scale):
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, size=(n, d)).astype(float)
    nu = rng.standard_normal(n)
    exact = scale * greatest_value(X, nu) if X.any() else 0.0
    answer = BisectionOracle.on(scale * X).best_units(Question(nu, above=0.999 * exact))
    assert answer.lower == pytest.approx(exact, rel=1e-7, abs=1e-12 * scale)
    assert exact * (1 - 1e-7) <= answer.upper <= exact * (1 + 1e-7) + 1e-11 * scale


@pytest.mark.parametrize("seed", range(3))
def test_lists_the_same_units_as_the_cells(seed):
    X, nu = random_question(30, 4, seed)
    h = CellsOracle.on(X).best_units(Question(nu, above=0.0)).lower
    first, second = (kind.on(X).best_units(Question(nu, above=0.3 * h)) for kind in (CellsOracle, BisectionOracle))
    assert len(first.values) > 3
    np.testing.assert_allclose(second.values, first.values, rtol=1e-10)
    np.testing.assert_allclose(second.units.directions, first.units.directions, atol=1e-7)


def test_a_threshold_that_holds_is_the_bound():
    X, nu = random_question()
    h = BisectionOracle.on(X).best_units(Question(nu, above=0.0 + dense(X, nu))).lower
    answer = BisectionOracle.on(X).best_units(Question(nu, above=1.01 * h))
    assert (answer.upper, len(answer.values)) == (1.01 * h, 0)
    assert BisectionOracle.on(X).best_units(Question(nu, above=0.999 * h)).upper <= h * (1 + 1e-11)


def test_any_cone_is_bounded():
    """The bound of a random cone against dense directions in it."""
    rng = np.random.default_rng(3)
    r, N = 3, 12
    for _ in range(50):
        rows = rng.standard_normal((N, r))
        rows /= np.linalg.norm(rows, axis=1)[:, None]
        c, linear = rng.standard_normal(N), rng.standard_normal(r)
        V = orthants(r)[rng.integers(8)] + 0.2 * rng.random((r, r))
        split = rng.integers(N + 1)
        c = np.concatenate([np.abs(c[:split]), -np.abs(c[split:])])
        Z = np.ascontiguousarray(V @ rows.T)
        work = make_bound_work(N, r)
        frame_cone(V, linear, work)
        bound = cone_bound(np.abs(c), V, Z, (0, split), (split, N), 2.0, 0.0, 0.0, -np.inf, work)
        u = rng.dirichlet(np.ones(r), 2000) @ V
        u /= np.linalg.norm(u, axis=1)[:, None]
        values = u @ linear + np.maximum(u @ rows.T, 0) @ c
        assert values.max() <= bound * (1 + 1e-12) + 1e-12
        # On one side of each of the first two hyperplanes, if they are convex.
        pair = min(split, 2)
        rest = np.concatenate([rows[:pair], rows[split:]])
        weights, heights = np.concatenate([np.abs(c[:pair]), np.abs(c[split:])]), np.ascontiguousarray(V @ rest.T)
        few = u @ linear + np.maximum(u @ rest.T, 0) @ np.concatenate([c[:pair], c[split:]])
        for choice in range(1 << pair):
            sides = (u @ rest[:pair].T > 0) == np.array([choice >> i & 1 for i in range(pair)], dtype=bool)
            work[9][:] = rng.random(r)
            bound = side_bound(
                weights, V, heights, (0, pair), choice, (pair, len(rest)), 2.0, 0.0, 0.0, -np.inf, work
            )  # fmt: skip
            assert few[sides.all(axis=1)].max(initial=-np.inf) <= bound * (1 + 1e-12) + 1e-12


@pytest.mark.parametrize("far", [1e-9, 1e-3, 1.0])
@pytest.mark.parametrize("lattice", [False, True])
def test_what_was_excluded_before_is_not_looked_at_again_where_it_cannot_matter(far, lattice):
    rng = np.random.default_rng(4)
    for _ in range(20):
        X, nu = rng.standard_normal((25, 3)), rng.standard_normal(25)
        X = np.round(X) if lattice else X
        oracle = BisectionOracle.on(X)
        h = oracle.best_units(Question(nu, above=0.0)).lower
        before = oracle.best_units(Question(nu, above=0.9 * h))
        other = nu + far * rng.standard_normal(25)
        for above in (0.9 * h, 0.9 * h + 1e-6 * h, 0.95 * h, 0.95 * h):
            fresh, again = (
                BisectionOracle.on(X).best_units(Question(other, above=above)),
                oracle.best_units(Question(other, above=above)),
            )
            assert again.upper == pytest.approx(fresh.upper, rel=1e-12)
            np.testing.assert_allclose(again.values, fresh.values, rtol=1e-12)
        # The last answer rests on all that came before, and looked at little itself.
        once_more = oracle.best_units(Question(other, above=0.95 * h))
        assert again.looked_at <= once_more.looked_at < again.looked_at + before.looked_at


def test_what_is_kept_of_a_threshold_below_rounding_is_rounding():
    X, nu = random_question(8, 2)
    oracle = BisectionOracle.on(X)
    oracle.best_units(Question(nu, above=0.0))
    assert oracle._last.above >= oracle.hinges.slack(nu) > 0


def test_a_call_that_was_stopped_excludes_nothing_for_the_next():
    X, nu = random_question()
    h = dense(X, nu)
    oracle = BisectionOracle.on(X)
    assert oracle.best_units(Question(nu, above=0.5 * h, enough=0.6 * h)).stopped == "enough"
    same(
        oracle.best_units(Question(nu, above=0.8 * h)),
        BisectionOracle.on(X).best_units(Question(nu, above=0.8 * h)),
    )


def test_same_answer_on_any_number_of_workers():
    X, nu = random_question(80, 4)
    h = dense(X, nu)
    answers = []
    for workers in (1, 2, 8):
        with ThreadPoolExecutor(workers) as pool:
            answers.append(BisectionOracle.on(X).best_units(Question(nu, above=0.95 * h), effort=Effort(executor=pool)))
    with ProcessPoolExecutor(2) as pool:
        answers.append(BisectionOracle.on(X).best_units(Question(nu, above=0.95 * h), effort=Effort(executor=pool)))
    for other in answers[1:]:
        same(answers[0], other)
        assert other.looked_at == answers[0].looked_at


def test_bounds_shrink_while_it_runs_and_hold_when_it_is_stopped():
    X, nu = random_question(150, 5)
    seen = []
    answer = BisectionOracle.on(X).best_units(
        Question(nu, above=0.9 * dense(X, nu)),
        effort=Effort.within(1.0),
        progress=lambda event: seen.append(event.note),
    )
    assert answer.stopped in ("", "time")
    assert answer.upper >= dense(X, nu)
    bounds = [float(note.split()[2]) for note in seen]
    assert all(b <= a for a, b in itertools.pairwise(bounds))
    at_once = BisectionOracle.on(X).best_units(Question(nu, above=0.0), effort=Effort(deadline=0.0))
    assert at_once.stopped == "time"
    assert dense(X, nu) <= at_once.upper < np.inf


def test_interruption_returns_what_is_proven():
    X, nu = random_question(150, 5)

    def interrupt(event):
        raise KeyboardInterrupt

    answer = BisectionOracle.on(X).best_units(Question(nu, above=0.5 * dense(X, nu)), progress=interrupt)
    assert answer.stopped == "interrupted"
    assert dense(X, nu) <= answer.upper < np.inf
    assert threading.active_count() < 20


def test_stops_when_enough_is_found():
    X, nu = random_question(60, 4)
    h = dense(X, nu)
    answer = BisectionOracle.on(X).best_units(Question(nu, above=0.5 * h, enough=0.5 * h))
    assert answer.lower > 0.5 * h
    assert answer.upper >= answer.lower


def test_resumes_from_a_checkpoint_with_the_same_answer(tmp_path):
    X, nu = random_question(60, 5)
    above = 0.999 * dense(X, nu)
    whole = BisectionOracle.on(X).best_units(Question(nu, above=above))
    path = tmp_path / "proof.npz"
    first = BisectionOracle.on(X).best_units(Question(nu, above=above), effort=Impatient(checkpoint=Checkpoint(path)))
    assert first.stopped == "time"
    again = BisectionOracle.on(X).best_units(Question(nu, above=above), effort=Effort(checkpoint=Checkpoint(path)))
    assert first.looked_at < again.looked_at
    assert again.upper == whole.upper
    np.testing.assert_allclose(again.values, whole.values, rtol=1e-12)
    # A finished search is read, not repeated.
    read = BisectionOracle.on(X).best_units(
        Question(nu, above=above), effort=Effort(deadline=0.0, checkpoint=Checkpoint(path))
    )
    same(again, read)
    # Another question does not look at it.
    other = BisectionOracle.on(X).best_units(
        Question(-nu, above=above), effort=Effort(deadline=0.0, checkpoint=Checkpoint(path))
    )
    assert other.stopped == "time"


def test_finds_what_the_search_had_missed_on_real_data():
    """n = 442 in four dimensions: certified against directions that a million samples and climbs reach."""
    data = load_diabetes()
    X = data.data[:, [2, 3, 8]]
    X = np.column_stack([X / X.std(axis=0), np.ones(len(X))])
    nu = data.target - data.target.mean()
    answer = BisectionOracle.on(X).best_units(Question(nu, above=0.99 * dense(X, nu, 50_000)))
    assert answer.upper <= answer.lower * (1 + 1e-11)
    assert answer.upper >= dense(X, nu, 200_000)


def test_small_tasks_give_the_same_answer(monkeypatch):
    X, nu = random_question()
    above = 0.9 * CellsOracle.on(X).best_units(Question(nu, above=0.0)).lower
    whole = BisectionOracle.on(X).best_units(Question(nu, above=above))
    monkeypatch.setattr(frontier, "TASK_ENTRIES", 5 * X.size)  # five cones a task
    parts = BisectionOracle.on(X).best_units(Question(nu, above=above))
    assert parts.stopped == ""
    assert parts.upper == pytest.approx(whole.upper, rel=1e-12)
    np.testing.assert_allclose(parts.values[0], whole.values[0], rtol=1e-12)


def test_too_many_orthants_for_the_rows_are_bounded_at_once(monkeypatch):
    X, nu = random_question()
    assert not BisectionOracle.estimate(Hinges.of(X)).at_once
    monkeypatch.setattr(bisection, "MOST_BEGUN", 2**4 * len(X) - 1)
    assert BisectionOracle.estimate(Hinges.of(X)).at_once
    answer = BisectionOracle.on(X).best_units(Question(nu, above=0.0))
    assert (answer.stopped, answer.looked_at) == ("dimension", 0)
    assert CellsOracle.on(X).best_units(Question(nu, above=0.0)).lower <= answer.upper < np.inf
