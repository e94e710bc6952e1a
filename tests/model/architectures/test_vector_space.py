"""Units with several outputs on data: columns, scores, gradients, other data."""

import numpy as np
import pytest

from dualscape.model.architectures import VectorReLU
from dualscape.model.architectures.vector_space import VectorSpace


@pytest.fixture(name="space", params=[0.0, 0.2, -1.0])
def fixture_space(request):
    return VectorSpace(np.random.default_rng(0).standard_normal((9, 3)), 2, slope=request.param)


def test_columns_scores_and_sums_agree(space):
    rng = np.random.default_rng(1)
    units, nu = space.random(5, rng), rng.standard_normal(18)
    columns = space.columns(units)
    np.testing.assert_array_equal(columns, VectorReLU(2, space.slope).columns(space._X, units))
    np.testing.assert_allclose(space.scores(nu, units), nu @ columns)
    np.testing.assert_allclose(space.together(units), columns.sum(axis=1))
    assert space.c == space.per_row == 2
    assert space.n == 18


def test_gradients_are_those_of_the_score(space):
    rng = np.random.default_rng(2)
    units, nu, step = space.random(4, rng), rng.standard_normal(18), 1e-7
    inner, outer = space.pulls(nu, units)
    for i in range(3):
        moved = units.turned(units.directions + step * np.eye(3)[i])
        np.testing.assert_allclose((space.scores(nu, moved) - space.scores(nu, units)) / step, inner[:, i], atol=1e-5)
    np.testing.assert_allclose((outer * units.outputs).sum(axis=1), space.scores(nu, units))
    np.testing.assert_allclose(space.pull(nu, units), inner)


def test_other_data(space):
    units = space.random(3, np.random.default_rng(3))
    np.testing.assert_array_equal(space.scaled(3).columns(units), 8 * space.columns(units))
    some = space.rows(np.array([1, 4]))
    np.testing.assert_array_equal(some.columns(units), space.columns(units)[[2, 3, 8, 9]])
