"""h of several outputs, face by face: known values, brute force, degenerate data, all maximisers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.geometry.hinges import Hinges
from dualscape.oracles import Question
from dualscape.oracles.vector.faces import FacesOracle
from dualscape.running.effort import Effort

#: (seed, (n, d, c), h), confirmed by other code.
KNOWN = [
    (0, (7, 2, 2), 2.1662866886385395),
    (2, (6, 3, 2), 3.400114126304464),
    (3, (6, 3, 3), 5.108830733020219),
]


def asked(X, N, above=0.0):
    return FacesOracle(Hinges.of(X), N.shape[1]).best_units(Question(N.ravel(), above=above))


@pytest.mark.parametrize(("seed", "shape", "h"), KNOWN)
def test_known_values(seed, shape, h):
    n, d, c = shape
    rng = np.random.default_rng(seed)
    answer = asked(rng.standard_normal((n, d)), rng.standard_normal((n, c)))
    assert answer.lower == pytest.approx(h, rel=1e-14)
    assert h <= answer.upper <= h * (1 + 1e-12)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(1, 3), st.integers(2, 4), st.booleans())
def test_against_many_directions_and_invariants(seed, n, d, c, lattice):
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, (n, d)).astype(float) if lattice else rng.standard_normal((n, d))
    N = rng.integers(-2, 3, (n, c)).astype(float) if lattice else rng.standard_normal((n, c))
    answer = asked(X, N)
    U = rng.standard_normal((3000, d))
    U /= np.linalg.norm(U, axis=1)[:, None]
    highest = np.linalg.norm(np.maximum(U @ X.T, 0) @ N, axis=1).max()
    assert highest <= answer.upper * (1 + 1e-13)
    assert answer.lower <= answer.upper <= answer.lower * (1 + 1e-9) + 1e-12
    assert d > 2 or answer.lower >= highest * (1 - 1e-12)
    turn, mix = np.linalg.qr(rng.standard_normal((d, d)))[0], np.linalg.qr(rng.standard_normal((c, c)))[0]
    moved = asked(np.vstack([X @ turn, np.zeros((1, d))]), np.vstack([N @ mix, np.ones((1, c))]))
    assert moved.lower == pytest.approx(answer.lower, rel=1e-11, abs=1e-12)


def test_all_local_maximisers_above_a_value_are_listed():
    rng = np.random.default_rng(5)
    X, N = rng.standard_normal((12, 2)), rng.standard_normal((12, 2))
    angles = np.linspace(0, 2 * np.pi, 200_001)[:-1]
    values = np.linalg.norm(np.maximum(np.column_stack([np.cos(angles), np.sin(angles)]) @ X.T, 0) @ N, axis=1)
    peaks = (values > np.roll(values, 1)) & (values > np.roll(values, -1)) & (values > 0.5 * values.max())
    found = asked(X, N, above=0.5 * values.max())
    np.testing.assert_allclose(np.sort(found.values), np.sort(values[peaks]), rtol=1e-5)


def test_no_row_and_no_time():
    assert asked(np.zeros((2, 2)), np.ones((2, 2))).upper == 0.0
    X, N = np.random.default_rng(0).standard_normal((2, 6, 2))
    oracle = FacesOracle(Hinges.of(X), 2)
    stopped = oracle.best_units(Question(N.ravel(), above=0.0), effort=Effort(deadline=0.0))
    assert stopped.stopped
    assert stopped.upper >= asked(X, N).lower


def test_the_clock_is_heard_while_faces_are_listed_and_too_many_are_not_begun():
    """1.6 million faces would take half a minute; of 200 rows in 4 dimensions no list is made."""
    rng = np.random.default_rng(1)
    for n, why in ((86, "time"), (200, "dimension")):
        X, N = rng.standard_normal((n, 4)), rng.standard_normal((n, 2))
        answer = FacesOracle(Hinges.of(X), 2).best_units(Question(N.ravel(), above=0.0), effort=Effort.within(0.05))
        assert (answer.stopped, answer.looked_at) == (why, 0)
        U = rng.standard_normal((2000, 4))
        assert answer.upper >= (np.linalg.norm(np.maximum(U @ X.T, 0) @ N, axis=1) / np.linalg.norm(U, axis=1)).max()
