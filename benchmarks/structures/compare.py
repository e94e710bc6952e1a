"""The library's answer beside the truth."""

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .arithmetic import rationals, real
from .arrangement import Arrangement
from .families import draw
from .optimum import Unresolved, optimum
from .planted import Case
from .truth import TooMany, Truth

VISIBLE = 1e-5  # a unit whose column is at least this share of y* is missed when it is removed
KINDS = ("right", "right, not exact", "wrong, not exact", "refused", "not global", "fatal", "no truth")


@dataclass
class Outcome:
    """One problem.

    Attributes:
        family, seed, label: which.
        kind: one of KINDS.
        well_posed: whether all its decisions are far from rounding.
        faults: what differs from the truth.
        seconds: of the library, and of the truth.
    """

    family: str
    seed: int
    label: str
    kind: str
    well_posed: bool = True
    faults: list[str] = field(default_factory=list)
    seconds: tuple[float, float] = (0.0, 0.0)
    notes: list[str] = field(default_factory=list)


def examine(family: str, seed: int) -> Outcome:
    """Draw a problem, ask the library, and compare."""
    began = time.perf_counter()
    try:
        case = draw(family, seed)
    except TooMany:
        return Outcome(family, seed, "", "no truth", faults=["too many vertices"])
    drawn = time.perf_counter() - began
    began = time.perf_counter()
    answer = ask(case)
    spent = time.perf_counter() - began
    result = Outcome(family, seed, case.label, "right")
    began = time.perf_counter()
    start = answer.get("nu")
    if answer.get("verdict") != "global":
        result.kind, result.faults = "not global", [f"verdict {answer.get('verdict')!r} {answer.get('error', '')}"]
    try:
        known = case.find(np.asarray(start)) if start is not None or case.known is not None else None
    except (Unresolved, TooMany, ValueError) as error:
        known = None
        result.faults.append(f"truth: {error!r}")
    result.seconds = (spent, drawn + time.perf_counter() - began)
    if known is None:
        result.kind = "no truth" if result.kind == "right" else result.kind
        return result
    result.well_posed = known.well_posed
    result.notes = [_described(known, case)]
    if result.kind != "right":
        return result
    if "error" in answer:
        result.kind, result.faults = "refused", [answer["error"]]
        return result
    optima, stairs = answer["optima"], answer["stairs"]
    exact = bool(stairs.exact) and bool(getattr(optima, "exact", True))
    result.notes.append(_answered(optima, stairs, exact))
    result.faults = differences(known, case, optima, stairs)
    if result.faults and exact and _true_of_floats(case, optima, stairs):
        result.notes.append("differs from what was planted, but is exactly true of the data as they were rounded")
        result.faults = []
    if result.faults:
        result.kind = "fatal" if exact else "wrong, not exact"
        sizes = (f"{name} {getattr(known, name):.0e}" for name in ("margin", "slack", "singular", "fine"))
        result.faults.append(f"({', '.join(sizes)})")
    elif not exact:
        result.kind = "right, not exact"
    return result


def _true_of_floats(case: Case, optima: Any, stairs: Any) -> bool:
    """Whether an answer that differs from the planted one is exactly that of the data as stored."""
    if case.known is None:
        return False
    arrangement = Arrangement([[real(x) for x in row] for row in rationals(case.X.tolist())])
    target = [real(float(t)) for t in case.y]
    try:
        found = optimum(arrangement, target, real(case.beta), case.loss, np.asarray(optima.nu))
    except (Unresolved, TooMany, ValueError):
        return False
    return not differences(found, case, optima, stairs)


def check(family: str, seed: int) -> Outcome:
    """Solve a planted problem, with all digits of its data, by Newton's method and compare with what was planted."""
    case = draw(family, seed)
    if case.known is None or case.known.stairs is None:
        return Outcome(family, seed, case.label, "right", notes=["not planted"])
    known = case.known
    residual = case.y - known.columns @ known.masses
    found = case.solved(residual)
    sizes = (found.k, found.rank, found.dimension, found.stairs)
    same = sizes == (known.k, known.rank, known.dimension, known.stairs) and _renamed(found, known) == known.vertices
    return Outcome(family, seed, case.label, "right" if same else "no truth", known.well_posed,
                   [] if same else [_described(known, case), _described(found, case)])  # fmt: skip


def _renamed(found: Truth, known: Truth) -> frozenset[frozenset[int]] | None:
    """The vertices of `found` with the numbers that units have in `known`."""
    order = matched(known, found)
    if order is None or found.vertices is None:
        return None
    return frozenset(frozenset(order[j] for j in support) for support in found.vertices)


def ask(case: Case) -> dict[str, Any]:
    """What the library says: verdict, nu, optima and stairs, or the error."""
    from dualscape import Problem, optimal_set, solve, staircase

    found: dict[str, Any] = {}
    try:
        solution = solve(Problem(**case.problem()))
        found["verdict"] = solution.certificate.verdict
        found["nu"] = solution.nu
        if found["verdict"] == "global":
            found["optima"] = optimal_set(solution)
            found["stairs"] = staircase(found["optima"])
    except Exception as error:  # noqa: BLE001 - whatever it raises is what it answers
        found["error"] = f"{type(error).__name__}: {error}"
    return found


