"""What oracles prove together: every bound capped by cheap ones, and none that contradicts another.

A value found at a unit neuron and a bound on h(nu) are both true up to their own rounding. A bound that comes out below
a value by more than that is a fault of the library, and nothing may be claimed on the strength of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dualscape.errors import ContradictionError
from dualscape.geometry.tall import row_lengths
from dualscape.oracles.base import Matrix, Oracle, OracleAnswer, Vector

#: A bound that exceeds both what was found and what was asked for by more than this share is loose.
LOOSE = 1e-10
EPS = 2.0**-53


def _weights(X: Matrix, nu: Vector) -> Vector:
    return np.asarray(np.abs(nu) * row_lengths(X))


def _rounding(X: Matrix) -> float:
    """Relative rounding of sum_i |nu_i| |x_i|, and that of a score relative to it."""
    return 1.01 * (len(X) + X.shape[1] + 8) * EPS


def score_rounding(X: Matrix, nu: Vector) -> float:
    """A bound on |fl(s nu^T (X u)_+) - s nu^T (X u)_+| for every unit vector u that is one up to rounding."""
    return _rounding(X) * float(_weights(X, nu).sum())


def trivial_bound(X: Matrix, nu: Vector) -> float:
    """A proven bound on h(nu), rounding included: all rows of one sign of nu, each at the direction best for it.

    >>> trivial_bound(np.array([[3.0, 4.0], [0.0, 1.0]]), np.array([1.0, -2.0])) < 5.0 + 1e-12
    True
    """
    weights = _weights(X, nu)
    return max(float(weights[nu > 0].sum()), float(weights[nu < 0].sum())) * (1 + _rounding(X))


def is_loose(lower: float, upper: float, above: float) -> bool:
    """Whether an upper bound exceeds what was found and what was asked for by more than rounding explains."""
    return upper > (1 + LOOSE) * max(lower, above)


def agreed(X: Matrix, nu: Vector, lower: float, upper: float, oracle: str) -> float:
    """The upper bound, raised to a value that exceeds it by no more than the rounding of that value.

    Args:
        X: (n, d) data.
        nu: (n,) dual variable.
        lower: a computed value of s nu^T (X u)_+ at a unit vector u.
        upper: the proven bound on h(nu).
        oracle: whose bound it is.

    Raises:
        ContradictionError: the value exceeds the bound by more than its rounding.
    """
    if lower > upper + score_rounding(X, nu):
        raise ContradictionError("the value of a unit neuron", lower, f"the bound of oracle '{oracle}'", upper)
    return max(upper, lower)


def capped(X: Matrix, nu: Vector, lower: float, upper: float, above: float, ceiling: Callable[[], float]) -> float:
    """A loose upper bound lowered to the cheap ones, but not below `above`; a tight one as it is.

    Args:
        X: (n, d) data.
        nu: (n,) dual variable.
        lower: the greatest value found.
        upper: the proven bound on h(nu).
        above: what was asked for.
        ceiling: another proven bound, which is computed only if it is needed.
    """
    if not is_loose(lower, upper, above):
        return upper
    return max(min(upper, trivial_bound(X, nu), ceiling()), above)


def ask(
    X: Matrix, oracles: Sequence[Oracle], nu: Vector, *, above: float, enough: float = np.inf, **question: Any
) -> OracleAnswer:
    """The answer of the first oracle; of another where the first has ended with a loose bound and that is lower.

    Nearly parallel rows, for one, may loosen the bound over patterns or that over cones, and mostly not both.

    Args:
        X: (n, d) data.
        oracles: the oracles in the order in which they are asked.
        nu: (n,) dual variable.
        above: units below this value need not be listed.
        enough: no more is asked once a value above this is found.
        question: what else `Oracle.best_units` takes.

    Raises:
        ContradictionError: one found a value that another excludes.
    """
    answer = oracles[0].best_units(nu, above=above, enough=enough, **question)
    for other in oracles[1:]:
        if (
            answer.stopped not in ("", "rounding")
            or answer.lower > enough
            or not is_loose(answer.lower, answer.upper, above)
        ):
            break
        second = other.best_units(nu, above=above, enough=enough, **question)
        best, rest = (second, answer) if second.upper < answer.upper else (answer, second)
        answer = replace(best, upper=agreed(X, nu, rest.lower, best.upper, best.oracle))
        if second.stopped == "interrupted":
            answer = replace(answer, stopped="interrupted")
    return answer
