"""Numbers of two doubles, at random and as fractions."""

from fractions import Fraction

import numpy as np

from dualscape.geometry.two_float import TwoFloat


def exact(number: TwoFloat) -> list[Fraction]:
    return [Fraction(float(h)) + Fraction(float(l)) for h, l in zip(number.hi.ravel(), number.lo.ravel(), strict=True)]


def pairs(values: np.ndarray, rng: np.random.Generator) -> TwoFloat:
    return TwoFloat.of(values) + TwoFloat.of(values * 2.0**-55 * rng.uniform(-1, 1, values.shape))
