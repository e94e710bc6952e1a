"""Learned curves: no worse than the straight line, around what stands in its way, and the same with batches."""

import numpy as np
import pytest

from dualscape.curves.curve import Curve
from dualscape.curves.learn import learn_curve, learn_curve_in_steps
from dualscape.curves.profile import profile
from dualscape.curves.weight_space import WeightSpace
from dualscape.errors import InputError
from dualscape.model.problem import Problem


def ring(p):
    return (p @ p - 1) ** 2, 4 * (p @ p - 1) * p


ENDS = np.array([1.0, 0.0]), np.array([-0.6, 0.8])


@pytest.mark.parametrize(("kind", "bends"), [("bezier", 1), ("bezier", 2), ("chain", 3)])
def test_it_goes_around(kind, bends):
    curve = learn_curve(ring, *ENDS, kind=kind, bends=bends)
    learned = profile(curve, lambda p: ring(p)[0])
    straight = profile(Curve.straight(*ENDS), lambda p: ring(p)[0])
    np.testing.assert_array_equal(curve.at(0.0), ENDS[0])
    np.testing.assert_array_equal(curve.at(1.0), ENDS[1])
    assert learned.values.mean() < 0.3 * straight.values.mean()
    assert len(curve.points) == bends + 2


def test_with_noise_in_every_step():
    rng = np.random.default_rng(0)

    def noisy(p):
        value, gradient = ring(p)
        return value, gradient + 0.1 * rng.standard_normal(2)

    curve = learn_curve_in_steps(noisy, *ENDS, bends=2, steps=800, rate=0.05)
    exact = learn_curve(ring, *ENDS, bends=2)
    found, best = (profile(each, lambda p: ring(p)[0]).values.mean() for each in (curve, exact))
    straight = profile(Curve.straight(*ENDS), lambda p: ring(p)[0]).values.mean()
    assert found < best + 0.1 * (straight - best)


def test_between_networks_of_the_library():
    rng = np.random.default_rng(1)
    problem = Problem(rng.standard_normal((8, 2)), rng.standard_normal(8), beta=0.05)
    space = WeightSpace(problem, 4)
    a, b = rng.standard_normal((2, 4 * 4))
    curve = learn_curve(space.slope, a, b)
    learned, straight = (profile(each, space.value) for each in (curve, Curve.straight(a, b)))
    assert learned.values.mean() < straight.values.mean()


def test_a_curve_that_cannot_bend_is_refused():
    with pytest.raises(InputError, match="bends=0"):
        learn_curve(ring, *ENDS, bends=0)
