"""Members of a union that are all there."""

from dataclasses import replace

import numpy as np
import pytest

from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.oracles.members import Listed, Member
from dualscape.units import Units


def listed():
    rng = np.random.default_rng(0)
    oracles = [CellsOracle.on(rng.standard_normal((6, d)) * d) for d in (2, 3)]
    return Listed([Member(oracle, lambda units: units, lambda units: units) for oracle in oracles]), oracles


def test_they_reach_as_far_as_the_one_that_reaches_furthest():
    members, oracles = listed()
    assert [member.oracle for member in members] == oracles == list(members.samples())
    assert (len(members), members.reach.d) == (2, 3)
    np.testing.assert_array_equal(members.reach.lengths, np.maximum(*(oracle.reach.lengths for oracle in oracles)))
    oracles[0].reach = replace(oracles[0].reach, below=0.5)
    assert Listed(list(members)).reach.below == 0.5


def test_what_is_known_of_each_is_what_its_rows_say():
    members, oracles = listed()
    nu = np.arange(6.0)
    assert members.bounds(nu).tolist() == [oracle.reach.bound(nu) for oracle in oracles]
    assert members.promise(nu, 0).tolist() == members.bounds(nu).tolist()
    assert members.maximal(nu, Units.signed(np.eye(2), np.ones(2))).all()
    with pytest.raises(IndexError):
        members[2]
