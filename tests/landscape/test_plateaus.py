"""Continua of optimal units: which there are, and how few neurons do, against search over all ways to pair ends."""

from itertools import product

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualscape import Network, Problem, optimal_set, solve, staircase
from dualscape.errors import NotCertifiedError
from dualscape.landscape.plateaus import Plateaus
from dualscape.units import Units

X, NU = np.arange(4.0)[:, None], np.array([1.0, -1.0, -1.0, 1.0])
FIT = np.array([0.0, 0.0, 1.0, 3.0])


def on_a_line(free, beta=0.1):
    """The dual optimum is beta NU, at which every kink from 1 to 2 is tight; FIT costs 2."""
    problem = Problem(X, FIT + beta * NU, beta=beta, bias="free", free=free)
    solution = solve(problem)
    assert solution.certificate.primal == pytest.approx(2 * beta + 0.5 * beta**2 * 4, rel=1e-12)
    return problem, optimal_set(solution)


def chains(lengths):
    """Units one after the other in chains of so many."""
    following = np.concatenate([np.append(np.arange(1, q), -1) for q in lengths])
    starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
    return Plateaus(np.where(following >= 0, following + starts, -1), np.zeros(sum(lengths), dtype=bool))


def fewest(plateaus, support):
    """By trying: neurons at units, and between neighbours, that cover the support."""
    k = len(support)
    places = [(i,) for i in range(k)] + [tuple(pair) for pair in plateaus.pairs.tolist()]
    best = k
    for chosen in product([False, True], repeat=len(places)):
        covered = {unit for place, taken in zip(places, chosen, strict=True) if taken for unit in place}
        if covered >= set(np.flatnonzero(support).tolist()):
            best = min(best, sum(chosen))
    return best


@given(st.lists(st.integers(1, 4), min_size=1, max_size=2), st.integers(0, 10**6))
def test_fewest_neurons_by_trying_all_places(lengths, seed):
    plateaus = chains(np.array(lengths))
    rng = np.random.default_rng(seed)
    supports = rng.random((3, sum(lengths))) < 0.7
    assert plateaus.fewest(supports).tolist() == [fewest(plateaus, support) for support in supports]
    masses = supports[0] * rng.uniform(0.5, 1.0, len(supports[0]))
    units = Units.signed(rng.standard_normal((len(masses), 2)), np.ones(len(masses)))
    joined, total = plateaus.joined(units, masses)
    assert len(joined) == len(total) == plateaus.fewest(supports[:1])[0]
    np.testing.assert_allclose(total @ joined.directions if len(total) else 0.0, masses @ units.directions, atol=1e-12)


def test_the_solution_with_one_kink_is_found():
    """Over kinks at the data two neurons are needed: 2 (x - 1.5)_+ is between them."""
    problem, optima = on_a_line("constant")
    assert len(optima.plateaus.among(optima.active)) == 1
    smallest = optima.smallest()
    assert smallest.directions.round(9).tolist() == [[1.0, -1.5]]
    assert problem.objective(smallest) == pytest.approx(problem.objective(optima.choose("most")), rel=1e-12)
    stairs = staircase(optima)
    assert (stairs.m_star, stairs.M_star, stairs.connected_from, stairs.exact) == (1, 2, (1, 3), False)
    assert [row.components for row in stairs.rows] == [(1, None), (1, None), 1]
    assert "continuum" in " ".join(optima.warnings)
    assert optima.resolution.slack.largest_zero >= optima.plateaus.slack.largest_zero
    with pytest.raises(NotCertifiedError, match="spread"):
        optima.spread(X)


def test_with_a_skip_connection_the_kink_may_open_either_way():
    _, optima = on_a_line("affine")
    assert (optima.k, optima.dimension, len(optima.vertices)) == (4, 2, 4)
    assert optima.widths.min() == staircase(optima).m_star == 1
    assert abs(optima.smallest().directions[0, 1]) == pytest.approx(1.5)


