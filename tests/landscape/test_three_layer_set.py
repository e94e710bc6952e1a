"""All optimal three-layer networks: every one that is built is optimal, and others' predictions lie in the spread."""

import cvxpy as cp
import numpy as np
import pytest

from all_patterns import Program
from dualscape import Problem, solve, three_layer_set
from dualscape.errors import InputError, NotCertifiedError


def problem_of(seed, n, d, **settings):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((n, d)), rng.standard_normal(n)
    return Problem(X, y, beta=1.0, architecture="three-layer", **settings).at_fraction(0.1)


@pytest.mark.parametrize(("seed", "n", "d"), [(2, 4, 2), (2, 6, 2), (1, 6, 2), (1, 8, 1)])
def test_networks_of_the_set_are_optimal(seed, n, d):
    problem = problem_of(seed, n, d)
    solution = solve(problem)
    optima = three_layer_set(solution)
    least, rng = solution.certificate.primal, np.random.default_rng(0)
    corners = [x[: optima.k] for _, x in optima.polytope.maximise(rng.standard_normal((6, optima.polytope.k)))]
    for masses in (None, *corners):
        network = optima.network(masses)
        loss = problem.loss.value(network.predict(problem.inputs), problem.y)
        assert loss + problem.beta * network.masses.sum() == pytest.approx(least, rel=1e-7)
        low, high = optima.mass_ranges()
        assert network.masses.sum() == pytest.approx(solution.network.masses.sum(), rel=1e-6)
        assert (low <= high + 1e-12).all()
    Z = 2 * rng.standard_normal((20, d))
    low, high = optima.spread(Z)
    scale = np.abs(high).max() + 1.0
    for network in (solution.network, optima.network(), *map(optima.network, corners)):
        f = network.predict(Z)
        assert (low - 1e-6 * scale <= f).all()
        assert (f <= high + 1e-6 * scale).all()
    on_data = optima.spread(problem.inputs)
    assert np.allclose(on_data, optima.y_star, atol=1e-6)
    low, high = optima.fewest()
    assert 1 <= low <= high <= max(optima.network(c).prune(1e-9).width for c in (None, *corners))


def check_members(optima, solution, rng):
    """Networks at random corners are optimal, and what they predict lies in the spread."""
    problem = optima.problem
    corners = [x[: optima.k] for _, x in optima.polytope.maximise(rng.standard_normal((4, optima.polytope.k)))]
    Z = 2 * rng.standard_normal((10, problem.design.p))
    low, high = optima.spread(Z)
    scale = np.abs(high).max() + np.abs(low).max() + 1.0
    for network in (solution.network, optima.network(), *map(optima.network, corners)):
        assert problem.objective(network) == pytest.approx(solution.certificate.primal, rel=1e-6)
        f = network.predict(Z)
        assert (low - 1e-6 * scale <= f).all()
        assert (f <= high + 1e-6 * scale).all()
    assert np.allclose(optima.spread(problem.inputs), optima.y_star, atol=1e-6 * scale)


@pytest.mark.parametrize(
    ("seed", "settings"),
    [(0, {"free": "constant"}), (11, {"free": "linear"}), (3, {"free": "affine", "free_decay": 0.3})],
)
def test_beside_free_features(seed, settings):
    rng = np.random.default_rng(seed)
    X, y = rng.integers(-2, 3, (6, 2)).astype(float), rng.standard_normal(6)
    problem = Problem(X, y, beta=1.0, bias="none", architecture="three-layer", **settings).at_fraction(0.2)
    solution = solve(problem)
    check_members(three_layer_set(solution), solution, rng)


def test_free_features_of_ones_own_are_given_for_new_rows():
    rng = np.random.default_rng(0)
    X, y, M = rng.standard_normal((5, 1)), rng.standard_normal(5), rng.standard_normal((5, 1))
    problem = Problem(X, y, beta=1.0, free=M, architecture="three-layer").at_fraction(0.2)
    optima = three_layer_set(solve(problem))
    assert np.allclose(optima.spread(X, M), optima.y_star, atol=1e-6)
    with pytest.raises(InputError, match="a matrix of one's own"):
        optima.spread(X)


def test_rows_of_no_pull_may_count_or_not():
    """nu is 0 in row 0, where subnetworks of one sign set may count or not; masses against a program of its own."""
    X = [[0.0, 2.0], [-1.0, 0.0], [-2.0, -1.0], [2.0, -1.0], [2.0, 0.0]]
    problem = Problem(X, [-1.0, 1.0, 0.0, 1.0, -1.0], beta=1.0, bias="none", architecture="three-layer")
    problem = problem.at_fraction(0.2)
    solution = solve(problem)
    assert abs(solution.nu[0]) < 1e-12
    optima = three_layer_set(solution)
    check_members(optima, solution, np.random.default_rng(0))
    positive = [face for face in optima.faces if face.sign > 0]
    assert sorted((bool(face.on[0]), bool(face.off[0])) for face in positive) == [(False, True), (True, False)]
    assert np.array_equal(positive[0].directions, positive[1].directions)
    # The one that counts in row 0 may be missing.
    assert (optima.dimension, (optima.mass_ranges()[0] > 1e-9).sum()) == (3, 2)
    program = Program(problem.X)
    near = [cp.abs(program.f - optima.y_star) <= 1e-9, sum(program.masses) <= solution.network.masses.sum() + 1e-9]
    signs = np.array([face.sign for face in optima.faces])[optima.owner]
    for sign, mass in zip((1, -1), program.masses, strict=True):
        w = np.append(signs == sign, np.zeros(optima.polytope.k - optima.k)).astype(float)
        least = cp.Problem(cp.Minimize(mass), [*program.within, *near]).solve(solver=cp.CLARABEL)
        assert -optima.polytope.maximise([-w])[0][0] == pytest.approx(least, abs=1e-5)


def test_a_continuum_is_seen():
    # Two rows: the network of one subnetwork may share its mass between three first-layer units.
    problem = Problem([[-(3**0.5), 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none", architecture="three-layer")
    optima = three_layer_set(solve(problem))
    assert (len(optima.faces), optima.k, optima.dimension, optima.fewest()) == (1, 3, 1, (1, 1))
    low, high = optima.inner_ranges()
    assert np.allclose(low, 0.0, atol=1e-9)
    assert sorted(high.round(6)) == [0.475, 0.475, 0.95]
    assert len(optima.first_layer) == 3
    low, high = optima.spread([[1.0, 0.0]])
    assert (low, high) == (pytest.approx(0.0, abs=1e-9), pytest.approx(0.475 * 3**0.5 / 2))
    assert "dimension 1" in optima.describe()


def test_the_zero_network_alone():
    problem = Problem([[1.0], [2.0]], [1.0, 1.0], beta=100.0, architecture="three-layer")
    optima = three_layer_set(solve(problem))
    assert (optima.k, optima.fewest(), optima.network().width) == (0, (0, 0), 0)
    assert "zero network" in optima.describe()
    assert np.array_equal(optima.spread([[3.0]]), [[0.0], [0.0]])


def test_what_is_refused():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((3, 1)), rng.standard_normal(3)
    with pytest.raises(InputError, match="use optimal_set"):
        three_layer_set(solve(Problem(X, y, beta=0.1)))
    with pytest.raises(NotCertifiedError, match="certified optimum"):
        three_layer_set(solve(Problem(X, y, beta=0.1, architecture="three-layer"), oracle="ascent"))
    optima = three_layer_set(solve(Problem(X, y, beta=0.1, architecture="three-layer")))
    with pytest.raises(InputError, match="one number for each first-layer unit"):
        optima.network([1.0] * 50)
