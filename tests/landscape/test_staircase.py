import subprocess
import sys
import time
from dataclasses import replace
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings

from dualscape.errors import InputError
from dualscape.landscape.merge_tree import merge_tree
from dualscape.landscape.optimal_set import OptimalSet, optimal_set
from dualscape.landscape.staircase import Staircase, _exact, staircase
from dualscape.model.problem import Problem
from dualscape.oracles import Question
from dualscape.polytopes.linear_program import SparsestBound
from dualscape.polytopes.polytope import polytope
from dualscape.polytopes.vertices import vertices
from dualscape.running.effort import Effort
from dualscape.running.interruption import check
from dualscape.solver import solve
from labellings import count_components, systems
from planted import circle_family, solution_at
from waiting import line_problem, wait_for_the_end


def polygon(degrees) -> np.ndarray:
    t = np.radians(degrees)
    return np.column_stack([np.cos(t), np.sin(t)])


def symmetric(X, y, bias: str = "none") -> OptimalSet:
    """The optimal set at beta = 0.1 beta_max where, by symmetry, the dual optimum is 0.1 y."""
    probe = Problem(X, y, beta=1.0, bias=bias)
    top = probe.oracle("cells").best_units(Question(probe.y, above=0.0)).lower
    return optimal_set(solution_at(probe.with_beta(0.1 * top), 0.1 * probe.y))


CUBE = np.array([[a, b, c] for a in (-1.0, 1.0) for b in (-1.0, 1.0) for c in (-1.0, 1.0)])
TALK = np.array([[-(3**0.5), 1.0], [3**0.5, 1.0]])
KNOWN = {
    # THEORY section 12: (optimal set, k, dimension, m*, M*, components by width)
    "triangle": (lambda: symmetric(polygon([90, 210, 330]), np.ones(3)), 6, 3, 2, 3, {2: 6, 3: 15, 4: 1}),
    "square": (lambda: symmetric(polygon([0, 90, 180, 270]), np.ones(4)), 4, 1, 2, 2, {2: 4, 3: 2, 4: 1}),
    "talk": (lambda: symmetric(TALK, np.ones(2)), 3, 1, 1, 2, {1: 1, 2: 3, 3: 1}),
    "circle": (
        lambda: optimal_set(circle_family([30, 45, 60, 75, 90], np.ones)),
        6,
        1,
        4,
        5,
        {4: 24, 5: 121, 6: 1},
    ),
    "parity": (
        lambda: symmetric(CUBE, CUBE.prod(axis=1), "penalised"),
        16,
        8,
        4,
        8,
        {4: 96, 5: 4, 6: 20164, 7: 120961, 8: 2983681, 9: 1},
    ),
}


@pytest.fixture(scope="module", params=KNOWN)
def known(request):
    return KNOWN[request.param][0](), KNOWN[request.param][1:]


def test_known_staircases(known):
    optimal, (k, dimension, m_star, M_star, components) = known
    stairs = staircase(optimal)
    assert (optimal.k, optimal.dimension) == (k, dimension)
    assert (stairs.m_star, stairs.M_star) == (m_star, M_star)
    assert {row.m: row.components for row in stairs.rows} == components
    assert stairs.connected_from == max(components) <= stairs.rank_bound <= stairs.general_bound
    assert stairs.exact
    assert optimal.warnings == ()


def test_known_staircases_after_solving(known):
    planted, (k, dimension, _, _, components) = known
    optimal = optimal_set(solve(planted.problem))
    assert (optimal.k, optimal.dimension) == (k, dimension)
    assert {row.m: row.components for row in staircase(optimal).rows} == components
    np.testing.assert_allclose(optimal.y_star, planted.y_star, atol=1e-10)
    np.testing.assert_allclose(optimal.directions, planted.directions, atol=1e-9)
    assert optimal.warnings == ()


def test_the_triangle_with_mixed_targets():
    problem = Problem(polygon([90, 210, 330]), [1, -1, 1], beta=1.0, bias="none").at_fraction(0.1)
    optimal = optimal_set(solve(problem))
    stairs = staircase(optimal)
    assert (optimal.k, optimal.dimension, stairs.m_star, stairs.M_star) == (4, 1, 2, 3)
    assert {row.m: row.components for row in stairs.rows} == {2: 2, 3: 7, 4: 1}
    for row in stairs.rows:
        assert (row.components, row.isolated) == count_components(optimal.A, optimal.y_star, row.m)


