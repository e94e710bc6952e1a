"""The doubly nonnegative bound by splitting: matrices that are positive semidefinite, and products that have signs.

    max <C, K> over K positive semidefinite with Q K Q^T = Y,  Y_00 = 1,  Y >= 0,  Y = 0 at the pairs (p_g, m_g)

where <C, K> = s f(u) - |u|^2 / 2 at K = k k^T: its maximum is h^2 / 2 at least. The alternating direction method of
multipliers projects K by its eigenvalues and Y entry by entry. Its multipliers have the signs that a proof asks for
after every step, so that it may end at any time. What decides nothing is computed in single precision.

Source: Oliveira, Wolkowicz and Xu, "ADMM for the SDP relaxation of the QAP" (Math. Prog. Comp. 2018), in whose way both
cones are split along a facial reduction.
"""

import numpy as np
from numpy.typing import ArrayLike

from dualscape.oracles.base import Vector
from dualscape.oracles.relaxation.products import Array, Lift, Products
from dualscape.running.checkpoint import Arrays

SINGLE = np.float32
#: The length of a step of the multipliers, and the penalty of N hyperplanes, FACTOR / N^1.5 within limits. A small one
#: makes multipliers converge before matrices do, and it is from multipliers that bounds are made.
STEP, FACTOR, LEAST = 1.6, 300.0, 0.02
#: The upper limit where Y_00 is given, and where it is free.
MOST_GIVEN, MOST_FREE = 0.1, 3.0


class Splitting:
    """The iterates for one sign; `multipliers` is what they have found so far.

    The form is that of linear.u + sum_g kappa_g (z_g.u)_+ in units in which its maximum is about 1.
    """

    def __init__(self, lift: Lift, kappa: Vector, linear: Vector, mass: float | None = 1.0) -> None:
        """From the form; `mass` is Y_00, or None where that is free and costs 1/2, as |u|^2 does."""
        self._lift, self._mass, (N, r) = lift, mass, lift.across.shape
        R, across = lift.R.astype(float), lift.across.astype(float)
        inverse = np.linalg.inv(R)
        along = np.concatenate([kappa, kappa @ across + 2 * (linear @ inverse)]) * 0.5**0.5
        self._cost = np.zeros((1 + N + r, 1 + N + r), SINGLE)
        self._cost[0, 0] = 0.0 if mass else -0.5
        self._cost[0, 1:] = self._cost[1:, 0] = 0.5 * along
        # |u|^2 = 2 |R^-1 x|^2.
        self._cost[N + 1 :, N + 1 :] = -inverse.T @ inverse
        self.penalty = float(np.clip(FACTOR * N**-1.5, LEAST, MOST_GIVEN if mass else MOST_FREE))
        self._Y = Products.zero(N, SINGLE)._replace(one=np.ones((), SINGLE))
        self._dual = Products.zero(N, SINGLE)

    def step(self) -> None:
        """One projection each."""
        lifted, aim = self.project()
        self.finish(lifted, self.signed(aim))

    def project(self) -> tuple[Products, Products]:
        """(Q K Q^T for the next K, what Y is to be near to)."""
        W = self._lift.down(self._Y.plus(-1 / self.penalty, self._dual)) + self._cost / SINGLE(self.penalty)
        lifted = self._lift.up(positive_part(W))
        return lifted, lifted.plus(1 / self.penalty, self._dual)

    def signed(self, aim: Products) -> Products:
        """The nearest products of the right signs."""
        one, *rest = (np.maximum(part, 0) for part in aim)
        np.fill_diagonal(rest[-1], 0.0)
        return Products(np.full((), self._mass or one, SINGLE), *rest)

    def finish(self, lifted: Products, Y: Products) -> None:
        """The multipliers move along what is left between the two."""
        self._Y = Y
        self._dual = self._dual.plus(STEP * self.penalty, lifted.plus(-1.0, Y))

    def arrays(self) -> dict[str, ArrayLike]:
        """The iterates, to go on from."""
        pairs = (("Y", self._Y), ("dual", self._dual))
        return {f"{name}_{at}": part for name, all_of in pairs for at, part in enumerate(all_of)}

    def restore(self, saved: Arrays) -> None:
        """Go on from those."""
        self._Y, self._dual = (
            Products(*[saved[f"{name}_{at}"].astype(SINGLE) for at in range(6)]) for name in ("Y", "dual")
        )

    @property
    def multipliers(self) -> Products:
        """Those of the products, of which the signs are right up to rounding and a long step."""
        return self._dual.times(-1.0)


def positive_part(W: Array) -> Array:
    """The nearest positive semidefinite matrix.

    >>> positive_part(np.array([[0.0, 2.0], [2.0, 0.0]])).round(12).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    # That of numpy lets go of the interpreter, so that both signs have a core each.
    values, vectors = np.linalg.eigh(W)
    positive = values > 0
    if 2 * int(positive.sum()) <= len(values):
        some = vectors[:, positive]
        return np.asarray((some * values[positive]) @ some.T)
    some = vectors[:, ~positive]
    return np.asarray(W - (some * values[~positive]) @ some.T)
