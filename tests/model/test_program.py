"""The convex program: networks to points and back, and its optimum by another solver."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conic import conic_optimum
from dualscape import Network, Problem, Program, certify_dual, solve
from dualscape.errors import BudgetError, InputError
from dualscape.model.architectures import RELU, Architecture


def problem_of(loss="squared", bias="none", seed=0, n=6, d=2):
    rng = np.random.default_rng(seed)
    y = rng.standard_normal(n)
    y = np.where(y > np.median(y), 1.0, -1.0) if loss == "logistic" else y
    return Problem(rng.standard_normal((n, d)), y, beta=0.3, loss=loss, bias=bias)


def random_network(problem, width, seed):
    rng = np.random.default_rng(seed)
    return Network.from_weights(
        rng.standard_normal((width, problem.d)), rng.standard_normal(width), bias=problem.bias
    ).balance()


@pytest.mark.parametrize("bias", ["none", "penalised"])
@given(width=st.integers(1, 30), seed=st.integers(0, 10**6))
def test_the_round_trip_keeps_the_fit_and_merges_neurons(bias, width, seed):
    problem = problem_of(bias=bias)
    program, network = Program.of(problem), random_network(problem, width, seed)
    point = program.point(network)
    assert program.violation(point) <= 1e-15
    back = program.network(point)
    np.testing.assert_allclose(program.fit(point), network.fit(problem.X), atol=1e-12)
    np.testing.assert_allclose(back.fit(problem.X), network.fit(problem.X), atol=1e-12)
    assert program.objective(point) == pytest.approx(problem.objective(back), rel=1e-12)
    assert back.cost() <= network.cost() * (1 + 1e-12)
    patterns = {(s, *(problem.X @ u >= 0)) for s, u in zip(network.signs, network.directions, strict=True)}
    assert back.width == len(patterns)
    if len(patterns) == network.width:  # no neurons of one pattern and sign: nothing is merged
        assert program.objective(point) == pytest.approx(problem.objective(network), rel=1e-12)
    again = program.point(back)
    np.testing.assert_allclose(again, point, atol=1e-12)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("bias", ["none", "penalised"])
def test_optima_are_optima_of_the_program(loss, bias):
    """Both ways: the optimal network as a point, and the conic solver's point as a network with a certificate."""
    problem = problem_of(loss, bias, seed=3).at_fraction(0.1)
    program, solution = Program.of(problem), solve(problem)
    assert solution.certificate.verdict == "global"
    point = program.point(solution.network)
    assert program.violation(point) <= 1e-12
    assert program.objective(point) == pytest.approx(solution.certificate.primal, rel=1e-12)
    found = conic_optimum(program)
    assert found.value == pytest.approx(solution.certificate.primal, rel=1e-6)
    assert program.objective(found.point) == pytest.approx(found.value, rel=1e-9)
    assert program.violation(found.point) <= 1e-6
    network = program.network(found.point)
    nu = -problem.loss.gradient(network.fit(problem.X), problem.y)
    assert certify_dual(problem, network, nu).relative_gap <= 1e-4


def test_some_patterns_give_an_upper_bound():
    problem = problem_of(seed=3).at_fraction(0.1)
    program, solution = Program.of(problem), solve(problem)
    heights = solution.network.directions @ problem.X.T
    # Those in whose cones no neuron of the optimum lies, not even on an edge: the optimum of this problem is unique.
    outside = [np.all(np.max(-side * heights, axis=1) > 1e-6) for side in program.sides]
    assert 0 < sum(outside) < len(outside)
    found = conic_optimum(Program.of(problem, program.patterns[outside]))
    assert found.value > solution.certificate.primal * (1 + 1e-3)


def test_all_patterns_of_the_plane():
    """n rows in general position have 2 n of them."""
    program = Program.of(problem_of(n=9))
    assert len(program.patterns) == 18
    directions = np.random.default_rng(0).standard_normal((5000, 2))
    assert {*map(tuple, directions @ program.problem.X.T >= 0)} == {*map(tuple, program.patterns)}


def test_points_outside_their_cones_are_seen():
    program = Program.of(Problem([[2.0, 0.0], [0.0, 1.0]], [1.0, 1.0], beta=0.1, bias="none"), [[1, 1], [1, 0]])
    v, w = np.zeros((2, 2, 2))
    assert program.violation((v, w)) == 0
    assert program.patterns.tolist() == [[True, False], [True, True]]
    v[1] = 3.0, 4.0
    assert program.violation((v, w)) == 0
    w[0] = 3.0, 4.0  # row 1 is to be off, but is 4 above
    assert program.violation((v, w)) == pytest.approx(4 / 10)
    v[1] = -3.0, 4.0
    assert program.violation((v, w)) == pytest.approx(4 / 10)
    v[1] = -4.0, 3.0  # the length of a row does not count
    assert program.violation((v, w)) == pytest.approx(4 / 10)
    w[0] = 0.0
    assert program.violation((v, w)) == pytest.approx(4 / 5)
    # Outside its cone a point computes something else than its network.
    assert not np.allclose(program.fit((v, w)), program.network((v, w)).fit(program.problem.X))


