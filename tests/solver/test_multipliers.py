"""Interpolation: known answers, a conic solver, and what any other network and any dual variable say of the optimum."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conic import conic_optimum
from dualscape import Checkpoint, Network, Problem, Program, certify_dual, solve
from dualscape.data.planted import circle_family
from dualscape.errors import InputError
from dualscape.running.stopped import Stopped


def interpolation(X, y, bias="penalised"):
    return Problem(X, y, loss="interpolation", bias=bias)


def missed(problem, network):
    """How far the network is from interpolating, relative to the target."""
    return np.linalg.norm(problem.fit_of(network) - problem.y) / np.linalg.norm(problem.y)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_the_circle_family(n):
    """n + 1 neurons of mass one, whose dual variable is known (THEORY section 10)."""
    planted = circle_family(np.linspace(30, 90, n))
    problem = interpolation(planted.table.X, planted.network.predict(planted.table.X))
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    assert solution.certificate.primal == pytest.approx(n + 1, rel=1e-12)
    assert solution.certificate.dual == pytest.approx(n + 1, rel=1e-11)
    assert missed(problem, solution.network) <= 1e-14
    assert solution.nu == pytest.approx(planted.nu / planted.problem.beta, abs=1e-9)


def test_one_kink():
    solution = solve(interpolation([[0.0], [1.0], [2.0], [3.0]], [0.0, 0.0, 1.0, 3.0]))
    assert solution.certificate.primal == pytest.approx(2 * np.hypot(1, 1.5), rel=1e-14)
    assert solution.network.width == 1
    # The kink is where the unit is 0: a cost known to 1e-9 alone would leave it 1e-4 wide.
    (a, b) = solution.network.directions[0]
    assert -b / a == pytest.approx(1.5, abs=1e-12)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("n", "p", "bias"), [(6, 2, "none"), (7, 2, "penalised"), (8, 1, "penalised")])
def test_against_a_conic_solver(seed, n, p, bias):
    rng = np.random.default_rng(seed)
    problem = interpolation(rng.standard_normal((n, p)), rng.standard_normal(n), bias)
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    assert solution.certificate.relative_gap <= 1e-11
    assert solution.certificate.primal == pytest.approx(conic_optimum(Program.of(problem)).value, rel=1e-5)


@settings(max_examples=12)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 6), p=st.integers(1, 2))
def test_no_network_and_no_dual_variable_contradict_it(seed, n, p):
    rng = np.random.default_rng(seed)
    X, y = rng.integers(-3, 4, (n, p)).astype(float), rng.standard_normal(n)
    X = np.unique(X, axis=0)
    problem = interpolation(X, y[: len(X)])
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    assert missed(problem, solution.network) <= 1e-13
    cost = solution.certificate.primal
    # Another interpolator costs no less, and a dual variable with h(nu) <= 1 bounds it from below.
    other = problem.completed(Network(*random_units(problem, rng)))
    assert problem.objective(other) >= cost * (1 - 1e-11)
    nu = rng.standard_normal(problem.n)
    h = max(np.abs(nu @ np.maximum(problem.X @ u, 0)) for u in random_directions(problem.d, rng, 20_000))
    assert cost * (1 + 0.05) >= nu @ problem.y / h
    assert certify_dual(problem, solution.network, nu).dual <= cost * (1 + 1e-12)


def random_directions(d, rng, count):
    U = rng.standard_normal((count, d))
    return U / np.linalg.norm(U, axis=1)[:, None]


def random_units(problem, rng):
    return random_directions(problem.d, rng, 3), rng.choice([-1.0, 1.0], 3), rng.random(3), problem.bias


@pytest.mark.parametrize(("x", "y"), [(1.0, 1e30), (1e-25, 1.0), (1e20, 1e-20)])
def test_units_of_length_change_nothing(x, y):
    rng = np.random.default_rng(3)
    X, target = rng.standard_normal((6, 2)), rng.standard_normal(6)
    plain = solve(interpolation(X, target, "none"))
    scaled = solve(interpolation(x * X, y * target, "none"))
    assert scaled.certificate.verdict == "global"
    assert scaled.certificate.primal * x / y == pytest.approx(plain.certificate.primal, rel=1e-12)
    assert scaled.nu * x == pytest.approx(plain.nu, rel=1e-9)


def test_repeated_and_opposite_rows():
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((5, 2)), rng.standard_normal(5)
    alone = solve(interpolation(X, y, "none"))
    twice = np.vstack([X, X[1:3], 2 * X[:1]]), np.concatenate([y, y[1:3], 2 * y[:1]])
    assert solve(interpolation(*twice, "none")).certificate.primal == pytest.approx(alone.certificate.primal, rel=1e-12)
    # Opposite rows whose odd part is linear: rank 3 of 4 rows.
    both = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    square = solve(interpolation(both, [1.0, -1.0, 1.0, -1.0], "none"))
    assert square.certificate.primal == pytest.approx(4.0, rel=1e-13)


def test_points_close_together():
    """Units that the objective of the steps does not show are found by the polish."""
    rng = np.random.default_rng(4)
    x = np.sort(rng.standard_normal(40))
    problem = interpolation(x[:, None], np.sin(2 * x))
    solution = solve(problem)
    assert solution.certificate.relative_gap <= 1e-10
    assert missed(problem, solution.network) <= 1e-13


def test_nothing_to_fit():
    solution = solve(interpolation([[1.0], [2.0]], [0.0, 0.0]))
    assert (solution.certificate.verdict, solution.certificate.primal, solution.network.width) == ("global", 0.0, 0)


def test_what_free_features_take_alone_costs_nothing():
    X, y = np.array([[0.0], [1.0], [3.0]]), [0.1, 0.3, 0.7]
    solution = solve(Problem(X, [1.0, 3.0, 7.0], loss="interpolation", free="affine"))
    assert (solution.certificate.verdict, solution.certificate.primal, solution.certificate.gap) == ("global", 0.0, 0.0)
    assert solution.network.free_weights == pytest.approx([1.0, 2.0])
    wrong = Network(np.zeros((0, 2)), [], [], "penalised", free="affine", free_weights=[1.0, 2.5])
    assert solution.problem.objective(wrong) == np.inf
    # The decimals are not on a line in binary: what is left costs a rounding, and the gap is one.
    rounded = solve(Problem(X, y, loss="interpolation", free="affine")).certificate
    assert rounded.verdict == "global"
    assert 0 <= rounded.dual <= rounded.primal + rounded.primal_error <= 1e-14


def test_without_time_there_is_an_interpolator_and_a_bound():
    rng = np.random.default_rng(5)
    problem = interpolation(rng.standard_normal((20, 2)), rng.standard_normal(20))
    solution = solve(problem, time_limit=1e-3)
    assert solution.stopped is Stopped.TIME
    assert missed(problem, solution.network) <= 1e-9
    best = solve(problem).certificate
    assert solution.certificate.dual <= best.primal <= solution.certificate.primal


def test_a_search_finds_the_same_and_proves_nothing():
    problem = interpolation([[0.0], [1.0], [2.0], [3.0]], [0.0, 0.0, 1.0, 3.0])
    solution = solve(problem, oracle="ascent")
    assert solution.certificate.verdict == "none"
    assert solution.certificate.primal == pytest.approx(2 * np.hypot(1, 1.5), rel=1e-9)


def test_the_objective_of_a_network_that_does_not_interpolate_is_infinite():
    problem = interpolation([[0.0], [1.0]], [1.0, 2.0])
    network = Network([[0.6, 0.8]], [1.0], [1.0], "penalised")
    assert problem.objective(network) == np.inf
    certificate = certify_dual(problem, network, problem.dual_of(network))
    assert (certificate.verdict, certificate.relative_gap) == ("bounded", np.inf)
    assert 0 < certificate.dual < solve(problem).certificate.primal
    assert "this one has infinity, since it does not interpolate, so by how much" in certificate.explain()


@pytest.mark.parametrize("short", [1e-12, 1e-10])
def test_what_is_missing_is_paid_for(short):
    """A network that falls short of the targets by a little costs less than the optimum, which is no contradiction."""
    planted = circle_family()
    problem = interpolation(planted.table.X, planted.network.predict(planted.table.X))
    solution = solve(problem)
    found = solution.network
    cheaper = Network(found.directions, found.signs, (1 - short) * found.masses, found.bias)
    certificate = certify_dual(problem, cheaper, solution.nu)
    assert certificate.primal < 6 * (1 - 0.9 * short)
    assert 6 <= certificate.primal + certificate.primal_error <= 6 * (1 + 100 * short)


def test_what_has_no_meaning_is_refused(tmp_path):
    problem = interpolation([[0.0], [1.0]], [1.0, 2.0])
    with pytest.raises(InputError, match="interpolation is several problems and keeps no checkpoint"):
        solve(problem, checkpoint=Checkpoint(tmp_path / "state.npz"))
    for call in (problem.beta_max, lambda: problem.with_beta(1.0), lambda: problem.at_fraction(0.1)):
        with pytest.raises(InputError, match="loss 'interpolation' has no beta"):
            call()
