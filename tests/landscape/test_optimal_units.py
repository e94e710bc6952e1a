"""Optimal sets that double precision alone gets wrong: near-parallel units, tiny masses, close directions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dualscape.errors import InputError
from dualscape.landscape.optimal_set import optimal_set
from dualscape.landscape.optimal_units import _apart, _tight
from dualscape.landscape.staircase import staircase
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.oracles import Question
from dualscape.solver import solve
from dualscape.solver.rates import Rates
from dualscape.solver.refinement import Refined
from dualscape.tolerances import DEFAULT
from dualscape.units import Units
from planted import ROOT3, two_near_parallel_units


@given(st.integers(4, 30), st.integers(1, 30))
@settings(max_examples=40)
@example(10, 18)
@example(14, 10)
@example(18, 4)
@example(26, 12)
def test_a_neuron_of_little_mass_beside_a_near_parallel_one_is_seen(a, b):
    e, second = 2.0**-a, 2.0**-b
    problem, planted = two_near_parallel_units(e, second)
    optimal = optimal_set(solve(problem))
    if a + b <= 40:
        assert (optimal.k, optimal.rank, optimal.dimension) == (2, 2, 0)
        assert optimal.exact
        np.testing.assert_allclose(np.sort(optimal.vertices[0]), np.sort(planted.masses), rtol=1e-12 / (e * second))
        stairs = staircase(optimal)
        assert (stairs.m_star, stairs.M_star, stairs.connected_from) == (2, 2, 3)
        assert optimal.contains(planted)
    elif a + b <= 47 and len(optimal.polytope.active) < 2:
        assert not optimal.exact


def test_four_near_parallel_units_leave_no_spurious_mass():
    """(1, +-e, +-e): two vertices of two units each."""
    e = 2.0**-15
    X = np.array([[1.0, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])
    for scale in (1.0, 2.0**-20):
        y = np.array([2.0, e, e, e, e]) + np.array([1.0, e, e, e, e])
        problem = Problem(scale * X, y, beta=scale * float(np.sqrt(1 + 2 * e * e)), bias="none")
        optimal = optimal_set(solve(problem))
        stairs = staircase(optimal)
        assert (optimal.k, optimal.rank, optimal.dimension, len(optimal.vertices)) == (4, 3, 1, 2)
        assert (stairs.m_star, stairs.M_star, stairs.exact) == (2, 2, True)


@pytest.mark.parametrize("delta", [1e-3, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11])
def test_a_tiny_mass_makes_a_second_neuron_necessary(delta):
    """The talk's two points with targets that differ by delta: no single unit fits both."""
    problem = Problem([[-ROOT3, 1], [ROOT3, 1]], [1, 1 + delta], beta=0.1, bias="none")
    stairs = staircase(optimal_set(solve(problem)))
    assert (stairs.m_star, stairs.M_star, stairs.exact) == (2, 2, True)


@pytest.mark.parametrize("delta", [1e-7, 1e-10])
def test_a_network_that_lacks_a_neuron_of_tiny_mass_is_no_optimum(delta):
    problem = Problem([[-ROOT3, 1], [ROOT3, 1]], [1, 1 + delta], beta=0.1, bias="none")
    optimal = optimal_set(solve(problem))
    for vertex in optimal.vertices:
        assert optimal.contains(optimal.network(vertex))
        assert optimal.contains(optimal.network(vertex).split(0).pad(5))
    alone = optimal.contains(Network([[0.0, 1.0]], [1.0], [0.95]))
    assert not alone
    assert "no optimal network does with these 1 units" in alone.reason or "the fit is off" in alone.reason


def test_below_the_rounding_of_the_data_the_statement_is_one_of_neighbouring_data():
    problem = Problem([[-ROOT3, 1], [ROOT3, 1]], [1, 1 + 1e-13], beta=0.1, bias="none")
    optimal = optimal_set(solve(problem))
    stairs = staircase(optimal)
    assert not stairs.exact
    assert 1e-16 < stairs.perturbation < 1e-12
    assert "smaller" not in stairs.explain()
    assert "Within a perturbation" in optimal.explain()


