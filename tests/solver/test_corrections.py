"""Newton's method in twice the precision: the conditions hold to its last digits where it ends."""

from fractions import Fraction

import numpy as np
import pytest

from dualscape import Problem, solve
from dualscape.errors import NotCertifiedError
from dualscape.geometry.two_float import TwoFloat
from dualscape.solver import corrections
from dualscape.solver.corrections import corrected
from dualscape.solver.task import Task
from dualscape.units import Units
from two_floats import exact


def started(problem, *, off):
    """(task, pieces, fit, masses) of the optimum, with fit and masses off by this share."""
    solution = solve(problem)
    network, rng = solution.network, np.random.default_rng(0)
    masses = network.masses * (1 + off * rng.uniform(-1, 1, network.width))
    fit = problem.space.columns(network.units) @ masses
    pieces = problem.space.pieces(solution.nu, network.units)[1]
    return Task.of(problem), pieces, TwoFloat.of(fit), TwoFloat.of(masses)


def planted(loss, seed=3, n=12):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((n, 3)), rng.standard_normal(n)
    return Problem(X, np.sign(y) if loss == "logistic" else y, beta=0.3, loss=loss, bias="none")


def test_one_row_by_hand():
    """x c = y - beta / x, which no double is."""
    x, y, beta = 3.0, 2.0, 0.5
    task, pieces, fit, masses = started(Problem([[x]], [y], beta=beta, bias="none"), off=1e-3)
    found = corrected(task, pieces, fit, masses)
    optimum = Fraction(y) - Fraction(beta) / Fraction(x)
    assert abs(exact(found.fit)[0] - optimum) <= Fraction(2) ** -98
    assert abs(exact(found.masses)[0] - optimum / 3) <= Fraction(2) ** -98
    assert found.error <= 2.0**-96


# The gradient of the logistic loss is known to fewer digits than two doubles hold.
@pytest.mark.parametrize(("loss", "rounding"), [("squared", 1e-30), ("logistic", 2e-18)])
def test_both_conditions_hold_to_the_last_digits(loss, rounding):
    """The fit is what the units make of the masses, and every score is beta, to far below double precision."""
    problem = planted(loss)
    task, pieces, fit, masses = started(problem, off=1e-4)
    assert len(masses.hi) > 1
    found = corrected(task, pieces, fit, masses)
    at = pieces.stand(task.fine_dual(found.fit)[0])
    missing = found.fit - (at.columns @ found.masses[:, None])[:, 0]
    assert np.abs(missing.hi).max() <= rounding
    assert np.abs((at.values - TwoFloat.of(np.full(len(masses.hi), task.beta))).hi).max() <= rounding
    assert found.error <= rounding
    assert (found.masses.hi > 0).all()


def test_a_unit_that_had_better_leave_ends_with_less_than_nothing():
    """Two units of one sign where the optimum has one: the other's mass turns negative, and that is the answer."""
    problem = Problem([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [1.0, -0.5, 1.0], beta=0.1, bias="none")
    units = Units.signed(np.array([[1.0, 0.0], [0.6, 0.8]]), np.ones(2))
    pieces = problem.space.pieces(None, units)[1]
    masses = np.array([0.5, 0.5])
    fit = problem.space.columns(units) @ masses
    found = corrected(Task.of(problem), pieces, TwoFloat.of(fit), TwoFloat.of(masses))
    assert found.masses.hi.min() < 0


def test_an_optimum_that_is_not_resolved_is_refused(monkeypatch):
    task, pieces, fit, masses = started(planted("squared"), off=1e-2)
    monkeypatch.setattr(corrections, "CORRECTIONS", 1)
    with pytest.raises(NotCertifiedError, match=r"resolved up to \d.*too nearly dependent; try a slightly different"):
        corrected(task, pieces, fit, masses)


def test_a_linear_system_serves_while_it_gains_digits(monkeypatch):
    """From near the optimum two of them do: that of the beginning, and one more."""
    made = []
    of = corrections.Linearised.of.__func__

    def counted(cls, *arguments):
        made.append(1)
        return of(cls, *arguments)

    monkeypatch.setattr(corrections.Linearised, "of", classmethod(counted))
    corrected(*started(planted("squared"), off=1e-9))
    assert len(made) <= 2
