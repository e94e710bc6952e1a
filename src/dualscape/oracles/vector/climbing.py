"""Climbing to local maximisers of v^T N^T (X u)_+ over unit vectors u and v.

With v fixed it is the score of a unit with one output, and a climb from cone to cone leads to the best u near by; with
u fixed the best v is N^T (X u)_+ as a unit vector. In turn they converge slowly, so that on the face on which a climb
ends the best pair is taken at once: that of the greatest singular value there, if it lies on the face.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr
from scipy.optimize import nnls

from dualscape.geometry.climbs import climb_all
from dualscape.geometry.leaky import EVEN
from dualscape.oracles.vector.reduced import ReducedVector
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Index = NDArray[np.intp]
#: Turns of one climb, and the relative rise that ends it.
TURNS, SETTLED = 60, 1e-15
#: What is left by rounding alone, as a share of what all hyperplanes are worth.
NOTHING = 1e-14
#: A direction is on its face that is no further beyond a hyperplane.
ON_FACE = 1e-12
#: A hyperplane passes through a direction that is no further from it; singular values that are as near as this,
#: relatively, are one; and rows are independent that are further than this from the span of others.
THROUGH, ALIKE, INDEPENDENT = 1e-9, 1e-8, 1e-7


def climb_jointly(
    G: ReducedVector, units: Units, *, expired: Callable[[], bool] = lambda: False
) -> tuple[Units, NDArray[np.bool_], list[Index]]:
    """Local maximisers reached from q units: (these, hyperplane signs (q, N), the hyperplanes that hold each).

    What nothing positive is reached from, or is left when `expired`, comes back as the zero direction. Where u and -u
    compute the same, the maximisers are upright.
    """
    hinges = G.hinges
    directions, outputs = np.zeros_like(units.directions), units.outputs.copy()
    bits, holding = np.zeros((len(units), hinges.count), dtype=bool), []
    columns = np.ascontiguousarray(hinges.rows.T)
    for j in range(len(units)):
        held: Index = np.zeros(0, dtype=np.intp)
        if not expired():
            start = np.ascontiguousarray(units.directions[j] @ hinges.basis)
            place, outputs[j], bits[j], held = _climbed(G, columns, start, units.outputs[j])
            directions[j] = hinges.basis @ place
        holding.append(held)
    lengths = np.linalg.norm(directions, axis=1)
    climbed = Units(directions / np.where(lengths > 0, lengths, 1.0)[:, None], outputs)
    if hinges.slope == EVEN:
        bits ^= climbed.inverted()[:, None]
        climbed = climbed.upright()
    return climbed, bits, holding


def _climbed(G: ReducedVector, columns: Matrix, u: Vector, v: Vector) -> tuple[Vector, Vector, Vector, Index]:
    hinges, r = G.hinges, G.hinges.rank
    value, best = -np.inf, None
    for _ in range(TURNS):
        found, bits = np.zeros((1, r)), np.zeros((1, hinges.count), dtype=bool)
        active, lam, count = np.empty((1, r + 1), dtype=np.int64), np.empty((1, r + 1)), np.zeros(1, dtype=np.int64)
        kappa, linear = np.ascontiguousarray(G.kappa @ v), np.ascontiguousarray(G.linear @ v)
        climb_all(hinges.rows, columns, kappa, linear, np.ones(1), u[None].copy(), found, bits, active, lam, count)
        length = np.linalg.norm(found[0])
        if length == 0.0:
            break
        held = active[0, : count[0]].astype(np.intp)
        u = found[0] / length
        risen = G.values(u[None])[0]
        better = best_on_face(G, bits[0], held, u)
        if better is not None:
            u, risen = better[0], better[2] * better[1]
        height = float(np.linalg.norm(risen))
        if height <= max(value * (1 + SETTLED), NOTHING * G.size):
            break
        value, v = height, risen / height
        best = u, v, bits[0], held
    if best is None:
        return np.zeros(r), v, np.zeros(hinges.count, dtype=bool), np.zeros(0, dtype=np.intp)
    u, v, bits, held = best
    return u, v, bits, _holding(G, bits, held, u)


def _holding(G: ReducedVector, bits: NDArray[np.bool_], held: Index, u: Vector) -> Index:
    """The hyperplanes that hold u: where the greatest singular value of its face is multiple, those too on which u
    stands, unless some direction of that value leads from u into the face.

    Of the directions w of that value the face holds those with s_g z_g.w >= 0 for the hyperplanes g through u. If that
    leaves u alone, u is where it is for their sake.
    """
    rows, side = G.hinges.rows, np.where(bits, 1.0, -1.0)
    through = np.abs(rows @ u) <= THROUGH
    through[held] = False
    if not through.any():
        return held
    on = bits.copy()
    on[held] = False
    L = complement(rows[held])
    left, singular, _ = np.linalg.svd(L.T @ G.pulls(on[None])[0], full_matrices=False)
    E = L @ left[:, singular >= singular[0] * (1 - ALIKE)]
    E = E @ complement((E.T @ u)[None])  # across u
    if E.shape[1] == 0 or _leads(side[through, None] * (rows[through] @ E)):
        return held
    which = np.flatnonzero(through)
    across = rows[which] @ L
    R, order = qr(across.T, mode="r", pivoting=True)
    count = int((np.abs(np.diag(R)) > INDEPENDENT).sum())
    return np.concatenate([held, which[order[:count]]])


def _leads(A: Matrix) -> bool:
    """Whether A z >= 0 for some z other than 0, A (m, q): by Stiemke, unless A has rank q and 0 = lam^T A, lam > 0.

    >>> _leads(np.array([[1.0], [-1.0]])), _leads(np.array([[1.0, 0.0], [-1.0, 0.0]])), _leads(np.array([[1.0]]))
    (False, True, True)
    """
    lengths = np.linalg.norm(A, axis=1)
    A = A[lengths > INDEPENDENT] / lengths[lengths > INDEPENDENT, None]
    if np.linalg.matrix_rank(A, tol=INDEPENDENT) < A.shape[1]:
        return True
    return bool(nnls(A.T, -A.sum(axis=0))[1] > INDEPENDENT)


def complement(normals: Matrix) -> Matrix:
    """(r, m) an orthonormal basis of the directions orthogonal to independent normals (j, r)."""
    return np.asarray(np.linalg.qr(normals.T, mode="complete")[0][:, len(normals) :])


def best_on_face(
    G: ReducedVector, bits: NDArray[np.bool_], held: Index, u: Vector
) -> tuple[Vector, Vector, float] | None:
    """(u, v, value) of the greatest singular value on a face, on the side of u; None where u is not on the face.

    Args:
        G: what is maximised.
        bits: (N,) the sides of the hyperplanes.
        held: those that hold the face.
        u: (r,) a direction on the face.
    """
    on = bits.copy()
    on[held] = False
    L = complement(G.hinges.rows[held])
    left, singular, _ = np.linalg.svd(L.T @ G.pulls(on[None])[0], full_matrices=False)
    if len(singular) == 0 or singular[0] == 0.0:
        return None
    # Where the greatest is multiple the pair nearest to where the climb has come.
    top = singular >= singular[0] * (1 - 1e-13)
    place = L @ (left[:, top] @ (left[:, top].T @ (L.T @ u))) if top.sum() > 1 else L @ left[:, 0]
    length = np.linalg.norm(place)
    if length == 0.0:
        return None
    place = place / (length if place @ u > 0 else -length)
    heights = np.where(bits, 1.0, -1.0) * (G.hinges.rows @ place)
    heights[held] = 0.0
    if heights.min(initial=0.0) < -ON_FACE:
        return None
    output = G.pulls(on[None])[0].T @ place
    return place, output / np.linalg.norm(output), float(singular[0])
