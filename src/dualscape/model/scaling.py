"""What standardising did to a table: enough to do the same to new rows, and to bring predictions back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: A column whose spread is below this share of its size is constant: what varies is the rounding of its values.
CONSTANT = 1e-14
#: A column whose mean and standard deviation are within this of 0 and 1 is standardised already and stays as it is.
STANDARD = 1e-12


@dataclass(frozen=True, eq=False)
class Scaling:
    """The network sees (x - means) / scales, and its answer f stands for target_mean + target_scale f.

    Attributes:
        means: (p,) subtracted from the features; 0 where nothing was changed.
        scales: (p,) then divides them; 1 where nothing was changed, 0 for a constant column, which becomes 0.
        target_mean: the same for the target; (c,) where it has several columns.
        target_scale: likewise.

    >>> scaling = Scaling(np.array([2.0, 5.0]), np.array([4.0, 0.0]), 10.0, 3.0)
    >>> scaling.features([[6.0, 5.0], [2.0, 7.0]]).tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    >>> scaling.original_target([-1.0, 0.0]).tolist()
    [7.0, 10.0]
    """

    means: Vector
    scales: Vector
    target_mean: float | Vector = 0.0
    target_scale: float | Vector = 1.0

    @classmethod
    def none(cls, p: int) -> "Scaling":
        """That of p features which were taken as they are."""
        return cls(np.zeros(p), np.ones(p))

    @property
    def of_target(self) -> bool:
        """Whether the target was changed."""
        return bool(np.any(self.target_mean != 0.0) or np.any(self.target_scale != 1.0))

    def features(self, X: ArrayLike) -> Matrix:
        """What the network sees of raw features X (n, p), shape (n, p)."""
        return scaled(np.asarray(X, dtype=np.float64), self.means, self.scales)

    def target(self, y: ArrayLike) -> Vector:
        """The target (n,), or (n, c), in the units of the network."""
        return scaled(np.asarray(y, dtype=np.float64), self.target_mean, self.target_scale)

    def original_target(self, f: ArrayLike) -> Vector:
        """Predictions of the network (n,), or (n, c), in the units of the original target."""
        return np.asarray(f, dtype=np.float64) * self.target_scale + self.target_mean

    def then(self, later: "Scaling") -> "Scaling":
        """This scaling, and `later` of what it gives."""
        return Scaling(
            self.means + self.scales * later.means,
            self.scales * later.scales,
            self.target_mean + self.target_scale * later.target_mean,
            self.target_scale * later.target_scale,
        )


def scaled(values: Matrix, mean: Vector | float, scale: Vector | float) -> Matrix:
    """(values - mean) / scale by column, and 0 where the scale is 0."""
    divisor = np.asarray(scale, dtype=np.float64)
    result = np.asarray(values - mean)
    np.divide(result, divisor, out=result, where=divisor > 0)
    np.copyto(result, 0.0, where=~(divisor > 0))
    return result


def standard(column: Vector, weights: Vector | None = None) -> tuple[float, float]:
    """(mean, scale) that give a column mean 0 and standard deviation 1; the scale of a constant column is 0.

    With weights (n,) > 0 row i counts as weights[i] equal rows.

    >>> standard(np.array([1.0, 3.0])), standard(np.array([7.0, 7.0]))
    ((2.0, 1.0), (7.0, 0.0))
    >>> standard(np.array([1.0, 5.0]), np.array([3.0, 1.0]))[0]
    2.0
    """
    # Squares of huge or tiny columns would leave the floating range; a power of two divides without rounding.
    exponent = int(np.frexp(np.abs(column).max(initial=0.0))[1])
    unit = np.ldexp(column, -exponent)
    mean = float(np.average(unit, weights=weights))
    mean += float(np.average(unit - mean, weights=weights))
    spread = float((unit - mean).std()) if weights is None else _deviation(unit - mean, weights)
    middle, scale = float(np.ldexp(mean, exponent)), float(np.ldexp(spread, exponent))
    if spread <= CONSTANT:
        return middle, 0.0
    return (0.0, 1.0) if abs(middle) <= STANDARD and abs(scale - 1.0) <= STANDARD else (middle, scale)


def _deviation(centred: Vector, weights: Vector) -> float:
    return float(np.sqrt(np.average(centred * centred, weights=weights)))
