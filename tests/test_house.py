"""The house: imports go down only, and `import dualscape` is light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import dualscape

SOURCE = Path(dualscape.__file__).parent

#: From the ground up; a module imports only modules before it (a package counts as one).
FLOORS = (
    "errors",
    "files",
    "tolerances",
    "progress",
    "stopped",
    "devices",
    "interruption",
    "threads",
    "checkpoint",
    "effort",
    "executors",
    "labels",
    "arrays",
    "scaling",
    "design",
    "compiled",
    "geometry",
    "units",
    "oracles",
    "architectures",
    "losses",
    "network",
    "problem",
    "program",
    "certificate",
    "solver",
    "fit",
    "hints",
    "predictor",
    "resolution",
    "optimal_units",
    "membership",
    "merge_tree",
    "optimal_set",
    "staircase",
    "formats",
    "tables",
    "new_rows",
    "planted",
    "catalogue",
    "figures",
    "report_words",
    "report_page",
    "report",
    "analysis",
    "analysis_json",
    "terminal",
    "listener",
    "kernels",
    "cli",
    "__main__",
)

HEAVY = ("numpy", "scipy", "numba", "highspy", "matplotlib", "plotly", "sklearn", "pandas", "torch", "cvxpy", "fastapi")


def imports_of(tree: ast.AST) -> set[str]:
    """Names of the dualscape modules that a file imports, for types alone too; the first part only."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the floor they reach for"
            if node.module == "dualscape":
                found.update(f"dualscape.{alias.name}" for alias in node.names if alias.name != "__version__")
            elif node.module:
                found.add(node.module)
    return {name.split(".")[1] for name in found if name.startswith("dualscape.")}


def modules() -> list[Path]:
    return sorted(path for path in SOURCE.rglob("*.py") if path != SOURCE / "__init__.py")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_down(path):
    home = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    assert home in FLOORS, f"give {home} a floor in this test"
    for name in imports_of(ast.parse(path.read_text(encoding="utf-8"))) - {home}:
        assert FLOORS.index(name) < FLOORS.index(home), f"{home} must not import {name}, which is above it"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_only_the_design_asks_what_the_bias_is(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    compared = [node for test in ast.walk(tree) if isinstance(test, ast.Compare) for node in ast.walk(test)]
    asked = [node.lineno for node in compared if isinstance(node, ast.Constant) and node.value == "penalised"]
    assert bool(asked) == (path.name == "design.py"), f"{path.name} reads the bias in lines {asked}"


def test_every_floor_exists():
    homes = {path.relative_to(SOURCE).parts[0].removesuffix(".py") for path in modules()}
    assert homes == set(FLOORS)


def fresh(code: str) -> str:
    """What a new Python prints for the code."""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


def test_importing_dualscape_is_light():
    code = f"import sys, dualscape; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert fresh(code) == "[]"


def test_solving_needs_no_drawing():
    code = (
        "import sys; from dualscape import Problem, solve, optimal_set, staircase;"
        "print([name for name in ('matplotlib', 'plotly', 'sklearn', 'pandas', 'click') if name in sys.modules])"
    )
    assert fresh(code) == "[]"


def test_every_export_exists():
    for name in dualscape.__all__:
        assert getattr(dualscape, name) is not None
        assert name in dir(dualscape)


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="nonsense"):
        _ = dualscape.nonsense


def test_functions_are_not_hidden_by_the_modules_of_their_names():
    code = (
        "import dualscape.staircase, dualscape.optimal_set; from dualscape import optimal_set, staircase;"
        "print(callable(optimal_set), callable(staircase), callable(dualscape.staircase))"
    )
    assert fresh(code) == "True True True"
