import sys
from dataclasses import replace

import numpy as np
import pytest

from dualscape.errors import BudgetError, InputError, NotCertifiedError
from dualscape.landscape.optimal_set import optimal_set
from dualscape.landscape.staircase import staircase
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.running.effort import Effort
from dualscape.solver import solve
from planted import ROOT3, TALK, circle_family, solution_at
from waiting import line_problem, wait_for_the_end


def test_the_talks_example(talk):
    order = [[-ROOT3 / 2, 0.5], [0, 1], [ROOT3 / 2, 0.5]]
    np.testing.assert_allclose(talk.directions, order, atol=1e-12)
    assert talk.signs.tolist() == [1, 1, 1]
    np.testing.assert_allclose(talk.y_star, [0.95, 0.95], rtol=1e-12)
    np.testing.assert_allclose(talk.A @ talk.vertices.T, 0.95, rtol=1e-12)
    assert (talk.rank, talk.dimension, talk.k) == (2, 1, 3)
    assert talk.total_mass == pytest.approx(0.95)
    assert talk.separation.tight < 1e-14
    assert not talk.separation.narrow
    assert talk.warnings == ()
    assert "dimension 1 with 2 vertices" in talk.explain()


def test_every_chosen_network_is_optimal(triangle, segment):
    rng = np.random.default_rng(0)
    for optimal in (triangle, segment):
        best = optimal.problem.objective(optimal.smallest())
        networks = [optimal.choose(c) for c in ("fewest", "most", "center", rng.standard_normal(optimal.k))]
        networks += [optimal.sample(rng) for _ in range(5)] + [optimal.network(v) for v in optimal.vertices]
        for network in networks:
            assert optimal.problem.objective(network) == pytest.approx(best, rel=1e-12)
            member = optimal.contains(network)
            assert member, member.reason
            np.testing.assert_allclose(optimal.A @ member.masses, optimal.y_star, atol=1e-9)
    assert segment.choose("fewest").width == 4
    assert segment.choose("most").width == 5
    assert segment.choose("center").width == 6


def test_a_linear_criterion_reaches_its_greatest_value(segment):
    w = np.arange(6.0)
    masses = segment.contains(segment.choose(w)).masses
    assert w @ masses == pytest.approx((segment.vertices @ w).max())


def test_networks_of_another_shape_are_refused(talk):
    with pytest.raises(InputError, match="coordinates per neuron"):
        talk.contains(Network([[1.0, 0.0, 0.0]], [1.0], [1.0]))
    with pytest.raises(InputError, match="one mass per optimal unit"):
        talk.network([1.0])
    with pytest.raises(InputError, match="unknown criterion"):
        talk.choose("best")
    with pytest.raises(InputError, match="one finite number"):
        talk.choose([1.0, np.nan, 0.0])
    with pytest.raises(InputError, match="columns"):
        talk.spread([[1.0]])


def test_spread_is_zero_on_the_data_and_attained_elsewhere(segment):
    rng = np.random.default_rng(0)
    low, high = segment.spread(segment.problem.inputs)
    np.testing.assert_allclose(low, high, atol=1e-9)
    X = rng.standard_normal((20, 1))
    low, high = segment.spread(X)
    assert (high - low).max() > 1e-3
    values = np.array([segment.sample(rng).predict(X) for _ in range(10)])
    assert (values >= low - 1e-9).all()
    assert (values <= high + 1e-9).all()


def test_spread_by_linear_programs_agrees_with_vertices():
    solution = circle_family([30, 45, 60, 75, 90], np.ones)
    listed, sampled = optimal_set(solution), optimal_set(solution, max_vertices=1)
    assert not sampled.vertices_complete
    X = np.linspace(-3, 3, 7)[:, None]
    np.testing.assert_allclose(sampled.spread(X), listed.spread(X), atol=1e-9)
    assert sampled.smallest().width == listed.smallest().width == 4
    assert "sampled" in sampled.explain()


def test_units_do_not_depend_on_the_order_of_the_oracle(segment):
    solution = circle_family([30, 45, 60, 75, 90], np.ones)
    answer = solution.certificate.answer
    order = np.random.default_rng(0).permutation(len(answer.units))
    twice = np.append(order, order[:3])  # and may be listed twice
    changed = replace(answer, units=answer.units.take(twice), values=answer.values[twice])
    again = optimal_set(replace(solution, certificate=replace(solution.certificate, answer=changed)))
    assert np.array_equal(again.directions, segment.directions)
    assert np.array_equal(again.vertices, segment.vertices)


@pytest.mark.parametrize("fraction", [1.0, 1.5])
def test_the_zero_network_beyond_beta_max(fraction):
    problem = Problem(TALK, [1, 1], beta=2.0 * fraction, bias="none")
    optimal = optimal_set(solution_at(problem, np.ones(2)))
    assert optimal.k == (3 if fraction == 1.0 else 0)
    assert (optimal.dimension, optimal.vertices.shape) == (0, (1, optimal.k))
    assert optimal.vertices_complete
    assert optimal.contains(Network(np.zeros((2, 2)), [1, 1], [0, 0]))
    assert not optimal.contains(Network([[0.0, 1.0]], [1.0], [0.1]))
    for network in (optimal.smallest(), optimal.choose("center"), optimal.sample(np.random.default_rng(0))):
        assert network.width == 0
    np.testing.assert_array_equal(optimal.spread([[1.0, 2.0]]), np.zeros((2, 1)))
    assert "zero network" in optimal.explain()


