"""Two-layer ReLU networks, leaky or not: unit neurons (ubar, s) of column s max(X ubar, a X ubar)."""

import numpy as np

from dualscape.errors import InputError
from dualscape.geometry.leaky import EVEN, bent, leaky, slopes
from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures.base import Architecture, Matrix, UnitSpace
from dualscape.model.architectures.vector import VectorReLU
from dualscape.units import Units


class TwoLayerReLU(Architecture):
    """f(x) = sum_j s_j c_j max(x . ubar_j, a x . ubar_j), -1 <= a < 1 the slope below 0.

    a = 0 is the ReLU, a = -1 the absolute value, and in between it is called leaky. No other slope is needed: a unit of
    slope a computes a times what one of slope 1 / a does in direction -u, so that |a| > 1 is a weight decay |a| times
    smaller at slope 1 / a; and a = 1 is a linear model.

    >>> TwoLayerReLU(0.2).formula, TwoLayerReLU(-1.0).formula
    ('f(x) = sum_j alpha_j max(u_j . x, 0.2 u_j . x)', 'f(x) = sum_j alpha_j |u_j . x|')
    """

    def __init__(self, slope: float = 0.0) -> None:
        """From the slope below 0.

        Raises:
            InputError: it is not in [-1, 1).
        """
        if not -1.0 <= slope < 1.0:
            raise InputError(f"the slope below 0 must lie in [-1, 1), got {slope:g}; {_instead(slope)}")
        self.slope = float(slope) + 0.0  # no -0.0
        self.name = {0.0: "relu", EVEN: "abs"}.get(self.slope, "leaky")
        self.twins = 2 if self.slope == EVEN else 1
        self.formula = f"f(x) = sum_j alpha_j {bent(self.slope)}"

    @property
    def key(self) -> tuple[str, ...]:
        return (self.name, repr(self.slope)) if self.name == "leaky" else (self.name,)

    def on(self, inputs: Matrix) -> UnitSpace:
        # Not at the top: it brings numba along, which who only predicts does not need.
        from dualscape.model.architectures.relu_space import ReLUSpace

        return ReLUSpace(inputs, slope=self.slope)

    def with_outputs(self, c: int) -> Architecture:
        return VectorReLU(c, self.slope)

    def twin(self, units: Units) -> Units:
        return units.turned(-units.directions) if self.slope == EVEN else units

    def upright(self, units: Units) -> Units:
        return units.upright() if self.slope == EVEN else units

    def on_free(self, inputs: Matrix) -> UnitSpace:
        if self.slope:
            return super().on_free(inputs)
        from dualscape.model.architectures.free_bias_space import FreeBiasSpace

        return FreeBiasSpace(np.ascontiguousarray(inputs[:, :-1]))

    def columns(self, inputs: Matrix, units: Units) -> Matrix:
        heights = inputs @ units.directions.T
        return np.asarray(np.multiply(leaky(heights, self.slope), units.signs, out=heights))

    def fine_columns(self, inputs: Matrix, units: Units) -> TwoFloat:
        heights = TwoFloat.of(inputs) @ TwoFloat.of(units.directions).T
        factors = slopes(heights.hi > 0, self.slope) * units.signs
        if self.name == "leaky":
            return heights * TwoFloat.of(factors)
        return TwoFloat(factors * heights.hi, factors * heights.lo)


def _instead(slope: float) -> str:
    """What to do in place of a slope that is not taken."""
    if slope == 1.0:
        return "with slope 1 the network is a linear model: fit that"
    if abs(slope) > 1.0:
        return (
            f"slope {slope:g} at a weight decay beta is slope {1 / slope:g} at beta / {abs(slope):g}: "
            "max(z, a z) and its like are |a| times those of 1 / a in direction -u"
        )
    return "give a number"
