"""The optimum of a problem to 60 digits: a Newton method on the dual, over units listed anew at every step.

Dual: min phi(nu) subject to v_j(nu) = |P X^T D nu| <= beta for every unit j, phi(nu) = L*(-nu). The optimal fit is
-grad phi(nu). Each step solves the quadratic model with linearised constraints, the Hessian being that of the
Lagrangian. What it ends with is verified: stationarity, masses >= 0, no unit above beta, all to 50 digits. The problem
is convex, so a point that passes is the optimum, wherever it was started.
"""

from typing import Any

import numpy as np
from flint import arb, arb_mat

from .arithmetic import Number, Row, Rows, dot, number, real
from .arrangement import Arrangement, Unit, distinct
from .truth import Truth, truth

STEPS = 60
DONE = 1e-65
PROVEN = 1e-50
TIGHT = 1e-40


class Unresolved(Exception):
    """The Newton method did not end in a verified optimum."""


def optimum(arrangement: Arrangement, y: Row, beta: Number, loss: str, start: np.ndarray) -> Truth:
    """The verified structure of the optimal set.

    Args:
        arrangement: of the rows, as real numbers.
        y: (n,) targets.
        beta: weight decay.
        loss: "squared" or "logistic".
        start: (n,) a dual point near the optimum.
    """
    nu = [real(float(x)) for x in start]
    masses: dict[tuple[int, int, tuple[bool, ...]], arb] = {}
    step, window = 1e-3, 1e-4
    top = number(beta)
    for _ in range(STEPS):
        units = arrangement.units(nu, window, top)
        tolerance = max(min(step**1.5, 1e-9), 1e-60)
        change, masses = _model(arrangement, units, nu, y, beta, loss, masses, tolerance * top)
        moved, step = _moved(nu, change, y, loss)
        if step < DONE and tolerance <= 1e-60:
            return _verified(arrangement, nu, y, beta, loss, masses)
        nu, window = moved, 1e-4 if step > 1e-9 else 1e-6
    raise Unresolved(f"no end after {STEPS} steps; the last moved by {step:.1e}")


# --- loss ----------------------------------------------------------------------------------------------
def _fit(nu: Row, y: Row, loss: str) -> Row:
    if loss == "squared":
        return [(t - v).mid() for t, v in zip(y, nu, strict=True)]
    return [(t * (t / v - 1).log()).mid() for t, v in zip(y, nu, strict=True)]


def _curvature(nu: Row, y: Row, loss: str) -> Row:
    if loss == "squared":
        return [arb(1)] * len(nu)
    return [(1 / (v / t * (1 - v / t))).mid() for t, v in zip(y, nu, strict=True)]


def _moved(nu: Row, change: Row, y: Row, loss: str) -> tuple[Row, float]:
    """(nu after the step, damped where it leaves the domain; the relative length of the step)."""
    t = arb(1)
    if loss == "logistic":
        for v, c, target in zip(nu, change, y, strict=True):
            share, move = v / target, c / target
            while not (0 < share + t * move < 1):
                t = t / 2
    size = max(abs(number(v)) for v in nu)
    length = max(abs(number(t * c)) for c in change) / size
    if not length < 1e6:
        raise Unresolved("the Newton method diverges")
    return [(v + t * c).mid() for v, c in zip(nu, change, strict=True)], length


# --- one step ------------------------------------------------------------------------------------------
def _key(unit: Unit) -> tuple[int, int, tuple[bool, ...]]:
    return unit.sign, unit.flat, unit.pattern


def _model(
    arrangement: Arrangement,
    units: list[Unit],
    nu: Row,
    y: Row,
    beta: Number,
    loss: str,
    masses: dict,
    tolerance: float,
) -> tuple[Row, dict]:
    """(the step of nu, the masses) of the quadratic model."""
    n = arrangement.n
    if not units:
        raise Unresolved("no unit is near the constraint")
    sizes = [unit.square.sqrt().mid() for unit in units]
    columns = [[(x / v).mid() for x in unit.column] for unit, v in zip(units, sizes, strict=True)]
    curve = _curvature(nu, y, loss)
    H = arb_mat(n, n, [curve[i] if i == j else 0 for i in range(n) for j in range(n)])
    for unit, v, a in zip(units, sizes, columns, strict=True):
        c = masses.get(_key(unit))
        if c is None:
            continue
        P = arrangement.projectors[unit.flat]
        seen = list(zip(arrangement.X, unit.pattern, strict=True))
        M = [[dot(row, x) if active else arb(0) for x, active in seen] for row in P]
        W, column = arb_mat(len(M), n, [x for row in M for x in row]), arb_mat(n, 1, a)
        H = H + (W.transpose() * W - column * column.transpose()) * (c / v)
    H = H.mid()
    A = arb_mat(n, len(units), [columns[j][i] for i in range(n) for j in range(len(units))])
    slope = arb_mat(n, 1, [-f for f in _fit(nu, y, loss)])
    try:
        HA, Hq = H.solve(A).mid(), H.solve(slope).mid()
    except ZeroDivisionError:
        raise Unresolved("singular Hessian") from None
    G = (A.transpose() * HA).mid().tolist()
    w = [(v - beta - x).mid() for v, x in zip(sizes, (A.transpose() * Hq).entries(), strict=True)]
    warm = [j for j, unit in enumerate(units) if _key(unit) in masses]
    c = nonnegative(G, w, warm, tolerance)
    change = [-x.mid() for x in (Hq + HA * arb_mat(len(c), 1, c)).entries()]
    return change, {_key(unit): x for unit, x in zip(units, c, strict=True) if x > 0}


