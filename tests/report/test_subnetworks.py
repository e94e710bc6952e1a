"""The table of subnetworks."""

import numpy as np

from dualscape import ThreeLayers
from dualscape.report.subnetworks import subnetwork_rows


def test_rows_give_the_function_back():
    rng = np.random.default_rng(0)
    layers = ThreeLayers(rng.standard_normal((3, 2, 2)), rng.standard_normal((3, 2)), rng.standard_normal(3))
    X = rng.standard_normal((6, 2))
    head, rows = subnetwork_rows(layers.network(), ("a", "b"))
    assert head == ["subnetwork", "s", "mass", "inner weight", "a", "b"]
    fit = np.zeros(6)
    for k in sorted({row[0] for row in rows}):
        own = [row for row in rows if row[0] == k]
        inner = sum(float(w) * np.maximum(X @ np.array([float(a), float(b)]), 0) for *_, w, a, b in own)
        fit += (1 if own[0][1] == "+" else -1) * float(own[0][2]) * np.maximum(inner, 0)
        assert abs(sum(abs(float(row[3])) for row in own) - 1) <= 2e-4
    assert np.allclose(fit, layers.predict(X), atol=5e-3)
    masses = [float(row[2]) for row in rows]
    assert masses == sorted(masses, reverse=True)


def test_directions_may_stand_in_one_cell():
    network = ThreeLayers([[[2.0, 0.0], [0.0, 1.0]]], [[1.0, -1.0]], [3.0]).network()
    head, rows = subnetwork_rows(network, ("a", "b"), lambda u: f"{u[0]:.0f} and {u[1]:.0f}")
    assert (head[4:], [row[4:] for row in rows]) == (["direction: largest coordinates"], [["1 and 0"], ["0 and 1"]])


def test_inner_neurons_of_no_weight_have_no_line():
    network = ThreeLayers([[[2.0, 0.0], [0.0, 1e-6]]], [[1.0, -1.0]], [3.0]).network()
    assert len(subnetwork_rows(network, ("a", "b"))[1]) == 1
