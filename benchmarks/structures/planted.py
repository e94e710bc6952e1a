"""Problems made from a dual optimum and masses, so that the whole optimal set is known; exact when all is rational."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .arithmetic import Number, Row, Rows, dot, is_exact, number, real
from .arrangement import Arrangement, Unit, tight
from .optimum import optimum
from .truth import Truth, truth


@dataclass(frozen=True)
class Case:
    """A problem for the library, and what is true of it.

    Attributes:
        label: what kind of problem.
        X, y, beta, loss, bias: the problem, rounded to floats.
        exact: whether the floats are the exact problem of `known`.
        known: its truth; None when that is found from a dual point (`find`).
        ideal: the data with all digits: rows, y and beta.
    """

    label: str
    X: np.ndarray
    y: np.ndarray
    beta: float
    loss: str
    bias: str
    exact: bool
    known: Truth | None
    ideal: tuple[Arrangement, Row, Number]

    def find(self, nu: np.ndarray) -> Truth:
        """The truth, by high precision from a nearby dual point where it was not planted."""
        if self.known is not None:
            return self.known
        return self.solved(nu)

    def solved(self, nu: np.ndarray) -> Truth:
        """The truth by high precision, from a nearby dual point."""
        arrangement, y, beta = self.ideal
        if is_exact(arrangement.X[0][0]):
            arrangement = Arrangement([[real(x) for x in row] for row in arrangement.X])
        return optimum(arrangement, [real(t) for t in y], real(beta), self.loss, nu)

    def problem(self) -> dict[str, Any]:
        """The arguments of `dualscape.Problem`."""
        X = self.X[:, :-1] if self.bias == "penalised" else self.X
        classes = (-1, 1) if self.loss == "logistic" else None  # a draw of labels may have but one
        return {"X": X, "y": self.y, "beta": self.beta, "loss": self.loss, "bias": self.bias, "classes": classes}


class Unsuitable(Exception):
    """A draw that makes no problem of the family."""


def tight_units(arrangement: Arrangement, nu: Row) -> tuple[list[Unit], float]:
    """(the units at which h(nu) is attained, the least relative slack of another local maximum or 1e-2)."""
    dual = np.array([number(x) for x in nu])
    if arrangement.height(dual) < 1e-9 * float(np.abs(dual) @ arrangement.lengths):
        raise Unsuitable  # nu is orthogonal to all columns
    chosen, slack = tight(arrangement.units(nu, 1e-2))
    return chosen, min(slack, 1e-2)


def plant(
    label: str, arrangement: Arrangement, nu: Row, units: list[Unit], masses: Row, slack: float, bias: str = "none"
) -> Case:
    """The squared-loss problem whose dual optimum is nu, with mass h * masses[j] on unit j.

    Args:
        label: name of the kind.
        arrangement: of the rows.
        nu: (n,) numbers.
        units: the tight units at nu.
        masses: (k,) masses divided by h = h(nu).
        slack: of the next unit.
        bias: "none" or "penalised"; the last column of X is then 1.
    """
    n = arrangement.n
    A: Rows = [[unit.column[i] for unit in units] for i in range(n)]
    fit = [dot(row, masses) for row in A]
    y = [f + v for f, v in zip(fit, nu, strict=True)]
    target = np.array([number(x) for x in y])
    X = arrangement.rows
    if not any(number(f) for f in fit) or not 1e-60 < np.abs(target).max() < 1e60:
        raise Unsuitable
    h = real(units[0].square).sqrt().mid()
    exact = all(is_exact(x) and real(x) == real(float(t)) for x, t in zip(y, target, strict=True))
    exact = exact and all(real(x) == real(float(v)) for r, q in zip(arrangement.X, X, strict=True)
                          for x, v in zip(r, q, strict=True))  # fmt: skip
    dual = np.array([number(x) for x in nu])
    fine = float((np.abs(dual) / np.maximum(np.abs(target), 1e-300))[dual != 0].min())
    directions = np.array([[number(real(x) / h) for x in unit.u] for unit in units])
    signs = np.array([float(unit.sign) for unit in units])
    known = truth(
        directions, signs, A, fit, masses=np.array([number(real(c) * h) for c in masses]), slack=slack, fine=fine
    )
    height = number(h)
    scaled = Truth(**{**vars(known), "columns": known.columns / height})
    return Case(label, X, target, height, "squared", bias, exact, scaled, (arrangement, y, h))
