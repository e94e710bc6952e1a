"""Two-layer ReLU networks with c outputs: unit neurons (u, v) of the column (X u)_+ v^T, u and v unit vectors.

Predictions are c numbers a row; a column is the n c entries of its table, row by row.
"""

import numpy as np

from dualscape.errors import InputError
from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures.base import Architecture, Matrix, UnitSpace
from dualscape.model.architectures.tables import fine_tables, tables
from dualscape.units import Units

#: More outputs than this are not taken.
MOST = 10_000


class VectorReLU(Architecture):
    """f(x) = sum_j c_j max(ubar_j . x, 0) vbar_j with values in R^c.

    >>> VectorReLU(2).columns(np.array([[2.0], [-1.0]]), Units(np.array([[1.0]]), np.array([[0.6, 0.8]])))
    array([[1.2],
           [1.6],
           [0. ],
           [0. ]])
    """

    name = "vector"
    slope = 0.0
    formula = "f(x) = sum_j max(u_j . x, 0) alpha_j, alpha_j a vector with an entry for each output"

    def __init__(self, c: int) -> None:
        """For c outputs.

        Raises:
            InputError: there are fewer than two, or too many.
        """
        self.c = self.outputs = int(c)
        self.per_row = self.c
        if not 2 <= self.c <= MOST:
            raise InputError(f"networks with several outputs have 2 to {MOST:,} of them, got {self.c}")

    @property
    def key(self) -> tuple[str, ...]:
        return (self.name, str(self.c))

    @property
    def words(self) -> str:
        return f"{self.c} outputs"

    def with_outputs(self, c: int) -> Architecture:
        return self if c == self.c else super().with_outputs(c)

    def on(self, inputs: Matrix) -> UnitSpace:
        # Not at the top: it brings numba along, which who only predicts does not need.
        from dualscape.model.architectures.vector_space import VectorSpace

        return VectorSpace(inputs, self.c)

    def columns(self, inputs: Matrix, units: Units) -> Matrix:
        return tables(np.maximum(inputs @ units.directions.T, 0.0), units.outputs)

    def fine_columns(self, inputs: Matrix, units: Units) -> TwoFloat:
        heights = TwoFloat.of(inputs) @ TwoFloat.of(units.directions).T
        active = heights.hi > 0
        first = TwoFloat(np.where(active, heights.hi, 0.0), np.where(active, heights.lo, 0.0))
        return fine_tables(first, TwoFloat.of(units.outputs))
