"""The objective of a network in exact rational, or 60-digit, arithmetic."""

from decimal import MAX_EMAX, MIN_EMIN, Decimal, localcontext
from fractions import Fraction

import numpy as np

from dualscape.model.losses import get_loss
from dualscape.model.network import Network
from dualscape.model.problem import Problem


def exact_row(loss, f, t):
    """The loss of one row of weight 1 at fractions f and t, to 60 digits."""
    r = f - t
    if loss.name == "squared":
        return r * r / 2
    if loss.name == "huber":
        delta = Fraction(loss.delta)
        return r * r / 2 if abs(r) <= delta else delta * (abs(r) - delta / 2)
    if loss.name == "squared-hinge":
        return max(1 - t * f, Fraction(0)) ** 2 / 2
    with localcontext(prec=60, Emax=MAX_EMAX, Emin=MIN_EMIN):
        margin = f * t
        return Fraction((1 + (-Decimal(margin.numerator) / margin.denominator).exp()).ln())


def exact_loss(loss, fit, y):
    """L(f, y) of Fractions, to 60 digits; every row counts once."""
    return sum(exact_row(loss, f, Fraction(t)) for f, t in zip(fit, y, strict=True))


def exact_objective(problem, network):
    """Of the weights sqrt(c_j) ubar_j and s_j sqrt(c_j), with the numbers of the network as they are."""
    rows = [[Fraction(v) for v in row] for row in problem.X.tolist()]
    units = [[Fraction(v) for v in unit] for unit in network.directions.tolist()]
    masses = [Fraction(c) for c in network.masses.tolist()]
    fit = [
        sum(
            int(s) * c * max(sum(a * b for a, b in zip(row, unit, strict=True)), Fraction(0))
            for unit, s, c in zip(units, network.signs, masses, strict=True)
        )
        for row in rows
    ]
    cost = sum(c * (1 + sum(v * v for v in unit)) / 2 for unit, c in zip(units, masses, strict=True))
    # |u|^2 + alpha^2 = 2 |u| |alpha| + (|u| - |alpha|)^2
    cost += sum(Fraction(v) ** 2 for v in network.imbalance.tolist()) / 2
    return exact_loss(problem.loss, fit, problem.y.tolist()) + Fraction(problem.beta) * cost


def cancelling(loss, seed, apart, mass):
    """A problem of pairs of rows so near to each other, and a network of pairs of units of opposite signs so heavy."""
    rng = np.random.default_rng(seed)
    X = np.repeat(rng.standard_normal((3, 2)), 2, axis=0)
    X[1::2] *= 1 + apart
    u = np.repeat(rng.standard_normal((2, 3)), 2, axis=0)
    u[1::2] += apart * rng.standard_normal((2, 3))
    u /= np.linalg.norm(u, axis=1)[:, None]
    two = get_loss(loss).target == "two classes"
    y = rng.choice([-1.0, 1.0], size=6) if two else rng.standard_normal(6)
    # A weight decay that leaves the loss its place beside such masses.
    problem = Problem(X, y, beta=1e-3 / mass, loss=loss, classes=(-1, 1) if two else None)
    return problem, Network(u, [1, -1, 1, -1], mass * np.array([1.0, 1.0, 0.5, 0.5]), problem.bias)
