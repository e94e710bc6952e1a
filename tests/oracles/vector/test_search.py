"""The search over units with several outputs finds what the faces hold."""

import numpy as np
import pytest

from dualscape.geometry.hinges import Hinges
from dualscape.oracles import Question
from dualscape.oracles.vector.climbing import climb_jointly
from dualscape.oracles.vector.faces import FacesOracle
from dualscape.oracles.vector.ranked import rank
from dualscape.oracles.vector.reduced import ReducedVector
from dualscape.oracles.vector.search import VectorSearch
from dualscape.units import Units


@pytest.mark.parametrize("seed", range(5))
def test_finds_the_best_unit_of_small_data(seed):
    rng = np.random.default_rng(seed)
    X, N = rng.standard_normal((15, 3)), rng.standard_normal((15, 2))
    hinges, question = Hinges.of(X), Question(N.ravel(), above=0.0)
    exact, found = (kind(hinges, 2).best_units(question) for kind in (FacesOracle, VectorSearch))
    assert found.lower == pytest.approx(exact.lower, rel=1e-12)
    assert not found.exact


def test_zero_rows_have_no_units():
    assert len(VectorSearch(Hinges.of(np.zeros((2, 2))), 2).best_units(Question(np.ones(4), above=0.0)).units) == 0


@pytest.mark.parametrize("seed", range(2))
def test_on_larger_data_rises_as_high_as_exact_climbs_from_many_starts(seed):
    rng = np.random.default_rng(seed)
    X, N = rng.standard_normal((700, 60)), rng.standard_normal((700, 5))
    hinges = Hinges.of(X)
    found = VectorSearch(hinges, 5).best_units(Question(N.ravel(), above=0.0))
    directions, outputs = rng.standard_normal((12, 60)), rng.standard_normal((12, 5))
    climbed = climb_jointly(ReducedVector.of(hinges, N), Units(directions, outputs).normalised())[0]
    assert found.lower > 0.995 * rank(hinges, N.ravel(), climbed).values[0]
    # What it says of its best unit is the unit's own value.
    u, v = found.units.directions[0], found.units.outputs[0]
    assert found.lower == pytest.approx(v @ (N.T @ np.maximum(X @ u, 0.0)), rel=1e-12)
