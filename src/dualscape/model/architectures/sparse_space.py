"""Units that see at most q features, on data: the union of unit spaces on the columns of every q of them."""

from collections.abc import Sequence
from functools import cached_property
from itertools import chain, combinations
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import BudgetError
from dualscape.model.architectures.base import Architecture, Matrix, UnitSpace, Vector
from dualscape.model.architectures.pieces import Pieces
from dualscape.model.architectures.relu_space import ReLUSpace
from dualscape.model.architectures.union_space import BELONGS, Family, UnionSpace
from dualscape.model.architectures.vector_pieces import VectorPieces
from dualscape.model.architectures.vector_space import VectorSpace
from dualscape.oracles.reach import Reach
from dualscape.oracles.subspaces import subspace_bounds, subspace_scores
from dualscape.oracles.vector.subspaces import vector_subspace_bounds
from dualscape.units import Units

#: More families than this are too many even to be bounded one by one.
MOST_FAMILIES = 2_000_000
#: A unit of fewer features climbs in at most so many of the families that it belongs to: those of the greatest pull.
HOMES = 40


class SparseSpace(UnionSpace):
    """The units of `SparseNeurons` on the rows of X (n, d): a family for every q of its p features."""

    def __init__(
        self, base: Architecture, X: Matrix, q: int, always: int, unscaled: "tuple[SparseSpace, int] | None" = None
    ) -> None:
        """On data; those that are a multiple of others, 2^exponent, share what is known of these.

        Raises:
            BudgetError: there are too many families.
        """
        p = X.shape[1] - always
        count = comb(p, q)
        if count > MOST_FAMILIES:
            raise BudgetError(
                f"{p} features, {q} at a time, make {count:.3g} families of neurons, more than {MOST_FAMILIES:,}; use "
                "fewer features, or fewer for each neuron"
            )
        self._unscaled, self._base, self._X = unscaled, base, X
        super().__init__(unscaled[0].whole.scaled(unscaled[1]) if unscaled else base.on(X), count)
        self.p, self.q, self.always = p, q, always

    @cached_property
    def features(self) -> NDArray[np.int32]:
        """(count, q) the features of every family, rising."""
        flat = chain.from_iterable(combinations(range(self.p), self.q))
        return np.fromiter(flat, np.int32, self.count * self.q).reshape(self.count, self.q)

    def number(self, features: Sequence[int]) -> int:
        """The family of q features in rising order."""
        before = sum(comb(self.p - 1 - feature, self.q - at) for at, feature in enumerate(features))
        return self.count - 1 - before

    def family_at(self, at: int) -> Family:
        which = self._every[at]
        lift = np.eye(self.d)[:, which]
        if self._unscaled:
            space, exponent = self._unscaled
            return Family(space.family(at).space.scaled(exponent), lift, lift.T)
        seen = np.ascontiguousarray(self._X[:, which])
        seen.setflags(write=False)
        return Family(self._base.on(seen), lift, lift.T)

    def homes(self, nu: Vector | None, direction: Vector) -> Sequence[int]:
        sizes = np.abs(direction[: self.p])
        order = np.argsort(-sizes, kind="stable")
        used = order[: min(int((sizes > (0.0 if nu is None else BELONGS)).sum()), self.q)]
        free = self.q - len(used)
        if free == 0 or nu is None:
            return [self.number(sorted(order[: self.q].tolist()))]
        pull = np.abs(self._pulled(nu, direction)[: self.p])
        pull[used] = -1.0
        rising, most = np.argsort(-pull, kind="stable")[: self.p - len(used)], free
        while most < len(rising) and comb(most + 1, free) <= HOMES:
            most += 1
        return [self.number(sorted([*used.tolist(), *more])) for more in combinations(rising[:most].tolist(), free)]

    def _pulled(self, nu: Vector, direction: Vector) -> Vector:
        """(d,) the pull in a direction (d,) for its best output, but for its sign."""
        ones = np.ones((1, self.c))
        if not self.turning_outputs:
            return self.whole.pull(nu, Units(direction[None, :], ones))[0]
        best = self.whole.pulls(nu, Units(direction[None, :], ones))[1]
        return self.whole.pull(nu, Units(direction[None, :], best / max(float(np.linalg.norm(best)), 1e-300)))[0]

    def bounds(self, nu: Vector) -> Vector:
        known = np.full(self.count, self.reach.bound(nu))
        if isinstance(self.whole, VectorSpace):
            lengths, N = self.reach.lengths[:: self.c], nu.reshape(-1, self.c)
            return np.minimum(known, vector_subspace_bounds(self._X, N, self._every, lengths, self.whole.slope))
        if not isinstance(self.whole, ReLUSpace):
            return known
        slope = self.whole.slope
        return np.minimum(known, subspace_bounds(self._X, nu, self._every, self.reach.lengths, slope))

    def promise(self, nu: Vector, attempt: int) -> Vector:
        if not isinstance(self.whole, ReLUSpace):
            return self.bounds(nu)
        return subspace_scores(self._X, nu, self._every, np.random.default_rng(attempt), self.whole.slope)

    @cached_property
    def _every(self) -> NDArray[np.intp]:
        """(count, q + always) the coordinates of every family."""
        last = np.broadcast_to(np.arange(self.p, self.d), (self.count, self.always))
        return np.hstack([self.features, last]).astype(np.intp)

    @cached_property
    def reach(self) -> Reach:
        """What rows can be worth to the family that sees most of each: its q greatest features."""
        features = np.abs(self._X[:, : self.p])
        seen = np.hstack([np.partition(features, self.p - self.q, axis=1)[:, self.p - self.q :], self._X[:, self.p :]])
        greatest = self._base.on(seen).reach
        return Reach(greatest.lengths, self.d, greatest.below)

    def pull(self, nu: Vector, units: Units) -> Matrix:
        return self.whole.pull(nu, units) * (units.directions != 0)

    def pulls(self, nu: Vector, units: Units) -> tuple[Matrix, Matrix]:
        inner, outer = self.whole.pulls(nu, units)
        return inner * (units.directions != 0), outer

    def random(self, count: int, rng: np.random.Generator) -> Units:
        units = self.whole.random(count, rng)
        directions = np.zeros_like(units.directions)
        for j, at in enumerate(rng.integers(self.count, size=count).tolist()):
            which = self._every[at]
            directions[j, which] = units.directions[j, which]
        return units.turned(directions).normalised()

    def pieces(self, nu: Vector | None, units: Units) -> tuple[Units, Pieces]:
        k, n = len(units), len(self._X)
        climbed, seen = Units(np.zeros_like(units.directions), units.outputs.copy()), np.zeros((k, self.d), dtype=bool)
        slopes, active = np.zeros((k, n)), np.zeros((k, n), dtype=bool)
        held = [np.zeros(0, dtype=np.intp)] * k
        for family, which in self._grouped(nu, units):
            own, found = family.space.pieces(nu, family.near(units.take(which)))
            climbed.put(which, family.embed(own))
            seen[which] = family.lift.any(axis=1)
            slopes[which], active[which] = found.slopes, found.active
            for j, rows in zip(which.tolist(), found.held, strict=True):
                held[j] = rows
        if self.turning_outputs:
            return climbed, VectorPieces(self._X, slopes, active, tuple(held), seen, c=self.c)
        return climbed, Pieces(self._X, slopes, active, tuple(held), seen)

    def scaled(self, exponent: int) -> UnitSpace:
        if exponent == 0:
            return self
        X = np.ldexp(self._X, exponent)
        X.setflags(write=False)
        return SparseSpace(self._base, X, self.q, self.always, (self, exponent))

    def rows(self, which: NDArray[np.intp]) -> UnitSpace:
        return SparseSpace(self._base, self._X[which], self.q, self.always)

    def key(self) -> Sequence[ArrayLike]:
        return (*super().key(), self._X, self.q, self.always, repr(self._base.key))
