"""Parts of the relaxation: true at any time, exact in the end, and each as good as an SDP solver says."""

from contextlib import suppress

import cvxpy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.geometry.hinges import Hinges
from dualscape.oracles import Question
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.oracles.relaxation import tree as relaxation_tree
from dualscape.oracles.relaxation.tree import PATIENCE, Part, Tree
from dualscape.oracles.scaled import ScaledForm
from dualscape.running.effort import Effort
from dualscape.running.stopped import Stopped
from exact_values import random_hinges
from questions import random_question


def nothing():
    """Told after every round."""


def form_of(rows, kappa, linear, floor=0.0):
    size = float(np.abs(kappa).sum() + np.abs(linear).sum())
    return ScaledForm(rows, kappa, linear, size, floor, 0, 0.0)


def asked(n, d, seed=0, share=0.0, removed=0):
    """(a form whose floor is this share of h, h in its units), without what some best units see of it.

    As after training, many units are then about as good, and the relaxation is loose.
    """
    X, nu = random_question(n, d, seed)
    oracle, seen = CellsOracle.on(X), np.zeros((n, 0))
    for _ in range(removed):
        best = oracle.best_units(Question(nu, above=0.0)).units.directions[0]
        seen = np.column_stack([seen, np.maximum(X @ best, 0)])
        nu = nu - seen @ np.linalg.lstsq(seen, nu)[0]
    h = oracle.best_units(Question(nu, above=0.0)).lower
    form = ScaledForm.of(Hinges.of(X), nu, share * h)
    return form, float(np.ldexp(h, -form.exponent))


@pytest.mark.parametrize("share", [0.0, 1.0])
@pytest.mark.parametrize("n, d, removed", [(12, 3, 0), (14, 4, 6)])
def test_exact_in_the_end(n, d, removed, share):
    """Known to nobody before, or given as what is of interest: h to a billionth."""
    form, h = asked(n, d, seed=3, share=share, removed=removed)
    tree = Tree(form, 3 * h)
    assert tree.run(Effort(), nothing) is Stopped.FINISHED
    assert h * (1 - 1e-12) <= tree.bound <= h * (1 + 2e-9)


def test_parts_prove_more_than_the_whole():
    form, h = asked(14, 4, seed=3, removed=6)
    tree, history = Tree(form, 3 * h), []
    tree.run(Effort(), lambda: history.append(tree.bound))
    whole = [Part(form, sign, h, np.zeros(14), 3 * h, 1e-3) for sign in (1.0, -1.0)]
    for part in whole:
        for _ in range(15):
            part.round(Effort(), 0.0)
    assert max(part.bound for part in whole) > 1.05 * h
    assert history[-1] <= h * (1 + 2e-9)
    assert (np.diff(history) <= 0).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 7), st.integers(1, 4), st.integers(0, 12))
def test_true_after_any_number_of_rounds(seed, N, r, rounds):
    rows, kappa, linear = random_hinges(seed, N, r)
    form, left = form_of(rows, kappa, linear), [rounds]
    tree = Tree(form, 2 * form.size)

    def count():
        left[0] -= 1
        if left[0] <= 0:
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        tree.run(Effort(), count)
    u = np.random.default_rng(seed).standard_normal((500, r))
    u /= np.linalg.norm(u, axis=1)[:, None]
    values = u @ linear + np.maximum(u @ rows.T, 0) @ kappa
    assert np.abs(values).max() <= tree.bound * (1 + 1e-12)


