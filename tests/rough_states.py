"""Networks in the middle of being solved."""

import numpy as np

from dualscape import Problem
from dualscape.solver.iterate import Iterate
from dualscape.solver.task import Scale, Task


def scaled(problem):
    """Its task in the solver's units of length."""
    task = Task.of(problem)
    return Scale.of(task).task(task)


def rough_state(loss="squared", n=120, d=6):
    """A state between two searches, in the solver's units of length."""
    rng = np.random.default_rng(2)
    X = rng.standard_normal((n, d))
    y = np.maximum(X @ rng.standard_normal((d, 5)), 0) @ np.array([1.0, -1.0, 1.0, -1.0, 1.0])
    y += 0.1 * rng.standard_normal(n)
    y = y if loss == "squared" else np.where(y > 0, 1.0, -1.0)
    problem = Problem(X, y, beta=5.0 if loss == "squared" else 1.0, loss=loss, bias="none")
    state = Iterate.empty(scaled(problem))
    state.begin_wide(60, 40, lambda: True)
    return state
