"""What neurons see of the features, and the names of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dualscape.errors import InputError
from dualscape.model.design import BIASES, Design
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.model.scaling import Scaling

NUMBERS = st.floats(-1e3, 1e3, allow_subnormal=False).map(lambda v: 0.0 if abs(v) < 1e-6 else v)


@st.composite
def rows_and_designs(draw):
    """Rows (n, p) and a design of p features: with a bias or without, standardised or not, constant columns too."""
    n, p = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    scaling = None
    if draw(st.booleans()):
        scales = draw(arrays(float, p, elements=st.sampled_from([0.0, 0.5, 1.0, 3.0])))
        scaling = Scaling(draw(arrays(float, p, elements=NUMBERS)), scales)
    X = draw(arrays(float, (n, p), elements=NUMBERS))
    return X, Design(tuple("abcd"[:p]), draw(st.sampled_from(BIASES)), scaling)


@given(rows_and_designs())
def test_neurons_see_the_scaled_features_and_a_last_one_for_the_bias(pair):
    X, design = pair
    seen = design.inputs(X)
    assert seen.shape == (len(X), design.d)
    assert design.d == len(design.coordinates) == design.p + (design.bias != "none")
    for j, name in enumerate(design.coordinates):
        if j == design.p:
            assert name == "bias"
            assert design.bias in ("penalised", "free")
            expected = np.ones(len(X))
        elif design.scaling is None:
            expected = X[:, j]
        elif design.scaling.scales[j] == 0:
            expected = np.zeros(len(X))
        else:
            expected = (X[:, j] - design.scaling.means[j]) / design.scaling.scales[j]
        assert np.array_equal(seen[:, j], expected)


@given(rows_and_designs())
def test_rows_are_seen_one_by_one_and_stay_what_they_are(pair):
    X, design = pair
    before, together = X.copy(), design.inputs(X)
    assert np.array_equal(X, before)
    assert np.array_equal(np.vstack([design.inputs(row) for row in X]), together)


@given(rows_and_designs())
def test_a_problem_and_its_networks_see_the_same(pair):
    X, design = pair
    free = "constant" if design.bias == "free" else "none"
    problem = Problem(X, np.ones(len(X)), beta=1.0, bias=design.bias, free=free, feature_names=design.feature_names)
    assert problem.design == Design(design.feature_names, design.bias, free=free)
    assert np.array_equal(problem.design.inputs(X), problem.X)
    assert (problem.d, problem.bias, problem.feature_names) == (design.d, design.bias, design.feature_names)
    weights = np.tril(np.ones((problem.d, problem.d)))
    network = Network.from_weights(
        weights, np.ones(problem.d), bias=problem.bias, free=free, free_weights=np.zeros(problem.free.q)
    )
    expected = np.maximum(problem.X @ weights.T, 0.0).sum(axis=1)
    np.testing.assert_allclose(network.predict(X), expected, rtol=1e-12, atol=1e-9)
    assert (network.design.d, network.design.bias) == (problem.d, problem.bias)
    network.check(problem.design)


def test_without_bias_and_scaling_nothing_is_copied():
    problem = Problem(np.ones((3, 2)), np.ones(3), beta=1.0, bias="none")
    assert problem.X is problem.inputs
    assert problem.design.seen(problem.X) is problem.X


def test_repr_is_short():
    assert repr(Design(("size",) * 1000, "none")) == "Design(1000 features as they are, bias none)"
    assert repr(Design(("size",), "penalised", Scaling.none(1))) == "Design(1 features standardised, bias penalised)"


def network(d, bias):
    return Network(np.eye(d)[:1], [1.0], [1.0], bias)


@pytest.mark.parametrize(("d", "bias", "fits"), [(3, "penalised", True), (2, "penalised", False), (3, "none", False)])
def test_networks_of_other_coordinates_are_refused(d, bias, fits):
    design = Design(("size", "age"), "penalised")
    if fits:
        network(d, bias).check(design)
        return
    with pytest.raises(InputError) as caught:
        network(d, bias).check(design)
    told = f"the network has {d} coordinates per neuron and bias {bias!r}, the problem 3 and 'penalised'"
    assert str(caught.value) == told


def test_a_network_without_neurons_fits_everywhere():
    empty = Network(np.zeros((0, 2)), [], [])
    empty.check(Design(("size", "age", "rooms"), "penalised"))
    assert empty.predict([[1.0, 2.0, 3.0]]).tolist() == [0.0]
    with pytest.raises(InputError, match="finite numbers"):
        empty.predict([[np.nan]])


PAIR = Design(("size", "age"), "penalised", Scaling(np.zeros(2), np.array([1e-300, 0.0])))
BAD = {
    "bias": (lambda: Design(("size",), "some"), "unknown bias 'some'; known: penalised, free, none"),
    "scaling": (
        lambda: Design(("size",), "none", Scaling.none(2)),
        "2 means and 2 scales for 1 features",
    ),
    "no coordinate": (
        lambda: Network(np.zeros((1, 0)), [1], [0.0], "penalised").predict([[1.0]]),
        "neurons with a penalised bias have a coordinate for it, these have 0",
    ),
    "columns": (lambda: PAIR.inputs([[1.0, 2.0, 3.0]]), "the network takes 2 features, X has 3 columns"),
    "missing, in a constant column": (
        lambda: PAIR.inputs([[1.0, np.nan]]),
        "X must be a table of finite numbers, got shape (1, 2); drop or fill in what is missing",
    ),
    "dimensions": (
        lambda: PAIR.inputs(np.zeros((2, 2, 2))),
        "X must be a table of finite numbers, got shape (2, 2, 2); drop or fill in what is missing",
    ),
    "text": (
        lambda: PAIR.inputs([[1.0, "old"]]),
        "X must be numeric, but has 'old' at row 0, column 1; encode categories as numbers first",
    ),
}


@pytest.mark.parametrize(("build", "message"), BAD.values(), ids=BAD)
def test_what_is_refused(build, message):
    with pytest.raises(InputError) as caught:
        build()
    assert str(caught.value) == message


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_rows_that_standardising_makes_infinite_are_refused():
    with pytest.raises(InputError, match="finite numbers"):
        PAIR.inputs([[1e300, 1.0]])


@given(rows_and_designs(), st.floats(0.1, 10.0))
def test_weight_decay_sees_all_coordinates_but_a_free_bias(pair, factor):
    rows, design = pair
    seen = factor * design.inputs(rows)
    penalised = seen[:, : design.p] if design.bias == "free" else seen
    assert np.allclose(design.lengths(seen), np.linalg.norm(penalised, axis=1), rtol=1e-14, atol=0)
