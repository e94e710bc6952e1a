"""Weights of the rows: L(f, y) = sum_i w_i l(f_i, y_i); a row of weight 2 counts as two equal rows."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import InputError
from dualscape.geometry.error_free import two_product
from dualscape.model.arrays import finite_array
from dualscape.running.checkpoint import fingerprint

Vector = NDArray[np.float64]


def counting_rows(weights: ArrayLike, n: int, name: str) -> tuple[NDArray[np.intp], Vector]:
    """(rows that count, their weights): rows of weight 0 are left out.

    Args:
        weights: (n,) >= 0, what each row counts.
        n: number of rows.
        name: what the weights are called in messages.

    Raises:
        InputError: there is not one weight a row, one is negative or no finite number, or all are 0.

    >>> [part.tolist() for part in counting_rows([2.0, 0.0, 1.0], 3, "sample_weight")]
    [[0, 2], [2.0, 1.0]]
    """
    each = finite_array(weights, name, 1)
    if len(each) != n:
        raise InputError(f"{name} has {len(each)} entries for {n} rows; give one a row")
    wrong = np.flatnonzero(each < 0)
    if wrong.size:
        raise InputError(
            f"{name} must not be negative, but row {wrong[0]} has {each[wrong[0]]:g}; a row of weight 0 is left out"
        )
    kept = np.flatnonzero(each)
    if kept.size == 0:
        raise InputError(f"{name} is 0 in every row; give the rows that are to count a positive weight")
    return kept, each[kept]


class RowWeights:
    """One positive number a row, or none; weights that are all 1 change nothing, not even rounding.

    Attributes:
        given: (n,) the weights, or None.

    >>> weights = RowWeights([1.0, 4.0])
    >>> weights.times(np.array([3.0, 3.0])).tolist(), weights.over(np.array([2.0, 2.0])).tolist()
    ([3.0, 12.0], [2.0, 0.5])
    """

    given: Vector | None

    def __init__(self, given: ArrayLike | None) -> None:
        """Those given.

        Raises:
            InputError: they are not positive finite numbers, one a row.
        """
        self.given = self._each = None
        if given is None:
            return
        each = finite_array(given, "weights", 1).copy()
        wrong = np.flatnonzero(each <= 0)
        if wrong.size:
            raise InputError(
                f"weights must be positive, but that of row {wrong[0]} is {each[wrong[0]]:g}; "
                "leave out the rows that are not to count"
            )
        each.setflags(write=False)
        self.given = each
        self._each = None if (each == 1).all() else each

    @property
    def even(self) -> bool:
        """Whether every row counts once."""
        return self._each is None

    @property
    def symbol(self) -> str:
        """The weight of a row in a formula; nothing where every row counts once."""
        return "" if self.even else "w_i "

    @property
    def key(self) -> tuple[str, ...]:
        """What tells these weights from all others."""
        return () if self._each is None else (f"weights {fingerprint(self._each)}",)

    def check(self, y: Vector) -> None:
        """Raise InputError where there is not one weight for each entry of y."""
        if self.given is not None and len(self.given) != len(y):
            raise InputError(f"the loss has {len(self.given)} weights for {len(y)} entries of y; give one a row")

    def times(self, values: Vector) -> Vector:
        """w_i v_i, shape (n,)."""
        return values if self._each is None else self._each * values

    def times_short(self, values: Vector | float) -> Vector | float:
        """w_i v_i, or the double next to it where rounding made it longer; infinite ones stay so."""
        if self._each is None or np.isinf(values).all():
            return values
        with np.errstate(invalid="ignore"):
            product, rest = two_product(self._each, np.broadcast_to(values, self._each.shape))
            return np.where(product * rest < 0, np.nextafter(product, 0.0), product)

    def over(self, values: Vector) -> Vector:
        """v_i / w_i, shape (n,)."""
        return values if self._each is None else values / self._each

    def each(self, n: int) -> Vector:
        """The weights of n rows, shape (n,)."""
        return np.ones(n) if self._each is None else self._each

    def take(self, rows: NDArray[np.intp]) -> Vector | None:
        """The weights of some rows."""
        return None if self.given is None else self.given[rows]
