"""Gated units with several outputs by hand: columns, twins, titles, and what is refused."""

import numpy as np
import pytest

from dualscape import GatedReLU, Network
from dualscape.errors import InputError
from dualscape.model.architectures import get_architecture
from dualscape.units import Units


def random_units(rng, gated, k=6, d=3):
    directions, outputs = rng.standard_normal((k, d)), rng.standard_normal((k, gated.per_row))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    outputs /= np.linalg.norm(outputs, axis=1)[:, None]
    return Units.gated(directions, outputs, rng.integers(gated.count, size=k), gated.count)


def test_columns_by_hand_and_in_twice_the_precision():
    rng = np.random.default_rng(0)
    gates, inputs = rng.standard_normal((4, 3)), rng.standard_normal((8, 3))
    gated = GatedReLU(gates, c=2)
    units = random_units(rng, gated)
    found, fine = gated.columns(inputs, units), gated.fine_columns(inputs, units)
    open_on, outputs = units.opened(2)
    for j, (u, v, g) in enumerate(zip(units.directions, outputs, open_on, strict=True)):
        by_hand = np.outer(np.where(inputs @ gates[g] >= 0, inputs @ u, 0.0), v)
        np.testing.assert_allclose(found[:, j], by_hand.ravel(), atol=1e-15)
        np.testing.assert_allclose(fine.hi[:, j], by_hand.ravel(), atol=1e-15)
    assert np.abs(fine.lo).max() > 0


def test_the_twin_computes_the_same_and_upright_is_one_of_the_two():
    rng = np.random.default_rng(1)
    gated, inputs = GatedReLU(5, seed=2, c=3), rng.standard_normal((7, 3))
    units = random_units(rng, gated)
    twin = gated.twin(units)
    for other in (twin, gated.upright(units), gated.upright(twin)):
        np.testing.assert_array_equal(other.opened(3)[0], units.opened(3)[0])
        np.testing.assert_allclose(gated.columns(inputs, other), gated.columns(inputs, units), atol=1e-15)
    np.testing.assert_array_equal(gated.upright(units).directions, gated.upright(twin).directions)
    np.testing.assert_array_equal(gated.borders(units), gated.gates(3)[units.opened(3)[0]])


def test_a_network_has_the_gate_and_the_output_of_each_neuron():
    rng = np.random.default_rng(2)
    gated, U, alpha = (
        GatedReLU(rng.standard_normal((3, 2)), c=2),
        rng.standard_normal((4, 2)),
        rng.standard_normal((4, 2)),
    )
    network = Network.from_weights(U, alpha, architecture=gated, gates=[2, 0, 1, 2])
    X = rng.standard_normal((5, 2))
    by_hand = (np.where(X @ gated.gates(2)[[2, 0, 1, 2]].T >= 0, 1.0, 0.0) * (X @ U.T)) @ alpha
    np.testing.assert_allclose(network.predict(X), by_hand, atol=1e-14)
    assert network.units.c == 6
    np.testing.assert_allclose(network.pad(5).permute([4, 3, 2, 1, 0]).predict(X), by_hand, atol=1e-14)
    for back, given in zip(network.weights(), (U, alpha), strict=True):
        np.testing.assert_allclose(back, given, atol=1e-14)


def test_titles():
    gated = GatedReLU(8, seed=5).with_outputs(3)
    assert gated.title == "vector:3:gated:8:5" == get_architecture("vector:3:gated:8:5").title
    assert gated.words == "3 outputs, gated:8:5"
    assert gated.with_outputs(3) is gated


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GatedReLU(20_000, c=6), "at most 100,000 gates times outputs, got 20000 gates and 6 outputs"),
        (lambda: GatedReLU(3, c=2).with_outputs(4), "'vector:2:gated:3:0' have one output"),
        (lambda: Network.from_weights([[1.0]], [[1.0, 2.0]], architecture=GatedReLU(3, c=2)), "needs the gate of each"),
        (
            lambda: Network.from_weights([[1.0]], [[1.0, 2.0]], architecture=GatedReLU(3, c=2), gates=[3]),
            "one number from 0 to 2",
        ),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
