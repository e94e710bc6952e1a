"""The form that exact oracles maximise: the same function in other units of length, and what it lacks of the data."""

import numpy as np
import pytest

from dualscape.geometry.hinges import Hinges
from dualscape.oracles.scaled import ScaledForm
from exact_values import CASES, greatest_value


@pytest.mark.parametrize("size", [1e-120, 1.0, 1e120])
def test_a_change_of_the_units_of_length_rounds_nothing(size):
    rng = np.random.default_rng(0)
    X, nu = size * rng.standard_normal((9, 3)), rng.standard_normal(9)
    hinges = Hinges.of(X)
    form = ScaledForm.of(hinges, nu, above=0.0)
    kappa, linear = hinges.reduce(nu)
    assert 0.5 <= form.size < 1
    np.testing.assert_array_equal(np.ldexp(form.kappa, form.exponent), kappa)
    np.testing.assert_array_equal(np.ldexp(form.linear, form.exponent), linear)
    assert form.size == pytest.approx(np.abs(form.kappa).sum() + np.abs(form.linear).sum())
    assert form.proven(form.size) == form.value(form.size) + form.slack


NARROW = 1e-12


def nearly_on_a_line(nu):
    """Two rows of rank one up to rounding: what is left of nu^T (X u)_+ is (nu_1 + nu_2) (u_1)_+."""
    return ScaledForm.of(Hinges.of(np.array([[1.0, NARROW], [1.0, -NARROW]])), np.array(nu), above=0.7)


def test_what_is_proven_covers_what_a_lower_rank_loses():
    """The difference of both rows is 2e-12 u_2 where both are positive, and nothing in the form."""
    form = nearly_on_a_line([1.0, -1.0])
    np.testing.assert_allclose(np.abs(form.rows), 1.0)
    assert form.kappa.sum() == 0.0
    assert 2 * NARROW * (1 - 1e-9) <= form.proven(0.0) <= 10 * NARROW


def test_what_the_floor_leaves_out_is_below_the_threshold():
    """A bound that is no more than the floor proves no more than was asked for."""
    form = nearly_on_a_line([1.0, 1.0])
    assert form.slack > NARROW
    assert form.proven(form.floor) == pytest.approx(0.7, rel=2e-16)
    small = np.full(2, 0.5 * form.slack)
    assert ScaledForm.of(Hinges.of(np.eye(2)), small, above=-1.0).floor == 0.0


@pytest.mark.parametrize("name", ["gaussian 9 x 3", "duplicates", "grid"])
def test_the_ceiling_covers_all_directions_however_soon_it_ends(name):
    rng = np.random.default_rng(2)
    X = 1e5 * CASES[name](rng)
    nu = rng.standard_normal(len(X))
    form, h = ScaledForm.of(Hinges.of(X), nu, above=0.0), greatest_value(X, nu)
    assert h <= form.ceiling(lambda: False) <= form.ceiling(lambda: True) < 4 * h
