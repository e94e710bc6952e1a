import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualscape.errors import InputError
from dualscape.landscape.optimal_set import optimal_set
from dualscape.model.minimal import minimal
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.solver import solve
from planted import circle_family
from solved import solved


def random_network(rng, width, d, bias="none"):
    return Network.from_weights(rng.standard_normal((width, d)), rng.standard_normal(width), bias=bias)


@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 3), st.integers(1, 12))
def test_any_network_loses_neurons_and_neither_fit_nor_objective(seed, n, d, width):
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, (n, d)).astype(float)  # parallel and zero rows, dead neurons
    problem = Problem(X, rng.standard_normal(n), beta=0.3, bias="none")
    network = random_network(rng, width, d)
    found = minimal(problem, network)
    assert found.width <= min(width, n)
    np.testing.assert_allclose(problem.fit_of(found), problem.fit_of(network), atol=1e-10)
    assert problem.objective(found) <= problem.objective(network) * (1 + 1e-12)
    columns = problem.space.columns(found.units)
    assert np.linalg.matrix_rank(columns) == found.width
    units = zip(found.directions, found.units.outputs, strict=True)
    kept = [network.units.find(*unit, tolerance=1e-12) for unit in units]
    assert None not in kept, "its neurons are some of the network's"


def test_an_optimal_network_becomes_a_vertex():
    """Of the circle family, whose optimal networks are a segment between 4 and 5 neurons."""
    optima = optimal_set(circle_family([30, 45, 60, 75, 90], np.ones))
    rng = np.random.default_rng(0)
    widths = set()
    for _ in range(10):
        wide = optima.sample(rng).split(0).split(2, 0.3)
        found = minimal(optima.problem, wide)
        assert optima.contains(found)
        masses = np.zeros(optima.k)
        for u, s, c in zip(found.directions, found.units.outputs, found.masses, strict=True):
            masses[optima.units.find(u, s)] = c
        assert np.isclose(optima.vertices, masses, atol=1e-9).all(axis=1).any()
        widths.add(found.width)
    assert widths <= {4, 5}


def test_what_is_irreducible_stays():
    solution, optima, _ = solved("parity")
    for vertex in optima.vertices[:5]:
        network = optima.network(vertex)
        assert minimal(solution.problem, network).width == network.width


def test_weights_of_one_neuron_are_balanced():
    problem = Problem([[1.0], [2.0]], [2.0, 3.0], beta=0.5, bias="none")
    lopsided = Network.from_weights([[10.0]], [0.1])
    found = minimal(problem, lopsided)
    assert found.cost() == pytest.approx(1.0)
    assert lopsided.cost() > 50


def test_free_features_make_more_neurons_superfluous():
    """Three neurons that are linear on all rows: beside a free linear part none of them is needed."""
    X = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, -1.0], [2.0, 0.5]])
    problem = Problem(X, [1.0, 2.0, 3.0, 5.0], beta=0.1, bias="none", free="linear")
    directions, free = [[1.0, 0.0], [0.8, 0.6], [0.8, -0.6]], {"free": "linear", "free_weights": [0, 0]}
    units = Network(directions, [1, -1, 1], [1.0, 2.0, 0.5], **free)
    found = minimal(problem, units)
    assert found.width == 0
    assert problem.objective(found) < problem.objective(units)


def test_the_zero_network_stays_one():
    problem = Problem([[1.0], [2.0]], [2.0, 3.0], beta=50.0, bias="none")
    assert minimal(problem, solve(problem).network).width == 0


def test_what_is_refused():
    problem = Problem([[1.0], [2.0]], [2.0, 3.0], beta=0.5, bias="none")
    with pytest.raises(InputError, match="2 coordinates"):
        minimal(problem, Network([[0.6, 0.8]], [1], [1.0]))
    with pytest.raises(InputError, match="minimal takes a Network"):
        minimal(problem, solve(problem))
