"""The objective of a network within its rounding: L(f(X), y) + beta * cost, and the price of its free weights."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.tall import row_lengths
from dualscape.geometry.two_float import ROUNDING, TwoFloat
from dualscape.model.architectures.base import UnitSpace
from dualscape.model.completion import Completion
from dualscape.model.free_features import FreeFeatures
from dualscape.model.losses import Loss
from dualscape.model.network import Network
from dualscape.tolerances import EPS

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Objective:
    """What is minimised over networks.

    Attributes:
        X: (n, d) what neurons see.
        y: (n c,) the targets.
        target: (n c,) what free features leave of them.
        beta: the weight decay.
        loss: the loss.
        free: the free features.
        space: the unit neurons on X.
        completion: what makes an exact interpolator of a network that interpolates up to rounding.
    """

    X: Matrix
    y: Vector
    target: Vector
    beta: float
    loss: Loss
    free: FreeFeatures
    space: UnitSpace
    completion: Callable[[], Completion]

    def bounds(self, network: Network, precision: float) -> tuple[float, float]:
        """(value, error): the objective of the network is within `error` of `value`.

        Masses may be so large that columns nearly cancel in the fit. Where its rounding could move the objective by
        more than `precision`, relatively, the fit is computed again in twice the precision.
        """
        # A height loses d roundings and the sum over neurons as many as it has terms, of |x| sum_j c_j |u_j| at most.
        lengths = np.linalg.norm(network.directions, axis=1)
        rows = np.repeat(row_lengths(self.X), len(self.y) // len(self.X))
        reach = float(network.masses @ lengths) * np.maximum(self.space.reach.lengths, rows)
        d = self.X.shape[1]
        off = 1.01 * (max(d, self.space.reach.d) + network.width + 8) * reach if network.width else reach
        if self.free.q:
            off += 1.01 * (self.free.q + 2) * (np.abs(self.free.matrix) @ np.abs(network.free_weights))
        fit = TwoFloat.of(network.fit(self.X, self.free.features))
        value, error = self._value_bounds(network, fit, EPS * off)
        if error > precision * value and (network.width or self.free.q):
            value, error = self._value_bounds(network, network.fine_fit(self.X, self.free.features), ROUNDING * off)
        return value, error

    def _value_bounds(self, network: Network, fit: TwoFloat, off: Vector) -> tuple[float, float]:
        if self.loss.constraint:
            value, error = self.completion().cost_bounds(network, fit, off)
            # Without neurons, and with nothing left for them, exact weights of the free features are what is near.
            return value, error if network.masses.any() or self.target.any() else 0.0
        loss, loss_error = self.loss.value_bounds(fit, off, self.y)
        cost, cost_error = network.cost_bounds()
        value = loss + self.beta * cost + self.free.penalty(network.free_weights)
        return value, 1.01 * (loss_error + self.beta * cost_error) + (4 + self.free.q) * EPS * value

    @property
    def negligible(self) -> float:
        """A gap that rounding of the target and of as many free columns could make, where these may fit all of it."""
        if not self.free.rank:
            return 0.0
        share = 4 * (1 + self.free.rank) * EPS
        if self.loss.constraint:
            return self.completion().price(share * np.abs(self.y))
        least = self.loss.least(self.y)
        # A loss that is not least at the target, such as the logistic one, is not least anywhere.
        return (
            self.loss.value((1 - share) * self.y, self.y) - least if self.loss.value(self.y, self.y) == least else 0.0
        )
