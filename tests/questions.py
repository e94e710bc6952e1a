"""Random questions to oracles, and whether two answers are the same to the bit."""

import numpy as np

from dualscape.geometry.arrangement.arrangement import TURN, Arrangement, line_ranges
from dualscape.geometry.hinges import Hinges
from dualscape.oracles import Question
from dualscape.oracles.cells.line_scan import scan_lines
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.oracles.cells.signed_form import SignedForm
from dualscape.oracles.scaled import ScaledForm


def random_question(n=60, d=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)), rng.standard_normal(n)


def same(first, second):
    np.testing.assert_array_equal(first.units.directions, second.units.directions)
    np.testing.assert_array_equal(first.values, second.values)
    assert first.upper == second.upper


def forms(X, nu, share, turn=TURN):
    """What is swept for both signs, at this share of h."""
    arrangement = Arrangement.of(X, turn=turn)
    above = share * CellsOracle.on(X).best_units(Question(nu, above=0.0)).lower
    for sign in (1.0, -1.0):
        yield SignedForm.of(arrangement, ScaledForm.of(arrangement.hinges, nu, above), sign)


def forms_of(rows, kappa, linear, floor, turn=TURN):
    """The same for a sum over hyperplanes with these unit normals, none twice, as they are, in no other units."""
    N, r = rows.shape
    itself = Hinges(np.eye(r), rows, np.arange(N), np.ones(N), rows, np.arange(N), np.zeros(N))
    size = float(np.abs(kappa).sum() + np.abs(linear).sum())
    for sign in (1.0, -1.0):
        form = ScaledForm(rows, kappa, linear, size, floor, 0, 0.0)
        yield SignedForm.of(Arrangement.of_hinges(itself, turn=turn), form, sign)


def scanned(form, lines):
    found, state = np.empty((4096, form.rows.shape[1] + 1)), np.zeros(5)
    scan_lines(*form[:6], *lines, *form[6:], found, state)
    return found[: int(state[1])], state


def bound_over_lines(form):
    """(greatest bound over all patterns, units, patterns looked at) of a form, from all of its lines."""
    found, state = np.empty((4096, form.rows.shape[1] + 1)), np.zeros(5)
    state[0] = form.floor
    for level, first, lines in line_ranges(form.M, len(form.columns), 10**9):
        scan_lines(*form[:6], level, first, lines, *form[6:], found, state)
    assert state[3] == 0
    return state[0], found[: int(state[1])], int(state[4])
