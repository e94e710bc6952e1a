"""A new loss is one class and one line in the registry: one that the library does not have, through all of it."""

from math import fsum

import cvxpy as cp
import numpy as np
import pytest

from command_line import CSV, analysed, run
from conic import conic_optimum
from dualscape import Problem, Program, load_result, optimal_set, solve, staircase
from dualscape.errors import NotCertifiedError
from dualscape.geometry.two_float import ROUNDING, TwoFloat
from dualscape.model.losses import LOSSES, Diagonal, RowSum

EPS = 2.0**-53


class PseudoHuber(RowSum):
    """L(f, y) = sum_i w_i (sqrt(1 + (f_i - y_i)^2) - 1): squared near y, absolute far from it."""

    name = "pseudo-huber"
    target = "numbers"
    quadratic = False
    strictly_convex = True
    formula = "sum_i sqrt(1 + (f(x_i) - y_i)^2) - 1"

    def least(self, y):
        return 0.0

    def value(self, f, y):
        r = f - y
        return float(np.sum(self._rows.times(r * r / (1 + np.sqrt(1 + r * r)))))

    def value_bounds(self, f, off, y):
        near = f.hi - y
        r = near + f.lo
        off = off + 3 * EPS * (np.abs(near) + np.abs(f.lo))
        value = fsum(self._rows.times(r * r / (1 + np.sqrt(1 + r * r))))
        steep = self._rows.times(np.abs(r) / np.sqrt(1 + r * r))
        return value, 1.01 * float(steep @ off + 0.5 * (off @ self._rows.times(off))) + 16 * EPS * value

    def gradient(self, f, y):
        return self._rows.times((f - y) / np.sqrt(1 + (f - y) ** 2))

    def fine_gradient(self, f, y):
        r, w = f - TwoFloat.of(y), self._rows.each(len(y))
        error = 20 * ROUNDING * float(np.linalg.norm(w * (np.abs(f.hi) + np.abs(y))))
        return TwoFloat.of(w) * r / (TwoFloat.of(np.ones_like(y)) + r * r).sqrt(), error

    def hessian(self, f, y):
        return Diagonal(self._rows.times((1 + (f - y) ** 2) ** -1.5))

    def fit_of(self, nu, y, near):
        slope = self._rows.over(nu)
        inside = np.abs(slope) < 1
        found = near.copy()
        root = np.sqrt((1 - slope) * (1 + slope), where=inside, out=np.ones_like(nu))
        found[inside] = (y - slope / root)[inside]
        return found

    def dual_terms(self, nu, y):
        slope = self._rows.over(nu)
        if np.abs(slope).max(initial=0.0) > 1:
            return np.array([-np.inf])
        return np.concatenate([nu * y, -nu * slope / (1 + np.sqrt((1 - slope) * (1 + slope)))])

    def dual_noise(self, nu):
        # The slope of D is unbounded at the edge of its domain.
        slope = self._rows.over(nu)
        return float(np.sum(np.abs(nu * slope) / np.sqrt(np.maximum((1 - slope) * (1 + slope), EPS))))

    def nearest_dual(self, nu, y):
        w = self._rows.each(len(nu))
        return np.clip(nu, -w, w)

    def best_scale(self, nu, y, largest):
        slope = self._rows.over(nu)
        top = np.abs(slope).max(initial=0.0)
        low, high = 0.0, min(largest, (1 - 1e-15) / top) if top > 0 else largest

        def derivative(t):
            return float(nu @ y - np.sum(t * nu * slope / np.sqrt((1 - t * slope) * (1 + t * slope))))

        if derivative(high) >= 0:
            return high
        for _ in range(200):
            mid = 0.5 * (low + high)
            low, high = (mid, high) if derivative(mid) > 0 else (low, mid)
        return low


class Unsure(PseudoHuber):
    """The same, without the promise that the optimal fit is unique."""

    strictly_convex = False


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setitem(LOSSES, "pseudo-huber", PseudoHuber())


def conic_loss(problem, fit):
    return cp.sum(cp.norm(cp.vstack([np.ones(problem.n), fit - problem.y]), 2, axis=0)) - problem.n


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("fraction", [0.5, 0.05, 1e-3])
def test_a_new_loss_is_solved_and_certified(seed, fraction):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((8, 2)), 3 * rng.standard_normal(8)
    problem = Problem(X, y, beta=1, loss="pseudo-huber", bias="none").at_fraction(fraction)
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    assert solution.certificate.primal == pytest.approx(conic_optimum(Program.of(problem), conic_loss).value, rel=1e-4)
    optima = optimal_set(solution)
    assert optima.contains(solution.network)
    assert optima.network(optima.vertices[0]).fit(X) == pytest.approx(solution.network.fit(X), abs=1e-7)


def test_a_new_loss_takes_weights_of_rows():
    rng = np.random.default_rng(0)
    X, y, counts = rng.standard_normal((6, 2)), 3 * rng.standard_normal(6), np.array([1, 0, 2, 1, 3, 1])
    repeated = np.repeat(np.arange(6), counts)
    weighted = Problem(X, y, beta=0.2, loss="pseudo-huber", sample_weight=counts)
    same = Problem(X[repeated], y[repeated], beta=0.2, loss="pseudo-huber")
    ours, theirs = solve(weighted), solve(same)
    assert ours.certificate.verdict == theirs.certificate.verdict == "global"
    assert ours.certificate.primal == pytest.approx(theirs.certificate.primal, rel=1e-11)
    sets = optimal_set(ours), optimal_set(theirs)
    assert sets[0].total_mass == pytest.approx(sets[1].total_mass, rel=1e-9)


def test_a_new_loss_has_a_staircase():
    angles = 2 * np.pi * np.arange(8) / 8
    X = np.column_stack([np.cos(angles), np.sin(angles)])
    stairs = {}
    for loss in ("squared", "pseudo-huber"):
        solution = solve(Problem(X, np.ones(8), beta=1, loss=loss, bias="none").at_fraction(0.1))
        stairs[loss] = [(row.m, row.components, row.isolated) for row in staircase(optimal_set(solution)).rows]
    # The target is the same in all rows and the data are symmetric: so is the fit, and the units are those of any loss.
    assert stairs["pseudo-huber"] == stairs["squared"]
    assert len(stairs["squared"]) > 2


def test_a_new_loss_on_the_command_line(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text(CSV, encoding="utf-8")
    options = "--target", "y", "--loss", "pseudo-huber", "--beta-fraction", "0.2", "--standardize"
    content = analysed(tmp_path, table, *options)
    assert content["problem"]["loss"] == "pseudo-huber"
    assert content["certificate"]["verdict"] == "global"
    assert content["objective"].startswith("sum_i sqrt(1 + (f(x_i) - y_i)^2) - 1 + beta/2")
    assert content["data"]["target_scale"] != 1  # numbers are standardised
    predictor = load_result(tmp_path / "out.json")
    assert predictor.loss == "pseudo-huber"
    assert np.isfinite(predictor.predict([[1.0, 2.0]])).all()
    result = run("predict", tmp_path / "out.json", table)
    assert result.exit_code == 0, result.output


def test_all_optima_need_a_unique_fit():
    problem = Problem([[1.0], [2.0]], [1.0, 3.0], beta=0.1, loss=Unsure())
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    with pytest.raises(NotCertifiedError, match="the optimal fit need not be unique; use a strictly convex loss"):
        optimal_set(solution)
