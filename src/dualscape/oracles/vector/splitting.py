"""The doubly nonnegative bound of units with several outputs, by splitting.

The output v joins u: matrices are over (1, p, m, (u, v)), and besides what holds for one output

    |Y_(p_g, v)| <= Y_(1, p_g),   |Y_(m_g, v)| <= Y_(1, m_g),   Y_00 = tr Y_uu = tr Y_vv

since |u| = |v| = 1 for a unit. What is maximised, v^T (linear^T u + sum_g kappa_g (z_g.u)_+), is linear in the products
of v with u and with p. One matrix takes all units, since v says where a unit leads.
"""

from typing import Any

import numpy as np

from dualscape.oracles.base import Matrix
from dualscape.oracles.relaxation.products import HOST, Array, Lift, Products
from dualscape.oracles.relaxation.splitting import FACTOR, LEAST, SINGLE, TIMES_FREE, TINY, Splitting
from dualscape.running.devices import Arrays

#: The greatest penalty where Y_00 is given, and where it is free.
MOST_GIVEN, MOST_FREE = 1.0, 3.0


class VectorSplitting(Splitting):
    """The iterates, from a form in units in which its maximum is about 1.

    Args:
        rows: (N, r) unit vectors z_g.
        kappa: (N, c) weights; `linear` (r, c) the linear part.
        mass: Y_00 and both traces, or None where they are free and each unit of mass costs 1.
    """

    def __init__(
        self, rows: Matrix, kappa: Matrix, linear: Matrix, mass: float | None = 1.0, arrays: Arrays = HOST
    ) -> None:
        (N, r), c = rows.shape, kappa.shape[1]
        lift = Lift.of(np.hstack([rows, np.zeros((N, c))]), SINGLE, arrays=arrays)
        cost = Products.zero(N, r + c, np.float32)
        cost.p_u[:, r:] = 0.5 * kappa
        cost.uu[:r, r:], cost.uu[r:, :r] = 0.5 * linear, 0.5 * linear.T
        if mass is None:
            third = SINGLE(1 / 3)
            cost = cost._replace(one=-third * np.ones((), SINGLE), uu=cost.uu - third * np.eye(r + c, dtype=SINGLE))
        penalty = max(FACTOR * N**-1.5, LEAST)
        penalty = min(penalty, MOST_GIVEN) if mass else min(TIMES_FREE * penalty, MOST_FREE)
        super().__init__(lift, lift.fetched().down(cost), penalty, mass)
        self._r = r
        blocks = np.repeat(np.eye(2, dtype=SINGLE), [r, c], axis=0)
        #: (2, r + c) which coordinates are of u and of v, and 1, r and c.
        self._parts, self._sizes = arrays.move(blocks.T), np.array([1.0, r, c])

    def signed(self, aim: Products) -> Products:
        xp = self._arrays.xp
        p, p_u = both_shorter(aim.p, aim.p_u, self._r, xp)
        m, m_u = both_shorter(aim.m, aim.m_u, self._r, xp)
        one, uu = self._levelled(aim)
        return Products(one, p, m, *self.of_one_sign(aim), p_u, m_u, aim.u, uu)

    def _levelled(self, aim: Products) -> tuple[Array, Array]:
        """Y_00 and u with u, with Y_00 and both traces brought to one value, which is that of least change."""
        fetch, sizes = self._arrays.fetch, self._sizes
        traces = fetch(self._parts @ self._arrays.xp.diagonal(aim.uu))
        numbers = np.append(fetch(aim.one), traces).astype(float)
        mass = max(float((numbers / sizes).sum() / (1 / sizes).sum()), 0.0) if self._mass is None else self._mass
        more = self._arrays.move(((mass - numbers[1:]) / sizes[1:]).astype(SINGLE))
        return 0 * aim.one + mass, aim.uu + self._arrays.xp.diag(more @ self._parts)


def both_shorter(first: Array, others: Array, r: int, xp: Any = np) -> tuple[Array, Array]:
    """(a, b), the nearest with |b_g[:r]| <= a_g and |b_g[r:]| <= a_g to first (N,) and others (N, r + c), for every g.

    >>> a, b = both_shorter(np.array([1.0, 1.0]), np.array([[2.0, 0.0], [3.0, 4.0]]), 1)
    >>> a.round(6).tolist(), b.round(6).tolist()
    ([1.5, 2.666667], [[1.5, 0.0], [2.666667, 2.666667]])
    """
    lengths = xp.stack([xp.linalg.norm(others[:, :r], None, 1), xp.linalg.norm(others[:, r:], None, 1)])
    a = both_heights(first, lengths, xp)
    shares = xp.minimum(lengths, a) / xp.clip(lengths, TINY, None)
    return a, xp.hstack([others[:, :r] * shares[0][:, None], others[:, r:] * shares[1][:, None]])


def both_heights(first: Array, lengths: Array, xp: Any = np) -> Array:
    """The a of the nearest (a, b, b') with |b|, |b'| <= a to (first, b, b') with these lengths (2, N).

    The derivative of half the square of the distance, a - first - (l - a)_+ - (l' - a)_+, rises: its zero, or 0.
    """
    less, more = xp.minimum(*lengths), xp.maximum(*lengths)
    one = (first + more) / 2
    a = xp.where(more <= first, first, xp.where(one >= less, one, (first + more + less) / 3))
    return xp.clip(a, 0, None)