@pytest.mark.parametrize(("e", "K"), [(4e-7, 1e3), (4e-7, 1.0), (1e-8, 1e6), (1e-9, 1e4)])
def test_units_are_told_apart_by_what_they_compute(e, K):
    """Two directions 2 e apart, whose columns differ by K e."""
    X = np.array([[1.0, 0.0], [0.0, K], [0.0, -K]])
    nu, h = np.array([1.0, e / K, e / K]), np.sqrt(1 + e * e)
    optimal = optimal_set(solve(Problem(X, np.array([2.0, K * e, K * e]) + nu, beta=h, bias="none")))
    stairs = staircase(optimal)
    assert (optimal.k, optimal.dimension, stairs.m_star, stairs.M_star) == (2, 0, 2, 2)
    np.testing.assert_allclose(np.sort(optimal.directions[:, 1]), [-e, e], rtol=1e-6)


def test_a_near_maximiser_is_not_tight_on_a_lattice():
    X = [[0, 1], [1, 0], [-1, 0], [0, 1], [-1, -1], [0, 1], [-1, 0], [0, 1]]
    y = [1.0, 1, 1, 1, 1, -1, -1, -1]
    problem = Problem(X, y, beta=7.071067811865475e-05, loss="logistic", bias="none")
    solution = solve(problem)
    optimal = optimal_set(solution)
    assert (optimal.k, optimal.separation.seen) == (2, True)
    assert optimal.separation.next == pytest.approx(1.095e-10, rel=1e-2)
    assert optimal.contains(solution.network)


@pytest.mark.parametrize("seed", range(12))
def test_points_on_a_line_are_never_refused(seed):
    """Kinks come in pairs +-u of one function beside a linear one: exact ties, with ill-conditioned columns."""
    rng = np.random.default_rng([78, seed])
    n = int(rng.integers(15, 26))
    x = rng.normal(size=(n, 1))
    problem = Problem(x, rng.normal(size=n), beta=1.0).at_fraction(10 ** rng.uniform(-4, -2))
    optimal = optimal_set(solve(problem), max_vertices=200)
    assert optimal.exact
    assert np.abs(optimal.slacks).max() < 1e-20
    best = optimal.problem.objective(optimal.choose("center"))
    assert best == pytest.approx(solve(problem).certificate.primal, rel=1e-9)


# --- against exact arithmetic ---------------------------------------------------------------------------
def residuals(problem, optimal, masses):
    """The optimality conditions in rational arithmetic, for masses (k,) on the units: the greatest relative error."""
    X = [[Fraction(v) for v in row] for row in problem.X.tolist()]
    units = [[Fraction(v) for v in u] for u in optimal.directions.tolist()]
    fit = [Fraction(0)] * problem.n
    for u, s, c in zip(units, optimal.signs.tolist(), masses.tolist(), strict=True):
        for i, row in enumerate(X):
            fit[i] += int(s) * Fraction(c) * max(sum(a * b for a, b in zip(row, u, strict=True)), 0)
    nu = [Fraction(v) - f for v, f in zip(problem.y.tolist(), fit, strict=True)]
    slacks = []
    for u, s in zip(units, optimal.signs.tolist(), strict=True):
        score = sum(v * max(sum(a * b for a, b in zip(row, u, strict=True)), 0) for v, row in zip(nu, X, strict=True))
        slacks.append(float(1 - int(s) * score / Fraction(problem.beta)))
    return np.array(slacks)


@given(st.integers(0, 10**6), st.sampled_from([1, 2, 3]), st.sampled_from([0.5, 0.1, 1e-2, 1e-3]))
@settings(max_examples=25)
def test_the_bounds_of_all_optimal_units_are_tight_in_exact_arithmetic(seed, d, fraction):
    rng = np.random.default_rng(seed)
    problem = Problem(rng.standard_normal((9, d)), rng.standard_normal(9), beta=1.0).at_fraction(fraction)
    optimal = optimal_set(solve(problem), max_vertices=50)
    for vertex in optimal.known_vertices[:3]:
        # Rounding of y and of the fit, seen through the columns and beta.
        lengths = np.linalg.norm(optimal.A, axis=0)
        allowed = 2e-15 * (np.linalg.norm(problem.y) + vertex @ lengths) * lengths.max() / problem.beta
        assert np.abs(residuals(problem, optimal, vertex)).max() < 1e-14 + allowed


def test_an_unknown_size_is_refused():
    problem, _ = two_near_parallel_units(2.0**-10, 2.0**-10)
    with pytest.raises(InputError):
        optimal_set(solve(problem)).contains(Network([[1.0]], [1.0], [1.0]))


