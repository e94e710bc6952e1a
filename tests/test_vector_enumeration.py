"""Networks with several outputs against plain enumeration: h, planted optima, their vertices, components, members."""

import numpy as np
import pytest
from scipy.special import logsumexp

from dualscape import Network, Problem, optimal_set, solve, staircase
from dualscape.geometry.hinges import Hinges
from dualscape.oracles import Question
from dualscape.oracles.vector.bisection import VectorBisection
from dualscape.oracles.vector.faces import FacesOracle
from dualscape.oracles.vector.search import VectorSearch
from enumeration import components, tight, vertices

KINDS = ("plain", "lattice", "twice", "antipodes", "zero row", "units", "rank one", "more outputs", "near", "scales")


def drawn(kind, seed):
    """(X of full rank, N) of a kind."""
    rng = np.random.default_rng((seed, KINDS.index(kind)))
    d, c = int(rng.integers(2, 4)), int(rng.integers(2, 5))
    n = d + int(rng.integers(0, 4))
    X, N = rng.standard_normal((n, d)), rng.standard_normal((n, c))
    if kind == "lattice":
        X, N = np.vstack([np.eye(d), rng.integers(-1, 2, (n - d, d))]), rng.integers(-2, 3, (n, c)).astype(float)
    if kind == "twice":
        X, N = np.vstack([X, X[:2]]), np.vstack([N, N[2:4] if n > 3 else N[:2]])
    if kind == "antipodes":
        X, N = np.vstack([X, -rng.uniform(0.5, 2, (2, 1)) * X[:2]]), np.vstack([N, rng.standard_normal((2, c))])
    if kind == "zero row":
        X[-1] = 0.0 if n > d else X[-1]
    if kind == "units":
        X = np.eye(d)[np.arange(n) % d] * rng.choice([-1.0, 1.0], (n, 1))
    if kind == "rank one":
        N = np.outer(N[:, 0], N[0])
    if kind == "more outputs":
        N = rng.standard_normal((n, 6))
    if kind == "near":
        X[1:] = X[1:] + 10.0 ** rng.uniform(-10, -3) * rng.standard_normal((n - 1, d))
    if kind == "scales":
        X, N = X * 10.0 ** rng.uniform(-12, 12), N * 10.0 ** rng.uniform(-12, 12)
    return X, N, rng


@pytest.mark.parametrize("kind", KINDS)
def test_bounds_of_every_oracle_hold_h(kind):
    for seed in range(6):
        X, N, rng = drawn(kind, seed)
        h = tight(X / np.abs(X).max(), N / np.abs(N).max(), rng)[0] * np.abs(X).max() * np.abs(N).max()
        hinges, nu, c = Hinges.of(X), N.ravel(), N.shape[1]
        for oracle, above in (
            (FacesOracle(hinges, c), 0.0),
            (VectorBisection(hinges, c), (1 - 1e-8) * h),
            (VectorBisection(hinges, c), (1 + 1e-8) * h),
            (VectorSearch(hinges, c), 0.0),
        ):
            answer = oracle.best_units(Question(nu, above=above))
            assert answer.lower <= h * (1 + 1e-13)
            assert answer.upper >= h * (1 - 1e-14)
            if oracle.exact:
                assert answer.upper <= max(h, above) * (1 + 1e-9)
            if above < h and oracle.exact:
                assert answer.lower >= h * (1 - 1e-11)


def square():
    angles = np.pi / 2 * np.arange(4)
    return np.round(np.column_stack([np.cos(angles), np.sin(angles)]))


#: (X, N): symmetric, so that several units are tight, and how many these are.
PLANTED = {
    "square, one sign": (square(), np.column_stack([np.ones(4), 0.5 * np.array([1, -1, 1, -1])]), 4),
    "square, turned": (square() @ np.array([[0.6, 0.8], [-0.8, 0.6]]), np.outer([1, -1, 1, -1], [3.0, 4.0]), 4),
    "square, constant": (square(), np.ones((4, 2)), 4),
    "general": (*drawn("plain", 3)[:2], 1),
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_optima_are_all_found(name):
    X, N, k = PLANTED[name]
    rng, beta = np.random.default_rng(1), 0.7
    h, U = tight(X, N, rng)
    assert len(U) == k
    N = beta * N / h
    heights = np.maximum(X @ U.T, 0)
    V = heights.T @ N / beta
    A = np.einsum("nk,kc->nck", heights, V).reshape(N.size, k)
    c = rng.uniform(0.5, 2, k)
    solution = solve(Problem(X, (A @ c).reshape(N.shape) + N, beta=beta, bias="none"))
    assert solution.certificate.verdict == "global"
    assert solution.certificate.primal == pytest.approx(0.5 * (N**2).sum() + beta * c.sum(), rel=1e-11)
    optima = optimal_set(solution)
    points = vertices(A, A @ c)
    assert (optima.k, len(optima.vertices)) == (k, len(points))
    stairs = staircase(optima)
    widths = (points > 0).sum(axis=1)
    assert (stairs.m_star, stairs.M_star) == (widths.min(), widths.max())
    for row in stairs.rows:
        assert row.components == components(points, row.m)
    for point in points:
        used, roots = np.flatnonzero(point), np.sqrt(point[point > 0])[:, None]
        assert optima.contains(Network.from_weights(roots * U[used], roots * V[used]))
        aside = V[used] + 1e-3 * rng.standard_normal(V[used].shape)
        aside *= roots / np.linalg.norm(aside, axis=1)[:, None]
        assert not optima.contains(Network.from_weights(roots * U[used], aside))


@pytest.mark.parametrize("loss", ["squared", "multinomial"])
def test_the_gap_is_closed_by_other_means(loss):
    """Objective and dual value from the weights alone, with h by enumeration."""
    for seed in range(6):
        X, Y, rng = drawn("plain", 20 + seed)
        if loss == "multinomial":
            Y = np.eye(2)[np.arange(len(X)) % 2]
        target = Y.argmax(axis=1) if loss == "multinomial" else Y
        problem = Problem(X, target, beta=1.0, bias="none", loss=loss)
        start = Y - 0.5 if loss == "multinomial" else Y
        assert problem.beta_max() == pytest.approx(tight(X, start, rng)[0], rel=1e-12)
        beta = 0.3 * problem.beta_max()
        U, V = solve(problem.with_beta(beta)).network.weights()[:2]
        f = np.maximum(X @ U.T, 0) @ V
        penalty = 0.5 * beta * ((U**2).sum() + (V**2).sum())
        if loss == "multinomial":
            N = Y - np.exp(f - logsumexp(f, axis=1, keepdims=True))
            value, dual = (logsumexp(f, axis=1) - (f * Y).sum(axis=1)).sum(), -((Y - N) * np.log(Y - N)).sum()
        else:
            N = Y - f
            value, dual = 0.5 * (N**2).sum(), (N * Y).sum() - 0.5 * (N**2).sum()
        assert tight(X, N, rng)[0] <= beta * (1 + 1e-10)
        assert dual == pytest.approx(value + penalty, rel=1e-9)
