"""The unit neurons of two networks side by side: what a path between them is made of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.landscape.paths.piece import alive
from dualscape.model.losses import Profiled
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.polytopes.caratheodory import reduce_many
from dualscape.polytopes.edge_walk import DEPENDENT
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Index = NDArray[np.intp]
NONE = -1
#: A column of which the free features leave no more than this share is all theirs.
MADE_UP = 1e-12
#: Units no further apart than this are one.
SAME = 1e-11


@dataclass(frozen=True, eq=False)
class Pool:
    """The k distinct unit neurons of networks a and b of m slots.

    Attributes:
        problem: the problem.
        a, b: the networks.
        units: the k units.
        A: (n, k) their columns.
        seen: (n, k) what the free features leave of these; 0 where that is nothing.
        labels: (2, m) the unit in each slot of a and of b, NONE for a slot without mass.
    """

    problem: Problem
    a: Network
    b: Network
    units: Units
    A: Matrix
    seen: Matrix
    labels: Index

    @classmethod
    def of(cls, problem: Problem, a: Network, b: Network) -> "Pool":
        """That of two networks of equal width."""
        massive = [network.masses > 0 for network in (a, b)]
        joined = Units.join(network.units.take(has) for network, has in zip((a, b), massive, strict=True))
        # Those of b first: what is the same up to rounding becomes theirs.
        order = np.roll(np.arange(len(joined)), -int(massive[0].sum()))
        leaders = joined.distinct(order, SAME)
        units = joined.take(leaders)
        names = units.nearest(joined)
        labels = np.full((2, a.width), NONE, dtype=np.intp)
        labels[np.vstack(massive)] = names
        A = problem.space.columns(units)
        seen = problem.profile.seen(A).copy()
        lengths = np.linalg.norm(A, axis=0)
        seen[:, np.linalg.norm(seen, axis=0) <= MADE_UP * lengths] = 0.0
        return cls(problem, a, b, units, A, seen, labels)

    @property
    def width(self) -> int:
        """Number of slots m."""
        return self.a.width

    def masses(self, end: int) -> Vector:
        """(k,) the mass on each unit at end 0 or 1."""
        network, labels = (self.a, self.b)[end], self.labels[end]
        held = labels != NONE
        return np.bincount(labels[held], network.masses[held], minlength=len(self.units)).astype(np.float64)

    def reduced(self, end: int) -> Vector:
        """(k,) masses of no greater sum with the same fit, on units of independent columns among those of an end."""
        masses = self.masses(end)
        masses[~self.seen.any(axis=0)] = 0.0  # dead, or made up for by the free features
        return reduce_many(self.seen, masses, dependent=DEPENDENT)

    def places(self, end: int, masses: Vector) -> Index:
        """(k,) a slot of an end for every unit with mass, the one in which the end has most of it; otherwise NONE."""
        places = np.full(len(self.units), NONE, dtype=np.intp)
        network, labels = (self.a, self.b)[end], self.labels[end]
        for slot in np.argsort(network.masses, kind="stable"):
            if labels[slot] != NONE and masses[labels[slot]] > 0:
                places[labels[slot]] = slot
        return places

    @property
    def direct(self) -> bool:
        """Whether every slot has one unit, or weights 0 at an end: a straight line leads from a to b."""
        first, last = alive(self.a), alive(self.b)
        same = (self.labels[0] == self.labels[1]) & (self.labels[0] != NONE)
        return bool((~first | ~last | same).all())

    # --- networks between a and b ------------------------------------------------------------------------
    def network(self, places: Index, masses: Vector, share: float | None) -> Network:
        """The balanced network with masses (k,) in slots (k,), whose fit has gone a share of the way from a's to b's.

        The masses must have that fit up to free features, whose weights then follow; where the share is None they have
        any, and free features get their best weights.
        """
        used = np.flatnonzero(places != NONE)
        used = used[masses[used] > 0]
        units, held, where = Units.vacant(self.width, self.units.d, self.units.c), np.zeros(self.width), places[used]
        units.directions[where], units.outputs[where] = self.units.directions[used], self.units.outputs[used]
        held[where] = masses[used]
        problem, weights = self.problem, self.free_weights(masses, share)
        return Network.of(units, held, problem.bias, problem.architecture, problem.free.kind, weights)

    def free_weights(self, masses: Vector, share: float | None) -> Vector:
        """(q,) the weights of the free features that go with masses (k,), as for `network`: linear in both."""
        if share is None:
            return self.problem.free_weights(self.A @ masses)
        near = (1 - share) * self.a.free_weights + share * self.b.free_weights
        profile = self.problem.profile
        if not (isinstance(profile, Profiled) and self.problem.free.spared):
            return np.asarray(near)
        missing = self.A @ ((1 - share) * self.masses(0) + share * self.masses(1) - masses)
        return np.asarray(near + self.problem.free.weights(profile.making_up(missing)))
