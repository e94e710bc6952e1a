"""Parallel three-layer ReLU networks: f(x) = sum_k ((x W_k)_+ w_k)_+ alpha_k (THEORY section 14).

With beta/3 sum_k (|W_k|^3 + |w_k|^3 + |alpha_k|^3) the three layers of a balanced subnetwork have one length, and
training is a gauge problem over unit neurons s (h)_+ with h = sum_j t_j c_j (X u_j)_+, |u_j| = 1, t_j = +-1, c >= 0 and
sum c = 1: the points of K = conv{+-(X u)_+}. A unit is kept as its first layer, theta_j = sqrt(c_j) u_j, which has
|theta| = 1; the second layer is t_j |theta_j|.
"""

import numpy as np

from dualscape.errors import InputError
from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures.base import Architecture, Matrix, UnitSpace
from dualscape.oracles.hull.slots import Slots, inner_fit
from dualscape.units import Units

#: Inner neurons of a subnetwork where nothing else is said, at most: as many as rows are enough for any.
MOST_INNER = 16


class ThreeLayerReLU(Architecture):
    """f(x) = sum_k s_k c_k (sum_j t_kj |theta_kj| (x . theta_kj)_+)_+, at most r inner neurons in each subnetwork.

    A direction has 2 r d coordinates for rows of d: r slots for inner neurons of sign t = +1, then r for those of -1.
    No more than r of them are not 0.

    >>> unit = Units.signed(np.array([[0.8, 0.0, 0.0, 0.6]]), np.ones(1))
    >>> ThreeLayerReLU(1).columns(np.array([[1.0, 0.0]]), unit).round(2)
    array([[0.64]])
    """

    name = "three-layer"
    formula = "f(x) = sum_k alpha_k max(sum_j w_kj max(W_kj . x, 0), 0)"
    decay = "beta/3 sum_k (|W_k|^3 + |w_k|^3 + |alpha_k|^3), |W_k| the Frobenius norm"
    layers = 3
    part = "subnetwork"
    parts = "subnetworks k"

    def __init__(self, inner: int | None = None) -> None:
        """From r, the inner neurons that a subnetwork may have; None: as many as there are rows, and no more than 16.

        Raises:
            InputError: it is no positive whole number.
        """
        if inner is not None and (isinstance(inner, bool) or not isinstance(inner, int) or inner < 1):
            raise InputError(f"three-layer networks need 1 or more inner neurons in each subnetwork, got {inner!r}")
        self.inner = inner

    @property
    def key(self) -> tuple[str, ...]:
        return (self.name,) if self.inner is None else (self.name, str(self.inner))

    @property
    def words(self) -> str:
        return self.name if self.inner is None else f"{self.name}, at most {self.inner} inner neurons a subnetwork"

    @property
    def _inner(self) -> int:
        if self.inner is None:
            raise InputError(
                "how many inner neurons a subnetwork has is open; say so: architecture='three-layer:R', or take that "
                "of a problem"
            )
        return self.inner

    def fitted(self, n: int) -> "ThreeLayerReLU":
        return ThreeLayerReLU(min(max(n, 1), MOST_INNER)) if self.inner is None else self

    def seen(self, coordinates: int) -> int:
        return coordinates // (2 * self._inner)

    def coordinates(self, seen: int) -> int:
        return 2 * self._inner * seen

    def check(self, units: Units) -> None:
        if len(units) == 0:
            return
        if units.d % (2 * self._inner):
            raise InputError(
                f"a unit of {self.title!r} has {2 * self._inner} slots of equal length, these have {units.d} "
                "coordinates"
            )
        used = np.count_nonzero(np.abs(units.directions.reshape(len(units), 2 * self._inner, -1)).sum(axis=2), axis=1)
        many = np.flatnonzero(used > self._inner)
        if len(many):
            raise InputError(
                f"subnetwork {many[0]} has {used[many[0]]} inner neurons, {self.title!r} allows {self._inner}; give "
                f"the problem architecture='{self.name}:{used.max()}'"
            )

    def borders(self, units: Units) -> Matrix:
        """(q, d) normals of the hyperplanes on which the inner neurons bend."""
        return Slots.of(units.directions, self.seen(units.d)).theta

    def on(self, inputs: Matrix) -> UnitSpace:
        # Not at the top: it brings the oracles along, which who only predicts does not need.
        from dualscape.model.architectures.three_layer_space import ThreeLayerSpace

        return ThreeLayerSpace(inputs, self._inner)

    def columns(self, inputs: Matrix, units: Units) -> Matrix:
        return np.asarray(np.maximum(inner_fit(inputs, units), 0.0) * units.signs)

    def fine_columns(self, inputs: Matrix, units: Units) -> TwoFloat:
        slots = Slots.of(units.directions, inputs.shape[1])
        theta = TwoFloat.of(slots.theta)
        ones = TwoFloat.of(np.ones((inputs.shape[1], 1)))
        lengths = (((theta * theta) @ ones)[:, 0]).sqrt()
        heights = TwoFloat.of(inputs) @ theta.T
        on = (heights.hi > 0) * slots.turns
        shape = heights.hi.shape
        weights = TwoFloat(np.broadcast_to(lengths.hi, shape), np.broadcast_to(lengths.lo, shape))
        weighted = TwoFloat(on * heights.hi, on * heights.lo) * weights
        belongs = TwoFloat.of((slots.owner[:, None] == np.arange(len(units))).astype(float))
        fits = weighted @ belongs
        directions = TwoFloat.of(units.directions)
        whole = ((directions * directions) @ TwoFloat.of(np.ones((units.d, 1))))[:, 0].sqrt()
        length = np.where(whole.hi > 0, whole.hi, 1.0)
        fits = fits / TwoFloat(np.broadcast_to(length, fits.hi.shape), np.broadcast_to(whole.lo, fits.hi.shape))
        signs = (fits.hi > 0) * units.signs
        return TwoFloat(signs * fits.hi, signs * fits.lo)
