"""Paths inside the optimal set: both sides of every step of known staircases, and what is said where there is none."""

from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from along import check, flat, rise
from dualscape.data.catalogue import get
from dualscape.errors import InputError
from dualscape.landscape.optimal_set import optimal_set
from dualscape.landscape.paths.connect import connect
from dualscape.landscape.staircase import staircase
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.solver import solve

#: Components by width (THEORY section 12 and the tables of its continuation).
STAIRS = {
    "two-points": {1: 1, 2: 3, 3: 1},
    "triangle": {2: 6, 3: 15, 4: 1},
    "square": {2: 4, 3: 2, 4: 1},
    "circle-5": {4: 24, 5: 121},
    "square-constant": {2: 4, 3: 2, 4: 1},
    "square-linear": {2: 8, 3: 1},
    "square-affine": {1: 4, 2: 1},
    "square abs": {2: 8, 3: 1},
    "square gated:6": {2: 16, 3: 2, 4: 1},
}
SQUARE = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]]


def optima_of(name):
    if name.startswith("square-"):
        problem = Problem(SQUARE, [1.0, -1.0, 1.0, -1.0], beta=0.1, bias="none", free=name.removeprefix("square-"))
    elif name.startswith("square "):
        kind = name.removeprefix("square ")
        problem = Problem(SQUARE, [1.0, -1.0, 1.0, -1.0], beta=1.0, bias="none", activation=kind).at_fraction(0.1)
    else:
        problem = get(name).problem()
    return optimal_set(solve(problem))


def twinned(network):
    """The network with each choice of neurons replaced by their twins, where there are any."""
    kind = network.architecture
    twins = kind.twin(network.units)
    for turned in product([False, True], repeat=network.width) if kind.twins > 1 else [(False,) * network.width]:
        which = np.array(turned, dtype=bool)
        directions = np.where(which[:, None], twins.directions, network.directions)
        yield replace(network, directions=directions, signs=np.where(which, twins.signs, network.signs))


def placements(optima, width):
    """Every vertex in every placement in the slots, without splits."""
    found = {}
    for vertex in optima.vertices:
        if (vertex > 0).sum() > width:
            continue
        for network in twinned(optima.network(vertex)):
            for order in permutations(range(width)):
                placed = network.pad(width).permute(order)
                found[flat(placed).round(9).tobytes() + placed.gates.tobytes()] = placed
    return list(found.values())


@pytest.mark.parametrize("name", STAIRS)
def test_both_sides_of_every_step(name):
    """One network of each component that `connect` tells apart: as many as are known, and paths within each."""
    optima = optima_of(name)
    for width, count in STAIRS[name].items():
        leaders = []
        every = placements(optima, width)
        # Of the many orders of isolated points some will do: the first, the last, and all that are connected.
        some = every if len(every) <= 40 else [*every[:12], *every[-12:]]
        for network in some:
            found = [connect(optima, leader, network) for leader in leaders]
            paths = [path for path in found if path]
            assert len(paths) <= 1, "one component contains two that are apart"
            if not paths:
                leaders.append(network)
                continue
            assert paths[0].constant
            assert paths[0].verify()
        full = sum(bool((network.masses > 0).all()) for network in some)
        smaller = len(some) > full
        if len(some) == len(every):
            assert len(leaders) == count
        else:
            assert full + smaller <= len(leaders) <= count


@pytest.mark.parametrize("name", ["two-points", "triangle", "square", "square-constant"])
def test_the_bottleneck_is_where_paths_begin(name):
    optima = optima_of(name)
    for i in range(len(optima.vertices)):
        for j in range(len(optima.vertices)):
            a, b = optima.network(optima.vertices[i]), optima.network(optima.vertices[j])
            width = max(a.width, b.width)
            a, b = a.pad(width), b.pad(width).permute(np.arange(width)[::-1])
            found = connect(optima, a, b)
            if found:
                continue
            assert found.decided
            assert found.connects_at > width
            assert connect(optima, a, b, width=found.connects_at).constant
            if found.connects_at - 1 > width:
                assert not connect(optima, a, b, width=found.connects_at - 1)


