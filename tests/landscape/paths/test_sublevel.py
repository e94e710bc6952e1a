"""Paths between any two networks that never exceed the greater objective, with and without weight decay."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from along import check, objective
from dualscape.errors import InputError
from dualscape.landscape.paths.level import level_corners
from dualscape.landscape.paths.path import Path
from dualscape.landscape.paths.sublevel import connect_sublevel
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from landscape_networks import anything, made


@settings(max_examples=12)
@given(st.integers(0, 10_000), st.sampled_from(["none", "constant", "affine"]), st.booleans())
def test_never_above_both_ends(seed, free, weight_decay):
    problem = made(seed, free)
    width = problem.n + 1
    a, b = anything(problem, width, seed), anything(problem, width, seed + 1)
    for path in (
        connect_sublevel(problem, a, b, weight_decay=weight_decay),
        # The way without better masses in between: the fit moves straight from one to the other.
        Path.of(problem, level_corners(problem, a, b), weight_decay),
    ):
        values = check(path, a, b, width)
        highest = max(objective(problem, a, weight_decay), objective(problem, b, weight_decay))
        assert values.max() <= highest * (1 + 1e-10)
        assert path.barrier <= 1e-10 * path.size


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_few_slots(seed):
    """Below the width that is sure there is a path all the same, and it says by how much it climbs."""
    problem = made(seed)
    width = 2 + seed % 2
    a, b = anything(problem, width, seed), anything(problem, width, seed + 1)
    path = connect_sublevel(problem, a, b)
    values = check(path, a, b, width)
    highest = max(objective(problem, a), objective(problem, b))
    assert values.max() - highest == pytest.approx(path.barrier, abs=1e-9 * path.size)
    assert ("upper bound" in path.note) == (path.barrier > 1e-10 * path.size)


def test_bad_input():
    problem = Problem([[1.0], [-1.0]], [1.0, 2.0], beta=0.1, bias="none")
    one, two = Network([[1.0]], [1.0], [1.0]), Network([[1.0], [-1.0]], [1.0, 1.0], [1.0, 1.0])
    with pytest.raises(InputError, match="widths 1 and 2; give the width"):
        connect_sublevel(problem, one, two)
    with pytest.raises(InputError, match="give width=2"):
        connect_sublevel(problem, one, two, width=1)
    assert connect_sublevel(problem, one, two, width=2).width == 2
