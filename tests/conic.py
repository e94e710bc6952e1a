"""The convex program by a conic solver: the reference that shares nothing with the library but the patterns."""

import warnings
from typing import NamedTuple

import cvxpy as cp
import numpy as np


class Conic(NamedTuple):
    """What the conic solver found."""

    value: float
    point: tuple[np.ndarray, np.ndarray]
    #: Whether it reached its own accuracy.
    accurate: bool


def loss_of(problem, fit):
    """L(fit, y) in the terms of the conic solver."""
    y, w = problem.y, np.ones(problem.n) if problem.loss.weights is None else problem.loss.weights
    if problem.loss.name == "squared":
        return cp.sum(cp.multiply(w, cp.square(fit - y))) / 2
    if problem.loss.constraint:
        return cp.transforms.indicator([fit == y])
    if problem.loss.name == "huber":
        return cp.sum(cp.multiply(w, cp.huber(fit - y, problem.loss.delta))) / 2
    if problem.loss.name == "squared-hinge":
        return cp.sum(cp.multiply(w, cp.square(cp.pos(1 - cp.multiply(y, fit))))) / 2
    assert problem.loss.name == "logistic"
    return cp.sum(cp.multiply(w, cp.logistic(-cp.multiply(y, fit))))


def conic_optimum(program, loss_of=loss_of) -> Conic:
    """The optimum of the program by Clarabel, for a loss in its terms: a function of (problem, fit)."""
    X, problem = program.problem.X, program.problem
    v, w = (cp.Variable((len(program.patterns), problem.d)) for _ in range(2))
    fit, constraints = np.zeros(problem.n), []
    slope = getattr(problem.architecture, "slope", 0.0)
    for i, active in enumerate(program.patterns):
        cone = np.where(active, 1.0, -1.0)[:, None] * X
        fit = fit + (np.where(active, 1.0, slope)[:, None] * X) @ (v[i] - w[i])
        constraints += [cone @ v[i] >= 0, cone @ w[i] >= 0]
    priced = np.broadcast_to(problem.space.priced, v.shape)
    norms = [cp.norm(cp.multiply(priced, half), 2, axis=1) for half in (v, w)]
    objective = problem.beta * (cp.sum(norms[0]) + cp.sum(norms[1]))
    if problem.free.q:
        free = cp.Variable(problem.free.q)
        fit = fit + problem.free.matrix @ free
        objective = objective + problem.free.decay / 2 * cp.sum_squares(free)
    conic = cp.Problem(cp.Minimize(loss_of(problem, fit) + objective), constraints)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # 'may be inaccurate': the comparison decides
        value = conic.solve(solver=cp.CLARABEL)
    return Conic(value, (v.value, w.value), conic.status == cp.OPTIMAL)
