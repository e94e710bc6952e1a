"""Where optimal units form a continuum: bounds that hold, members by their objective, and what is said of it."""

from dataclasses import replace

import numpy as np
import pytest

from dualscape import Network, Problem, continuum, optimal_set, solve, staircase, to_dict
from dualscape.analysis import analyze
from dualscape.errors import ContinuumError, NotCertifiedError
from dualscape.landscape.continuum import _bend, _rank_of_fit

BETA, S = 0.1, np.array([[2.0, 1.0], [1.0, 2.0]])


@pytest.fixture(name="problem", scope="module")
def fixture_problem():
    """Optimal networks are the factorisations S = sum_j w_j w_j^T, w_j >= 0; two factors are enough, and one is not."""
    return Problem(np.eye(2), S + BETA * np.eye(2), beta=BETA, bias="none")


def pair(angle):
    """Two factors, the first of them in this direction."""
    u = np.array([np.cos(angle), np.sin(angle)])
    w = u / np.sqrt(u @ np.linalg.solve(S, u))
    rest, vectors = np.linalg.eigh(S - np.outer(w, w))
    return np.array([w, np.sqrt(rest[1]) * vectors[:, 1] * np.sign(vectors[1, 1])])


def test_bounds_of_factorisations(problem):
    found = continuum(solve(problem))
    low, high = found.m_star if isinstance(found.m_star, tuple) else (found.m_star, found.m_star)
    assert low == found.rank == 2 <= high == found.network.width
    assert found.limit == 4
    for angle in np.radians([0.0, 12.0, 26.5]):
        assert found.contains(Network.from_weights(pair(angle), pair(angle)))
    worse = Network.from_weights(1.01 * pair(0.2), pair(0.2))
    assert not found.contains(worse)
    assert "more than" in found.contains(worse).reason
    stairs = found.staircase
    assert stairs.continuous
    assert not stairs.exact
    assert [row.m for row in stairs.rows] == [2, 3, 4, 5]
    assert stairs.rows[-1].components == 1
    assert stairs.row(2).components == (int(high == 2), None)
    assert "continuum" in stairs.explain()


def test_finitely_many_units_are_no_continuum():
    rng = np.random.default_rng(0)
    solution = solve(Problem(rng.standard_normal((5, 2)), rng.standard_normal((5, 2)), beta=0.4, bias="none"))
    with pytest.raises(NotCertifiedError, match="finitely many"):
        continuum(solution)


@pytest.mark.parametrize(
    ("settings", "seed", "fraction"),
    [
        ({}, 1, 0.03),
        ({"free": "constant"}, 10, 0.01),
        ({"activation": "abs"}, 2, 0.03),
        ({"loss": "multinomial"}, 10, 0.03),
    ],
)
def test_bounds_on_random_problems(settings, seed, fraction):
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((5, 2)), rng.standard_normal((5, 2))
    several = settings.get("loss") == "multinomial"
    solution = solve(Problem(X, [0, 1, 2, 0, 1] if several else Y, beta=1.0, **settings).at_fraction(fraction))
    problem = solution.problem
    with pytest.raises(ContinuumError) as refused:
        optimal_set(solution)
    assert refused.value.gaps.min() < 1e-8
    found = continuum(solution)
    A = problem.profile.seen(problem.space.columns(found.network.units))
    assert np.linalg.matrix_rank(A / np.linalg.norm(A, axis=0), tol=1e-9) == found.network.width
    assert problem.objective(found.network) <= solution.certificate.dual * (1 + 1e-9)
    assert found.contains(found.network.split(0))
    table = found.network.neurons_fit(problem.X).reshape(5, -1)
    table = table - table.mean(axis=0) if settings.get("free") else table
    assert found.rank == np.linalg.matrix_rank(table, tol=1e-5)
    assert found.rank <= found.network.width <= found.limit
    assert found.limit == {"free": 8}.get(next(iter(settings), ""), 10)


def test_copies_on_blocks():
    """Twice the optimum of one block, reached by its optimal network in each, and not less."""
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((4, 2)), rng.standard_normal(4)
    scalar = solve(Problem(x, y, beta=0.3, bias="none"))
    Y = np.zeros((8, 2))
    Y[:4, 0], Y[4:, 1] = y, y
    problem = Problem(np.kron(np.eye(2), x), Y, beta=0.3, bias="none")
    both = solve(problem)
    assert both.certificate.verdict == "global"
    assert both.certificate.primal == pytest.approx(2 * scalar.certificate.primal, rel=1e-10)
    U, alpha = scalar.network.weights()
    network = Network.from_weights(np.kron(np.eye(2), U), np.kron(np.eye(2), alpha[:, None]))
    found = continuum(both)
    assert found.contains(network)
    assert found.rank == 2
    fewest = staircase(optimal_set(scalar)).m_star
    assert found.rank <= 2 * fewest
    assert network.width <= found.limit


def test_what_an_analysis_says(problem):
    found = analyze(problem, epsilon=0.1)
    assert found.optimal_set is None
    assert found.continuum is not None
    assert found.staircase is found.continuum.staircase
    assert any("form a continuum: " in note and "an irreducible one of" in note for note in found.notes)
    assert any("near-optimal networks is left out: optimal units form a continuum" in note for note in found.notes)
    content = to_dict(found)
    assert content["continuum"]["rank"] == 2


def test_a_fit_that_is_hardly_known_has_no_rank():
    """The bound on m* from the rank of the fit falls with what the gap leaves open, down to nothing."""
    solution = solve(Problem(np.eye(2), np.array([[2.1, 1.0], [1.0, 2.1]]), beta=0.1, bias="none"))
    assert continuum(solution).rank == 2
    loose = replace(solution, certificate=replace(solution.certificate, gap=1.0))
    assert _rank_of_fit(loose) == 1
    looser = replace(solution, certificate=replace(solution.certificate, gap=10.0))
    assert _rank_of_fit(looser) == 0


def test_the_least_curvature_of_classes_is_that_of_differences():
    rng = np.random.default_rng(0)
    problem = Problem(rng.standard_normal((6, 2)), [0, 1, 2, 0, 1, 2], beta=0.3, loss="multinomial", bias="none")
    solution = solve(problem)
    F, least = problem.fit_of(solution.network), np.inf
    for i in range(6):
        for _ in range(2000):
            step = np.zeros((6, 3))
            step[i] = rng.standard_normal(3)
            step[i] -= step[i].mean()
            step *= 1e-4 / np.linalg.norm(step)
            values = [problem.loss.value(F + s * step.ravel(), problem.y) for s in (-1, 0, 1)]
            least = min(least, (values[0] - 2 * values[1] + values[2]) / 1e-8)
    assert _bend(solution) == pytest.approx(least, rel=0.02)
