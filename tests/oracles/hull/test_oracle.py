"""The exact oracle of three layers: known heights, linear programs over all sign sets, random units, early ends."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.model.architectures import ThreeLayerReLU
from dualscape.model.architectures.relu_space import ReLUSpace
from dualscape.oracles import Question
from dualscape.running.effort import Effort
from hulls import greatest_on_grid

#: A problem in which three layers reach higher than two: h_X = 0.70334 < 0.73437.
ROWS = np.column_stack([(-1.0555839145461334, -0.4426718716662915, 0.1993359855840283, 2.3527912887701676), np.ones(4)])
NU = np.array((-0.3161697354406827, 1.4405394233336501, -1.7772205922826816, 0.13300645436329303))


def asked(X, nu, **question):
    space = ThreeLayerReLU(len(X)).on(np.ascontiguousarray(X))
    return space, space.oracle("hull").best_units(Question(nu, 0.0, **question))


def test_the_known_height_above_that_of_two_layers():
    space, answer = asked(ROWS, NU)
    assert answer.upper == pytest.approx(0.73437282721, abs=1e-10)
    assert answer.lower == pytest.approx(answer.upper, rel=1e-11)
    assert ReLUSpace(ROWS).oracle("cells").best_units(Question(NU, 0.0)).upper == pytest.approx(0.7033428756204918)
    best = answer.units.take(slice(1))
    assert space.scores(NU, best)[0] == pytest.approx(answer.lower)
    assert best.signs[0] == -1
    inner = best.directions.reshape(-1, 2)
    weights = (inner**2).sum(axis=1)
    assert sorted(weights[weights > 0]) == pytest.approx([0.33315, 0.66685], abs=2e-5)


@pytest.mark.parametrize("seed", range(4))
def test_bounds_are_those_of_all_sign_sets(seed):
    rng = np.random.default_rng(seed)
    X, nu = rng.standard_normal((4, 2)), rng.standard_normal(4)
    _, answer = asked(X, nu)
    grid = greatest_on_grid(X, nu)
    assert grid <= answer.upper * (1 + 1e-9)
    assert answer.upper <= grid * (1 + 1e-5)


def degenerate(rng, n, d):
    """Rows with ties: equal, opposite, zero and parallel ones, with numbers of one size."""
    X = rng.integers(-2, 3, (n, d)).astype(float)
    X[rng.integers(n)] = 0.0
    X[rng.integers(n)] = -X[rng.integers(n)]
    X[rng.integers(n)] = 2 * X[rng.integers(n)]
    return X


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 3), st.booleans(), st.integers(-40, 40))
def test_no_unit_scores_above_the_bound(seed, n, d, tied, exponent):
    rng = np.random.default_rng(seed)
    X = degenerate(rng, n, d) if tied else rng.standard_normal((n, d))
    nu = rng.integers(-2, 3, n).astype(float) if tied else rng.standard_normal(n)
    X, nu = np.ldexp(X, exponent), np.ldexp(nu, -exponent // 2)
    space, answer = asked(X, nu)
    scores = space.scores(nu, space.random(300, rng))
    assert scores.max() <= answer.upper
    assert answer.lower <= answer.upper <= answer.lower * (1 + 1e-8) + space.reach.rounding(nu)
    two = ReLUSpace(X).oracle("cells").best_units(Question(nu, 0.0))
    assert two.lower <= answer.upper  # a network of two layers is one of three
    if (nu >= 0).all() or (nu <= 0).all():
        assert answer.upper == pytest.approx(two.upper, rel=1e-9)


def test_a_threshold_excludes_without_listing():
    _, exact = asked(ROWS, NU)
    space = ThreeLayerReLU(4).on(ROWS)
    above = space.oracle("hull").best_units(Question(NU, 1.01 * exact.upper))
    assert above.upper == pytest.approx(1.01 * exact.upper)
    assert len(above.units) == 0


def test_without_time_the_bound_is_that_of_the_rows_of_one_sign():
    space = ThreeLayerReLU(4).on(ROWS)
    answer = space.oracle("hull").best_units(Question(NU, 0.0), effort=Effort(deadline=0.0))
    relaxed = max(
        ReLUSpace(ROWS).oracle("cells").best_units(Question(np.maximum(s * NU, 0.0), 0.0)).upper for s in (1, -1)
    )
    assert answer.upper == pytest.approx(relaxed)
    assert answer.stopped
    late = space.oracle("hull").best_units(Question(NU, 0.0), effort=Effort(deadline=time.monotonic() - 1))
    assert late.upper >= 0.73437282721


def test_the_cost_grows_with_the_rows():
    costs = [ThreeLayerReLU(4).on(np.ones((n, 2))).estimate("hull").seconds for n in (4, 8, 40)]
    assert costs == sorted(costs)
    assert ThreeLayerReLU(4).on(np.random.default_rng(0).standard_normal((300, 2))).estimate("hull").at_once
