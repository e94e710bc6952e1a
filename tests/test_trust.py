"""Bounds in many dimensions on a few of the problems of `benchmarks/run_trust.py`, and one that is a millionth off."""

import pytest
import run_trust


@pytest.fixture(autouse=True)
def as_the_program_does(monkeypatch):
    """It sets these for itself; here they are put back."""
    for module in (run_trust.fixed, run_trust.joint):
        monkeypatch.setattr(module, "ROUNDS", module.ROUNDS)
    monkeypatch.setattr(run_trust.relaxed_rows, "FEW", run_trust.relaxed_rows.FEW)


def test_bounds_are_true():
    found = [outcome for _, outcome in run_trust.outcomes(70_000, 16, deflate=0.0)]
    assert not [fault for outcome in found for fault in outcome.faults]
    bounds = [slack for outcome in found for slack in outcome.slack.values()]
    assert len(bounds) > 16
    assert sum(slack < run_trust.TIGHT for slack in bounds) > 3


def test_bounds_on_h_that_are_too_low_by_a_millionth_are_seen():
    """At a fixed nu and of relaxed training."""
    found = [outcome for _, outcome in run_trust.outcomes(16, 8, deflate=1e-6)]
    faults = [fault for outcome in found for fault in outcome.faults]
    assert any("fixed nu" in fault for fault in faults)
    assert any("lower bound" in fault or "relaxed training" in fault for fault in faults)
