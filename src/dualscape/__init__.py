"""dualscape: the loss landscape of regularised ReLU networks, exactly.

Train to a certified global optimum, describe all optimal networks, say how few neurons suffice and how the set of
optima is connected at every width. Names are imported when they are first used, so that `import dualscape` is quick.

>>> from dualscape import Problem
>>> problem = Problem([[-3**0.5, 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none")
>>> problem.n, problem.d
(2, 2)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dualscape import curves, figures
    from dualscape.analysis import Analysis, analyze
    from dualscape.data import catalogue, tables
    from dualscape.data.tables import read_table, standardize
    from dualscape.errors import (
        BudgetError,
        ContinuumError,
        ContradictionError,
        DualscapeError,
        InfeasibleError,
        InputError,
        MissingError,
        NotCertifiedError,
    )
    from dualscape.landscape.continuum import Continuum, continuum
    from dualscape.landscape.events import PathEvent
    from dualscape.landscape.optimal_set import OptimalSet, optimal_set
    from dualscape.landscape.path_draft import SolutionPath
    from dualscape.landscape.path_point import PathPoint
    from dualscape.landscape.paths.bottleneck import bottleneck
    from dualscape.landscape.paths.connect import Disconnected, connect
    from dualscape.landscape.paths.descend import descend
    from dualscape.landscape.paths.near_staircase import NearStaircase, near_staircase
    from dualscape.landscape.paths.path import Path
    from dualscape.landscape.paths.permutation import permutation_path
    from dualscape.landscape.paths.sublevel import connect_sublevel
    from dualscape.landscape.sensitivity import Sensitivity, sensitivity
    from dualscape.landscape.solution_path import solution_path
    from dualscape.landscape.staircase import Staircase, staircase
    from dualscape.landscape.stationary.points import StationaryPoint, stationary_points
    from dualscape.landscape.stationary.stationarity import Stationarity, stationarity
    from dualscape.landscape.stationary.subsampled import Subsampled, subsampled
    from dualscape.landscape.three_layer_set import ThreeLayerSet, three_layer_set
    from dualscape.model.architectures import GatedReLU
    from dualscape.model.certificate import Certificate, certify_dual
    from dualscape.model.losses import Huber, Interpolation, Logistic, Loss, RowSum, Squared, SquaredHinge
    from dualscape.model.minimal import minimal
    from dualscape.model.network import Network
    from dualscape.model.problem import Problem
    from dualscape.model.program import Program
    from dualscape.model.three_layers import ThreeLayers
    from dualscape.prediction.certify import Certification, certify
    from dualscape.prediction.models.files import read_model, write_model
    from dualscape.prediction.predictor import Predictor, load_result
    from dualscape.report.analysis_json import to_dict, write_json
    from dualscape.report.report import write_report
    from dualscape.running.checkpoint import Checkpoint
    from dualscape.running.effort import Effort
    from dualscape.solver import Solution, solve
    from dualscape.tolerances import Tolerances
    from dualscape.units import Units

__version__ = "0.1.0"

__all__ = [
    "Problem",
    "Network",
    "Units",
    "Loss",
    "RowSum",
    "Squared",
    "Huber",
    "Logistic",
    "Interpolation",
    "GatedReLU",
    "SquaredHinge",
    "Program",
    "ThreeLayers",
    "ThreeLayerSet",
    "three_layer_set",
    "solve",
    "Solution",
    "Certificate",
    "certify_dual",
    "optimal_set",
    "OptimalSet",
    "continuum",
    "Continuum",
    "staircase",
    "Staircase",
    "minimal",
    "connect",
    "Disconnected",
    "descend",
    "connect_sublevel",
    "permutation_path",
    "Path",
    "near_staircase",
    "NearStaircase",
    "bottleneck",
    "certify",
    "Certification",
    "stationarity",
    "Stationarity",
    "stationary_points",
    "StationaryPoint",
    "subsampled",
    "Subsampled",
    "read_model",
    "write_model",
    "solution_path",
    "SolutionPath",
    "PathPoint",
    "PathEvent",
    "sensitivity",
    "Sensitivity",
    "analyze",
    "Analysis",
    "read_table",
    "standardize",
    "to_dict",
    "write_json",
    "write_report",
    "load_result",
    "Predictor",
    "Effort",
    "Checkpoint",
    "Tolerances",
    "DualscapeError",
    "InputError",
    "InfeasibleError",
    "MissingError",
    "BudgetError",
    "ContradictionError",
    "NotCertifiedError",
    "ContinuumError",
    "catalogue",
    "curves",
    "figures",
    "tables",
]

#: Where public names live; imported when they are first used.
_HOME = {
    "Problem": "model.problem",
    "ThreeLayers": "model.three_layers",
    "ThreeLayerSet": "landscape.three_layer_set",
    "three_layer_set": "landscape.three_layer_set",
    "Network": "model.network",
    "Units": "units",
    "Loss": "model.losses",
    "RowSum": "model.losses",
    "Squared": "model.losses",
    "Huber": "model.losses",
    "Logistic": "model.losses",
    "Interpolation": "model.losses",
    "GatedReLU": "model.architectures",
    "SquaredHinge": "model.losses",
    "Program": "model.program",
    "solve": "solver",
    "Solution": "solver",
    "Certificate": "model.certificate",
    "certify_dual": "model.certificate",
    "optimal_set": "landscape.optimal_set",
    "OptimalSet": "landscape.optimal_set",
    "continuum": "landscape.continuum",
    "Continuum": "landscape.continuum",
    "staircase": "landscape.staircase",
    "Staircase": "landscape.staircase",
    "minimal": "model.minimal",
    "connect": "landscape.paths.connect",
    "Disconnected": "landscape.paths.connect",
    "descend": "landscape.paths.descend",
    "connect_sublevel": "landscape.paths.sublevel",
    "permutation_path": "landscape.paths.permutation",
    "Path": "landscape.paths.path",
    "near_staircase": "landscape.paths.near_staircase",
    "NearStaircase": "landscape.paths.near_staircase",
    "bottleneck": "landscape.paths.bottleneck",
    "certify": "prediction.certify",
    "Certification": "prediction.certify",
    "stationarity": "landscape.stationary.stationarity",
    "Stationarity": "landscape.stationary.stationarity",
    "stationary_points": "landscape.stationary.points",
    "StationaryPoint": "landscape.stationary.points",
    "subsampled": "landscape.stationary.subsampled",
    "Subsampled": "landscape.stationary.subsampled",
    "read_model": "prediction.models.files",
    "write_model": "prediction.models.files",
    "solution_path": "landscape.solution_path",
    "SolutionPath": "landscape.path_draft",
    "PathPoint": "landscape.path_point",
    "PathEvent": "landscape.events",
    "sensitivity": "landscape.sensitivity",
    "Sensitivity": "landscape.sensitivity",
    "analyze": "analysis",
    "Analysis": "analysis",
    "read_table": "data.tables",
    "standardize": "data.tables",
    "to_dict": "report.analysis_json",
    "write_json": "report.analysis_json",
    "write_report": "report.report",
    "load_result": "prediction.predictor",
    "Predictor": "prediction.predictor",
    "Effort": "running.effort",
    "Checkpoint": "running.checkpoint",
    "Tolerances": "tolerances",
    "DualscapeError": "errors",
    "InputError": "errors",
    "InfeasibleError": "errors",
    "MissingError": "errors",
    "BudgetError": "errors",
    "ContradictionError": "errors",
    "NotCertifiedError": "errors",
    "ContinuumError": "errors",
}
_MODULES = {"catalogue": "data.catalogue", "curves": "curves", "figures": "figures", "tables": "data.tables"}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{_MODULES[name]}")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
