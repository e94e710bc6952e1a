"""What the exact oracles maximise, in units of length in which squares neither over- nor underflow."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dualscape.geometry.hinges import Hinges
from dualscape.oracles.base import Matrix, Vector
from dualscape.oracles.spectral import spectral_bound


class ScaledForm(NamedTuple):
    """f(u) = 2^exponent (linear.u + sum_g kappa_g (z_g.u)_+) up to the slack; a power of two rounds nothing.

    Attributes:
        rows: (N, r) unit vectors z_g.
        kappa: (N,) weights.
        linear: (r,) linear part.
        size: sum of all |kappa| and |linear|, from 1/2 up to 1.
        floor: values below it are of no interest.
        exponent: of the units of length.
        slack: f is within this of what the original data give, in the user's units.

    >>> form = ScaledForm.of(Hinges.of(np.eye(2)), np.array([3.0, 1.0]), above=2.0)
    >>> form.size, form.exponent, form.value(form.size)
    (0.5, 3, 4.0)
    """

    rows: Matrix
    kappa: Vector
    linear: Vector
    size: float
    floor: float
    exponent: int
    slack: float

    @classmethod
    def of(cls, hinges: Hinges, nu: Vector, above: float) -> "ScaledForm":
        """That of nu (n,), where values below `above` are of no interest."""
        kappa, linear, slack = hinges.enclose(nu)
        size = float(np.abs(kappa).sum() + np.abs(linear).sum())
        exponent = int(np.frexp(size)[1])
        kappa, linear = np.ldexp(kappa, -exponent), np.ldexp(linear, -exponent)
        size, floor = np.ldexp([size, max(above - slack, 0.0)], -exponent).tolist()
        return cls(hinges.rows, kappa, linear, size, floor, exponent, slack)

    def value(self, bound: float) -> float:
        """A value in these units, in the user's."""
        return float(np.ldexp(bound, self.exponent))

    def proven(self, bound: float) -> float:
        """What a bound in these units proves of the original data, in the user's units."""
        return self.value(bound) + self.slack

    def ceiling(self, expired: Callable[[], bool]) -> float:
        """The proven bound of any size, in the user's units; once `expired`, what its rounds so far have given."""
        return self.proven(spectral_bound(self.rows, self.kappa, self.linear, expired))
