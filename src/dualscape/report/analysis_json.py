"""An analysis as JSON: null for what is not finite, integers exact, written whole or not at all."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dualscape import __version__
from dualscape.analysis import Analysis
from dualscape.data.tables import Table
from dualscape.landscape.continuum import Continuum
from dualscape.landscape.functions import Functions
from dualscape.landscape.optimal_set import OptimalSet
from dualscape.landscape.paths.near_staircase import NearStaircase
from dualscape.landscape.resolution import Resolution
from dualscape.landscape.staircase import Row, Staircase
from dualscape.landscape.three_layer_set import ThreeLayerSet
from dualscape.model.architectures import Architecture, GatedReLU
from dualscape.model.labels import plain
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.model.three_layers import ThreeLayers
from dualscape.prediction.predictor import SCHEMA
from dualscape.report.hints import Judgement, judge
from dualscape.running.files import write_whole
from dualscape.units import Units


def to_dict(
    analysis: Analysis,
    notes: tuple[str, ...] = (),
    *,
    table: Table | None = None,
    judgement: Judgement | None = None,
) -> dict[str, Any]:
    """The analysis as plain numbers, texts, lists and dictionaries; docs/json.md says what each key means.

    Args:
        analysis: the analysis.
        notes: sentences about the data, put before those of the analysis.
        table: where the data come from; None for data that were made in Python.
        judgement: the fit and the hints, where they are known already.

    Returns:
        The keys schema, version, objective, problem, data, certificate, fit, hints, optimal_set, widths, staircase,
        network and notes, and near_optimal where it was asked for; optimal_set, widths and staircase are None when
        optimality is not certified.
    """
    problem, found = analysis.problem, analysis.solution.certificate
    kind = problem.architecture
    table = table or Table(problem.inputs, problem.y, problem.feature_names, "y")
    judgement = judgement or judge(analysis.solution, table.scaling)
    return {
        "schema": SCHEMA,
        "version": __version__,
        "objective": problem.objective_in_words,
        "problem": {
            "n": problem.n,
            "d": problem.d,
            **({} if problem.c == 1 else {"c": problem.c}),
            "architecture": kind.title,
            "loss": problem.loss.text,
            "bias": problem.bias,
            "beta": problem.beta,
            "beta_max": None if analysis.beta_max is None else _plain(analysis.beta_max.low),
            "classes": problem.classes and [_plain(label) for label in problem.classes],
            "free": problem.free.kind,
            "free_decay": problem.free.decay,
            "features_per_neuron": problem.features_per_neuron,
            **({} if problem.loss.weights is None else {"weights": _plain(problem.loss.weights)}),
            **({"gates": _plain(kind.gates(problem.d))} if isinstance(kind, GatedReLU) else {}),
        },
        "data": _data(problem, table),
        "certificate": {
            "verdict": found.verdict,
            "primal": _plain(found.primal),
            "dual": _plain(found.dual),
            "gap": _plain(found.gap),
            "relative_gap": _plain(found.relative_gap),
            "excess": _plain(found.excess),
            "primal_error": _plain(found.primal_error),
            "oracle": found.oracle,
            "patterns": int(found.looked_at),
            "nu": _plain(analysis.solution.nu),
            "upper": _plain(found.answer.upper),
        },
        "fit": dict(judgement.fit.measures),
        "hints": list(judgement.hints),
        "optimal_set": analysis.optimal_set and _optimal_set(analysis.optimal_set),
        "widths": analysis.staircase and _widths(analysis.staircase),
        "staircase": analysis.staircase and _rows(analysis.staircase.rows),
        **({} if analysis.continuum is None else {"continuum": _continuum(analysis.continuum)}),
        "network": _network(analysis.solution.network),
        **({} if analysis.near is None else {"near_optimal": _near(analysis.near, analysis.epsilon or 0.0)}),
        **({} if analysis.three_layers is None else {"three_layer_set": _three_layer_set(analysis.three_layers)}),
        "notes": list(dict.fromkeys([*notes, *analysis.notes])),
    }


def _data(problem: Problem, table: Table) -> dict[str, Any]:
    """What the columns mean, and which numbers they held."""
    scaling = table.scaled
    return {
        "feature_names": list(table.feature_names),
        **({} if problem.free.q == 0 else {"free_names": list(problem.free.names)}),
        "means": _plain(scaling.means),
        "scales": _plain(scaling.scales),
        "target_name": table.target_name,
        **({} if problem.c == 1 or problem.classes else {"target_names": list(table.target_names)}),
        "target_mean": _plain(scaling.target_mean),
        "target_scale": _plain(scaling.target_scale),
        "classes": problem.classes and [plain(label) for label in problem.classes],
        "sha256": sha256_of(problem),
    }


def sha256_of(problem: Problem) -> str:
    """SHA-256 of the data as the network sees them, in hexadecimal digits.

    It hashes the numbers row by row, in each row the features and then the target or targets, as 64-bit IEEE numbers,
    the least byte first.

    >>> import struct
    >>> found = sha256_of(Problem([[1.0], [2.0]], [3.0, 4.0], beta=1.0))
    >>> found == hashlib.sha256(struct.pack("<4d", 1.0, 3.0, 2.0, 4.0)).hexdigest()
    True
    """
    rows = np.column_stack([problem.inputs, problem.Y])
    return hashlib.sha256(np.ascontiguousarray(rows, dtype="<f8").tobytes()).hexdigest()


def _optimal_set(found: OptimalSet) -> dict[str, Any]:
    separation = found.separation
    return {
        "k": found.k,
        "rank": found.rank,
        "dimension": found.dimension,
        "directions": _plain(found.directions),
        **_leads(found.units, found.problem.architecture),
        **({} if found.functions is None else {"functions": _functions(found.functions)}),
        **_plateaus(found),
        "vertices": _plain(found.vertices) if found.vertices_complete else None,
        "separation": {"tight": _plain(separation.tight), "next": _plain(separation.next)},
        "exact": found.exact,
        "perturbation": _plain(found.perturbation),
        "margins": _margins(found.resolution),
    }


def _continuum(found: Continuum) -> dict[str, Any]:
    """Tight units with their eigenvalue gaps, and an irreducible optimal network."""
    problem = found.solution.problem
    units = {"directions": _plain(found.units.directions), **_leads(found.units, problem.architecture)}
    numbers = {"rank": found.rank, "limit": found.limit, "gaps": _plain(found.gaps)}
    return {**numbers, **units, "irreducible": _network(found.network)}


def _three_layer_set(found: ThreeLayerSet) -> dict[str, Any]:
    """The tight sign sets with the range of their mass, and the first-layer units of each with theirs."""
    low, high = found.inner_ranges() if found.k else (np.zeros(0), np.zeros(0))
    least, greatest = found.mass_ranges() if found.k else (low, high)
    faces = []
    for f, face in enumerate(found.faces):
        own = found.owner == f
        rows = {name: np.flatnonzero(getattr(face, name)).tolist() for name in ("on", "off", "held")}
        inner = {"directions": _plain(face.directions), "signs": _signs(face.turns), "masses": None}
        inner["masses"] = _plain(np.column_stack([low[own], high[own]]))
        faces.append({"sign": int(face.sign), **rows, "mass": [float(least[f]), float(greatest[f])], "inner": inner})
    names = ("m_star", "M_star", "connected_from")
    widths = {name: _plain(getattr(found.widths, name)) for name in names}
    stairs = _rows(found.widths.rows) if found.widths.rows else None
    fewest = list(found.fewest())
    return {"dimension": found.dimension, "fewest": fewest, "widths": widths, "staircase": stairs, "faces": faces}


def _plateaus(found: OptimalSet) -> dict[str, Any]:
    """Where optimal networks may have other free biases than those of the units."""
    pairs = _plain(found.plateaus.among(found.active))
    grow = _plain(found.active[found.plateaus.open[found.active]])
    return {"plateaus": pairs, "open": grow} if pairs or grow else {}


def _functions(found: Functions) -> dict[str, Any]:
    return {"kinks": found.count, "dimension": found.dimension, "kink": _plain(found.kink)}


def _margins(resolution: Resolution) -> dict[str, Any]:
    """What was called zero and what positive, and how well y* is known."""
    margins = {"slack": resolution.slack, "mass": resolution.mass, "singular_value": resolution.rank}
    return {
        name: {"largest_zero": _plain(margin.largest_zero), "smallest_positive": _plain(margin.smallest_positive)}
        for name, margin in margins.items()
    } | {"y_star_error": _plain(resolution.fit_error)}


def _widths(stairs: Staircase) -> dict[str, Any]:
    names = ("m_star", "M_star", "connected_from", "exact", "perturbation")
    return {name: _plain(getattr(stairs, name)) for name in names}


def _rows(rows: Sequence[Row]) -> list[dict[str, Any]]:
    names = ("m", "components", "isolated", "polytope_components")
    return [{name: _plain(getattr(row, name)) for name in names} for row in rows]


def _near(near: NearStaircase, eps: float) -> dict[str, Any]:
    """The components of networks that are at most eps above the optimum, at every width."""
    rows = [{"m": row.m, "components": _plain(near.components(row.m, eps))} for row in near.heights]
    return {"epsilon": eps, "connected_from": _plain(near.connected_from(eps)), "widths": rows}


def _network(network: Network) -> dict[str, Any]:
    return {
        "directions": _plain(network.directions),
        **_leads(network.units, network.architecture),
        "masses": _plain(network.masses),
        "free_weights": _plain(network.free_weights),
        **three_layers(network),
    }


def _leads(units: Units, architecture: Architecture) -> dict[str, Any]:
    """The sign of each unit, with its gate where there are gates; its output vector where there are several outputs."""
    gates, outputs = units.opened(architecture.per_row)
    leads = {"outputs": _plain(outputs)} if architecture.per_row > 1 else {"signs": _signs(units.signs)}
    return {**leads, "gates": gates.tolist()} if isinstance(architecture, GatedReLU) else leads


def three_layers(network: Network) -> dict[str, Any]:
    """The balanced weights of all layers, where there are three."""
    if network.architecture.layers != 3:
        return {}
    layers = ThreeLayers.of(network)
    return {"layers": {"W": _plain(layers.W), "w": _plain(layers.w), "alpha": _plain(layers.alpha)}}


def _signs(signs: Any) -> list[int]:
    return [int(sign) for sign in signs]


def _plain(value: Any) -> Any:
    """Numbers, arrays and intervals as JSON knows them; what is not finite becomes None."""
    if isinstance(value, np.ndarray):
        plain = value.tolist()
        return plain if np.isfinite(value).all() else _plain(plain)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write the content whole or not at all."""
    write_whole(path, _text(content) + "\n")


def _text(content: Any, indent: str = "\n") -> str:
    """JSON with a line for every key and every row; number by number it takes many times as long."""
    deeper = indent + "  "
    if isinstance(content, dict) and content:
        lines = (f"{json.dumps(key, ensure_ascii=False)}: {_text(value, deeper)}" for key, value in content.items())
        return "{" + deeper + f",{deeper}".join(lines) + indent + "}"
    if isinstance(content, list) and content and isinstance(content[0], list | dict):
        return "[" + deeper + f",{deeper}".join(map(_row, content)) + indent + "]"
    return _row(content)


def _row(value: Any) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False)
