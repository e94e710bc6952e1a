"""Which targets ReLU networks can take on given rows, decided in exact arithmetic on the numbers as they are.

Some combinations of rows are nothing to every network: nu with nu^T (X u)_+ = 0 for all u. They are spanned by

    a zero row,    x_j = t x_i with t > 0: nu = e_j - t e_i,    sum_p mu_p x_p = 0 over pairs x_p, -t_p x_p of opposite
    rows: nu = sum_p mu_p (e_p - e_p' / t_p), since f(x) - f(-x) is linear in x.

A network takes the targets y exactly if and only if nu.y = 0 for each of them (THEORY section 10). A tolerance would
be a lie: targets that differ by rounding on equal rows are taken by no network, and rows that differ by rounding make
them cost what no rounding survives.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InfeasibleError
from dualscape.geometry.exact_elimination import Combination, dependencies, eliminated

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Index = NDArray[np.intp]
#: Rows that a message names, and digits of a number in it.
NAMED, DIGITS = 6, 6


@dataclass(frozen=True)
class Nothing:
    """A combination nu of rows that is nothing to every network, and why in words."""

    nu: Combination
    why: str


def independent_rows(X: Matrix, y: Vector, free: Matrix | None = None) -> Index:
    """The rows that determine a network on all others: it takes all targets if it takes those of these rows.

    Args:
        X: (n, d) what neurons see.
        y: (n,) the targets.
        free: (n, q) features that may be added at no cost, or None.

    Raises:
        InfeasibleError: no network takes these targets; it names the rows at fault, and its `witness` (n,) is a nu with
            h(nu) = 0 and nu.y != 0.

    >>> independent_rows(np.array([[1.0], [2.0], [-1.0]]), np.array([1.0, 2.0, 5.0])).tolist()
    [0, 2]
    >>> independent_rows(np.array([[1.0], [2.0]]), np.array([1.0, 2.5]))
    Traceback (most recent call last):
    dualscape.errors.InfeasibleError: row 1 of X is 2 times row 0, but its target is 2.5 and that of row 0 is 1.0: ...
    """
    nothing = list(_combinations(X))
    if free is not None:
        nothing = _unmoved(nothing, free)
    for each in nothing:
        if sum(value * Fraction(float(y[i])) for i, value in each.nu.items()):
            raise InfeasibleError(_said(each, y, free is not None), _dense(each.nu, len(y)))
    dropped = set(eliminated([each.nu for each in nothing])[1])
    return np.array([i for i in range(len(y)) if i not in dropped], dtype=np.intp)


def is_spanned(y: Vector, free: Matrix) -> bool:
    """Whether free features (n, q) alone take the targets (n,) exactly.

    >>> is_spanned(np.array([0.1, 0.3]), np.ones((2, 1))), is_spanned(np.array([0.1, 0.3]), np.eye(2))
    (False, True)
    """
    last = free.shape[1]
    rows = [dict(enumerate(map(Fraction, row))) for row in np.column_stack([free, y]).tolist()]
    reduced, _ = eliminated(rows, last=range(last))
    return all(min(row) < last for row in reduced)


def _combinations(X: Matrix) -> Iterator[Nothing]:
    """A basis of the combinations that are nothing to every network."""
    first: dict[tuple[Fraction, ...], tuple[int, Fraction]] = {}
    for i in range(len(X)):
        used = np.flatnonzero(X[i])
        if used.size == 0:
            yield Nothing({i: Fraction(1)}, f"row {i} of X is zero, where every network without a bias is 0")
            continue
        # The direction of the row, made unique by a last coordinate of 1 or -1; for a penalised bias, the row itself.
        row = [Fraction(value) for value in X[i].tolist()]
        length = abs(row[used[-1]])
        direction = tuple(value / length for value in row)
        if direction not in first:
            first[direction] = i, length
            continue
        other, theirs = first[direction]
        times = length / theirs
        same = f"rows {other} and {i} of X are equal" if times == 1 else f"row {i} of X is {_number(times)} times"
        yield Nothing({i: Fraction(1), other: -times}, same + ("" if times == 1 else f" row {other}"))
    pairs = [
        (i, other, length / theirs)
        for direction, (i, length) in first.items()
        for other, theirs in [first.get(tuple(-value for value in direction), (-1, length))]
        if other > i
    ]
    for mu in dependencies([[Fraction(value) for value in X[i].tolist()] for i, _, _ in pairs]):
        nu: Combination = {}
        for p, value in mu.items():
            i, other, times = pairs[p]
            nu |= {i: value, other: -value * times}
        yield Nothing(nu, "")


def _unmoved(nothing: list[Nothing], free: Matrix) -> list[Nothing]:
    """Those combinations of the combinations to which the free features are nothing as well."""
    moved = [
        [sum((value * Fraction(float(free[i, j])) for i, value in each.nu.items()), Fraction(0)) for j in range(q)]
        for q in [free.shape[1]]
        for each in nothing
    ]
    found = []
    for mu in dependencies(moved):
        nu: Combination = {}
        for p, share in mu.items():
            for i, value in nothing[p].nu.items():
                nu[i] = nu.get(i, Fraction(0)) + share * value
        alone = nothing[next(iter(mu))].why if len(mu) == 1 else ""
        found.append(Nothing({i: value for i, value in nu.items() if value}, alone))
    return found


def _dense(nu: Combination, n: int) -> Vector:
    """The combination as a vector, its greatest entry about 1."""
    size = max(map(abs, nu.values()))
    witness = np.zeros(n)
    for i, value in nu.items():
        witness[i] = float(value / size)
    return witness


def _said(each: Nothing, y: Vector, with_free: bool) -> str:
    """What is wrong in one line."""
    rows = sorted(each.nu)
    remedy = "no network takes both; correct or drop one, or use the squared loss"
    if len(rows) == 1:
        return f"{each.why}, but its target is {y[rows[0]]!s}; drop it, give a bias, or use the squared loss"
    if each.why.startswith("rows"):
        return f"{each.why}, but their targets are {y[rows[0]]!s} and {y[rows[1]]!s}: {remedy}"
    if each.why:
        high, low = each.nu
        return f"{each.why}, but its target is {y[high]!s} and that of row {low} is {y[low]!s}: {remedy}"
    named = ", ".join(map(str, rows[:NAMED])) + (f" and {len(rows) - NAMED} more" if len(rows) > NAMED else "")
    free = " with these free features" if with_free else ""
    sides = "; on opposite rows f(x) - f(-x) is linear in x" if len(rows) > 2 else ""
    return (
        f"no network{free} takes the targets of rows {named} of X together{sides}; change one of them, give a bias, or "
        "use the squared loss"
    )


def _number(value: Fraction) -> str:
    return f"{float(value):.{DIGITS}g}"
