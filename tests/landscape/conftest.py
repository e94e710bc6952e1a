"""Optimal sets that tests of several files look at."""

import numpy as np
import pytest

from dualscape.landscape.optimal_set import optimal_set
from dualscape.model.problem import Problem
from planted import TALK, circle_family, planted, solution_at


@pytest.fixture(scope="module")
def talk():
    return optimal_set(solution_at(Problem(TALK, [1, 1], beta=0.1, bias="none"), np.full(2, 0.05)))


@pytest.fixture(scope="module")
def triangle():
    t = np.radians([90, 210, 330])
    X = np.column_stack([np.cos(t), np.sin(t)])
    return optimal_set(planted(X, np.ones(3), lambda k: np.full(k, 0.3)))


@pytest.fixture(scope="module")
def segment():
    return optimal_set(circle_family([30, 45, 60, 75, 90], np.ones))
