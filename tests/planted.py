"""Certified solutions made by hand from a known dual optimum, without the solver."""

import numpy as np
from scipy.optimize import nnls

from dualscape.model.certificate import certify_dual
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.oracles import Question
from dualscape.solver.solution import Solution

ROOT3 = 3**0.5
TALK = np.array([[-ROOT3, 1.0], [ROOT3, 1.0]])


def solution_at(problem: Problem, nu: np.ndarray) -> Solution:
    """The solution whose dual optimum is nu: masses on its tight units by non-negative least squares."""
    answer = problem.oracle("cells").best_units(Question(nu, above=0.99 * problem.beta))
    tight = answer.values >= (1 - 1e-8) * problem.beta
    units = answer.units.take(tight)
    A = problem.space.columns(units)
    masses = nnls(A, problem.y - nu)[0] if tight.any() else np.zeros(0)
    used = masses > 1e-12
    network = Network.of(units.take(used), masses[used], problem.bias)
    certificate = certify_dual(problem, network, nu, oracle="cells")
    return Solution(problem, network, nu, certificate, (), "converged")


def planted(X: np.ndarray, nu: np.ndarray, masses, *, beta: float = 1.0, bias: str = "none") -> Solution:
    """The squared-loss solution in which the tight units of nu (scaled to h(nu) = beta) carry the given masses.

    `masses` is called with the number of tight units.
    """
    probe = Problem(X, np.zeros(len(X)), beta=beta, bias=bias)
    nu = nu * (beta / probe.oracle("cells").best_units(Question(nu, above=0.0)).lower)
    answer = probe.oracle("cells").best_units(Question(nu, above=0.99 * beta))
    tight = answer.values >= (1 - 1e-8) * beta
    A = probe.space.columns(answer.units.take(tight))
    problem = Problem(X, A @ masses(int(tight.sum())) + nu, beta=beta, bias=bias)
    return solution_at(problem, nu)


def circle_family(degrees: list[float], masses) -> Solution:
    """A continuum of optima from points on a line (THEORY section 10); angles from 30 to 90 degrees."""
    s = np.vstack([[0.0, 0.0], [(np.cos(t), np.sin(t)) for t in np.radians(degrees)]])
    v = np.diff(s, axis=0)[::-1]
    return planted((v[:, 0] / v[:, 1])[:, None], v[:, 1], masses, bias="penalised")


def two_near_parallel_units(e, second):
    """f(u) = u1 + e |u2| has the two tight units (1, +-e); the optimum is unique, with masses 1 and `second`."""
    X = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    h = float(np.hypot(1.0, e))
    y = np.array([1 + second, e, e * second]) + np.array([1.0, e, e])
    planted = Network(np.array([[1.0, e], [1.0, -e]]) / h, [1, 1], np.array([1.0, second]) * h, "none")
    return Problem(X, y, beta=h, bias="none"), planted
