"""Every pattern of the convex hyperplanes is bounded, once, along the lines of their arrangement."""

import itertools

import numpy as np
import pytest

from dualscape.geometry.arrangement.arrangement import Arrangement, count_cells
from dualscape.geometry.arrangement.sweep import MOST_OPEN, make_work
from dualscape.geometry.cones import concave_caps
from dualscape.oracles import Question
from dualscape.oracles.cells.line_scan import _bound_choices, _mark_open
from dualscape.oracles.cells.multipliers import make_multipliers
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.oracles.cells.pattern_bound import make_scratch
from dualscape.running.compiled import kernel
from dualscape.running.stopped import Stopped
from exact_values import greatest_value, random_hinges


def test_a_sweep_visits_few_of_the_patterns():
    rng = np.random.default_rng(9)
    X, nu = rng.standard_normal((40, 4)), rng.standard_normal(40)
    visited = CellsOracle.on(X).best_units(Question(nu, above=0.0)).looked_at
    convex = int((nu > 0).sum())
    assert visited == count_cells(convex, 4) + count_cells(40 - convex, 4) < count_cells(40, 4) / 3


def test_what_is_listed_is_a_maximum_where_many_hyperplanes_meet():
    """At a point on several convex hyperplanes the function rises into some cone around it."""
    rng = np.random.default_rng(2)
    X = np.column_stack([rng.integers(0, 4, size=(20, 2)), np.ones(20)]).astype(float)
    nu = rng.standard_normal(20)
    answer = CellsOracle.on(X).best_units(Question(nu, above=0.0))
    for direction, sign, value in zip(answer.units.directions, answer.units.signs, answer.values, strict=True):
        near = direction + 1e-3 * rng.standard_normal((20_000, 3))
        near /= np.linalg.norm(near, axis=1, keepdims=True)
        assert (sign * np.maximum(near @ X.T, 0) @ nu).max() <= value


@pytest.mark.parametrize("share", [0.0, 0.9, 0.95, 0.99])
def test_hyperplanes_parallel_to_a_line_keep_their_side(share):
    """A concave one that a line never meets was subtracted where it is not: its share of the slope left [0, 1]."""
    X = np.array(
        [[0, -1.0, 0, 0], [0, 0, 0, -8], [2, 0, 0, 0], [0, 0, 0, 0.5], [0, 0, -4, 0], [8, 0, 0, 0], [0, 0.125, 0, 0]]
    )
    nu = np.array([3.7e-4, -0.25, 0.25, 2.0, -7.6e-6, 0.1875, 1.9e-3])
    truth = greatest_value(X, nu)
    for signs in itertools.product([1.0, -1.0], repeat=4):
        answer = CellsOracle.on(X * signs).best_units(Question(nu, above=share * truth))
        assert greatest_value(X * signs, nu) <= answer.upper * (1 + 1e-12)
    assert truth > 2


@pytest.mark.parametrize(("turn", "stopped"), [(2.0**-22, Stopped.FINISHED), (0.0, Stopped.ROUNDING)])
def test_more_signs_than_can_be_tried_both_ways_are_no_bound(turn, stopped):
    """Eighty planes through one line: without a turn all of them pass through each vertex on it, up to rounding."""
    angles = np.linspace(0.1, 3.0, 80)
    X = np.column_stack([np.cos(angles), np.sin(angles), np.zeros(80)])
    X = np.vstack([X, [[0.3, 0.2, 1.0], [0.1, -0.5, 1.0]]])
    nu = np.random.default_rng(0).standard_normal(82)
    oracle = CellsOracle.on(X)
    oracle._arrangement = Arrangement.of_hinges(oracle.hinges, turn=turn)
    answer = oracle.best_units(Question(nu, above=0.0))
    assert answer.stopped is stopped
    assert (answer.upper <= answer.lower * (1 + 1e-10)) == (stopped is Stopped.FINISHED)