def differences(known: Truth, case: Case, optima: Any, stairs: Any) -> list[str]:
    """Every way in which the answer differs from the truth."""
    wrong = [
        f"{name} {got} for {expected}"
        for name, got, expected in (
            ("k", optima.k, known.k),
            ("rank", optima.rank, known.rank),
            ("dimension", optima.dimension, known.dimension),
        )
        if expected is not None and got != expected
    ]
    order = matched(known, optima)
    if order is None and optima.k == known.k:
        wrong.append("other units")
    truth = known.stairs
    if truth is None or known.vertices is None:
        return wrong + _membership(known, case, optima)
    listed = bool(optima.vertices_complete)
    if listed:
        if len(optima.vertices) != len(known.vertices):
            wrong.append(f"{len(optima.vertices)} vertices for {len(known.vertices)}")
        elif order is not None:
            supports = {frozenset(order[j] for j in np.flatnonzero(v > 0)) for v in optima.vertices}
            if supports != known.vertices:
                wrong.append("other vertices")
    for name in ("m_star", "M_star", "connected_from"):
        got, expected = getattr(stairs, name), getattr(truth, name)
        if not (_holds(got, expected)):
            wrong.append(f"{name} {got} for {expected}")
    rows = {row.m: (row.components, row.isolated, row.polytope_components) for row in stairs.rows}
    for m in sorted(set(rows) | set(truth.rows)):
        if m not in rows or m not in truth.rows:
            if listed:
                wrong.append(f"width {m} listed {'once' if m in rows else 'not'}")
        elif not all(_holds(got, expected) for got, expected in zip(rows[m], truth.rows[m], strict=True)):
            wrong.append(f"width {m}: {rows[m]} for {truth.rows[m]}")
    return wrong + _membership(known, case, optima)


def _holds(got: Any, expected: int) -> bool:
    """Whether a number is that number, or an interval holds it."""
    if isinstance(got, tuple):
        return got[0] <= expected and (got[1] is None or expected <= got[1])
    return bool(got == expected)


def matched(known: Truth, optima: Any) -> list[int] | None:
    """The true unit of each of the library's, or None when they are not the same."""
    if optima.k != known.k:
        return None
    order = []
    for direction, sign in zip(optima.directions, optima.signs, strict=True):
        distance = np.where(known.signs == sign, np.linalg.norm(known.directions - direction, axis=1), np.inf)
        j = int(np.argmin(distance))
        others = np.delete(np.where(known.signs == sign, _gaps(known, j), np.inf), j)
        if distance[j] > min(1e-6, 0.3 * float(others.min(initial=np.inf))):
            return None
        order.append(j)
    return order if len(set(order)) == len(order) else None


def _gaps(known: Truth, j: int) -> np.ndarray:
    return np.linalg.norm(known.directions - known.directions[j], axis=1)


def _membership(known: Truth, case: Case, optima: Any) -> list[str]:
    """Whether a true optimum belongs, and what is left when a visible unit is removed does not."""
    from dualscape import Network

    wrong = []
    used = np.flatnonzero(known.masses > 0)
    whole = Network(known.directions[used], known.signs[used], known.masses[used], case.bias)
    answer = optima.contains(whole)
    if not answer:
        wrong.append(f"contains(optimum) is False: {answer.reason}")
    fit = np.linalg.norm(known.columns @ known.masses)
    shares = known.masses * np.linalg.norm(known.columns, axis=0) / fit
    for j in used[(shares[used] > VISIBLE)][:2]:
        rest = used[used != j]
        if len(rest) and optima.contains(
            Network(known.directions[rest], known.signs[rest], known.masses[rest], case.bias)
        ):
            wrong.append(f"contains(optimum without unit {j}, share {shares[j]:.1e}) is True")
    return wrong


def _described(known: Truth, case: Case) -> str:
    s = known.stairs
    widths = "too many vertices"
    if s is not None and known.vertices is not None:
        widths = f"vertices={len(known.vertices)} m*={s.m_star} M*={s.M_star} connected from {s.connected_from}"
    return (
        f"truth: k={known.k} rank={known.rank} dimension={known.dimension} {widths}; margin {known.margin:.1e} slack "
        f"{known.slack:.1e} singular {known.singular:.1e} fine {known.fine:.1e}{'' if case.exact else '; data rounded'}"
    )


def _answered(optima: Any, stairs: Any, exact: bool) -> str:
    return (
        f"answer: k={optima.k} rank={optima.rank} dimension={optima.dimension} vertices={len(optima.vertices)} "
        f"m*={stairs.m_star} M*={stairs.M_star} connected from {stairs.connected_from}; exact={exact} perturbation "
        f"{getattr(optima, 'perturbation', None)}"
    )
