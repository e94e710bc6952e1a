"""What is exact and what holds within a perturbation, decision by decision."""

from dataclasses import replace

import pytest

from dualscape.landscape.resolution import Resolution
from dualscape.polytopes.polytope import Margin

ROUNDING, CLEAR = 1e-15, 100.0
KINDS = ("slack", "mass", "rank", "same")
SURE = Resolution(*[Margin()] * 4, 1e-16, ROUNDING, CLEAR)


def test_without_a_doubtful_decision_it_is_exact():
    assert SURE.exact
    assert SURE.perturbation == 0.0
    assert SURE.explain().startswith("Exact: every decision is clear of rounding")
    assert "y* known to 1e-16 of its size" in SURE.explain()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("margin", "perturbation"),
    [
        # A zero that rounding accounts for, and one that takes a little more.
        (Margin(needed=0.9 * ROUNDING), 0.0),
        (Margin(needed=1.1 * ROUNDING), 1.1 * ROUNDING),
        # What is positive must stand out a hundredfold.
        (Margin(breaks=101 * ROUNDING), 0.0),
        (Margin(breaks=99 * ROUNDING), 99 * ROUNDING),
        # Of both, the one that takes the greater change.
        (Margin(needed=5 * ROUNDING, breaks=50 * ROUNDING), 50 * ROUNDING),
        (Margin(needed=70 * ROUNDING, breaks=50 * ROUNDING), 70 * ROUNDING),
        (Margin(needed=70 * ROUNDING, breaks=500 * ROUNDING), 70 * ROUNDING),
    ],
)
def test_every_kind_of_decision_counts(kind, margin, perturbation):
    found = replace(SURE, **{kind: margin})
    assert found.perturbation == pytest.approx(perturbation, rel=1e-12, abs=0.0)
    assert found.exact == (perturbation == 0.0)
    assert found.explain().startswith("Exact" if found.exact else "Within a perturbation")


def test_the_worst_decision_is_the_one_that_is_told():
    found = replace(SURE, slack=Margin(needed=3e-15), mass=Margin(breaks=5e-14), rank=Margin(needed=2e-14))
    assert found.perturbation == 5e-14
    assert "within 5e-14 (relative)" in found.explain()


@pytest.mark.parametrize(
    ("kind", "name"),
    list(zip(KINDS, ("slacks", "mass shares", "singular values", "distances of units"), strict=True)),
)
def test_margins_are_told_by_their_names(kind, name):
    margin = Margin(smallest_positive=0.25, largest_zero=1e-17, breaks=0.1, needed=0.0)
    text = replace(SURE, **{kind: margin}).explain()
    assert f"{name} up to 1.0e-17 called zero, from 2.5e-01 positive" in text
