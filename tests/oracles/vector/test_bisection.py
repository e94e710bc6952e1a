"""Cones that cover the input sphere: bounds above all faces, units listed, time heard."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.geometry.hinges import Hinges
from dualscape.oracles import Question
from dualscape.oracles.vector.bisection import VectorBisection
from dualscape.oracles.vector.faces import FacesOracle
from dualscape.running.effort import Effort
from questions import same


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(1, 12),
    st.integers(1, 3),
    st.integers(2, 4),
    st.booleans(),
    st.sampled_from([0.0, 0.2, -1.0]),
)
def test_bounds_agree_with_the_faces(seed, n, d, c, lattice, slope):
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, (n, d)).astype(float) if lattice else rng.standard_normal((n, d))
    hinges, nu = Hinges.of(X, slope), rng.standard_normal(n * c)
    h = FacesOracle(hinges, c).best_units(Question(nu, above=0.0)).lower
    oracle = VectorBisection(hinges, c)
    for share in (1.1, 1 + 1e-8):
        above = oracle.best_units(Question(nu, above=share * h))
        assert h <= above.upper <= share * h * (1 + 1e-9)
    below = oracle.best_units(Question(nu, above=(1 - 1e-8) * h))
    assert below.lower == pytest.approx(h, rel=1e-13)
    assert h * (1 - 1e-15) <= below.upper <= h * (1 + 1e-7)


def test_units_above_a_value_are_those_of_the_faces():
    rng = np.random.default_rng(7)
    X, nu = rng.standard_normal((20, 3)), rng.standard_normal(60)
    hinges = Hinges.of(X)
    every = FacesOracle(hinges, 3).best_units(Question(nu, above=0.0))
    question = Question(nu, above=every.values[0] * (1 - 1e-8))
    found = VectorBisection(hinges, 3).best_units(question)
    assert len(found.units) == (every.values > question.above).sum()
    np.testing.assert_allclose(found.units.directions[0], every.units.directions[0], atol=1e-8)


def test_same_answer_on_any_number_of_workers():
    rng = np.random.default_rng(5)
    X, nu = rng.standard_normal((60, 3)), rng.standard_normal(180)
    oracle, U = VectorBisection(Hinges.of(X), 3), rng.standard_normal((20_000, 3))
    lengths = np.linalg.norm(np.maximum(U @ X.T, 0.0) @ nu.reshape(-1, 3), axis=1) / np.linalg.norm(U, axis=1)
    question, answers = Question(nu, above=0.9 * lengths.max()), []
    for workers in (1, 2):
        with ThreadPoolExecutor(workers) as pool:
            answers.append(oracle.best_units(question, effort=Effort(executor=pool)))
    with ProcessPoolExecutor(2) as pool:
        answers.append(oracle.best_units(question, effort=Effort(executor=pool)))
    for other in answers:
        same(answers[0], other)
        assert other.looked_at == answers[0].looked_at > 1000
        assert len(other.units) > 1


def test_what_is_out_of_time_is_proven_all_the_same():
    rng = np.random.default_rng(1)
    X, nu = rng.standard_normal((30, 6)), rng.standard_normal(60)
    oracle = VectorBisection(Hinges.of(X), 2)
    for seconds in (0.0, 0.3):
        answer = oracle.best_units(Question(nu, above=1e-3), effort=Effort.within(seconds or 1e-9))
        assert answer.stopped
        U = rng.standard_normal((20_000, 6))
        U /= np.linalg.norm(U, axis=1)[:, None]
        assert answer.upper >= np.linalg.norm(np.maximum(U @ X.T, 0) @ nu.reshape(-1, 2), axis=1).max()


def test_one_violation_is_enough():
    rng = np.random.default_rng(2)
    X, nu = rng.standard_normal((30, 3)), rng.standard_normal(60)
    oracle = VectorBisection(Hinges.of(X), 2)
    h = FacesOracle(Hinges.of(X), 2).best_units(Question(nu, above=0.0)).lower
    answer = oracle.best_units(Question(nu, above=0.99 * h, enough=0.99 * h))
    assert answer.lower > 0.99 * h
    assert answer.upper >= h


def test_rows_that_count_for_nothing_cut_no_cone():
    """Within a continuum of maximisers: X = I and N orthogonal, |G(u)| = |u| for every u >= 0."""
    rng = np.random.default_rng(13)
    X, N = np.vstack([np.eye(4), rng.standard_normal((2, 4))]), np.zeros((6, 4))
    N[:4] = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    oracle = VectorBisection(Hinges.of(X), 4)
    answer = oracle.best_units(Question(N.ravel(), above=1 + 1e-9), effort=Effort.within(20))
    assert not answer.stopped
    assert 1 <= answer.upper <= 1 + 2e-9
    assert answer.looked_at < 10_000


#: Corners of a square with a bias, and a dual variable at which pieces have double values that no unit attains; h = 2.
CORNERS = np.array([[-1.0, -1.0, 1.0], [-1.0, 1.0, 1.0], [1.0, -1.0, 1.0], [1.0, 1.0, 1.0]])
SIDES = np.array([[0.0, -1.0], [-1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])


@pytest.mark.parametrize("kind", [FacesOracle, VectorBisection])
def test_a_double_value_that_no_unit_attains_bounds_nothing(kind):
    """By hand, at (1, 0, 1) / sqrt(2) two rows of height sqrt(2) have outputs at right angles."""
    oracle = kind(Hinges.of(CORNERS), 2)
    for above in (1.0, 2 * (1 - 1e-8), 2 * (1 + 1e-9)):
        answer = oracle.best_units(Question(SIDES.ravel(), above=above))
        assert 2 * (1 - 1e-15) <= answer.upper <= max(2.0, above) * (1 + 1e-9)
