"""A solution path whose every number is known, shared by the tests of what shows paths."""

from functools import cache

import numpy as np

from dualscape.landscape.path_draft import SolutionPath
from dualscape.landscape.solution_path import solution_path
from dualscape.model.problem import Problem

#: 1-D, no bias: the units x_+ and (-x)_+ have no row in common; they enter at beta = |a . y| = 4 and 5.5.
X = np.array([[1.0], [2.0], [-1.0], [-3.0]])
Y = np.array([1.0, 1.5, 0.5, -2.0])


@cache
def line_path() -> SolutionPath:
    """Six points from above beta_max down."""
    return solution_path(Problem(X, Y, beta=1.0, bias="none"), [8.0, 5.0, 3.0, 2.0, 1.0, 0.1])
