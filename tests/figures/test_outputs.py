"""Arrows of output vectors."""

import numpy as np
import pytest

from dualscape import Problem, optimal_set, solve
from dualscape.figures import DoesNotApplyError, Lines, outputs


def test_arrows_are_output_vectors_times_masses():
    rng = np.random.default_rng(0)
    solution = solve(Problem(rng.standard_normal((8, 2)), rng.standard_normal((8, 2)), beta=0.5))
    U, alpha = solution.network.weights()
    wanted = np.linalg.norm(U, axis=1)[:, None] * alpha
    for optima in (None, optimal_set(solution)):
        scene = outputs(solution, optima, ("height", "weight"))
        lines = next(layer for layer in scene.layers if isinstance(layer, Lines))
        tips = np.array([piece[1] for piece in lines.pieces])
        np.testing.assert_allclose(np.sort(tips, axis=0), np.sort(wanted, axis=0), atol=1e-9)
        assert not np.array([piece[0] for piece in lines.pieces]).any()
    assert [axis.label for axis in scene.axes] == ["height", "weight"]
    assert scene.to_plotly() is not None


@pytest.mark.parametrize("c", [1, 3])
def test_other_numbers_of_outputs_are_refused(c):
    solution = solve(Problem(np.eye(2), np.ones((2, c)).squeeze(), beta=0.1))
    with pytest.raises(DoesNotApplyError, match="two outputs"):
        outputs(solution)
