"""What the data are called in figures."""

import numpy as np

from dualscape import figures
from dualscape.data.catalogue import get
from dualscape.data.tables import Table, standardize
from dualscape.figures.layers import Points
from dualscape.landscape.optimal_set import optimal_set
from dualscape.model.problem import Problem
from dualscape.solver import solve
from scenes import layers


# --- what the data are called ---------------------------------------------------------------------------
def test_classes_have_two_colours_and_nothing_hides_a_number():
    entry = get("breast-cancer-2")
    table, solution = entry.table(), solve(entry.problem())
    scene = figures.units(solution, optimal_set(solution), table)
    first, second = (layer for layer in layers(scene, Points) if layer.name in ("malignant", "benign"))
    assert first.colour != second.colour
    assert (len(first.at), len(second.at)) == ((table.y < 0).sum(), (table.y > 0).sum())
    rings = [i for i, layer in enumerate(scene.layers) if isinstance(layer, Points) and layer.symbol == "ring"]
    assert rings
    assert min(rings) > max(i for i in range(len(scene.layers)) if i not in rings)
    assert [axis.label for axis in scene.axes] == [f"{name} (standardised)" for name in table.feature_names]
    assert [axis.label for axis in figures.units(solution).axes] == ["worst perimeter", "worst smoothness"]


def test_a_standardised_target_says_so():
    raw = Table(np.array([[1.0], [2.0], [4.0], [5.0]]), np.array([1.0, 0.0, 3.0, 3.0]), ("a",), "y")
    table = standardize(raw)
    solution = solve(Problem(table.X, table.y, beta=0.1, feature_names=("a",)))
    shown = figures.units(solution, None, table)
    assert [axis.label for axis in shown.axes] == ["a (standardised)", "prediction (standardised)"]
