import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dualscape.errors import InputError
from dualscape.model.network import Network

ENTRIES = st.floats(-1e3, 1e3, allow_subnormal=False).map(lambda v: 0.0 if abs(v) < 1e-6 else v)


@st.composite
def weights(draw):
    """First and second layer weights; zero neurons, repeated neurons and wild scales included."""
    m, d = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    U, alpha = draw(arrays(float, (m, d), elements=ENTRIES)), draw(arrays(float, m, elements=ENTRIES))
    scale = 10.0 ** draw(arrays(float, m, elements=st.integers(-9, 9).map(float)))
    return U * scale[:, None], alpha / scale


@st.composite
def networks(draw):
    U, alpha = draw(weights())
    return Network.from_weights(U, alpha, bias=draw(st.sampled_from(["none", "penalised"])))


def inputs_for(network):
    p = network.directions.shape[1] - (network.bias == "penalised")
    return np.random.default_rng(0).standard_normal((7, p))


def assert_same_function(first, second):
    X = inputs_for(first)
    scale = 1 + first.masses.sum() * (1 + np.abs(X).max(initial=0.0))
    np.testing.assert_allclose(first.predict(X), second.predict(X), atol=1e-12 * scale)


@given(weights())
def test_weights_come_back(pair):
    U, alpha = pair
    network = Network.from_weights(U, alpha)
    back, outer = network.weights()
    inner = np.linalg.norm(U, axis=1)
    scale = np.maximum(inner, np.abs(alpha))
    assert (np.linalg.norm(back - U, axis=1) <= 1e-12 * scale).all()
    assert (np.abs(outer - alpha) <= 1e-12 * scale).all()
    # The smaller of the two is as accurate as the larger, relatively, when neither is zero.
    alive = (inner > 0) & (alpha != 0)
    np.testing.assert_allclose(np.linalg.norm(back, axis=1)[alive], inner[alive], rtol=1e-9)
    np.testing.assert_allclose(outer[alive], alpha[alive], rtol=1e-9)


@given(weights(), st.floats(-10.0, 10.0))
def test_a_free_bias_costs_nothing_and_comes_back(pair, bias):
    U, alpha = pair
    inner = np.linalg.norm(U, axis=1)
    weights = np.column_stack([U, bias * inner])
    network = Network.from_weights(weights, alpha, bias="free")
    assert network.cost() == pytest.approx(0.5 * float(inner @ inner + alpha @ alpha), rel=1e-9)
    back = network.weights()[0]
    scale = np.maximum(inner, np.abs(alpha)) * (1 + abs(bias))
    assert (np.linalg.norm(back - weights, axis=1) <= 1e-12 * scale).all()
    X = np.random.default_rng(0).standard_normal((7, U.shape[1]))
    expected = np.maximum(X @ U.T + weights[:, -1], 0) @ alpha
    size = (np.linalg.norm(X, axis=1)[:, None] + abs(bias)) * inner * np.abs(alpha)
    assert (np.abs(network.predict(X) - expected) <= 1e-12 * (1e-300 + size.sum(axis=1))).all()


@given(weights())
def test_function_and_cost_agree_with_the_weights(pair):
    U, alpha = pair
    network = Network.from_weights(U, alpha)
    X = inputs_for(network)
    size = np.linalg.norm(X, axis=1)[:, None] * np.linalg.norm(U, axis=1) * np.abs(alpha)
    expected = np.maximum(X @ U.T, 0) @ alpha
    assert (np.abs(network.predict(X) - expected) <= 1e-12 * (1 + size.sum(axis=1))).all()
    np.testing.assert_allclose(network.cost(), 0.5 * ((U**2).sum() + (alpha**2).sum()), rtol=1e-9)


@given(networks(), st.randoms(use_true_random=False))
def test_permuting_keeps_function_and_cost(network, random):
    order = list(range(network.width))
    random.shuffle(order)
    other = network.permute(order)
    assert_same_function(network, other)
    np.testing.assert_allclose(other.cost(), network.cost(), rtol=1e-12)


@given(networks(), st.floats(0, 1), st.data())
def test_splitting_and_merging(network, fraction, data):
    balanced = network.balance()
    split = balanced.split(data.draw(st.integers(0, network.width - 1)), fraction)
    assert split.width == network.width + 1
    assert_same_function(balanced, split)
    np.testing.assert_allclose(split.cost(), balanced.cost(), rtol=1e-12)
    merged = split.merge()
    assert_same_function(balanced, merged)
    assert merged.width <= (balanced.masses > 0).sum()
    assert (merged.masses > 0).all()


@given(networks())
def test_balancing_pruning_and_padding(network):
    balanced = network.balance()
    assert_same_function(network, balanced)
    assert balanced.cost() <= network.cost() * (1 + 1e-12)
    U, alpha = balanced.weights()
    np.testing.assert_allclose(np.linalg.norm(U, axis=1), np.abs(alpha), rtol=1e-6)
    assert_same_function(network, network.prune())
    padded = network.prune().pad(network.width + 2)
    assert padded.width == network.width + 2
    assert_same_function(network, padded)


