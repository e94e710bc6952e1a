"""Gated units by hand: gates, columns, twins, and what is refused."""

from fractions import Fraction

import numpy as np
import pytest

from dualscape import GatedReLU, Network
from dualscape.errors import InputError
from dualscape.model.architectures import get_architecture
from dualscape.model.architectures.gated import open_rows
from dualscape.units import Units
from exact_values import exactly


def random_units(rng, gated, k=6, d=3):
    directions = rng.standard_normal((k, d))
    signs, gates = rng.choice([-1.0, 1.0], k), rng.integers(gated.outputs, size=k)
    return Units.signed(directions, signs, gates, gated.outputs).normalised()


def test_columns_by_hand_and_in_thirty_digits():
    rng = np.random.default_rng(0)
    gates, inputs = rng.standard_normal((4, 3)), rng.standard_normal((8, 3))
    gated = GatedReLU(gates)
    units = random_units(rng, gated)
    found, fine = gated.columns(inputs, units), gated.fine_columns(inputs, units)
    for i, x in enumerate(inputs):
        for j, (u, g, s) in enumerate(zip(units.directions, units.gates, units.signs, strict=True)):
            height = sum(a * b for a, b in zip(exactly(x), exactly(u), strict=True))
            exact = int(s) * height if gates[g] @ x >= 0 else Fraction(0)
            assert found[i, j] == pytest.approx(float(exact), abs=1e-14)
            assert abs(Fraction(float(fine.hi[i, j])) + Fraction(float(fine.lo[i, j])) - exact) <= Fraction(1, 10**29)


def test_the_twin_computes_the_same_and_upright_is_one_of_the_two():
    rng = np.random.default_rng(1)
    gated, inputs = GatedReLU(5, seed=2), rng.standard_normal((7, 3))
    units = random_units(rng, gated)
    twin, upright = gated.twin(units), gated.upright(units)
    np.testing.assert_array_equal(twin.signs, -units.signs)
    for other in (twin, upright):
        np.testing.assert_array_equal(other.gates, units.gates)
        np.testing.assert_allclose(gated.columns(inputs, other), gated.columns(inputs, units), atol=1e-15)
    assert (upright.signs == 1).all()
    np.testing.assert_array_equal(gated.borders(units), gated.gates(3)[units.gates])


def test_a_row_on_the_border_is_in_whatever_it_is_asked_with():
    """Sums that cancel but for their rounding: asked alone or among many, a row is on the same side."""
    rng = np.random.default_rng(3)
    gates = rng.standard_normal((7, 9))
    rows = rng.standard_normal((500, 9))
    rows[:, -1] -= (rows @ gates[0]) / gates[0, -1]
    together = open_rows(rows, gates)
    for i in range(0, 500, 7):
        np.testing.assert_array_equal(open_rows(rows[i : i + 1], gates), together[i : i + 1])
        height = sum(a * b for a, b in zip(exactly(rows[i]), exactly(gates[0]), strict=True))
        assert together[i, 0] == (height >= 0)
    lattice = rng.integers(-3, 4, size=(200, 4)).astype(float)
    np.testing.assert_array_equal(open_rows(lattice, lattice), lattice @ lattice.T >= 0)


def test_gates_are_sampled_once_for_all():
    assert get_architecture("gated:8").key == ("gated", "8", "0") == GatedReLU(8).key
    assert get_architecture("gated:8:5").title == "gated:8:5" == GatedReLU(8, seed=5).title
    np.testing.assert_array_equal(GatedReLU(8).gates(3), np.random.default_rng(0).standard_normal((8, 3)))
    assert GatedReLU([[1.0, 2.0]]).key != GatedReLU([[1.0, 3.0]]).key
    assert GatedReLU([[1.0, 2.0]]).key == GatedReLU([[1.0, 2.0]]).key


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GatedReLU(0), "1 to 100,000 gates"),
        (lambda: GatedReLU(3, seed=-1), "a seed of at least 0"),
        (lambda: GatedReLU([1.0, 2.0]), r"got shape \(2,\)"),
        (lambda: GatedReLU([[np.nan, 1.0]]), "finite numbers"),
        (lambda: GatedReLU("many"), "gates must be numbers"),
        (lambda: GatedReLU([[1.0, 2.0]]).gates(3), "the gates have 2 entries, and neurons see 3 coordinates"),
        (lambda: get_architecture("gated:some"), "write gated:count"),
        (
            lambda: get_architecture("gated"),
            "unknown architecture 'gated'; known: relu, abs, three-layer, leaky:a, gated:count, three-layer:inner",
        ),
        (lambda: Network([[1.0]], [1], [1.0], architecture="gated:3"), "a network of 3 gates needs the gate of each"),
        (
            lambda: Network([[1.0]], [1], [1.0], architecture="gated:3", gates=[3]),
            "gates must hold one number from 0 to 2 for each of 1 neurons",
        ),
        (lambda: Network([[1.0]], [1], [1.0], gates=[1]), "one number from 0 to 0"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_networks_keep_the_gates_of_their_neurons():
    gated = GatedReLU([[1.0], [-1.0], [2.0]])
    network = Network.from_weights([[2.0], [3.0]], [1.0, -1.0], architecture=gated, gates=[1, 0])
    assert network.predict([[1.0], [-1.0]]).tolist() == [-3.0, -2.0]
    assert network.permute([1, 0]).gates.tolist() == [0, 1]
    assert network.split(0).gates.tolist() == [1, 0, 1]
    assert network.pad(3).gates.tolist() == [1, 0, 0]
    assert network.prune(2.5).gates.tolist() == [0]
    assert network.split(0).merge().gates.tolist() == [1, 0]
    apart = Network([[1.0], [1.0]], [1, 1], [1.0, 1.0], architecture=gated, gates=[0, 2])
    assert apart.merge().width == 2
