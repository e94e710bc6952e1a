"""The search over units with several outputs finds what the faces hold."""

import numpy as np
import pytest

from dualscape.geometry.hinges import Hinges
from dualscape.oracles import Question
from dualscape.oracles.vector.faces import FacesOracle
from dualscape.oracles.vector.search import VectorSearch


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
