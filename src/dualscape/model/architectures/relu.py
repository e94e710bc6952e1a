"""Two-layer ReLU networks with scalar output: unit neurons (ubar, s) with the column s (X ubar)_+ ."""

import numpy as np

from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures.base import Architecture, Matrix, UnitSpace
from dualscape.units import Units


class TwoLayerReLU(Architecture):
    """f(x) = sum_j s_j c_j (x . ubar_j)_+ ."""

    name = "relu"
    formula = "f(x) = sum_j alpha_j max(u_j . x, 0)"

    def on(self, inputs: Matrix) -> UnitSpace:
        # Not at the top: it brings numba along, which who only predicts does not need.
        from dualscape.model.architectures.relu_space import ReLUSpace

        return ReLUSpace(inputs)

    def on_free(self, inputs: Matrix) -> UnitSpace:
        from dualscape.model.architectures.free_bias_space import FreeBiasSpace

        return FreeBiasSpace(np.ascontiguousarray(inputs[:, :-1]))

    def columns(self, inputs: Matrix, units: Units) -> Matrix:
        heights = inputs @ units.directions.T
        return np.asarray(np.multiply(np.maximum(heights, 0.0, out=heights), units.signs, out=heights))

    def fine_columns(self, inputs: Matrix, units: Units) -> TwoFloat:
        heights = TwoFloat.of(inputs) @ TwoFloat.of(units.directions).T
        slopes = (heights.hi > 0) * units.signs
        return TwoFloat(slopes * heights.hi, slopes * heights.lo)
