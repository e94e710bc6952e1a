"""The fused kernel of the search against whole-array arithmetic, and the device that can be asked for."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from dualscape import Problem, solve
from dualscape.errors import InputError
from dualscape.oracles import Question
from dualscape.oracles.ascent.oracle import AscentOracle
from dualscape.oracles.ascent.smoothed_rise import (
    COORDINATES,
    LANES,
    ROWS,
    SmoothedScores,
    filled_up,
    from_lanes,
    rise,
    rise_in_arrays,
    to_lanes,
)
from dualscape.running.effort import Effort


def example(q, n=41, d=5):
    rng = np.random.default_rng(q)
    rows, weights = filled_up(rng.standard_normal((n, d)), ROWS, COORDINATES), filled_up(rng.standard_normal(n), ROWS)
    return rows, weights, rng.standard_normal((q, d)), np.where(np.arange(q) % 2, 1.0, -1.0)


def score(rows, weights, directions, signs):
    return signs * (weights @ np.maximum(rows[:, : directions.shape[1]] @ directions.T, 0))


@pytest.mark.parametrize("q", [1, LANES, 3 * LANES - 5])
def test_lanes_hold_the_directions(q):
    directions = example(q)[2]
    unit = directions / np.linalg.norm(directions, axis=1)[:, None]
    np.testing.assert_allclose(from_lanes(to_lanes(directions), *directions.shape), unit, atol=1e-6)


def test_kernel_and_arrays_rise_alike():
    q = 2 * LANES
    rows, weights, directions, signs = example(q)
    lanes, turns = to_lanes(directions), signs.astype(np.float32).reshape(-1, LANES)
    flat = np.ascontiguousarray(lanes.transpose(1, 0, 2).reshape(rows.shape[1], q))
    width, stride, steps = 0.2, 0.1, 8
    whole = rise_in_arrays(np, rows, weights, flat, turns.reshape(-1), width, stride, steps, lambda: False)
    single = [np.float32(value) for value in (width, stride)]
    for block in range(2):
        rise(rows, weights, lanes[block], turns[block], *single, 0, 3, steps)
        rise(rows, weights, lanes[block], turns[block], *single, 3, steps, steps)
    np.testing.assert_allclose(lanes.transpose(1, 0, 2).reshape(rows.shape[1], q), whole, atol=2e-4)


def test_most_directions_rise():
    q = 4 * LANES
    rows, weights, directions, signs = example(q)
    lanes = to_lanes(directions)
    for block, turns in zip(lanes, signs.astype(np.float32).reshape(-1, LANES), strict=True):
        rise(rows, weights, block, turns, np.float32(0.2), np.float32(0.1), 0, 40, 40)
    before = directions / np.linalg.norm(directions, axis=1)[:, None]
    gain = score(rows, weights, from_lanes(lanes, *directions.shape), signs) - score(rows, weights, before, signs)
    assert (gain > 0).mean() > 0.95


def test_a_device_without_pytorch_is_refused_in_one_line(hide):
    hide("torch")
    with pytest.raises(InputError, match="needs PyTorch, which is not installed"):
        solve(Problem(np.eye(2), np.ones(2), beta=0.1, bias="none"), device="cuda")


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
def test_what_has_risen_is_scored_in_the_units_of_the_data(scale):
    rng = np.random.default_rng(5)
    X, nu = rng.standard_normal((33, 5)), rng.standard_normal(33)
    directions, signs = example(70)[2:]
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    with ThreadPoolExecutor(2) as pool:
        slope = SmoothedScores(X * scale, nu, np.linalg.norm(X, axis=1) * scale, Effort(), pool)
        risen, values = slope.rise(directions, signs, 0.1, 0.1, 10)
    np.testing.assert_allclose(values / scale, score(X, nu, risen, signs), atol=1e-5)
    assert (values / scale > score(X, nu, directions, signs)).mean() > 0.9


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
@pytest.mark.parametrize("slope", [0.4, -1.0])
def test_a_slope_below_zero_is_a_linear_part(slope, scale):
    rng = np.random.default_rng(6)
    X, nu = rng.standard_normal((33, 5)), rng.standard_normal(33)
    directions, signs = example(70)[2:]
    directions /= np.linalg.norm(directions, axis=1)[:, None]

    def scored(at):
        heights = X @ at.T
        return signs * (nu @ np.maximum(heights, slope * heights))

    with ThreadPoolExecutor(2) as pool:
        smooth = SmoothedScores(X * scale, nu, np.linalg.norm(X, axis=1) * scale, Effort(), pool, slope)
        risen, values = smooth.rise(directions, signs, 0.1, 0.1, 10)
    np.testing.assert_allclose(values / scale, scored(risen), atol=1e-4)
    assert (values / scale > scored(directions)).mean() > 0.9


def test_the_device_is_asked_and_its_answer_used(monkeypatch):
    """A device that leaves directions where they are: the oracle climbs exactly from there."""
    asked = []

    def stay(self, name, lanes, turns, *_):
        asked.append(name)
        return np.concatenate([self._scores(*block, 0) for block in zip(lanes, turns, strict=True)])

    monkeypatch.setattr(SmoothedScores, "_rise_on_device", stay)
    rng = np.random.default_rng(3)
    X, nu = rng.standard_normal((30, 3)), rng.standard_normal(30)
    answer = AscentOracle.on(X).best_units(Question(nu, above=0.0), effort=Effort(device="somewhere"))
    assert asked == ["somewhere", "somewhere"]  # starts rise, and the best of them once more
    assert answer.lower == pytest.approx(AscentOracle.on(X).best_units(Question(nu, above=0.0)).lower, rel=1e-9)


def test_of_what_is_out_of_time_only_the_first_are_scored():
    directions, signs = example(70)[2:]
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    X, nu = np.ones((3, directions.shape[1])), np.ones(3)
    with ThreadPoolExecutor(2) as pool:
        slope = SmoothedScores(X, nu, np.linalg.norm(X, axis=1), Effort(deadline=0.0), pool)
        risen, values = slope.rise(directions, signs, 0.1, 0.1, 10)
    np.testing.assert_allclose(risen, directions, atol=1e-6)
    assert np.flatnonzero(values).max() < LANES
    assert np.count_nonzero(values) > 0
