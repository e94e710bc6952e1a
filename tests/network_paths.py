"""Paths of networks of several kinds, for what draws them."""

import numpy as np

from dualscape import Problem, connect_sublevel, descend, permutation_path
from landscape_networks import anything
from solved import solved


def sine():
    x = np.linspace(-2, 2, 7)
    problem = Problem(x[:, None], np.sin(2 * x), beta=0.05)
    return descend(problem, anything(problem, 9, 0))


def two_inputs():
    rng = np.random.default_rng(2)
    problem = Problem(rng.standard_normal((5, 2)), rng.standard_normal(5), beta=0.1)
    return connect_sublevel(problem, anything(problem, 7, 1), anything(problem, 7, 2))


def permuted():
    _, optima, _ = solved("talk")
    return permutation_path(optima.problem, optima.choose("most"), [1, 0])
