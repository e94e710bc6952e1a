"""Weights as other programs keep them, and our networks."""

import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor

from dualscape.analysis import analyze
from dualscape.data.tables import Table
from dualscape.errors import InputError
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.prediction.models.files import read_model, write_model
from dualscape.prediction.models.given import trained_of
from dualscape.prediction.models.trained import Trained
from dualscape.report.analysis_json import to_dict, write_json
from dualscape.solver import solve

RNG = np.random.default_rng(2)
X, y = RNG.standard_normal((6, 2)), RNG.standard_normal(6)


@pytest.mark.parametrize("bias", ["penalised", "free"])
def test_there_and_back(bias):
    problem = Problem(X, y, beta=0.1, bias=bias, free="constant")
    U, alpha, b = RNG.standard_normal((4, 2)), RNG.standard_normal(4), RNG.standard_normal(4)
    found = Trained.of(U, alpha, b, 0.5)
    back = found.with_network(problem, found.network(problem))
    for name, value in (("U", U), ("alpha", alpha), ("bias", b), ("output_bias", 0.5)):
        np.testing.assert_allclose(getattr(back, name), value, rtol=1e-12)


def test_a_neuron_with_a_bias_alone_joins_the_output_bias():
    problem = Problem(X, y, beta=0.1, bias="free", free="constant")
    network = Trained.of([[1.0, 2.0], [0.0, 0.0]], [1.0, 3.0], [0.1, 0.5], 0.25).network(problem)
    assert network.free_weights.tolist() == [1.75]
    np.testing.assert_allclose(problem.fit_of(network), np.maximum(X @ [1.0, 2.0] + 0.1, 0) + 1.75, rtol=1e-12)


def test_what_does_not_fit_is_refused():
    plain = Problem(X, y, beta=0.1, bias="none")
    for given, said in [
        (Trained.of(np.ones((2, 3)), [1.0, 1.0]), "see 3 features, the problem has 2"),
        (Trained.of(np.ones((2, 2)), [1.0, 1.0], [0.0, 1.0]), "have biases, the problem none"),
        (Trained.of(np.ones((2, 2)), [1.0, 1.0], None, 1.0), "an output bias, the problem none"),
    ]:
        with pytest.raises(InputError, match=said):
            given.network(plain)
    for arguments, said in [
        (([1.0], [1.0]), "must be .neurons, features."),
        ((np.ones((2, 2)), [1.0]), "one row for each"),
        ((np.ones((1, 2)), [np.inf]), "alpha contains NaN or inf"),
        ((np.ones((1, 2)), [1.0], None, [1.0, 2.0]), "2 output biases"),
    ]:
        with pytest.raises(InputError, match=said):
            Trained.of(*arguments)
    skip = Problem(X, y, beta=0.1, bias="none", free="linear")
    network = Network(np.eye(2), [1, 1], [1, 1], "none", None, skip.architecture, "linear", np.ones(2))
    kept = Trained.of(np.eye(2), [1.0, 1.0]).with_network(skip, network)
    assert kept.free_weights.tolist() == [1.0, 1.0]
    with pytest.raises(InputError, match="skip connection does not fit"):
        kept.check_layers()


@pytest.mark.parametrize("free", ["linear", "affine"])
def test_free_weights_are_kept_or_refused(free, tmp_path):
    problem = Problem(X, y, beta=0.1, bias="penalised", free=free)
    rng = np.random.default_rng(4)
    U, weights = rng.standard_normal((3, 3)), rng.standard_normal(problem.free.q)
    network = Network.from_weights(U, [1, -2, 1], bias="penalised", free=free, free_weights=weights)
    plain = trained_of((np.eye(2), [1.0, 1.0], [0.0, 0.0]))
    better = plain.with_network(problem, network)
    write_model(tmp_path / "better.npz", better)
    again = read_model(tmp_path / "better.npz").network(problem)
    assert again.free_weights.tolist() == network.free_weights.tolist()
    np.testing.assert_allclose(again.predict(X), network.predict(X), rtol=1e-12)
    layers = trained_of({"0.weight": np.eye(2), "0.bias": np.zeros(2), "2.weight": np.ones((1, 2))})
    estimator = trained_of(MLPRegressor(hidden_layer_sizes=(2,), alpha=10.0, solver="lbfgs").fit(X, y))
    for kind in (layers, estimator):
        with pytest.raises(InputError, match="skip connection does not fit"):
            kind.with_network(problem, network).written()


def test_a_result_keeps_free_weights_and_gates(tmp_path):
    for more in ({"free": "affine"}, {"free": "linear", "bias": "none"}, {"architecture": "gated:6", "free": "none"}):
        problem = Problem(X, y, beta=0.1, **more)
        table = Table(X, y, ("a", "b"), "y")
        write_json(tmp_path / "result.json", to_dict(analyze(problem), table=table))
        trained = read_model(tmp_path / "result.json")
        best = trained.network(problem)
        assert problem.objective(best) == pytest.approx(solve(problem).certificate.primal, rel=1e-9)
        write_model(tmp_path / "again.npz", trained)
        again = read_model(tmp_path / "again.npz").network(problem)
        assert problem.objective(again) == pytest.approx(problem.objective(best), rel=1e-12)


def test_one_neuron_with_several_outputs():
    found = Trained.of([[1.0, 2.0]], [[3.0, 4.0, 5.0]], output_bias=[0.0, 0.0, 0.0])
    assert (found.width, found.c) == (1, 3)
    assert Trained.of(np.ones((3, 2)), np.ones((1, 3))).c == 1
    with pytest.raises(InputError, match="U needs one row for each entry"):
        Trained.of([[1.0, 2.0]], np.ones((2, 3)))
