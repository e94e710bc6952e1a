"""The house: imports go down only, and `import dualscape` is light."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dualscape

SOURCE = Path(dualscape.__file__).parent
TESTS = Path(__file__).parent

#: From the ground up; a file imports only from rooms before its own (a folder or a file at the root is a room).
ROOMS = (
    "errors",
    "tolerances",
    "running",
    "geometry",
    "polytopes",
    "units",
    "oracles",
    "model",
    "solver",
    "landscape",
    "data",
    "prediction",
    "analysis",
    "curves",
    "figures",
    "report",
    "cli",
    "__main__",
)

#: Files without a test of their name, and why.
UNTESTED = {
    "__main__.py": "the whole program: tests/test_interrupts.py",
    "cli/between.py": "a part of connect and descend: tests/cli/test_connect.py",
    "cli/analyze.py": "the whole program: tests/test_cli.py",
    "cli/catalogue.py": "the whole program: tests/test_cli.py",
    "cli/job.py": "the whole program: tests/test_cli.py",
    "cli/group.py": "the whole program: tests/test_cli.py",
    "cli/options.py": "the whole program: tests/test_cli.py",
    "data/formats/columns.py": "a record; its one method in tests/data/formats/test_values.py",
    "data/made_problems.py": "a part of the catalogue: tests/data/test_catalogue.py",
    "data/real_problems.py": "a part of the catalogue: tests/data/test_catalogue.py",
    "data/entry.py": "what the catalogue lists: tests/data/test_catalogue.py",
    "data/named_tables.py": "the tables of the catalogue: tests/data/test_catalogue.py",
    "figures/scene.py": "a record",
    "report/near_words.py": "what is said of near-optimal networks: tests/cli/test_epsilon.py",
    "geometry/hausdorff.py": "a part of zonotopes: tests/geometry/test_zonotopes.py",
    "geometry/zonotope_boundaries.py": "a part of zonotopes: tests/geometry/test_zonotopes.py",
    "landscape/paths/ends.py": "what is refused: tests of connect, descend and sublevel",
    "landscape/paths/level.py": "a way of sublevel: tests/landscape/paths/test_sublevel.py",
    "landscape/paths/saved_corners.py": "the file of a path: tests/landscape/paths/test_path.py",
    "landscape/warnings.py": "a part of the optimal set: tests/landscape/test_optimal_set.py",
    "model/beta_max.py": "a part of the problem: tests/model/test_problem.py",
    "model/given.py": "what a problem is given: tests/model/test_problem.py",
    "model/given_network.py": "what a network is given: tests/model/test_network.py",
    "oracles/base.py": "a contract and its records",
    "oracles/cells/tasks.py": "how a scan is shared out: tests/oracles/cells/test_line_screening.py",
    "report/certification_json.py": "the whole program: tests/cli/test_certify.py",
    "report/certification_report.py": "the whole program: tests/cli/test_certify.py",
    "report/certification_terminal.py": "the whole program: tests/cli/test_certify.py",
    "report/sections.py": "the sections of the report: tests/report/test_report.py",
    "running/progress.py": "a record",
    "solver/relaxed_iterates.py": "a part of relaxed training: tests/solver/test_relaxed_training.py",
    "solver/relaxed_signs.py": "a part of relaxed training: tests/solver/test_relaxed_training.py",
    "tolerances.py": "numbers",
}

HEAVY = ("numpy", "scipy", "numba", "highspy", "matplotlib", "plotly", "sklearn", "pandas", "torch", "cvxpy", "fastapi")


def imported(tree: ast.AST) -> set[str]:
    """Names of the dualscape modules that a file imports, for types alone too, and within functions."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, "relative imports hide the floor they reach for"
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names if alias.name != "__version__")
    return {name.removeprefix("dualscape.") for name in found if name.startswith("dualscape.")}


def imports_of(tree: ast.AST) -> set[str]:
    """The rooms that a file imports from."""
    return {name.split(".")[0] for name in imported(tree)}


def modules() -> list[Path]:
    return sorted(path for path in SOURCE.rglob("*.py") if path != SOURCE / "__init__.py")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_down(path):
    home = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    assert home in ROOMS, f"give {home} a place in this test"
    for name in imports_of(ast.parse(path.read_text(encoding="utf-8"))) - {home}:
        assert ROOMS.index(name) < ROOMS.index(home), f"{home} must not import {name}, which is above it"


#: What a bias may be; "none" may be said of other things.
WORDS = ("penalised", "free")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_only_the_design_asks_what_the_bias_is(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    compared = [node for test in ast.walk(tree) if isinstance(test, ast.Compare) for node in ast.walk(test)]
    asked = [node.lineno for node in compared if isinstance(node, ast.Constant) and node.value in WORDS]
    assert bool(asked) == (path.name == "design.py"), f"{path.name} reads the bias in lines {asked}"


def test_no_file_imports_itself_over_others():
    """Within a room too: taking away the files that import none of the rest, again and again, leaves nothing."""
    names = {str(path.relative_to(SOURCE)).removesuffix(".py").replace("/", "."): path for path in modules()}
    names = {name.removesuffix(".__init__"): path for name, path in names.items()}
    left = {name: imported(ast.parse(path.read_text(encoding="utf-8"))) - {name} for name, path in names.items()}
    while left:
        free = [name for name, imports in left.items() if imports.isdisjoint(left)]
        assert free, f"these import each other in a circle: {sorted(left)}"
        for name in free:
            del left[name]


def test_every_room_exists():
    homes = {path.relative_to(SOURCE).parts[0].removesuffix(".py") for path in modules()}
    assert homes == set(ROOMS)


def home_of_test(path: Path) -> str:
    """Where the test of a source file stands: in the room of that name, without the underscore of a private file."""
    inside = path.relative_to(SOURCE)
    return str(inside.with_name(f"test_{inside.name.lstrip('_')}"))


def test_every_file_has_a_test_of_its_name():
    there = {str(path.relative_to(TESTS)) for path in TESTS.rglob("test_*.py")}
    files = [path for path in modules() if path.name != "__init__.py"]
    missing = {str(path.relative_to(SOURCE)) for path in files if home_of_test(path) not in there}
    assert missing == set(UNTESTED), "write a test of that name, or take a file that has one off the list"


def test_every_test_in_a_room_is_of_a_file_there():
    """Or of several at once, and then its name is not that of another file."""
    homes = {home_of_test(path) for path in modules()}
    named = {Path(home).name for home in homes}
    inside = {path.relative_to(TESTS) for path in TESTS.rglob("test_*.py") if path.parent != TESTS}
    rooms = {str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*") if path.is_dir()}
    for path in inside:
        assert str(path.parent) in rooms, f"{path} stands in no room"
        assert str(path) in homes or path.name not in named, f"{path} has the name of a file of another room"


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


def test_the_map_shows_all_rooms_in_their_order():
    text = (SOURCE.parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| (`.*?) \|", text, flags=re.MULTILINE)
    assert [name for cell in cells for name in re.findall(r"`(\w+)(?:/|\.py)`", cell)] == list(ROOMS)