# --- decisions ------------------------------------------------------------------------------------------
def refined(slacks, rates, turns=None):
    """Units that stand at these slacks, which move at these rates."""
    k = len(slacks)
    units = Units.signed(np.eye(k), np.ones(k))
    moves = Rates(1.0, 1.0, np.array(rates, float), np.ones(k) if turns is None else np.array(turns, float))
    return Refined(np.zeros(k), np.zeros(k), units, np.eye(k), np.array(slacks, float), np.ones(k), moves, 0.0, 0.0)


ROUNDING, CLEAR = DEFAULT.rounding, DEFAULT.clear


@pytest.mark.parametrize(
    ("slack", "rate", "k", "narrow"),
    [
        (0.9 * ROUNDING, 1.0, 2, False),
        (1.1 * ROUNDING, 1.0, 1, True),
        (0.9 * CLEAR * ROUNDING, 1.0, 1, True),
        (1.1 * CLEAR * ROUNDING, 1.0, 1, False),
        (5 * ROUNDING, 10.0, 2, False),
        (0.9 * CLEAR * ROUNDING * 10, 10.0, 1, True),
    ],
)
def test_tight_is_what_rounding_accounts_for_and_clear_what_stands_out(slack, rate, k, narrow):
    found = _tight(refined([0.0, slack], [1.0, rate]), 1e-2, True, DEFAULT)
    assert len(found.units) == k
    assert found.separation.narrow == narrow
    if k == 1:
        assert found.separation.next == slack
        assert found.slack.breaks == pytest.approx(slack / rate)
    else:
        assert found.separation.tight == slack


def test_a_window_that_is_no_wider_than_rounding_is_narrow():
    """No unit was seen in it, and one may stand right behind."""
    wide = _tight(refined([0.0], [1.0]), 2 * CLEAR * ROUNDING, False, DEFAULT).separation
    small = _tight(refined([0.0], [1.0]), 0.5 * CLEAR * ROUNDING, False, DEFAULT).separation
    fast = _tight(refined([0.0], [10.0]), 2 * CLEAR * ROUNDING, False, DEFAULT).separation
    assert (wide.narrow, small.narrow, fast.narrow) == (False, True, True)
    assert (wide.next, wide.seen) == (2 * CLEAR * ROUNDING, False)


def test_units_are_apart_by_the_least_distance_of_columns_of_equal_output():
    columns = np.array([[1.0, 1.0, 0.0, 2.0], [0.0, 1e-3, 1.0, 1e-9]])
    units = Units.signed(np.eye(4), np.array([1.0, 1.0, 1.0, -1.0]))
    margin = _apart(columns, units, 1e-14, 4.0)
    assert margin.smallest_positive == pytest.approx(1e-3, rel=1e-6)
    assert (margin.breaks, margin.largest_zero, margin.needed) == (pytest.approx(0.25e-3, rel=1e-6), 1e-14, 0.25e-14)
    # The nearest column has another output: it is no candidate for the same unit.
    assert _apart(columns[:, [0, 3]], units.take(np.array([0, 3])), 0.0, 1.0).smallest_positive == np.inf
    # Equal columns of different directions are units that see different features.
    assert _apart(columns[:, [0, 0]], units.take(np.array([0, 1])), 0.0, 1.0).smallest_positive == pytest.approx(2**0.5)


@pytest.mark.parametrize("seed", range(6))
def test_no_unit_stands_between_the_tight_ones_and_the_next(seed):
    """All local maximisers at the dual optimum, from an oracle that lists everything."""
    rng = np.random.default_rng(seed)
    problem = Problem(rng.standard_normal((9, 2)), rng.standard_normal(9), beta=1.0, bias="none").at_fraction(0.3)
    optima = optimal_set(solve(problem, oracle="cells"))
    every = problem.oracle("cells").best_units(Question(optima.nu, above=0.0))
    slacks = 1 - every.values / problem.beta
    others = slacks[slacks > 1e-10]
    assert len(slacks) - len(others) == optima.k
    assert optima.separation.next <= others.min(initial=1.0) * (1 + 1e-6)
    if optima.separation.seen:
        assert optima.separation.next == pytest.approx(others.min(), rel=1e-6)