def test_prune_leaves_out_small_masses():
    network = Network(np.eye(3), [1, 1, -1], [1.0, 1e-9, 2.0])
    assert network.prune(1e-8).masses.tolist() == [1.0, 2.0]


def test_merge_keeps_opposite_signs_apart():
    network = Network(np.array([[1.0, 0.0]] * 3), [1, -1, 1], [1.0, 2.0, 3.0])
    merged = network.merge()
    assert merged.masses.tolist() == [4.0, 2.0]
    assert merged.signs.tolist() == [1.0, -1.0]


def test_unbalanced_weights_do_not_cancel():
    U, alpha = Network.from_weights([[1e8, 0.0]], [1e-8]).weights()
    np.testing.assert_allclose(U, [[1e8, 0.0]])
    np.testing.assert_allclose(alpha, [1e-8])


def test_extreme_weights_have_no_overflow():
    U, alpha = Network.from_weights([[3e200, 4e200]], [1e-200]).weights()
    np.testing.assert_allclose(U, [[3e200, 4e200]])
    np.testing.assert_allclose(alpha, [1e-200])


def test_bias_column_is_appended():
    network = Network([[0.6, 0.8]], [1], [5.0], bias="penalised")
    np.testing.assert_allclose(network.predict([[2.0], [-2.0]]), [10.0, 0.0])


def test_the_empty_network_predicts_zero():
    network = Network(np.zeros((0, 2)), [], [])
    assert network.predict([[1.0, 2.0]]).tolist() == [0.0]
    assert (network.width, network.cost()) == (0, 0.0)


def test_arrays_cannot_be_changed():
    network = Network([[1.0, 0.0]], [1], [1.0])
    with pytest.raises(ValueError, match="read-only"):
        network.masses[0] = 2.0


BAD = {
    "signs": (lambda: Network([[1.0]], [0.5], [1.0]), "signs must be +1 or -1"),
    "masses": (
        lambda: Network([[1.0]], [1], [-1.0]),
        "masses must be >= 0, the least is -1; put the sign into `signs`",
    ),
    "length": (
        lambda: Network([[1.0, 1.0]], [1], [1.0]),
        "direction 0 has length 1.41421, not 1; use Network.from_weights for weights",
    ),
    "zero direction": (
        lambda: Network([[0.0]], [1], [1.0]),
        "direction 0 has length 0, not 1; use Network.from_weights for weights",
    ),
    "counts": (
        lambda: Network([[1.0]], [1, 1], [1.0]),
        "a network needs one sign and one mass per direction, got 1 directions, 2 signs, 1 masses and 1 imbalances",
    ),
    "nan": (
        lambda: Network([[1.0]], [1], [np.nan]),
        "network weights contain NaN or inf; check how they were trained or read",
    ),
    "inf weight": (
        lambda: Network.from_weights([[np.inf]], [1.0]),
        "network weights contain NaN or inf; check how they were trained or read",
    ),
    "bias": (lambda: Network([[1.0]], [1], [1.0], "some"), "unknown bias 'some'; known: penalised, free, none"),
    "length without the free bias": (
        lambda: Network([[0.6, 0.8]], [1], [1.0], "free"),
        "direction 0 has length 0.6, not 1; use Network.from_weights for weights",
    ),
    "free bias alone": (
        lambda: Network.from_weights([[1.0, 0.0], [0.0, 2.0]], [1.0, 3.0], bias="free"),
        "neuron 1 has a free bias alone and computes a constant; leave it out, and give the constant to the output "
        "bias",
    ),
    "rows": (
        lambda: Network.from_weights([[1.0]], [1.0, 2.0]),
        "U has shape (1, 1) but alpha has 2 entries; U needs one row per entry of alpha",
    ),
    "text": (
        lambda: Network.from_weights([["a"]], [1.0]),
        "U must be an array of numbers: could not convert string to float: 'a'",
    ),
    "columns": (
        lambda: Network([[1.0, 0.0]], [1], [1.0]).predict([[1.0, 2.0, 3.0]]),
        "the network takes 2 features, X has 3 columns",
    ),
    "order": (lambda: Network([[1.0]], [1], [1.0]).permute([1]), "order must be a permutation of 0..0"),
    "split": (lambda: Network([[1.0]], [1], [1.0]).split(2), "neuron 2 does not exist; the network has 1"),
    "fraction": (lambda: Network([[1.0]], [1], [1.0]).split(0, 2.0), "fraction must lie in [0, 1], got 2"),
    "pad": (lambda: Network([[1.0]], [1], [1.0]).pad(0), "the network has 1 neurons, more than the width 0"),
}


@pytest.mark.parametrize(("build", "message"), BAD.values(), ids=BAD)
def test_bad_networks_are_refused(build, message):
    with pytest.raises(InputError) as caught:
        build()
    assert str(caught.value) == message
