"""From a network that interpolates up to rounding to one that interpolates exactly, and what that costs at most.

In floating point A c = y holds up to a residual r. Over unit neurons with independent columns B, of either sign, the
masses |B^-1 r| remove it, so that an exact interpolator costs no more than |B^-1 r|_1 on top (THEORY section 10).
B^-1 is known as a computed S with |I - S B|_1 <= e < 1: then |B^-1 r|_1 <= |S r|_1 / (1 - e).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from dualscape.errors import InputError
from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures import RELU, Architecture
from dualscape.model.architectures.base import UnitSpace
from dualscape.model.interpolability import independent_rows
from dualscape.model.network import Network
from dualscape.tolerances import DEFAULT, EPS
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Index = NDArray[np.intp]
#: Columns that are shorter than this share of the longest are no more than rounding.
SHORT = 1e-9
#: A network interpolates that misses the target by so many roundings of what its neurons add up to.
ROUNDINGS = 64
#: The inverse is not trusted when it is off by more than this.
TRUSTED = 0.5
#: Rows that a message names, and the share of the greatest entry from which on a row takes part.
NAMED, PART = 6, 0.05


def determining_rows(X: Matrix, y: Vector, architecture: Architecture, free: Matrix) -> Index:
    """The rows whose targets say what those of all others must be; of other kinds than ReLU one of each equal rows.

    Raises:
        InfeasibleError: no network takes the targets.
    """
    if architecture.layers != 2:
        raise InputError(
            f"interpolation is known for two layers, the architecture is {architecture.title!r}; give a loss with a "
            "weight decay, however small"
        )
    if architecture.key != RELU.key:
        # Rows that are equal exactly where those of X are, and otherwise in general position.
        which = np.unique(X, axis=0, return_inverse=True)[1].reshape(-1)
        X = np.column_stack([which, np.ones(len(y))])
    return independent_rows(X, y, free)


def tight_dual(columns: Matrix, target: Vector, free: Matrix) -> Vector:
    """The least nu (n,) with nu.a = 1 for columns (n, k), and nu.m = 0 for free features; from the target without any.

    >>> tight_dual(np.array([[2.0], [0.0]]), np.ones(2), np.zeros((2, 0))).tolist()
    [0.5, 0.0]
    """
    known = columns if columns.shape[1] else target[:, None]
    tight = np.arange(known.shape[1] + free.shape[1]) < known.shape[1]
    return np.asarray(np.linalg.lstsq(np.hstack([known, free]).T, tight.astype(float), rcond=None)[0])


@dataclass(frozen=True, eq=False)
class Completion:
    """Unit neurons that take any residual on the rows which determine all others.

    Attributes:
        y: (n,) the targets.
        rows: (r,) those rows.
        units: r unit neurons, or fewer beside free features.
        inverse: (r, r) S; its first rows are those of the units.
        error: e, a bound on |I - S B|_1.
        lengths: (n,) what rows can be worth in a column.
    """

    y: Vector
    rows: Index
    units: Units
    inverse: Matrix
    error: float
    lengths: Vector

    @classmethod
    def of(cls, space: UnitSpace, X: Matrix, y: Vector, architecture: Architecture, free: Matrix) -> "Completion":
        """That of a space of units.

        Args:
            space: the unit neurons.
            X: (n, d) what they see.
            y: (n,) the targets.
            architecture: their kind.
            free: (n, q) features that cost nothing.

        Raises:
            InputError: in floating point the rows depend on each other.
        """
        rows = determining_rows(X, y, architecture, free)
        candidates = space.spanning(np.random.default_rng(0))
        columns = np.hstack([space.columns(candidates), free])[rows]
        # Neither the lengths of rows nor those of columns decide which are taken.
        sizes = np.abs(columns).max(axis=1, initial=0.0)
        sizes = np.where(sizes > 0, sizes, 1.0)[:, None]
        lengths = np.linalg.norm(columns / sizes, axis=0)
        long = np.flatnonzero(lengths > SHORT * lengths.max(initial=0.0))
        pivots = qr(columns[:, long] / sizes / lengths[long], mode="r", pivoting=True)[1]
        chosen = np.sort(long[pivots[: len(rows)]])
        B = columns[:, chosen]
        try:
            S: Matrix = np.linalg.inv(B / sizes).astype(np.float64) / sizes.T
        except np.linalg.LinAlgError:
            S = np.zeros(B.shape[::-1])
        error = np.inf
        if B.shape == S.shape and np.isfinite(S).all():
            # What rounding of the columns, of the product and of the difference may hide.
            hidden = np.abs(S) @ (np.abs(B) + space.reach.lengths[rows, None]) + np.eye(len(rows))
            off = np.abs(np.eye(len(rows)) - S @ B) + 1.01 * (len(rows) + space.d + 8) * EPS * hidden
            error = 1.01 * float(off.sum(axis=0).max(initial=0.0))
        if not error <= TRUSTED:
            raise InputError(_hidden(B, rows, architecture.among))
        units = candidates.take(chosen[chosen < len(candidates)])
        return cls(y, rows, units, S, error, space.reach.lengths)

    def price(self, residual: Vector) -> float:
        """What removing a residual costs at most, where its entries (n,) are no greater than these."""
        each = np.abs(self.inverse[: len(self.units)]) @ np.abs(residual[self.rows])
        # The factor covers rounding here, and directions that are of length one up to rounding.
        return (1 + 4 * (len(self.rows) + 8) * EPS) * float(each.sum()) / (1 - self.error)

    def cost_bounds(self, network: Network, fit: TwoFloat, off: Vector) -> tuple[float, float]:
        """(cost, error): an exact interpolator costs no more than their sum; infinite for a network that is none.

        Args:
            network: the network.
            fit: (n,) its fit.
            off: (n,) what that may be off by.
        """
        missing = np.abs((fit.hi - self.y) + fit.lo) * (1 + 4 * EPS) + off
        rounding = EPS * float(network.masses.sum()) * np.linalg.norm(self.lengths)
        if np.linalg.norm(missing) > DEFAULT.fit * np.linalg.norm(self.y) + ROUNDINGS * rounding:
            return np.inf, 0.0
        cost, error = network.cost_bounds()
        return cost, 1.01 * error + self.price(missing)

    def beside(self, network: Network, fit: Vector) -> tuple[Units, Vector]:
        """(units, masses) of a network with this fit (n,) and of what makes it interpolate, up to rounding."""
        share = (self.inverse @ (self.y - fit)[self.rows])[: len(self.units)]
        outputs = self.units.outputs * np.where(share < 0, -1.0, 1.0)[:, None]
        more = Units(self.units.directions, outputs)
        return Units.join([network.units, more]) if network.width else more, np.append(network.masses, np.abs(share))


def _hidden(B: Matrix, rows: Index, among: str) -> str:
    """Which rows depend on each other, by rounding alone unless `among` narrows networks down."""
    weights = np.abs(np.linalg.svd(B)[0][:, -1])
    part = rows[weights > PART * weights.max()]
    named = ", ".join(map(str, part[:NAMED])) + (f" and {len(part) - NAMED} more" if len(part) > NAMED else "")
    if among:
        return (
            f"no network{among} interpolates here, or only beyond 64-bit numbers: what they compute in rows {named} of "
            "X depends on each other; let neurons see more, or use the squared loss"
        )
    return (
        f"interpolation is beyond 64-bit numbers here: rows {named} of X are so nearly the same, or opposite, to every "
        "network that rounding hides the difference; drop one, or use the squared loss"
    )
