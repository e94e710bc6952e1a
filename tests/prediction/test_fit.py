"""Measures of fit against their definitions, as scikit-learn computes them."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, mean_squared_error, r2_score

from dualscape.data.tables import Table, standardize
from dualscape.model.problem import Problem
from dualscape.prediction.fit import fit_of, training_fit
from dualscape.solver import solve


def test_regression_as_scikit_learn_has_it():
    rng = np.random.default_rng(0)
    y, f = rng.standard_normal(40) + 5, rng.standard_normal(40) + 5
    found = fit_of("squared", f, y)
    assert found.measures["r2"] == pytest.approx(r2_score(y, f))
    assert found.measures["rmse"] == pytest.approx(mean_squared_error(y, f) ** 0.5)


def test_classification_as_scikit_learn_has_it():
    rng = np.random.default_rng(0)
    y, f = rng.choice([-1.0, 1.0], 40), rng.standard_normal(40)
    found = fit_of("logistic", f, y)
    assert found.measures["accuracy"] == accuracy_score(y, np.where(f > 0, 1.0, -1.0))
    assert found.measures["log_loss"] == pytest.approx(log_loss(y, 1 / (1 + np.exp(-f))))


def test_losses_that_are_flat_in_places_as_scikit_learn_has_them():
    rng = np.random.default_rng(1)
    y, f = rng.standard_normal(40) + 5, rng.standard_normal(40) + 5
    found = fit_of("huber:0.5", f, y)
    assert found.measures == {**fit_of("squared", f, y).measures, "mae": pytest.approx(mean_absolute_error(y, f))}
    assert f", MAE = {mean_absolute_error(y, f):.6g} on these 40 rows." in found.explain()
    y = rng.choice([-1.0, 1.0], 40)
    assert fit_of("squared-hinge", f, y).measures == {"accuracy": accuracy_score(y, np.where(f > 0, 1.0, -1.0))}


@pytest.mark.parametrize("y", [[3.0, 3.0], [3.0]])
def test_a_target_that_does_not_vary_has_no_r2(y):
    found = fit_of("squared", np.zeros(len(y)), np.array(y))
    assert found.measures == {"r2": None, "rmse": 3.0}
    assert "R^2 is not defined" in found.explain()


def test_huge_numbers_do_not_overflow():
    found = fit_of("squared", np.array([1e200, 2e200]), np.array([1e200, 4e200]))
    assert found.measures["r2"] == pytest.approx(1 - 4 / 4.5)
    assert found.measures["rmse"] == pytest.approx(2**0.5 * 1e200)


def test_measures_are_in_the_units_of_the_original_target():
    rng = np.random.default_rng(0)
    raw = Table(rng.standard_normal((20, 1)), 500 + 100 * rng.standard_normal(20), ("a",), "y")
    table = standardize(raw)
    solution = solve(Problem(table.X, table.y, beta=0.5))
    found = training_fit(solution, table.scaling)
    f = table.scaling.original_target(solution.network.predict(table.X))
    assert found.measures["rmse"] == pytest.approx(mean_squared_error(raw.y, f) ** 0.5)
    assert found.measures["r2"] == pytest.approx(training_fit(solution).measures["r2"])
    assert "original target" in found.explain()


def test_another_loss_has_no_measures():
    assert fit_of("pinball", np.zeros(1), np.zeros(1)).explain() == ""
