"""Solved problems shared by the tests of figures, each solved once."""

from functools import cache

import numpy as np

from dualscape.landscape.optimal_set import OptimalSet, optimal_set
from dualscape.landscape.staircase import Staircase, staircase
from dualscape.model.problem import Problem
from dualscape.solver import solve
from dualscape.solver.solution import Solution


def polygon(corners: int) -> np.ndarray:
    angles = 2 * np.pi * np.arange(corners) / corners
    return np.column_stack([np.cos(angles), np.sin(angles)])


def cube(d: int) -> np.ndarray:
    return np.array(np.meshgrid(*[[-1.0, 1.0]] * d)).reshape(d, -1).T


PROBLEMS = {
    "talk": lambda: Problem([[-(3**0.5), 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none"),
    "triangle": lambda: Problem(polygon(3), np.ones(3), beta=1, bias="none").at_fraction(0.1),
    "square": lambda: Problem(polygon(4), np.ones(4), beta=1, bias="none").at_fraction(0.1),
    "octagon": lambda: Problem(polygon(8), np.ones(8), beta=1, bias="none").at_fraction(0.1),
    "parity": lambda: Problem(cube(3), cube(3).prod(axis=1), beta=1).at_fraction(0.1),
    "signs": lambda: Problem([[1.0, 2], [-1, 1], [0.5, -2]], [1.0, -1, 2], beta=1, bias="none").at_fraction(0.2),
    "line": lambda: Problem(np.arange(-3, 4.0)[:, None], np.arange(-3, 4.0) ** 2, beta=1).at_fraction(0.05),
    "plane": lambda: Problem(cube(2) * [1, 2] + [0.3, 0.1], cube(2).prod(axis=1), beta=1).at_fraction(0.1),
    "zero": lambda: Problem([[-1.0, 2], [1, 1]], [1, 1], beta=50, bias="none"),
}


@cache
def solved(name: str) -> tuple[Solution, OptimalSet, Staircase]:
    solution = solve(PROBLEMS[name]())
    optima = optimal_set(solution)
    return solution, optima, staircase(optima)
