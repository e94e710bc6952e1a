"""What an interactive session shows of a result is one line with its main facts."""

import numpy as np
import pytest

from dualscape.analysis import analyze
from dualscape.data.catalogue import get
from dualscape.landscape.optimal_set import optimal_set
from dualscape.landscape.staircase import staircase
from dualscape.solver import solve

ENTRY = get("random-30x3")


@pytest.fixture(scope="module")
def objects():
    solution = solve(ENTRY.problem())
    optima = optimal_set(solution)
    return {
        "Problem": solution.problem,
        "Network": solution.network,
        "Solution": solution,
        "Certificate": solution.certificate,
        "OptimalSet": optima,
        "Staircase": staircase(optima),
        "Analysis": analyze(ENTRY.problem()),
        "Table": ENTRY.table(),
    }


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        ("Problem", "30 rows, 4 coordinates, squared loss, bias penalised, beta = "),
        ("Network", " neurons, 4 coordinates, bias penalised"),
        ("Solution", "global, objective "),
        ("Certificate", "relative gap "),
        ("OptimalSet", " vertices)"),
        ("Staircase", "m* = "),
        ("Analysis", "Staircase(m* = "),
        ("Table", "30 rows, 3 features, target 'y', as it is"),
    ],
)
def test_one_line(objects, name, fact):
    with np.printoptions(threshold=10**9):
        text = repr(objects[name])
    assert text.startswith(f"{name}(")
    assert fact in text
    assert "\n" not in text
    assert "array(" not in text
    assert len(text) <= (280 if name == "Analysis" else 130)
