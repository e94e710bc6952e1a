"""Isolation is a lower bound: no network on the border of a region, however it was found, lies below it."""

import numpy as np
import pytest
from scipy.optimize import minimize, nnls

from dualscape import Problem, optimal_set, permutation_path, solve
from dualscape.errors import InputError
from dualscape.landscape.paths import isolation as module
from dualscape.landscape.paths.confined import dual_lower_bound
from dualscape.landscape.paths.isolation import Region, isolation
from solved import solved


def random(seed, rows=8, **kind):
    rng = np.random.default_rng(seed)
    problem = Problem(rng.standard_normal((rows, 2)), rng.standard_normal(rows), beta=1.0, **kind)
    return optimal_set(solve(problem.with_beta(0.1 * problem.beta_max())))


def value(X, y, beta, U, signs, slope=0.0, M=None):
    """The least objective over masses of units U with signs, and weights of M, by non-negative least squares."""
    lengths = np.linalg.norm(U, axis=1)
    Z = X @ (U / np.where(lengths > 0, lengths, 1.0)[:, None]).T
    A = signs * np.maximum(Z, slope * Z)
    if M is not None:
        Q = np.linalg.qr(M)[0]
        A, y = A - Q @ (Q.T @ A), y - Q @ (Q.T @ y)
    if not len(U):
        return 0.5 * np.sum(y**2)
    # The square of 1.c / big + big beta is 2 beta 1.c, up to a constant and what is small.
    big = 1e4
    rows, target = np.vstack([A, np.full((1, len(U)), 1 / big)]), np.append(y, -big * beta)
    c = nnls(rows, target)[0]
    return 0.5 * np.sum((A @ c - y) ** 2) + beta * c.sum()


@pytest.mark.parametrize(
    ("seed", "kind", "slope"),
    [
        (0, {}, 0.0),
        (4, {}, 0.0),
        (1, {"free": "constant"}, 0.0),
        (7, {"rows": 4, "free": "constant", "architecture": "abs"}, -1.0),
        (10, {"rows": 5, "architecture": "abs"}, -1.0),
        (7, {"rows": 4, "architecture": "leaky:-0.5"}, -0.5),
        (7, {"free": "linear", "architecture": "leaky:0.2"}, 0.2),
    ],
)
def test_networks_on_the_border_lie_no_lower(seed, kind, slope):
    """One neuron is put on each hyperplane of the data in turn, and the others turn to what is best."""
    optima = random(seed, **kind)
    rest = {"slope": slope, "M": optima.problem.free.matrix if kind.get("free") else None}
    problem, found = optima.problem, isolation(optima)
    assert (found > 0).all()
    X, y, beta = problem.X, problem.y, problem.beta
    for masses, height in zip(optima.vertices, found, strict=True):
        network = optima.network(masses).prune()
        least, heights = np.inf, X @ network.directions.T
        sides = np.where(abs(heights) > 1e-6 * np.linalg.norm(X, axis=1)[:, None], np.sign(heights), 0)
        for slot in range(network.width):
            strict = np.abs(X @ network.directions[slot]) > 1e-6 * np.linalg.norm(X, axis=1)
            for x in X[strict]:
                across = np.eye(problem.d) - np.outer(x, x) / (x @ x)

                def objective(flat, slot=slot, across=across, network=network, sides=sides):
                    U = flat.reshape(network.width, -1).copy()
                    U[slot] = across @ U[slot]
                    if (sides * (X @ U.T) < -1e-9).any():  # outside the regions
                        return 1e9
                    return value(X, y, beta, U, network.signs, **rest)

                start = network.directions.ravel()
                least = min(least, minimize(objective, start, method="Nelder-Mead", options={"maxiter": 60}).fun)
        for slot in range(network.width):
            left, signs = np.delete(network.directions, slot, 0), np.delete(network.signs, slot)
            least = min(least, value(X, y, beta, left, signs, **rest))
        assert height <= (least - problem.objective(network)) * (1 + 1e-6) + 1e-9


@pytest.mark.parametrize(
    "kind", [{"architecture": "leaky:-0.5"}, {"architecture": "abs"}, {"architecture": "abs", "free": "constant"}]
)
def test_kinks_do_not_hide_it(kind):
    """At kinks the shares are those that make the score least, for every slope below 0: else nothing is proven."""
    assert (isolation(random(2, rows=6, **kind)) > 0).all()


@pytest.mark.parametrize("name", ["talk", "triangle"])
def test_it_is_below_what_permutations_climb(name):
    _, optima, _ = solved(name)
    for masses, height in zip(optima.vertices, isolation(optima), strict=True):
        network = optima.network(masses).prune()
        assert height > 0
        if network.width > 1:
            order = np.roll(np.arange(network.width), 1)
            assert height <= permutation_path(optima.problem, network, order).barrier


def test_a_lone_neuron_in_closed_form():
    """X = 1 with one unit: the border is the zero network, whose objective is 1/2 y^2."""
    problem = Problem([[1.0]], [2.0], beta=0.5, bias="none")
    assert isolation(optimal_set(solve(problem))) == pytest.approx([0.5 * (2.0 - 0.5) ** 2])


def test_other_networks_are_refused():
    problem = Problem([[1.0], [-2.0], [0.5]], [1.0, 0.5, 0.0], beta=0.1, architecture="gated:4")
    with pytest.raises(InputError, match="relu, leaky:a or abs"):
        isolation(optimal_set(solve(problem)))


@pytest.mark.parametrize("seed", [0, 2, 4])
def test_what_is_feasible_bounds_every_unit_of_a_region(seed, monkeypatch):
    """Any nu that satisfies the constraints handed on, not only the best, has s nu . (X u)_+ <= beta in the regions."""
    optima = random(seed)
    problem, rng, asked = optima.problem, np.random.default_rng(seed), []

    def spy(problem, groups, sign_rows, above):
        asked.append((groups, sign_rows))
        return dual_lower_bound(problem, groups, sign_rows, above)

    monkeypatch.setattr(module, "dual_lower_bound", spy)
    isolation(optima)
    sides = np.sign(np.where(abs(problem.X @ optima.directions.T) > 1e-6, problem.X @ optima.directions.T, 0))
    assert (sides == 0).any()
    U = rng.standard_normal((20_000, problem.d))
    U /= np.linalg.norm(U, axis=1, keepdims=True)
    heights = problem.X @ U.T
    for groups, sign_rows in asked[:6]:
        # The slots that are not on a hyperplane have the same columns in every question about them.
        for unit, sign in enumerate(optima.signs):
            region = Region.of(problem, optima.nu, optima.directions[unit], sign)
            if not any(np.array_equal(region.columns, group) for group in groups):
                continue
            inside = (sides[:, unit][:, None] * heights >= 0).all(axis=0)
            for _ in range(20):
                nu = rng.standard_normal(problem.n)
                for row, side in sign_rows:
                    nu[row] = -side * abs(nu[row]) if (row, -side) not in sign_rows else 0.0
                nu *= problem.beta / max(np.linalg.norm(group.T @ nu) for group in groups)
                assert (sign * nu @ np.maximum(heights[:, inside], 0)).max(initial=0.0) <= problem.beta * (1 + 1e-9)
