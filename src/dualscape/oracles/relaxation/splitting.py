"""The doubly nonnegative bound by splitting: matrices that are positive semidefinite, and products that have signs.

    max <C, K> over K positive semidefinite with Q K Q^T = Y,  Y_00 = tr Y_uu = 1,  Y >= 0 in (1, p, m),
    Y = 0 at the pairs (p_g, m_g),  |Y_(p_g, u)| <= Y_(1, p_g),  |Y_(m_g, u)| <= Y_(1, m_g)

where <C, K> = s f(u) at K = k k^T: its maximum is h at least. The alternating direction method of multipliers projects
K by its eigenvalues and Y entry by entry, or cone by cone. Its multipliers have the signs that a proof asks for
after every step, so that it may end at any time. What decides nothing is computed in single precision.

Source: Oliveira, Wolkowicz and Xu, "ADMM for the SDP relaxation of the QAP" (Math. Prog. Comp. 2018), in whose way both
cones are split along a facial reduction.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from dualscape.oracles.base import Matrix, Vector
from dualscape.oracles.relaxation.eigen import positive_pairs
from dualscape.oracles.relaxation.products import Array, Lift, Products, Relaxed
from dualscape.running.checkpoint import Arrays

SINGLE = np.float32
#: What single precision divides by at least.
TINY = float(np.finfo(SINGLE).tiny)
#: How far a step goes of the way to the projection and beyond it, below 2; and the penalty of N hyperplanes,
#: FACTOR / N^1.5 within limits. A small one makes multipliers converge before matrices do, and it is from multipliers
#: that bounds are made.
BEYOND, FACTOR, LEAST = 1.9, 300.0, 0.02
#: The upper limit where Y_00 is given, and where it is free: then penalties are so many times as great.
MOST_GIVEN, MOST_FREE, TIMES_FREE = 0.3, 9.0, 3.0


class Splitting:
    """The iterates for one sign; `multipliers` is what they have found so far.

    Args:
        lift: of the hyperplanes.
        cost: C, in units in which the maximum of <C, K> is about 1.
        penalty: how much K and Y are drawn together.
        mass: Y_00 and the trace of Y_uu, or None where they are free.
    """

    def __init__(self, lift: Lift, cost: Array, penalty: float, mass: float | None = 1.0) -> None:
        self._lift, self._arrays, self.penalty, self._mass = lift, lift.arrays, penalty, mass
        N, r = lift.p.shape
        self._kind, self._cost = lift.kind, self._arrays.move(cost)
        self._level = self._arrays.move(np.eye(r, dtype=self._kind) / self._kind(r))
        zero = Products.zero(N, r, self._kind)
        self._Y, self._dual = self._there(zero._replace(one=np.ones((), self._kind))), self._there(zero)

    def _there(self, products: Products) -> Products:
        """From arrays of NumPy to those of the lift."""
        return products.each(self._arrays.move)

    def _here(self, products: Products) -> Products:
        """And back."""
        return products.each(self._arrays.fetch)

    @classmethod
    def of_form(cls, lift: Lift, kappa: Vector, linear: Vector, mass: float | None = 1.0) -> "Splitting":
        """From linear.u + sum_g kappa_g (z_g.u)_+, whose maximum is about 1; where Y_00 and the trace of Y_uu are free,
        each costs 1/2."""
        N, r = lift.p.shape
        one, uu = np.zeros(()), np.zeros((r, r))
        if mass is None:
            one, uu = one - 0.5, -0.5 * np.eye(r)
        form = Products.zero(N, r, np.float64)._replace(p=0.5 * kappa, u=0.5 * linear, one=one, uu=uu)
        cost = lift.fetched().down(form).astype(lift.kind)
        penalty = max(FACTOR * N**-1.5, LEAST)
        penalty = min(penalty, MOST_GIVEN) if mass else min(TIMES_FREE * penalty, MOST_FREE)
        return cls(lift, cost, penalty, mass)

    def begin(self, units: Matrix, masses: Vector) -> None:
        """Begin with the products of these units (k, r), of length one, with masses (k,)."""
        lift = self._lift.fetched()
        x = np.linalg.solve(lift.inside.astype(float), units.T).T
        t = 0.5**0.5 * np.abs(x @ (lift.p - lift.m).T)
        k = np.column_stack([np.ones(len(x)), t[:, lift.open], x])
        self._Y = self._there(lift.up(((masses[:, None] * k).T @ k).astype(self._kind)))

    def go_on(self, earlier: Relaxed, mass: float) -> None:
        """Begin with what was found of a form like this one, in units of this mass; of other rows it is let be."""
        if all(mine.shape == its.shape for mine, its in zip(self._Y, earlier.products, strict=True)):
            self._Y = self._there(earlier.products.times(earlier.mass / mass))
            self._dual = self._there(earlier.multipliers.times(-1.0))

    def step(self) -> None:
        """One projection each."""
        lifted, aim = self.project()
        self.finish(lifted, self.signed(aim))

    def project(self) -> tuple[Products, Products]:
        """(Q K Q^T for the next K, and as far again beyond Y as over-relaxation goes; what Y is to be near to)."""
        W = self._lift.down(self._Y.plus(-1 / self.penalty, self._dual)) + self._cost / self.penalty
        positive = positive_part(W) if self._arrays.here else positive_part_there(self._arrays.xp, W)
        lifted = self._Y.plus(BEYOND, self._lift.up(positive).plus(-1.0, self._Y))
        return lifted, lifted.plus(1 / self.penalty, self._dual)

    def signed(self, aim: Products) -> Products:
        """The nearest products that are allowed."""
        xp = self._arrays.xp
        one, uu = xp.clip(aim.one, 0, None), aim.uu
        if self._mass:
            one, uu = 0 * one + self._mass, uu + (self._mass - xp.trace(uu)) * self._level
        (p, p_u), (m, m_u) = shorter(aim.p, aim.p_u, xp), shorter(aim.m, aim.m_u, xp)
        return Products(one, p, m, *self.of_one_sign(aim), p_u, m_u, aim.u, uu)

    def of_one_sign(self, aim: Products) -> tuple[Array, Array, Array]:
        """p with p, m with m and p with m, none of them negative, and 0 for those that meet."""
        pp, mm, pm = (self._arrays.xp.clip(part, 0, None) for part in aim[3:6])
        pm.reshape(-1)[:: len(pm) + 1] = 0
        return pp, mm, pm

    def moved(self, aim: Products, **parts: Array) -> Products:
        """The aim with other parts, given as arrays of NumPy."""
        return aim._replace(**{name: self._arrays.move(part.astype(self._kind)) for name, part in parts.items()})

    def fetched(self, *parts: Array) -> list[Array]:
        """Parts of products as arrays of NumPy, in double precision."""
        return [self._arrays.fetch(part).astype(float) for part in parts]

    def finish(self, lifted: Products, Y: Products) -> None:
        """The multipliers move along what is left between the two."""
        self._Y = Y
        self._dual = self._dual.plus(self.penalty, lifted.plus(-1.0, Y))

    def arrays(self) -> dict[str, ArrayLike]:
        """The iterates, to go on from."""
        pairs = (("Y", self._Y), ("dual", self._dual))
        return {f"{name}_{at}": part for name, all_of in pairs for at, part in enumerate(self._here(all_of))}

    def restore(self, saved: Arrays) -> None:
        """Go on from those."""
        self._Y, self._dual = (
            self._there(Products(*[saved[f"{name}_{at}"].astype(self._kind) for at in range(len(self._Y))]))
            for name in ("Y", "dual")
        )

    def cut(self, at: int, side: float) -> None:
        """What is left once p (side -1) or m (side 1) of a hyperplane is 0."""
        self._Y, self._dual = (self._there(self._here(part).without(at, side)) for part in (self._Y, self._dual))

    @property
    def products(self) -> Products:
        """Those found so far, with their signs, as arrays of NumPy."""
        return self._here(self._Y)

    @property
    def multipliers(self) -> Products:
        """Those of the products, of which the signs are right up to rounding, as arrays of NumPy."""
        return self._here(self._dual.times(-1.0))


def heights(first: Array, lengths: Array, xp: Any = np) -> Array:
    """Where the cone of all (a, b) with |b| <= a is nearest to (first, b) with |b| of these lengths: its a.

    >>> heights(np.array([2.0, 0.0, -2.0]), np.array([1.0, 1.0, 1.0])).tolist()
    [2.0, 0.5, 0.0]
    """
    inside, between = lengths <= first, -lengths < first
    return xp.where(inside, first, xp.where(between, (first + lengths) / 2, 0))


def shorter(first: Array, others: Array, xp: Any = np) -> tuple[Array, Array]:
    """(a, b), the nearest of the cone |b_g| <= a_g to first (N,) and others (N, r), for every g."""
    lengths = xp.linalg.norm(others, None, 1)
    a = heights(first, lengths, xp)
    share = a / xp.clip(xp.maximum(lengths, a), TINY, None)
    return a, others * share[:, None]


def positive_part(W: Array) -> Array:
    """The nearest positive semidefinite matrix.

    >>> positive_part(np.array([[0.0, 2.0], [2.0, 0.0]], np.float32)).round(6).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    values, vectors = positive_pairs(W)
    return np.asarray((vectors * values) @ vectors.T)


def positive_part_there(torch: Any, W: Any) -> Any:
    """The same on a device, by all eigenvalues.

    Raises:
        numpy.linalg.LinAlgError: as `positive_pairs`.
    """
    if not bool(torch.isfinite(W).all()):
        raise np.linalg.LinAlgError("not finite")
    try:
        values, vectors = torch.linalg.eigh(W)
    except torch.linalg.LinAlgError as error:
        raise np.linalg.LinAlgError(str(error)) from None
    return (vectors * torch.clip(values, 0, None)) @ vectors.T
