"""All unit neurons at which s nu^T (X u)_+ can be greatest: stationary points on all flats of the rows' arrangement.

A local maximum lies inside a face of the arrangement {x_i . u = 0}. On the flat that it spans it is the projection of
s X^T D nu, D the pattern of the face. So all flats and all patterns on them give all local maxima. Lists are allowed
to be too long: a candidate counts only when its own pattern is the one it was made from, which is decided exactly.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

from .arithmetic import ZERO, Number, Row, Rows, dot, floats, is_exact, is_zero, number, real

#: Patterns are all sign vectors up to this number of hyperplanes.
ALL = 10


@dataclass(frozen=True)
class Unit:
    """A unit neuron that is stationary on its flat.

    Attributes:
        u: (d,) its direction times `square` ** 0.5: s P X^T D nu.
        sign: +1 or -1.
        column: (n,) s (X u)_+ for that u.
        square: |u|^2, the square of its value s nu^T (X ubar)_+.
        flat: the number of its flat.
        pattern: (n,) which rows it sees.
        peak: whether no row on its flat has a kink that rises on both sides.
    """

    u: Row
    sign: int
    column: Row
    square: Number
    flat: int
    pattern: tuple[bool, ...]
    peak: bool


class Arrangement:
    """The flats of the rows of X (n, d), rational or real numbers, with their patterns."""

    def __init__(self, X: Rows) -> None:
        self.X = X
        self.n, self.d = len(X), len(X[0])
        self.rows = floats(X)
        self.lengths = np.linalg.norm(self.rows, axis=1)
        self.normals, self.group = self._hyperplanes()
        self.projectors: list[Rows] = []
        self.inside: list[frozenset[int]] = []
        self._flats()
        self._patterns()

    # --- flats -----------------------------------------------------------------------------------------
    def _hyperplanes(self) -> tuple[list[int], list[int]]:
        """(a row for every distinct hyperplane, the hyperplane of every row or -1 for a zero row)."""
        normals: list[int] = []
        group: list[int] = []
        for i, row in enumerate(self.X):
            if self.lengths[i] == 0:
                group.append(-1)
                continue
            for g, j in enumerate(normals):
                other, scale = self.X[j], float(self.lengths[i] * self.lengths[j])
                if all(is_zero(row[a] * other[b] - row[b] * other[a], scale) for a in range(self.d) for b in range(a)):
                    group.append(g)
                    break
            else:
                group.append(len(normals))
                normals.append(i)
        return normals, group

    def _flats(self) -> None:
        one = self.X[0][0] * 0 + 1
        identity = [[one if i == j else one * 0 for j in range(self.d)] for i in range(self.d)]
        level = {frozenset[int](): identity}
        while level:
            for inside, P in level.items():
                if len(inside) < len(self.normals):
                    self.inside.append(inside)
                    self.projectors.append(P)
            following: dict[frozenset[int], Rows] = {}
            for inside, P in level.items():
                done = set(inside)
                for g, i in enumerate(self.normals):
                    if g in done:
                        continue
                    v = [dot(row, self.X[i]) for row in P]
                    size = dot(v, v)
                    Q = [[P[a][b] - v[a] * v[b] / size for b in range(self.d)] for a in range(self.d)]
                    if not is_exact(size):
                        Q = [[x.mid() for x in row] for row in Q]
                    closure = frozenset(h for h, j in enumerate(self.normals) if self._vanishes(Q, j))
                    done |= closure
                    following[closure] = Q
            level = following

    def _vanishes(self, P: Rows, i: int) -> bool:
        return all(is_zero(dot(row, self.X[i]), float(self.lengths[i])) for row in P)

    # --- patterns --------------------------------------------------------------------------------------
    def _patterns(self) -> None:
        """Signs (K, n) of all rows in all cells of all flats, 0 on the flat, and the flat (K,) of each."""
        signs, flats = [], []
        orient = np.array(
            [0.0 if g < 0 else np.sign(self.rows[i] @ self.rows[self.normals[g]]) for i, g in enumerate(self.group)]
        )
        group = np.array(self.group)
        for f, (inside, P) in enumerate(zip(self.inside, self.projectors, strict=True)):
            off = [g for g in range(len(self.normals)) if g not in inside]
            cells = self._cells(floats(P), off)
            table = np.zeros((len(cells), len(self.normals) + 1))
            table[:, off] = cells
            signs.append(table[:, group] * orient)
            flats.append(np.full(len(cells), f))
        self.signs = np.vstack(signs)
        self.flat = np.concatenate(flats)
        self.small = np.array([floats(P) for P in self.projectors])

    def _cells(self, P: np.ndarray, off: list[int]) -> np.ndarray:
        normals = self.rows[[self.normals[g] for g in off]] @ P
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        rank = int(np.linalg.matrix_rank(normals, tol=1e-9))
        if rank == 1:
            line = np.sign(normals @ normals[0])
            return np.array([line, -line])
        if len(off) <= ALL:
            return np.array(list(product((-1.0, 1.0), repeat=len(off))))
        if rank > 2:
            raise ValueError(f"too many hyperplanes ({len(off)}) for {rank} dimensions")
        basis = np.linalg.svd(normals)[2][:2]
        plane = normals @ basis.T
        angles = np.sort(np.arctan2(plane[:, 0], -plane[:, 1]) % np.pi)
        assert np.diff(angles).min() > 1e-10
        between = np.append(angles[1:] + angles[:-1], angles[0] + angles[-1] + np.pi) / 2
        between = np.concatenate([between, between + np.pi])
        return np.sign(np.column_stack([np.cos(between), np.sin(between)]) @ plane.T)

    # --- units -----------------------------------------------------------------------------------------
    def height(self, nu: np.ndarray) -> float:
        """h(nu), in floats."""
        return max(float(self._listed(nu, s)[0].max(initial=0.0)) for s in (1, -1))

    def _listed(self, nu: np.ndarray, s: int) -> tuple[np.ndarray, np.ndarray]:
        gradients = ((self.signs > 0) * nu) @ self.rows
        u = s * np.einsum("kde,ke->kd", self.small[self.flat], gradients)
        size = np.linalg.norm(u, axis=1)
        z = u @ self.rows.T
        fits = (self.signs * z >= -1e-6 * np.outer(size, self.lengths)).all(axis=1) & (size > 0)
        return np.where(fits, size, 0.0), np.flatnonzero(fits)

    def units(self, nu: Row, window: float, below: float | None = None) -> list[Unit]:
        """Units whose value is above (1 - window) times the greatest value (or `below`), each with exact numbers."""
        approximate = np.array([number(x) for x in nu])
        listed = {s: self._listed(approximate, s) for s in (1, -1)}
        top = below if below is not None else max(float(v.max(initial=0.0)) for v, _ in listed.values())
        found: list[Unit] = []
        for s, (values, fits) in listed.items():
            for k in fits[values[fits] >= (1 - window) * top].tolist():
                unit = self._unit(k, s, nu, approximate)
                if unit is not None:
                    found.append(unit)
        return found

    def _unit(self, k: int, s: int, nu: Row, approximate: np.ndarray) -> Unit | None:
        signs, P = self.signs[k], self.projectors[self.flat[k]]
        gradient = [nu[0] * 0] * self.d
        for i in np.flatnonzero(signs > 0).tolist():
            gradient = [g + nu[i] * x for g, x in zip(gradient, self.X[i], strict=True)]
        u = [s * dot(row, gradient) for row in P]
        square = dot(u, u)
        size = number(square) ** 0.5
        if is_zero(square, float(np.abs(approximate).max()) ** 2):
            return None
        column = []
        for i in range(self.n):
            if signs[i] == 0:
                column.append(square * 0)
                continue
            z = dot(self.X[i], u)
            if is_zero(z, size * float(self.lengths[i])) or (z > 0) != (signs[i] > 0):
                return None
            column.append(s * z if signs[i] > 0 else square * 0)
        kinks = np.zeros(len(self.normals) + 1)
        np.add.at(kinks, self.group, s * approximate * self.lengths)
        peak = all(kinks[g] <= 0 for g in self.inside[self.flat[k]])
        return Unit(u, s, column, square, int(self.flat[k]), tuple(bool(x) for x in signs > 0), peak)


def distinct(units: list[Unit]) -> list[Unit]:
    """One unit of each direction and sign."""
    kept: list[Unit] = []
    for unit in units:
        size = number(unit.square) ** 0.5
        if not any(
            unit.sign == other.sign and all(is_zero(a - b, size) for a, b in zip(unit.u, other.u, strict=True))
            for other in kept
        ):
            kept.append(unit)
    return kept


def tight(units: list[Unit], square: Number | None = None) -> tuple[list[Unit], float]:
    """(units of the greatest value, or of value `square` ** 0.5; the least relative slack of another local maximum)."""
    top = square if square is not None else max((u.square for u in units), key=lambda x: real(x).mid())
    chosen, slack = [], float("inf")
    for unit in units:
        gap = number(1 - unit.square / top) / 2
        if (unit.square == top) if is_exact(unit.square) and square is None else abs(gap) <= ZERO:
            chosen.append(unit)
        elif unit.peak:
            slack = min(slack, gap)
    return distinct(chosen), slack