def test_the_objective_is_constant_and_the_ends_are_those_given():
    optima = optima_of("triangle")
    rng = np.random.default_rng(1)
    for _ in range(12):
        a, b = optima.sample(rng), optima.sample(rng)
        a = a.split(0, rng.random())
        width = max(a.width, b.width) + int(rng.integers(0, 2))
        a, b = a.pad(width).permute(rng.permutation(width)), b.pad(width).permute(rng.permutation(width))
        path = connect(optima, a, b)
        assert path, path.reason
        values = check(path, a, b, width)
        assert np.ptp(values) <= 1e-12 * values.max()


def test_permuted_and_split_networks():
    optima = optima_of("two-points")
    two = optima.choose("most")
    for a, b in ((two.pad(3), two.pad(3).permute([1, 0, 2])), (two.split(0), two.split(1).permute([2, 0, 1]))):
        values = check(connect(optima, a, b), a, b, 3)
        assert np.ptp(values) <= 1e-13


def test_fewest_pieces():
    """A straight line between networks of the same units, two pieces where one neuron changes its slot twice."""
    optima = optima_of("two-points")
    one = optima.smallest()
    assert len(connect(optima, one.pad(2), one.pad(2).permute([1, 0])).pieces) == 1
    two = optima.choose("most").pad(3)
    assert len(connect(optima, two, two.permute([1, 0, 2])).pieces) == 3


def test_why_not():
    optima = optima_of("two-points")
    one, two = optima.smallest().pad(2), optima.choose("most")
    found = connect(optima, two, two.permute([1, 0]))
    assert (found.isolated, found.connects_at, found.components, found.decided) == ("both", 3, 3, True)
    assert connect(optima, two, one).isolated == "a"
    assert connect(optima, one, two).isolated == "b"
    assert "single point" in found.reason


def test_vertices_that_are_not_all_known():
    """A path where one is found; otherwise it is left open, whatever the truth is."""
    problem = get("parity-3").problem()
    solution = solve(problem)
    whole, sampled = optimal_set(solution), optimal_set(solution, max_vertices=5)
    assert not sampled.vertices_complete
    rng = np.random.default_rng(0)
    for width in (6, 8, 9):
        for _ in range(4):
            vertices = whole.vertices[(whole.vertices > 0).sum(axis=1) <= width]
            a, b = (whole.network(vertices[i]).pad(width) for i in rng.integers(len(vertices), size=2))
            exact, found = connect(whole, a, b), connect(sampled, a, b)
            assert bool(exact) or not found, "a path where there is none"
            if found:
                assert found.constant
            elif not found:
                assert not found.decided
                assert found.connects_at == sampled.rank + 1
            if width == sampled.rank + 1:
                assert found


def test_free_biases_on_plateaus_leave_it_open():
    """Neurons between the units: a path from the width on that is sure, and below no claim."""
    x = np.arange(4.0)[:, None]
    optima = optimal_set(solve(Problem(x, [0.0, 0.0, 1.0, 3.0], beta=0.1, bias="free", free="affine")))
    assert optima.continuous
    a, b = optima.smallest(), optima.choose("most")
    narrow = connect(optima, a, b, width=b.width)
    assert narrow or not narrow.decided
    path = connect(optima, a, b, width=optima.rank + 1)
    assert path.constant
    assert path.verify()


def test_trained_networks_are_near_enough():
    """Directions and masses known to 1e-8, as of a network that was trained elsewhere."""
    optima = optima_of("square")
    rng = np.random.default_rng(3)
    U, alpha = optima.choose("center").pad(5).weights()
    a = Network.from_weights(U + 1e-10 * rng.standard_normal(U.shape) * (U != 0), alpha)
    b = optima.smallest().pad(5)
    path = connect(optima, a, b)
    values = check(path, a, b, 5)
    assert rise(values) < 1e-10
    assert path.constant


