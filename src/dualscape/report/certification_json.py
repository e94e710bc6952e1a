"""What is known of a network as JSON."""

from typing import Any

import numpy as np

from dualscape import __version__
from dualscape.landscape.paths.path import Path
from dualscape.landscape.stationary.stationarity import Stationarity
from dualscape.model.network import Network
from dualscape.prediction.certify import Certification, Descent
from dualscape.prediction.predictor import SCHEMA
from dualscape.report.analysis_json import _plain, sha256_of, three_layers
from dualscape.units import Units


def certification_to_dict(found: Certification, notes: tuple[str, ...] = ()) -> dict[str, Any]:
    """The certification as plain numbers, texts, lists and dictionaries; docs/json.md says what each key means.

    Args:
        found: the certification.
        notes: sentences about the network and the data.

    >>> from dualscape.model.problem import Problem
    >>> from dualscape.prediction.certify import certify
    >>> problem = Problem([[1.0, 0.0], [0.0, 1.0]], [1.0, 2.0], beta=0.1, bias="none")
    >>> content = certification_to_dict(certify(problem, ([[0.0, 1.0]], [1.0])))
    >>> content["verdict"], content["stationary"]["clarke"], content["descent"]["sign"], content["dead"]
    ('not global', False, 1, [])
    """
    problem, best = found.problem, found.solution.certificate
    return {
        "schema": SCHEMA,
        "version": __version__,
        "training_objective": problem.objective_in_words,
        "problem": {
            "n": problem.n,
            "d": problem.d,
            "loss": problem.loss.text,
            "architecture": problem.architecture.title,
            "bias": problem.bias,
            "free": problem.free.kind,
            "free_decay": problem.free.decay,
            "beta": problem.beta,
            "sha256": sha256_of(problem),
        },
        "width": found.network.width,
        "objective": _plain(found.objective),
        "balanced_objective": _plain(found.balanced_objective),
        "lower_bound": _plain(found.lower_bound),
        "relative_gap": _plain(found.relative_gap),
        "verdict": found.verdict,
        "stationary": None if found.stationarity is None else _stationary(found.stationarity),
        "local_minimum": found.local_minimum,
        "redundant": list(found.redundant),
        "dead": list(found.dead),
        "zero": list(found.zero),
        "descent": None if found.descent is None else _descent(found, found.descent),
        "better": _better(found),
        "best_known": {
            "objective": _plain(best.primal),
            "neurons": found.solution.network.width,
            "verdict": best.verdict,
            "seconds": found.seconds,
        },
        "notes": list(notes),
    }


def _stationary(still: Stationarity) -> dict[str, Any]:
    names = ("clarke", "clarke_residual", "first_order", "first_order_residual")
    return {name: _plain(getattr(still, name)) for name in names}


def _descent(found: Certification, descent: Descent) -> dict[str, Any]:
    more = {} if descent.output is None else {"output": _plain(descent.output)}
    if found.problem.architecture.layers == 3:
        unit = Units.signed(descent.direction[None], np.array([float(descent.sign)]))
        more = three_layers(Network.of(unit, np.ones(1), found.problem.bias, found.problem.architecture))
    return more | {
        "direction": _plain(descent.direction),
        "sign": descent.sign,
        "slope": descent.slope,
        "steepest": descent.steepest,
    }


def _better(found: Certification) -> dict[str, Any] | None:
    if found.better is None:
        return None
    path = None if found.path is None else _path(found.path)
    return {"objective": found.better_objective, "path": path, **three_layers(found.better)}


def _path(path: Path) -> dict[str, Any]:
    U, alpha = path.end.weights()
    return {
        "width": path.width,
        "falls": bool(path.falls),
        "climb": _plain(path.climb),
        "times": _plain(path.times),
        "objectives": _plain(path.objectives),
        "note": path.note,
        "end": {"U": _plain(U), "alpha": _plain(alpha), "free_weights": _plain(path.end.free_weights)},
    }
