"""Weights of three layers, and back."""

import numpy as np
import pytest

from dualscape import InputError, Network, Problem, ThreeLayers, solve


@pytest.mark.parametrize("seed", range(3))
def test_there_and_back(seed):
    rng = np.random.default_rng(seed)
    layers = ThreeLayers(rng.standard_normal((4, 3, 2)), rng.standard_normal((4, 3)), rng.standard_normal(4))
    X = rng.standard_normal((9, 2))
    network = layers.network(5)
    assert np.allclose(network.predict(X), layers.predict(X))
    back = ThreeLayers.of(network)
    assert np.allclose(back.predict(X), layers.predict(X))
    # AM-GM and Cauchy-Schwarz: the balanced weights cost least, and their cost is the sum of masses.
    assert back.cost() == pytest.approx(network.masses.sum())
    assert back.cost() <= layers.cost()
    again = ThreeLayers.of(back.network())
    assert again.cost() == pytest.approx(back.cost())


def test_a_balanced_network_costs_what_it_says():
    layers = ThreeLayers([[[2.0, 0.0]]], [[2.0]], [-2.0])
    assert layers.cost() == pytest.approx(8.0)
    assert layers.network().masses == pytest.approx([8.0])
    assert layers.network().signs == [-1]


def test_a_network_as_it_is_costs_what_its_weights_do():
    rng = np.random.default_rng(0)
    W, w = rng.standard_normal((4, 3, 2)), rng.standard_normal((4, 3))
    w[0, 1] = 0.0  # an inner neuron that computes nothing is paid for all the same
    layers = ThreeLayers(W, w, [1.0, -2.0, 0.5, 0.0])
    given = layers.network(balanced=False)
    assert given.cost() == pytest.approx(layers.cost(), rel=1e-14)
    assert np.array_equal(given.masses, layers.network().masses)
    assert given.balance().cost() == pytest.approx(ThreeLayers.of(given).cost())
    by_hand = [(np.sqrt((W[k] ** 2).sum()) ** 3 + np.sqrt(w[k] @ w[k]) ** 3 + abs(layers.alpha[k]) ** 3) / 3
               for k in range(4)]  # fmt: skip
    np.testing.assert_allclose(given.masses + 0.5 * given.imbalance**2, by_hand, rtol=1e-13)


def test_a_bias_is_the_last_coordinate():
    layers = ThreeLayers([[[1.0, -2.0]]], [[1.0]], [3.0], bias="penalised")
    assert layers.predict([[5.0], [1.0]]).tolist() == [9.0, 0.0]
    assert layers.network().predict([[5.0], [1.0]]) == pytest.approx([9.0, 0.0])


def test_what_computes_nothing_has_no_mass():
    network = ThreeLayers(np.zeros((1, 2, 2)), np.ones((1, 2)), [1.0]).network()
    assert network.masses == [0.0]
    assert ThreeLayers(np.zeros((0, 2, 2)), np.zeros((0, 2)), []).network().width == 0


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (([[1.0]], [1.0], [1.0]), "of shapes"),
        (([[[1.0]]], [[1.0, 2.0]], [1.0]), "of shapes"),
        (([[[np.nan]]], [[1.0]], [1.0]), "NaN or inf"),
        (([[["a"]]], [[1.0]], [1.0]), "arrays of numbers"),
    ],
)
def test_bad_weights(weights, message):
    with pytest.raises(InputError, match=message):
        ThreeLayers(*weights)
    with pytest.raises(InputError, match="give inner=2 or more"):
        ThreeLayers(np.ones((1, 2, 1)), np.ones((1, 2)), [1.0]).network(1)


def test_two_and_three_layers_are_told_apart():
    two = Network.from_weights([[1.0]], [1.0])
    with pytest.raises(InputError, match="not of three layers"):
        ThreeLayers.of(two)
    three = ThreeLayers([[[1.0]]], [[1.0]], [1.0]).network()
    for call in (three.weights, lambda: Network.from_weights([[1.0]], [1.0], architecture="three-layer:1")):
        with pytest.raises(InputError, match="ThreeLayers"):
            call()
    with pytest.raises(InputError, match="imbalances of subnetworks must be >= 0"):
        Network(three.directions, three.signs, three.masses, imbalance=[-0.5], architecture=three.architecture)


def test_the_solution_of_a_problem_has_three_layers():
    X, y = np.array([[1.0], [-1.0], [2.0]]), np.array([1.0, 0.5, 2.5])
    solution = solve(Problem(X, y, beta=0.2, architecture="three-layer"))
    layers = ThreeLayers.of(solution.network)
    loss = 0.5 * float(((layers.predict(X) - y) ** 2).sum())
    assert loss + 0.2 * layers.cost() == pytest.approx(solution.certificate.primal, rel=1e-12)