def test_neurons_between_the_ends_belong_to_the_optima():
    problem, optima = on_a_line("constant")

    def network(kinks, masses):
        units = Units.signed(np.column_stack([np.ones(len(kinks)), -np.array(kinks)]), np.ones(len(kinks)))
        return problem.network(units, np.array(masses))

    for kinks, masses in (
        ([1.5], [2.0]),
        ([1.0, 2.0], [1.0, 1.0]),
        ([1.25, 1.75], [1.0, 1.0]),
        ([1.0, 1.8], [0.75, 1.25]),
    ):
        found = optima.contains(network(kinks, masses))
        assert found.member, found.reason
        assert found.masses.sum() == pytest.approx(2.0)
    assert not optima.contains(network([1.4], [2.0]))
    assert not optima.contains(network([0.9, 2.1], [1.0, 1.0]))


def test_on_a_line_no_fewer_kinks_will_do():
    """Two bends of the optimal fit, at neighbouring rows, are made by one kink at most, and only if of one sign."""
    rng = np.random.default_rng(0)
    x, y = np.sort(rng.standard_normal(8)), rng.standard_normal(8)
    problem = Problem(x[:, None], y, beta=1, bias="free", free="constant").at_fraction(0.1)
    solution = solve(problem)
    optima = optimal_set(solution)
    m_star = staircase(optima).m_star
    assert optima.smallest().width == m_star
    assert problem.objective(optima.smallest()) <= solution.certificate.primal * (1 + 1e-11)
    # The optimal fit bends between neighbouring rows as often as this says; each bend needs a kink of its own.
    slopes = np.diff(optima.y_star) / np.diff(x)
    bends = np.diff(slopes)
    bent = np.abs(bends) > 1e-9 * np.abs(slopes).max()
    runs, at = 0, 0
    while at < len(bends):
        if not bent[at]:
            at += 1
            continue
        runs += 1
        # One kink between two rows makes two bends of one sign.
        pair = at + 1 < len(bends) and bent[at + 1] and bends[at] * bends[at + 1] > 0
        at += 2 if pair else 1
    assert m_star >= runs


def test_a_bias_that_may_grow_leaves_no_single_points():
    """A line is fitted best by units that are active on all rows."""
    x = np.array([0.0, 1.0, 2.0, 4.0])
    problem = Problem(x[:, None], 3 * x, beta=1.0, bias="free", free="constant")
    optima = optimal_set(solve(problem))
    assert optima.plateaus.open.all()
    assert optima.signs.tolist() == [1.0, -1.0]
    rows = staircase(optima).rows
    assert [(row.m, row.components, row.isolated) for row in rows] == [(1, 2, 0), (2, 1, 0)]
    network = optima.choose("fewest")
    grown = network.directions + np.array([[0.0, 5.0]])
    moved = problem.network(Units.signed(grown, network.signs), network.masses)
    assert problem.objective(moved) == pytest.approx(problem.objective(network), rel=1e-12)
    assert optima.contains(moved)
    shrunk = Units.signed(network.directions - np.array([[0.0, 0.5]]), network.signs)
    assert "no optimal unit" in optima.contains(problem.network(shrunk, network.masses)).reason


def test_where_the_bias_is_penalised_there_are_no_plateaus():
    rng = np.random.default_rng(1)
    problem = Problem(rng.standard_normal((8, 1)), rng.standard_normal(8), beta=1).at_fraction(0.1)
    optima = optimal_set(solve(problem))
    assert not optima.continuous
    assert not optima.plateaus.open.any()
    assert len(optima.plateaus.pairs) == 0
    assert isinstance(optima.smallest(), Network)


def test_masses_over_the_ends_are_those_of_any_optimum():
    """The total mass of neurons anywhere, as an independent program sees it: a fine grid of kinks costs no less."""
    beta = 0.1
    kinks = np.linspace(-0.5, 3.5, 401)
    columns = np.hstack([np.maximum(X - kinks, 0.0), np.maximum(kinks - X, 0.0)])
    c, w = cp.Variable(columns.shape[1]), cp.Variable()
    y = FIT + beta * NU
    value = cp.Problem(cp.Minimize(cp.sum_squares(columns @ c + w - y) / 2 + beta * cp.norm1(c))).solve(
        solver=cp.CLARABEL
    )
    _, optima = on_a_line("constant", beta)
    assert value == pytest.approx(optima.total_mass * beta + 0.5 * beta**2 * 4, rel=1e-6)
