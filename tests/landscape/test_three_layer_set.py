"""All optimal three-layer networks: every one that is built is optimal, and others' predictions lie in the spread."""

import numpy as np
import pytest

from dualscape import Problem, solve, three_layer_set
from dualscape.errors import InputError, MissingError, NotCertifiedError


def problem_of(seed, n, d, **settings):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((n, d)), rng.standard_normal(n)
    return Problem(X, y, beta=1.0, architecture="three-layer", **settings).at_fraction(0.1)


@pytest.mark.parametrize(("seed", "n", "d"), [(2, 4, 2), (2, 6, 2), (1, 6, 2), (1, 8, 1)])
def test_networks_of_the_set_are_optimal(seed, n, d):
    problem = problem_of(seed, n, d)
    solution = solve(problem)
    optima = three_layer_set(solution)
    least, rng = solution.certificate.primal, np.random.default_rng(0)
    corners = [x[: optima.k] for _, x in optima.polytope.maximise(rng.standard_normal((6, optima.polytope.k)))]
    for masses in (None, *corners):
        network = optima.network(masses)
        loss = problem.loss.value(network.predict(problem.inputs), problem.y)
        assert loss + problem.beta * network.masses.sum() == pytest.approx(least, rel=1e-7)
        low, high = optima.mass_ranges()
        assert network.masses.sum() == pytest.approx(solution.network.masses.sum(), rel=1e-6)
        assert (low <= high + 1e-12).all()
    Z = 2 * rng.standard_normal((20, d))
    low, high = optima.spread(Z)
    scale = np.abs(high).max() + 1.0
    for network in (solution.network, optima.network(), *map(optima.network, corners)):
        f = network.predict(Z)
        assert (low - 1e-6 * scale <= f).all()
        assert (f <= high + 1e-6 * scale).all()
    on_data = optima.spread(problem.inputs)
    assert np.allclose(on_data, optima.y_star, atol=1e-6)
    low, high = optima.fewest()
    assert 1 <= low <= high <= max(optima.network(c).prune(1e-9).width for c in (None, *corners))


def test_a_continuum_is_seen():
    # Two rows: the network of one subnetwork may share its mass between three first-layer units.
    problem = Problem([[-(3**0.5), 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none", architecture="three-layer")
    optima = three_layer_set(solve(problem))
    assert (len(optima.faces), optima.k, optima.dimension, optima.fewest()) == (1, 3, 1, (1, 1))
    low, high = optima.inner_ranges()
    assert np.allclose(low, 0.0, atol=1e-9)
    assert sorted(high.round(6)) == [0.475, 0.475, 0.95]
    assert len(optima.first_layer) == 3
    low, high = optima.spread([[1.0, 0.0]])
    assert (low, high) == (pytest.approx(0.0, abs=1e-9), pytest.approx(0.475 * 3**0.5 / 2))
    assert "dimension 1" in optima.describe()


def test_the_zero_network_alone():
    problem = Problem([[1.0], [2.0]], [1.0, 1.0], beta=100.0, architecture="three-layer")
    optima = three_layer_set(solve(problem))
    assert (optima.k, optima.fewest(), optima.network().width) == (0, (0, 0), 0)
    assert "zero network" in optima.describe()
    assert np.array_equal(optima.spread([[3.0]]), [[0.0], [0.0]])


def test_what_is_refused():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((3, 1)), rng.standard_normal(3)
    with pytest.raises(InputError, match="use optimal_set"):
        three_layer_set(solve(Problem(X, y, beta=0.1)))
    with pytest.raises(MissingError, match="free features"):
        three_layer_set(solve(Problem(X[:2], y[:2], beta=0.1, free="constant", architecture="three-layer")))
    with pytest.raises(NotCertifiedError, match="certified optimum"):
        three_layer_set(solve(Problem(X, y, beta=0.1, architecture="three-layer"), oracle="ascent"))
    optima = three_layer_set(solve(Problem(X, y, beta=0.1, architecture="three-layer")))
    with pytest.raises(InputError, match="one number for each first-layer unit"):
        optima.network([1.0] * 50)