def test_an_uncertified_solution_is_refused():
    solution = circle_family([30, 60, 90], np.ones)
    for verdict in ("bounded", "none"):
        doubtful = replace(solution, certificate=replace(solution.certificate, verdict=verdict))
        with pytest.raises(NotCertifiedError, match=verdict):
            optimal_set(doubtful)


def test_units_that_the_network_lacks_are_found():
    """The network may have a few of the units only, and a nu that is as far off as that."""
    solution = circle_family([30, 45, 60, 75, 90], np.ones)
    network = solution.network
    few = Network(network.directions[:2], network.signs[:2], network.masses[:2], network.bias)
    off = replace(solution, network=few, nu=solution.nu * (1 + 1e-7 * np.arange(5)))
    optimal = optimal_set(off)
    assert (optimal.k, optimal.dimension, len(optimal.vertices)) == (6, 1, 2)
    np.testing.assert_allclose(optimal.nu, solution.nu, rtol=1e-14)


def test_a_listing_that_was_stopped_is_refused():
    solution = circle_family([30, 45, 60, 75, 90], np.ones)
    with pytest.raises(BudgetError, match="not listed all optimal units, stopped by the time limit; give it more time"):
        optimal_set(solution, effort=Effort(deadline=0.0))


def test_masses_that_rounding_hides_are_refused_in_words(monkeypatch):
    """As if a change of the last digits could move the fit by half of its size."""
    monkeypatch.setattr(sys.modules[optimal_set.__module__], "HIDDEN", 1e-20)
    with pytest.raises(NotCertifiedError, match="rounding of the data alone may move the optimal fit"):
        optimal_set(solve(Problem(TALK, [1, 1], beta=0.1, bias="none")))


def test_a_narrow_separation_is_a_warning():
    """The first unit of the circle family is turned by so little that its slack is hardly more than rounding."""
    optimal = optimal_set(solve(nearly_six_units(1e-13)))
    assert optimal.k in (5, 6)
    assert not optimal.exact
    assert 1e-16 < optimal.perturbation < 1e-12
    assert any("(relative) of those given" in warning for warning in optimal.warnings)
    assert "Within a perturbation" in optimal.explain()
    stairs = staircase(optimal)
    assert not stairs.exact
    assert stairs.perturbation == optimal.perturbation
    assert "hold for data within" in stairs.explain()


@pytest.mark.parametrize("size", [1e-9, 1e9])
def test_the_scale_of_the_data_does_not_matter(size, segment):
    solution = circle_family([30, 45, 60, 75, 90], lambda k: np.ones(k))
    problem = Problem(
        solution.problem.inputs, size * solution.problem.y, beta=size * solution.problem.beta, bias="penalised"
    )
    scaled = optimal_set(solution_at(problem, size * solution.nu))
    np.testing.assert_allclose(scaled.vertices, size * segment.vertices, rtol=1e-9)
    assert scaled.contains(scaled.sample(np.random.default_rng(0)))


def nearly_six_units(delta):
    """Five units of the circle family are planted; the sixth misses the bound by about delta."""
    angles = np.radians([30, 45, 60, 75, 90.0])
    angles[0] += delta
    S = np.column_stack([np.cos(angles), np.sin(angles)])
    v = np.diff(S, axis=0, prepend=np.zeros((1, 2)))[::-1]
    X = (v[:, 0] / v[:, 1])[:, None]
    y = np.maximum(np.column_stack([X, np.ones(5)]) @ S.T, 0).sum(axis=1) + 0.1 * v[:, 1]
    return Problem(X, y, beta=0.1)


@pytest.mark.parametrize("delta", [1e-12, 1e-10, 1e-9, 1e-8])
def test_a_unit_that_only_nearly_is_optimal_is_left_out(delta):
    optimal = optimal_set(solve(nearly_six_units(delta)))
    assert (optimal.k, optimal.dimension) == (5, 0)
    assert optimal.exact
    assert optimal.separation.seen
    assert 0.1 * delta < optimal.separation.next < 10 * delta


def test_predictions_of_bad_rows_are_refused(segment):
    for rows, message in (
        ([["a"]], "X must be numeric, but has 'a' at row 0, column 0"),
        ([[np.nan]], "finite"),
        ([[1.0, 2.0]], "1 features"),
    ):
        for ask in (segment.spread, segment.smallest().predict):
            with pytest.raises(InputError, match=message):
                ask(rows)


def test_vertices_are_sampled_where_there_is_no_time_to_list_them(monkeypatch):
    monkeypatch.setattr(sys.modules["dualscape.polytopes.vertices"], "vertices", wait_for_the_end)
    solution = solve(line_problem())
    found = optimal_set(solution, effort=Effort.within(1.0))
    assert (found.vertices_complete, len(found.sampled)) == (False, 2)
