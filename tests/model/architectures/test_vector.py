"""Networks with several outputs: columns, weights there and back, what is refused."""

import numpy as np
import pytest

from dualscape import Network
from dualscape.errors import InputError
from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures import VectorReLU, get_architecture
from dualscape.units import Units


def test_weights_there_and_back():
    rng = np.random.default_rng(0)
    U, alpha, X = rng.standard_normal((4, 3)), rng.standard_normal((4, 2)), rng.standard_normal((5, 2))
    network = Network.from_weights(U, alpha, bias="penalised")
    back = network.weights()
    np.testing.assert_allclose(back[0], U)
    np.testing.assert_allclose(back[1], alpha)
    wanted = np.maximum(np.column_stack([X, np.ones(5)]) @ U.T, 0) @ alpha
    np.testing.assert_allclose(network.predict(X), wanted)
    assert network.cost() == pytest.approx(0.5 * ((U**2).sum() + (alpha**2).sum()))
    value, error = network.cost_bounds()
    assert abs(value - network.cost()) <= error
    same = network.split(1).permute([4, 0, 1, 2, 3]).pad(7).merge()
    np.testing.assert_allclose(same.predict(X), wanted)
    assert network.pad(6).width == 6


@pytest.mark.parametrize("slope", [0.0, 0.2, -1.0])
def test_fine_columns_agree(slope):
    rng = np.random.default_rng(1)
    units = Units(rng.standard_normal((3, 2)), rng.standard_normal((3, 4)))
    kind, X = VectorReLU(4, slope), rng.standard_normal((5, 2))
    z = X @ units.directions.T
    wanted = np.maximum(z, slope * z)[:, None, :] * units.outputs.T
    np.testing.assert_allclose(kind.columns(X, units), wanted.reshape(20, 3))
    np.testing.assert_allclose(kind.columns(X, kind.twin(units)), wanted.reshape(20, 3))
    fine = kind.fine_columns(X, units)
    assert isinstance(fine, TwoFloat)
    np.testing.assert_allclose(fine.hi, kind.columns(X, units), rtol=1e-14)


def test_titles_are_read_back():
    assert get_architecture("vector:3").key == ("vector", "3")
    for kind in (VectorReLU(2, 0.2), VectorReLU(3, -1.0)):
        assert get_architecture(kind.title).key == kind.key
    assert VectorReLU(2, 0.2).words == "2 outputs, leaky:0.2"
    for text in ("vector:1", "vector:x", "vector:2:leaky:7"):
        with pytest.raises(InputError, match="vector"):
            get_architecture(text)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"outputs": None}, "outputs must hold 2 finite numbers"),
        ({"outputs": [[1.0, 1.0]]}, "has length 1.41421"),
        ({"signs": [-1.0]}, "signs are"),
    ],
)
def test_what_is_no_network_is_refused(values, message):
    given = {"directions": [[1.0]], "signs": [1.0], "masses": [1.0], "outputs": [[1.0, 0.0]]} | values
    with pytest.raises(InputError, match=message):
        Network(**given, architecture=VectorReLU(2))
