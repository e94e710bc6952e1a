"""Networks whose neurons see few features: which ones they are, and what is said of them."""

import numpy as np
import pytest

from dualscape import Network, Problem
from dualscape.errors import InputError
from dualscape.model.architectures import RELU, SparseNeurons, TwoLayerReLU, get_architecture
from dualscape.units import Units


def test_its_title_is_read_back():
    for kind in (SparseNeurons(RELU, 1), SparseNeurons(RELU, 12, 1), SparseNeurons(TwoLayerReLU(0.2), 2, 1)):
        assert get_architecture(kind.title).key == kind.key
    for title in ("sparse", "sparse:2", "sparse:2:relu", "sparse:x:1:relu", "sparse:2:1:tanh", "sparse:0:1:relu"):
        with pytest.raises(InputError, match="architecture 'sparse"):
            get_architecture(title)


def test_one_place_makes_the_words():
    one, two = SparseNeurons(RELU, 1, 1), SparseNeurons(RELU, 2, 1)
    assert one.among == " whose neurons see at most 1 feature"
    assert two.among == " whose neurons see at most 2 features"
    assert "at most 2 features" in two.words
    assert "at most 2 features" in two.formula
    assert RELU.among == ""


@pytest.mark.parametrize("q", [0, -1, 2.0, "2", True])
def test_what_is_no_number_of_features_is_refused(q):
    with pytest.raises(InputError, match="features_per_neuron must be a whole number from 1 on"):
        Problem(np.eye(3), np.ones(3), beta=1, features_per_neuron=q)


def test_more_features_than_there_are_are_refused():
    with pytest.raises(InputError, match="features_per_neuron is 4, but there are 3 features"):
        Problem(np.eye(3), np.ones(3), beta=1, features_per_neuron=4)
    assert Problem(np.eye(3), np.ones(3), beta=1, features_per_neuron=3).features_per_neuron == 3
    assert Problem(np.eye(3), np.ones(3), beta=1).features_per_neuron is None


def test_a_network_that_sees_too_much_is_none_of_the_problem():
    problem = Problem(np.eye(3), np.ones(3), beta=1, features_per_neuron=2)
    kind = problem.architecture
    # The bias is no feature.
    seen = Network.from_weights([[1.0, 0.0, 2.0, 5.0]], [1.0], bias="penalised", architecture=kind)
    np.testing.assert_allclose(problem.fit_of(seen), [6.0, 5.0, 7.0])
    assert problem.objective(seen) > 0
    many = Network.from_weights(
        [[0, 1.0, 0, 0], [1.0, 1e-9, 2.0, 0.0]], [1.0, 1.0], bias="penalised", architecture=kind
    )
    with pytest.raises(InputError, match="neuron 1 of the network sees 3 features, the problem allows at most 2 feat"):
        problem.objective(many)
    with pytest.raises(InputError, match=r"of the architecture 'relu', the problem of 'sparse:2:1:relu'"):
        problem.objective(Network.from_weights([[1.0, 0, 0, 0]], [1.0], bias="penalised"))


def test_problems_that_differ_in_it_alone_are_told_apart():
    problems = [Problem(np.eye(3), np.ones(3), beta=1, features_per_neuron=q) for q in (None, 1, 2, 3)]
    assert len({problem.key for problem in problems}) == 4
    assert problems[1].title.endswith("relu, at most 1 feature a neuron")


def test_an_object_must_fit_the_problem():
    kind = SparseNeurons(RELU, 2, 1)
    assert Problem(np.eye(3), np.ones(3), beta=1, architecture=kind).features_per_neuron == 2
    with pytest.raises(
        InputError, match="has 1 coordinates that all neurons see, the problem 0; say features_per_neuron"
    ):
        Problem(np.eye(3), np.ones(3), beta=1, bias="none", architecture=kind)
    with pytest.raises(InputError, match="does not go with 'gated:5:0', whose gates see all features"):
        Problem(np.eye(3), np.ones(3), beta=1, activation="gated:5", features_per_neuron=2)


def test_twins_are_those_of_its_activation():
    kind = SparseNeurons(TwoLayerReLU(-1.0), 1)
    units = Units.signed(np.array([[0.0, -1.0], [1.0, 0.0]]), np.ones(2))
    assert kind.twins == 2
    np.testing.assert_array_equal(kind.twin(units).directions, -units.directions)
    assert (kind.upright(units).directions >= 0).all()


def test_several_outputs():
    kind = SparseNeurons(RELU, 2, 1).with_outputs(3)
    assert kind.key == ("sparse", "2", "1", "vector", "3")
    assert (kind.outputs, kind.per_row) == (3, 3)
    assert get_architecture(kind.title).key == kind.key
