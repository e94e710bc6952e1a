"""Every loss with every bias, free part, activation and number of features a neuron sees: proven here anew, or refused.

What is proven is proven from first principles: the objective from the weights of the network, and the lower bound by
weak duality from nu, with h(nu) by brute force over all sign vectors, in formulas that are written down here alone.
"""

import itertools

import numpy as np
import pytest
from scipy.optimize import nnls

from dualscape import GatedReLU, Problem, solve
from dualscape.errors import InputError

X = np.array([[1.0, 1.1], [-1.2, -1.0], [-1.0, 1.3], [1.1, -0.9], [2.0, 0.5]])
NUMBERS, CLASSES = np.array([1.0, 0.5, -1.0, -0.5, 0.7]), np.array([1.0, 1.0, -1.0, -1.0, 1.0])
ONES = np.ones((5, 1))
GATES = np.random.default_rng(0).normal(size=(7, 3))
LOSSES = ("squared", "huber:0.5", "logistic", "squared-hinge", "interpolation")
BIASES = ("penalised", "none", "free")
FREE = {"none": np.zeros((5, 0)), "constant": ONES, "linear": X, "affine": np.hstack([ONES, X])}
ACTIVATIONS = {"relu": 0.0, "leaky:0.2": 0.2, "abs": -1.0, "gated": None}
BETA = 0.1


def loss_value(loss, f, y):
    r = f - y
    if loss == "squared":
        return 0.5 * r @ r
    if loss == "huber:0.5":
        return np.where(abs(r) <= 0.5, 0.5 * r * r, 0.5 * abs(r) - 0.125).sum()
    if loss == "logistic":
        return np.logaddexp(0, -y * f).sum()
    if loss == "squared-hinge":
        return 0.5 * np.maximum(0, 1 - y * f) @ np.maximum(0, 1 - y * f)
    assert np.abs(r).max() < 1e-9
    return 0.0


def conjugate(loss, nu, y):
    """D(nu) = -L*(-nu)."""
    p = np.clip(nu * y, 0, 1)
    if loss == "logistic":
        assert np.abs(p - nu * y).max() < 1e-12
        return -sum(q * np.log(q) for part in (p, 1 - p) for q in part if q > 0)
    if loss == "huber:0.5":
        assert np.abs(nu).max() <= 0.5 + 1e-12
    if loss == "squared-hinge":
        assert (nu * y).min() >= -1e-12
    return nu @ y - (0.0 if loss == "interpolation" else 0.5 * nu @ nu)


def greatest(Z, nu, slope):
    """max over |u| <= 1 of |nu . sigma(Z u)|, sigma(z) = max(z, slope z), from all sign vectors."""
    best = 0.0
    for active in itertools.product([slope, 1.0], repeat=len(Z)):
        sides = np.where(np.array(active) == 1.0, 1.0, -1.0)[:, None] * Z
        pull = Z.T @ (np.array(active) * nu)
        best = max(best, *(nnls(sides.T, -sign * pull)[1] for sign in (1.0, -1.0)))
    return best


def h(bias, activation, q, nu):
    """h(nu) over all neurons of the kind."""
    seen = np.hstack([X, ONES]) if bias == "penalised" else X
    if activation == "gated":
        inside = seen @ GATES[:, : seen.shape[1]].T >= 0
        return max(np.linalg.norm(seen.T @ (column * nu)) for column in inside.T)
    slope = ACTIVATIONS[activation]
    if bias == "free":
        return max(greatest(X - row, nu, slope) for row in X)
    subsets = [[0, 1]] if q is None else [[0], [1]]
    return max(greatest(seen[:, [*kept, *range(2, seen.shape[1])]], nu, slope) for kept in subsets)


def refusal(loss, bias, free, activation, q):
    """A part of the message where the combination is refused; None where it works."""
    if activation == "gated" and q is not None:
        return "whose gates see all features"
    if bias == "free" and free not in ("constant", "affine"):
        return "free output bias"
    if bias == "free" and (activation != "relu" or q is not None):
        return "no free bias"
    if loss == "interpolation" and rank_of_columns(bias, activation, q, free) < len(X):
        return "interpolat"
    return None


def rank_of_columns(bias, activation, q, free):
    """Of the columns of many neurons and the free features: whether every target can be interpolated."""
    rng = np.random.default_rng(1)
    seen = X if bias == "none" else np.hstack([X, ONES])
    if activation == "gated":
        inside = seen @ GATES[:, : seen.shape[1]].T >= 0
        columns = np.hstack([column[:, None] * seen for column in inside.T])
    else:
        u = rng.normal(size=(seen.shape[1], 400))
        if q is not None:
            u[0, ::2] = u[1, 1::2] = 0
        z = seen @ u
        columns = np.maximum(z, ACTIVATIONS[activation] * z)
    return np.linalg.matrix_rank(np.hstack([columns, FREE[free]]), tol=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("free", FREE)
def test_combinations(loss, bias, free):
    """Oracles take turns, so that each is asked with every value of every other choice."""
    for turn, (activation, q) in enumerate(itertools.product(ACTIVATIONS, (None, 1))):
        y = CLASSES if loss in ("logistic", "squared-hinge") else NUMBERS
        kind = GatedReLU(GATES[:, : 2 + (bias == "penalised")]) if activation == "gated" else activation
        beta = None if loss == "interpolation" else BETA

        def build(kind=kind, y=y, beta=beta, q=q):
            return Problem(X, y, beta=beta, loss=loss, bias=bias, free=free, activation=kind, features_per_neuron=q)

        expected = refusal(loss, bias, free, activation, q)
        if expected is not None:
            with pytest.raises(InputError, match=expected):
                solve(build())
            continue
        problem = build()
        exact = [name for name, oracle in problem.space.kinds.items() if oracle.exact and oracle.complete]
        place = turn + LOSSES.index(loss) + BIASES.index(bias) + list(FREE).index(free)
        found = solve(problem, oracle=exact[place % len(exact)])
        assert found.certificate.verdict == "global", problem
        check(found, loss, bias, free, activation, q, y)


def check(found, loss, bias, free, activation, q, y):
    network, nu, M = found.network, found.nu, FREE[free]
    beta = 1.0 if loss == "interpolation" else BETA
    U, alpha = network.weights()
    seen = X if bias == "none" else np.hstack([X, ONES])
    z = seen @ U.T
    if activation == "gated":
        columns = z * (seen @ GATES[network.gates, : seen.shape[1]].T >= 0)
    else:
        columns = np.maximum(z, ACTIVATIONS[activation] * z)
    f = columns @ alpha + M @ network.free_weights
    penalised = U[:, :-1] if bias == "free" else U
    objective = loss_value(loss, f, y) + beta / 2 * ((penalised**2).sum() + alpha @ alpha)
    assert objective == pytest.approx(found.certificate.primal, rel=1e-9)
    if q is not None:
        assert (np.count_nonzero(U[:, :2], axis=1) <= q).all()
    assert np.abs(M.T @ nu).max(initial=0) < 1e-9
    top = h(bias, activation, q, nu)
    assert top <= found.certificate.answer.upper * (1 + 1e-12)
    bound = conjugate(loss, min(1.0, beta / top) * nu, y)
    assert bound == pytest.approx(objective, rel=1e-7)
    assert found.certificate.dual <= objective * (1 + 1e-12)
