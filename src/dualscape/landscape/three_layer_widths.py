"""How many subnetworks optimal three-layer networks have, and how they are connected (THEORY section 14).

Subnetworks of one sign set can be made one along a path, and where each sign set has one subnetwork the masses of all
first-layer units move in a convex set. So what counts are the minimal sets of sign sets that suffice: at width m two of
them are joined where their union has no more than m, and those of exactly m, which leave no place free, have m! orders
each. With a free place every subnetwork can change its place and its inner weights.

That is so where no subnetwork belongs to two sign sets, and where each has room for more inner neurons than its sign
set has first-layer units. Otherwise there are bounds: two networks of independent columns are ends of a way over which
no more than R + 1 subnetworks have mass, R the rank of all optimal columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, factorial

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from dualscape.landscape.merge_tree import merge_tree
from dualscape.landscape.staircase import Row, Width
from dualscape.landscape.three_layer_faces import Face
from dualscape.polytopes.polytope import Polytope

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Shares of mass below the first are none; singular values below the second, so that the rank is too great if anything.
KNOWN, NONE = 1e-7, 1e-10
#: Points of two faces that are this near, as a share of the rows, may be one.
SAME = 1e-6
#: Faces of which subsets are tried, at most.
MOST_FACES = 12


@dataclass(frozen=True)
class ThreeLayerWidths:
    """What is known of the numbers of subnetworks; a pair (lowest, highest) stands where only bounds are.

    Attributes:
        m_star: fewest subnetworks of an optimal network, where inner widths are not limited.
        M_star: the greatest width at which some optimal network can be freed of no subnetwork along optimal ones.
        connected_from: the least width from which on the optimal networks are connected.
        rows: the staircase from m_star to connected_from, where it is decided; otherwise empty.
    """

    m_star: Width
    M_star: Width
    connected_from: Width
    rows: tuple[Row, ...]

    def explain(self) -> str:
        """In plain words.

        >>> ThreeLayerWidths(2, (2, 4), (3, 5), ()).explain().split(". ")[1]
        'Optimal networks are connected from width 5 on at the latest, and not below 3'
        """
        low, high = _ends(self.connected_from)
        fewest = f"Fewest subnetworks: {_words(self.m_star)}, where inner widths are not limited."
        joined = f"Optimal networks are connected from width {high} on"
        if self.rows:
            steps = (f"width {row.m}: {row.components} component{'s' * (row.components != 1)}" for row in self.rows)
            return f"{fewest} {joined}; {'; '.join(steps)}."
        below = f" at the latest, and not below {low}" if low < high else ""
        return f"{fewest} {joined}{below}. How many components there are below that is not decided."


def widths_of(
    faces: Sequence[Face], columns: Sequence[Matrix], masses: Polytope, lengths: Vector, inner: int
) -> ThreeLayerWidths:
    """The widths of optimal networks.

    Args:
        faces: the tight sign sets.
        columns: for each (n, j) what its j first-layer units add to what the loss sees.
        masses: of the first-layer units of all faces, one after the other, and then of slacks.
        lengths: (n,) of the rows.
        inner: the inner neurons that a subnetwork may have.
    """
    sizes = [len(face.turns) for face in faces]
    owner = np.repeat(np.arange(len(faces)), sizes)
    if not masses.inner[: len(owner)].any():
        return ThreeLayerWidths(0, 0, 0, (Row(0, 1, 1, 1),))
    rank = _rank(np.hstack(columns))
    if len(faces) > MOST_FACES:
        return ThreeLayerWidths((1, rank), (1, rank), (1, rank + 1), ())
    minimal = _minimal(masses, owner, len(faces))
    if max(sizes) < inner and not _meet(faces, lengths):
        return _decided(minimal)
    m_star = int(minimal.sum(axis=1).min())
    most = max(min(rank, len(faces)) if max(sizes) <= inner else rank, m_star)
    # At width m* no subnetwork may vanish, so that the sign of each stays.
    positive = np.array([face.sign > 0 for face in faces])
    apart = any(comb(m_star, int(positive[used].sum())) > 1 for used in minimal if used.sum() == m_star)
    return ThreeLayerWidths(m_star, _interval(m_star, most), _interval(m_star + apart, most + 1), ())


def _rank(columns: Matrix) -> int:
    lengths = np.linalg.norm(columns, axis=0)
    sizes = np.linalg.svd(columns[:, lengths > 0] / lengths[lengths > 0], compute_uv=False)
    return int((sizes > NONE * sizes.max(initial=0.0)).sum())


def _minimal(masses: Polytope, owner: NDArray[np.intp], count: int) -> NDArray[np.bool_]:
    """(V, count) the minimal sets of faces that suffice."""
    total = float(masses.inner[: len(owner)].sum())
    found: list[NDArray[np.bool_]] = []
    for size in range(1, count + 1):
        for chosen in combinations(range(count), size):
            used = np.isin(np.arange(count), chosen)
            if any(used[other].all() for other in found):
                continue
            outside = np.append(~used[owner], np.zeros(masses.k - len(owner))).astype(float)
            if -masses.maximise([-outside])[0][0] <= KNOWN * total:
                found.append(used)
    return np.array(found)


def _meet(faces: Sequence[Face], lengths: Vector) -> bool:
    """Whether some subnetwork may belong to two faces: points of both that are as good as one."""
    for one, other in combinations(faces, 2):
        if one.sign != other.sign:
            continue
        j, k = len(one.turns), len(other.turns)
        seen = lengths > 0
        # |A c - B c'| <= e in units of the rows, e least.
        gap = np.hstack([one.columns, -other.columns])[seen] / lengths[seen, None]
        edge = -np.ones((len(gap), 1))
        bounds = [np.hstack([gap, edge]), np.hstack([-gap, edge])]
        equal = np.zeros((2, j + k + 1))
        equal[0, :j], equal[1, j : j + k] = 1.0, 1.0
        for face, first in ((one, 0), (other, j)):
            rows, free = face.signs()
            part = np.zeros((len(rows), j + k + 1))
            part[:, first : first + rows.shape[1]] = -rows
            bounds.append(part[free])
            bounds.append(np.vstack([part[~free], -part[~free]]))
        upper = np.vstack(bounds)
        limits = np.append(np.zeros(2 * len(gap)), np.full(len(upper) - 2 * len(gap), SAME))
        cost = np.append(np.zeros(j + k), 1.0)
        found = linprog(cost, A_ub=upper, b_ub=limits, A_eq=equal, b_eq=np.ones(2), method="highs")
        if found.fun is None or found.fun <= SAME:
            return True
    return False


def _decided(minimal: NDArray[np.bool_]) -> ThreeLayerWidths:
    """The staircase over the minimal sets of faces."""
    tree = merge_tree(minimal)
    m_star, M_star = int(tree.births.min()), int(tree.births.max())
    last = int(tree.edges[:, 2].max()) if len(tree.edges) else M_star + (M_star > 1)
    rows = []
    for m in range(m_star, last + 1):
        full, joined = int((tree.births == m).sum()), tree.components(m)
        # An inner neuron may always part in two, so that none is a single point.
        rows.append(Row(m, joined - full + factorial(m) * full, 0, joined))
    return ThreeLayerWidths(m_star, M_star, last, tuple(rows))


def _interval(low: int, high: int) -> Width:
    return low if low == high else (low, high)


def _ends(width: Width) -> tuple[int, int]:
    return (width, width) if isinstance(width, int) else width


def _words(width: Width) -> str:
    return f"{width}" if isinstance(width, int) else f"{width[0]} to {width[1]}"
