"""What is swept is minus or plus the function itself, its convex hyperplanes first."""

import numpy as np
import pytest

from dualscape.geometry.arrangement.arrangement import TURN, Arrangement
from dualscape.oracles.cells.signed_form import SignedForm
from dualscape.oracles.scaled import ScaledForm
from questions import random_question


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("zeros", [0, 3])
def test_it_is_the_function_times_the_sign(sign, zeros):
    X, nu = random_question(n=20, d=3)
    nu[:zeros] = 0.0
    arrangement = Arrangement.of(X, turn=TURN)
    form = ScaledForm.of(arrangement.hinges, nu, above=0.1)
    own = SignedForm.of(arrangement, form, sign)
    u = np.random.default_rng(1).standard_normal((50, 3))
    value, expected = (f.linear @ u.T + f.kappa @ np.maximum(f.rows @ u.T, 0) for f in (own, form))
    np.testing.assert_allclose(value, sign * expected, rtol=0, atol=1e-14)
    assert (own.kappa[: own.M] > 0).all()
    assert (own.kappa[own.M :] <= 0).all()
    assert own.columns.shape == (3, len(own.rows))
    assert own[5:] == (sign, TURN, form.size, form.floor)
    # A zero has no sign, by which patterns of equal data would differ.
    assert not np.signbit(own.kappa[own.kappa == 0]).any()


def test_where_nothing_is_convex_there_is_nothing_to_sweep():
    X, nu = random_question(n=6, d=2)
    arrangement = Arrangement.of(X, turn=TURN)
    form = ScaledForm.of(arrangement.hinges, np.abs(nu), above=0.0)
    assert [SignedForm.of(arrangement, form, sign).M for sign in (1.0, -1.0)] == [6, 0]
    assert SignedForm.of(arrangement, form, -1.0).columns.shape == (0, 6)