def test_a_connected_width_may_be_followed_by_a_disconnected_one():
    """The regular 12-gon: connected at 6, but a vertex with 7 units is isolated in each of its 7! orders."""
    optimal = symmetric(polygon(np.arange(12) * 30), np.ones(12))
    stairs = staircase(optimal)
    assert (optimal.k, optimal.rank, optimal.dimension, len(optimal.vertices)) == (12, 7, 5, 16)
    assert {row.m: row.components for row in stairs.rows} == {3: 24, 4: 4, 5: 4, 6: 1, 7: 60481, 8: 1}
    assert stairs.connected_from == 8
    for m in (3, 4, 5, 6):
        assert (stairs.row(m).components, stairs.row(m).isolated) == count_components(optimal.A, optimal.y_star, m)


def test_known_staircases_from_first_principles(known):
    optimal, (k, *_) = known
    stairs = staircase(optimal)
    for m in range(stairs.m_star, 8):
        if (k + 1) ** m <= 2_000_000:
            row = stairs.row(m)
            assert (row.components, row.isolated) == count_components(optimal.A, optimal.y_star, m)


@pytest.mark.parametrize("degrees", [[30, 60, 90], [30, 50, 60, 90], list(np.linspace(30, 90, 8))])
def test_circle_family_has_a_segment_of_optima(degrees):
    optimal = optimal_set(circle_family(degrees, np.ones))
    n = len(degrees)
    stairs = staircase(optimal)
    assert (optimal.k, optimal.rank, optimal.dimension, len(optimal.vertices)) == (n + 1, n, 1, 2)
    assert stairs.connected_from == n + 1 == stairs.rank_bound
    assert stairs.row(n).isolated == factorial(n) * int((stairs.tree.births == n).sum())


# --- the same numbers for polytopes that no data were needed for -------------------------------------------
def stairs_of(A: np.ndarray, y: np.ndarray) -> Staircase:
    P = polytope(A, y)
    found = vertices(P)
    assert found.complete
    return _exact(merge_tree(found.points > 0), len(y), P.rank, None)


@given(systems())
@settings(max_examples=60, deadline=None)
def test_components_of_random_systems_from_first_principles(system):
    A, y = system
    stairs = stairs_of(A, y)
    for m in range(1, 6):
        expected = count_components(A, y, m)
        row = stairs.row(m)
        assert (row.components, row.isolated) == expected
        if m >= stairs.connected_from:
            assert expected[0] == 1


@given(systems())
@settings(max_examples=60, deadline=None)
def test_connected_from_is_the_least_such_width(system):
    stairs = stairs_of(*system)
    before = stairs.row(stairs.connected_from - 1).components if stairs.connected_from else 0
    assert before != 1
    assert stairs.row(stairs.connected_from).components == 1
    assert stairs.m_star <= stairs.M_star <= stairs.connected_from <= stairs.rank_bound


@pytest.mark.parametrize(
    ("masses", "widths", "rows"),
    [
        ([], (0, 0, 0), [(0, 1, 1)]),
        ([1.0], (1, 1, 1), [(1, 1, 1)]),
        ([1.0, 2.0, 3.0], (3, 3, 4), [(3, 6, 6), (4, 1, 0)]),
    ],
)
def test_a_unique_optimum(masses, widths, rows):
    A, y = np.eye(3)[:, : len(masses)], np.array([*masses, *[0.0] * (3 - len(masses))])
    stairs = stairs_of(A, y)
    assert (stairs.m_star, stairs.M_star, stairs.connected_from) == widths
    assert [(r.m, r.components, r.isolated) for r in stairs.rows] == rows
    assert stairs.row(widths[2] + 3).components == 1


def test_widths_below_the_smallest_hold_nothing():
    assert stairs_of(np.eye(3), np.ones(3)).row(2).components == 0


def test_zero_optimum_is_one_point_at_every_width():
    stairs = stairs_of(np.eye(2), np.zeros(2))
    assert [(stairs.row(m).components, stairs.row(m).isolated) for m in range(3)] == [(1, 1)] * 3
    assert stairs.general_bound == 0


def test_large_widths_are_exact_integers():
    k = 30
    stairs = stairs_of(np.eye(k), np.ones(k))
    assert stairs.row(k).components == factorial(k)


def test_intervals_hold_the_exact_numbers():
    solution = circle_family(list(np.linspace(30, 90, 6)), np.ones)
    exact, bounded = staircase(optimal_set(solution)), staircase(optimal_set(solution, max_vertices=1))
    assert not bounded.exact

    def holds(outer, inner: int) -> bool:
        low, high = (outer, outer) if isinstance(outer, int) else outer
        return low <= inner and (high is None or inner <= high)

    for name in ("m_star", "M_star", "connected_from", "general_bound", "rank_bound"):
        assert holds(getattr(bounded, name), getattr(exact, name))
    for row in bounded.rows:
        assert holds(row.components, exact.row(row.m).components)
        assert holds(row.isolated, exact.row(row.m).isolated)
        assert holds(row.polytope_components, exact.row(row.m).polytope_components)
    assert "sampled" in optimal_set(solution, max_vertices=1).warnings[-1]


