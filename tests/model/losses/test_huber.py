"""The Huber loss by hand and beside scikit-learn's."""

import numpy as np
import pytest

from dualscape.errors import InputError
from dualscape.model.losses import Huber, Squared, get_loss


def test_by_hand():
    loss, y = Huber(1.5), np.array([0.0, 0.0, 1.0])
    f = np.array([1.0, -4.0, 1.0])
    assert loss.value(f, y) == 0.5 + 1.5 * (4 - 0.75)
    assert loss.gradient(f, y).tolist() == [1.0, -1.5, 0.0]
    assert loss.dual(np.array([1.5, -1.0, 0.5]), y) == 0.5 - 0.5 * (1.5**2 + 1 + 0.25)


def test_with_a_delta_above_all_residuals_it_is_the_squared_loss():
    rng = np.random.default_rng(0)
    f, y = rng.standard_normal((2, 9))
    ours, theirs = Huber(20.0), Squared()
    for name in ("value", "gradient"):
        np.testing.assert_array_equal(getattr(ours, name)(f, y), getattr(theirs, name)(f, y))


def test_another_unit_of_the_target():
    rng = np.random.default_rng(1)
    f, y = 3 * rng.standard_normal((2, 9))
    assert Huber(0.7, weights=np.arange(1, 10)).scaled(-3).value(f / 8, y / 8) == pytest.approx(
        Huber(0.7, weights=np.arange(1, 10)).value(f, y) / 64, rel=1e-15
    )


def test_as_text():
    assert (get_loss("huber").text, get_loss("huber:0.25").text) == ("huber:1.0", "huber:0.25")
    assert get_loss(get_loss("huber:1e-3").text).delta == 1e-3
    assert Huber(0.3, weights=[1, 2]).title == "weighted huber:0.3"
    assert get_loss("huber:2").formula == (
        "sum_i h(f(x_i) - y_i), where h(r) = r^2 / 2 for |r| <= d and d |r| - d^2 / 2 beyond, d = 2,"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("huber:", "delta of the huber loss must be a number, got ''"),
        ("huber:one", "delta of the huber loss must be a number, got 'one'"),
        ("huber:0", "delta of the huber loss must lie between 1e-70 and 1e+70, got 0; it is the residual from"),
        ("huber:-1", "delta of the huber loss must lie between 1e-70 and 1e+70, got -1; it is the residual from"),
        ("huber:nan", "delta of the huber loss must lie between 1e-70 and 1e+70, got nan; it is the residual from"),
        ("squared:2", "the squared loss takes no parameter, got '2'; leave it out"),
        ("hinge:2", "unknown loss 'hinge:2'; known losses: huber, interpolation, logistic, multinomial, squared, "),
    ],
)
def test_what_is_refused(text, message):
    with pytest.raises(InputError) as caught:
        get_loss(text)
    assert str(caught.value).startswith(message)
