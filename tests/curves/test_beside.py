"""Curves beside an exact path begin and end where it does, and are the straight lines that they are called."""

import numpy as np
import pytest

from dualscape import connect, permutation_path
from dualscape.curves.beside import beside
from dualscape.curves.weight_space import WeightSpace
from solved import solved


def test_the_ground_truth_beside_other_curves():
    _, optima, _ = solved("talk")
    a = optima.choose("most").pad(3)
    path = connect(optima, a, a.permute([1, 0, 2]))
    found = beside(path, count=21)
    space = WeightSpace(path.problem, 3)
    ends = space.vector(path.start), space.vector(path.end)
    for profile in (found.straight, found.learned):
        assert profile.values[0] == pytest.approx(path.objective(0.0))
        assert profile.values[-1] == pytest.approx(path.objective(1.0))
    assert found.straight.values[10] == pytest.approx(space.value(0.5 * (ends[0] + ends[1])))
    assert path.constant
    assert found.straight.barrier > 0.1 > found.learned.barrier
    assert found.matched.barrier == pytest.approx(0.0, abs=1e-12)
    assert "exact path none" in found.explain()


def test_a_barrier_is_said():
    _, optima, _ = solved("talk")
    path = permutation_path(optima.problem, optima.choose("most"), [1, 0])
    found = beside(path, steps=20)
    assert f"exact path {path.barrier:.6g}" in found.explain()
    assert np.isfinite(found.learned.values).all()
