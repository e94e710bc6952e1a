"""Small problems, often degenerate, and networks that nobody has trained."""

import numpy as np

from dualscape.model.network import Network
from dualscape.model.problem import Problem

FREE = ("none", "constant", "linear", "affine")


def made(seed, free="none", loss="squared", free_decay=0.0):
    """A small problem, often degenerate: lattice points, parallel and antipodal rows, repeated ones."""
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(4, 9)), int(rng.integers(1, 4))
    X = rng.integers(-2, 3, (n, d)).astype(float) if seed % 2 else rng.standard_normal((n, d))
    if seed % 3 == 0:
        X[-1] = -2 * X[0]
        X[-2] = X[0]
    y = rng.standard_normal(n) if loss == "squared" else np.resize([1.0, -1.0], n)
    problem = Problem(
        X, y, beta=1.0, bias="none" if seed % 5 else "penalised", free=free, loss=loss, free_decay=free_decay
    )
    top = problem.beta_max()
    return problem.with_beta(rng.choice([0.03, 0.1, 0.5, 1.3]) * (top if top > 1e-9 else 1.0))


def several(seed, loss="squared"):
    """A small problem with two or three outputs, often degenerate."""
    rng = np.random.default_rng(seed)
    n, d, c = int(rng.integers(1, 6)), int(rng.integers(1, 4)), int(rng.integers(2, 4))
    X = rng.integers(-2, 3, (n, d)).astype(float) if seed % 2 else rng.standard_normal((n, d))
    if seed % 3 == 0:
        X[-1] = -2 * X[0]
    Y = rng.integers(-1, 2, (n, c)).astype(float) if seed % 4 == 1 else rng.standard_normal((n, c))
    if loss == "multinomial":
        X, Y = np.vstack([X, np.ones((3, d))]), np.append(rng.integers(0, 3, n), [0, 1, 2])
    free, activation = "none" if seed % 7 else "constant", "relu" if seed % 4 else "leaky:0.3"
    bias = "none" if seed % 5 else "penalised"
    problem = Problem(X, Y, beta=1.0, bias=bias, loss=loss, free=free, activation=activation)
    top = problem.beta_max()
    return problem.with_beta(rng.choice([0.03, 0.1, 0.5, 1.3]) * (top if top > 1e-9 else 1.0))


def anything(problem, width, seed):
    """A network that nobody has trained: unbalanced, with zero, dead, half dead and repeated neurons."""
    rng = np.random.default_rng(seed)
    outer = (width,) if problem.c == 1 else (width, problem.c)
    U, alpha = rng.standard_normal((width, problem.d)), rng.standard_normal(outer)
    if seed % 2:
        U[0], alpha[1 % width] = 0.0, 0.0
        U[2 % width], alpha[2 % width] = 0.0, 0.0
    if seed % 3 == 0 and width > 3:
        U[3], alpha[3] = 2 * U[-1], 0.3 * alpha[-1]
    free = problem.free
    weights, kind = rng.standard_normal(free.q), problem.architecture
    return Network.from_weights(U, alpha, bias=problem.bias, architecture=kind, free=free.kind, free_weights=weights)
