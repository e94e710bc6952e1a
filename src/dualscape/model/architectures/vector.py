"""Two-layer networks with c outputs: unit neurons (u, v) of the column sigma(X u) v^T, u and v unit vectors.

sigma(z) = max(z, a z) is the ReLU, leaky or not, or the absolute value.
Predictions are c numbers a row; a column is the n c entries of its table, row by row.
"""

import numpy as np

from dualscape.errors import InputError
from dualscape.geometry.leaky import EVEN, bent, leaky, slopes
from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures.base import Architecture, Matrix, UnitSpace
from dualscape.model.architectures.pieces import times
from dualscape.model.architectures.tables import fine_tables, tables
from dualscape.units import Units

#: More outputs than this are not taken.
MOST = 10_000


class VectorReLU(Architecture):
    """f(x) = sum_j c_j max(ubar_j . x, a ubar_j . x) vbar_j with values in R^c, -1 <= a < 1 the slope below 0.

    >>> import numpy as np
    >>> VectorReLU(2).columns(np.array([[2.0], [-1.0]]), Units(np.array([[1.0]]), np.array([[0.6, 0.8]])))
    array([[1.2],
           [1.6],
           [0. ],
           [0. ]])
    """

    name = "vector"

    def __init__(self, c: int, slope: float = 0.0) -> None:
        """For c outputs and the slope of `TwoLayerReLU`, which checks it.

        Raises:
            InputError: there are fewer than two, or too many.
        """
        self.c = self.outputs = int(c)
        self.per_row, self.slope = self.c, slope
        self.twins = 2 if slope == EVEN else 1
        self.formula = f"f(x) = sum_j {bent(slope)} alpha_j, alpha_j a vector with an entry for each output"
        if not 2 <= self.c <= MOST:
            raise InputError(f"networks with several outputs have 2 to {MOST:,} of them, got {self.c}")

    @property
    def key(self) -> tuple[str, ...]:
        activation = {0.0: (), EVEN: ("abs",)}.get(self.slope, ("leaky", repr(self.slope)))
        return (self.name, str(self.c), *activation)

    @property
    def words(self) -> str:
        return ", ".join((f"{self.c} outputs", *filter(None, [":".join(self.key[2:])])))

    def with_outputs(self, c: int) -> Architecture:
        return self if c == self.c else super().with_outputs(c)

    def on(self, inputs: Matrix) -> UnitSpace:
        # Not at the top: it brings numba along, which who only predicts does not need.
        from dualscape.model.architectures.vector_space import VectorSpace

        return VectorSpace(inputs, self.c, slope=self.slope)

    def on_free(self, inputs: Matrix) -> UnitSpace:
        if self.slope:
            return super().on_free(inputs)
        from dualscape.model.architectures.vector_free_bias_space import VectorFreeBiasSpace

        return VectorFreeBiasSpace(np.ascontiguousarray(inputs[:, :-1]), self.c)

    def twin(self, units: Units) -> Units:
        return units.turned(-units.directions) if self.slope == EVEN else units

    def upright(self, units: Units) -> Units:
        return units.upright() if self.slope == EVEN else units

    def columns(self, inputs: Matrix, units: Units) -> Matrix:
        return tables(leaky(inputs @ units.directions.T, self.slope), units.outputs)

    def fine_columns(self, inputs: Matrix, units: Units) -> TwoFloat:
        heights = TwoFloat.of(inputs) @ TwoFloat.of(units.directions).T
        return fine_tables(times(slopes(heights.hi > 0, self.slope), heights), TwoFloat.of(units.outputs))
