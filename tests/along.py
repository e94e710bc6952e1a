"""What the tests know of a path of ReLU networks by themselves: weights, objectives on a dense grid, jumps."""

import numpy as np


def objective(problem, network, weight_decay=True):
    """L + beta/2 sum_j (|u_j|^2 + alpha_j^2) + rho/2 |w|^2 from the weights, for squared and logistic loss."""
    U, alpha = network.weights()
    fit = np.maximum(problem.X @ U.T, 0.0) @ alpha
    if problem.free.q:
        fit = fit + problem.free.matrix @ network.free_weights
    if problem.loss.name == "squared":
        loss = 0.5 * np.sum((fit - problem.y) ** 2)
    else:
        loss = np.sum(np.logaddexp(0.0, -problem.y * fit))
    ridge = 0.5 * problem.free.decay * np.sum(network.free_weights**2)
    decay = 0.5 * problem.beta * (np.sum(U**2) + np.sum(alpha**2)) if weight_decay else 0.0
    return loss + ridge + decay


def sampled(path, count=9):
    """Objectives at `count` points of every piece, in turn."""
    t = np.unique(np.concatenate([np.linspace(a, b, count) for a, b in zip(path.times, path.times[1:], strict=False)]))
    return np.array([objective(path.problem, path.at(s), path.weight_decay) for s in t])


def flat(network):
    U, alpha = network.weights()
    return np.concatenate([U.ravel(), alpha, network.free_weights])


def jump(path):
    """The greatest change of weights within 2e-12 around where pieces meet, relative to the greatest on the path."""
    found, size = 0.0, max(np.linalg.norm(flat(path.at(t))) for t in path.times)
    for t in path.times:
        left, right = flat(path.at(max(t - 1e-12, 0.0))), flat(path.at(min(t + 1e-12, 1.0)))
        found = max(found, np.linalg.norm(left - right) / (size or 1.0))
    return found


def check(path, start, end, width):
    """A path of that width with these ends, continuous, and never above what it says; gives objectives along it."""
    values = sampled(path)
    assert all(path.at(t).width == width for t in np.linspace(0, 1, 5))
    for network, given in ((path.at(0.0), start), (path.at(1.0), end)):
        np.testing.assert_allclose(flat(network), flat(given.pad(width)), rtol=0, atol=1e-15 * abs(flat(given)).max())
    assert jump(path) < 1e-4
    size = 1e-10 * max(values.max(), 1e-12)
    assert values.max() <= path.max_objective + size
    assert path.max_objective <= values.max() + size  # attained at a corner, which is sampled
    assert path.verify(), path.verify().reason
    return values


def rise(values):
    """The greatest rise of values above an earlier one, relative to the greatest value."""
    return float((values - np.minimum.accumulate(values)).max() / max(abs(values).max(), 1e-300))
