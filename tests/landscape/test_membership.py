"""Which networks are optimal, and the first thing wrong with those that are not."""

import numpy as np
import pytest

from dualscape.model.network import Network


def test_order_splitting_and_zero_neurons_do_not_matter(segment):
    network = segment.choose("center").split(2, 0.3).permute([3, 1, 0, 2, 6, 5, 4]).pad(9)
    member = segment.contains(network)
    assert member
    assert member.units.tolist().count(-1) == 2
    assert len(set(member.units.tolist())) == 7


def test_the_reason_of_a_stranger_is_given(talk):
    tilted = Network.from_weights([[np.sin(0.1), np.cos(0.1)]], [0.95], bias="none").balance()
    answer = talk.contains(tilted)
    assert not answer
    assert answer.neuron == 0
    assert "5.73 degrees away" in answer.reason
    assert "optimal units have beta = 0.1" in answer.reason
    negative = talk.contains(Network([[0.0, 1.0]], [-1.0], [0.95]))
    assert "no optimal unit of its sign" in negative.reason


def test_an_unbalanced_neuron_is_named(talk):
    best = talk.choose("most")
    weights, outer = best.weights()
    weights[1] *= 2
    outer[1] /= 2
    answer = talk.contains(Network.from_weights(weights, outer))
    assert not answer
    assert answer.neuron == 1
    assert "not balanced" in answer.reason


def test_a_wrong_fit_is_measured(talk):
    answer = talk.contains(talk.network(1.01 * talk.vertices[0]))
    assert not answer
    assert answer.fit_error == pytest.approx(0.01)
    assert "fit is off by 0.01" in answer.reason


@pytest.mark.parametrize("factor", [1.001, 0.999])
def test_neurons_are_balanced_either_way(talk, factor):
    """Inner weights a little longer or shorter than the outer one, with the same function."""
    weights, outer = talk.choose("most").weights()
    weights[1] *= factor
    outer[1] /= factor
    answer = talk.contains(Network.from_weights(weights, outer))
    assert (bool(answer), answer.neuron) == (False, 1)
    assert "not balanced" in answer.reason


@pytest.mark.parametrize(("off", "member"), [(1e-12, True), (1e-8, False), (1e-7, False), (1e-4, False)])
def test_a_fit_is_optimal_up_to_its_tolerance(segment, off, member):
    masses = segment.contains(segment.choose("center")).masses
    answer = segment.contains(segment.network((1 + off) * masses))
    assert answer.member == member
    assert answer.fit_error == pytest.approx(off, rel=1e-2, abs=1e-13)


def test_masses_of_neurons_on_one_unit_add_up(segment):
    network = segment.choose("center")
    whole, split = segment.contains(network), segment.contains(network.split(2, 0.3).split(0, 0.5))
    np.testing.assert_allclose(split.masses, whole.masses, rtol=1e-12)
    np.testing.assert_allclose(segment.A @ split.masses, segment.y_star, atol=1e-9)
