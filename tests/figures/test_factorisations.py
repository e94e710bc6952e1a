"""The arcs of completely positive factorisations: every pair drawn is an optimal network."""

import numpy as np
import pytest

from dualscape import Network, Problem, solve
from dualscape.data.catalogue import get
from dualscape.figures import DoesNotApplyError, Lines, factorisations


def test_every_pair_is_an_optimal_network():
    problem = get("factorisation").problem()
    solution = solve(problem)
    scene = factorisations(solution)
    pairs, first, second = (layer.pieces for layer in scene.layers[1:4] if isinstance(layer, Lines))
    assert len(pairs) == 5
    for w in (*pairs, *map(np.vstack, zip(first[0][::20], second[0][::20], strict=True))):
        w = w.reshape(2, 2)
        assert w.min() >= -1e-9
        assert problem.objective(Network.from_weights(np.abs(w), np.abs(w))) == pytest.approx(0.41, abs=1e-8)
    # Beyond the ends a coordinate is negative.
    assert first[0][0, 1] == pytest.approx(0.0, abs=1e-8)
    assert second[0][-1, 0] == pytest.approx(0.0, abs=1e-8)
    assert "-30 to 0" in scene.caption
    assert scene.to_plotly() is not None


def test_to_what_it_does_not_apply():
    for problem, reason in (
        (Problem(np.eye(2), [1.0, 2.0], beta=0.1, bias="none"), "two outputs"),
        (Problem(2 * np.eye(2), np.eye(2), beta=0.1, bias="none"), "rows"),
        (Problem(np.eye(2), [[1.0, 0.0], [2.0, 1.0]], beta=0.1, bias="none"), "not all directions|Not all"),
    ):
        with pytest.raises(DoesNotApplyError, match=reason):
            factorisations(solve(problem))
