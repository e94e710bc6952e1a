"""Several outputs with every loss, bias, free part, activation and number of features a neuron sees, rows weighted by
turns: proven here anew, or refused.

The objective is computed from the weights of the network, and the lower bound by weak duality from N, with h(N) by
brute force over all faces, in formulas that are written down here alone.
"""

import itertools

import numpy as np
import pytest
from scipy.special import entr, logsumexp

from dualscape import GatedReLU, Problem, solve
from dualscape.errors import InputError

X = np.array([[1.0, 1.1], [-1.2, -1.0], [-1.0, 1.3], [1.1, -0.9], [2.0, 0.5]])
NUMBERS = np.array([[1.0, -0.4], [0.5, 0.8], [-1.0, 0.1], [-0.5, -0.7], [0.7, 1.2]])
CLASSES = np.array([0, 1, 2, 0, 1])
ONES = np.ones((5, 1))
GATES = np.random.default_rng(0).normal(size=(7, 3))
LOSSES = ("squared", "multinomial", "huber:0.5", "logistic", "squared-hinge", "interpolation")
BIASES = ("penalised", "none", "free")
FREE = {"none": np.zeros((5, 0)), "constant": ONES, "linear": X, "affine": np.hstack([ONES, X])}
ACTIVATIONS = {"relu": 0.0, "leaky:0.2": 0.2, "abs": -1.0, "gated": None}
WEIGHTS = np.array([1.0, 2.0, 0.5, 1.0, 3.0])
BETA = 0.1


def greatest(Z, N, slope):
    """max over |u| <= 1 of |N^T sigma(Z u)|, sigma(z) = max(z, slope z): on every face of every cell, where the
    function is linear, at the vector of the greatest singular value if it lies there."""
    (n, d), best = Z.shape, 0.0
    every = np.array(list(itertools.product([False, True], repeat=n)))
    pulls = np.einsum("pn,nd,nc->pdc", np.where(every, 1.0, slope), Z, N)
    for on in itertools.chain.from_iterable(itertools.combinations(range(n), j) for j in range(d)):
        held = list(on)
        span = np.linalg.qr(Z[held].T, mode="complete")[0][:, len(held) :]
        left, singular, _ = np.linalg.svd(np.einsum("dm,pdc->pmc", span, pulls), full_matrices=False)
        heights = np.where(every, 1.0, -1.0) * (left[:, :, 0] @ span.T @ Z.T)
        heights[:, held] = 0.0
        inside = (heights.min(axis=1) >= -1e-9) | (heights.max(axis=1) <= 1e-9)
        best = max(best, singular[inside, 0].max(initial=0.0))
    return best


def h(bias, activation, q, N):
    if bias == "free":  # the columns of N sum to 0: no kink is better than those at rows
        return max(greatest(X - x, N, 0.0) for x in X)
    seen = np.hstack([X, ONES]) if bias == "penalised" else X
    if activation == "gated":
        inside = seen @ GATES[:, : seen.shape[1]].T >= 0
        return max(np.linalg.norm(seen.T @ (column[:, None] * N), 2) for column in inside.T)
    subsets = [[0, 1]] if q is None else [[0], [1]]
    return max(greatest(seen[:, [*kept, *range(2, seen.shape[1])]], N, ACTIVATIONS[activation]) for kept in subsets)


def loss_and_dual(loss, F, N, w, scale):
    """(L(F), D(scale N))."""
    if loss == "squared":
        N = scale * N
        return 0.5 * (w * (F - NUMBERS) ** 2).sum(), (N * NUMBERS).sum() - 0.5 * (N**2 / w).sum()
    Y = np.eye(3)[CLASSES]
    P = Y - scale * N / w
    assert P.min() > -1e-12
    assert np.abs(P.sum(axis=1) - 1).max() < 1e-12
    own = F[np.arange(5), CLASSES]
    return float(w[:, 0] @ (logsumexp(F, axis=1) - own)), (w * entr(np.maximum(P, 0))).sum()


def refusal(loss, bias, free, activation, q):
    """A part of the message where the combination is refused; None where it works."""
    if loss in ("huber:0.5", "logistic", "squared-hinge", "interpolation"):
        return "y has 2 columns"
    if activation == "gated" and q is not None:
        return "whose gates see all features"
    if loss == "multinomial" and free == "affine":
        return "separate the classes"
    if bias == "free" and free not in ("constant", "affine"):
        return "free output bias"
    if bias == "free" and (activation != "relu" or q is not None):
        return "no free bias"
    return None


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("free", FREE)
def test_combinations(loss, bias, free):
    """All are built. A third is solved, and oracles and weights take turns, so that each value of a choice is met with
    each of every other."""
    for turn, (activation, q) in enumerate(itertools.product(ACTIVATIONS, (None, 1))):
        turn += LOSSES.index(loss) + BIASES.index(bias) + list(FREE).index(free)
        kind = GatedReLU(GATES[:, : 2 + (bias == "penalised")]) if activation == "gated" else activation
        weights = WEIGHTS if turn % 2 == 0 else None
        settings = {"loss": loss, "bias": bias, "free": free, "activation": kind, "features_per_neuron": q}

        def build(settings=settings, weights=weights):
            beta = None if loss == "interpolation" else BETA
            y = CLASSES if loss == "multinomial" else NUMBERS
            return Problem(X, y, beta=beta, sample_weight=weights, **settings)

        expected = refusal(loss, bias, free, activation, q)
        if expected is not None:
            with pytest.raises(InputError, match=expected):
                build()
            continue
        problem = build()
        if turn % 3:
            continue
        exact = [name for name, oracle in problem.space.kinds.items() if oracle.exact and oracle.complete]
        found = solve(problem, oracle=exact[turn // 3 % len(exact)])
        assert found.certificate.verdict == "global", problem
        check(found, loss, bias, free, activation, q, (np.ones(5) if weights is None else weights)[:, None])


def check(found, loss, bias, free, activation, q, w):
    network, N, M = found.network, found.nu.reshape(5, -1), FREE[free]
    U, alpha = network.weights()
    seen = X if bias == "none" else np.hstack([X, ONES])
    z = seen @ U.T
    if activation == "gated":
        columns = z * (seen @ GATES[network.gates, : seen.shape[1]].T >= 0)
    else:
        columns = np.maximum(z, ACTIVATIONS[activation] * z)
    F = columns @ alpha + M @ network.free_weights.reshape(M.shape[1], N.shape[1])
    if q is not None:
        assert (np.count_nonzero(U[:, :2], axis=1) <= q).all()
    assert np.abs(M.T @ N).max(initial=0) < 1e-9
    top = h(bias, activation, q, N)
    assert top <= found.certificate.answer.upper * (1 + 1e-12)
    value, bound = loss_and_dual(loss, F, N, w, min(1.0, BETA / top))
    objective = value + BETA / 2 * ((U[:, : 2 if bias == "free" else None] ** 2).sum() + (alpha**2).sum())
    assert objective == pytest.approx(found.certificate.primal, rel=1e-9)
    assert bound == pytest.approx(objective, rel=1e-7)
    assert found.certificate.dual <= objective * (1 + 1e-12)
