"""scikit-learn models, trained here: their own loss is a multiple of our objective."""

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

from dualscape.errors import InputError
from dualscape.model.problem import Problem
from dualscape.prediction.models.estimators import beta_of, is_estimator, of_estimator

RNG = np.random.default_rng(1)
X = RNG.standard_normal((20, 2))
y = np.sin(2 * X[:, 0]) + X[:, 1]
HOW = {"hidden_layer_sizes": (6,), "solver": "lbfgs", "alpha": 0.2, "random_state": 0, "max_iter": 400}


@pytest.fixture(scope="module")
def regressor():
    return MLPRegressor(**HOW).fit(X, y)


def test_a_regressor(regressor):
    assert is_estimator(regressor)
    found = of_estimator(regressor)
    beta, words = beta_of(regressor, 20)
    problem = Problem(X, y, beta=beta, **found.settings)
    network = found.network(problem)
    np.testing.assert_allclose(problem.fit_of(network), regressor.predict(X), rtol=1e-9)
    assert problem.objective(network) == pytest.approx(20 * regressor.loss_, rel=1e-9)
    assert "alpha = 0.2 is beta" in words
    assert (found.settings["bias"], found.settings["free"]) == ("free", "constant")


def test_a_classifier():
    model = MLPClassifier(**HOW).fit(X, np.where(y > 0, "yes", "no"))
    found = of_estimator(model)
    problem = Problem(X, np.where(y > 0, "yes", "no"), beta=beta_of(model, 20)[0], **found.settings)
    network = found.network(problem)
    assert problem.objective(network) == pytest.approx(20 * model.loss_, rel=1e-9)
    assert ((problem.fit_of(network) > 0) == (model.predict(X) == "yes")).all()


def test_batches_count():
    model = MLPRegressor(hidden_layer_sizes=(3,), alpha=0.5, batch_size=5)
    assert beta_of(model, 20)[0] == 2.0
    assert beta_of(MLPRegressor(alpha=0.5), 400)[0] == 1.0
    with pytest.raises(InputError, match="held rows back"):
        beta_of(MLPRegressor(alpha=0.5, early_stopping=True), 20)


def test_another_network_is_written_back(regressor):
    found = of_estimator(regressor)
    problem = Problem(X, y, beta=0.2, **found.settings)
    other = found.with_network(problem, found.network(problem).split(2)).written()
    assert other.hidden_layer_sizes == (7,)
    np.testing.assert_allclose(other.predict(X), regressor.predict(X), rtol=1e-9)
    assert regressor.hidden_layer_sizes == (6,)


@pytest.mark.parametrize(
    ("more", "said"),
    [({"hidden_layer_sizes": (3, 3)}, "has 2 hidden layers"), ({"activation": "tanh"}, "has the activation 'tanh'")],
)
def test_other_models_are_refused(more, said):
    model = MLPRegressor(**{**HOW, "max_iter": 5, **more})
    with pytest.raises(InputError, match="is not trained"):
        of_estimator(model)
    with pytest.raises(InputError, match=said), np.errstate(all="ignore"):
        of_estimator(_quietly(model, y))
    labels = np.column_stack([y > 0, y < 1])
    with pytest.raises(InputError, match="2 outputs with a logistic function each"):
        of_estimator(_quietly(MLPClassifier(**{**HOW, "max_iter": 5}), labels))


def test_several_targets_follow_the_gradient_of_their_sum():
    Y = np.column_stack([y, X[:, 0] - y])
    model = _quietly(MLPRegressor(**{**HOW, "solver": "adam", "max_iter": 5}), Y)
    found = of_estimator(model)
    assert (found.alpha.shape, found.output_bias.shape, found.c) == ((6, 2), (2,), 2)
    np.testing.assert_allclose(_outputs(found), model.predict(X), rtol=1e-9)
    np.testing.assert_allclose(found.written().predict(X), model.predict(X), rtol=1e-12)
    # Its gradient in the outer weights, by its own means, is 1/n of that of half squares summed over outputs.
    layers = [X, np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0.0), model.predict(X)]
    deltas, grads, intercepts = [None, layers[2] - Y], [None, np.zeros((6, 2))], [None, np.zeros(2)]
    model._compute_loss_grad(1, 20, layers, deltas, grads, intercepts)
    want = (layers[1].T @ (layers[2] - Y) + beta_of(model, 20)[0] * found.alpha) / 20
    np.testing.assert_allclose(grads[1], want, rtol=1e-12)


def test_a_classifier_of_several_classes():
    model = _quietly(MLPClassifier(**HOW), np.resize(["ash", "fir", "yew"], 20))
    found = of_estimator(model)
    assert found.settings["loss"] == "multinomial"
    P = np.exp(_outputs(found))
    np.testing.assert_allclose(P / P.sum(axis=1)[:, None], model.predict_proba(X), rtol=1e-9)


def test_other_classes_than_those_of_the_data_are_refused():
    model = _quietly(MLPClassifier(**HOW), np.resize(["ash", "fir", "yew"], 20))
    found = of_estimator(model)
    how = {**found.settings, "beta": 0.1, "bias": "penalised"}
    found.network(Problem(X, np.resize(["fir", "yew", "ash"], 20), **how))
    with pytest.raises(InputError, match="classes ash, fir, yew, the target has ash, elm, fir; choose the target"):
        found.network(Problem(X, np.resize(["ash", "elm", "fir"], 20), **how))


def test_whole_numbers_are_one_class_however_they_are_kept():
    model = _quietly(MLPClassifier(**HOW), np.resize([0, 1, 2], 20))
    found = of_estimator(model)
    how = {**found.settings, "beta": 0.1, "bias": "penalised"}
    found.network(Problem(X, np.resize([0.0, 1.0, 2.0], 20), **how))
    with pytest.raises(InputError, match="classes 0, 1, 2, the target has 1, 2, 3;"):
        found.network(Problem(X, np.resize([1, 2, 3], 20), **how))


def test_a_target_of_signs_does_not_name_its_classes():
    model = MLPClassifier(**HOW).fit(X, np.where(y > 0, "yes", "no"))
    found = of_estimator(model)
    found.network(Problem(X, np.where(y > 0, 1.0, -1.0), beta=0.1, **found.settings))
    with pytest.raises(InputError, match="classes no, yes, the target has nein, yes;"):
        found.network(Problem(X, np.where(y > 0, "yes", "nein"), beta=0.1, **found.settings))


def _outputs(found):
    return np.maximum(X @ found.U.T + found.bias, 0.0) @ found.alpha + found.output_bias


def _quietly(model, target):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, target)
