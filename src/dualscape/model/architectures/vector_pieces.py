"""The linear pieces that units with several outputs lie on, where a unit (u, v) stands at the greatest singular value.

On its piece the score of unit j is v^T M^T u with M = P X^T D N, P the projection off the hyperplanes that hold it.
Its maximiser is the pair of the greatest singular value of M, which is known to twice the precision: what a
decomposition in double precision leaves is corrected along the other pairs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures.pieces import Pieces, Stand, times
from dualscape.model.architectures.tables import fine_tables
from dualscape.tolerances import EPS

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Corrections of a singular pair: each gains about as many digits as double precision has, less those of the gap.
CORRECTIONS = 4
#: A correction that is no greater is rounding of the pair.
SETTLED = EPS**2
#: Singular values that differ by less, relatively, are one: no correction tells their pairs apart.
LEAST_GAP = 1e-13


@dataclass(frozen=True, eq=False)
class VectorPieces(Pieces):
    """The pieces of units with c outputs; slopes are 1 and that below 0, and 0 for the rows that hold a unit."""

    c: int = 2

    def stand(self, nu: TwoFloat) -> Stand:
        X, c = self.rows, self.c
        n, d = self.X.shape
        N = TwoFloat(nu.hi.reshape(n, c), nu.lo.reshape(n, c))
        k = len(self.slopes)
        directions = TwoFloat(np.full((k, d), np.nan), np.zeros((k, d)))
        outputs = TwoFloat(np.full((k, c), np.nan), np.zeros((k, c)))
        values, pulls = TwoFloat(np.zeros(k), np.zeros(k)), np.zeros((k, d, c))
        for j in range(k):
            M = self._off(j, X.T @ times(self.slopes[j][:, None], N))
            pulls[j], pair = M.hi, _greatest(M)
            if pair is not None:
                u, v, value = pair
                turn = self.side(j, u.hi)
                # What a decomposition leaves in coordinates that the unit does not see is rounding.
                side = turn if self.seen is None else turn * self.seen[j]
                directions.hi[j], directions.lo[j] = side * u.hi, side * u.lo
                outputs.hi[j], outputs.lo[j] = turn * v.hi, turn * v.lo
                values.hi[j], values.lo[j] = value.hi, value.lo
        every = X @ directions.T
        columns = fine_tables(times(self.slopes.T, every), outputs)
        return Stand(values, directions, columns, outputs.hi, pulls)

    def side(self, j: int, u: Vector) -> float:
        """1 or -1: a pair is known up to the sign of both, and u (d,) times this is on the side of the piece."""
        heights = np.where(self.active[j], 1.0, -1.0) * (self.X @ u)
        heights[self.held[j]] = 0.0
        return -1.0 if heights.sum() < 0 else 1.0

    def output(self, j: int, at: Stand) -> Vector:
        """(c,) what unit j adds to the outputs."""
        assert at.outputs is not None
        return np.asarray(at.outputs[j])

    def _off(self, j: int, pull: TwoFloat) -> TwoFloat:
        """A pull (d, c) in the coordinates that unit j sees, without what lies along the normals that hold it."""
        held = self.held[j]
        normals = self.rows[held]
        if self.seen is not None:
            seen = self.seen[j].astype(float)
            normals, pull = TwoFloat(normals.hi * seen, normals.lo * seen), times(seen[:, None], pull)
        if len(held) == 0:
            return pull
        R = np.asarray(np.linalg.qr(normals.hi.T, mode="r"))
        for _ in range(3):
            along = (normals @ pull).hi
            pull = pull - normals.T @ TwoFloat.of(np.linalg.solve(R, np.linalg.solve(R.T, along)))
        return pull

    def turns(self, j: int, at: Stand, mass: float) -> Matrix:
        assert at.pulls is not None
        free, jacobian = self.turning(j)
        left, singular, right = np.linalg.svd(free.T @ at.pulls[j], full_matrices=True)
        (q, c), value, v = (len(left), len(right)), at.values.hi[j], self.output(j, at)
        # The other eigenpairs of [[0, M], [M^T, 0]], (u_k, +-v_k) with +-s_k: how far the pair turns towards each.
        first, found = jacobian @ (free.T @ at.directions.hi[j]), []
        for k in range(1, max(q, c)):
            in_u = np.outer(jacobian @ left[:, k], v) if k < q else np.zeros((len(first), c))
            in_v = np.outer(first, right[k]) if k < c else np.zeros((len(first), c))
            if k < min(q, c):
                for sign in (1.0, -1.0):
                    apart = max(value - sign * float(singular[k]), LEAST_GAP * value)
                    found.append(np.sqrt(abs(mass) / (2 * apart)) * (in_u + sign * in_v).ravel())
            else:
                found.append(np.sqrt(abs(mass) / value) * (in_u + in_v).ravel())
        return np.array(found).reshape(len(found), -1).T

    def turned(self, j: int, at: Stand, nu: Vector) -> tuple[Vector, Vector | None]:
        """How the greatest singular pair moves for a change of nu (n c,): towards each other pair, as far as it is
        pulled there and as the singular values are near."""
        assert at.pulls is not None
        free, jacobian = self.turning(j)
        left, singular, right = np.linalg.svd(free.T @ at.pulls[j], full_matrices=True)
        (q, c), value = (len(left), len(right)), at.values.hi[j]
        s = np.pad(singular, (0, max(q, c) - len(singular)))
        u, v, pull = free.T @ at.directions.hi[j], self.output(j, at), jacobian.T @ nu.reshape(-1, c)
        up, down = np.zeros(max(q, c)), np.zeros(max(q, c))
        up[:q], down[:c] = left.T @ (pull @ v), right @ (pull.T @ u)
        apart = np.maximum(value**2 - s**2, LEAST_GAP * value**2)
        in_u, in_v = (value * up + s * down) / apart, (value * down + s * up) / apart
        return free @ (left[:, 1:] @ in_u[1:q]), right[1:].T @ in_v[1:c]

    def gap(self, j: int, at: Stand) -> float:
        """1 - (s_2 / s_1)^2 for the singular values of the piece of unit j: 0 where its maximisers are a continuum."""
        assert at.pulls is not None
        singular = np.linalg.svd(self.turning(j)[0].T @ at.pulls[j], compute_uv=False)
        return 1.0 if len(singular) < 2 else float(1.0 - (singular[1] / singular[0]) ** 2)


def _greatest(M: TwoFloat) -> tuple[TwoFloat, TwoFloat, TwoFloat] | None:
    """(u (d,), v (c,), value) of the greatest singular value of M (d, c) in twice the precision; None for M = 0."""
    left, singular, right = np.linalg.svd(M.hi, full_matrices=True)
    if len(singular) == 0 or not singular[0] > 0:
        return None
    d, c = M.hi.shape
    u, v = TwoFloat.of(left[:, :1].copy()), TwoFloat.of(right[:1].T.copy())
    s = np.zeros(max(d, c))
    s[: len(singular)] = singular
    value = TwoFloat.of(singular[:1, None])
    for _ in range(CORRECTIONS):
        ahead, back = M @ v, M.T @ u
        value = (u.T @ ahead) / (u.T @ u)
        up, down = left.T @ (ahead - u * value).hi[:, 0], right @ (back - v * value).hi[:, 0]
        # (value I - [[0, M], [M^T, 0]]) of the correction is the residual, pair by pair; along the pair itself nothing.
        x, y = np.zeros(d), np.zeros(c)
        for k in range(1, max(d, c)):
            a, b = (up[k] if k < d else 0.0), (down[k] if k < c else 0.0)
            apart = singular[0] ** 2 - s[k] ** 2
            if apart <= LEAST_GAP * singular[0] ** 2:
                continue
            if k < d:
                x[k] = (singular[0] * a + s[k] * b) / apart
            if k < c:
                y[k] = (singular[0] * b + s[k] * a) / apart
        if max(float(np.abs(x).max()), float(np.abs(y).max())) <= SETTLED:
            break
        u, v = u + TwoFloat.of((left @ x)[:, None]), v + TwoFloat.of((right.T @ y)[:, None])
        u, v = _unit(u), _unit(v)
    return u[:, 0], v[:, 0], (u.T @ (M @ v))[0, 0]


def _unit(u: TwoFloat) -> TwoFloat:
    return u / (u.T @ u).sqrt()
