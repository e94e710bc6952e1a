"""What is measured along a curve: values at points of it, and by how much they rise above its ends."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.curves.curve import Curve

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Profile:
    """Values along a curve, at points alone: between them nothing is known.

    Attributes:
        times: (T,) from 0 to 1.
        values: (T,) the loss there.
        errors: (T,) another measure there, such as the share of wrong classes; None where none was asked for.

    >>> Profile(np.array([0.0, 0.5, 1.0]), np.array([1.0, 3.0, 2.0])).barrier
    1.0
    """

    times: Vector
    values: Vector
    errors: Vector | None = None

    @property
    def barrier(self) -> float:
        """By how much the greatest value that was met exceeds the greater of both ends; the curve may rise higher."""
        return float(self.values.max() - max(self.values[0], self.values[-1]))


def profile(curve: Curve, value: Callable[[Vector], float | tuple[float, float]], count: int = 61) -> Profile:
    """The values of a function of the weights at `count` equally distant t; a pair is a loss and an error."""
    times = np.linspace(0.0, 1.0, count)
    found = np.array([np.atleast_1d(value(curve.at(t))) for t in times])
    return Profile(times, found[:, 0], found[:, 1] if found.shape[1] > 1 else None)
