"""Newton's method on compositions: against a conic solver over the same pieces."""

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest

from dualscape.model.architectures import ThreeLayerReLU
from dualscape.model.losses import get_loss
from dualscape.solver import newton_on_compositions
from dualscape.solver.newton_on_compositions import slide_composed
from dualscape.solver.task import Task


def slid(task, found):
    """Where the method comes to, (q,)."""
    kept = {}
    slide_composed(task, replace(found, units=lambda x: kept.update(x=x) or found.units(x)), 1e-14)
    return kept["x"]


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("seed", range(4))
def test_the_minimum_over_pieces_and_an_equation(seed, loss):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((7, 3)), np.sign(rng.standard_normal(7))
    task = Task(ThreeLayerReLU(4).on(X), get_loss(loss), y, 0.05)
    found = task.space.composed(task.space.random(3, rng), np.array([0.5, 0.4, 0.3]))
    assert (found.borders @ found.x >= 0).all()
    found = replace(found, held=(found.jacobian[:1] - found.jacobian[1:2]) * (seed > 0))
    end = slid(task, found)
    x = cp.Variable(len(end))
    fit = found.jacobian @ x
    value = cp.sum_squares(fit - y) / 2 if loss == "squared" else cp.sum(cp.logistic(-cp.multiply(y, fit)))
    cost = 0.05 * sum(cp.norm(x[found.owner == j]) for j in np.unique(found.owner))
    pieces = [found.held @ x == 0, found.borders @ x >= 0]
    best = cp.Problem(cp.Minimize(value + cost), pieces).solve(solver=cp.CLARABEL)
    lengths = np.sqrt(np.bincount(found.owner, end * end))
    assert task.value(found.jacobian @ end, float(lengths.sum())) == pytest.approx(best, rel=1e-7)
    assert np.abs(found.held @ end).max() <= 1e-12
    assert (found.borders @ end >= -1e-11).all()
    without = cp.Problem(cp.Minimize(value + cost), pieces[:1]).solve(solver=cp.CLARABEL)
    assert without < best * (1 - 1e-3)  # so that borders press


def test_steps_that_are_too_dear_are_left_out(monkeypatch):
    rng = np.random.default_rng(0)
    task = Task(ThreeLayerReLU(4).on(rng.standard_normal((7, 3))), get_loss("squared"), rng.standard_normal(7), 0.05)
    found = task.space.composed(task.space.random(3, rng), np.array([0.5, 0.4, 0.3]))
    assert not np.array_equal(slid(task, found), found.x)
    monkeypatch.setattr(newton_on_compositions, "DEAREST", len(found.borders) * len(found.x) ** 2 - 1)
    assert np.array_equal(slid(task, found), found.x)
