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