@kernel(cache=False)
def greatest_of_choices(rows, kappa, linear, M, bits, doubts, which):
    """The greatest bound that `_bound_choices` meets at the pattern `bits`, in exact order; g and bits as left."""
    N, r = rows.shape
    columns = np.ascontiguousarray(rows.T)
    scratch = make_scratch(N, r)
    concave_caps(kappa, 1.0, scratch[4])
    room = (
        scratch,
        np.empty(N, dtype=np.bool_),
        np.empty(N, dtype=np.bool_),
        np.empty(N, dtype=np.bool_),
        np.empty(r),
        make_multipliers(N, r),
        np.empty(r),
    )
    g, whole, size = linear.copy(), 2.0 * linear, 0.0
    for k in range(N):
        size += abs(kappa[k])
        for a in range(r):
            whole[a] += kappa[k] * rows[k, a]
            if bits[k]:
                g[a] += kappa[k] * rows[k, a]
    for a in range(r):
        size += abs(linear[a])
    doubtful = np.empty(MOST_OPEN, dtype=np.int64)
    for b in range(doubts):
        doubtful[b] = which[b]
    found, state = np.zeros((10, r + 1)), np.zeros(5)
    _bound_choices(
        rows, columns, kappa, linear, whole, M, g, bits, doubtful, np.int64(doubts), 0.0, 0.0, size, 0.0, 1.0,
        room, found, state,
    )  # fmt: skip
    return state


@pytest.mark.parametrize("doubts", [0, 1, 2])
def test_both_sides_of_what_is_doubtful_are_bounded(doubts):
    """Each of the patterns on its own is bounded by no more than the best of them, and that is attained."""
    raised = 0
    for seed in range(20):
        rows, kappa, linear = random_hinges(seed, N=5)
        kappa, rng = np.abs(kappa), np.random.default_rng(seed)
        bits, which = rng.random(5) < 0.5, rng.permutation(5)[:2]
        before = bits.copy()
        state = greatest_of_choices(rows, kappa, linear, 5, bits, doubts, which)
        np.testing.assert_array_equal(bits, before)
        assert state[4] == 2 << doubts
        alone = []
        for flips in itertools.product([False, True], repeat=doubts):
            other = bits.copy()
            other[which[:doubts]] ^= np.array(flips, dtype=bool)
            alone.append(greatest_of_choices(rows, kappa, linear, 5, other, 0, which)[0])
        assert state[0] == pytest.approx(max(alone), rel=1e-13)
        raised += max(alone) > alone[0] * (1 + 1e-9)
    assert (raised > 0) == (doubts > 0)


@kernel(cache=False)
def mark_open(weighted, whole, crossed, before, subset, own, slope, mu, sure, prune2):
    N, level = len(weighted), len(subset) + 1
    work = make_work(N, level)
    for k in range(N):
        work[2][k], work[4][k], work[6][k] = slope[k], own[k], sure[k]
        for l in range(len(subset)):
            work[5][l, k] = mu[l, k]
    is_open = np.zeros(N, dtype=np.bool_)
    count = _mark_open(
        weighted, whole, crossed, before, work, subset, np.int64(len(subset)), prune2, np.empty((level + 3, N)), is_open
    )
    return count, is_open


def test_a_vertex_is_closed_by_both_lengths_and_only_where_its_signs_are_sure():
    """A cell whose signs rounding leaves open may be another one, whose gradient is not known yet."""
    seen = np.zeros(2, dtype=int)
    for seed in range(40):
        rng = np.random.default_rng(seed)
        N, r, m = 7, 3, 4
        weighted, whole = np.zeros((N, 4)), rng.standard_normal(r)
        weighted[:, :r] = rng.standard_normal((N, r))
        crossed, subset = rng.permutation(N)[:m], np.sort(rng.permutation(N)[:2])
        before, own, slope = rng.standard_normal((N + 1, 4)), rng.standard_normal(N), rng.standard_normal(N)
        mu, sure = rng.standard_normal((2, N)), rng.random(N) < 0.7
        found, is_open = mark_open(weighted, whole, crossed, before, subset, own, slope, mu, sure, 16.0)
        for j, i in enumerate(crossed):
            g = before[j, :r] + ((own[i] < 0) - float(slope[i] < 0)) * weighted[i, :r]
            g = g + (mu[:, i] < 0).astype(float) @ weighted[subset, :r]
            short = max(g @ g, (whole - g) @ (whole - g)) <= 16.0
            assert is_open[j] == (not short or not sure[i])
            seen += [short and not sure[i], short and sure[i]]
        assert found == is_open[:m].sum()
    assert (seen > 0).all()
