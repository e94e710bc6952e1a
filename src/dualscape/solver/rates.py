"""How far an optimum moves with the data: seen on data that are changed at random by a little.

What storing a number loses is such a change, so that rates tell which zeros are ties that rounding has broken.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures.pieces import Pieces, Stand
from dualscape.running.interruption import check
from dualscape.solver.optimality import Index, Linearised
from dualscape.solver.task import Task

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Rates are the greatest of so many random relative changes of the data, each of this size.
SAMPLES, CHANGE = 8, 2.0**-45


@dataclass(frozen=True, eq=False)
class Rates:
    """How far the optimum moves, to first order, per relative change of the data: of random changes the greatest.

    Attributes:
        fit: |change of y*|, of what the loss tells of it.
        masses: |A (change of c)|, likewise: what the masses have to answer for, turning units included.
        slacks: (k,) of the slacks.
        columns: (k,) of the columns, relative to their lengths.
    """

    fit: float
    masses: float
    slacks: Vector
    columns: Vector

    @classmethod
    def unknown(cls, k: int) -> "Rates":
        """Those of k units of which nothing is known."""
        return cls(np.inf, np.inf, np.full(k, np.inf), np.full(k, np.inf))


def rates_of(
    task: Task, pieces: Pieces, at: Stand, fit: TwoFloat, masses: TwoFloat, active: Index, slacks: Vector
) -> Rates:
    """The optimum over the same pieces for changed data, one step of Newton's method away, beside the one given.

    Args:
        task: the task.
        pieces, at: where all k units stand at the optimum.
        fit: (n,) the optimal fit.
        masses: (k,) the optimal masses.
        active: the units that carry mass.
        slacks: (k,) 1 - g_j(nu) / beta.
    """
    rng = np.random.default_rng(0)
    own, some = at.take(active), pieces.take(active)
    solve = Linearised.of(task, fit.hi, some, own, masses.hi[active]) if len(active) else None
    seen = task.loss.seen
    lengths = np.linalg.norm(seen(at.columns.hi), axis=0)
    shifted, answered, moved, turned = 0.0, 0.0, np.ones(len(slacks)), np.ones(len(slacks))
    for _ in range(SAMPLES):
        check()

        def near(values: Matrix) -> Matrix:
            """Every number a little larger or smaller."""
            return np.asarray(values * (1.0 + rng.choice([-CHANGE, CHANGE], np.shape(values))))

        changed = pieces.changed(near)
        # Labels stay what they are.
        other = task.with_target(near) if task.loss.target == "numbers" else task
        beta = TwoFloat.of(np.full(len(slacks), float(near(np.asarray(task.beta)))))
        # From here the dual variable is what it was, wherever a loss looks at f - y alone.
        base = fit + TwoFloat.of(other.y - task.y)
        there = changed.take(active).stand(other.fine_dual(base)[0])
        missing = base - (there.columns @ masses[active][:, None])[:, 0]
        shift, c = solve(missing.hi, (there.values - beta[active]).hi) if solve else (-missing.hi, np.zeros(0))
        moved_fit = base + TwoFloat.of(shift)
        there = changed.stand(other.fine_dual(moved_fit)[0])
        shifted = max(shifted, float(np.linalg.norm(seen((moved_fit - fit).hi))) / CHANGE)
        answered = max(answered, float(np.linalg.norm(seen(own.columns.hi @ c))) / CHANGE)
        np.maximum(moved, np.abs(((beta - there.values) / beta).hi - slacks) / CHANGE, out=moved)
        gaps = np.linalg.norm(seen((there.columns - at.columns).hi), axis=0)
        np.maximum(turned, gaps / lengths / CHANGE, out=turned)
    return Rates(shifted, answered, moved, turned)
