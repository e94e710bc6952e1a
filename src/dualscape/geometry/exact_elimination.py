"""Gaussian elimination in fractions: which vectors depend on others, decided exactly on the numbers as they are."""

from collections.abc import Iterable
from fractions import Fraction

#: A combination of vectors, or a vector by its entries that are not 0: the coefficient of each that takes part.
Combination = dict[int, Fraction]


def dependencies(rows: list[list[Fraction]]) -> list[Combination]:
    """A basis of the mu with sum_p mu_p rows_p = 0.

    Args:
        rows: p vectors of as many entries each.

    >>> (mu,) = dependencies([[Fraction(1), Fraction(2)], [Fraction(2), Fraction(4)], [Fraction(0), Fraction(1)]])
    >>> mu == {0: -2, 1: 1}
    True
    """
    tagged = [dict(enumerate(row)) | {-1 - p: Fraction(1)} for p, row in enumerate(rows)]
    reduced, _ = eliminated(tagged, last=range(len(rows[0]) if rows else 0))
    return [{-1 - key: value for key, value in row.items()} for row in reduced if max(row) < 0]


def eliminated(rows: Iterable[Combination], last: Iterable[int] = ()) -> tuple[list[Combination], list[int]]:
    """(rows that span the same, each with a pivot that no later one has, the pivots), those in `last` if possible."""
    preferred = set(last)
    done: list[Combination] = []
    pivots: list[int] = []
    for row in rows:
        left = {key: value for key, value in row.items() if value}
        for pivot, known in zip(pivots, done, strict=True):
            share = left.get(pivot)
            if share is None:
                continue
            share /= known[pivot]
            for key, value in known.items():
                rest = left.get(key, Fraction(0)) - share * value
                if rest:
                    left[key] = rest
                else:
                    left.pop(key, None)
        if left:
            done.append(left)
            pivots.append(max(left, key=lambda key: (key in preferred, key)))
    return done, pivots