def nonnegative(G: Rows, w: Row, start: list[int], tolerance: float) -> Row:
    """The c >= 0 that minimises c.G c / 2 - w.c (Lawson and Hanson), G positive semidefinite.

    Args:
        G: (k, k) Gram matrix.
        w: (k,).
        start: units to begin with; those that are not independent are left out.
        tolerance: gradients below this count as zero.
    """
    k = len(w)
    c: Row = [arb(0)] * k
    passive: list[int] = []
    for j in start:
        if _schur(G, passive, j)[0] is not None:
            passive.append(j)
    if passive:
        z = _on(G, w, passive)
        while passive and min(z) <= 0:
            passive.pop(min(range(len(z)), key=lambda i: z[i]))
            z = _on(G, w, passive) if passive else []
        for i, j in enumerate(passive):
            c[j] = z[i]
    for _ in range(20 * k + 50):
        gradient = [(w[j] - dot(G[j], c)).mid() for j in range(k)]
        outside = [j for j in range(k) if j not in passive]
        j = max(outside, key=lambda i: gradient[i], default=-1)
        if j < 0 or gradient[j] <= tolerance:
            return c
        _, weights = schur = _schur(G, passive, j)
        if schur[0] is None:
            # Dependent: mass moves to j from those that make up its column, until one of them is empty.
            limits = [((c[i] / x).mid(), i) for i, x in zip(passive, weights, strict=True) if x > 1e-30]
            if not limits:
                raise Unresolved("an unbounded direction")
            t, blocking = min(limits, key=lambda pair: pair[0])
            for i, x in zip(passive, weights, strict=True):
                c[i] = (c[i] - t * x).mid()
            c[j], c[blocking] = t, arb(0)
            passive.remove(blocking)
        passive.append(j)
        while passive:
            z = _on(G, w, passive)
            if min(z) > 0:
                c = [arb(0)] * k
                for i, value in zip(passive, z, strict=True):
                    c[i] = value
                break
            steps = [((c[i] / (c[i] - x)).mid(), i) for i, x in zip(passive, z, strict=True) if x <= 0]
            t, _ = min(steps, key=lambda pair: pair[0])
            for i, x in zip(passive, z, strict=True):
                c[i] = (c[i] + t * (x - c[i])).mid()
            for share, i in steps:
                if share <= t:
                    c[i] = arb(0)
                    passive.remove(i)
    raise Unresolved("the active set does not settle")


def _on(G: Rows, w: Row, passive: list[int]) -> Row:
    """The minimiser on these units alone."""
    try:
        found = arb_mat([[G[i][j] for j in passive] for i in passive]).solve(arb_mat([[w[i]] for i in passive]))
    except ZeroDivisionError:
        raise Unresolved("dependent units") from None
    return [x.mid() for x in found.entries()]


def _schur(G: Rows, passive: list[int], j: int) -> tuple[Any, Row]:
    """(the part of unit j that the passive ones do not make up, None when that is zero; the weights of those)."""
    if not passive:
        return G[j][j], []
    weights = _on(G, [G[i][j] for i in range(len(G))], passive)
    left = (G[j][j] - dot([G[j][i] for i in passive], weights)).mid()
    return (left if number(left) > 1e-60 * number(G[j][j]) else None), weights


# --- the end -------------------------------------------------------------------------------------------
def _verified(arrangement: Arrangement, nu: Row, y: Row, beta: Number, loss: str, masses: dict) -> Truth:
    """The structure at nu, after all optimality conditions have been checked."""
    n, top = arrangement.n, number(beta)
    units = arrangement.units(nu, 1e-2, top)
    fit = _fit(nu, y, loss)
    size = max(abs(number(x)) for x in fit)
    gaps = {_key(u): number(1 - u.square.sqrt() / beta) for u in units}
    if min(gaps.values()) < -PROVEN:
        raise Unresolved(f"a unit violates the dual constraint by {-min(gaps.values()):.1e}")
    if arrangement.height(np.array([number(x) for x in nu])) > top * (1 + 1e-9):
        raise Unresolved("the list of units is not complete")
    residual = list(fit)
    for unit in units:
        c = masses.get(_key(unit))
        if c is not None:
            if abs(gaps[_key(unit)]) > PROVEN or c < 0:
                raise Unresolved("a unit with mass is not tight")
            residual = [r - c * a / unit.square.sqrt() for r, a in zip(residual, unit.column, strict=True)]
    if max(abs(number(r)) for r in residual) > PROVEN * size:
        raise Unresolved("the optimum is not stationary")
    chosen = distinct([u for u in units if abs(gaps[_key(u)]) <= TIGHT])
    slack = min((g for u in units if u.peak and (g := gaps[_key(u)]) > TIGHT), default=1e-2)
    A: Rows = [[(u.column[i] / beta).mid() for u in chosen] for i in range(n)]
    directions = np.array([[number(x / beta) for x in u.u] for u in chosen])
    signs = np.array([float(u.sign) for u in chosen])
    dual = np.array([abs(number(x)) for x in nu])
    target = np.array([abs(number(x)) for x in y])
    fine = float((dual / np.maximum(target, 1e-300))[dual > 1e-30 * target].min())
    held = np.zeros(len(chosen))
    for unit in units:
        c = masses.get(_key(unit))
        if c is not None:
            held[next(j for j, other in enumerate(chosen) if len(distinct([unit, other])) == 1)] += number(c)
    return truth(directions, signs, A, fit, masses=held, slack=slack, fine=fine)