def by_sdp(form, sign, sides):
    """The optimum of the relaxation with these sides, by a solver of semidefinite programs, written out for itself."""
    Z, (N, r), free = form.rows, form.rows.shape, np.flatnonzero(sides == 0)
    # (1, p, m, u) from (1, p + m of the open ones, u).
    size, height = 1 + len(free) + r, np.hstack([np.zeros((N, 1 + len(free))), Z])
    total = sides[:, None] * height
    total[free, 1 + np.arange(len(free))] = 1.0
    one, last = np.eye(1, size), np.eye(size)[-r:]
    to = np.vstack([one, (total + height) / 2, (total - height) / 2, last])
    K = cvxpy.Variable((size, size), PSD=True)
    W = to @ K @ to.T
    p, u = slice(1, N + 1), slice(2 * N + 1, None)
    left = np.flatnonzero(to[1 : 2 * N + 1].any(axis=1)) + 1
    pairs = np.array([(i, j) for i in [0, *left] for j in left if i <= j and (j != i + N or i == 0)])
    rules = [K[0, 0] == 1, cvxpy.trace(W[u, u]) == 1, W[pairs[:, 0], pairs[:, 1]] >= 0]
    rules += [W[1 + g, N + 1 + g] == 0 for g in free]
    rules += [cvxpy.norm(W[left][:, u], axis=1) <= W[left, 0]]
    value = sign * (form.kappa @ W[0, p] + form.linear @ W[0, u])
    return cvxpy.Problem(cvxpy.Maximize(value), rules).solve(solver=cvxpy.CLARABEL)


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
@pytest.mark.parametrize("sides", [[0, 0, 0, 0, 0], [1, 0, 0, -1, 0], [1, -1, 1, 1, -1]])
def test_the_limit_of_a_part_is_that_of_an_sdp_solver(sides):
    rows, kappa, linear = random_hinges(5, N=5, r=3)
    form, sides = form_of(rows, kappa, linear), np.array(sides, dtype=float)
    for sign in (1.0, -1.0):
        limit = by_sdp(form, sign, sides)
        part = Part(form, sign, form.size / 2, sides, 2 * form.size, 1e-3)
        for _ in range(30):
            part.round(Effort(), 0.0)
        assert limit - 1e-5 * form.size <= part.bound <= max(limit, 0.0) + 1e-3 * form.size


def test_with_more_parts_than_memory_takes_none_is_parted(monkeypatch):
    monkeypatch.setattr(relaxation_tree, "BYTES", 0.0)
    monkeypatch.setattr(relaxation_tree, "LITTLE", 1e-3)
    form, h = asked(14, 4, seed=3, removed=6)
    tree = Tree(form, 3 * h)
    assert tree.run(Effort(), nothing) is Stopped.RELAXED
    assert tree.bound > 1.05 * h
    assert all(not part.sides.any() for _, _, part in tree._parts)


def test_goes_on_from_what_was_saved():
    """In single precision and in double, with parts of several sides: to the same bits."""
    form, h = asked(14, 4, seed=3, removed=6)
    straight, first = Tree(form, 3 * h), Tree(form, 3 * h)
    straight.run(Effort(), nothing)

    def stop():
        if first.rounds > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        first.run(Effort(), stop)
    again = Tree(form, 3 * h)
    again.restore({name: np.asarray(array) for name, array in first.arrays().items()})
    assert (again.bound, len(again._parts) > 2) == (first.bound, True)
    again.run(Effort(), nothing)
    assert (again.bound, again.steps, again.rounds) == (straight.bound, straight.steps, straight.rounds)


def test_numbers_out_of_range_end_it_with_what_is_proven(monkeypatch):
    def lost(self):
        raise np.linalg.LinAlgError("not finite")

    form, h = asked(12, 3, seed=1)
    monkeypatch.setattr(relaxation_tree.Splitting, "step", lost)
    tree = Tree(form, 3 * h)
    assert tree.run(Effort(), nothing) is Stopped.RELAXED
    assert h <= tree.bound <= 3 * h


def test_a_part_that_is_slow_is_told_from_one_that_is_not():
    form, h = asked(12, 3, seed=1)
    part = Part(form, 1.0, h, np.zeros(12), 3 * h, 1e-3)
    assert not part.slow(h)
    part.history = [3 * h, 2.9 * h, part.bound]
    part.bound = part.history[-1] = 2.89 * h
    assert part.slow(h)
    assert not part.slow(2.88 * h)
    part.history = [2.89 * h] * (PATIENCE + 1)
    assert part.converged
