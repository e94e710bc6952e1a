"""The squared hinge loss by hand, and beside scikit-learn's linear classifier."""

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from dualscape.errors import InputError
from dualscape.model.losses import SquaredHinge


def test_by_hand():
    loss, y = SquaredHinge(), np.array([1.0, 1.0, -1.0])
    f = np.array([0.5, 3.0, 1.0])
    assert loss.value(f, y) == 0.5 * (0.25 + 4)
    assert loss.gradient(f, y).tolist() == [-0.5, 0.0, 2.0]
    assert loss.dual(np.array([0.5, 0.0, -2.0]), y) == 2.5 - 0.5 * (0.25 + 4)
    assert loss.dual(np.array([-0.5, 0.0, -2.0]), y) == -np.inf
    assert loss.probability(f) is None


def test_its_minimum_is_that_of_a_support_vector_machine():
    """1/2 |w|^2 + C sum max(0, 1 - y f)^2 at C = 1/2: the gradient of both terms cancels at scikit-learn's w."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 3))
    y = np.where(X[:, 0] + 0.5 * rng.standard_normal(30) > 0, 1.0, -1.0)
    w = LinearSVC(C=0.5, fit_intercept=False, dual=False, tol=1e-10, max_iter=10_000).fit(X, y).coef_[0]
    np.testing.assert_allclose(X.T @ SquaredHinge().gradient(X @ w, y) + w, 0, atol=1e-6)


def test_other_labels_are_refused():
    with pytest.raises(InputError, match=r"^target of the squared-hinge loss must be \+1 or -1, but row 1 has 0"):
        SquaredHinge().check_target(np.array([1.0, 0.0]))
