"""dualscape: the loss landscape of regularised ReLU networks, exactly.

Train to a certified global optimum, describe all optimal networks, say how few neurons suffice and how the set of
optima is connected at every width. Names are imported when they are first used, so that `import dualscape` is quick.

>>> from dualscape import Problem
>>> problem = Problem([[-3**0.5, 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none")
>>> problem.n, problem.d
(2, 2)
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dualscape import catalogue, figures, tables
    from dualscape.certificate import Certificate, certify_dual
    from dualscape.errors import BudgetError, ContradictionError, DualscapeError, InputError, NotCertifiedError
    from dualscape.network import Network
    from dualscape.optimal_set import OptimalSet, optimal_set
    from dualscape.predictor import Predictor, load_result
    from dualscape.problem import Problem
    from dualscape.program import Program
    from dualscape.report import write_report
    from dualscape.solver import Solution, solve
    from dualscape.staircase import Staircase, staircase
    from dualscape.tolerances import Tolerances

__version__ = "0.1.0"

__all__ = [
    "Problem",
    "Network",
    "Program",
    "solve",
    "Solution",
    "Certificate",
    "certify_dual",
    "optimal_set",
    "OptimalSet",
    "staircase",
    "Staircase",
    "write_report",
    "load_result",
    "Predictor",
    "Tolerances",
    "DualscapeError",
    "InputError",
    "BudgetError",
    "ContradictionError",
    "NotCertifiedError",
    "catalogue",
    "figures",
    "tables",
]

_HOME = {
    "Problem": "problem",
    "Network": "network",
    "Program": "program",
    "solve": "solver",
    "Solution": "solver",
    "Certificate": "certificate",
    "certify_dual": "certificate",
    "optimal_set": "optimal_set",
    "OptimalSet": "optimal_set",
    "staircase": "staircase",
    "Staircase": "staircase",
    "write_report": "report",
    "load_result": "predictor",
    "Predictor": "predictor",
    "Tolerances": "tolerances",
    "DualscapeError": "errors",
    "InputError": "errors",
    "BudgetError": "errors",
    "ContradictionError": "errors",
    "NotCertifiedError": "errors",
}
_MODULES = ("catalogue", "figures", "tables")


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """Keeps a function reachable whose module has the same name.

    Importing `dualscape.staircase` would otherwise bind the module over the function `dualscape.staircase`.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