def test_nothing_heavy_is_imported():
    code = (
        "import sys, dualscape.landscape.staircase;"
        "print(*set(sys.modules) & {'matplotlib', 'plotly', 'torch', 'cvxpy'})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def test_explain_says_the_widths():
    text = stairs_of(np.array([[1.0, 1.0]]), np.array([1.0])).explain()
    assert "width 1: 2 components, 2 of them single points" in text


# --- bounds where vertices are sampled -----------------------------------------------------------------
def holds(outer, inner: int) -> bool:
    low, high = (outer, outer) if isinstance(outer, int) else outer
    return low <= inner and (high is None or inner <= high)


@pytest.fixture(scope="module")
def twelve() -> OptimalSet:
    """The regular 12-gon: vertices of three to seven units."""
    return symmetric(polygon(np.arange(12) * 30), np.ones(12))


@pytest.mark.parametrize("seed", range(12))
def test_bounds_from_some_vertices_hold_the_exact_numbers(twelve, seed):
    rng = np.random.default_rng(seed)
    exact = staircase(twelve)
    # Half of the samples have none of the largest.
    small = (twelve.vertices > 0).sum(axis=1) < 7
    known = twelve.vertices[small] if seed % 2 else twelve.vertices
    some = rng.permutation(known)[: int(rng.integers(2, 6))]
    found = staircase(replace(twelve, vertices=some[:0], vertices_complete=False, sampled=some))
    assert not found.exact
    for name in ("m_star", "M_star", "connected_from", "general_bound", "rank_bound"):
        assert holds(getattr(found, name), getattr(exact, name)), name
    for row in found.rows:
        for name in ("components", "isolated", "polytope_components"):
            assert holds(getattr(row, name), getattr(exact.row(row.m), name)), (row.m, name)
    # And they say something.
    assert found.m_star == 3
    assert found.M_star[1] == 7 if isinstance(found.M_star, tuple) else found.M_star == 7


def test_a_search_for_the_fewest_that_was_cut_short_leaves_an_interval(twelve, monkeypatch):
    some = twelve.vertices[(twelve.vertices > 0).sum(axis=1) > 3]
    sampled = replace(twelve, vertices=some[:0], vertices_complete=False, sampled=some)
    seen = int((some > 0).sum(axis=1).min())
    assert seen > 3
    bound = SparsestBound(2, 12, some[0])
    monkeypatch.setattr(type(twelve.polytope), "sparsest", lambda *_, **__: bound)
    assert staircase(sampled).m_star == (2, seen)

    def for_ever(*_, **__):
        for _ in range(6000):
            check()
            time.sleep(0.01)
        raise AssertionError("nothing ended it")

    monkeypatch.setattr(type(twelve.polytope), "sparsest", for_ever)
    assert staircase(sampled, effort=Effort.within(0.2)).m_star == (1, seen)


def test_only_what_all_vertices_tell_is_exact(twelve):
    doubtful = replace(twelve.resolution, mass=replace(twelve.resolution.mass, breaks=1e-15))
    assert staircase(twelve).exact
    found = staircase(replace(twelve, resolution=doubtful))
    assert not found.exact
    assert found.perturbation == 1e-15


def test_widths_that_are_not_listed_are_refused(twelve):
    short = staircase(twelve, max_width=2)
    assert short.rows == ()
    assert short.row(2).components == 0
    for m in (3, 7):
        with pytest.raises(InputError, match=f"width {m} is not in this staircase; ask for it with max_width >= {m}"):
            short.row(m)
    assert short.row(8).components == 1


def test_the_staircase_has_wider_intervals_where_there_is_no_time(monkeypatch):
    monkeypatch.setattr(sys.modules["dualscape.polytopes.vertices"], "vertices", wait_for_the_end)
    optima = optimal_set(solve(line_problem()), effort=Effort.within(0.5))
    assert staircase(optima).m_star == 1
    monkeypatch.setattr(type(optima.polytope), "sparsest", wait_for_the_end)
    found = staircase(optima, effort=Effort.within(0.3))
    low, high = (found.m_star, found.m_star) if isinstance(found.m_star, int) else found.m_star
    assert low == 1 <= high
