"""Newton's method on compositions: against a conic solver over the same pieces."""

import cvxpy as cp
import numpy as np
import pytest

from dualscape.model.architectures import ThreeLayerReLU
from dualscape.model.losses import get_loss
from dualscape.solver.newton_on_compositions import slide_composed
from dualscape.solver.task import Task


def slid(task, found):
    """Where the method comes to, (q,)."""
    kept = {}
    other = type(found)(found.jacobian, found.owner, found.held, found.x, lambda x: kept.update(x=x) or found.units(x))
    slide_composed(task, other, 1e-14)
    return kept["x"]


@pytest.mark.parametrize(("seed", "loss"), [(0, "squared"), (1, "squared"), (2, "logistic")])
def test_the_minimum_over_the_parts_that_are_left(seed, loss):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((7, 3)), np.sign(rng.standard_normal(7))
    task = Task(ThreeLayerReLU(4).on(X), get_loss(loss), y, 0.05)
    found = task.space.composed(task.space.random(3, rng), np.array([0.5, 0.4, 0.3]))
    found = type(found)(found.jacobian, found.owner, found.jacobian[:1] - found.jacobian[1:2], found.x, found.units)
    end = slid(task, found)
    lengths = np.sqrt(np.bincount(found.owner, end * end))
    x = cp.Variable(len(end))
    fit = found.jacobian @ x
    value = cp.sum_squares(fit - y) / 2 if loss == "squared" else cp.sum(cp.logistic(-cp.multiply(y, fit)))
    cost = 0.05 * sum(cp.norm(x[np.flatnonzero(found.owner == j)]) for j in np.flatnonzero(lengths))
    gone = [x[j] == 0 for j in np.flatnonzero(end == 0)]
    best = cp.Problem(cp.Minimize(value + cost), [found.held @ x == 0, *gone]).solve(solver=cp.CLARABEL)
    assert task.value(found.jacobian @ end, float(lengths.sum())) == pytest.approx(best, rel=1e-7)
    assert np.abs(found.held @ end).max() <= 1e-12
