"""What is said of a network, in words."""

from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.prediction.certify import certify
from dualscape.report.certification_words import neuron_rows, sentences

PROBLEM = Problem([[1.0, 0.0], [0.0, 1.0]], [1.0, 2.0], beta=0.1, bias="none", feature_names=["size", "age"])


def test_sentences():
    network = Network.from_weights([[0.0, 1.9**0.5], [-1.0, -1.0], [0.0, 0.0]], [1.9**0.5, 2.0, 0.0])
    text = " ".join(sentences(certify(PROBLEM, network)))
    assert "Of 3 neurons 1 dead on all rows, 1 zero." in text
    assert "steepest way down: a neuron with sign + in direction (size 0.995, age 0.100)" in text
    assert "Stationary (Clarke): no" in text
    assert "it never climbs, and ends at a proven global optimum." in text


def test_a_zero_neuron_decides():
    problem = Problem([[1.0, 0.0], [-1.0, 0.5]], [1.0, 2.0], beta=0.1, bias="none")
    length = 1.25**0.5
    stuck = Network([[-1.0 / length, 0.5 / length]], [1], [(2.0 - 0.1 / length) / length])
    assert "(Haeffele, Vidal)" not in sentences(certify(problem, stuck))[0]
    assert "It is no local minimum: it has a zero neuron" in sentences(certify(problem, stuck.pad(2)))[0]


def test_rows_of_neurons():
    found = certify(PROBLEM, Network.from_weights([[0.0, 1.0], [-1.0, -1.0], [0.0, 0.0]], [1.0, 2.0, 0.0]))
    rows = neuron_rows(found, 2)
    assert [row[0] for row in rows] == ["1", "0"]
    assert [row[-1] for row in rows] == ["dead", ""]
    assert rows[1][4] == "1"
