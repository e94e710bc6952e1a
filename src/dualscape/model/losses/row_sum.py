"""Losses that are a sum over rows, in which rows may have weights."""

from abc import ABC
from copy import copy
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.model.losses.base import Loss
from dualscape.model.losses.weights import RowWeights

Vector = NDArray[np.float64]


class RowSum(Loss, ABC):
    """L(f, y) = sum_i w_i l(f_i, y_i).

    A subclass multiplies by w_i through `_rows`, which does nothing where every row counts once.

    Args:
        weights: (n,) w > 0, what each row counts; None: every row counts once.

    Raises:
        InputError: the weights are not positive finite numbers.
    """

    def __init__(self, *, weights: ArrayLike | None = None) -> None:
        self._rows = RowWeights(weights)

    @property
    def weights(self) -> Vector | None:
        return self._rows.given

    @property
    def key(self) -> tuple[str, ...]:
        return (*super().key, *self._rows.key)

    def take(self, rows: NDArray[np.intp]) -> Self:
        return self._with(RowWeights(self._rows.take(rows)))

    def repeated(self, c: int) -> Self:
        given = self._rows.given
        return self if c == 1 or given is None else self._with(RowWeights(np.repeat(given, c)))

    def weighted(self, weights: Vector) -> Self:
        return self._with(RowWeights(self._rows.times(weights)))

    def _with(self, rows: RowWeights) -> Self:
        other = copy(self)
        other._rows = rows
        return other

    def check_target(self, y: Vector) -> None:
        self._rows.check(y)
