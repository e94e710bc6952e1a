"""Which one or two features of the data vary, so that functions of them can be drawn."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.data.tables import Table
from dualscape.figures.layers import PURPLE, RED, DoesNotApplyError, Points
from dualscape.model.architectures import RELU
from dualscape.model.free_features import GIVEN
from dualscape.model.labels import plain
from dualscape.model.problem import Problem

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
STANDARDISED = " (standardised)"


def check_relu(problem: Problem, what: str) -> None:
    """Raise DoesNotApplyError when columns are not those of ReLU networks, which the figure draws."""
    if problem.architecture.key != RELU.key:
        raise DoesNotApplyError(
            f"{what} drawn for the architecture {RELU.title!r} alone; here it is {problem.architecture.words!r}."
        )
    if problem.design.has_free_bias:
        raise DoesNotApplyError(f"{what} not drawn for a free bias, which has no length.")


@dataclass(frozen=True, eq=False)
class Inputs:
    """The features that vary; the others keep their one value.

    Attributes:
        problem: the problem.
        features: their indices, one or two.
        table: where the data come from: what was standardised, and what the classes are called; None if unknown.
    """

    problem: Problem
    features: tuple[int, ...]
    table: Table | None = None

    @property
    def data(self) -> Matrix:
        """(n, q) the data in these features."""
        return self.problem.inputs[:, list(self.features)]

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of these features; those that were standardised say so."""
        scaling = None if self.table is None else self.table.scaling
        changed = [scaling is not None and (scaling.means[i], scaling.scales[i]) != (0.0, 1.0) for i in self.features]
        names = (self.problem.feature_names[i] for i in self.features)
        return tuple(name + STANDARDISED * change for name, change in zip(names, changed, strict=True))

    @property
    def output(self) -> str:
        """What predictions are measured in."""
        if self.two_classes:
            return "output f"
        scaling = None if self.table is None else self.table.scaling
        return "prediction" + STANDARDISED * (scaling is not None and scaling.of_target)

    @property
    def two_classes(self) -> bool:
        """Whether the target is one of two classes."""
        return self.problem.loss.target == "two classes"

    def marks(self, at: Matrix, size: float) -> list[Points]:
        """The data at the places (n, 2), in two colours and shapes where there are two classes."""
        if not self.two_classes:
            return [Points(at, "data", RED, size, "diamond")]
        assert self.problem.classes is not None
        names = map(plain, self.problem.classes)
        kinds = ((-1, PURPLE, "square"), (1, RED, "diamond"))
        return [
            Points(at[self.problem.y == sign], name, colour, size, symbol)
            for (sign, colour, symbol), name in zip(kinds, names, strict=True)
        ]

    def lift(self, points: Matrix) -> Matrix:
        """(k, p) feature rows of the points (k, q), without a bias column."""
        rows = np.repeat(self.problem.inputs[:1], len(points), axis=0)
        rows[:, list(self.features)] = points
        return rows

    def rows(self, points: Matrix) -> Matrix:
        """(k, d) what the neurons see at the points (k, q)."""
        return self.problem.design.inputs(self.lift(points))

    def affine(self, directions: Matrix) -> tuple[Matrix, Vector]:
        """Slopes (k, q) and offsets (k,) of u_j . x as functions of these features."""
        origin = self.rows(np.zeros((1, len(self.features))))[0]
        return directions[:, list(self.features)], directions @ origin

    def box(self, margin: float = 0.2) -> tuple[Vector, Vector]:
        """Lowest and highest coordinates (q,) of the data with a margin on either side."""
        low, high = self.data.min(axis=0), self.data.max(axis=0)
        return low - margin * (high - low), high + margin * (high - low)


def drawable_inputs(problem: Problem, table: Table | None = None) -> Inputs:
    """The features that vary, when there are one or two."""
    if problem.c > 1:
        raise DoesNotApplyError(f"Figures over the inputs are drawn for one output, here there are {problem.c}.")
    varying = tuple(int(i) for i in np.flatnonzero(np.ptp(problem.inputs, axis=0) > 0))
    if len(varying) not in (1, 2):
        raise DoesNotApplyError(
            f"Functions of the inputs are drawn when one or two features vary; here {len(varying)} do."
        )
    if problem.free.kind == GIVEN:
        raise DoesNotApplyError("Functions of the inputs need free features that are known between the data points.")
    return Inputs(problem, varying, table)


def line_through_box(slope: Vector, offset: float, low: Vector, high: Vector) -> Matrix | None:
    """The segment (2, 2) of slope.x + offset = 0 inside a box of the plane, or None."""
    found: list[tuple[float, float]] = []
    for fixed, free in ((0, 1), (1, 0)):
        if slope[free] == 0:
            continue
        for edge in (low[fixed], high[fixed]):
            value = -(offset + slope[fixed] * edge) / slope[free]
            if low[free] <= value <= high[free]:
                found.append((edge, value) if fixed == 0 else (value, edge))
    if len(found) < 2:
        return None
    points = np.array(found)
    far = points[np.argmax(np.linalg.norm(points - points[0], axis=1))]
    return None if np.allclose(far, points[0]) else np.array([points[0], far])
