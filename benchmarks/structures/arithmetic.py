"""Numbers that are exact (rationals) or good to 120 digits, and elimination with them."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import flint
import numpy as np
from flint import arb, arb_mat, fmpq, fmpq_mat

flint.ctx.prec = 420
#: What is smaller than this, relative to its surroundings, is zero where numbers are not rational.
ZERO = 1e-40

Number = Any  # fmpq or arb: neither is typed
Row = list[Number]
Rows = list[Row]


def rational(x: float | int | Fraction | fmpq) -> fmpq:
    """A float, integer or fraction as it is, without rounding."""
    if isinstance(x, fmpq):
        return x
    value = Fraction(x)
    return fmpq(value.numerator, value.denominator)


def real(x: float | int | Fraction | Number) -> arb:
    """The same number with 120 digits."""
    if isinstance(x, arb):
        return x.mid()
    return arb(rational(x)).mid()


def rationals(X: Sequence[Sequence[float]]) -> Rows:
    """A table of floats, exactly."""
    return [[rational(float(x)) for x in row] for row in X]


def is_exact(x: Number) -> bool:
    """Whether the number is rational."""
    return isinstance(x, fmpq)


def is_zero(x: Number, scale: float = 1.0) -> bool:
    """Whether the number is zero, beside numbers of size `scale` when it is not rational."""
    return bool(x == 0) if is_exact(x) else abs(float(x)) <= ZERO * scale


def number(x: Number) -> float:
    """The nearest float, or nearly."""
    return float(real(x)) if is_exact(x) else float(x)


def matrix(rows: Rows) -> Any:
    """The flint matrix of a table."""
    entries = [x for row in rows for x in row]
    kind = fmpq_mat if is_exact(entries[0]) else arb_mat
    return kind(len(rows), len(rows[0]), entries)


def dot(a: Row, b: Row) -> Number:
    """The scalar product."""
    total = a[0] * b[0]
    for x, z in zip(a[1:], b[1:], strict=True):
        total = total + x * z
    return total if is_exact(total) else total.mid()


def floats(rows: Rows) -> np.ndarray:
    """A table rounded to floats."""
    return np.array([[number(x) for x in row] for row in rows], dtype=float)


def solved(rows: Rows, right: Row) -> Row | None:
    """The solution of a square system, or None when it is singular."""
    try:
        found = matrix(rows).solve(matrix([[x] for x in right]))
    except ZeroDivisionError:
        return None
    return [x if is_exact(x) else x.mid() for x in found.entries()]


def eliminate(rows: Rows, columns: int) -> tuple[list[int], Rows]:
    """(pivot columns among the first `columns`, reduced rows): Gauss-Jordan with the largest pivot first.

    Row i of the result has its 1 in pivot column i; rows beyond are zero in the first `columns` columns.
    """
    table = [list(row) for row in rows]
    exact = is_exact(table[0][0])
    tidy: Callable[[Number], Number] = (lambda x: x) if exact else (lambda x: x.mid())
    scale = max((abs(number(x)) for row in table for x in row[:columns]), default=0.0) or 1.0
    pivots: list[int] = []
    for step in range(min(len(table), columns)):
        best, place = 0.0, (-1, -1)
        for i in range(step, len(table)):
            for j in range(columns):
                if j not in pivots and not is_zero(table[i][j], scale):
                    size = abs(number(table[i][j]))
                    if size > best:
                        best, place = size, (i, j)
        if place[0] < 0:
            break
        i, j = place
        table[step], table[i] = table[i], table[step]
        lead = table[step][j]
        table[step] = [tidy(x / lead) for x in table[step]]
        for other in range(len(table)):
            factor = table[other][j]
            if other != step and not is_zero(factor, 1e-60):
                table[other] = [tidy(x - factor * p) for x, p in zip(table[other], table[step], strict=True)]
        pivots.append(j)
    return pivots, table


def rank(rows: Rows) -> int:
    """The rank of a table."""
    return len(eliminate(rows, len(rows[0]))[0]) if rows and rows[0] else 0
