"""The exact oracle that looks at every face of the arrangement: eigenvectors on faces.

On a cell G(u) = N^T (X u)_+ is B^T u, and |B^T u|^2 is convex. So h is attained in the relative interior of a face, and
there it is a local maximum on the span of the face: the vector of the greatest singular value of B on that span.
Finitely many faces and one decomposition each give h, whatever c is, and every local maximiser.

A decomposition is that of a matrix B' which is off by a rounding. If its vector is off the face, |B'^T u| is greatest
on lesser faces, and |B^T u| there and here by no more than twice that rounding: a multiple value, of which no vector
says where it is attained, needs no more.
"""

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.arrangement.faces import FaceGroup, UnlistedError, count_of_faces, face_groups
from dualscape.geometry.hinges import Hinges
from dualscape.oracles.base import NO_LIMITS, Estimate, OracleAnswer, Question
from dualscape.oracles.vector.base import VectorOracle
from dualscape.oracles.vector.climbing import climb_jointly
from dualscape.oracles.vector.ranked import answer_of
from dualscape.oracles.vector.reduced import ReducedVector
from dualscape.running.effort import Effort
from dualscape.running.progress import Event, Progress, silent
from dualscape.running.stopped import Stopped
from dualscape.tolerances import EPS
from dualscape.units import Units

Matrix = NDArray[np.float64]
#: Faces looked at together, and more of them than are ever listed.
TOGETHER, MOST = 20_000, 3_000_000
#: How far rounding moves the vector of a singular value, times the relative distance of that from the next; and the
#: distance below which it does not say where its vector is. All of these are climbed from.
MOVED, MULTIPLE = 4e-15, 1e-9
#: The vector of the decomposition is known to this.
KNOWN = 1e-14


class FacesOracle(VectorOracle):
    """h(N) for units with c outputs and all local maximisers, face by face. The faces are listed once."""

    name = "faces"
    exact = True
    counts: str = "faces"
    window: float = 1e-2
    lists: bool = True

    @classmethod
    def estimate(cls, hinges: Hinges) -> Estimate:
        faces = count_of_faces(hinges.count, hinges.rank)
        # Bytes of the sign vectors, each of which is found at several rays, and a decomposition of each.
        return Estimate(int(min(faces, 1e18)), 2e-5 * faces if faces <= MOST else np.inf, cls.counts)

    def __init__(self, hinges: Hinges, c: int) -> None:
        super().__init__(hinges, c)
        self._faces: tuple[list[FaceGroup], float] | None = None

    def best_units(
        self, question: Question, *, effort: Effort = NO_LIMITS, progress: Progress = silent
    ) -> OracleAnswer:
        hinges, N = self.hinges, question.nu.reshape(-1, self.c)
        if hinges.count == 0:
            return self.nothing(question.above, 0)
        if count_of_faces(hinges.count, hinges.rank) > MOST:
            return self.nothing(max(self.ceiling(question.nu, effort), question.above), 0, Stopped.DIMENSION)
        if self._faces is None:
            try:
                self._faces = face_groups(hinges.rows, effort.expired)
            except UnlistedError:
                upper = max(self.ceiling(question.nu, effort), question.above)
                return self.nothing(upper, 0, effort.ended() or Stopped.TIME)
        groups, off = self._faces
        G = ReducedVector.of(hinges, N)
        # Sums of N terms make B; a singular value is known as well as its matrix. Then B' twice for each lesser face.
        planes, sides = hinges.count, hinges.rank + self.c
        rounded = 3 * planes + 40 * sides + 80 + 2 * hinges.rank * (planes + 10 * sides)
        rounding = 1.01 * rounded * EPS * G.size
        # Sides are those for normals that are off by a rounding.
        margin = G.slack + rounding + (off + 8 * EPS) * G.size
        above, upper = question.above, max(question.above, 0.0)
        places, looked = [], 0
        for group in groups:
            for at in range(0, len(group.signs), TOGETHER):
                if effort.expired():
                    upper = max(self.ceiling(question.nu, effort), question.above)
                    return self.nothing(upper, looked, effort.ended() or Stopped.TIME)
                part = slice(at, at + TOGETHER)
                found, open_values = _looked_at(G, group.signs[part], group.basis[part], above - margin)
                places.append(found)
                upper = max(upper, float(open_values.max(initial=0.0)) + margin)
                looked += len(group.signs[part])
                progress(Event(self.name, looked))
        every = np.vstack(places)
        outputs = G.values(every)
        values = np.linalg.norm(outputs, axis=1)
        upper = max(upper, float(values.max(initial=0.0)) + margin)
        alive = values > 0
        # What is greatest on its face may still rise across it.
        units = climb_jointly(G, Units(every[alive] @ hinges.basis.T, outputs[alive] / values[alive, None]))[0]
        return answer_of(self, question, units, upper, looked)


def _looked_at(G: ReducedVector, signs: NDArray[np.int8], basis: Matrix, above: float) -> tuple[Matrix, Matrix]:
    """(directions (q, r) of greatest singular value that are or may be on their face, values of faces left open)."""
    B = np.einsum("frm,frc->fmc", basis, G.pulls(signs > 0))
    small = B if B.shape[1] <= B.shape[2] else B.transpose(0, 2, 1)
    greatest = np.sqrt(np.maximum(np.linalg.eigvalsh(small @ small.transpose(0, 2, 1))[:, -1], 0.0))
    which = np.flatnonzero(greatest * (1 + 1e-12) > max(above, 0.0))
    left, singular, _ = np.linalg.svd(B[which], full_matrices=False)
    places = np.einsum("frm,fm->fr", basis[which], left[:, :, 0])
    heights = (places @ G.hinges.rows.T) * signs[which]
    low, high = heights.min(axis=1), heights.max(axis=1)
    second = singular[:, 1] if singular.shape[1] > 1 else np.zeros(len(which))
    multiple = second > singular[:, 0] * (1 - MULTIPLE)
    moved = MOVED * (3 + 1 / np.maximum(1 - second / singular[:, 0], MULTIPLE))
    near = (low >= -moved) | (high <= moved) | multiple
    turned = np.where((low + high < 0)[:, None], -places, places)
    open_ = ((low >= -KNOWN) | (high <= KNOWN)) & ~((low >= KNOWN) | (high <= -KNOWN))
    return turned[near], singular[open_, 0]
