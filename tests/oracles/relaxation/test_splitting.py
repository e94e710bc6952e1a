"""The splitting against what is known of its limit."""

import numpy as np
import pytest

from dualscape.oracles.relaxation.multipliers import proven
from dualscape.oracles.relaxation.products import Lift
from dualscape.oracles.relaxation.splitting import SINGLE, Splitting, positive_part, positive_part_there, shorter
from dualscape.running.devices import Arrays


@pytest.mark.parametrize("shift", [-3.0, 0.0, 3.0])
def test_positive_part(shift):
    A = np.random.default_rng(1).standard_normal((9, 9))
    A = A + A.T + shift * np.eye(9)
    values, vectors = np.linalg.eigh(A)
    found = positive_part(A.astype(SINGLE))
    np.testing.assert_allclose(found, (vectors * np.maximum(values, 0)) @ vectors.T, atol=1e-5)


def test_finds_the_maximum_where_the_relaxation_is_tight():
    """(u_1)_+ + (u_2)_+ on the sphere: sqrt 2."""
    splitting = Splitting.of_form(Lift.of(np.eye(2), SINGLE), np.ones(2), np.zeros(2))
    for _ in range(300):
        splitting.step()
    assert proven(np.eye(2), np.ones(2), np.zeros(2), splitting.multipliers).bound == pytest.approx(2**0.5, rel=2e-4)


def test_goes_on_from_what_was_saved():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((6, 3))
    rows /= np.linalg.norm(rows, axis=1)[:, None]
    lift, kappa, linear = Lift.of(rows, SINGLE), rng.standard_normal(6), rng.standard_normal(3)
    straight, begun, resumed = (Splitting.of_form(lift, kappa, linear) for _ in range(3))
    for _ in range(10):
        straight.step()
    for _ in range(4):
        begun.step()
    resumed.restore({name: np.asarray(array) for name, array in begun.arrays().items()})
    for _ in range(6):
        resumed.step()
    for mine, its in zip(straight.multipliers, resumed.multipliers, strict=True):
        np.testing.assert_array_equal(mine, its)


def test_the_nearest_of_a_cone():
    """Inside, outside, behind, on its axis far away: where there is nothing to divide by, nothing overflows."""
    first = np.array([2.0, 0.0, -2.0, 1e3, 0.0], SINGLE)
    others = np.array([[0.6, 0.8], [3.0, 4.0], [0.6, 0.8], [0.0, 0.0], [0.0, 0.0]], SINGLE)
    with np.errstate(all="raise"):
        a, b = shorter(first, others)
    np.testing.assert_allclose(a, [2.0, 2.5, 0.0, 1e3, 0.0])
    np.testing.assert_allclose(b, [[0.6, 0.8], [1.5, 2.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]], rtol=1e-6)


def test_steps_on_a_device_are_those_of_the_processors():
    """Whatever is given and taken in between: units to begin with, sides, what was saved."""
    pytest.importorskip("torch")
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((9, 4))
    rows /= np.linalg.norm(rows, axis=1)[:, None]
    kappa, linear, sides = rng.standard_normal(9), rng.standard_normal(4), np.zeros(9)
    sides[2], units = 1.0, rows[:2]
    for kind, off in ((SINGLE, 1e-4), (np.float64, 1e-11)):
        for mass in (1.0, None):
            here, there = (
                Splitting.of_form(Lift.of(rows, kind, sides, Arrays.of(name)), kappa, linear, mass)
                for name in (None, "cpu")
            )
            for side in (here, there):
                side.begin(units, np.array([0.5, 0.7]))
                for _ in range(5):
                    side.step()
                side.cut(4, -1.0)
                side.restore({name: np.asarray(part) for name, part in side.arrays().items()})
                for _ in range(5):
                    side.step()
            for mine, its in zip(here.multipliers, there.multipliers, strict=True):
                assert isinstance(its, np.ndarray)
                np.testing.assert_allclose(mine, its, atol=off)


def test_what_is_not_finite_is_said_of_a_device_too():
    torch = pytest.importorskip("torch")
    with pytest.raises(np.linalg.LinAlgError):
        positive_part_there(torch, torch.full((2, 2), torch.nan))
