"""A union of spaces that are no coordinate subspaces: units in two planes of space, against each plane alone."""

import numpy as np
import pytest

from dualscape.model.architectures.relu_space import ReLUSpace
from dualscape.model.architectures.union_space import Family, UnionSpace
from dualscape.oracles import Question
from dualscape.units import Units


class Planes(UnionSpace):
    """ReLU units whose directions lie in one of some planes, given by orthonormal bases (3, 2)."""

    def __init__(self, X, planes):
        super().__init__(ReLUSpace(X), len(planes))
        self.X, self.planes = X, planes

    def family_at(self, at):
        return Family(ReLUSpace(np.ascontiguousarray(self.X @ self.planes[at])), self.planes[at], self.planes[at].T)

    def homes(self, nu, direction):
        off = [np.linalg.norm(direction - basis @ (basis.T @ direction)) for basis in self.planes]
        return [at for at, distance in enumerate(off) if distance < 1e-9] or [int(np.argmin(off))]

    def bounds(self, nu):
        return np.full(self.count, self.reach.bound(nu))

    @property
    def reach(self):
        return self.whole.reach

    def pull(self, nu, units):
        pulled = self.whole.pull(nu, units)
        return np.array(
            [
                self.planes[at] @ (self.planes[at].T @ pull)
                for at, pull in zip(self._assigned(None, units), pulled, strict=True)
            ]
        )

    def random(self, count, rng):
        v, turns = rng.standard_normal((count, 2)), np.arange(count) % self.count
        directions = np.array([self.planes[at] @ pair for at, pair in zip(turns, v, strict=True)])
        return Units.signed(directions, np.where(np.arange(count) // 2 % 2, 1.0, -1.0)).normalised()

    def scaled(self, exponent):
        return Planes(np.ldexp(self.X, exponent), self.planes)

    def rows(self, which):
        return Planes(self.X[which], self.planes)


def planes(seed=0, n=15):
    rng = np.random.default_rng(seed)
    bases = [np.linalg.qr(rng.standard_normal((3, 2)))[0] for _ in range(2)]
    return Planes(rng.standard_normal((n, 3)), bases), rng.standard_normal(n)


def test_oracles_of_every_name_are_those_of_the_families():
    space, nu = planes()
    assert list(space.kinds) == ["cells", "bisection", "ascent"]
    for name in ("cells", "bisection"):
        answer = space.oracle(name).best_units(Question(nu, above=0.0))
        each = [space.family(at).space.oracle(name).best_units(Question(nu, above=0.0)) for at in range(2)]
        assert answer.upper == max(one.upper for one in each)
        assert len(answer.units) == sum(len(one.units) for one in each)
        np.testing.assert_allclose(answer.values, space.scores(nu, answer.units), rtol=1e-12)
    assert space.oracle("ascent").best_units(Question(nu, above=0.0)).lower == pytest.approx(answer.lower, rel=1e-9)
    estimate = space.estimate("cells")
    assert estimate.looked_at == 2 * space.family(0).space.estimate("cells").looked_at
    assert space.choice().prover == "cells"


def test_units_climb_in_their_own_planes():
    space, nu = planes(1)
    units = space.random(10, np.random.default_rng(0))
    climbed, dimensions, faces_of = space.faces(nu, units)
    np.testing.assert_allclose(climbed.directions, space.climb(nu, units).directions, atol=1e-12)
    for j in range(10):
        basis = space.planes[j % 2]
        np.testing.assert_allclose(basis @ (basis.T @ climbed.directions[j]), climbed.directions[j], atol=1e-12)
    faces = faces_of(np.array([4, 1]))
    assert faces.owner.tolist() == [0] * dimensions[4] + [1] * dimensions[1]
    np.testing.assert_allclose(
        faces.basis.T @ faces.basis * (faces.owner == faces.owner[:, None]), np.eye(len(faces.owner)), atol=1e-12
    )


@pytest.mark.parametrize("seed", range(4))
def test_a_unit_in_both_planes_is_maximal_in_both_or_not_at_all(seed):
    space, nu = planes(seed)
    normals = [np.cross(*basis.T) for basis in space.planes]
    shared = np.cross(*normals)
    unit = Units.signed(shared[None] / np.linalg.norm(shared), np.ones(1))
    if space.scores(nu, unit)[0] < 0:
        nu = -nu
    heights = []
    for at in range(2):
        family = space.family(at)
        assert len(family.own(unit)) == 1
        heights.append(space.scores(nu, family.embed(family.space.climb(nu, family.near(unit))))[0])
    assert space.scores(nu, space.climb(nu, unit))[0] == pytest.approx(max(heights), rel=1e-12)
    assert max(heights) > space.scores(nu, unit)[0] > 0
    assert not space.maximal(nu, unit)[0]
    top = space.climb(nu, unit)
    assert space.maximal(nu, top)[0]
    assert len(space.family(1 - int(np.argmax(heights))).own(top)) == 0


def test_nothing_is_made_before_it_is_needed():
    space, nu = planes(5)
    made = []
    original = space.family_at
    space.family_at = lambda at: made.append(at) or original(at)
    space.columns(space.random(4, np.random.default_rng(0)))
    assert made == []
    space.oracle("cells").best_units(Question(nu, above=0.0))
    assert sorted(made) == [0, 1]