def test_bad_input():
    optima = optima_of("two-points")
    one, two = optima.smallest(), optima.choose("most")
    with pytest.raises(InputError, match="widths 1 and 2; give the width"):
        connect(optima, one, two)
    with pytest.raises(InputError, match="width 1 was asked for, but a network is of width 2"):
        connect(optima, one, two, width=1)
    with pytest.raises(InputError, match="b is not optimal"):
        connect(optima, two, Network(two.directions, two.signs, 2 * two.masses))
    with pytest.raises(InputError, match="coordinates"):
        connect(optima, two, Network(np.eye(3)[:2], [1, 1], [1, 1]))
    with pytest.raises(InputError, match="connect takes an OptimalSet"):
        connect(optima.problem, one, two)


def test_the_zero_network():
    optima = optimal_set(solve(Problem([[-1.0, 2.0], [1.0, 1.0]], [1, 1], beta=50, bias="none")))
    zero = optima.smallest().pad(2)
    path = connect(optima, zero, zero)
    assert path.constant
    assert path.max_objective == pytest.approx(1.0)


def test_components_are_those_of_the_staircase():
    optima = optima_of("triangle")
    stairs = staircase(optima)
    both = optima.choose("most"), optima.choose("most").permute([1, 0, 2])
    assert connect(optima, *both).components == stairs.row(3).components


def joined(optima, a, b, width):
    """Whether a and b are connected at this width, by a search of the tests' own over vertices (THEORY section 7)."""
    supports = optima.vertices > 0

    def inside(network):
        used = {
            optima.units.find(u, o)
            for u, o, c in zip(network.directions, network.units.outputs, network.masses, strict=True)
            if c
        }
        return next(i for i, s in enumerate(supports) if set(np.flatnonzero(s).tolist()) <= used)

    first, last = inside(a), inside(b)
    reached, front = {first}, [first]
    while front:
        v = front.pop()
        for w in range(len(supports)):
            if w not in reached and (supports[v] | supports[w]).sum() <= width:
                reached.add(w)
                front.append(w)
    if last not in reached:
        return False
    # A vertex that fills all slots is alone, in each order of its neurons.
    full = supports[first].sum() == width
    return not full or bool(np.abs(flat(a) - flat(b)).max() < 1e-9)


def check_answer(optima, a, b, width):
    found = connect(optima, a, b, width=width)
    assert bool(found) == joined(optima, a.pad(width), b.pad(width), width)
    if found:
        assert found.constant
        assert found.verify(), found.verify().reason
    else:
        assert found.decided
        assert not joined(optima, a.pad(found.connects_at - 1), b.pad(found.connects_at - 1), found.connects_at - 1)
        assert joined(optima, a.pad(found.connects_at), b.pad(found.connects_at), found.connects_at)


def test_every_width_of_the_parity():
    optima = optima_of("parity-3")
    rng = np.random.default_rng(0)
    sizes = (optima.vertices > 0).sum(axis=1)
    for width in range(4, 10):
        for _ in range(8):
            a, b = (optima.network(optima.vertices[rng.choice(np.flatnonzero(sizes <= width))]) for _ in "ab")
            a, b = (network.pad(width).permute(rng.permutation(width)) for network in (a, b))
            check_answer(optima, a, b, width)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from(["none", "constant", "affine"]))
def test_degenerate_problems(seed, free):
    """Symmetric data, whose optima are a continuum: interior points, split, padded and permuted."""
    rng = np.random.default_rng(seed)
    corners = int(rng.integers(3, 7))
    angles = 2 * np.pi * np.arange(corners) / corners
    X = np.column_stack([np.cos(angles), np.sin(angles)])
    y = np.ones(corners) if seed % 2 else rng.choice([-1.0, 1.0], corners)
    problem = Problem(X, y, beta=1.0, bias="none", free=free)
    top = problem.beta_max()
    if top < 1e-9:
        return
    optima = optimal_set(solve(problem.with_beta(0.2 * top)))
    a, b = (
        optima.sample(rng) if rng.random() < 0.5 else optima.network(rng.permutation(optima.vertices)[0]) for _ in "ab"
    )
    a = a.split(0, 0.4) if rng.random() < 0.5 else a
    width = max(a.width, b.width) + int(rng.integers(0, 2))
    a, b = (network.pad(width).permute(rng.permutation(width)) for network in (a, b))
    check_answer(optima, a, b, width)
