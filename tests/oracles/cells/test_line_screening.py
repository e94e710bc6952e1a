"""Lines that the device's arrays exclude: a scan of them must find nothing. Computed with NumPy here, as by PyTorch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.geometry.arrangement.arrangement import TURN, line_ranges
from dualscape.oracles import Question
from dualscape.oracles.cells import oracle as cells
from dualscape.oracles.cells import tasks
from dualscape.oracles.cells.line_screening import lines_left
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.running.effort import Effort
from questions import forms, scanned


def check(X, nu, share, turn=TURN):
    """Every excluded line, scanned; returns (lines left, lines, patterns excluded)."""
    total, stay, excluded = 0, 0, 0
    for form in forms(X, nu, share, turn):
        for level, first, lines in line_ranges(form.M, len(form.columns), 10**9):
            if level < 2:
                continue
            left, patterns = lines_left(form, level, first, lines, None)
            visited = 0
            gone = np.flatnonzero(~left)
            for run in np.split(gone, np.flatnonzero(np.diff(gone) > 1) + 1):
                units, state = scanned(form, (level, first + int(run.min(initial=lines)), len(run)))
                assert len(units) == 0
                assert state[0] <= form.floor
                visited += int(state[4])
            assert patterns == visited
            total, stay, excluded = total + lines, stay + int(left.sum()), excluded + patterns
    return stay, total, excluded


@pytest.mark.parametrize("share", [0.0, 0.5, 0.95, 1 - 1e-9, 1 + 1e-6])
@pytest.mark.parametrize("data", ["gaussian", "lattice", "one-hot", "one sign"])
def test_what_is_excluded_holds_nothing(data, share):
    rng = np.random.default_rng(3)
    X, nu = rng.standard_normal((16, 4)), rng.standard_normal(16)
    if data == "lattice":
        X = rng.integers(-2, 3, size=(16, 4)).astype(float)
    elif data == "one-hot":
        X = np.column_stack([rng.integers(0, 2, size=(16, 3)), np.ones(16)]).astype(float)
    elif data == "one sign":
        nu = np.abs(nu)
    stay, total, excluded = check(X, nu, share)
    if share == 0.0:
        assert excluded == 0
    if share > 1.0:
        assert stay <= 0.1 * total


@pytest.mark.parametrize("bits", [40, 46, 48, 50])
@pytest.mark.parametrize("seed", range(6))
def test_lines_whose_signs_rounding_leaves_open_are_left(seed, bits):
    """Turned by hardly more than rounding, hyperplanes that meet in one line cannot be told apart.

    The sweep bounds both sides of every hyperplane that it cannot tell, so that it visits more patterns on such lines.
    """
    rng = np.random.default_rng(seed)
    X, nu = rng.integers(-1, 2, size=(14, 4)).astype(float), rng.standard_normal(14)
    stay, total, _ = check(X, nu, 1.5, 2.0**-bits)
    if bits >= 48:
        assert 0 < stay < total


def test_hardly_a_line_is_left_just_below_the_maximum():
    rng = np.random.default_rng(0)
    X, nu = rng.standard_normal((40, 4)), rng.standard_normal(40)
    stay, total, _ = check(X, nu, 1 - 1e-9)
    assert 1 <= stay <= 3
    assert total > 300


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(4, 12), st.integers(3, 5), st.floats(0.2, 1.1))
def test_exclusion_is_sound_on_random_lattices(seed, n, d, share):
    rng = np.random.default_rng(seed)
    check(rng.integers(-3, 4, size=(n, d)).astype(float) + 0.0, rng.standard_normal(n), share)


@pytest.mark.parametrize("share", [0.0, 0.9, 1.1])
def test_screened_lines_and_the_rest_are_the_whole_sweep(monkeypatch, share):
    """What the oracle makes of both together, with arrays of NumPy in the place of a device's."""
    rng = np.random.default_rng(1)
    X, nu = rng.standard_normal((40, 4)), rng.standard_normal(40)
    oracle = CellsOracle.on(X)
    above = share * oracle.best_units(Question(nu, above=0.0)).lower
    here = oracle.best_units(Question(nu, above=above))
    done = []

    def screened(task, device):
        assert device == "another"
        left, excluded = tasks.screen(task, None)
        done.append(task.lines - sum(part.lines for part in left))
        return left, excluded

    monkeypatch.setattr(cells, "screen", screened)
    monkeypatch.setattr(cells, "LITTLE", 1)
    monkeypatch.setattr(tasks, "DEVICE_LEAST", 1)
    there = oracle.best_units(Question(nu, above=above), effort=Effort(device="another"))
    assert (there.upper, there.looked_at, there.stopped) == (here.upper, here.looked_at, here.stopped)
    np.testing.assert_array_equal(there.values, here.values)
    assert sum(done) > 0