def test_neurons_on_a_hyperplane_and_rows_of_zeros():
    problem = Problem([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [1.0, 2.0, 3.0], beta=0.1, bias="none")
    program = Program.of(problem)
    network = Network([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]], [1, -1, 1], [1.0, 0.5, 2.0])
    point = program.point(network)
    assert program.violation(point) == 0
    assert program.network(point).width == 3
    assert program.objective(point) == pytest.approx(problem.objective(network), rel=1e-15)


def test_an_unbalanced_network_costs_less_as_a_point():
    problem = problem_of()
    network = Network.from_weights([[3.0, 4.0]], [1.0])
    program = Program.of(problem)
    saved = problem.objective(network) - program.objective(program.point(network))
    assert saved == pytest.approx(problem.beta * ((25 + 1) / 2 - 5), rel=1e-12)


class Other(Architecture):
    name = "other"
    formula = "f(x) = 0"
    on, columns, fine_columns = RELU.on, RELU.columns, RELU.fine_columns


WRONG = {
    "another architecture": (
        lambda p: Program.of(Problem(p.X, p.y, beta=0.1, architecture=Other())),
        "the convex program is that of two-layer networks (relu, leaky:a, abs), "
        "the problem has the architecture 'other'",
    ),
    "several outputs": (
        lambda p: Program.of(Problem(p.X, np.column_stack([p.y, p.y]), beta=0.1, bias="none")),
        r"Program.of serves networks with one output, this problem has 2: a pattern would have a matrix V, priced",
    ),
    "no problem": (lambda p: Program.of(np.eye(2)), "Program.of takes a Problem, got a ndarray; see help(Program.of)"),
    "short patterns": (
        lambda p: Program.of(p, [[1, 0]]),
        "patterns must be a table of zeros and ones with one column for each of the 6 rows of the data, got shape "
        "(1, 2); take X @ u >= 0 of directions u",
    ),
    "signs": (lambda p: Program.of(p, [[1, -1, 1, 1, 1, 1]]), "patterns must be a table of zeros and ones"),
    "no patterns": (lambda p: Program.of(p, np.zeros((0, 6))), "patterns must be a table of zeros and ones"),
    "neuron elsewhere": (
        lambda p: Program.of(p, Program.of(p).patterns[:1]).point(random_network(p, 9, 0)),
        "lies in the cone of none of the 1 patterns of the program; add its pattern, X @ u >= 0",
    ),
    "network of another problem": (
        lambda p: Program.of(p).point(Network([[1.0]], [1], [1.0])),
        "the network has 1 coordinates per neuron and bias 'none', the problem 2 and 'none'",
    ),
    "no network": (lambda p: Program.of(p).point(solve(p)), "Program.point takes a Network, got a Solution; give solu"),
    "no pair": (
        lambda p: Program.of(p).objective(np.zeros(3)),
        "a point is a pair (v, w) of arrays of shape (12, 2); see Program.point",
    ),
    "another shape": (
        lambda p: Program.of(p).violation((np.zeros((12, 2)), np.zeros((11, 2)))),
        "v and w need one row for each pattern and one column for each coordinate, shape (12, 2), got (12, 2) and",
    ),
    "failed solver": (
        lambda p: Program.of(p).network((np.full((12, 2), np.nan), np.zeros((12, 2)))),
        "v and w must be finite, but there are NaN or inf in them; see whether the solver failed",
    ),
}


@pytest.mark.parametrize("act, message", WRONG.values(), ids=WRONG)
def test_errors(act, message):
    with pytest.raises(InputError) as caught:
        act(problem_of())
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_too_many_patterns():
    with pytest.raises(BudgetError, match="a program lists at most 100,000; give a list of some"):
        Program.of(problem_of(n=200, d=6))


def test_the_zero_network_is_the_zero_point():
    program = Program.of(problem_of())
    point = program.point(Network(np.zeros((0, 2)), [], []))
    assert not np.any(point)
    assert program.violation(point) == 0
    assert program.network(point).width == 0
    assert program.objective(point) == program.problem.loss.value(np.zeros(6), program.problem.y)
