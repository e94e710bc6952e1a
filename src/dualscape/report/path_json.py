"""A solution path as JSON: what all points share as in the JSON of an analysis, then the points and the events."""

from math import isfinite
from typing import Any

from dualscape.analysis import Analysis
from dualscape.data.tables import Table
from dualscape.landscape.events import PathEvent
from dualscape.landscape.path_draft import SolutionPath
from dualscape.landscape.path_point import PathPoint
from dualscape.model.scaling import Scaling
from dualscape.prediction.fit import training_fit
from dualscape.report.analysis_json import to_dict
from dualscape.report.hints import Judgement

#: Keys of an analysis that are those of a point; its weight decay stands before them.
OWN = ("certificate", "fit", "optimal_set", "widths", "staircase", "network")
#: Keys that all points share.
SHARED = ("schema", "version", "objective", "problem", "data")


def path_to_dict(path: SolutionPath, notes: tuple[str, ...] = (), *, table: Table | None = None) -> dict[str, Any]:
    """The path as plain numbers, texts, lists and dictionaries; docs/json.md says what each key means.

    Args:
        path: the path.
        notes: sentences about the data, put before those of the path.
        table: where the data come from; None for data that were made in Python.

    Returns:
        The keys schema, version, objective, problem (without its beta), data, path and notes; path has points, events,
        precision and checks. Without a point there is only schema, version, path and notes.

    >>> from dualscape.landscape.solution_path import solution_path
    >>> from dualscape.model.problem import Problem
    >>> found = path_to_dict(solution_path(Problem([[1.0], [2.0]], [2.0, 3.0], beta=1.0, bias="none"), [9.0, 0.5]))
    >>> [(point["beta"], point["mass"], point["certificate"]["verdict"]) for point in found["path"]["points"]]
    [(9.0, 0.0, 'global'), (0.5, 1.5, 'global')]
    """
    scaling = None if table is None else table.scaling
    whole = [_analysis(path, point, table, scaling) for point in path.points]
    shared = {name: whole[0][name] for name in SHARED} if whole else {}
    if shared:
        shared["problem"] = {name: value for name, value in shared["problem"].items() if name != "beta"}
    points = [
        _numbers(point) | {name: found[name] for name in OWN} for point, found in zip(path.points, whole, strict=True)
    ]
    checks = path.checks
    return shared | {
        "path": {
            "points": points,
            "events": [_event(event) for event in path.events],
            "precision": path.precision if isfinite(path.precision) else None,
            "checks": {name: getattr(checks, name) for name in ("value", "mass", "loss", "shortfall")},
        },
        "notes": list(dict.fromkeys([*notes, *path.notes])),
    }


def _analysis(path: SolutionPath, point: PathPoint, table: Table | None, scaling: Scaling | None) -> dict[str, Any]:
    """The JSON of the analysis that a point is."""
    problem, solution = point.solution.problem, point.solution
    found = Analysis(problem, path.beta_max, solution, point.optimal_set, point.staircase, ())
    # Hints are those of one beta, with remedies that a path is one of.
    return to_dict(found, table=table, judgement=Judgement(training_fit(solution, scaling), ()))


def _numbers(point: PathPoint) -> dict[str, Any]:
    names = ("beta", "loss", "mass", "neurons", "k", "dimension", "m_star", "M_star")
    values = {name: getattr(point, name) for name in names}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _event(event: PathEvent) -> dict[str, Any]:
    unit = event.units
    several = {"output": unit.outputs[0].tolist() if len(unit) else None} if unit.c > 1 else {}
    return several | {
        "kind": event.kind,
        "low": event.low,
        "high": event.high,
        "direction": unit.directions[0].tolist() if len(unit) else None,
        "sign": int(unit.signs[0]) if len(unit) and not several else None,
        "dimensions": [event.before, event.after],
    }
